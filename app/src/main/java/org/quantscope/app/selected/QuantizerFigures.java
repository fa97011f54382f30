package org.quantscope.app.selected;

import org.quantscope.app.session.Measured;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.Spread;

/** The figures of a setting as text: those of one slice, or the smallest and the largest of many. */
final class QuantizerFigures {
    private QuantizerFigures() {}

    /** True if the figures should describe many slices. */
    private static boolean all(Measured m, SelectedTensor.View v) {
        return m.params().slices() > 1
                && (!v.ownRanges()
                        || v.slice() == SelectedTensor.ALL
                        || v.slice() >= m.params().slices());
    }

    static String scale(Measured m, SelectedTensor.View v) {
        if (!all(m, v)) {
            return Figures.scale(
                    m.params().scale(Math.min(v.ofParams(), m.params().slices() - 1)));
        }
        Spread span = m.spans().scales();
        return Figures.small(span.min()) + " … " + Figures.small(span.median()) + " … " + Figures.small(span.max());
    }

    static String zeroPoint(Measured m, SelectedTensor.View v) {
        if (!m.params().isAffine()) {
            return Figures.NONE;
        }
        if (!all(m, v)) {
            return Integer.toString(
                    m.params().zeroPoint(Math.min(v.ofParams(), m.params().slices() - 1)));
        }
        int lo = m.spans().lowestZero();
        int hi = m.spans().highestZero();
        return lo == hi ? Integer.toString(lo) : lo + " … " + hi;
    }

    static String effective(Measured m, SelectedTensor.View v) {
        return Figures.range(
                all(m, v)
                        ? m.spans().effective()
                        : m.params().effective(Math.min(v.ofParams(), m.params().slices() - 1)));
    }
}
