package org.quantscope.app.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
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
import org.quantscope.core.datacheck.DataCheck;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

class CalibrationViewModelTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private ApplicationContext context;

    @BeforeEach
    void start() {
        context = context();
    }

    private ApplicationContext context() {
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        return ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
    }

    @AfterEach
    void end() {
        context.close();
    }

    private CalibrationState view() {
        return context.calibrationQuality().viewProperty().get();
    }

    private MomentSketch seen(String name) {
        return context.bench().seenProperty().get().get(new TensorId(name));
    }

    @Test
    void withoutAModelOrDataItSaysWhatLacks() {
        assertThat(view().obstacle()).isEqualTo("No model is open.");
        context.session().open(List.of(SampleFiles.DIGITS));
        context.calibrationQuality().start();

        assertThat(view().obstacle()).isEqualTo("There is no calibration data yet: choose some.");
        assertThat(view().lacksData()).isTrue();
        assertThat(view().rows()).isEmpty();
    }

    /** The verdict and the samples are those of the command line's road. */
    @Test
    void showsWhatTheCheckFinds() {
        context.session().openSample(SampleFiles.digits());
        context.calibrationQuality().start();

        DataCheck check = DataCheck.of(
                context.bench().analysed().orElseThrow(),
                context.bench().calibrationData().orElseThrow(),
                QuantSpec.ACTIVATIONS,
                Progress.NONE,
                new CancelToken());
        assertThat(notices.problems).isEmpty();
        assertThat(view().verdict()).isEqualTo(check.sentence());
        assertThat(view().odd())
                .extracting(CalibrationState.Tile::index)
                .containsExactlyElementsOf(
                        check.odd().stream().map(DataCheck.Odd::index).toList());
        assertThat(view().odd()).allSatisfy(tile -> assertThat(tile.picture()).isPresent());
        assertThat(view().rows())
                .hasSameSizeAs(check.tensors())
                .allSatisfy(row -> assertThat(row.outside().orElseThrow()).isBetween(0.0, 0.05));
        context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(4))));
        assertThat(view().previous()).isTrue();
    }

    /** Leaving a sample out is an undo step; ranges follow, and the saved session knows of it. */
    @Test
    void aSampleThatIsLeftOutSetsNoRangeAnyMore() throws Exception {
        context.session().openSample(SampleFiles.digits());
        context.calibrationQuality().start();
        CalibrationState.Row first = view().rows().getFirst();
        assertThat(first.narrowed()).isPositive();
        float before = seen(first.name()).max() - seen(first.name()).min();

        context.calibrationQuality().leaveOut(first.setBy(), true);

        assertThat(context.bench().undoTitleProperty().get()).isEqualTo("leave out sample " + first.setBy());
        assertThat(seen(first.name()).max() - seen(first.name()).min()).isLessThan(before);
        assertThat(view().leftOut()).containsExactly(first.setBy());
        assertThat(view().rows()).noneMatch(row -> row.setBy() == first.setBy());
        assertThat(view().previous()).isFalse();
        Path file = folder.resolve("session.json");
        SessionFile.write(Session.of(context.bench().stateProperty().get().orElseThrow()), file);
        try (ApplicationContext later = context()) {
            later.session().open(List.of(file));
            assertThat(later.bench().calibrationData().orElseThrow().size()).isEqualTo(255);
            assertThat(later.bench().calibrationData().orElseThrow().dropped()).containsExactly(first.setBy());
            later.calibrationQuality().leaveOut(first.setBy(), false);
            assertThat(later.bench().calibrationData().orElseThrow().size()).isEqualTo(256);
        }

        context.bench().undo();
        assertThat(view().leftOut()).isEqualTo(new TreeSet<>());
        assertThat(seen(first.name()).max() - seen(first.name()).min()).isEqualTo(before);
    }
}
