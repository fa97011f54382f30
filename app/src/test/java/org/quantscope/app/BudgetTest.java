package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.accuracy.BudgetState;
import org.quantscope.app.accuracy.BudgetState.Choices;
import org.quantscope.app.accuracy.BudgetState.Status;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** Spending a bit budget without a window. */
class BudgetTest {
    private static final TensorId FIRST = new TensorId("0.weight");

    @TempDir
    private Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.context.session().openSample(SampleFiles.digits());
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3))));
    }

    @AfterEach
    void close() {
        at.close();
        assertThat(at.problems).isEmpty();
    }

    private BudgetState view() {
        return at.context.budget().viewProperty().get();
    }

    private Assignment chosen() {
        return view().chosen().orElseThrow();
    }

    private void choose(Unit unit, BitTarget target, String rounding, boolean all) {
        at.context.budget().choose(new Choices(unit, target, rounding, all));
    }

    private Map<TensorId, Integer> bitsInUse() {
        Map<TensorId, Integer> bits = new TreeMap<>();
        at.state().overrides().forEach((id, spec) -> bits.put(id, spec.bits()));
        return bits;
    }

    @Test
    void theHandBeginsAtTheSizeOfTheSettingsAndTheBestMixtureFollowsTheBudget() {
        assertThat(view().status()).isEqualTo(Status.READY);
        assertThat(view().isOpen()).isFalse();
        at.context.budget().measure();
        assertThat(view().status()).isEqualTo(Status.DONE);
        BudgetState.Found found = view().found().orElseThrow();
        assertThat(found.samples()).isEqualTo(256);
        assertThat(found.front()).hasSizeBetween(5, 20);
        long now = at.context.measurements().snapshotProperty().get().size().quantizedBytes();
        assertThat(chosen().sizeBytes()).isLessThanOrEqualTo(now);
        // Nothing is changed by looking.
        assertThat(at.state().overrides()).isEmpty();

        for (Assignment point : found.front()) {
            at.context.budget().chooseBudget(point.sizeBytes() + 1);
            assertThat(chosen()).isEqualTo(point);
            assertThat(view().accuracy().orElseThrow().isComplete()).isTrue();
        }
        assertThat(view().scored()).hasSizeGreaterThanOrEqualTo(found.front().size());
        at.context.budget().step(-1);
        assertThat(chosen()).isEqualTo(found.front().get(found.front().size() - 2));
        at.context.budget().end(false);
        assertThat(chosen()).isEqualTo(found.front().getFirst());
    }

    @Test
    void applyingIsOneUndoStepAndWhatItShowsIsWhatTheSettingsGive() {
        at.context.budget().measure();
        SessionState before = at.state();
        at.context.budget().chooseBudget(1500);
        at.context.budget().apply();
        Assignment applied = chosen();
        assertThat(view().settled()).isTrue();
        assertThat(view().applied()).isTrue();
        assertThat(applied.sizeBytes()).isLessThanOrEqualTo(1500);
        assertThat(bitsInUse()).isEqualTo(new TreeMap<>(applied.bits()));
        assertThat(view().alone().keySet()).isEqualTo(applied.bits().keySet());
        assertThat(at.context.bench().undoTitleProperty().get())
                .startsWith("mixed precision, ")
                .endsWith(" on average");

        AccuracyState accuracy = at.context.accuracy().viewProperty().get();
        assertThat(accuracy.quantized().orElseThrow().score())
                .isCloseTo(view().accuracy().orElseThrow().score(), within(0.0));
        assertThat(accuracy.size().orElseThrow().quantizedBytes()).isEqualTo(applied.sizeBytes());

        // The front still stands, and another mixture takes the place of the first one.
        assertThat(view().status()).isEqualTo(Status.DONE);
        at.context.budget().end(true);
        assertThat(view().applied()).isFalse();
        at.context.budget().apply();
        assertThat(bitsInUse().values()).containsOnly(8);
        at.context.bench().undo();
        assertThat(bitsInUse()).isEqualTo(new TreeMap<>(applied.bits()));
        at.context.bench().undo();
        assertThat(at.state()).isEqualTo(before);
        assertThat(view().status()).isEqualTo(Status.DONE);
    }

    /** A tensor that a person sets keeps its bits; what was measured without it holds no longer. */
    @Test
    void tensorsSetByHandArePinned() {
        at.context.budget().measure();
        at.context.budget().apply();
        QuantSpec own = QuantSpec.WEIGHTS.withBits(7);
        at.context.bench().apply(new Edit.SetOverride(FIRST, own));
        assertThat(view().status()).isEqualTo(Status.READY);
        at.context.budget().measure();
        assertThat(view().found().orElseThrow().pinned()).isEqualTo(Map.of(FIRST, 7));
        at.context.budget().end(false);
        at.context.budget().apply();
        assertThat(at.state().overrides().get(FIRST)).isEqualTo(own);
        assertThat(chosen().bits()).doesNotContainKey(FIRST);

        choose(Unit.BYTES, BitTarget.FREE, QuantSpec.NEAREST, true);
        at.context.budget().measure();
        assertThat(view().found().orElseThrow().pinned()).isEmpty();
        assertThat(chosen().bits()).containsKey(FIRST);
    }

    @Test
    void theChoicesAreRememberedAndSayWhatIsMeasured() {
        choose(Unit.BIT_OPERATIONS, BitTarget.byId("litert"), "gptq", false);
        at.context.budget().measure();
        assertThat(view().found().orElseThrow().front())
                .allSatisfy(a -> assertThat(a.bits().values()).isSubsetOf(4, 8));
        at.context.budget().chooseBudget(1);
        double least = 32.0 * 4 * (64 * 32 + 32 * 16 + 16 * 10);
        assertThat(chosen().bitOperations()).isEqualTo(least);
        at.context.budget().apply();
        assertThat(at.state().overrides().values())
                .extracting(QuantSpec::rounding)
                .containsOnly("gptq");
        assertThat(at.context.accuracy().codeNotesProperty().get())
                .containsExactly("The codes of 3 weights are those of gptq, chosen on digits_calibration.npz.");
        // Another rounding of the same bits is another step, and nothing is measured again.
        int measured = view().found().orElseThrow().evaluations();
        choose(Unit.BIT_OPERATIONS, BitTarget.byId("litert"), QuantSpec.NEAREST, false);
        assertThat(view().applied()).isFalse();
        at.context.budget().apply();
        assertThat(at.state().overrides().values())
                .extracting(QuantSpec::rounding)
                .containsOnly("nearest");
        assertThat(view().found().orElseThrow().evaluations()).isEqualTo(measured);

        choose(Unit.BIT_OPERATIONS, BitTarget.byId("litert"), "gptq", false);
        close();
        open();
        assertThat(view().choices())
                .isEqualTo(new Choices(Unit.BIT_OPERATIONS, BitTarget.byId("litert"), "gptq", false));
    }

    @Test
    void theComparisonSaysWhichBuysMore() {
        at.context.budget().measure();
        at.context.budget().compare();
        assertThat(view().comparing()).isFalse();
        assertThat(view().comparison().orElseThrow().sentence())
                .startsWith("At the size of 3 bits for all weights")
                .contains("on 500 evaluation samples", "least-output-error");
        assertThat(at.state().overrides()).isEmpty();
    }

    /** Stopped in the middle it keeps what it has and goes on. */
    @Test
    void measuringCanBeStopped() {
        at.held = true;
        at.context.budget().measure();
        assertThat(view().status()).isEqualTo(Status.MEASURING);
        boolean[] stopped = new boolean[1];
        at.context.budget().viewProperty().addListener((o, was, is) -> {
            if (!stopped[0] && is.status() == Status.MEASURING && is.share() > 0.3) {
                stopped[0] = true;
                at.context.budget().stop();
            }
        });
        at.runWaiting();
        assertThat(view().status()).isEqualTo(Status.STOPPED);
        assertThat(view().isOpen()).isFalse();
        at.context.budget().measure();
        at.runWaiting();
        assertThat(view().status()).isEqualTo(Status.DONE);
        at.held = false;
    }

    /** A drag that is taken back leaves the mixture of before, and no step. */
    @Test
    void aGestureCanBeTakenBack() {
        at.context.budget().measure();
        at.context.budget().end(false);
        Assignment before = chosen();
        at.context.budget().begin();
        at.context.budget().chooseBytes(2500);
        assertThat(chosen()).isNotEqualTo(before);
        at.context.budget().back();
        assertThat(chosen()).isEqualTo(before);
        assertThat(at.state().overrides()).isEmpty();
    }

    @Test
    void whatIsMissingIsSaid() {
        at.context.bench().apply(new Edit.RelinkCalibrationData(Optional.empty()));
        assertThat(view().status()).isEqualTo(Status.IMPOSSIBLE);
        assertThat(view().why()).contains("calibration data", "choose some under “Data…”");
        at.context.budget().measure();
        assertThat(view().status()).isEqualTo(Status.IMPOSSIBLE);
        at.context.bench().undo();
        assertThat(view().status()).isEqualTo(Status.READY);

        at.context.bench().apply(new Edit.SetWeights(Optional.empty()));
        assertThat(view().why()).startsWith("No weight is quantized");
        at.context.bench().undo();

        List<TensorId> all = List.of(FIRST, new TensorId("2.weight"), new TensorId("4.weight"));
        all.forEach(id -> at.context.bench().apply(new Edit.SetOverride(id, QuantSpec.WEIGHTS)));
        at.context.budget().measure();
        assertThat(view().status()).isEqualTo(Status.FAILED);
        assertThat(view().why()).isEqualTo("no weight is quantized whose bits could be chosen");
        assertThat(at.problems).hasSize(1);
        at.problems.clear();
    }

    /** Corrections that rest on the settings speak of codes that they do not know, in the window too. */
    @Test
    void aCorrectionSaysThatItKnowsNearestLevelsOnly() {
        at.context
                .bench()
                .apply(new Edit.SetWeights(
                        Optional.of(QuantSpec.WEIGHTS.withBits(4).withRounding("gptq"))));
        Corrections.all().stream()
                .filter(c -> c.id().equals("bias-correction"))
                .forEach(at.context.corrections()::apply);
        assertThat(at.notices.done).contains(Roundings.nearestOnly("the correction"));
    }
}
