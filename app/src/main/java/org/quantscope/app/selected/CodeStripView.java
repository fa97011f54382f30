package org.quantscope.app.selected;

import java.util.List;
import java.util.Locale;
import java.util.function.IntConsumer;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.Tooltip;
import javafx.scene.input.MouseButton;
import javafx.scene.layout.Region;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.metric.CodeCounts;

/**
 * A bar chart of the codes: the height of a bar is the logarithm of the count, and a mark below shows each unused code.
 * If codes are narrower than pixels, neighbours share a bar with their mean height and a mark that grows with the share
 * of unused ones. In the bars of the two end codes, the share of clipped values has another colour.
 */
public final class CodeStripView extends Region {
    private static final double LEFT = 52;
    private static final double RIGHT = 12;
    private static final double ROW = 5;
    private static final double ROW_GAP = 3;
    private static final double NARROWEST = 2;
    private static final double WIDEST = 22;

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private final Tooltip tip = new Tooltip();
    private CodeCounts counts = new CodeCounts();
    private int first;
    private double clippedLow;
    private double clippedHigh;
    private int hovered = -1;

    public CodeStripView() {
        getStyleClass().add("code-strip-view");
        setAccessibleText("How often each code is used");
        setPickOnBounds(true);
        setMinSize(240, 40);
        setPrefSize(680, 64);
        getChildren().add(canvas);
        palette.addListener((o, was, is) -> canvas.touch());
        setOnMouseMoved(e -> hover(barAt(e.getX())));
        setOnMouseExited(e -> hover(-1));
        Tooltip.install(this, tip);
        setFocusTraversable(true);
        focusedProperty().addListener((o, was, is) -> canvas.touch());
        Copyable.install(
                this,
                () -> counts.codes() == 0
                        ? List.of()
                        : List.of(SelectedFigures.codes(counts, first, clippedLow, clippedHigh)));
    }

    /**
     * Shows other counts.
     *
     * @param first the number of the lowest code
     * @param clippedLow share of all values that lie below the lowest level and so get its code, 0 to 1
     * @param clippedHigh share of all values that lie above the highest level, 0 to 1
     */
    public void setCounts(CodeCounts counts, int first, double clippedLow, double clippedHigh) {
        if (counts.codes() != this.counts.codes()) {
            hover(-1);
        }
        this.counts = counts;
        this.first = first;
        this.clippedLow = clippedLow;
        this.clippedHigh = clippedHigh;
        canvas.touch();
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** Sets what is told the place of a code that was clicked, from 0; of a bar of several codes the first. */
    void setOnCode(IntConsumer action) {
        setOnMouseClicked(e -> {
            int bar = barAt(e.getX());
            if (bar >= 0 && e.getButton() == MouseButton.PRIMARY) {
                action.accept(start(bar));
            }
        });
    }

    private int bars() {
        return (int) Math.min(counts.codes(), Math.max(1, (canvas.getWidth() - LEFT - RIGHT) / NARROWEST));
    }

    private int start(int bar) {
        return (int) ((long) bar * counts.codes() / bars());
    }

    private int barAt(double px) {
        double width = canvas.getWidth() - LEFT - RIGHT;
        return counts.codes() == 0 || px < LEFT || px >= LEFT + width
                ? -1
                : Math.clamp((long) ((px - LEFT) / width * bars()), 0, bars() - 1);
    }

    private void hover(int bar) {
        if (bar != hovered) {
            hovered = bar;
            if (bar >= 0) {
                tip.setText(describe(bar));
            } else {
                tip.hide();
            }
            canvas.touch();
        }
    }

    private String describe(int bar) {
        int from = start(bar);
        int to = start(bar + 1);
        long total = 0;
        int unused = 0;
        for (int i = from; i < to; i++) {
            total += counts.count(i);
            unused += counts.count(i) == 0 ? 1 : 0;
        }
        String share =
                String.format(Locale.ROOT, "%,d values, %.3g %%", total, 100.0 * total / Math.max(1, counts.total()));
        return to - from == 1
                ? "Code " + (first + from) + ": " + share + (total == 0 ? ", not used" : "")
                : "Codes " + (first + from) + " to " + (first + to - 1) + ": " + share + ", " + unused + " of "
                        + (to - from) + " not used";
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    private void paint(GraphicsContext g) {
        if (counts.codes() == 0) {
            return;
        }
        Palette p = palette.get();
        if (isFocused()) {
            g.setStroke(p.hand());
            g.setLineWidth(1);
            g.strokeRoundRect(LEFT - 4.5, 0.5, canvas.getWidth() - LEFT - RIGHT + 9, canvas.getHeight() - 1, 6, 6);
        }
        double foot = canvas.getHeight() - ROW - ROW_GAP;
        int bars = bars();
        double pitch = (canvas.getWidth() - LEFT - RIGHT) / bars;
        double[] mean = new double[bars];
        double[] unused = new double[bars];
        double most = 1;
        for (int b = 0; b < bars; b++) {
            int from = start(b);
            int to = start(b + 1);
            for (int i = from; i < to; i++) {
                mean[b] += (double) counts.count(i) / (to - from);
                unused[b] += counts.count(i) == 0 ? 1.0 / (to - from) : 0;
            }
            most = Math.max(most, mean[b]);
        }
        g.setFill(p.line());
        g.fillRect(LEFT, foot, canvas.getWidth() - LEFT - RIGHT, 1);
        double gap = pitch >= 4 ? Math.max(Math.min(3, pitch * 0.25), pitch - WIDEST) : pitch >= 3 ? 1 : 0;
        for (int b = 0; b < bars; b++) {
            // Whole pixels, so that bars of equal height look the same.
            double left = Math.rint(LEFT + b * pitch + gap / 2);
            double width = Math.max(1, Math.rint(LEFT + (b + 1) * pitch - gap / 2) - left);
            if (b == hovered) {
                g.setFill(p.selected());
                g.fillRect(LEFT + b * pitch, 0, pitch, canvas.getHeight());
            }
            if (mean[b] > 0) {
                double height = Math.max(1, (foot - 1) * Math.log1p(mean[b]) / Math.log1p(most));
                g.setFill(p.quantized());
                g.fillRect(left, foot - height, width, height);
                double beyond = (b == 0 ? clippedLow : 0) + (b == bars - 1 ? clippedHigh : 0);
                if (beyond > 0) {
                    double part = Math.min(1, beyond * counts.total() / (mean[b] * (start(b + 1) - start(b))));
                    g.setFill(p.clipping());
                    g.fillRect(left, foot - height, width, Math.max(2, Math.rint(height * part)));
                }
            }
            if (unused[b] > 0) {
                g.setFill(p.warning());
                double height = Math.max(1.5, ROW * unused[b]);
                g.fillRect(left, foot + ROW_GAP, width, height);
            }
        }
    }
}
