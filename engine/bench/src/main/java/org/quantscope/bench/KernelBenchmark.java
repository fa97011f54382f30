package org.quantscope.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.quantscope.core.kernel.AffineGrid;
import org.quantscope.core.kernel.ErrorSums;
import org.quantscope.core.kernel.Kernels;
import org.quantscope.core.quant.UniformGrid;

/** The scalar and the vector version of the kernels, on values that stay in the cache. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KernelBenchmark {
    private static final int VALUES = 1 << 12;

    /** The version of the kernels. */
    @Param({"scalar", "vector"})
    public String version = "";

    /** The clip in standard deviations: at 5 almost nothing is clipped, at 2 about every twentieth value. */
    @Param({"5", "2"})
    public float clip;

    private final MemorySegment values = Arena.ofAuto().allocate(4L * VALUES, 64);
    private final float[] out = new float[VALUES];
    private Kernels kernels = Kernels.chosen();
    private AffineGrid grid = AffineGrid.of(new UniformGrid(1, 0, -127, 127));

    /** Makes normally distributed values and the grid. */
    @Setup(Level.Trial)
    public void prepare() {
        var random = new Random(1);
        for (int i = 0; i < VALUES; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        kernels = Kernels.available().stream()
                .filter(k -> k.name().equals(version))
                .findFirst()
                .orElseThrow();
        grid = AffineGrid.of(new UniformGrid(clip / 127, 0, -127, 127));
    }

    /** The exact pass with all its sums. */
    @Benchmark
    public ErrorSums errors() {
        var sums = new ErrorSums();
        kernels.addErrors(values, 0, VALUES, grid, sums);
        return sums;
    }

    /** The squared error alone, as a search uses it. */
    @Benchmark
    public double squaredError() {
        return kernels.squaredError(values, 0, VALUES, grid);
    }

    /** Fake quantization. */
    @Benchmark
    public float[] quantize() {
        kernels.quantize(values, 0, VALUES, grid, out, 0);
        return out;
    }
}
