package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.selected.CodesViewModel;
import org.quantscope.app.selected.ErrorViewModel;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.CodePass;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;

class CodesTest {
    @TempDir
    Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.open("fashion_mobilenet_folded.onnx");
    }

    @AfterEach
    void close() {
        at.close();
    }

    private CodesViewModel.View codes() {
        return at.context.codes().viewProperty().get().orElseThrow();
    }

    private CodeReport exact(QuantParams params) {
        return CodePass.measure(at.tensor(), params, new CancelToken());
    }

    @Test
    void nothingIsCountedWhileNobodyLooks() {
        assertThat(at.context.codes().viewProperty().get()).isEmpty();
        at.context.selected().setRange(ClipRange.symmetric(1));
        at.held = true;
        at.context.quantizer().setBits(3);
        at.runWaiting();
        at.context.codes().setShowing(true);
        assertThat(at.waiting).hasSize(1);
        at.runWaiting();
        assertThat(codes().strip().counts())
                .isEqualTo(exact(at.measured().params()).counts());
        at.context.codes().setShowing(false);
        at.context.selected().preview(ClipRange.symmetric(0.5f));
        at.runWaiting();
        at.context.codes().setShowing(true);
        assertThat(at.waiting).hasSize(1);
    }

    @Test
    void figuresAreThoseOfTheExactPass() {
        at.context.quantizer().setBits(4);
        at.context.selected().setRange(ClipRange.symmetric(1));
        at.context.codes().setShowing(true);
        CodeReport r = exact(at.measured().params());
        ErrorReport e = ErrorPass.measure(at.tensor(), at.measured().params(), new CancelToken());

        assertThat(codes().strip().counts()).isEqualTo(r.counts());
        assertThat(codes().strip().first()).isEqualTo(-7);
        assertThat(codes().words().used()).isEqualTo(r.usedCodes() + " of 15");
        assertThat(codes().words().entropy()).isEqualTo(String.format(Locale.ROOT, "%.2f of 4", r.entropy()));
        assertThat(codes().words().saved()).isEqualTo(String.format(Locale.ROOT, "%.2f bits", 4 - r.entropy()));
        assertThat(codes().words().klDivergence()).isEqualTo(Figures.small(r.klDivergence()) + " nats");
        assertThat(e.clippedLow()).isPositive();
        assertThat(e.clippedHigh()).isPositive();
        assertThat(codes().words().clipped())
                .isEqualTo(Figures.percent(e.clippedLowFraction()) + " · " + Figures.percent(e.clippedHighFraction()));
        assertThat(codes().previous()).isFalse();
    }

    @Test
    void whileAHandleIsDraggedTheCountsOfBeforeArePreviousAndTheNewestRangeWins() {
        at.context.codes().setShowing(true);
        var before = codes().strip().counts();
        at.held = true;
        for (int i = 20; i > 0; i--) {
            at.context.selected().preview(ClipRange.symmetric(i * 0.1f));
        }
        assertThat(codes().previous()).isTrue();
        assertThat(codes().strip().counts()).isEqualTo(before);
        // One pass of each kind is under way; what was asked for between is not made up for.
        assertThat(at.waiting).hasSizeLessThanOrEqualTo(3);
        at.runWaiting();
        assertThat(codes().previous()).isFalse();
        assertThat(codes().strip().counts())
                .isEqualTo(exact(at.measured().params()).counts());
    }

    @Test
    void figuresOfSecondRankAreThoseOfTheExactPassAndAreMadeWhenUnfolded() {
        at.context.quantizer().setBits(4);
        at.context.selected().setRange(ClipRange.symmetric(1));
        assertThat(at.context.error().moreProperty().get()).isEmpty();
        at.context.error().unfoldedProperty().set(true);
        CodeReport r = exact(at.measured().params());
        ErrorReport e = ErrorPass.measure(at.tensor(), at.measured().params(), new CancelToken());

        assertThat(at.context.error().moreProperty().get())
                .contains(new ErrorViewModel.More(
                        Figures.mse(r.mae()),
                        String.format(
                                Locale.ROOT,
                                "%.4f (ideal 0.2887)",
                                r.rmseInSteps().orElseThrow()),
                        Figures.decibels(r.psnrDb(e.mse())),
                        r.usedCodes() + " of 15",
                        String.format(Locale.ROOT, "%.2f of 4 bits", r.entropy()),
                        false));
        ErrorViewModel.View view = at.context.error().viewProperty().get().orElseThrow();
        assertThat(view.clipped().low()).isEqualTo(Figures.percent(e.clippedLowFraction()));
        assertThat(view.clipped().high()).isEqualTo(Figures.percent(e.clippedHighFraction()));
        assertThat(view.bitsPerWeight())
                .isEqualTo(String.format(
                        Locale.ROOT,
                        "%.3f",
                        4 + 32.0 / at.tensor().info().shape().count()));
    }

    @Test
    void aCodebookHasNoErrorInSteps() {
        at.context.quantizer().setScheme("nf4");
        at.context.error().unfoldedProperty().set(true);
        assertThat(at.context.error().moreProperty().get().orElseThrow().rmseInSteps())
                .isEqualTo(Figures.NONE);
        assertThat(at.context.error().moreProperty().get().orElseThrow().usedCodes())
                .endsWith(" of 16");
    }

    @Test
    void aTensorThatStaysFloatHasNoCodes() {
        at.context.codes().setShowing(true);
        assertThat(at.context.codes().viewProperty().get()).isPresent();
        at.context.tensors().keepFloat(java.util.Set.of(at.hand().subject().id()));
        assertThat(at.context.codes().viewProperty().get()).isEmpty();
    }
}
