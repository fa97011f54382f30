package org.quantscope.app.snapshots;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.app.snapshots.SnapshotsViewModel.Bar;
import org.quantscope.app.snapshots.SnapshotsViewModel.Kept;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SnapshotScore;

/** Snapshots are named after what they hold, know their score, and say nothing of data that they were not scored on. */
class KeptSettingsTest {
    @TempDir
    Path folder;

    private final ChosenAnswers answers = new ChosenAnswers();
    private final RecordedNotices notices = new RecordedNotices();
    private ApplicationContext context;

    @BeforeEach
    void open() {
        answers.unsaved = Questions.Unsaved.DISCARD;
        context = ApplicationContext.of(Runnable::run, Runnable::run, new Settings(folder), answers, notices);
        context.session().openSample(SampleFiles.digits());
    }

    @AfterEach
    void close() {
        context.close();
    }

    private List<Kept> kept() {
        return context.snapshots().viewProperty().get();
    }

    private SessionState state() {
        return context.bench().stateProperty().get().orElseThrow();
    }

    @Test
    void aSnapshotHasTheNameSizeScoreAndThumbnailOfItsSettings() {
        var first = context.bench().weights().getFirst();
        context.bench().select(first.id());
        context.quantizer().setBits(3);
        context.snapshots().take();
        context.snapshots().take();

        assertThat(kept()).extracting(Kept::name).containsExactly("W3–8", "W3–8 #2");
        Kept one = kept().getFirst();
        var accuracy = context.accuracy().viewProperty().get();
        assertThat(one.present()).isTrue();
        assertThat(one.bytes()).hasValue(accuracy.size().orElseThrow().quantizedBytes());
        SnapshotScore score = one.score().orElseThrow();
        assertThat(score.score()).isEqualTo(accuracy.quantized().orElseThrow().score());
        assertThat(score.floatScore())
                .isEqualTo(accuracy.quantized().orElseThrow().floatScore());
        assertThat(score.samples()).isEqualTo(500);
        assertThat(score.data()).isEqualTo("digits_test.npz");
        assertThat(one.bars()).startsWith(new Bar(3, false), new Bar(8, false), new Bar(8, false), new Bar(0, true));

        context.quantizer().setBits(8);
        assertThat(kept()).extracting(Kept::present).containsExactly(false, false);
        context.snapshots().restore(one.snapshot());
        assertThat(kept()).extracting(Kept::present).containsExactly(true, true);
        assertThat(context.bench().undoTitleProperty().get()).isEqualTo("restore the snapshot W3–8");
    }

    @Test
    void aScoreOnOtherDataStandsApart() {
        context.snapshots().take();
        SnapshotScore here = kept().getFirst().score().orElseThrow();
        context.session().openEvaluationData(SampleFiles.FOLDER.resolve("digits_calibration.npz"));

        // The settings in hand are those of the snapshot, so they are scored on the other data too.
        Kept both = kept().getFirst();
        assertThat(both.elsewhere()).containsExactly(here);
        assertThat(both.score().orElseThrow().data()).isEqualTo("digits_calibration.npz");
        context.quantizer().setBits(2);
        context.bench().undo();
        context.bench().undo();
        assertThat(kept().getFirst().score()).contains(here);
    }

    @Test
    void snapshotsAndScoresSurviveSavingAndOpening() throws Exception {
        context.snapshots().take();
        context.activations().quantize(true);
        context.snapshots().take("with ✓ activations");
        List<Kept> before = kept();
        assertThat(before).allMatch(k -> k.score().isPresent());
        Path file = folder.resolve("s.quantscope.json");
        answers.save = Optional.of(file);
        context.session().save();
        context.session().openSession(file);

        assertThat(notices.problems).isEmpty();
        assertThat(kept()).isEqualTo(before);
    }

    @Test
    void aCorrectedSnapshotIsRestoredAfterItsModelIsForgotten() throws Exception {
        context.corrections().apply(Corrections.byId("cross-layer-equalization"));
        context.snapshots().take("equalized");
        SessionState corrected = state();
        assertThat(corrected.corrections()).hasSize(1);
        while (!state().corrections().isEmpty()) {
            context.corrections().removeLast();
        }
        Path file = folder.resolve("s.quantscope.json");
        answers.save = Optional.of(file);
        context.session().save();
        context.session().openSession(file);
        assertThat(context.bench().knowsModel(corrected)).isFalse();

        context.snapshots().restore(kept().getFirst().snapshot());
        assertThat(state()).isEqualTo(corrected);
        context.bench().undo();
        assertThat(state().corrections()).isEmpty();
    }

    @Test
    void namesThatAreTakenAreRefusedWithWords() {
        context.snapshots().take("a");
        context.snapshots().take("b");
        context.snapshots().rename(kept().getLast().snapshot(), " a ");
        assertThat(notices.problems).singleElement().asString().contains("\"a\" is there twice");
        context.snapshots().rename(kept().getLast().snapshot(), "c");
        context.snapshots().delete(kept().getFirst().snapshot());
        assertThat(kept()).extracting(Kept::name).containsExactly("c");
    }
}
