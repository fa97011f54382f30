package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

class HistoryTest {
    private static final FileRef MODEL = new FileRef(Path.of("/models/m.onnx"), "0".repeat(64));
    private static final SessionState FRESH = SessionState.of(MODEL);
    private static final TensorId CONV = new TensorId("conv.weight");
    private static final TensorId FC = new TensorId("fc.weight");
    private static final QuantSpec FOUR_BITS = QuantSpec.WEIGHTS.withBits(4);

    @Test
    void undoAndRedoWalkThroughTheStates() {
        History one = History.of(FRESH).apply(new Edit.SetOverride(CONV, FOUR_BITS));
        History two = one.apply(new Edit.KeepFloat(FC, true));

        assertThat(two.undoTitle()).contains("keep fc.weight in float");
        assertThat(two.undo().state()).isEqualTo(one.state());
        assertThat(two.undo().redoTitle()).contains("keep fc.weight in float");
        assertThat(two.undo().undo().state()).isEqualTo(FRESH);
        assertThat(two.undo().undo().canUndo()).isFalse();
        assertThat(two.undo().undo().redo().redo().state()).isEqualTo(two.state());
        assertThat(two.undo().undo().redo().redo().canRedo()).isFalse();
    }

    @Test
    void aStepThatIsNotThereChangesNothing() {
        History history = History.of(FRESH);

        assertThat(history.undo()).isSameAs(history);
        assertThat(history.redo()).isSameAs(history);
        assertThat(history.undoTitle()).isEmpty();
        assertThat(history.redoTitle()).isEmpty();
    }

    @Test
    void anEditThatChangesNothingIsNoStep() {
        History history = History.of(FRESH);

        assertThat(history.apply(new Edit.SetFoldBatchNorm(true))).isSameAs(history);
    }

    @Test
    void anEditAfterAnUndoDropsWhatCouldBeRedone() {
        History history = History.of(FRESH)
                .apply(new Edit.SetFoldBatchNorm(false))
                .undo()
                .apply(new Edit.SetWeights(Optional.empty()));

        assertThat(history.canRedo()).isFalse();
        assertThat(history.undo().state()).isEqualTo(FRESH);
    }

    @Test
    void changesAreUnsavedUntilSavedOrUndone() {
        History fresh = History.of(FRESH);
        History changed = fresh.apply(new Edit.SetWeights(Optional.of(FOUR_BITS)));

        assertThat(fresh.hasUnsavedChanges()).isFalse();
        assertThat(changed.hasUnsavedChanges()).isTrue();
        assertThat(changed.undo().hasUnsavedChanges()).isFalse();
        assertThat(changed.markSaved().hasUnsavedChanges()).isFalse();
        assertThat(changed.markSaved().undo().hasUnsavedChanges()).isTrue();
        assertThat(changed.markSaved(FRESH).hasUnsavedChanges()).isTrue();
    }

    @Test
    void onlyTheNewestStepsAreKept() {
        History history = History.of(FRESH);
        for (int i = 0; i < History.DEPTH + 50; i++) {
            history = history.apply(
                    new Edit.SetOverride(CONV, QuantSpec.WEIGHTS.withClip(new Clip.Manual(new ClipRange(0, i)))));
        }
        int steps = 0;
        while (history.canUndo()) {
            history = history.undo();
            steps++;
        }

        assertThat(steps).isEqualTo(History.DEPTH);
        assertThat(history.state().overrides().get(CONV).clip()).isEqualTo(new Clip.Manual(new ClipRange(0, 49)));
    }

    @Test
    void everyEditChangesWhatItSays() {
        FileRef moved = new FileRef(Path.of("/elsewhere/m.onnx"), "1".repeat(64));

        assertThat(new Edit.SetOverride(CONV, FOUR_BITS).apply(FRESH.withKeptFloat(Set.of(CONV, FC))))
                .isEqualTo(FRESH.withOverride(CONV, FOUR_BITS).withKeptFloat(Set.of(FC)));
        assertThat(new Edit.ClearOverride(CONV).apply(FRESH.withOverride(CONV, FOUR_BITS)))
                .isEqualTo(FRESH);
        assertThat(new Edit.SetWeights(Optional.empty()).apply(FRESH)).isEqualTo(FRESH.withWeights(Optional.empty()));
        assertThat(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS)).apply(FRESH))
                .isEqualTo(FRESH.withActivations(Optional.of(QuantSpec.ACTIVATIONS)));
        assertThat(new Edit.KeepFloat(CONV, true).apply(FRESH)).isEqualTo(FRESH.withKeptFloat(Set.of(CONV)));
        assertThat(new Edit.KeepFloat(CONV, false).apply(FRESH.withKeptFloat(Set.of(CONV))))
                .isEqualTo(FRESH);
        assertThat(new Edit.SetFoldBatchNorm(false).apply(FRESH)).isEqualTo(FRESH.withFoldBatchNorm(false));
        assertThat(new Edit.RelinkModel(moved).apply(FRESH)).isEqualTo(FRESH.withModel(moved));
        assertThat(new Edit.RelinkCalibrationData(Optional.of(moved)).apply(FRESH))
                .isEqualTo(FRESH.withCalibrationData(Optional.of(moved)));
        assertThat(new Edit.SetEvaluationData(Optional.of(moved)).apply(FRESH))
                .isEqualTo(FRESH.withEvaluationData(Optional.of(moved)));
        assertThat(new Edit.AdoptAll("calibrate all", Map.of(CONV, FOUR_BITS, FC, FOUR_BITS)).apply(FRESH))
                .isEqualTo(FRESH.withOverrides(Map.of(CONV, FOUR_BITS, FC, FOUR_BITS)));
        assertThat(new Edit.All("both", List.of(new Edit.SetFoldBatchNorm(false), new Edit.KeepFloat(FC, true)))
                        .apply(FRESH))
                .isEqualTo(FRESH.withFoldBatchNorm(false).withKeptFloat(Set.of(FC)));
    }
}
