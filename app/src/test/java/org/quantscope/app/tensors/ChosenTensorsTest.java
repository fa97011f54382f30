package org.quantscope.app.tensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.Settings;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/** Several tensors that are marked in the list, and marks that do not claim more than is known. */
class ChosenTensorsTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private ApplicationContext context;

    @BeforeEach
    void open() {
        context =
                ApplicationContext.of(Runnable::run, Runnable::run, new Settings(folder), new ChosenAnswers(), notices);
        context.session().openSample(SampleFiles.digits());
    }

    @AfterEach
    void close() {
        context.close();
    }

    private List<TensorId> weights() {
        return context.bench().weights().stream().map(w -> w.id()).toList();
    }

    private QuantSpec spec(TensorId id) {
        return context.bench().spec(context.bench().subject(id).orElseThrow()).orElseThrow();
    }

    @Test
    void aChangeInTheFormIsForAllThatAreMarkedAndOneStep() {
        List<TensorId> all = weights();
        context.bench().select(all.get(0));
        context.bench().choose(Set.of(all.get(0), all.get(2)));
        assertThat(context.quantizer().togetherProperty().get()).isEqualTo(2);
        context.quantizer().setBits(4);
        assertThat(all.stream().map(this::spec).map(QuantSpec::bits)).containsExactly(4, 8, 4);
        assertThat(context.bench().undoTitleProperty().get()).contains("2 tensors");
        context.bench().undo();
        assertThat(all.stream().map(this::spec).map(QuantSpec::bits)).containsExactly(8, 8, 8);
    }

    @Test
    void aRangeByHandIsForTheTensorShownAlone() {
        List<TensorId> all = weights();
        context.bench().select(all.get(1));
        context.bench().choose(Set.copyOf(all));
        context.selected().setRange(ClipRange.symmetric(0.5f));
        assertThat(context.bench()
                        .stateProperty()
                        .get()
                        .orElseThrow()
                        .overrides()
                        .keySet())
                .containsExactly(all.get(1));
    }

    @Test
    void aChangeThatOneOfThemCannotTakeChangesNone() {
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getFirst().id();
        Set<TensorId> both =
                context.bench().activations().stream().map(a -> a.id()).collect(Collectors.toSet());
        context.bench().select(activation);
        context.bench().choose(both);
        var before = context.bench().stateProperty().get();
        context.quantizer().setScheme("mxfp4");
        assertThat(context.bench().stateProperty().get()).isEqualTo(before);
        assertThat(notices.problems).singleElement().asString().contains("a scale for each block");
    }

    @Test
    void anActivationThatIsMarkedTooKeepsItsSettingWhenAWeightIsChanged() {
        context.activations().quantize(true);
        TensorId activation = context.bench().activations().getFirst().id();
        context.bench().select(weights().getFirst());
        context.bench().choose(Set.of(weights().getFirst(), activation));
        assertThat(context.quantizer().togetherProperty().get()).isEqualTo(1);
        context.quantizer().setBits(4);
        assertThat(spec(activation).bits()).isEqualTo(8);
    }

    @Test
    void aGoodMarkIsInDoubtOnceTheModelHasLostMuchAccuracy() {
        TensorId first = weights().getFirst();
        TensorRow row = context.tensors().row(first).orElseThrow();
        assertThat(context.tensors().doubtProperty().get()).isFalse();
        assertThat(TensorCells.isDoubtful(row, false)).isFalse();
        assertThat(TensorCells.isDoubtful(row, true)).isTrue();

        // Another tensor ruins the model; the first one still has the SQNR it had.
        context.bench().select(weights().getLast());
        context.selected().setRange(ClipRange.symmetric(0.001f));
        var accuracy = context.accuracy().viewProperty().get().quantized().orElseThrow();
        assertThat(accuracy.delta()).isLessThan(-0.02);
        assertThat(context.tensors().doubtProperty().get()).isTrue();
        TensorRow ruined = context.tensors().row(weights().getLast()).orElseThrow();
        assertThat(ruined.level()).isEqualTo(ShownSensitivity.Level.BAD);
        assertThat(TensorCells.isDoubtful(ruined, true)).isFalse();
        context.bench().undo();
        assertThat(context.tensors().doubtProperty().get()).isFalse();
        context.tensors().judge(Optional.empty());
        assertThat(context.tensors().doubtProperty().get()).isFalse();
    }

    /** In a drag a new evaluation begins in each frame, and the list must not be written as often. */
    @Test
    void theVerdictOnTheMarksStaysUntilAllSamplesHaveBeenSeen() {
        AccuracyEstimate whole =
                context.accuracy().viewProperty().get().quantized().orElseThrow();
        assertThat(whole.isComplete()).isTrue();
        context.tensors().judge(Optional.of(of(whole, whole.total(), -0.2, -0.2)));
        assertThat(context.tensors().doubtProperty().get()).isTrue();
        context.tensors().judge(Optional.of(of(whole, 100, -0.05, 0.05)));
        assertThat(context.tensors().doubtProperty().get()).isTrue();
        context.tensors().judge(Optional.of(whole));
        assertThat(context.tensors().doubtProperty().get()).isFalse();
        context.tensors().judge(Optional.of(of(whole, 100, -0.05, 0.05)));
        assertThat(context.tensors().doubtProperty().get()).isFalse();
        context.tensors().judge(Optional.of(of(whole, 100, -0.3, -0.1)));
        assertThat(context.tensors().doubtProperty().get()).isTrue();
    }

    private static AccuracyEstimate of(AccuracyEstimate e, int seen, double lo, double hi) {
        return new AccuracyEstimate(
                e.task(),
                e.score(),
                e.floatScore(),
                seen,
                e.total(),
                e.agree(),
                new PairedInterval(lo, hi),
                e.logitSqnrDb(),
                e.klDivergence(),
                e.details());
    }
}
