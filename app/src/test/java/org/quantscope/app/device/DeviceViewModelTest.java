package org.quantscope.app.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
import org.quantscope.core.session.DeviceBudget;
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

    private BudgetLine line(Limit limit) {
        return shown().budget().get(limit.ordinal());
    }

    /** Limits are saved choices: an edit each, in the session, and beside the value in hand. */
    @Test
    void limitsAreEditsAndTurnBrokenWithTheSettings() {
        context.device().setShowing(true);
        assertThat(shown().budget()).extracting(BudgetLine::state).containsOnly(BudgetLine.State.NO_LIMIT);
        long weights = shown().cost().weightBytes();

        context.device().setLimit(Limit.FLASH, weights + " B");
        context.device().setLimit(Limit.ACCURACY, "50");
        context.device().setLimit(Limit.CLASS_ACCURACY, "100 %");
        context.device().setLimit(Limit.MS, "5");

        assertThat(context.bench().stateProperty().get().orElseThrow().budget())
                .isEqualTo(new DeviceBudget(
                        OptionalDouble.of(weights),
                        OptionalDouble.empty(),
                        OptionalDouble.empty(),
                        OptionalDouble.of(5),
                        OptionalDouble.of(0.5),
                        OptionalDouble.of(1)));
        assertThat(line(Limit.FLASH).state()).isEqualTo(BudgetLine.State.KEPT);
        assertThat(line(Limit.ACCURACY).state()).isEqualTo(BudgetLine.State.KEPT);
        assertThat(line(Limit.ACCURACY).typed()).isEqualTo("50 %");
        assertThat(line(Limit.CLASS_ACCURACY).state()).isEqualTo(BudgetLine.State.BROKEN);
        assertThat(line(Limit.MS).state()).isEqualTo(BudgetLine.State.PENDING);
        assertThat(line(Limit.MACS).state()).isEqualTo(BudgetLine.State.NO_LIMIT);

        context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(16))));
        assertThat(line(Limit.FLASH).state()).isEqualTo(BudgetLine.State.BROKEN);
        context.bench().undo();
        assertThat(line(Limit.FLASH).state()).isEqualTo(BudgetLine.State.KEPT);
        context.bench().undo();
        assertThat(line(Limit.MS).state()).as("one step each").isEqualTo(BudgetLine.State.NO_LIMIT);
        assertThat(line(Limit.CLASS_ACCURACY).typed()).isEqualTo("100 %");

        context.device().setLimit(Limit.CLASS_ACCURACY, " ");
        assertThat(line(Limit.CLASS_ACCURACY).state()).isEqualTo(BudgetLine.State.NO_LIMIT);
    }

    @ParameterizedTest
    @CsvSource({
        "FLASH, 256 KiB, 262144, 256 KiB",
        "FLASH, 1.5 MB, 1500000, 1500000 B",
        "RAM, 12345, 12345, 12345 B",
        "RAM, 0.5kib, 512, 512 B",
        "MACS, 1.5 M, 1500000, 1.5 M",
        "MACS, 2k, 2000, 2000",
        "MS, '0,25', 0.25, 0.25 ms",
        "ACCURACY, 97.3, 0.973, 97.3 %",
        "CLASS_ACCURACY, 7 %, 0.07, 7 %"
    })
    void whatIsTypedIsReadAndWrittenTheSame(Limit limit, String typed, double value, String text) {
        assertThat(limit.parse(typed)).isEqualTo(value);
        assertThat(limit.text(value)).isEqualTo(text);
        assertThat(limit.parse(text)).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource({
        "FLASH, abc",
        "FLASH, 5 %",
        "RAM, -1",
        "MACS, NaN",
        "MS, 5 s",
        "ACCURACY, 101",
        "ACCURACY, 5 MB",
        "RAM, 1e999"
    })
    void whatIsNoLimitIsRefusedInWordsAndChangesNothing(Limit limit, String typed) {
        context.device().setShowing(true);
        context.device().setLimit(limit, typed);

        assertThat(shown().refused())
                .startsWith(limit.title())
                .contains(limit.unit())
                .contains(typed);
        assertThat(context.bench().stateProperty().get().orElseThrow().budget().isNone())
                .isTrue();
    }

    /** What was measured is still known when a limit is set. */
    @Test
    void aMeasurementOutlivesALimit() {
        context.device().setShowing(true);
        context.device().measure();
        context.device().setLimit(Limit.MS, "1000");

        assertThat(line(Limit.MS).state()).isEqualTo(BudgetLine.State.KEPT);
    }
}
