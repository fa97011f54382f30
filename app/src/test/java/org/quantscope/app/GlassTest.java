package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.glass.GlassViewModel;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Slicing;

/** A value under the glass is followed with the numbers of the window. */
class GlassTest {
    @TempDir
    private Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.open("digits_mlp.onnx");
        at.context.quantizer().setBits(4);
        at.context.selected().setRange(ClipRange.symmetric(0.7f));
    }

    @AfterEach
    void close() {
        at.close();
    }

    private GlassViewModel glass() {
        return at.context.glass();
    }

    private GlassViewModel.View view() {
        return glass().viewProperty().get().orElseThrow();
    }

    private String step(String name) {
        return view().steps().stream()
                .filter(s -> s.name().equals(name))
                .findFirst()
                .orElseThrow()
                .arithmetic();
    }

    @Test
    void everyStepIsSaid() {
        glass().showValue(0.33);

        assertThat(step("value")).isEqualTo("x = 0.33");
        assertThat(step("in steps")).startsWith("x / s = 0.33 / 0.1 = 3.3");
        assertThat(step("rounded")).endsWith("= 3");
        assertThat(step("clamped")).isEqualTo("clamp(3, −7, 7) = 3");
        assertThat(view().bits().orElseThrow().text()).isEqualTo("0011");
        assertThat(step("back")).startsWith("3 · ").endsWith("= 0.3");
        assertThat(step("error")).contains("= −0.03").endsWith("= −0.300 steps");
    }

    @Test
    void aClippedValueIsCutOff() {
        glass().showValue(-2);

        assertThat(step("cut off")).isEqualTo("clamp(−20, −7, 7) = −7");
        assertThat(view().bits().orElseThrow().text()).isEqualTo("1001");
    }

    @Test
    void aWeightIsReadFromTheTensorAndFollowsTheRange() {
        glass().showWeight(5);
        float[] all = new float[6];
        at.tensor().data().read(0, all, 0, 6);

        assertThat(view().value()).isEqualTo(all[5]);
        assertThat(step("in steps")).contains("/ 0.1");
        at.context.selected().preview(ClipRange.symmetric(1.4f));
        assertThat(step("in steps")).contains("/ 0.2");
        glass().showWeight(10_000_000);
        assertThat(view().weight()).hasValue(5);
    }

    @Test
    void aFlippedBitTellsItsValue() {
        glass().showValue(0.33);
        glass().flip(0);

        assertThat(view().bits().orElseThrow().text()).isEqualTo("1011");
        assertThat(view().flipped()).contains("−0.5", "−0.8");
        glass().flip(0);
        assertThat(view().flipped()).isEmpty();
    }

    @Test
    void aFloatingPointCodeShowsWhatItsBitsMean() {
        at.context.quantizer().setScheme("fp8_e4m3fn");
        glass().showWeight(3);

        assertThat(step("bits mean")).contains("2^(", "/8");
        assertThat(view().bits().orElseThrow().fields()).hasSize(3);
    }

    @Test
    void ofManyRangesAWeightKnowsItsOwn() {
        at.context.quantizer().setCut(org.quantscope.app.selected.QuantizerViewModel.Cut.CHANNEL);
        glass().showValue(0.1);
        assertThat(view().why()).contains("own range");
        assertThat(view().steps()).isEmpty();

        long index = at.tensor().info().shape().count() - 1;
        glass().showWeight(index);
        int slice = Slicing.of(at.tensor().info(), at.measured().params().granularity())
                .sliceOf(index);
        assertThat(slice).isPositive();
        assertThat(view().title()).endsWith("channel " + slice);
        assertThat(step("in steps"))
                .contains("/ "
                        + Figures.scale(at.measured().params().scale(slice)).replaceFirst("0+$", ""));
    }

    @Test
    void withoutCodesItSaysWhy() {
        glass().showFirst();
        at.context.tensors().keepFloat(java.util.Set.of(at.hand().subject().id()));
        assertThat(view().why()).contains("stays in float");
        assertThat(view().bits()).isEmpty();
    }
}
