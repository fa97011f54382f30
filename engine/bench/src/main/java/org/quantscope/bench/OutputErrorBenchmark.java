package org.quantscope.bench;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
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
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.rounding.MomentProducts;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** The error at a layer's output for one candidate, quantization included, and the search of the least. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class OutputErrorBenchmark {
    private static final CancelToken NEVER = new CancelToken();

    /** Outputs and inputs of the layer. */
    @Param({"64x576", "384x1536"})
    public String size = "";

    /** How many ranges it has. */
    @Param({"tensor", "channel"})
    public String granularity = "";

    private LayerOutput output;
    private QuantParams params;
    private Tensor weight;
    private QuantSpec spec = QuantSpec.WEIGHTS.withBits(4);
    private Importances known = Importances.NONE;

    /** Makes a layer that reads correlated values, and parameters for its weight. */
    @Setup(Level.Trial)
    public void prepare() {
        int rows = Integer.parseInt(size.substring(0, size.indexOf('x')));
        int columns = Integer.parseInt(size.substring(size.indexOf('x') + 1));
        var random = new Random(1);
        InputMoments sums = new InputMoments(1, columns, false, MomentProducts.best());
        float[] x = new float[2000 * columns];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian() + (i % columns == 0 ? 0 : 0.7f * x[i - 1]);
        }
        sums.add(
                2000,
                InputMoments.Vectors.stored(x, columns),
                InputMoments.Vectors.stored(x, columns),
                new CancelToken());
        LayerMoments moments = LayerMoments.of(rows, columns, false, 1, 1, LayerMoments.Sums.of(sums));
        float[] w = new float[rows * columns];
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) random.nextGaussian();
        }
        TensorInfo info = new TensorInfo(
                new TensorId("w"), TensorKind.WEIGHT, DType.F32, Shape.of(rows, columns), OptionalInt.of(0), List.of());
        weight = new Tensor(info, TensorData.of(w));
        known = Importances.NONE.with(new ModelMoments(Map.of(weight.id(), moments), Map.of(), 2000));
        if (granularity.equals("channel")) {
            spec = spec.withGranularity(Granularity.CHANNEL);
        }
        output = new LayerOutput(weight, moments, NEVER);
        params = RangeResolver.resolve(weight, spec, NEVER).params();
    }

    /** One candidate. */
    @Benchmark
    public OutputError candidate() {
        return output.error(params, NEVER);
    }

    /** The calibrator output-mse. */
    @Benchmark
    public QuantParams search() {
        return RangeResolver.resolve(weight, spec.withClip(new Clip.Auto("output-mse")), known, NEVER)
                .params();
    }
}
