package org.quantscope.core.improve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class ImprovementTest {
    private static final CancelToken NEVER = new CancelToken();
    /** Equalization is computed in another module. */
    private static final Set<Step.Kind> WITHOUT_LINEAR_ALGEBRA =
            EnumSet.complementOf(EnumSet.of(Step.Kind.EQUALIZATION));

    private static final Dataset CALIBRATION = new MemoryData(80, Shape.of(6), i -> i % 5);

    @TempDir
    private Path folder;

    private Model model;
    private SessionState state;

    /** Two layers whose weights have outliers: min-max wastes the levels, and nearest levels are far from the best. */
    @BeforeEach
    void open() throws IOException {
        Random random = new Random(3);
        float[] first = new float[6 * 16];
        float[] second = new float[16 * 5];
        for (int i = 0; i < first.length; i++) {
            first[i] = (float) random.nextGaussian() * (i % 29 == 0 ? 4 : 1);
        }
        for (int i = 0; i < second.length; i++) {
            second[i] = (float) random.nextGaussian() * 0.3f;
        }
        model = Engine.open(
                new TinyOnnx(17)
                        .input("x", -1, 6)
                        .weight("w1", Shape.of(6, 16), first)
                        .weight("b1", Shape.of(16), new float[16])
                        .weight("w2", Shape.of(16, 5), second)
                        .weight("b2", Shape.of(5), new float[5])
                        .node("Gemm", List.of("x", "w1", "b1"), List.of("h"))
                        .node("Relu", List.of("h"), List.of("r"))
                        .node("Gemm", List.of("r", "w2", "b2"), List.of("y"))
                        .output("y", -1, 5)
                        .write(folder),
                true);
        state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)));
    }

    private Improvement.Asked asked(SessionState from, Optional<Dataset> evaluation, OptionalDouble budget) {
        return new Improvement.Asked(model, model, from, CALIBRATION, evaluation, budget, WITHOUT_LINEAR_ALGEBRA, 1);
    }

    private static Improvement.Result run(Improvement.Asked asked) {
        return Improvement.run(asked, Progress.NONE, NEVER, steps -> {});
    }

    private double divergence(Fitted fitted, Dataset on) {
        try (LiveEvaluator evaluator = new LiveEvaluator(fitted.model(), model, on, 1, 1, Optional.empty())) {
            AccuracyEstimate figure = evaluator.evaluate(fitted.solved().request(Optional.empty()), NEVER, x -> {});
            return figure.klDivergence().orElseThrow();
        }
    }

    /** The losses are those of settings made on one half and measured on the other; the result is made from all. */
    @Test
    void stepsAreDecidedOnSamplesThatTheyWereNotMadeFrom() {
        Improvement.Result result = run(asked(state, Optional.empty(), OptionalDouble.empty()));
        assertThat(result.steps())
                .extracting(Step::kind)
                .containsExactly(Step.Kind.START, Step.Kind.RANGES, Step.Kind.ROUNDING, Step.Kind.BITS);
        assertThat(result.chosenOn()).isEqualTo(40);
        assertThat(result.decidedOn()).isEqualTo(40);
        assertThat(result.unit()).isEqualTo("KL");

        List<Dataset> halves = SampleSubset.halves(CALIBRATION, 1);
        Fitting half = new Fitting(halves.getFirst(), NEVER);
        Fitting whole = new Fitting(CALIBRATION, NEVER);
        int kept = 0;
        SessionState now = state.withCalibrationData(Optional.of(FileRef.of(CALIBRATION)));
        double before = Double.POSITIVE_INFINITY;
        for (Step step : result.steps()) {
            if (step.kept()) {
                kept++;
                // Only now and its edit say what the state is: an undo step for each.
                now = step.edit().isPresent() ? step.edit().get().apply(now) : now;
                assertThat(step.after().state()).isEqualTo(now);
                double made = divergence(half.fit(model, now, Progress.NONE), halves.getLast());
                assertThat(step.loss()).isEqualTo(made).isLessThanOrEqualTo(before * 0.99);
                assertThat(step.after().solved().settings())
                        .isEqualTo(whole.fit(model, now, Progress.NONE).solved().settings());
                before = step.loss();
            } else {
                assertThat(step.after().state()).isEqualTo(now);
                assertThat(step.loss()).isEqualTo(before);
                assertThat(step.edit()).isEmpty();
            }
        }
        assertThat(kept).isGreaterThanOrEqualTo(3);
    }

    /** Labels that say the opposite of the model change what is reported, and nothing that is chosen. */
    @Test
    void theEvaluationDataDecidesNothing() {
        Improvement.Result without = run(asked(state, Optional.empty(), OptionalDouble.empty()));
        Dataset contrary = new MemoryData(50, Shape.of(6), i -> i % 5);
        Improvement.Result with = run(asked(state, Optional.of(contrary), OptionalDouble.empty()));
        assertThat(with.steps())
                .extracting(Step::loss)
                .isEqualTo(without.steps().stream().map(Step::loss).toList());
        assertThat(with.last().state()).isEqualTo(without.last().state());
        assertThat(with.steps()).allSatisfy(step -> {
            StepScore score = step.score().orElseThrow();
            assertThat(score.figure().seen()).isEqualTo(50);
            assertThat(score.gain().isPresent()).isEqualTo(step.kept() && step.kind() != Step.Kind.START);
            double gained = step.kind() == Step.Kind.START
                    ? 0
                    : score.figure().score() - before(with, step).figure().score();
            score.gain().ifPresent(gain -> assertThat(gained).isBetween(gain.lo(), gain.hi()));
        });
        try (LiveEvaluator evaluator = new LiveEvaluator(model, contrary, 1)) {
            Step last = with.steps().getLast();
            assertThat(last.score().orElseThrow().figure())
                    .isEqualTo(evaluator.evaluate(last.after().solved().request(Optional.empty()), NEVER, x -> {}));
        }
    }

    private static StepScore before(Improvement.Result result, Step step) {
        return result.steps().get(result.steps().indexOf(step) - 1).score().orElseThrow();
    }

    @Test
    void aBudgetBelowTheSettingsIsAStepOfItsOwnAndIsKept() {
        SessionState wide = state.withWeights(Optional.of(QuantSpec.WEIGHTS));
        Improvement.Result result = run(asked(wide, Optional.empty(), OptionalDouble.of(3.5)));
        Step narrower = result.steps().get(1);
        assertThat(narrower.kind()).isEqualTo(Step.Kind.NARROWER);
        assertThat(narrower.kept()).isTrue();
        assertThat(narrower.loss()).isGreaterThan(result.steps().getFirst().loss());
        assertThat(narrower.after().state().weights().orElseThrow().bits()).isEqualTo(3);
        assertThat(new Bits(model, result.last().state()).average()).isLessThanOrEqualTo(3.5);
        assertThat(Improvement.within(model, wide, 3.5).weights())
                .isEqualTo(narrower.after().state().weights());
        assertThat(Improvement.within(model, wide, 20).weights().orElseThrow().bits())
                .isEqualTo(8);
        assertThatThrownBy(() -> run(asked(wide, Optional.empty(), OptionalDouble.of(1.5))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the fewest bits give 2")
                .hasMessageContaining("more than 1.5");
    }

    /** What "calibrate all" gives each weight is not set by hand: its bits are as free as before. */
    @Test
    void settingsThatOnlyChooseARangeDoNotPinBits() {
        SessionState calibrated = state.withWeights(Optional.of(QuantSpec.WEIGHTS))
                .withOverride(new TensorId("w1"), QuantSpec.WEIGHTS.withClip(new Clip.Auto("mse")))
                .withOverride(new TensorId("w2"), QuantSpec.WEIGHTS.withClip(new Clip.Auto("mse")));
        assertThat(Bits.pinned(calibrated)).isEmpty();
        assertThat(Bits.pinned(calibrated.withOverride(new TensorId("w2"), QuantSpec.WEIGHTS.withBits(6))))
                .containsExactly(new TensorId("w2"));
        Improvement.Result result = run(asked(calibrated, Optional.empty(), OptionalDouble.of(3)));
        assertThat(result.steps().get(1).kind()).isEqualTo(Step.Kind.NARROWER);
        assertThat(new Bits(model, result.last().state()).average()).isLessThanOrEqualTo(3);
        assertThat(result.last().solved().settings().weights().values())
                .allSatisfy(params -> assertThat(params.qmax()).isLessThan(127));
    }

    /** A weight with settings of its own keeps its bits, whatever they cost, and a range set by hand stays. */
    @Test
    void whatWasSetByHandStays() {
        TensorId id = new TensorId("w2");
        QuantSpec own = QuantSpec.WEIGHTS.withBits(6).withClip(new Clip.Manual(new ClipRange(-1, 1)));
        Improvement.Result result = run(asked(state.withOverride(id, own), Optional.empty(), OptionalDouble.empty()));
        QuantSpec after = result.last().state().overrides().get(id);
        assertThat(after.bits()).isEqualTo(6);
        assertThat(after.clip()).isEqualTo(own.clip());
        assertThat(result.last().solved().settings().weights().get(id))
                .isEqualTo(Engine.resolve(model, state.withOverride(id, own), Calibration.NONE, Progress.NONE, NEVER)
                        .weights()
                        .get(id));
    }

    /** Without anything that says that the outputs are classes, the loss is the share of noise in them. */
    @Test
    void outputsThatAreNoClassesAreComparedByTheirNoise() {
        Improvement.Result result = Improvement.run(
                new Improvement.Asked(
                        model,
                        model,
                        state,
                        MemoryData.unlabelled(20, Shape.of(6)),
                        Optional.empty(),
                        OptionalDouble.empty(),
                        Set.of(Step.Kind.ROUNDING),
                        1),
                Progress.NONE,
                NEVER,
                steps -> {});
        assertThat(result.unit()).isEqualTo("noise");
        assertThat(result.steps().getLast().kept()).isTrue();
        assertThat(result.steps().getLast().loss())
                .isBetween(0.0, result.steps().getFirst().loss() * 0.9);
    }

    @Test
    void onlyTheStepsThatAreWantedRun() {
        List<Integer> seen = new ArrayList<>();
        Improvement.Result result = Improvement.run(
                new Improvement.Asked(
                        model,
                        model,
                        state,
                        CALIBRATION,
                        Optional.empty(),
                        OptionalDouble.empty(),
                        Set.of(Step.Kind.ROUNDING),
                        1),
                Progress.NONE,
                NEVER,
                steps -> seen.add(steps.size()));
        assertThat(result.steps()).extracting(Step::kind).containsExactly(Step.Kind.START, Step.Kind.ROUNDING);
        assertThat(seen).containsExactly(1, 2);
    }

    @Test
    void whatCannotBeImprovedIsRefused() {
        SessionState none = state.withWeights(Optional.empty());
        assertThatThrownBy(() -> run(asked(none, Optional.empty(), OptionalDouble.empty())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no weight is quantized");
        assertThatThrownBy(() -> run(asked(state, Optional.empty(), OptionalDouble.of(0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a number above 0, got 0");
        Improvement.Asked one = new Improvement.Asked(
                model,
                model,
                state,
                CALIBRATION.limit(1),
                Optional.empty(),
                OptionalDouble.empty(),
                WITHOUT_LINEAR_ALGEBRA,
                1);
        assertThatThrownBy(() -> run(one))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("memory.npz")
                .hasMessageContaining("at least 2, got 1");
        CancelToken cancel = new CancelToken();
        assertThatThrownBy(() -> Improvement.run(
                        asked(state, Optional.empty(), OptionalDouble.empty()),
                        Progress.NONE,
                        cancel,
                        steps -> cancel.cancel()))
                .isInstanceOf(CancellationException.class);
    }
}
