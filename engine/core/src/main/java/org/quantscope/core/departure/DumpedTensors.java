package org.quantscope.core.departure;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.npy.Npy;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * A folder of values that a device has dumped: a {@code .npy} for each tensor, samples along its first axis, or a
 * {@code .raw} or {@code .bin} of float32 in little-endian order, all samples one after the other. A tensor is named by its
 * file; letters that a file name cannot hold may be others. Steps of a grid are read off the values themselves.
 */
final class DumpedTensors implements Deployed {
    /** Files have at most so many bytes in all. */
    private static final long MOST_BYTES = 4L << 30;

    private static final int MOST_LEVELS = 256;
    private static final int LEAST_LEVELS = 8;
    private static final int LOOKED_AT = 1 << 16;

    private final Path folder;
    private final Map<String, Tensor> tensors;
    private final List<Value> values;
    private final int samples;

    private DumpedTensors(Path folder, Map<String, Tensor> tensors, List<Value> values, int samples) {
        this.folder = folder;
        this.tensors = tensors;
        this.values = values;
        this.samples = samples;
    }

    static DumpedTensors open(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        List<String> flat = new ArrayList<>();
        long bytes = 0;
        for (Path file : files) {
            String name = String.valueOf(file.getFileName());
            String lower = name.toLowerCase(Locale.ROOT);
            boolean npy = lower.endsWith(".npy");
            boolean raw = lower.endsWith(".raw") || lower.endsWith(".bin");
            if (!npy && !raw) {
                continue;
            }
            bytes += Files.size(file);
            if (bytes > MOST_BYTES) {
                throw new BadInputException(
                        folder, "files", "have more than " + MOST_BYTES + " bytes; dump fewer samples");
            }
            String plain = name.substring(0, name.lastIndexOf('.'));
            Tensor t = npy ? Npy.read(file, true) : raw(file, plain);
            if (tensors.put(plain, t) != null) {
                throw new BadInputException(folder, plain, "is there twice, with two endings");
            }
            if (npy && !t.info().dtype().isFloating()) {
                throw new BadInputException(
                        file,
                        "dtype",
                        t.info().dtype() + " are codes; dump the numbers that they stand for, as floats");
            }
            if (raw) {
                flat.add(plain);
            }
        }
        if (tensors.isEmpty()) {
            throw new BadInputException(folder, "files", "there is no .npy, .raw or .bin");
        }
        int samples = samples(folder, tensors, flat);
        List<Value> values = new ArrayList<>();
        tensors.forEach((name, t) -> {
            Optional<QuantParams> grid = grid(t);
            values.add(new Value(
                    name, List.of(DeployedOnnx.plainName(name)), grid, grid, List.of(), false, flat.contains(name)));
        });
        return new DumpedTensors(folder, tensors, values, samples);
    }

    private static Tensor raw(Path file, String name) throws IOException {
        long size = Files.size(file);
        if (size % Float.BYTES != 0 || size == 0) {
            throw new BadInputException(file, "file", "has " + size + " bytes, which are no float32 numbers");
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[Math.toIntExact(size / Float.BYTES)];
        bytes.asFloatBuffer().get(values);
        return new Tensor(
                org.quantscope.core.tensor.TensorInfo.alone(new TensorId(name), DType.F32, Shape.of(values.length)),
                TensorData.of(values));
    }

    /** The number of samples: the same first axis of every array. */
    private static int samples(Path folder, Map<String, Tensor> tensors, List<String> flat) {
        long samples = 0;
        String first = "";
        for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
            Shape shape = e.getValue().info().shape();
            if (flat.contains(e.getKey())) {
                continue;
            }
            if (shape.rank() == 0) {
                throw new BadInputException(folder, e.getKey(), "is a scalar, which has no samples");
            }
            if (samples != 0 && shape.dim(0) != samples) {
                throw new BadInputException(
                        folder,
                        e.getKey(),
                        "has " + shape.dim(0) + " samples along its first axis, " + first + " has " + samples);
            }
            samples = shape.dim(0);
            first = e.getKey();
        }
        if (samples == 0 && flat.isEmpty()) {
            throw new BadInputException(folder, first, "has no samples along its first axis");
        }
        // Files of bare numbers do not say how many samples they hold: one.
        return samples == 0 ? 1 : Math.toIntExact(samples);
    }

    /** The grid that values lie on, if they take few levels at one distance: of 8 bits, from their smallest value on. */
    static Optional<QuantParams> grid(Tensor t) {
        int n = (int) Math.min(LOOKED_AT, t.data().count());
        float[] values = new float[n];
        t.data().read(0, values, 0, n);
        float[] levels = values.clone();
        Arrays.sort(levels);
        int count = 0;
        float step = Float.POSITIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            if (!Float.isFinite(levels[i])) {
                return Optional.empty();
            }
            if (i > 0 && levels[i] == levels[i - 1]) {
                continue;
            }
            if (count++ > 0) {
                step = Math.min(step, levels[i] - levels[i - 1]);
            }
            if (count > MOST_LEVELS) {
                return Optional.empty();
            }
        }
        if (count < LEAST_LEVELS || !(step > 0) || (levels[n - 1] - levels[0]) / step > MOST_LEVELS) {
            return Optional.empty();
        }
        // The smallest distance is blurred by the rounding of large values: the whole span is not.
        double whole = (levels[n - 1] - (double) levels[0]) / Math.rint((levels[n - 1] - levels[0]) / step);
        for (float v : levels) {
            if (Math.abs(v / whole - Math.rint(v / whole)) > 0.02) {
                return Optional.empty();
            }
        }
        int zero = (int) Math.clamp(-Math.rint(levels[0] / whole), 0, 255);
        return Optional.of(new QuantParams(Granularity.TENSOR, new float[] {(float) whole}, new int[] {zero}, 0, 255));
    }

    @Override
    public Path file() {
        return folder;
    }

    @Override
    public List<Value> values() {
        return values;
    }

    @Override
    public Optional<Model> floats() {
        return Optional.empty();
    }

    @Override
    public int fixedBatch() {
        return 0;
    }

    @Override
    public int samples() {
        return samples;
    }

    @Override
    public Map<String, Values> run(Map<String, Values> fed, int[] wanted, CancelToken cancel) {
        Map<String, Values> found = new LinkedHashMap<>();
        for (Value v : values) {
            cancel.check();
            Tensor t = tensors.get(v.name());
            if (t == null || t.data().count() % samples != 0) {
                continue;
            }
            int per = (int) (t.data().count() / samples);
            float[] out = new float[per * wanted.length];
            for (int i = 0; i < wanted.length; i++) {
                t.data().read((long) wanted[i] * per, out, i * per, per);
            }
            long[] dims = v.flat()
                    ? new long[] {wanted.length, per}
                    : t.info().shape().toArray();
            dims[0] = wanted.length;
            found.put(v.name(), new Values(Shape.of(dims), out));
        }
        return found;
    }

    @Override
    public void close() {
        // The files are mapped, and nothing else is held.
    }
}
