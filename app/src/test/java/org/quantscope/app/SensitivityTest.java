package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.app.tensors.SensitivityViewModel.Status;
import org.quantscope.app.tensors.SensitivityViewModel.View;
import org.quantscope.app.tensors.ShownSensitivity;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.app.tensors.TensorsViewModel;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sensitivity.SensitivityScope;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** The sweep, the list and the menu's acts without a window: everything runs on the thread of the test. */
class SensitivityTest {
    private static final TensorId FIRST = new TensorId("0.weight");
    private static final TensorId SECOND = new TensorId("2.weight");

    @TempDir
    Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder.resolve("config"));
    }

    @AfterEach
    void close() {
        at.close();
    }

    private void openDigits() {
        at.open("digits_mlp.onnx");
        at.context.session().open(List.of(SampleFiles.DIGITS_TEST));
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2))));
    }

    private View view() {
        return at.context.sensitivity().viewProperty().get();
    }

    private ShownSensitivity sensitivity(TensorId id) {
        return view().tensors().get(id);
    }

    @Test
    void nothingCanBeSweptWithoutAGraphOrDataOrAQuantizedTensor() {
        assertThat(view().status()).isEqualTo(Status.IMPOSSIBLE);
        at.open("fashion_resnet.safetensors");
        assertThat(view().why()).startsWith("this file holds weights");
        at.open("digits_mlp.onnx");
        assertThat(view().why()).isEqualTo("needs data to evaluate on");
        openDigits();
        assertThat(view().status()).isEqualTo(Status.IDLE);
        at.context.bench().apply(new Edit.SetWeights(Optional.empty()));
        assertThat(view().why()).isEqualTo("everything stays in float");
    }

    @Test
    void aSweepFindsWhatSingleEvaluationsFind() {
        openDigits();

        at.context.sensitivity().toggle();

        assertThat(at.problems).isEmpty();
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(view().tensors()).hasSize(3);
        assertThat(view().known()).isEqualTo(7);
        Model model = at.context.bench().analysed().orElseThrow();
        QuantParams params = at.context
                .measurements()
                .snapshotProperty()
                .get()
                .tensors()
                .get(FIRST)
                .params();
        try (LiveEvaluator evaluator =
                new LiveEvaluator(model, at.context.bench().evaluationData().orElseThrow(), 9)) {
            AccuracyEstimate alone = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), Map.of(FIRST, params), Map.of()), new CancelToken(), e -> {});
            assertThat(sensitivity(FIRST).figures().onlyThis().orElseThrow().correct())
                    .isEqualTo(alone.correct());
            assertThat(sensitivity(FIRST).loss()).hasValue(alone.floatScore() - alone.score());
        }
        assertThat(sensitivity(FIRST).onlyPrevious()).isFalse();
        assertThat(sensitivity(FIRST).describe())
                .startsWith("only this quantized: ")
                .contains("(500 of 500 samples)", "all but this quantized: ", "output SQNR of only this: ");
    }

    @Test
    void theListIsSortedByDamageWhenThatIsChosen() {
        openDigits();
        at.context.sensitivity().toggle();
        at.context.tensors().orderProperty().set(TensorOrder.MOST_SENSITIVE_FIRST);

        List<TensorRow> rows = at.context.tensors().rowsProperty().get().weights();

        assertThat(rows).hasSize(3);
        List<Double> losses = rows.stream()
                .map(r -> r.sensitivity().orElseThrow().loss().orElseThrow())
                .toList();
        assertThat(losses).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(losses.getFirst()).isGreaterThan(losses.getLast());
        assertThat(rows.getFirst().level())
                .isEqualTo(rows.getFirst().sensitivity().orElseThrow().level().orElseThrow());
        at.context.tensors().orderProperty().set(new TensorOrder(TensorOrder.MOST_SENSITIVE_FIRST.key(), true));
        assertThat(at.context.tensors().rowsProperty().get().weights()).isEqualTo(rows.reversed());
    }

    @Test
    void anEditMarksWhatItTouchesAndUndoBringsItBack() {
        openDigits();
        at.context.sensitivity().toggle();
        ShownSensitivity before = sensitivity(FIRST);

        at.context.bench().apply(new Edit.SetOverride(FIRST, QuantSpec.WEIGHTS.withBits(4)));

        assertThat(view().status()).isEqualTo(Status.IDLE);
        assertThat(sensitivity(FIRST).onlyPrevious()).isTrue();
        assertThat(sensitivity(FIRST).allButPrevious()).isFalse();
        assertThat(sensitivity(SECOND).onlyPrevious()).isFalse();
        assertThat(sensitivity(SECOND).allButPrevious()).isTrue();
        assertThat(sensitivity(FIRST).describe()).contains("500 of 500 samples, previous setting");
        assertThat(view().known()).isEqualTo(3);

        at.context.bench().undo();
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(sensitivity(FIRST)).isEqualTo(before);

        at.context.bench().redo();
        at.context.sensitivity().toggle();
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(sensitivity(FIRST).onlyPrevious()).isFalse();
        assertThat(sensitivity(FIRST).loss().orElseThrow())
                .isLessThan(before.loss().orElseThrow());
    }

    @Test
    void aTensorThatStaysFloatHasNoSensitivity() {
        openDigits();
        at.context.sensitivity().toggle();

        at.context.tensors().keepFloat(Set.of(FIRST));

        assertThat(view().tensors()).containsOnlyKeys(SECOND, new TensorId("4.weight"));
        // Of the three only the last is left beside the second: that is known already.
        assertThat(sensitivity(SECOND).allButPrevious()).isFalse();
        assertThat(sensitivity(SECOND).figures().allButThis())
                .isEqualTo(sensitivity(new TensorId("4.weight")).figures().onlyThis());
    }

    @Test
    void aSecondPressStopsASweepThatHasNotBegun() {
        openDigits();
        at.held = true;
        at.context.sensitivity().toggle();
        assertThat(view().status()).isEqualTo(Status.RUNNING);
        at.context.sensitivity().toggle();
        assertThat(view().status()).isEqualTo(Status.IDLE);

        at.held = false;
        at.runWaiting();

        assertThat(view().status()).isEqualTo(Status.IDLE);
        assertThat(view().tensors()).isEmpty();
    }

    @Test
    void whatASweepFoundIsThereAfterARestartAndOnlyWhatAnEditTouchedIsMissing() {
        openDigits();
        at.context.sensitivity().toggle();
        Map<TensorId, ShownSensitivity> before = view().tensors();
        at.close();

        at = new HeldContext(folder.resolve("config"));
        openDigits();
        assertThat(view().status()).isEqualTo(Status.DONE);
        // The intervals of the figures are not kept: a ranking does not show them.
        assertThat(view().tensors())
                .usingRecursiveComparison()
                .withEqualsForType(Double::equals, Double.class)
                .ignoringFieldsMatchingRegexes(".*details\\.intervals")
                .isEqualTo(before);

        at.close();
        at = new HeldContext(folder.resolve("config"));
        at.open("digits_mlp.onnx");
        at.context.session().open(List.of(SampleFiles.DIGITS_TEST));
        at.context
                .bench()
                .apply(new Edit.All(
                        "one of them finer",
                        List.of(
                                new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2))),
                                new Edit.SetOverride(FIRST, QuantSpec.WEIGHTS.withBits(4)))));
        assertThat(view().status()).isEqualTo(Status.IDLE);
        assertThat(view().known()).isEqualTo(3);
        assertThat(sensitivity(SECOND).onlyPrevious()).isFalse();
        assertThat(sensitivity(SECOND).figures().allButThis()).isEmpty();
        assertThat(sensitivity(FIRST).figures().onlyThis()).isEmpty();
        assertThat(sensitivity(FIRST).figures().allButThis())
                .usingRecursiveComparison()
                .withEqualsForType(Double::equals, Double.class)
                .ignoringFieldsMatchingRegexes(".*details\\.intervals")
                .isEqualTo(before.get(FIRST).figures().allButThis());
    }

    @Test
    void theScopeIsThatOfTheModelAndTheDataSoThatTheCommandLineFindsIt() throws IOException {
        openDigits();
        at.context.sensitivity().toggle();
        Model model = at.context.bench().analysed().orElseThrow();
        SessionState state = at.state();
        SensitivityScope scope = SensitivityScope.of(
                state.modelKey(),
                true,
                Set.of(),
                model,
                model,
                Datasets.open(SampleFiles.DIGITS_TEST),
                Optional.empty(),
                new CancelToken());

        assertThat(folder.resolve("config/sensitivity/" + scope.sha256() + ".sensitivity"))
                .exists();
    }

    @Test
    void anEditWhileASweepRunsMakesItGoOnWithTheNewSettings() {
        openDigits();
        at.held = true;
        at.context.sensitivity().toggle();
        at.context.bench().apply(new Edit.SetOverride(FIRST, QuantSpec.WEIGHTS.withBits(4)));

        at.held = false;
        at.runWaiting();

        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(view().tensors().values()).noneMatch(d -> d.onlyPrevious() || d.allButPrevious());
    }

    @Test
    void aSweepThatEndsWhileAnEditIsTakenBackHasEnded() {
        openDigits();
        at.held = true;
        at.context.sensitivity().toggle();
        at.context.bench().apply(new Edit.SetOverride(FIRST, QuantSpec.WEIGHTS.withBits(4)));
        while (!at.waiting.isEmpty() && view().tensors().isEmpty()) {
            at.waiting.poll().run();
        }
        assertThat(view().status()).isEqualTo(Status.RUNNING);
        at.context.bench().undo();

        at.held = false;
        at.runWaiting();

        assertThat(view().status()).isEqualTo(Status.DONE);
    }

    @Test
    void anotherMetricIsAnotherSweep() {
        openDigits();
        at.context.sensitivity().toggle();

        at.context.accuracy().score(Optional.of(new org.quantscope.core.eval.Task.Cosine()));

        assertThat(view().status()).isEqualTo(Status.IDLE);
        assertThat(view().tensors()).isEmpty();
        at.context.sensitivity().toggle();
        assertThat(sensitivity(FIRST).figures().onlyThis().orElseThrow().task())
                .isEqualTo(new org.quantscope.core.eval.Task.Cosine());
        at.context.bench().undo();
        assertThat(view().status()).isEqualTo(Status.DONE);
    }

    @Test
    void eachActIsOneStep() {
        openDigits();
        QuantSpec start = at.context
                .bench()
                .spec(at.context.bench().subject(FIRST).orElseThrow())
                .orElseThrow();
        Map<String, Runnable> acts = Map.of(
                "keep in float: 0.weight",
                () -> at.context.tensors().keepFloat(Set.of(FIRST)),
                "16 bits for 0.weight",
                () -> at.context.tensors().sixteenBits(Set.of(FIRST)),
                "per channel for 0.weight",
                () -> at.context
                        .tensors()
                        .change("per channel", Set.of(FIRST), s -> s.withGranularity(Granularity.CHANNEL)),
                "calibrate with " + Calibrators.byId("mse").title() + " for 0.weight",
                () -> at.context.tensors().adopt(Calibrators.byId("mse"), Set.of(FIRST)));
        acts.forEach((title, act) -> {
            act.run();
            assertThat(at.context.bench().undoTitleProperty().get()).isEqualTo(title);
            assertThat(at.context.bench().subject(FIRST).flatMap(at.context.bench()::spec))
                    .isNotEqualTo(Optional.of(start));
            at.context.bench().undo();
            assertThat(at.context.bench().subject(FIRST).flatMap(at.context.bench()::spec))
                    .contains(start);
        });

        at.context.tensors().adopt(Calibrators.byId("mse"), Set.of(FIRST));
        assertThat(at.context.bench().subject(FIRST).flatMap(at.context.bench()::spec))
                .contains(start.withClip(new Clip.Auto("mse")));
        at.context.tensors().reset(Set.of(FIRST));
        assertThat(at.context.bench().subject(FIRST).flatMap(at.context.bench()::spec))
                .contains(start);
    }

    /** Ways to change the setting of the first weight from the menu. */
    static Stream<Arguments> acts() {
        return Stream.of(
                Arguments.of("16 bits", (Consumer<TensorsViewModel>) t -> t.sixteenBits(Set.of(FIRST))),
                Arguments.of("per channel", (Consumer<TensorsViewModel>)
                        t -> t.change("per channel", Set.of(FIRST), s -> s.withGranularity(Granularity.CHANNEL))),
                Arguments.of("3 bits", (Consumer<TensorsViewModel>)
                        t -> t.change("3 bits", Set.of(FIRST), s -> s.withBits(3))),
                Arguments.of("mse", (Consumer<TensorsViewModel>) t -> t.adopt(Calibrators.byId("mse"), Set.of(FIRST))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("acts")
    void anActRanksAnewByTheOneEvaluationThatItTakes(String name, Consumer<TensorsViewModel> act) {
        openDigits();
        at.context.sensitivity().toggle();
        at.context.tensors().orderProperty().set(TensorOrder.MOST_SENSITIVE_FIRST);
        ShownSensitivity before = sensitivity(FIRST);

        act.accept(at.context.tensors());

        // Alone: the two others are known, the first is evaluated; all but one: only all but the first is what it was.
        assertThat(view().known()).isEqualTo(4);
        assertThat(view().status()).isEqualTo(Status.IDLE);
        assertThat(sensitivity(FIRST).onlyPrevious()).isFalse();
        assertThat(sensitivity(FIRST).allButPrevious()).isFalse();
        assertThat(sensitivity(SECOND).onlyPrevious()).isFalse();
        assertThat(sensitivity(SECOND).allButPrevious()).isTrue();
        QuantParams now = at.context
                .measurements()
                .snapshotProperty()
                .get()
                .tensors()
                .get(FIRST)
                .params();
        try (LiveEvaluator evaluator = new LiveEvaluator(
                at.context.bench().analysed().orElseThrow(),
                at.context.bench().evaluationData().orElseThrow(),
                9)) {
            AccuracyEstimate alone = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), Map.of(FIRST, now), Map.of()), new CancelToken(), e -> {});
            assertThat(sensitivity(FIRST).figures().onlyThis().orElseThrow().correct())
                    .isEqualTo(alone.correct());
        }
        List<TensorRow> rows = at.context.tensors().rowsProperty().get().weights();
        assertThat(rows.stream()
                        .map(r -> r.sensitivity().orElseThrow().loss().orElseThrow())
                        .toList())
                .isSortedAccordingTo((a, b) -> Double.compare(b, a));

        // A sweep evaluates the other three.
        at.context.sensitivity().toggle();
        assertThat(view().status()).isEqualTo(Status.DONE);
        at.context.bench().undo();
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(sensitivity(FIRST)).isEqualTo(before);
    }

    @Test
    void anActOnATensorThatLeavesTheSetRanksTheOthersWithoutAnEvaluation() {
        openDigits();
        at.context.sensitivity().toggle();
        at.context.tensors().keepFloat(Set.of(FIRST));
        // Of three tensors, with one gone, all but one is another one alone, and all are all but the first.
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(view().known()).isEqualTo(5);

        at.context.tensors().quantize(Set.of(FIRST));
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(view().known()).isEqualTo(7);
    }

    @Test
    void anActBeforeASweepAsksForNothing() {
        openDigits();
        at.context.tensors().sixteenBits(Set.of(FIRST));
        assertThat(view().tensors()).isEmpty();

        at.held = true;
        at.context.sensitivity().toggle();
        at.context.sensitivity().toggle();
        at.context.tensors().change("3 bits", Set.of(FIRST), s -> s.withBits(3));
        at.held = false;
        at.runWaiting();
        assertThat(view().tensors()).isEmpty();
    }

    @Test
    void aSecondActWhileTheFirstIsRankedRanksBoth() {
        openDigits();
        at.context.sensitivity().toggle();
        at.held = true;
        at.context.tensors().sixteenBits(Set.of(FIRST));
        while (sensitivity(FIRST) != null && !sensitivity(FIRST).onlyPrevious()) {
            at.waiting.remove().run();
        }
        at.context.tensors().sixteenBits(Set.of(SECOND));
        at.held = false;
        at.runWaiting();

        assertThat(sensitivity(FIRST).onlyPrevious()).isFalse();
        assertThat(sensitivity(SECOND).onlyPrevious()).isFalse();
        assertThat(view().known()).isEqualTo(3);
    }

    private ClipRange range(TensorId activation) {
        return at.context
                .measurements()
                .snapshotProperty()
                .get()
                .ranges()
                .ranges()
                .get(activation);
    }

    @Test
    void anActivationThatAdoptsACalibratorHasItsRangeAtOnceAndLosesItByAReset() {
        openDigits();
        SampleFiles.calibrateDigits(at.context);
        at.context.activations().quantize(true);
        TensorId activation = at.context.bench().activations().get(1).id();
        ClipRange before = range(activation);

        at.context.tensors().adopt(Calibrators.byId("std"), Set.of(activation));
        assertThat(range(activation)).isNotEqualTo(before);
        assertThat(at.context.tensors().isActivation(activation)).isTrue();

        at.context.tensors().reset(Set.of(activation));
        assertThat(range(activation)).isEqualTo(before);

        at.context.sensitivity().toggle();
        assertThat(view().status()).isEqualTo(Status.DONE);
        assertThat(view().tensors().keySet())
                .containsAll(
                        Stream.concat(at.context.bench().weights().stream(), at.context.bench().activations().stream())
                                .map(s -> s.id())
                                .toList());
    }
}
