package org.quantscope.app.against;

import java.util.List;
import java.util.Optional;
import javafx.beans.value.ObservableValue;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import org.quantscope.app.against.AgainstViewModel.Shown;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.versus.TensorDifference;

/** The values of a tensor as a histogram, and below it the levels of both grids, A over B. */
final class TwoGrids extends Region {
    private static final double LANE = 16;
    private static final double LEFT = 24;
    private static final double RIGHT = 12;
    private static final int BINS = 160;
    private static final int MOST_LEVELS = 600;
    private static final double TEXT = 4;

    private final ObservableValue<Palette> palette;
    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private Optional<Shown> shown = Optional.empty();

    TwoGrids(ObservableValue<Palette> palette) {
        this.palette = palette;
        setId("against-grids");
        setMinHeight(110);
        getChildren().add(canvas);
    }

    void show(Optional<Shown> of) {
        shown = of;
        setAccessibleText(of.map(s -> "Values of " + s.tensor().id() + " with the grids of A and B")
                .orElse("No tensor is selected"));
        canvas.touch();
        requestLayout();
    }

    void touch() {
        canvas.touch();
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    private void paint(GraphicsContext g) {
        Palette p = palette.getValue();
        Shown s = shown.orElse(null);
        if (s == null) {
            return;
        }
        double lo = Math.min(s.values().min(), edge(s.tensor(), false));
        double hi = Math.max(s.values().max(), edge(s.tensor(), true));
        if (!(hi > lo)) {
            hi = lo + 1;
        }
        double width = g.getCanvas().getWidth() - LEFT - RIGHT;
        double floor = g.getCanvas().getHeight() - 2 * LANE - LANE;
        double[] bins = s.values().histogram(lo, hi, BINS);
        double most = 1;
        for (double n : bins) {
            most = Math.max(most, n);
        }
        g.setFill(p.floats());
        for (int i = 0; i < BINS; i++) {
            double h = bins[i] <= 0 ? 0 : Math.max(1, floor * Math.log1p(bins[i]) / Math.log1p(most));
            g.fillRect(LEFT + i * width / BINS, floor - h, Math.max(1, width / BINS - 1), h);
        }
        lane(g, "A", s.tensor().a(), p.quantized(), floor + 2, lo, hi, width);
        lane(g, "B", s.tensor().b(), p.hand(), floor + 2 + LANE, lo, hi, width);
        g.setFill(p.muted());
        double base = g.getCanvas().getHeight() - TEXT;
        g.fillText(Figures.value(lo), LEFT, base);
        String end = Figures.value(hi);
        g.fillText(end, LEFT + width - 7.0 * end.length(), base);
    }

    private void lane(
            GraphicsContext g,
            String name,
            Optional<TensorDifference.Figures> of,
            Color colour,
            double top,
            double lo,
            double hi,
            double width) {
        g.setFill(colour);
        g.fillText(name, TEXT, top + LANE - TEXT);
        if (of.isEmpty()) {
            g.fillText("float", LEFT, top + LANE - TEXT);
            return;
        }
        QuantParams params = of.get().params();
        if (params.slices() > 1) {
            // One of many grids stands for all, and says so.
            String said = name + ": first of " + Figures.count(params.slices()) + " grids";
            g.fillText(said, LEFT + width - 6.5 * said.length(), name.equals("A") ? 12 : 26);
        }
        double[] levels = levels(params.grid(0));
        if (levels.length > MOST_LEVELS) {
            double from = LEFT + width * (levels[0] - lo) / (hi - lo);
            double to = LEFT + width * (levels[levels.length - 1] - lo) / (hi - lo);
            g.fillRect(from, top + 2, to - from, LANE - TEXT);
            return;
        }
        for (double level : levels) {
            g.fillRect(Math.rint(LEFT + width * (level - lo) / (hi - lo)), top + 2, 1, LANE - TEXT);
        }
    }

    private static double[] levels(Grid grid) {
        double[] all = new double[grid.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = grid.level(i);
        }
        return all;
    }

    private static double edge(TensorDifference of, boolean upper) {
        double edge = 0;
        for (var figures : List.of(of.a(), of.b())) {
            if (figures.isPresent()) {
                Grid grid = figures.get().params().grid(0);
                edge = upper ? Math.max(edge, grid.hi()) : Math.min(edge, grid.lo());
            }
        }
        return edge;
    }
}
