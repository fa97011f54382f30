package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.InstrumentedGraph.Way;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** Every scheme with one range for the whole tensor, on all activations of a network whose products have one term, so that they are exact. */
class LevelsOnActivationsTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final OrtModel.Options ONE_THREAD = new OrtModel.Options(1, true);
    private static final int VALUES = 6;
    private static final int SAMPLES = 40;
    private static final float[] FACTORS = {1, -2, 0.5f, -1, 4, 0.25f};
    private static final MemoryData DATA = new MemoryData(SAMPLES, Shape.of(VALUES), i -> i % VALUES);

    @TempDir
    private Path folder;

    static Stream<Quantizer> schemes() {
        return Quantizers.all().stream().filter(q -> q.traits().blockSize() == 0);
    }

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

    private static Map<TensorId, QuantParams> on(Model model, Quantizer scheme, int bits) throws IOException {
        QuantSpec spec = scheme.adapt(QuantSpec.ACTIVATIONS.withBits(bits).withSigned(true));
        Map<TensorId, ClipRange> ranges = Map.of(
                new TensorId("x"),
                ClipRange.symmetric(2.9f),
                new TensorId("relu"),
                ClipRange.symmetric(9.7f),
                new TensorId("y"),
                ClipRange.symmetric(30));
        SessionState state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.empty())
                .withActivations(Optional.of(spec));
        Calibration stored = new Session(state, ActivationRanges.of(ranges)).calibration();
        return Engine.resolve(model, state, stored, (a, b, c) -> {}, NEVER).activations();
    }

    private static float[] byHand(Map<TensorId, QuantParams> activations) {
        Grid x = activations.get(new TensorId("x")).grid(0);
        Grid relu = activations.get(new TensorId("relu")).grid(0);
        Grid y = activations.get(new TensorId("y")).grid(0);
        float[] logits = new float[SAMPLES * VALUES];
        float[] sample = new float[VALUES];
        for (int s = 0; s < SAMPLES; s++) {
            DATA.fill(new int[] {s}, sample);
            float[] hidden = new float[VALUES];
            for (int i = 0; i < VALUES; i++) {
                hidden[(i + 1) % VALUES] = relu.quantize(Math.max(0, x.quantize(sample[i]) * FACTORS[i]));
            }
            for (int i = 0; i < VALUES; i++) {
                logits[s * VALUES + (i + 2) % VALUES] = y.quantize(hidden[i] * FACTORS[VALUES - 1 - i] + 0f) + 0f;
            }
        }
        return logits;
    }

    private static float[] live(Model model, EvalRequest request, boolean cut) {
        QuantizedSession session = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), cut, new BakedWeights(0), ONE_THREAD, NEVER);
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            float[] logits = session.logits(
                            SampleFeed.of(model, DATA),
                            IntStream.range(0, SAMPLES).toArray(),
                            feeds,
                            NEVER)
                    .values();
            for (int i = 0; i < logits.length; i++) {
                logits[i] += 0f;
            }
            return logits;
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void logitsAreWhatTheGridsOfTheEngineGive(Quantizer scheme) throws IOException {
        Model model = model(13);
        int most = Math.min(8, scheme.traits().maxBits());
        for (int bits : new TreeSet<>(
                List.of(scheme.traits().minBits(), Math.clamp(4, scheme.traits().minBits(), most), most))) {
            Map<TensorId, QuantParams> activations = on(model, scheme, bits);
            float[] expected = byHand(activations);

            assertThat(activations).hasSize(3);
            assertThat(live(model, new EvalRequest(Optional.empty(), Map.of(), activations), false))
                    .as("%d bits", bits)
                    .containsExactly(expected);
            // A cut in front of each tensor at the widest grid, in front of one at the others.
            for (String selected : bits == most ? List.of("x", "relu", "y", "v") : List.of("relu")) {
                EvalRequest moving = new EvalRequest(Optional.of(new TensorId(selected)), Map.of(), activations);
                assertThat(live(model, moving, true))
                        .as("%d bits, cut in front of %s", bits, selected)
                        .containsExactly(expected);
            }
        }
    }

    /** Levels that follow the values, as a calibration run leaves them in a session: not those that are spread over the same range. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void levelsFittedToWhatWasSeenAreWhatIsEvaluated(int bits) throws IOException {
        Model model = model(13);
        Quantizer lloyd = Quantizers.byId("lloyd-max");
        SessionState asked = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.empty())
                .withActivations(Optional.of(lloyd.adapt(QuantSpec.ACTIVATIONS.withBits(bits))));
        Calibration seen = Calibration.of(Engine.observe(model, DATA, Progress.NONE, NEVER));
        Map<TensorId, QuantParams> fitted =
                Engine.resolve(model, asked, seen, Progress.NONE, NEVER).activations();
        ActivationRanges kept = new Resolver().ranges(asked, seen, NEVER);
        assertThat(Engine.resolve(model, asked, new Session(asked, kept).calibration(), Progress.NONE, NEVER)
                        .activations())
                .as("what a session keeps is enough")
                .isEqualTo(fitted);
        Calibration withoutLevels = new Session(asked, ActivationRanges.of(kept.ranges())).calibration();
        Map<TensorId, QuantParams> even = Engine.resolve(model, asked, withoutLevels, Progress.NONE, NEVER)
                .activations();

        float[] logits = live(model, new EvalRequest(Optional.empty(), Map.of(), fitted), false);
        assertThat(logits)
                .containsExactly(byHand(fitted))
                .isNotEqualTo(live(model, new EvalRequest(Optional.empty(), Map.of(), even), false));
        assertThat(live(model, new EvalRequest(Optional.of(new TensorId("relu")), Map.of(), fitted), true))
                .containsExactly(logits);
    }

    /** The front's values are kept for the second evaluation; without a budget they are computed again. */
    @ParameterizedTest
    @MethodSource("schemes")
    void keptValuesGiveTheSameFigures(Quantizer scheme) throws IOException {
        Model model = model(13);
        Map<TensorId, QuantParams> activations = on(
                model,
                scheme,
                Math.clamp(4, scheme.traits().minBits(), scheme.traits().maxBits()));
        EvalRequest request = new EvalRequest(Optional.of(new TensorId("v")), Map.of(), activations);
        try (LiveEvaluator kept = new LiveEvaluator(model, DATA, 1);
                LiveEvaluator without = new LiveEvaluator(model, DATA, 1, 2, Optional.empty(), 0)) {
            AccuracyEstimate expected = without.evaluate(request, NEVER, e -> {});

            assertThat(kept.evaluate(request, NEVER, e -> {})).isEqualTo(expected);
            assertThat(kept.evaluate(request, NEVER, e -> {})).isEqualTo(expected);
        }
    }

    /** One session serves all ranges and switching off. */
    @Test
    void whatMovesIsFed() throws IOException {
        Model model = model(13);
        Quantizer fp8 = Quantizers.byId("fp8_e4m3fn");
        TensorId relu = new TensorId("relu");
        Map<TensorId, QuantParams> activations = new HashMap<>(on(model, fp8, 8));
        QuantizedSession.Key key =
                QuantizedSession.Key.of(new EvalRequest(Optional.of(relu), Map.of(), activations), model);
        QuantizedSession session = QuantizedSession.build(model, key, ONE_THREAD, NEVER);
        try {
            for (float absMax : new float[] {9.7f, 3, 0.8f, 1234}) {
                activations.put(
                        relu,
                        fp8.resolve(
                                fp8.adapt(QuantSpec.ACTIVATIONS),
                                Granularity.TENSOR,
                                List.of(ClipRange.symmetric(absMax))));
                EvalRequest request = new EvalRequest(Optional.of(relu), Map.of(), activations);
                assertThat(QuantizedSession.Key.of(request, model)).isEqualTo(key);
                assertThat(logits(session, model, request)).containsExactly(byHand(activations));
            }
            activations.remove(relu);
            float[] off = logits(session, model, new EvalRequest(Optional.of(relu), Map.of(), activations));
            activations.put(relu, identityOn(activations.get(new TensorId("x")).grid(0)));
            assertThat(off).containsExactly(byHand(activations));
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
    }

    /** A grid that holds everything that the first layer makes of another's levels. */
    private static QuantParams identityOn(Grid in) {
        TreeSet<Float> levels = new TreeSet<>();
        for (int i = 0; i < in.size(); i++) {
            for (float factor : FACTORS) {
                levels.add(Math.max(0, in.level(i) * factor) + 0f);
            }
        }
        float[] values = new float[levels.size()];
        int n = 0;
        for (float level : levels) {
            values[n++] = level;
        }
        return QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, new CodebookGrid(values));
    }

    private static float[] logits(QuantizedSession session, Model model, EvalRequest request) {
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            float[] values = session.logits(
                            SampleFeed.of(model, DATA),
                            IntStream.range(0, SAMPLES).toArray(),
                            feeds,
                            NEVER)
                    .values();
            for (int i = 0; i < values.length; i++) {
                values[i] += 0f;
            }
            return values;
        }
    }

    @Test
    void eachWayIsTakenWhereItIsTheQuickest() throws IOException {
        Model model = model(13);

        assertThat(way(model, "uniform", 8)).isEqualTo(Way.BYTES);
        assertThat(way(model, "uniform", 7)).isEqualTo(Way.CODES);
        assertThat(way(model, "uniform", 12)).isEqualTo(Way.CHAIN);
        assertThat(way(model, "ternary", 2)).isEqualTo(Way.STEPS);
        assertThat(way(model, "nf4", 4)).isEqualTo(Way.EVEN_TABLE);
        assertThat(way(model, "fp4_e2m1", 4)).isEqualTo(Way.EVEN_TABLE);
        assertThat(way(model, "fp8_e5m2", 8)).isEqualTo(Way.BENT_TABLE);
        assertThat(way(model, "log2", 8)).isEqualTo(Way.BENT_TABLE);
    }

    private static Way way(Model model, String scheme, int bits) throws IOException {
        EvalRequest request = new EvalRequest(Optional.empty(), Map.of(), on(model, Quantizers.byId(scheme), bits));
        return QuantizedSession.Key.of(request, model)
                .activations()
                .get(new TensorId("x"))
                .way();
    }

    @Test
    void aScaleForEachBlockAndAnOldOperatorSetAreRefusedWithTheReason() throws IOException {
        Model model = model(13);
        Quantizer mx = Quantizers.byId("mxfp4");

        assertThatThrownBy(() -> on(model, mx, 4))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("granularity block:32: activations are quantized per tensor");
        EvalRequest listed = new EvalRequest(
                Optional.empty(),
                Map.of(),
                Map.of(
                        new TensorId("x"),
                        QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, new CodebookGrid(-1, 0, 1))));
        Model old = model(8);
        assertThatThrownBy(() -> QuantizedSession.Key.of(listed, old))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("x")
                .hasMessageContaining("operator set 9")
                .hasMessageContaining("the model has 8");
    }
}
