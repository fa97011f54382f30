package org.quantscope.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.kernel.AffineGrid;
import org.quantscope.core.kernel.ErrorSums;
import org.quantscope.core.kernel.Kernels;
import org.quantscope.core.kernel.ValueWindow;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.BFloat16;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Compares ways to do the same thing. They run in turn, many times over, so that other work of the machine slows all of
 * them alike. Prints the median time of each, and how many times faster than the naive way it is.
 */
public final class SideBySide {
    private static final int ROUNDS = 15;
    private static final int WARM_UP = 8;
    private static final long LARGE = 100_000_000;
    private static final int MILLION = 1_000_000;
    /** The number of values for the passes: 128 MiB, much more than any cache holds. */
    private static final int N = 1 << 25;

    private static final int PART = 1 << 18;
    private static final int LEVELS_EACH_SIDE = 127;
    /** The number of columns if the values are viewed as a matrix. */
    private static final int COLUMNS = 4096;

    private static final int BLOCK = 32;
    private static final float CLIP = 3.5f;

    private static double sink;

    private SideBySide() {}

    /** One way to do something, and the times that it took. */
    private static final class Way {
        private final String name;
        private final Runnable work;
        private final List<Double> seconds = new ArrayList<>();

        Way(String name, Runnable work) {
            this.name = name;
            this.work = work;
        }

        void run(boolean counts) {
            long start = System.nanoTime();
            work.run();
            double took = (System.nanoTime() - start) * 1e-9;
            if (counts) {
                seconds.add(took);
            }
        }

        double median() {
            return seconds.stream()
                    .sorted()
                    .skip(seconds.size() / 2)
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        System.out.println(machine());
        Path file = Files.createTempFile("quantscope-bench", ".f32");
        try (Arena arena = Arena.ofShared()) {
            MemorySegment values = bellShaped(file, arena);
            passes(values.asSlice(0, 4L * N), arena);
            sketches(values);
            calibrators(values);
        } finally {
            Files.delete(file);
        }
        if (Double.isNaN(sink)) {
            throw new IllegalStateException("a sum is NaN");
        }
        System.out.println();
        System.out.println("load average at the end: " + load());
    }

    private static String machine() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        Optional<String> cpu = Files.isReadable(info)
                ? Files.readAllLines(info).stream()
                        .filter(l -> l.startsWith("model name"))
                        .map(l -> l.substring(l.indexOf(':') + 2))
                        .findFirst()
                : Optional.empty();
        Runtime jvm = Runtime.getRuntime();
        return cpu.orElse(System.getProperty("os.arch")) + ", " + jvm.availableProcessors() + " cores, "
                + System.getProperty("os.name") + ", JDK " + Runtime.version() + ", kernels: "
                + Kernels.chosen().name() + ", load average at the start: " + load();
    }

    private static String load() {
        return String.format(
                Locale.ROOT,
                "%.1f",
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    /** {@link #LARGE} normally distributed values in a memory-mapped file, as the weights of a model are. */
    private static MemorySegment bellShaped(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4 * LARGE, arena);
            LongStream.range(0, Math.ceilDiv(LARGE, PART)).parallel().forEach(part -> {
                var random = new SplittableRandom(part);
                for (long i = part * PART; i < Math.min(LARGE, (part + 1) * PART); i++) {
                    all.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
                }
            });
            return all.asReadOnly();
        }
    }

