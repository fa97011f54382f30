package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.core.eval.CacheUse;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.TensorId;

/** What comes late from the background is not taken for an answer to what was asked since. */
class NewestWinsTest {
    @TempDir
    Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
    }

    @AfterEach
    void close() {
        at.held = false;
        at.runWaiting();
        at.close();
        assertThat(at.problems).isEmpty();
    }

    @Test
    void anExactErrorOfTheRangeBeforeIsNotShownForTheNewerPreview() {
        at.context.session().openModel(SampleFiles.DIGITS);
        float end = at.hand().clip().orElseThrow().absMax();
        ClipRange newer = ClipRange.symmetric(end / 4);

        at.sceneHeld = true;
        at.context.selected().preview(ClipRange.symmetric(end / 2));
        at.held = true;
        at.context.selected().preview(newer);
        at.sceneHeld = false;
        at.runWaitingForScene();

        assertThat(at.hand().clip()).contains(newer);
        assertThat(at.measured().error().exact()).isFalse();
        at.runWaiting();
        assertThat(at.hand().clip()).contains(newer);
        assertThat(at.measured().error().exact()).isTrue();
        assertThat(at.measured().error().mse())
                .isEqualTo(ErrorPass.measure(at.tensor(), at.measured().params(), new CancelToken())
                        .mse());
    }

    /** What the next drag needs is computed as soon as its tensor is selected, not when the drag begins. */
    @Test
    void selectingAnotherTensorKeepsTheValuesInFrontOfIt() {
        at.context.session().openSample(SampleFiles.digits());
        at.context.bench().select(new TensorId("2.weight"));
        at.context.bench().select(new TensorId("4.weight"));
        assertKept();
    }

    @Test
    void selectingAnotherTensorWhileTheAccuracyIsComputedKeepsTheValuesInFrontOfItBehindThat() {
        CacheUse expected;
        try (HeldContext calm = new HeldContext(folder.resolve("calm"))) {
            calm.context.session().openSample(SampleFiles.digits());
            calm.context.bench().select(new TensorId("2.weight"));
            calm.context.quantizer().setBits(5);
            CacheUse before = calm.context.accuracy().cacheProperty().get().orElseThrow();
            calm.context.bench().select(new TensorId("4.weight"));
            expected = calm.context.accuracy().cacheProperty().get().orElseThrow();
            assertThat(expected.bytes()).isGreaterThan(before.bytes());
        }

        at.context.session().openSample(SampleFiles.digits());
        at.context.bench().select(new TensorId("2.weight"));
        at.held = true;
        at.context.quantizer().setBits(5);
        while (!at.context.measurements().snapshotProperty().get().complete()
                || at.hand().previous()) {
            at.waiting.remove().run();
        }
        at.context.bench().select(new TensorId("4.weight"));
        assertThat(at.context.accuracy().viewProperty().get().status()).isEqualTo(Status.WAITING);
        at.runWaiting();
        assertThat(at.context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        assertThat(at.context.accuracy().cacheProperty().get()).contains(expected);
    }

    private void assertKept() {
        assertThat(at.context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        CacheUse use = at.context.accuracy().cacheProperty().get().orElseThrow();
        assertThat(use.batches()).isEqualTo(use.of());
        assertThat(use.bytes()).isPositive();
    }
}
