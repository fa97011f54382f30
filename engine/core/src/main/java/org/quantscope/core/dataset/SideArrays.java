package org.quantscope.core.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Arrays of an archive that have a value for each sample, other than inputs and labels. Each is read when it is first
 * needed. Thread safe.
 */
final class SideArrays {
    /** For data without such arrays. */
    static final SideArrays NONE = new SideArrays(Path.of(""), Map.of());

    /** Float32 represents every whole number up to this exactly. */
    private static final long LARGEST_EXACT = 1L << 24;

    private final Path file;
    private final Map<String, Shape> shapes;
    private final Map<String, TensorData> read = new HashMap<>();

    private SideArrays(Path file, Map<String, Shape> shapes) {
        this.file = file;
        this.shapes = shapes;
    }

    /** Those arrays among {@code headers} that hold numbers for this many samples. */
    static SideArrays of(Path file, List<Tensor> headers, int samples) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (Tensor t : headers) {
            Shape all = t.info().shape();
            if (all.rank() > 0 && all.dim(0) == samples && all.count() / samples <= Integer.MAX_VALUE) {
                shapes.put(t.id().name(), Shape.of(Arrays.copyOfRange(all.toArray(), 1, all.rank())));
            }
        }
        return new SideArrays(file, shapes);
    }

    /** The shape of one sample's values, by name. */
    Map<String, Shape> shapes() {
        return shapes;
    }

    /**
     * Writes one sample's values.
     *
     * @throws BadInputException if the array is damaged, or holds an integer that float32 cannot represent
     */
    void read(String name, int sample, float[] out, int at) {
        int length =
                Math.toIntExact(Objects.requireNonNull(shapes.get(name), name).count());
        data(name).read((long) sample * length, out, at, length);
    }

    private synchronized TensorData data(String name) {
        return read.computeIfAbsent(name, n -> {
            try {
                Tensor tensor = Npz.readNumbers(file, n::equals).arrays().stream()
                        .filter(t -> t.id().name().equals(n))
                        .findFirst()
                        .orElseThrow(() -> new BadInputException(file, n, "is not there any more"));
                requireExact(tensor, file);
                return tensor.data();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /**
     * Checks that float32 represents all values of an integer array exactly.
     *
     * @throws BadInputException if an integer is too large
     */
    static void requireExact(Tensor tensor, Path said) {
        switch (tensor.info().dtype()) {
            case I64, U64, I32, U32 -> {
                TensorData data = tensor.data();
                for (long i = 0; i < data.count(); i++) {
                    long v = data.integer(i);
                    if (v < -LARGEST_EXACT || v > LARGEST_EXACT) {
                        throw new BadInputException(
                                said,
                                tensor.id().name(),
                                "value " + v + " at index " + i + " is beyond ±" + LARGEST_EXACT
                                        + ", which inputs are held in exactly");
                    }
                }
            }
            default -> {}
        }
    }
}