    private static void passes(MemorySegment values, Arena arena) {
        var cancel = new CancelToken();
        var grid = new UniformGrid(CLIP / LEVELS_EACH_SIDE, 0, -LEVELS_EACH_SIDE, LEVELS_EACH_SIDE);
        var params = new QuantParams(
                new Granularity.PerTensor(), new float[] {grid.scale()}, new int[] {0}, grid.qmin(), grid.qmax());
        Tensor mapped = tensor(DType.F32, values);
        Tensor half = tensor(DType.F16, halves(values, arena, true));
        Tensor brain = tensor(DType.BF16, halves(values, arena, false));
        float[] heap = mapped.data().toFloats();
        INDArray array = Nd4j.createFromArray(heap);

        List<Way> errors = new ArrayList<>();
        errors.add(new Way(
                "naive Java, allocate and loop", () -> sink += naiveError(heap, naiveFakeQuantize(heap, grid))));
        errors.add(new Way("ND4J op chain", () -> {
            try (INDArray y = nd4jFakeQuantize(array, grid);
                    INDArray e = array.sub(y)) {
                double norm = e.norm2Number().doubleValue();
                sink += norm * norm;
            }
        }));
        for (Kernels kernels : Kernels.available()) {
            errors.add(new Way(
                    "ours, " + kernels.name() + " kernel, one core",
                    () -> sink += errors(kernels, mapped.data(), grid, false)));
            errors.add(new Way(
                    "ours, " + kernels.name() + " kernel, all cores",
                    () -> sink += errors(kernels, mapped.data(), grid, true)));
        }
        errors.add(new Way(
                "ours, as the product runs it",
                () -> sink += ErrorPass.measure(mapped, params, cancel).mse()));
        errors.add(new Way(
                "ours, from F16",
                () -> sink += ErrorPass.measure(half, params, cancel).mse()));
        errors.add(new Way(
                "ours, from BF16",
                () -> sink += ErrorPass.measure(brain, params, cancel).mse()));
        errors.add(new Way(
                "ours, squared error alone (a search)",
                () -> sink += ErrorPass.squaredError(mapped.data(), grid, cancel)));
        errors.add(new Way("reading alone, one core", () -> sink += read(values, 0, N)));
        errors.add(new Way(
                "reading alone, all cores",
                () -> sink += LongStream.range(0, N / PART)
                        .parallel()
                        .map(p -> read(values, p * PART, PART))
                        .sum()));
        table("Exact error of " + N + " values, 255 levels", errors);
        grids(mapped, values, cancel);

        List<Way> fakes = new ArrayList<>();
        fakes.add(new Way("naive Java, allocate and loop", () -> sink += naiveFakeQuantize(heap, grid)[1]));
        fakes.add(new Way("ND4J op chain", () -> {
            try (INDArray y = nd4jFakeQuantize(array, grid)) {
                sink += y.length();
            }
        }));
        fakes.add(new Way(
                "ours, as the product runs it", () -> sink += ErrorPass.fakeQuantize(mapped, params, cancel)[1]));
        table("Fake-quantized copy of " + N + " values, 255 levels", fakes);
        array.close();
    }

