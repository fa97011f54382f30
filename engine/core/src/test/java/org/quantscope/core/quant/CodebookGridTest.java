package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class CodebookGridTest {
    @Test
    void valuesGoToTheNearestLevelAndTiesToTheEvenPlaceFromZero() {
        var grid = new CodebookGrid(-2, -1, 0, 1, 2, 4);

        assertThat(grid.quantize(0.5f)).isEqualTo(0);
        assertThat(grid.quantize(-0.5f)).isEqualTo(0);
        assertThat(grid.quantize(1.5f)).isEqualTo(2);
        assertThat(grid.quantize(-1.5f)).isEqualTo(-2);
        assertThat(grid.quantize(3)).isEqualTo(2);
        assertThat(grid.quantize(Math.nextUp(0.5f))).isEqualTo(1);
        assertThat(grid.quantize(Math.nextDown(1.5f))).isEqualTo(1);
        assertThat(grid.quantize(Math.nextUp(3f))).isEqualTo(4);
    }

    @Test
    void withoutAZeroTiesGoUp() {
        var grid = new CodebookGrid(-1, 1, 2);

        assertThat(grid.quantize(0f)).isEqualTo(1);
        assertThat(grid.quantize(-0f)).isEqualTo(1);
        assertThat(grid.quantize(-Float.MIN_VALUE)).isEqualTo(-1);
        assertThat(grid.quantize(1.5f)).isEqualTo(2);
    }

    @Test
    void infinitiesSaturate() {
        var grid = new CodebookGrid(-1, 0, 2);

        assertThat(grid.quantize(Float.NEGATIVE_INFINITY)).isEqualTo(-1);
        assertThat(grid.quantize(Float.POSITIVE_INFINITY)).isEqualTo(2);
    }

    @Test
    void neighbouringFloatsAreToldApart() {
        float a = 1;
        float b = Math.nextUp(a);
        var grid = new CodebookGrid(-Float.MIN_VALUE, 0, a, b);

        for (int i = 0; i < grid.size(); i++) {
            assertThat(grid.index(grid.level(i))).isEqualTo(i);
        }
    }

    @Test
    void levelsThatScalingMakesEqualAreOne() {
        var grid = new CodebookGrid(-1, -0x1p-20f, 0, 0x1p-20f, 1).scaled(Float.MIN_VALUE * 4);

        assertThat(grid.levels()).containsExactly(-4 * Float.MIN_VALUE, 0, 4 * Float.MIN_VALUE);
    }

    @Test
    void levelsOutOfOrderAreRefused() {
        assertThatThrownBy(() -> new CodebookGrid(0, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("level 2");
        assertThatThrownBy(() -> new CodebookGrid(0, Float.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> new CodebookGrid())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least one");
    }

    @Test
    void parametersCarryOneCodebookOrOneForEachSlice() {
        var one = new CodebookGrid(-1, 0, 1);
        var two = new CodebookGrid(-3, 5);
        QuantParams shared = QuantParams.ofCodebook(new Granularity.PerChannel(0), new float[] {1, 2}, one);
        QuantParams own = QuantParams.ofCodebooks(new Granularity.PerChannel(0), new float[] {1, 2}, List.of(one, two));

        assertThat(shared.grid(1)).isEqualTo(new CodebookGrid(-2, 0, 2));
        assertThat(own.grid(1)).isEqualTo(new CodebookGrid(-6, 10));
        assertThat(own.effective()).containsExactly(new ClipRange(-1, 1), new ClipRange(-6, 10));
        assertThat(own.isAffine()).isFalse();
        assertThat(own.qmax()).isEqualTo(2);
        assertThat(own).isNotEqualTo(shared);
        assertThatThrownBy(() -> own.zeroPoint(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> QuantParams.ofCodebooks(Granularity.TENSOR, new float[3], List.of(one, two)))
                .hasMessageContaining("3 scales");
        assertThatThrownBy(() -> QuantParams.ofCodebook(Granularity.TENSOR, new float[] {0}, one))
                .hasMessageContaining("scale");
        assertThatThrownBy(() -> QuantParams.ofCodebook(Granularity.TENSOR, new float[] {Float.MAX_VALUE}, two))
                .hasMessageContaining("finite");
    }
}
