package org.quantscope.bench;

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
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;

/** Filling a moment sketch, and estimating the error of a grid from it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SketchBenchmark {
    /** Bits of the grid. */
    @Param({"4", "8"})
    public int bits;

    private final float[] values = new float[1 << 20];
    private MomentSketch full = new MomentSketch();
    private UniformGrid grid = new UniformGrid(1, 0, -1, 1);

    /** Makes normally distributed values. */
    @Setup(Level.Trial)
    public void prepare() {
        var random = new Random(1);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        full = new MomentSketch();
        full.add(values, 0, values.length);
        int most = (1 << (bits - 1)) - 1;
        grid = new UniformGrid(full.absMax() / most, 0, -most, most);
    }

    /** Fills a sketch with a million values. */
    @Benchmark
    public MomentSketch fill() {
        var sketch = new MomentSketch();
        sketch.add(values, 0, values.length);
        return sketch;
    }

    /** Estimates the error of one grid. */
    @Benchmark
    public ErrorEstimate estimate() {
        return full.estimate(grid);
    }
}
