package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.quantscope.core.model.Model;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.torch.TorchFile;

/**
 * Reads what {@code torch.save} writes of a model's state dict. There is no graph: which axis holds the output channels is
 * guessed from names and shapes, and said.
 */
public final class TorchLoader implements ModelLoader {
    /** Members that torch.save, torch.export and no other writer of archives put first: ROOT/data.pkl, ROOT/byteorder … */
    private static final Pattern MEMBER =
            Pattern.compile("([^/]+/)?(data\\.pkl|byteorder|\\.format_version|\\.storage_alignment"
                    + "|\\.data/serialization_id|data/\\d+|version|archive_format|archive_version|models/[^/]+\\.json"
                    + "|data/(weights|constants)/[^/]+|serialized_[a-z_]+\\.(json|pt))");

    private static final String WEIGHT = "weight";

    /** Words in the name of a layer that is a transposed convolution. */
    private static final List<String> TRANSPOSED = List.of("transpose", "deconv", "convt", "upconv", "up_conv");

    @Override
    public String id() {
        return "torch";
    }

    @Override
    public String title() {
        return "PyTorch state dict";
    }

    @Override
    public String source() {
        return "https://pytorch.org/docs/stable/notes/serialization.html";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return TorchFile.isLegacy(head) || isZip(head);
    }

    /** True for a zip archive whose first member is one of torch.save. */
    static boolean isZip(byte[] head) {
        if (!Npz.matches(head) || head.length < 30) {
            return false;
        }
        int length = Math.min(Byte.toUnsignedInt(head[26]) | Byte.toUnsignedInt(head[27]) << 8, head.length - 30);
        return MEMBER.matcher(new String(head, 30, length, StandardCharsets.UTF_8))
                .matches();
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        byte[] head;
        try (var in = Files.newInputStream(file)) {
            head = in.readNBytes(ModelLoaders.HEAD_BYTES);
        }
        TorchFile read = TorchFile.read(file, TorchFile.isLegacy(head), withData);
        List<String> notes = new ArrayList<>(read.skipped());
        List<Tensor> tensors = new ArrayList<>();
        int transposed = 0;
        boolean guessed = false;
        for (Map.Entry<String, TorchFile.Stored> entry : read.tensors().entrySet()) {
            TorchFile.Stored stored = entry.getValue();
            TensorInfo info = TensorInfo.withoutGraph(new TensorId(entry.getKey()), stored.dtype(), stored.shape());
            OptionalInt axis = outputAxis(entry.getKey(), stored.shape(), read.tensors());
            if (axis.isPresent() && stored.dtype().isFloating()) {
                guessed = true;
                transposed += axis.getAsInt();
                info = new TensorInfo(info.id(), info.kind(), info.dtype(), info.shape(), axis, info.consumers());
            }
            tensors.add(new Tensor(info, stored.data()));
        }
        if (guessed) {
            notes.add("a state dict has no graph: output channels are taken to lie on the first axis"
                    + (transposed == 0
                            ? ""
                            : ", and on the second of " + transposed
                                    + (transposed == 1 ? " weight that looks" : " weights that look")
                                    + " like a transposed convolution")
                    + "; a guess from names and shapes");
        }
        PackedWeights packed = PackedWeights.of(tensors);
        packed.note().ifPresent(notes::add);
        return new Model(file, id(), OptionalInt.empty(), packed.tensors(), Optional.empty(), notes);
    }

    /**
     * The axis of output channels, guessed: in PyTorch the weights of Linear and Conv have it first, those of ConvTranspose
     * second. A bias of the same layer decides, if it fits one of the two only; else the name does.
     */
    private static OptionalInt outputAxis(String name, Shape shape, Map<String, TorchFile.Stored> all) {
        if (shape.rank() < 2) {
            return OptionalInt.empty();
        }
        if (shape.rank() == 2) {
            return OptionalInt.of(0);
        }
        String layer = name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name + ".";
        TorchFile.Stored bias = all.get(layer + "bias");
        if (bias != null && bias.shape().rank() == 1 && shape.dim(0) != shape.dim(1)) {
            long channels = bias.shape().dim(0);
            if (channels == shape.dim(0)) {
                return OptionalInt.of(0);
            }
            if (channels == shape.dim(1)) {
                return OptionalInt.of(1);
            }
        }
        String lower = layer.toLowerCase(Locale.ROOT);
        return OptionalInt.of(TRANSPOSED.stream().anyMatch(lower::contains) ? 1 : 0);
    }
}
