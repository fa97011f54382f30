package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.selected.ClipCurve;
import org.quantscope.app.selected.ErrorViewModel;
import org.quantscope.app.session.Measured;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/** The error at the output of the layer of the selected tensor: the figure, the line and its pin, the list, the sentence. */
class AtOutputTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.open("digits_mlp.onnx");
        at.context.selected().curveShowingProperty().set(true);
        at.context.layerInputs().showingProperty().set(true);
    }

    @AfterEach
    void close() {
        at.close();
    }

    private ErrorViewModel.AtOutput shown() {
        return at.context.error().viewProperty().get().orElseThrow().output();
    }

    private double exact(QuantParams params) {
        return new LayerOutput(
                        at.tensor(),
                        at.context
                                .bench()
                                .importances()
                                .moments(at.tensor().id())
                                .orElseThrow(),
                        NEVER)
                .error(params, NEVER)
                .mse();
    }

    @Test
    void asksForCalibrationDataWhereThereIsNone() {
        assertThat(shown().why()).isEqualTo("open calibration data to see it");
        assertThat(shown().sqnr()).isEmpty();
        assertThat(at.context.selected().curveProperty().get().orElseThrow().outputs())
                .isEmpty();
    }

    @Test
    void theFigureFollowsTheHand() {
        SampleFiles.calibrateDigits(at.context);
        at.context.quantizer().setBits(3);
        assertThat(at.measured().output().orElseThrow().mse())
                .isEqualTo(exact(at.measured().params()));
        assertThat(shown().about()).contains("256 samples of digits_calibration.npz");
        assertThat(shown().previous()).isFalse();
        String before = shown().sqnr();

        at.held = true;
        at.context.selected().preview(ClipRange.symmetric(0.4f));
        assertThat(shown().sqnr()).isEqualTo(before);
        assertThat(shown().previous()).isTrue();
        at.runWaiting();
        Measured now = at.measured();
        assertThat(now.requested()).containsExactly(ClipRange.symmetric(0.4f));
        assertThat(now.output().orElseThrow().mse()).isEqualTo(exact(now.params()));
        assertThat(shown().sqnr())
                .isEqualTo(Figures.decibels(now.output().orElseThrow().sqnrDb()))
                .isNotEqualTo(before);
        assertThat(shown().previous()).isFalse();
        at.context.selected().cancel();
        at.runWaiting();
        assertThat(shown().sqnr()).isEqualTo(before);
    }

    @Test
    void theLineHasThePinOfTheLeastErrorAtItsLowestPlace() {
        SampleFiles.calibrateDigits(at.context);
        at.context.quantizer().setBits(3);
        ClipCurve curve = at.context.selected().curveProperty().get().orElseThrow();
        ClipCurve.Pin pin = curve.pins().stream()
                .filter(p -> p.calibratorId().equals("output-mse"))
                .findFirst()
                .orElseThrow();
        ClipRange chosen = RangeResolver.resolve(
                        at.tensor(),
                        at.hand().spec().orElseThrow().withClip(new Clip.Auto("output-mse")),
                        at.context.bench().importances(),
                        NEVER)
                .requested()
                .getFirst();
        assertThat(pin.range()).isEqualTo(chosen);
        double signal = at.measured().output().orElseThrow().signal();
        double least = exact(RangeResolver.resolve(
                        at.tensor(), at.hand().spec().orElseThrow().withClip(new Clip.Manual(chosen)), NEVER)
                .params());
        assertThat(curve.outputs())
                .hasSize(128)
                .allSatisfy(p -> assertThat(p.relative()).isGreaterThanOrEqualTo(least / signal * (1 - 1e-6)));
        ClipCurve.OutputPoint lowest = curve.outputs().stream()
                .min(Comparator.comparingDouble(ClipCurve.OutputPoint::relative))
                .orElseThrow();
        assertThat(lowest.relative()).isCloseTo(least / signal, within(0.2 * least / signal));
    }

    @Test
    void theListIsSortedByIt() {
        SampleFiles.calibrateDigits(at.context);
        at.context.quantizer().setBits(3);
        at.context.tensors().orderProperty().set(new TensorOrder(TensorOrder.Key.OUTPUT, false));
        double[] sorted = at.context.tensors().rowsProperty().get().weights().stream()
                .map(TensorRow::result)
                .map(TensorRow.Result::output)
                .mapToDouble(o -> o.orElseThrow().sqnrDb().orElseThrow())
                .toArray();
        assertThat(sorted).hasSize(3).isSorted();
        assertThat(sorted[0]).isLessThan(sorted[2]);
    }

    @Test
    void aSentenceSaysWhereTheLeastErrorIsNotTheBestAtTheOutput() {
        SampleFiles.calibrateDigits(at.context);
        at.context.bench().select(new TensorId("2.weight"));
        at.context.quantizer().setBits(3);
        double least = exact(RangeResolver.resolve(
                        at.tensor(), at.hand().spec().orElseThrow().withClip(new Clip.Auto("mse")), NEVER)
                .params());
        double signal = at.measured().output().orElseThrow().signal();
        assertThat(at.context.error().outputNoteProperty().get())
                .contains("least squared error")
                .contains(Figures.decibels(OptionalDouble.of(10 * Math.log10(signal / least))));
        at.context.quantizer().setBits(8);
        assertThat(at.context.error().outputNoteProperty().get()).doesNotContain("worse than min–max: no");
    }
}
