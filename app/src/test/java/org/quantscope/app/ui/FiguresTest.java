package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FiguresTest {
    @Test
    void aPercentageSaysNoneOrAllOnlyIfItIsSo() {
        assertThat(Figures.percent(0)).isEqualTo("0.0 %");
        assertThat(Figures.percent(1)).isEqualTo("100.0 %");
        assertThat(Figures.percent(5 / 12288.0)).isEqualTo("0.04 %");
        assertThat(Figures.percent(0.0005)).isEqualTo("0.1 %");
        assertThat(Figures.percent(1e-6)).isEqualTo("< 0.01 %");
        assertThat(Figures.percent(9999 / 10000.0)).isEqualTo("99.99 %");
        assertThat(Figures.percent(0.999999)).isEqualTo("> 99.99 %");
        assertThat(Figures.percent(0.9014)).isEqualTo("90.1 %");
    }
}
