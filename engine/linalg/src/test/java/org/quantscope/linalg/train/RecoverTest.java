package org.quantscope.linalg.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

class RecoverTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    private static Model digits() throws IOException {
        return Engine.open(SAMPLES.resolve("digits_mlp.onnx"), true);
    }

    private static Dataset calibration() throws IOException {
        return Datasets.open(SAMPLES.resolve("digits_calibration.npz"));
    }

    /** 2-bit weights a channel, and 4-bit activations if they are quantized. */
    private static Session settings(Model model, boolean activations) throws IOException {
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2).withGranularity(Granularity.CHANNEL)));
        if (!activations) {
            return Session.of(state);
        }
        state = state.withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(4)));
        Calibration seen = Calibration.of(Engine.observe(model, calibration(), Progress.NONE, new CancelToken()));
        return new Session(state, new Resolver().ranges(state, seen, new CancelToken()));
    }

    private static TrainedCorrection.Training train(
            Model model, boolean activations, TrainedCorrection.Watch watch, Map<String, String> options)
            throws IOException {
        return new Recover()
                .train(
                        new Correction.Input(
                                model, options, Optional.of(calibration()), Optional.of(settings(model, activations))),
                        watch,
                        Progress.NONE,
                        new CancelToken());
    }

    private static ResolvedSettings resolved(Model model, Correction.Output output, boolean activations)
            throws IOException {
        SessionState state = settings(model, activations).state().withOverrides(output.ranges());
        return Engine.resolve(output.model(), state, Calibration.NONE, Progress.NONE, new CancelToken());
    }

    private static AccuracyEstimate evaluate(Model model, Model reference, ResolvedSettings settings, Dataset data) {
        try (LiveEvaluator evaluator = Engine.evaluator(model, reference, data, Optional.empty())) {
            return evaluator.evaluate(
                    new EvalRequest(Optional.empty(), settings.weights(), settings.activations()),
                    new CancelToken(),
                    x -> {});
        }
    }

    @Test
    void whatIsEvaluatedIsExactlyWhatWasTrained() throws Exception {
        boolean activations = true;
        Model model = digits();
        TrainedCorrection.Training training =
                train(model, activations, TrainedCorrection.Watch.NONE, Map.of("epochs", "30"));
        Model recovered = training.output().model();
        ResolvedSettings settings = resolved(model, training.output(), activations);

        assertThat(training.best().loss())
                .isLessThan(0.7 * training.points().getFirst().loss());
        Dataset heldOut =
                SampleSubset.of(calibration(), Recover.heldOut(calibration().size(), 1));
        assertThat(evaluate(recovered, model, settings, heldOut).klDivergence().orElseThrow())
                .isCloseTo(training.best().loss(), within(1e-5));

        Dataset test = Datasets.open(SAMPLES.resolve("digits_test.npz"));
        CancelToken cancel = new CancelToken();
        SampleFeed feed = SampleFeed.of(recovered, test);
        Network network = new NetworkBuilder(
                        recovered, settings, feed, 100, new Rates(1e-3, 1e-3, 0, 0, 0, false), cancel)
                .build();
        int correct = 0;
        for (int from = 0; from < test.size(); from += 100) {
            network.feed(
                    "input",
                    feed.values("input", IntStream.range(from, from + 100).toArray()));
            float[] got = network.forward(cancel);
            for (int i = 0; i < 100; i++) {
                int row = 10 * i;
                int top = IntStream.range(0, 10)
                        .reduce((a, b) -> got[row + b] > got[row + a] ? b : a)
                        .orElseThrow();
                correct += top == test.label(from + i) ? 1 : 0;
            }
        }
        AccuracyEstimate evaluated = evaluate(recovered, model, settings, test);
        assertThat(Math.round(evaluated.score() * test.size())).isEqualTo(correct);
        AccuracyEstimate nearest = evaluate(
                model,
                model,
                Engine.resolve(
                        model,
                        settings(model, activations).state(),
                        settings(model, activations).calibration(),
                        Progress.NONE,
                        cancel),
                test);
        assertThat(evaluated.score()).isGreaterThan(nearest.score() + 0.1);
    }

    @Test
    void stoppingKeepsTheBestSoFar() throws Exception {
        Model model = digits();
        int[] asked = new int[1];
        TrainedCorrection.Training training = train(
                model,
                false,
                new TrainedCorrection.Watch() {
                    @Override
                    public void begun(TrainedCorrection.Course course) {
                        assertThat(course.heldOut()).isEqualTo(25);
                        assertThat(course.trained()).isEqualTo(231);
                        assertThat(course.solved()).isPresent();
                    }

                    @Override
                    public void measured(TrainedCorrection.Point point) {}

                    @Override
                    public boolean stopped() {
                        return ++asked[0] == 20;
                    }
                },
                Map.of("epochs", "1000"));
        assertThat(training.end()).hasValueSatisfying(why -> assertThat(why).contains("by hand after 20 of 3000"));
        assertThat(training.points().getLast().step()).isEqualTo(20);
        assertThat(training.best().loss())
                .isEqualTo(training.points().stream()
                        .mapToDouble(TrainedCorrection.Point::loss)
                        .min()
                        .orElseThrow());
    }

    @Test
    void theTimeLimitEndsIt() throws Exception {
        TrainedCorrection.Training training =
                train(digits(), false, TrainedCorrection.Watch.NONE, Map.of("epochs", "100000", "minutes", "0.01"));
        assertThat(training.end()).hasValueSatisfying(why -> assertThat(why).contains("time limit"));
        assertThat(training.outcome()).contains("25 of 256 samples").contains("time limit");
    }

    @Test
    void theSameSeedGivesTheSameAndAnotherHoldsOutOthers() throws Exception {
        Model model = digits();
        Map<String, String> options = Map.of("epochs", "1");
        Correction.Output one =
                train(model, true, TrainedCorrection.Watch.NONE, options).output();
        Correction.Output two =
                train(model, true, TrainedCorrection.Watch.NONE, options).output();
        assertThat(one.ranges()).isEqualTo(two.ranges());
        one.changed()
                .forEach(id -> assertThat(
                                two.model().find(id).orElseThrow().data().toFloats())
                        .isEqualTo(one.model().find(id).orElseThrow().data().toFloats()));
        assertThat(Recover.heldOut(256, 1)).hasSize(25).doesNotHaveDuplicates().isNotEqualTo(Recover.heldOut(256, 2));
        assertThat(Recover.heldOut(2, 5)).hasSize(1);
    }

    @Test
    void labelsAreLearnedWhereTheyAreAskedForAndNeeded() throws Exception {
        TrainedCorrection.Training training =
                train(digits(), false, TrainedCorrection.Watch.NONE, Map.of("epochs", "20", "target", "labels"));
        assertThat(training.course().measure()).contains("labels");
        assertThat(training.best().loss())
                .isLessThan(0.7 * training.points().getFirst().loss());
    }

    /** The loss of the trained network is computed anew by hand: three layers in float, with nothing rounded. */
    @Test
    void asMuchTrainingWithoutQuantizationIsTrainingInFloat() throws Exception {
        Model model = digits();
        Map<String, String> options = Map.of("epochs", "4", "target", "labels", "quantize", "no", "rate", "0.003");
        TrainedCorrection.Training training = train(model, true, TrainedCorrection.Watch.NONE, options);
        Model trained = training.output().model();
        Dataset heldOut =
                SampleSubset.of(calibration(), Recover.heldOut(calibration().size(), 1));
        SampleFeed feed = SampleFeed.of(model, heldOut);
        double loss = 0;
        for (int i = 0; i < heldOut.size(); i++) {
            double[] x = doubles(feed.values("input", new int[] {i}));
            x = layer(trained, "0", x, true);
            x = layer(trained, "2", x, true);
            x = layer(trained, "4", x, false);
            loss += Math.log(Arrays.stream(x).map(Math::exp).sum()) - x[heldOut.label(i)];
        }

        assertThat(training.best().step()).isPositive();
        assertThat(training.best().loss()).isCloseTo(loss / heldOut.size(), within(1e-6));
        assertThat(training.course().solved()).isEmpty();
        assertThat(training.output().changed()).hasSize(6);
        assertThat(training.output().ranges()).isEmpty();
    }

    private static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    private static double[] layer(Model model, String name, double[] x, boolean relu) {
        double[] w = doubles(
                model.find(new TensorId(name + ".weight")).orElseThrow().data().toFloats());
        double[] b = doubles(
                model.find(new TensorId(name + ".bias")).orElseThrow().data().toFloats());
        return IntStream.range(0, b.length)
                .mapToDouble(o -> b[o]
                        + IntStream.range(0, x.length)
                                .mapToDouble(i -> w[o * x.length + i] * x[i])
                                .sum())
                .map(y -> relu ? Math.max(0, y) : y)
                .toArray();
    }

    /** What is trained in float answers as it does already, and begins with its own weights. */
    @Test
    void withoutQuantizationLabelsAreNeeded() {
        assertThatThrownBy(() -> train(digits(), false, TrainedCorrection.Watch.NONE, Map.of("quantize", "no")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recover.quantize")
                .hasMessageContaining("target=labels");
        assertThatThrownBy(() -> train(
                        digits(),
                        false,
                        TrainedCorrection.Watch.NONE,
                        Map.of("quantize", "no", "target", "labels", "start", "least-output-error")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recover.quantize");
    }

    @Test
    void rangesAreLearnedUnlessTheyAreToBeKept() throws Exception {
        Model model = digits();
        Map<String, String> options = Map.of("epochs", "1", "start", "least-output-error");
        TrainedCorrection.Training learned = train(model, true, TrainedCorrection.Watch.NONE, options);
        assertThat(learned.points().getFirst().loss())
                .isCloseTo(learned.course().solved().orElseThrow(), within(1e-6));
        assertThat(learned.output().ranges()).hasSize(7);
        learned.output().ranges().values().forEach(spec -> {
            assertThat(spec.clip()).isInstanceOf(Clip.Fixed.class);
            assertThat(spec.isNearest()).isTrue();
        });

        Correction.Output kept = train(
                        model, true, TrainedCorrection.Watch.NONE, Map.of("epochs", "1", "ranges", "keep"))
                .output();
        ActivationRanges begun = settings(model, true).ranges();
        begun.ranges().forEach((id, range) -> {
            QuantParams params =
                    ((Clip.Fixed) Objects.requireNonNull(kept.ranges().get(id)).clip()).params();
            assertThat((double) params.scale(0))
                    .isCloseTo((Math.max(0, range.hi()) - Math.min(0, range.lo())) / 15.0, within(1e-6));
        });
    }

    @Test
    void cancellingKeepsNothing() throws Exception {
        Model model = digits();
        CancelToken cancel = new CancelToken();
        TrainedCorrection.Watch watch = new TrainedCorrection.Watch() {
            @Override
            public void begun(TrainedCorrection.Course course) {
                cancel.cancel();
            }

            @Override
            public void measured(TrainedCorrection.Point point) {}

            @Override
            public boolean stopped() {
                return false;
            }
        };
        Correction.Input input =
                new Correction.Input(model, Map.of(), Optional.of(calibration()), Optional.of(settings(model, false)));
        assertThatThrownBy(() -> new Recover().train(input, watch, Progress.NONE, cancel))
                .isInstanceOf(CancellationException.class);
    }

    @Test
    void oneSampleIsTooFew() throws Exception {
        Model model = digits();
        Correction.Input input = new Correction.Input(
                model, Map.of(), Optional.of(calibration().limit(1)), Optional.of(settings(model, false)));
        assertThatThrownBy(() ->
                        new Recover().train(input, TrainedCorrection.Watch.NONE, Progress.NONE, new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("at least 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"epochs=0", "minutes=-1", "rate=2", "target=teacher", "seed=x", "start=best", "quantize=maybe"})
    void aWrongOptionIsNamed(String option) throws Exception {
        String[] pair = option.split("=", 2);
        assertThatThrownBy(() -> train(digits(), false, TrainedCorrection.Watch.NONE, Map.of(pair[0], pair[1])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("recover." + pair[0])
                .hasMessageContaining(pair[1]);
    }

    @Test
    void everySampleModelCanBeTrained() throws Exception {
        for (String name : List.of(
                "digits_mlp", "fashion_lenet", "fashion_mobilenet", "fashion_resnet", "fashion_vit", "adder_gpt")) {
            assertThat(new Recover().obstacle(Engine.open(SAMPLES.resolve(name + ".onnx"), true)))
                    .as(name)
                    .isEmpty();
        }
    }

    /** Codes 0 to 3 of 0.5, zero point 1: levels −0.5 to 1. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theGradientOfAnActivationsRangeIsThatOfLsqOrPact(boolean pact) {
        ActivationRange range = new ActivationRange(
                new QuantParams(Granularity.TENSOR, new float[] {0.5f}, new int[] {1}, 0, 3), 1e-2, 1e-2, pact);
        Tape tape = new Tape();
        int in = tape.add(new float[] {0.6f, 3, -2, 0}, true);
        int out = tape.add(4, true);
        Operation rounded = new ActivationRange.Rounded(in, out, range, 0);
        rounded.forward(tape);
        assertThat(tape.value(out)).containsExactly(0.5f, 1, -0.5f, 0);
        Arrays.fill(Objects.requireNonNull(tape.gradient(out)), 1);

        rounded.backward(tape);

        assertThat(tape.gradient(in)).containsExactly(1, 0, 0, 1);
        // Rounding 1 − 1.2, then the ends 2 and −1; by √(4·3).
        double scale = (pact ? 0 : -0.2) + 2 - 1;
        assertThat((double) range.scaleGradient()).isCloseTo(scale / Math.sqrt(12), within(1e-6));
        assertThat((double) range.zeroGradient()).isCloseTo(-1 / Math.sqrt(12), within(1e-6));
    }
}
