package org.quantscope.app.hold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import org.quantscope.core.Engine;
import org.quantscope.core.adaptive.AdaptiveComparison.Cell;
import org.quantscope.core.adaptive.RangeMode;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.robustness.Robustness;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.ResolvedSettings;

class HoldTest {
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
        assertThat(notices.problems).isEmpty();
    }

    private RobustnessState worse() {
        return context.robustness().viewProperty().get();
    }

    private AdaptiveState ranges() {
        return context.adaptive().viewProperty().get();
    }

    private AccuracyEstimate evaluated(Dataset data) {
        ResolvedSettings settings = Engine.resolve(
                context.bench().analysed().orElseThrow(),
                context.bench().stateProperty().get().orElseThrow(),
                context.bench().calibration(),
                (a, b, c) -> {},
                NEVER);
        try (LiveEvaluator evaluator =
                Engine.evaluator(context.bench().analysed().orElseThrow(), data)) {
            return evaluator.evaluate(
                    new EvalRequest(Optional.empty(), settings.weights(), settings.activations()), NEVER, e -> {});
        }
    }

    @Test
    void whatLacksIsSaid() {
        context.robustness().open();
        assertThat(worse().obstacle()).isEqualTo("No model is open.");
        assertThat(ranges().obstacle()).isEqualTo("No model is open.");
        context.session().open(List.of(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST));
        assertThat(worse().obstacle()).isEmpty();
        assertThat(ranges().obstacle()).contains("no calibration data");
    }

    @Test
    void theSliderAndTheCurveSayWhatAnEvaluationOfWorseSamplesSays() {
        context.session().open(List.of(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST));
        context.robustness().open();
        Corruption noise = worse().corruptions().stream()
                .filter(c -> c.id().equals("noise"))
                .findFirst()
                .orElseThrow();
        context.robustness().choose(noise);
        context.robustness().setSeverity(3);

        AccuracyEstimate expected = evaluated(Datasets.corrupted(
                context.bench().evaluationData().orElseThrow(), Optional.of(new Corrupted("noise", 3))));
        Robustness.Point live = worse().live().orElseThrow();
        assertThat(live.figure().correct()).isEqualTo(expected.correct());
        assertThat(live.figure().seen()).isEqualTo(500);
        assertThat(live.said().orElseThrow()).startsWith("Noise, severity 3");
        assertThat(worse().after().orElseThrow().argb())
                .isNotEqualTo(worse().before().orElseThrow().argb());
        assertThat(worse().curve()).isEmpty();

        context.robustness().start();
        assertThat(worse().running()).isFalse();
        assertThat(worse().curve())
                .extracting(Robustness.Point::severity)
                .containsExactly(0.0, 1.0, 2.0, 3.0, 4.0, 5.0);
        assertThat(worse().curve().get(3).figure().correct()).isEqualTo(expected.correct());
        assertThat(worse().stale()).isFalse();
        context.bench().select(context.bench().weights().getFirst().id());
        context.quantizer().setBits(2);
        assertThat(worse().stale()).isTrue();
        assertThat(worse().live().orElseThrow().figure().correct()).isLessThan(expected.correct());
        context.robustness().close();
    }

    @Test
    void everyModeHasALineAndFixedIsTheSettingInHand() {
        context.session().openSample(SampleFiles.digits());
        assertThat(ranges().obstacle()).isEqualTo("Activations are in float: quantize them first.");
        context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(4))));
        context.adaptive().start();

        assertThat(ranges().running()).isFalse();
        assertThat(ranges().rows()).extracting(r -> r.cell().mode()).containsExactly(RangeMode.values());
        Cell fixed = ranges().rows().getFirst().cell();
        assertThat(fixed.figure().orElseThrow().figure().correct())
                .isEqualTo(evaluated(context.bench().evaluationData().orElseThrow())
                        .correct());
        assertThat(ranges().notes()).hasSize(1);
        assertThat(ranges().stale()).isFalse();
        int correct = fixed.figure().orElseThrow().figure().correct();
        context.bench()
                .apply(new Edit.SetActivations(
                        Optional.of(QuantSpec.ACTIVATIONS.withBits(4).withClip(new Clip.Dynamic(true)))));
        assertThat(ranges().stale()).isTrue();
        context.adaptive().start();
        // What is found as the network runs is a mode of its own, not the fixed one.
        assertThat(ranges().rows()
                        .getFirst()
                        .cell()
                        .figure()
                        .orElseThrow()
                        .figure()
                        .correct())
                .isEqualTo(correct);
        Cell sample = ranges().rows().get(RangeMode.SAMPLE.ordinal()).cell();
        AccuracyEstimate found = evaluated(context.bench().evaluationData().orElseThrow());
        assertThat(sample.figure().orElseThrow().figure().correct()).isEqualTo(found.correct());
        assertThat(sample.figure().orElseThrow().figure().logitSqnrDb()).isCloseTo(found.logitSqnrDb(), within(1e-9));
    }
}
