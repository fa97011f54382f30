package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.selected.ClipCurve;
import org.quantscope.core.tensor.TensorId;

/** The error against the clip costs more than all else about a tensor, so it is computed only while it can be seen. */
class CurveShowingTest {
    private HeldContext at;

    @BeforeEach
    void open(@TempDir Path config) {
        at = new HeldContext(config);
        at.open("digits_mlp.onnx");
    }

    @AfterEach
    void close() {
        at.close();
    }

    private Optional<ClipCurve> curve() {
        return at.context.selected().curveProperty().get();
    }

    private void show(boolean showing) {
        at.context.selected().curveShowingProperty().set(showing);
    }

    @Test
    void aCurveThatNobodySeesIsNotComputed() {
        assertThat(at.hand().draggable()).isTrue();
        assertThat(curve()).isEmpty();
        at.held = true;
        show(true);
        assertThat(curve()).isEmpty();
        assertThat(at.waiting).hasSize(1);
        at.runWaiting();
        assertThat(curve().orElseThrow().points()).hasSize(ClipCurve.POINTS);
    }

    @Test
    void hiddenItIsDroppedAndShownAgainItIsThereAtOnce() {
        show(true);
        ClipCurve first = curve().orElseThrow();
        show(false);
        assertThat(curve()).isEmpty();
        at.held = true;
        show(true);
        assertThat(at.waiting).isEmpty();
        assertThat(curve().orElseThrow()).isSameAs(first);
    }

    /** Another tensor's curve would offer clips that are not this tensor's. */
    @Test
    void shownAgainItIsTheCurveOfTheTensorThatIsSelectedNow() {
        show(true);
        ClipCurve first = curve().orElseThrow();
        TensorId before = at.hand().subject().id();
        show(false);
        at.context.bench().select(at.context.bench().weights().getLast().id());
        assertThat(at.hand().subject().id()).isNotEqualTo(before);
        at.held = true;
        show(true);
        assertThat(curve()).isEmpty();
        at.runWaiting();
        assertThat(curve().orElseThrow().points()).isNotEqualTo(first.points());
    }

    @Test
    void hiddenBeforeItIsReadyItComesNoMore() {
        at.held = true;
        show(true);
        show(false);
        at.runWaiting();
        assertThat(curve()).isEmpty();
    }
}
