package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OutputSites;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** Against the same network written out in plain Java: x → MatMul a → Relu → MatMul b → + x → y. */
class LayerComparisonTest {
    private static final int N = 4;
    private static final TensorId A = new TensorId("a");
    private static final TensorId B = new TensorId("b");
    private static final TensorId X = new TensorId("x");
    private static final TensorId R = new TensorId("r");
    private static final TensorId Y = new TensorId("y");

    @TempDir
    private Path folder;

    private final float[] a = random(1);
    private final float[] b = random(2);
    private final MemoryData data = new MemoryData(23, Shape.of(N), i -> 0);

    private static float[] random(long seed) {
        Random random = new Random(seed);
        float[] values = new float[N * N];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }

    private Model model(long batch) throws IOException {
        return new TinyOnnx(13)
                .input("x", batch, N)
                .output("y", batch, N)
                .weight("a", Shape.of(N, N), a)
                .weight("b", Shape.of(N, N), b)
                .node("MatMul", List.of("x", "a"), List.of("p"))
                .node("Relu", List.of("p"), List.of("r"))
                .node("MatMul", List.of("r", "b"), List.of("s"))
                .node("Add", List.of("s", "x"), List.of("y"))
                .open(folder);
    }

    private static QuantParams params(float scale, int zeroPoint, int qmin, int qmax) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
    }

    private static float[] quantized(float[] values, EvalRequest request, TensorId id, boolean weight) {
        QuantParams params = (weight ? request.weights() : request.activations()).get(id);
        float[] out = values.clone();
        for (int i = 0; params != null && i < out.length; i++) {
            out[i] = params.grid(0).quantize(out[i]);
        }
        return out;
    }

    private static float[] times(float[] x, float[] w) {
        float[] out = new float[N];
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int i = 0; i < N; i++) {
                sum += (double) x[i] * w[i * N + j];
            }
            out[j] = (float) sum;
        }
        return out;
    }

    /** x, r and y of one sample as their readers see them. */
    private Map<TensorId, float[]> byHand(int sample, EvalRequest request) {
        float[] raw = new float[N];
        data.fill(new int[] {sample}, raw);
        float[] x = quantized(raw, request, X, false);
        float[] p = times(x, quantized(a, request, A, true));
        for (int i = 0; i < N; i++) {
            p[i] = Math.max(0, p[i]);
        }
        float[] r = quantized(p, request, R, false);
        float[] s = quantized(times(r, quantized(b, request, B, true)), request, new TensorId("s"), false);
        for (int i = 0; i < N; i++) {
            s[i] += x[i];
        }
        return Map.of(X, x, R, r, Y, quantized(s, request, Y, false));
    }

    private double sqnr(TensorId id, int[] samples, EvalRequest request) {
        double signal = 0;
        double noise = 0;
        for (int sample : samples) {
            float[] f = byHand(sample, new EvalRequest(Optional.empty(), Map.of(), Map.of()))
                    .get(id);
            float[] q = byHand(sample, request).get(id);
            for (int i = 0; i < N; i++) {
                signal += (double) f[i] * f[i];
                noise += ((double) f[i] - q[i]) * ((double) f[i] - q[i]);
            }
        }
        return 10 * Math.log10(signal / noise);
    }

    @Test
    void theErrorOfEachValueIsThatOfTheNetworkWrittenOut() throws IOException {
        EvalRequest isolated = new EvalRequest(Optional.of(A), Map.of(A, params(0.1f, 0, -7, 7)), Map.of());
        EvalRequest accumulated = new EvalRequest(
                Optional.of(A),
                Map.of(A, params(0.1f, 0, -7, 7), B, params(0.2f, 0, -7, 7)),
                Map.of(X, params(0.5f, 8, 0, 15), R, params(0.25f, 0, 0, 15), Y, params(0.7f, 8, 0, 15)));
        for (long batch : new long[] {-1, 7}) {
            try (LayerComparison comparison = new LayerComparison(model(batch), data, 1)) {
                int[] samples = comparison.someSamples(16);
                assertThat(samples).hasSize(16).startsWith(0, 1, 2, 4);
                for (EvalRequest request : List.of(isolated, accumulated)) {
                    List<LayerError> errors = comparison.compare(request, List.of(R, Y, X), samples, new CancelToken());

                    assertThat(errors).extracting(LayerError::value).containsExactly(R, Y, X);
                    assertThat(errors).allMatch(e -> e.samples() == 16);
                    assertThat(errors.get(0).sqnrDb().getAsDouble()).isEqualTo(sqnr(R, samples, request), within(1e-3));
                    assertThat(errors.get(1).sqnrDb().getAsDouble()).isEqualTo(sqnr(Y, samples, request), within(1e-3));
                    assertThat(errors.get(2).sqnrDb().getAsDouble())
                            .isEqualTo(request.equals(isolated) ? Double.POSITIVE_INFINITY : sqnr(X, samples, request));
                    double relative =
                            Math.sqrt(errors.get(1).noise() / errors.get(1).signal());
                    assertThat(errors.get(1).relative().getAsDouble()).isEqualTo(relative);
                }
            }
        }
    }

    @Test
    void noSessionIsBuiltWhileTheTensorInHandMovesAndAllAreFreedOnClose() throws IOException {
        int before = OrtRuntime.liveSessions();
        LayerComparison comparison = new LayerComparison(model(-1), data, 1);
        double last = 0;
        for (int i = 1; i < 10; i++) {
            EvalRequest request = new EvalRequest(Optional.of(A), Map.of(A, params(0.05f * i, 0, -7, 7)), Map.of());
            double noise = comparison
                    .compare(request, List.of(R), new int[] {1, 2}, new CancelToken())
                    .getFirst()
                    .noise();
            assertThat(noise).isNotEqualTo(last);
            last = noise;
        }
        assertThat(OrtRuntime.liveSessions() - before).isEqualTo(2);

        comparison.close();

        assertThat(OrtRuntime.liveSessions()).isEqualTo(before);
        EvalRequest none = new EvalRequest(Optional.empty(), Map.of(), Map.of());
        assertThatThrownBy(() -> comparison.compare(none, List.of(R), new int[] {1}, new CancelToken()))
                .isInstanceOf(CancellationException.class);
    }

    /** A request that is refused leaves nothing closed behind that the next one would take. */
    @Test
    void aRefusedRequestDoesNotSpoilTheNext() throws IOException {
        EvalRequest none = new EvalRequest(Optional.empty(), Map.of(), Map.of());
        try (LayerComparison comparison = new LayerComparison(model(-1), data, 1)) {
            List<LayerError> before = comparison.compare(none, List.of(R), new int[] {1, 2}, new CancelToken());
            assertThatThrownBy(() -> comparison.compare(
                            none, List.of(new TensorId("nothing")), new int[] {1, 2}, new CancelToken()))
                    .isInstanceOf(RuntimeException.class);

            assertThat(comparison.compare(none, List.of(R), new int[] {3, 4}, new CancelToken()))
                    .hasSameSizeAs(before);
        }
    }

    @Test
    void theSitesOfATensorAreItsLayerItsBlockAndThePredictions() throws IOException {
        Model model = model(-1);

        assertThat(OutputSites.of(model.graph().orElseThrow(), A))
                .contains(new OutputSites(R, Optional.of(Y), "Add join", Optional.of(Y)));
        assertThat(OutputSites.of(model.graph().orElseThrow(), X))
                .contains(new OutputSites(X, Optional.of(Y), "Add join", Optional.of(Y)));
        assertThat(OutputSites.of(model.graph().orElseThrow(), new TensorId("nowhere")))
                .isEmpty();
    }

    @Test
    void aChainHasItsBlockEndAtTheNextLayersInput() throws IOException {
        Model chain = new TinyOnnx(13)
                .input("x", -1, 1, 8, 8)
                .output("y", -1, 3)
                .randomWeight("c", Shape.of(2, 1, 3, 3), -1, 1)
                .randomWeight("f", Shape.of(18, 3), -1, 1)
                .node("Conv", List.of("x", "c"), List.of("p"))
                .node("Relu", List.of("p"), List.of("r"))
                .node("MaxPool", List.of("r"), List.of("m"))
                .node("Flatten", List.of("m"), List.of("flat"))
                .node("MatMul", List.of("flat", "f"), List.of("y"))
                .open(folder);

        assertThat(OutputSites.of(chain.graph().orElseThrow(), new TensorId("c")))
                .contains(new OutputSites(R, Optional.of(new TensorId("flat")), "next MatMul's input", Optional.of(Y)));
        assertThat(OutputSites.of(chain.graph().orElseThrow(), new TensorId("f")))
                .contains(new OutputSites(Y, Optional.empty(), "", Optional.of(Y)));
    }
}
