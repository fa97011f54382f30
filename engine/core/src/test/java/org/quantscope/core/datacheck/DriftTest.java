package org.quantscope.core.datacheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

class DriftTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final CancelToken NEVER = new CancelToken();

    private static float[] normal(int seed, int n, double mean) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (mean + random.nextGaussian());
        }
        return values;
    }

    private static MomentSketch sketch(float... values) {
        return MomentSketch.of(values, 0, values.length);
    }

    private static float[] with(float[] values, float more) {
        float[] out = Arrays.copyOf(values, values.length + 1);
        out[values.length] = more;
        return out;
    }

    /** Of N(0, 1) and N(mean, 1), in bits, by summing over the real line. */
    private static double divergenceOfNormals(double mean) {
        double step = 1e-3;
        double nats = 0;
        for (double x = -12; x < 12 + mean; x += step) {
            double p = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
            double q = Math.exp(-(x - mean) * (x - mean) / 2) / Math.sqrt(2 * Math.PI);
            double m = (p + q) / 2;
            nats += step * ((p > 0 ? p * Math.log(p / m) : 0) + (q > 0 ? q * Math.log(q / m) : 0)) / 2;
        }
        return nats / Math.log(2);
    }

    @Test
    void oneOutlierHidesNothing() {
        float[] known = normal(1, 20_000, 0);
        float[] moved = normal(2, 20_000, 1);
        double truth = divergenceOfNormals(1);

        for (float outlier : new float[] {1e6f, -1e30f}) {
            assertThat(Drift.divergence(sketch(with(known, outlier)), sketch(moved)))
                    .isCloseTo(truth, within(0.03 * truth));
            assertThat(Drift.divergence(sketch(known), sketch(with(moved, outlier))))
                    .isCloseTo(truth, within(0.03 * truth));
        }
    }

    @Test
    void equalValuesDivergeByNothingAndOthersByOneBit() {
        float[] a = normal(1, 5000, 0);
        assertThat(Drift.divergence(sketch(a), sketch(a))).isZero();
        assertThat(Drift.divergence(sketch(a), sketch(normal(1, 5000, 100)))).isEqualTo(1);
        assertThat(Drift.divergence(sketch(a), sketch(normal(1, 5000, -100)))).isEqualTo(1);
        assertThat(Drift.divergence(sketch(3, 3, 3), sketch(3, 3))).isZero();
        assertThat(Drift.divergence(sketch(3, 3, 3), sketch(4))).isEqualTo(1);
    }

    /** Zeros behind a ReLU are one value, not a spread: the divergence of shares of 0.5 and 0.9, by hand. */
    @Test
    void valuesThatRepeatHaveABinOfTheirOwn() {
        float[] half = normal(1, 20_000, 0);
        float[] most = new float[20_000];
        for (int i = 0; i < half.length; i++) {
            half[i] = i < 10_000 ? 0 : Math.abs(half[i]);
            most[i] = i % 10 == 0 ? Math.abs(half[10_000 + i / 2]) : 0;
        }
        double m = 0.7;
        double byHand = (0.5 * Math.log(0.5 / m)
                        + 0.5 * Math.log(0.5 / 0.3)
                        + 0.9 * Math.log(0.9 / m)
                        + 0.1 * Math.log(0.1 / 0.3))
                / 2
                / Math.log(2);
        assertThat(Drift.divergence(sketch(half), sketch(most))).isCloseTo(byHand, within(0.005));
    }

    private static SessionState state(Path file, int bits) throws IOException {
        return SessionState.of(FileRef.ofModel(file, NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(bits)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(bits)));
    }

    /** Values beyond the levels of the settings, counted by hand: not those beyond the calibration data. */
    @Test
    void outsideIsWhatTheSettingsClip() throws IOException {
        Path file = SAMPLES.resolve("digits_mlp.onnx");
        Model model = Engine.analysed(Engine.open(file, true));
        Dataset data = Datasets.open(SAMPLES.resolve("digits_calibration.npz"));
        Observed seen = Engine.observe(model, data, Progress.NONE, NEVER);
        SessionState state = state(file, 8);
        TensorId input = model.graph().orElseThrow().activations().getFirst().id();
        TensorId last = model.graph().orElseThrow().activations().getLast().id();
        SessionState narrow = state.withOverride(
                        input, QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 0.5f))))
                .withKeptFloat(Set.of(last));
        ResolvedSettings settings = Engine.resolve(model, narrow, Calibration.of(seen), Progress.NONE, NEVER);
        ClipRange levels =
                settings.find(input).map(ResolvedTensor::params).orElseThrow().effective(0);
        float[] known = {0, 0.1f, 0.4f, 0.9f, 1};
        float[] other = {0, 0.2f, 0.6f, 0.7f, 0.8f, 0.9f, -0.1f, Float.NaN};
        assertThat(levels.hi()).isBetween(0.49f, 0.51f);

        List<Drift.Of> tensors = Drift.tensors(
                Map.of(input, sketch(known), last, sketch(known)),
                Map.of(input, sketch(other), last, sketch(other)),
                settings);

        Drift.Of of =
                tensors.stream().filter(t -> t.id().equals(input)).findFirst().orElseThrow();
        assertThat(of.outside()).hasValue(5 / 7.0);
        assertThat(of.outsideCalibration()).hasValue(2 / 5.0);
        assertThat(of.notFinite()).isEqualTo(1);
        Drift.Of unquantized =
                tensors.stream().filter(t -> t.id().equals(last)).findFirst().orElseThrow();
        assertThat(unquantized.outside()).isEmpty();
        // The range from the least to the largest value clips none of them.
        ResolvedSettings whole = Engine.resolve(model, state, Calibration.of(seen), Progress.NONE, NEVER);
        float[] pixels = new float[64 * data.size()];
        data.fill(IntStream.range(0, data.size()).toArray(), pixels);
        assertThat(Drift.tensors(Map.of(input, sketch(pixels)), Map.of(input, sketch(with(pixels, 1.5f))), whole))
                .singleElement()
                .satisfies(t -> {
                    assertThat(t.outsideCalibration()).hasValue(0);
                    assertThat(t.outside()).hasValue(1 - pixels.length / (pixels.length + 1.0));
                });
    }

    private static SampleOutcomes outcomes(String name, String data, String calibration, int bits) throws IOException {
        Path file = SAMPLES.resolve(name);
        Model model = Engine.analysed(Engine.open(file, true));
        Observed seen = Engine.observe(model, Datasets.open(SAMPLES.resolve(calibration)), Progress.NONE, NEVER);
        ResolvedSettings settings =
                Engine.resolve(model, state(file, bits), Calibration.of(seen), Progress.NONE, NEVER);
        try (LiveEvaluator evaluator = Engine.evaluator(model, Datasets.open(SAMPLES.resolve(data)))) {
            return evaluator
                    .evaluateSamples(
                            new EvalRequest(Optional.empty(), settings.weights(), settings.activations()),
                            NEVER,
                            part -> {})
                    .outcomes();
        }
    }

    /** Each change counts by the float model's probabilities; the labels, which are known here, lie in the interval. */
    @Test
    void theExpectedChangeHasAnIntervalThatHoldsTheMeasuredOne() throws IOException {
        for (int bits : new int[] {2, 3, 4}) {
            SampleOutcomes outcomes = outcomes("digits_mlp.onnx", "digits_test.npz", "digits_calibration.npz", bits);
            double sum = 0;
            int flipped = 0;
            for (int i = 0; i < outcomes.size(); i++) {
                SampleOutcomes.Outcome o = outcomes.outcome(i).orElseThrow();
                if (o.floatClass() != o.quantizedClass()) {
                    flipped++;
                    sum += o.floatOfQuantized().orElseThrow() - o.floatOfFloat();
                }
            }
            double measured =
                    (outcomes.count(SampleOutcomes.Change.GAINED) - outcomes.count(SampleOutcomes.Change.LOST))
                            / (double) outcomes.size();

            ExpectedChange.Known known = (ExpectedChange.Known) ExpectedChange.of(outcomes, Optional.empty());

            assertThat(known.flipped()).isEqualTo(flipped).isPositive();
            assertThat(known.samples()).isEqualTo(outcomes.size());
            assertThat(known.delta()).isCloseTo(sum / outcomes.size(), within(1e-9));
            PairedInterval interval = known.interval();
            assertThat(interval.lo()).isLessThan(known.delta());
            assertThat(interval.hi()).isGreaterThan(known.delta());
            assertThat(measured).as("%d bits", bits).isBetween(interval.lo(), interval.hi());
        }
    }

    @Test
    void whereThereIsNoExpectationTheReasonIsSaid() throws IOException {
        SampleOutcomes outcomes = outcomes("adder_gpt.onnx", "adder_calibration.npz", "adder_calibration.npz", 8);

        assertThat(ExpectedChange.of(outcomes, Optional.empty()))
                .isInstanceOfSatisfying(
                        ExpectedChange.Unknown.class,
                        none -> assertThat(none.why()).contains(outcomes.positions() + " positions"));
    }
}
