package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

class SnapshotTest {
    private static final TensorId A = new TensorId("a");
    private static final FileRef MODEL = new FileRef(Path.of("/m.onnx"), "0".repeat(64));
    private static final FileRef DATA = new FileRef(Path.of("/d.npz"), "1".repeat(64));
    private static final SessionState EIGHT = SessionState.of(MODEL).withEvaluationData(Optional.of(DATA));

    private static SessionState four() {
        return EIGHT.withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(4)))
                .withOverride(A, QuantSpec.WEIGHTS.withBits(2))
                .withFoldBatchNorm(false)
                .withAddedQuantizers(Set.of(A));
    }

    @Test
    void restoringGivesTheSettingsBackAndLeavesTheDataAsOneStep() {
        History history = History.of(four()).apply(new Edit.TakeSnapshot("four"));
        SessionState other = EIGHT.withEvaluationData(Optional.empty())
                .withSnapshots(history.state().snapshots());

        History restored = History.of(other).apply(new Edit.RestoreSnapshot("four"));

        assertThat(restored.state())
                .isEqualTo(four().withEvaluationData(Optional.empty())
                        .withSnapshots(history.state().snapshots()));
        assertThat(restored.undoTitle()).hasValue("restore the snapshot four");
        assertThat(restored.undo().state()).isEqualTo(other);
        assertThat(history.state().snapshot("four").orElseThrow().holdsIn(restored.state()))
                .isTrue();
        assertThat(history.state().snapshot("four").orElseThrow().holdsIn(other))
                .isFalse();
    }

    @Test
    void takingRenamingAndDeletingAreOneStepEach() {
        History history = History.of(EIGHT)
                .apply(new Edit.TakeSnapshot("a"))
                .apply(new Edit.TakeSnapshot("b"))
                .apply(new Edit.RenameSnapshot("a", "c"))
                .apply(new Edit.DeleteSnapshot("b"));

        assertThat(names(history)).containsExactly("c");
        assertThat(names(history.undo())).containsExactly("c", "b");
        assertThat(names(history.undo().undo())).containsExactly("a", "b");
        assertThat(names(history.undo().undo().undo().undo())).isEmpty();
        assertThat(history.hasUnsavedChanges()).isTrue();
    }

    private static List<String> names(History history) {
        return history.state().snapshots().stream().map(Snapshot::name).toList();
    }

    @Test
    void twoOfOneNameAreRefused() {
        SessionState one = new Edit.TakeSnapshot("a").apply(EIGHT);
        assertThatThrownBy(() -> new Edit.TakeSnapshot("a").apply(one)).hasMessageContaining("\"a\" is there twice");
        SessionState two = new Edit.TakeSnapshot("b").apply(one);
        assertThatThrownBy(() -> new Edit.RenameSnapshot("b", "a").apply(two))
                .hasMessageContaining("\"a\" is there twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", " a", "a ", "a\nb", "a\u0000"})
    void namesThatCannotBeReadAreRefused(String name) {
        assertThatThrownBy(() -> Snapshot.of(name, EIGHT)).hasMessageContaining("name: one line");
    }

    /** A score belongs to the data and to what is scored, wherever the files lie. */
    @Test
    void aScoreRestsOnTheContentOfTheDataAndNotOnTheSettings() {
        String rests = SnapshotScore.restsOn(EIGHT);
        assertThat(SnapshotScore.restsOn(four())).isEqualTo(rests);
        assertThat(SnapshotScore.restsOn(EIGHT.withEvaluationData(Optional.of(DATA.withPath(Path.of("/other.npz"))))))
                .isEqualTo(rests);
        assertThat(SnapshotScore.restsOn(EIGHT.withEvaluationData(Optional.empty())))
                .isNotEqualTo(rests);
        assertThat(SnapshotScore.restsOn(EIGHT.withCalibrationData(Optional.of(DATA))))
                .isNotEqualTo(rests);
    }
}
