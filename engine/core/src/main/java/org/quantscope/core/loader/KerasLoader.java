package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.quantscope.core.hdf5.Hdf5File;
import org.quantscope.core.keras.KerasFile;
import org.quantscope.core.model.Model;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads the weights of Keras models, with the layers that they belong to. The layers are known and how they are connected is
 * not read: there is no graph.
 */
public final class KerasLoader implements ModelLoader {
    /** Members that Keras and no other writer of archives puts first. */
    private static final Set<String> FIRST = Set.of("metadata.json", "config.json", "model.weights.h5", "assets/");

    @Override
    public String id() {
        return "keras";
    }

    @Override
    public String title() {
        return "Keras";
    }

    @Override
    public String source() {
        return "https://keras.io/guides/serialization_and_saving/";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return Hdf5File.matches(head) || isZip(head);
    }

    /** True for a zip archive whose first member is one of Keras. */
    static boolean isZip(byte[] head) {
        if (!Npz.matches(head) || head.length < 30) {
            return false;
        }
        int length = Math.min(Byte.toUnsignedInt(head[26]) | Byte.toUnsignedInt(head[27]) << 8, head.length - 30);
        return FIRST.contains(new String(head, 30, length, StandardCharsets.UTF_8));
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        byte[] head;
        try (var in = Files.newInputStream(file)) {
            head = in.readNBytes(ModelLoaders.HEAD_BYTES);
        }
        KerasFile read =
                Hdf5File.matches(head) ? KerasFile.readHdf5(file, withData) : KerasFile.readArchive(file, withData);
        List<Tensor> tensors = new ArrayList<>();
        for (KerasFile.Weight w : read.weights()) {
            int input = w.kind() == TensorKind.WEIGHT ? 1 : 2;
            List<Consumer> by = w.layerClass().isEmpty()
                    ? List.of()
                    : List.of(new Consumer(w.layer(), w.layerClass(), input, w.groups()));
            tensors.add(new Tensor(
                    new TensorInfo(new TensorId(w.name()), w.kind(), w.dtype(), w.shape(), w.axis(), by), w.data()));
        }
        List<String> notes = new ArrayList<>(read.notes());
        notes.add("the weights and layers of a Keras model are read, not how the layers are connected: there are no"
                + " activations and no accuracy");
        return new Model(file, id(), OptionalInt.empty(), tensors, Optional.empty(), notes);
    }
}
