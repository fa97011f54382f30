package org.quantscope.core.calib;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.InputChannels;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Reads importances that another program has computed, for example the diagonal of the Fisher information, from a file
 * of tensors that are named like the weights.
 */
final class ImportanceFile {
    private static final int CHUNK = 1 << 14;

    private ImportanceFile() {}

    /**
     * The importance of one tensor, from the array with the same name: of the same shape, or a vector with one value
     * for each input channel.
     *
     * @throws BadInputException if there is no such file or array, its shape is neither of these, or a value is
     *     negative, NaN or infinite
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static Importance read(String path, TensorInfo tensor, CancelToken cancel) {
        Model file;
        try {
            file = ModelLoaders.open(Path.of(path));
        } catch (IOException | InvalidPathException e) {
            BadInputException bad = new BadInputException(path, "importance", "cannot be read: " + e.getMessage());
            bad.initCause(e);
            throw bad;
        }
        Tensor found = file.find(tensor.id())
                .orElseThrow(() -> new BadInputException(
                        file.file(), tensor.id().name(), "the file has no importance of that name"));
        check(file.file(), found, cancel);
        Shape shape = found.info().shape();
        Optional<InputChannels> layout = InputChannels.of(tensor);
        if (shape.equals(tensor.shape())) {
            return Importance.ofValues(found.data());
        } else if (layout.isPresent()
                && shape.rank() == 1
                && shape.dim(0) == layout.get().channels()) {
            return Importance.ofInputChannels(found.data().toFloats(), layout.get());
        }
        throw new BadInputException(
                file.file(),
                tensor.id().name(),
                "importance of shape " + tensor.shape()
                        + layout.map(l -> " or " + l.channels() + " (one value an input channel)")
                                .orElse("") + " is needed, got " + shape);
    }

    private static void check(Path file, Tensor tensor, CancelToken cancel) {
        float[] buffer = new float[CHUNK];
        for (long from = 0; from < tensor.data().count(); from += CHUNK) {
            cancel.check();
            int length = (int) Math.min(CHUNK, tensor.data().count() - from);
            tensor.data().read(from, buffer, 0, length);
            for (int i = 0; i < length; i++) {
                if (!(buffer[i] >= 0 && buffer[i] < Float.POSITIVE_INFINITY)) {
                    throw new BadInputException(
                            file,
                            tensor.id() + "[" + (from + i) + "]",
                            "an importance is finite and at least 0, got " + buffer[i]);
                }
            }
        }
    }
}
