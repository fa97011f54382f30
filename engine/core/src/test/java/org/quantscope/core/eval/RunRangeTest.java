package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** Ranges that are found while the network runs, bit for bit beside plain float32 arithmetic; every product has one term. */
class RunRangeTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final OrtModel.Options ONE_THREAD = new OrtModel.Options(1, true);
    private static final int VALUES = 6;
    private static final float[] FACTORS = {1, -2, 0.5f, -1, 4, 0.25f};
    private static final MemoryData DATA = new MemoryData(30, Shape.of(VALUES), i -> i % VALUES);

    @TempDir
    private Path folder;

    private Model model(int opset) throws IOException {
        float[] first = new float[VALUES * VALUES];
        float[] second = new float[VALUES * VALUES];
        for (int i = 0; i < VALUES; i++) {
            first[i * VALUES + (i + 1) % VALUES] = FACTORS[i];
            second[i * VALUES + (i + 2) % VALUES] = FACTORS[VALUES - 1 - i];
        }
        return new TinyOnnx(opset)
                .input("x", -1, VALUES)
                .output("y", -1, VALUES)
                .weight("w", Shape.of(VALUES, VALUES), first)
                .weight("v", Shape.of(VALUES, VALUES), second)
                .node("MatMul", List.of("x", "w"), List.of("hidden"))
                .node("Relu", List.of("hidden"), List.of("relu"))
                .node("MatMul", List.of("relu", "v"), List.of("y"))
                .open(folder);
    }

    /** What a quantizer does to the values of one run. */
    private interface Rounding {
        float[] of(String activation, float[] values);
    }

    private static float[] network(float[] x, int rows, Rounding rounding) {
        float[] in = rounding.of("x", x);
        float[] relu = new float[in.length];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < VALUES; i++) {
                relu[r * VALUES + (i + 1) % VALUES] = Math.max(0, in[r * VALUES + i] * FACTORS[i]);
            }
        }
        relu = rounding.of("relu", relu);
        float[] y = new float[in.length];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < VALUES; i++) {
                // A sum of zeros is +0.
                y[r * VALUES + (i + 2) % VALUES] = relu[r * VALUES + i] * FACTORS[VALUES - 1 - i] + 0f;
            }
        }
        return y;
    }

    private static float[] onGrid(float[] values, float scale, float lowest, float highest) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = Math.clamp((float) Math.rint(values[i] / scale), lowest, highest) * scale;
        }
        return out;
    }

    private static float[] dynamic(float[] values, int bits, boolean symmetric) {
        float lo = 0;
        float hi = 0;
        for (float v : values) {
            lo = Math.min(lo, v);
            hi = Math.max(hi, v);
        }
        if (symmetric) {
            // Restricted: as many codes on either side of 0.
            float last = (1 << (bits - 1)) - 1;
            return onGrid(values, Math.max(-lo, hi) / last, -last, last);
        }
        float last = (1 << bits) - 1;
        float scale = (hi - lo) / last;
        float zero = (float) Math.rint(-lo / scale);
        return onGrid(values, scale, -zero, last - zero);
    }

    private static QuantSpec spec(int bits, boolean symmetric) {
        QuantSpec spec = QuantSpec.ACTIVATIONS.withBits(bits).withSymmetric(symmetric);
        return symmetric ? spec.withSigned(true).withRestrictedRange(true) : spec;
    }

    private static QuantParams reference(QuantSpec spec) {
        return spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(ClipRange.symmetric(1)));
    }

    private static EvalRequest request(Map<String, QuantParams> by) {
        Map<TensorId, QuantParams> activations = new HashMap<>();
        by.forEach((name, params) -> activations.put(new TensorId(name), params));
        return new EvalRequest(Optional.empty(), Map.of(), activations);
    }

    private static float[] run(Model model, EvalRequest request, int[] samples) {
        SampleFeed feed = SampleFeed.of(model, DATA);
        QuantizedSession session =
                QuantizedSession.build(model, QuantizedSession.Key.of(request, model), ONE_THREAD, NEVER);
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            return session.logits(feed, samples, feeds, NEVER).values();
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
    }

    private static float[] x(Model model, int... samples) {
        return SampleFeed.of(model, DATA).values("x", samples);
    }

    @ParameterizedTest
    @CsvSource({"8, false", "4, false", "2, false", "11, false", "8, true", "3, true"})
    void aSampleAndABatchHaveTheRangeOfTheirValues(int bits, boolean symmetric) throws IOException {
        Model model = model(13);
        int[] samples = {3, 17, 4, 29, 0};
        Rounding oracle = (name, values) -> dynamic(values, bits, symmetric);
        QuantParams reference = reference(spec(bits, symmetric));
        QuantParams each = reference.withRunRange(new RunRange.Dynamic(true, symmetric));
        QuantParams together = reference.withRunRange(new RunRange.Dynamic(false, symmetric));
        float[] apart = new float[samples.length * VALUES];
        for (int i = 0; i < samples.length; i++) {
            float[] one = network(x(model, samples[i]), 1, oracle);
            System.arraycopy(one, 0, apart, i * VALUES, VALUES);
        }

        assertThat(run(model, request(Map.of("x", each, "relu", each)), samples))
                .containsExactly(apart);
        assertThat(run(model, request(Map.of("x", together, "relu", together)), samples))
                .containsExactly(network(x(model, samples), samples.length, oracle))
                .isNotEqualTo(apart);
    }

    @Test
    void aSampleTakesTheRangeOfTheNearestCluster() throws IOException {
        Model model = model(13);
        QuantSpec spec = spec(4, false);
        List<ClipRange> centres = List.of(new ClipRange(-3, 2.5f), new ClipRange(-2.5f, 3), new ClipRange(-3, 3));
        List<ClipRange> ranges = List.of(new ClipRange(-3, 2), new ClipRange(-2, 2.5f), new ClipRange(-3.5f, 3));
        List<QuantParams> grids = ranges.stream()
                .map(r -> spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(r)))
                .toList();
        QuantParams params = reference(spec).withRunRange(new RunRange.Clusters(centres, grids));
        int[] samples = IntStream.range(0, 25).toArray();
        int[] taken = new int[3];
        float[] expected = new float[samples.length * VALUES];
        for (int s : samples) {
            float[] one = network(x(model, s), 1, (name, values) -> {
                if (!name.equals("x")) {
                    return values;
                }
                float lo = values[0];
                float hi = values[0];
                for (float v : values) {
                    lo = Math.min(lo, v);
                    hi = Math.max(hi, v);
                }
                int best = 0;
                for (int k = 1; k < 3; k++) {
                    if (distance(centres.get(k), lo, hi) < distance(centres.get(best), lo, hi)) {
                        best = k;
                    }
                }
                taken[best]++;
                QuantParams g = grids.get(best);
                return onGrid(values, g.scale(0), -g.zeroPoint(0), 15 - g.zeroPoint(0));
            });
            System.arraycopy(one, 0, expected, s * VALUES, VALUES);
        }

        assertThat(run(model, request(Map.of("x", params)), samples)).containsExactly(expected);
        assertThat(taken).doesNotContain(0);
    }

    private static double distance(ClipRange centre, float lo, float hi) {
        double a = centre.lo() - lo;
        double b = centre.hi() - hi;
        return a * a + b * b;
    }

    /** The range of each sample comes from the samples before it, and those in front of the first. */
    @Test
    void aWindowFollowsTheSamplesBefore() throws IOException {
        Model model = model(13);
        QuantSpec spec = spec(5, false);
        List<ClipRange> before = List.of(new ClipRange(-9, 9), new ClipRange(-1, 2), new ClipRange(-2, 1));
        int size = 3;
        RunRange window = new RunRange.Window(size, 100, spec, before);
        QuantParams params = reference(spec).withRunRange(window);
        int[] samples = {5, 6, 11, 2, 20, 21, 22};
        List<ClipRange> seen = new ArrayList<>(before);
        List<ClipRange> seenBehind = new ArrayList<>(before);
        float[] expected = new float[samples.length * VALUES];
        for (int i = 0; i < samples.length; i++) {
            float[] one = network(x(model, samples[i]), 1, (name, values) -> {
                List<ClipRange> of = name.equals("x") ? seen : seenBehind;
                List<ClipRange> last = of.subList(of.size() - size, of.size());
                float lo =
                        (float) last.stream().mapToDouble(ClipRange::lo).min().orElseThrow();
                float hi =
                        (float) last.stream().mapToDouble(ClipRange::hi).max().orElseThrow();
                QuantParams g = spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(new ClipRange(lo, hi)));
                float[] sorted = values.clone();
                Arrays.sort(sorted);
                of.add(new ClipRange(sorted[0], sorted[VALUES - 1]));
                return onGrid(values, g.scale(0), -g.zeroPoint(0), 31 - g.zeroPoint(0));
            });
            System.arraycopy(one, 0, expected, i * VALUES, VALUES);
        }

        EvalRequest request = request(Map.of("x", params, "relu", params));
        try (WindowedRun run = new WindowedRun(model, SampleFeed.of(model, DATA), request, ONE_THREAD, NEVER)) {
            float[] first = run.outputs(Arrays.copyOf(samples, 4), NEVER).values();
            float[] rest = run.outputs(Arrays.copyOfRange(samples, 4, 7), NEVER).values();
            float[] all = Arrays.copyOf(first, expected.length);
            System.arraycopy(rest, 0, all, first.length, rest.length);
            assertThat(all).containsExactly(expected);
        }
    }

    /** Sessions are kept and shared; one that runs batches must not serve samples. */
    @Test
    void oneEvaluatorKeepsTheModesApart() throws IOException {
        Model model = model(13);
        QuantParams reference = reference(spec(3, false));
        EvalRequest each = request(Map.of("x", reference.withRunRange(new RunRange.Dynamic(true, false))));
        EvalRequest together = request(Map.of("x", reference.withRunRange(new RunRange.Dynamic(false, false))));
        double alone;
        try (LiveEvaluator evaluator = new LiveEvaluator(model, DATA, 1)) {
            alone = evaluator.evaluate(each, NEVER, e -> {}).logitSqnrDb();
        }
        try (LiveEvaluator evaluator = new LiveEvaluator(model, DATA, 1)) {
            assertThat(evaluator.evaluate(together, NEVER, e -> {}).logitSqnrDb())
                    .isNotEqualTo(alone);
            assertThat(evaluator.evaluate(each, NEVER, e -> {}).logitSqnrDb()).isEqualTo(alone);
        }
    }

    @Test
    void whatCannotBeIsRefused() throws IOException {
        QuantParams params = reference(spec(8, false)).withRunRange(new RunRange.Dynamic(true, false));
        Model old = model(10);
        assertThatThrownBy(() -> run(old, request(Map.of("x", params)), new int[] {0}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("operator set 11")
                .hasMessageContaining("10");
        Model mixing = new TinyOnnx(13)
                .input("x", -1, VALUES)
                .output("y", -1, VALUES)
                .node("Softmax", List.of("x"), List.of("y"), TinyOnnx.attribute("axis", 0))
                .open(folder);
        assertThatThrownBy(() -> run(mixing, request(Map.of("x", params)), new int[] {0, 1}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("influence each other");
    }
}