    /**
     * Other grids than one uniform grid for the whole tensor, beside that one and a loop that asks the grid for each
     * value.
     */
    private static void grids(Tensor flat, MemorySegment values, CancelToken cancel) {
        var info = new TensorInfo(
                new TensorId("w"),
                TensorKind.WEIGHT,
                DType.F32,
                Shape.of(N / COLUMNS, COLUMNS),
                OptionalInt.of(0),
                List.of());
        var matrix = new Tensor(info, new TensorData(DType.F32, values, ByteOrder.nativeOrder(), N));
        List<Way> ways = new ArrayList<>();
        Grid nf4 = params("nf4", 4, new Granularity.PerTensor(), matrix).grid(0);
        float[] heap = flat.data().toFloats();
        ways.add(new Way("naive Java, NF4, the nearest level of each value", () -> sink += naiveError(heap, nf4)));
        ways.add(way(
                "uniform, 8 bits, one clip", params("uniform", 8, new Granularity.PerTensor(), matrix), flat, cancel));
        ways.add(way(
                "the same with a fifth clipped",
                params("uniform", 8, new Granularity.PerTensor(), matrix, CLIP / 2.75f),
                flat,
                cancel));
        ways.add(way("per channel, rows", params("uniform", 8, new Granularity.PerChannel(0), matrix), matrix, cancel));
        ways.add(way(
                "per channel, columns", params("uniform", 8, new Granularity.PerChannel(1), matrix), matrix, cancel));
        ways.add(way("blocks of 128", params("uniform", 4, new Granularity.PerBlock(1, 128), matrix), matrix, cancel));
        ways.add(way("blocks of 32", params("uniform", 4, new Granularity.PerBlock(1, 32), matrix), matrix, cancel));
        ways.add(way(
                "blocks of 32 down the columns",
                params("uniform", 4, new Granularity.PerBlock(0, 32), matrix),
                matrix,
                cancel));
        ways.add(way("NF4, one scale", params("nf4", 4, new Granularity.PerTensor(), matrix), flat, cancel));
        ways.add(new Way(
                "NF4, squared error alone (a search)", () -> sink += ErrorPass.squaredError(flat.data(), nf4, cancel)));
        ways.add(way("NF4, blocks of 64", params("nf4", 4, new Granularity.PerBlock(1, 64), matrix), matrix, cancel));
        ways.add(way(
                "MXFP4, blocks of 32", params("mxfp4", 4, new Granularity.PerBlock(1, 32), matrix), matrix, cancel));
        ways.add(
                way("FP8 E4M3, one scale", params("fp8_e4m3fn", 8, new Granularity.PerTensor(), matrix), flat, cancel));
        ways.add(new Way(
                "reading alone, all cores",
                () -> sink += LongStream.range(0, N / PART)
                        .parallel()
                        .map(p -> read(values, p * PART, PART))
                        .sum()));
        table("Exact error of " + N + " values on other grids", ways);
    }

    private static Way way(String name, QuantParams params, Tensor tensor, CancelToken cancel) {
        return new Way(
                name, () -> sink += ErrorPass.measure(tensor, params, cancel).mse());
    }

    private static QuantParams params(String scheme, int bits, Granularity granularity, Tensor tensor) {
        return params(scheme, bits, granularity, tensor, CLIP);
    }

    /** Parameters with a range for each slice; the ranges differ by a percent at most, and neighbours always differ. */
    private static QuantParams params(String scheme, int bits, Granularity granularity, Tensor tensor, float clip) {
        Slicing slicing = Slicing.of(tensor.info(), granularity);
        List<ClipRange> ranges = new ArrayList<>(slicing.slices());
        for (int i = 0; i < slicing.slices(); i++) {
            ranges.add(ClipRange.symmetric(clip * (1 + i % 1000 * 1e-5f)));
        }
        Quantizer quantizer = Quantizers.byId(scheme);
        return quantizer.resolve(
                quantizer.adapt(QuantSpec.WEIGHTS).withBits(bits).withGranularity(granularity),
                slicing.granularity(),
                ranges);
    }

    private static double naiveError(float[] x, Grid grid) {
        double sum = 0;
        for (float v : x) {
            double e = (double) v - grid.quantize(v);
            sum += e * e;
        }
        return sum;
    }

    private static Tensor tensor(DType dtype, MemorySegment values) {
        var info = new TensorInfo(
                new TensorId("w"), TensorKind.WEIGHT, dtype, Shape.of(N), OptionalInt.empty(), List.of());
        return new Tensor(info, new TensorData(dtype, values, ByteOrder.nativeOrder(), N));
    }

    private static MemorySegment halves(MemorySegment values, Arena arena, boolean ieee) {
        MemorySegment out = arena.allocate(2L * N, 64);
        for (int i = 0; i < N; i++) {
            float v = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            out.setAtIndex(ValueLayout.JAVA_SHORT, i, ieee ? Float.floatToFloat16(v) : BFloat16.of(v));
        }
        return out;
    }

