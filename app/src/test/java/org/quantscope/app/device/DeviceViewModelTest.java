package org.quantscope.app.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
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
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.device.DeviceProfile;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;

class DeviceViewModelTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private ApplicationContext context;

    @BeforeEach
    void start() {
        context = context();
        context.session().openSample(SampleFiles.digits());
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

    private DeviceViewModel.View.Shown shown() {
        return (DeviceViewModel.View.Shown) context.device().viewProperty().get();
    }

    @Test
    void nothingIsCountedWhileItIsNotShown() {
        assertThat(context.device().viewProperty().get()).isInstanceOf(DeviceViewModel.View.Nothing.class);
    }

    /** The same figures as those of the command line's road, again after each change. */
    @Test
    void figuresFollowTheSettings() {
        context.device().setShowing(true);
        DeviceCost before = shown().cost();

        context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(4))));

        ExportPlan plan = context.export().planProperty().get().orElseThrow();
        DeviceCost now = shown().cost();
        assertThat(now)
                .isEqualTo(DeviceCost.of(
                        plan.model(),
                        plan.resolved(),
                        Optional.empty(),
                        context.bench().evaluationData(),
                        new CancelToken()));
        assertThat(now.weightBytes()).isLessThan(before.weightBytes());
        assertThat(now.macs()).isEqualTo(before.macs());
    }

    @Test
    void theBoardIsRememberedAndPacksWeights() {
        context.device().setShowing(true);
        context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3))));
        long tight = shown().cost().weightBytes();
        DeviceProfile pico = DeviceProfile.byId("pico").orElseThrow();

        context.device().choose(Optional.of(pico));

        assertThat(shown().board()).contains(pico);
        assertThat(shown().cost().weightBytes()).as("3 bits are stored in 4").isGreaterThan(tight);
        try (ApplicationContext later = context()) {
            later.session().openSample(SampleFiles.digits());
            later.device().setShowing(true);
            assertThat(((DeviceViewModel.View.Shown)
                                    later.device().viewProperty().get())
                            .board())
                    .contains(pico);
        }
    }

    @Test
    void aMeasurementHoldsForTheSettingsItWasMadeWith() {
        context.device().setShowing(true);
        context.device().measure();

        assertThat(notices.problems).isEmpty();
        assertThat(shown().measuring()).isFalse();
        assertThat(shown().speed().orElseThrow().ofFloat().median()).isPositive();

        context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(4))));
        assertThat(shown().speed()).isEmpty();
    }
}
