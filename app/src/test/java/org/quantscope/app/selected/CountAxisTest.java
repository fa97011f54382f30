package org.quantscope.app.selected;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import org.jfree.chart.axis.AxisState;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.ui.RectangleEdge;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CountAxisTest {
    /** The title stands over the first 11 pixels of the axis, a number is 12 pixels high about its line. */
    @ParameterizedTest
    @CsvSource({"200, true", "200, false", "330, true", "330, false", "80, true", "600, true"})
    void noNumberTouchesTheTitleAndEveryOtherLineHasOne(double height, boolean logarithmic) {
        CountAxis axis = new CountAxis();
        axis.setLogarithmic(logarithmic);
        Rectangle2D area = new Rectangle2D.Double(40, 0, 500, height);
        int hidden = 0;
        for (int most = 8_000; most < 40_000; most += 500) {
            axis.setRange(0, axis.position(most));
            List<?> ticks = axis.refreshTicks(
                    new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB).createGraphics(),
                    new AxisState(),
                    area,
                    RectangleEdge.LEFT);
            assertThat(ticks).hasSizeGreaterThan(1);
            for (Object one : ticks) {
                NumberTick tick = (NumberTick) one;
                double fromTop = height * (1 - tick.getValue() / axis.getUpperBound());
                if (fromTop < 11 + 6) {
                    assertThat(tick.getText()).as("%s at %s", fromTop, most).isEmpty();
                    hidden++;
                } else if (fromTop > 24) {
                    assertThat(tick.getText()).isNotEmpty();
                }
            }
        }
        assertThat(hidden).isPositive();
    }
}