    /** Quantizes in four passes (division, rounding, clamping, multiplication), each into a new array. */
    private static float[] naiveFakeQuantize(float[] x, UniformGrid grid) {
        float[] steps = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            steps[i] = (float) Math.rint(x[i] / grid.scale());
        }
        int[] codes = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            codes[i] = Math.clamp((int) steps[i], grid.qmin(), grid.qmax());
        }
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = codes[i] * grid.scale();
        }
        return y;
    }

    /** Computes only the squared error, which is less than the kernels compute. */
    private static double naiveError(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            double e = (double) x[i] - y[i];
            sum += e * e;
        }
        return sum;
    }

    /** Quantizes with operations on whole arrays. */
    private static INDArray nd4jFakeQuantize(INDArray x, UniformGrid grid) {
        INDArray y = x.div(grid.scale());
        Transforms.round(y, false);
        Transforms.max(y, grid.qmin(), false);
        Transforms.min(y, grid.qmax(), false);
        return y.muli(grid.scale());
    }

    private static double errors(Kernels kernels, TensorData data, UniformGrid grid, boolean allCores) {
        AffineGrid affine = AffineGrid.of(grid);
        LongStream parts = LongStream.range(0, N / PART);
        return (allCores ? parts.parallel() : parts)
                .mapToDouble(part -> {
                    var sums = new ErrorSums();
                    ValueWindow window = ValueWindow.ofThread();
                    for (long at = part * PART; at < (part + 1) * PART; at += ValueWindow.MOST) {
                        window.show(data, at, ValueWindow.MOST);
                        kernels.addErrors(window.segment(), window.offset(), ValueWindow.MOST, affine, sums);
                    }
                    return sums.squaredError();
                })
                .sum();
    }

    private static long read(MemorySegment values, long from, int count) {
        long sum = 0;
        for (int i = 0; i < count; i += 2) {
            sum += values.get(ValueLayout.JAVA_LONG, (from + i) * 4);
        }
        return sum;
    }

    private static void table(String title, List<Way> ways) {
        for (int round = -WARM_UP; round < ROUNDS; round++) {
            for (Way way : ways) {
                way.run(round >= 0);
            }
        }
        double naive = ways.getFirst().median();
        double reading = ways.getLast().median();
        boolean read = ways.getLast().name.startsWith("reading");
        System.out.println();
        System.out.println("### " + title);
        System.out.println();
        System.out.println("| way | ms | G values/s | times naive |" + (read ? " of read bandwidth |" : ""));
        System.out.println("|---|--:|--:|--:|" + (read ? "--:|" : ""));
        for (Way way : ways) {
            double t = way.median();
            System.out.println(String.format(
                            Locale.ROOT, "| %s | %.2f | %.2f | %.1f |", way.name, t * 1e3, N / t * 1e-9, naive / t)
                    + (read ? String.format(Locale.ROOT, " %.0f %% |", 100 * reading / t) : ""));
        }
        if (read) {
            System.out.println();
            System.out.println(String.format(
                    Locale.ROOT,
                    "Reading alone is %.1f GB/s. F16 and BF16 have half of the bytes, so their share of it is half of"
                            + " what it says.",
                    4e-9 * N / reading));
        }
    }

    private static void sketches(MemorySegment values) {
        var million = new TensorData(DType.F32, values, ByteOrder.nativeOrder(), MILLION);
        var hundred = new TensorData(DType.F32, values, ByteOrder.nativeOrder(), LARGE);
        var cancel = new CancelToken();
        System.out.println();
        System.out.println("### Sketch");
        System.out.println();
        System.out.println("| what | median |");
        System.out.println("|---|--:|");
        double fill = median(9, round -> {
            var sketch = new MomentSketch();
            float[] chunk = new float[1 << 14];
            for (long at = 0; at + chunk.length <= N; at += chunk.length) {
                hundred.read(at, chunk, 0, chunk.length);
                sketch.add(chunk, 0, chunk.length);
            }
            sink += sketch.count();
        });
        System.out.println(String.format(Locale.ROOT, "| filling, one core | %.0f M floats/s |", N / fill * 1e-6));
        for (TensorData data : List.of(million, hundred)) {
            MomentSketch sketch = MomentSketch.of(data, cancel);
            double one = median(
                    2001,
                    round -> sink += sketch.estimate(grid(CLIP + round * 1e-4f)).mse());
            double curve = median(41, round -> {
                for (int i = 1; i <= 512; i++) {
                    sink += sketch.estimate(grid(sketch.absMax() * i / 512)).mse();
                }
            });
            long n = data.count() / MILLION;
            System.out.println(
                    String.format(Locale.ROOT, "| one grid of 256 levels, %d M values | %.1f µs |", n, one * 1e6));
            System.out.println(String.format(
                    Locale.ROOT, "| curve of 512 clips, 256 levels each, %d M values | %.2f ms |", n, curve * 1e3));
        }
    }

    private static void calibrators(MemorySegment values) {
        var cancel = new CancelToken();
        var sketch = MomentSketch.of(new TensorData(DType.F32, values, ByteOrder.nativeOrder(), MILLION), cancel);
        System.out.println();
        System.out.println("### Calibrators, one tensor from its sketch");
        System.out.println();
        System.out.println("| calibrator | 4 bits symmetric, ms | 8 bits symmetric, ms | 8 bits asymmetric, ms |");
        System.out.println("|---|--:|--:|--:|");
        List<QuantSpec> specs = List.of(QuantSpec.WEIGHTS.withBits(4), QuantSpec.WEIGHTS, QuantSpec.ACTIVATIONS);
        for (String id : List.of("mse", "mae", "lp", "entropy")) {
            var line = new StringBuilder("| `" + id + "` |");
            for (QuantSpec spec : specs) {
                double t = median(
                        15,
                        round -> sink += RangeResolver.calibrate(sketch, spec, new Clip.Auto(id), cancel)
                                .range()
                                .hi());
                line.append(String.format(Locale.ROOT, " %.1f |", t * 1e3));
            }
            System.out.println(line);
        }
        Quantizer lloyd = Quantizers.byId("lloyd-max");
        System.out.println();
        System.out.println("| what | median |");
        System.out.println("|---|--:|");
        for (int bits : new int[] {4, 8}) {
            QuantSpec spec = lloyd.adapt(QuantSpec.WEIGHTS).withBits(bits);
            double t = median(
                    15,
                    round -> sink += RangeResolver.resolve(sketch, spec, ClipRange.symmetric(CLIP + round * 1e-3f))
                            .scale(0));
            System.out.println(String.format(
                    Locale.ROOT, "| Lloyd-Max codebook of %d bits, from the sketch | %.1f ms |", bits, t * 1e3));
        }
        int slices = MILLION / BLOCK;
        var info = new TensorInfo(
                new TensorId("w"), TensorKind.WEIGHT, DType.F32, Shape.of(slices, BLOCK), OptionalInt.of(0), List.of());
        var blocks =
                new Tensor(info, new TensorData(DType.F32, values, ByteOrder.nativeOrder(), (long) slices * BLOCK));
        QuantSpec spec = QuantSpec.WEIGHTS
                .withBits(4)
                .withGranularity(new Granularity.PerBlock(1, BLOCK))
                .withClip(new Clip.Auto("mse"));
        double quick = median(
                7,
                round -> sink +=
                        RangeResolver.resolve(blocks, spec, cancel).params().scale(0));
        System.out.println(String.format(
                Locale.ROOT,
                "| least squared error for each of %d blocks of %d | %.0f ms |",
                slices,
                BLOCK,
                quick * 1e3));
    }

    private static UniformGrid grid(float clip) {
        return new UniformGrid(clip / 127.5f, 0, -128, 127);
    }

    @FunctionalInterface
    private interface Round {
        void run(int round);
    }

    /**
     * The median time in seconds, after a second of warm-up that is not counted, because the compiler needs time on a
     * busy machine.
     */
    private static double median(int rounds, Round work) {
        long warm = System.nanoTime() + 1_000_000_000;
        for (int round = 0; System.nanoTime() < warm; round++) {
            work.run(round % rounds);
        }
        double[] seconds = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            work.run(round);
            seconds[round] = (System.nanoTime() - start) * 1e-9;
        }
        Arrays.sort(seconds);
        return seconds[rounds / 2];
    }
}
