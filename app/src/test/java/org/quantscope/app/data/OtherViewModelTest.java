package org.quantscope.app.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.datacheck.Drift;
import org.quantscope.core.datacheck.DriftPass;
import org.quantscope.core.datacheck.ExpectedChange;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.sketch.Observed;

class OtherViewModelTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private ApplicationContext context;

    @BeforeEach
    void start() {
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
    }

    @AfterEach
    void end() {
        context.close();
    }

    private OtherState view() {
        return context.otherData().viewProperty().get();
    }

    @Test
    void withoutAModelOrDataItSaysWhatLacks() {
        assertThat(view().obstacle()).isEqualTo("No model is open.");
        context.session().open(List.of(SampleFiles.DIGITS));
        context.otherData().compare(SampleFiles.DIGITS_TEST);

        assertThat(view().obstacle()).isEqualTo("There is no calibration data yet to compare with: choose some.");
        assertThat(view().lacksData()).isTrue();
        assertThat(view().rows()).isEmpty();
        assertThat(view().running()).isFalse();
    }

    /** The figures are those of the command line's road, and looking leaves no trace in the session. */
    @Test
    void showsWhatThePassFindsAndChangesNothing() throws IOException {
        context.session().openSample(SampleFiles.digits());
        context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(4))));
        var before = context.bench().stateProperty().get();
        String undo = context.bench().undoTitleProperty().get();

        context.otherData().compare(SampleFiles.DIGITS_TEST);

        assertThat(notices.problems).isEmpty();
        assertThat(context.bench().stateProperty().get()).isEqualTo(before);
        assertThat(context.bench().undoTitleProperty().get()).isEqualTo(undo);
        Model model = context.bench().analysed().orElseThrow();
        Dataset calibration = context.bench().calibrationData().orElseThrow();
        Observed seen = Engine.observe(model, calibration, Progress.NONE, NEVER);
        DriftPass.Found found = new DriftPass(
                        model,
                        Engine.resolve(model, before.orElseThrow(), Calibration.of(seen), Progress.NONE, NEVER),
                        seen.sketches(),
                        calibration,
                        data -> Engine.evaluator(model, data),
                        Set.of())
                .run(Datasets.open(SampleFiles.DIGITS_TEST), Progress.NONE, NEVER, part -> {});
        assertThat(view().rows())
                .extracting(OtherState.Row::of)
                .isEqualTo(found.drift().tensors())
                .isSortedAccordingTo(
                        Comparator.comparingDouble(Drift.Of::divergence).reversed());
        ExpectedChange.Known known = (ExpectedChange.Known) found.drift().expected();
        assertThat(view().expected())
                .contains(Figures.points(known.delta()) + " points ["
                        + Figures.points(known.interval().lo()) + " … "
                        + Figures.points(known.interval().hi()) + "] at 95 %, n = "
                        + Figures.count(known.samples()))
                .contains("By the labels that are there: "
                        + Figures.points(found.drift().measured().orElseThrow()));
        assertThat(view().basis()).contains("labelled calibration data");
        assertThat(view().other()).contains("digits_test.npz");
        assertThat(view().previous()).isFalse();
        assertThat(view().running()).isFalse();

        context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(5))));
        assertThat(view().previous()).isTrue();
        context.bench().undo();
        assertThat(view().previous()).isFalse();
    }

    @Test
    void dataThatCannotBeReadIsAProblemAndNothingMore() throws IOException {
        context.session().openSample(SampleFiles.digits());
        Path broken = Files.writeString(folder.resolve("broken.npz"), "no archive");

        context.otherData().compare(broken);

        assertThat(notices.problems).hasSize(1).first().asString().contains("broken.npz");
        assertThat(view().running()).isFalse();
        assertThat(view().rows()).isEmpty();
    }

    /** Samples of the field come without a sidecar: they are prepared like the calibration data, and it is said. */
    @Test
    void dataWithoutASidecarIsPreparedLikeTheCalibrationData() throws IOException {
        context.session().openSample(SampleFiles.digits());
        Path bare = Files.copy(SampleFiles.FOLDER.resolve("digits_calibration.npz"), folder.resolve("bare.npz"));

        context.otherData().compare(bare);

        assertThat(view().other()).contains("bare.npz").contains("prepared like the calibration data");
        assertThat(view().rows())
                .isNotEmpty()
                .allSatisfy(row -> assertThat(row.of().divergence()).isCloseTo(0, within(1e-12)));
    }

    /** Shares rise by decades: all at the top, a millionth at the bottom. */
    @Test
    void heightsAreSharesByDecades() {
        assertThat(TwoDistributions.height(1)).isEqualTo(1);
        assertThat(TwoDistributions.height(1e-3)).isCloseTo(0.5, within(1e-12));
        assertThat(TwoDistributions.height(1e-9)).isZero();
        assertThat(TwoDistributions.height(0)).isZero();
    }
}
