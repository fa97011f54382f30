package org.quantscope.app.selected;

import java.util.List;
import java.util.Locale;
import java.util.function.IntConsumer;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.SliceExtents;

/**
 * A bar for each slice of a tensor, from its smallest to its largest value, with the clipping range over it. The parts
 * outside the range have the colour of clipping.
 *
 * <p>If slices are narrower than pixels, neighbours share a bar that spans the values of all. Its ends have the colour
 * of clipping as far as the largest excess among them reaches, and the tooltip says how many are clipped. A click
 * selects the slice under the pointer, or deselects it. The arrow keys move from slice to slice, and Esc selects all.
 */
public final class SliceStripView extends Region {
    /** No slice. */
    private static final int NONE = -1;

    private static final double LEFT = 52;
    private static final double RIGHT = 12;
    private static final double MARGIN = 4;
    private static final double WIDEST = 18;
    private static final double NARROWEST = 3;
    /** Bars as wide as this have round corners. */
    private static final double ROUND_FROM = 6;

    private static final int PAGE = 10;

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private final Tooltip tip = new Tooltip();
    private @Nullable SliceExtents slices;
    private String noun = "channel";
    private List<ClipRange> clips = List.of();
    private IntConsumer onSlice = slice -> {};
    private int hovered = NONE;
    private int chosen = NONE;
    private double extent = 1;

    /** What is shown of neighbours that share a bar. */
    private record Bar(
            float lo, float hi, float clipLo, float clipHi, float overLo, float overHi, int clipped, int count) {}

    public SliceStripView() {
        getStyleClass().add("slice-strip-view");
        setPickOnBounds(true);
        setFocusTraversable(true);
        setMinSize(240, 48);
        setPrefSize(680, 88);
        getChildren().add(canvas);
        palette.addListener((o, was, is) -> canvas.touch());
        focusedProperty().addListener((o, was, is) -> canvas.touch());
        setOnMouseMoved(e -> hover(sliceAt(e.getX())));
        setOnMouseExited(e -> hover(NONE));
        setOnMouseClicked(e -> {
            int slice = sliceAt(e.getX());
            if (slice != NONE && e.getButton() == MouseButton.PRIMARY) {
                requestFocus();
                onSlice.accept(slice == chosen ? NONE : slice);
            }
        });
        setOnKeyPressed(this::pressed);
        Tooltip.install(this, tip);
        Copyable.install(this, () -> slices == null ? List.of() : List.of(SelectedFigures.slices(slices, noun, clips)));
        describe();
    }

    /** Shows the slices of another tensor, or none. */
    public void setSlices(@Nullable SliceExtents slices, String noun) {
        if (slices == null ? this.slices == null : slices.equals(this.slices)) {
            return;
        }
        this.slices = slices;
        this.noun = noun;
        extent = 0;
        for (int i = 0; i < count(); i++) {
            extent = Math.max(extent, slices == null ? 0 : slices.absMax(i));
        }
        hover(NONE);
        describe();
        canvas.touch();
    }

    /**
     * Sets the clipping ranges: one for all slices, one for each, or none. Cheap enough for every frame of a gesture.
     */
    public void setClips(List<ClipRange> clips) {
        this.clips = clips;
        canvas.touch();
    }

    /** Marks the selected slice; −1 stands for all. */
    public void setChosen(int slice) {
        if (slice != chosen) {
            chosen = slice;
            describe();
            canvas.touch();
        }
    }

    /** Sets the action when a slice is selected; −1 stands for all. */
    public void setOnSlice(IntConsumer onSlice) {
        this.onSlice = onSlice;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    private int count() {
        return slices == null ? 0 : slices.size();
    }

    /** The slice at {@code px} pixels from the left, or −1 if there is none. */
    int sliceAt(double px) {
        double width = Math.max(1, canvas.getWidth() - LEFT - RIGHT);
        return count() == 0 || px < LEFT || px >= LEFT + width
                ? NONE
                : Math.clamp((long) ((px - LEFT) / width * count()), 0, count() - 1);
    }

    private void pressed(KeyEvent e) {
        if (count() == 0) {
            return;
        }
        int step = e.isShiftDown() ? PAGE : 1;
        int next = switch (e.getCode()) {
            case LEFT -> chosen == NONE ? count() - 1 : Math.max(0, chosen - step);
            case RIGHT -> chosen == NONE ? 0 : Math.min(count() - 1, chosen + step);
            case HOME -> 0;
            case END -> count() - 1;
            case ESCAPE -> NONE;
            default -> Integer.MIN_VALUE;
        };
        if (next != Integer.MIN_VALUE) {
            onSlice.accept(next);
            e.consume();
        }
    }

    private void describe() {
        setAccessibleText("Range of each " + noun + (chosen == NONE ? "" : ", " + noun + " " + chosen + " in hand"));
    }

    private void hover(int slice) {
        if (slice != hovered) {
            hovered = slice;
            if (slice == NONE) {
                tip.hide();
            } else {
                tip.setText(tipOf(slice));
            }
            canvas.touch();
        }
    }

    private String tipOf(int slice) {
        Bar own = bar(slice, slice + 1);
        String text = String.format(Locale.ROOT, "%s %d: %.4g … %.4g", capital(noun), slice, own.lo, own.hi)
                + (clips.isEmpty() ? "" : String.format(Locale.ROOT, "\nrange %.4g … %.4g", own.clipLo, own.clipHi));
        int b = barOf(slice);
        Bar shared = bar(start(b), start(b + 1));
        return shared.count == 1
                ? text
                : text
                        + String.format(
                                Locale.ROOT,
                                "\nthis bar: %ss %d to %d, %d of them clipped",
                                noun,
                                start(b),
                                start(b + 1) - 1,
                                shared.clipped);
    }

    private static String capital(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    private int bars() {
        return (int) Math.min(count(), Math.max(1, (canvas.getWidth() - LEFT - RIGHT) / NARROWEST));
    }

    /** The first slice of a bar. */
    private int start(int bar) {
        return (int) ((long) bar * count() / bars());
    }

    private int barOf(int slice) {
        int bar = (int) ((long) slice * bars() / count());
        return bar + 1 < bars() && start(bar + 1) <= slice ? bar + 1 : bar;
    }

    private void paint(GraphicsContext g) {
        if (count() == 0) {
            return;
        }
        double scale = (canvas.getHeight() / 2 - MARGIN) / (extent > 0 ? extent : 1);
        int bars = bars();
        double width = (canvas.getWidth() - LEFT - RIGHT) / bars;
        for (int b = 0; b < bars; b++) {
            paint(g, b, bar(start(b), start(b + 1)), LEFT + b * width, width, scale);
        }
        double middle = canvas.getHeight() / 2;
        g.setStroke(palette.get().hand());
        g.setLineWidth(1.6);
        if (clips.size() == 1) {
            for (double end :
                    new double[] {clips.getFirst().lo(), clips.getFirst().hi()}) {
                double at = middle - end * scale;
                if (at >= 0 && at <= canvas.getHeight()) {
                    g.strokeLine(LEFT, at, canvas.getWidth() - RIGHT, at);
                }
            }
        }
        if (isFocused()) {
            g.setLineWidth(1);
            g.strokeRoundRect(LEFT - 4.5, 0.5, canvas.getWidth() - LEFT - RIGHT + 9, canvas.getHeight() - 1, 6, 6);
        }
    }

    private Bar bar(int from, int to) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        float clipLo = Float.POSITIVE_INFINITY;
        float clipHi = Float.NEGATIVE_INFINITY;
        float overLo = 0;
        float overHi = 0;
        int clipped = 0;
        SliceExtents all = slices;
        for (int i = from; all != null && i < to; i++) {
            low = Math.min(low, all.lo(i));
            high = Math.max(high, all.hi(i));
            if (!clips.isEmpty()) {
                ClipRange clip = clips.get(clips.size() == 1 ? 0 : Math.min(i, clips.size() - 1));
                clipLo = Math.min(clipLo, clip.lo());
                clipHi = Math.max(clipHi, clip.hi());
                overLo = Math.max(overLo, clip.lo() - all.lo(i));
                overHi = Math.max(overHi, all.hi(i) - clip.hi());
                clipped += all.lo(i) < clip.lo() || all.hi(i) > clip.hi() ? 1 : 0;
            }
        }
        return new Bar(low, high, clipLo, clipHi, overLo, overHi, clipped, to - from);
    }

    private void paint(GraphicsContext g, int index, Bar bar, double x, double width, double scale) {
        double middle = canvas.getHeight() / 2;
        boolean held = chosen != NONE && barOf(chosen) == index;
        if (held || (hovered != NONE && barOf(hovered) == index)) {
            g.setFill(palette.get().selected());
            g.fillRect(x, 0, width, canvas.getHeight());
        }
        double gap = width >= 4 ? Math.max(Math.min(3, width * 0.3), width - WIDEST) : 0;
        // Whole pixels, so that bars do not shine through each other.
        double l = Math.rint(x + gap / 2);
        double w = Math.max(1, Math.rint(x + width - gap / 2) - l);
        double top = middle - bar.hi * scale;
        double foot = Math.max(top + 1, middle - bar.lo * scale);
        // A corner that is not seen would cost ten times a rectangle.
        double round = w < ROUND_FROM ? 0 : 4;
        Color fill = palette.get().floats().deriveColor(0, 1, 1, chosen == NONE || held ? 0.8 : 0.45);
        g.setFill(fill);
        fill(g, l, top, w, foot - top, round);
        g.setFill(palette.get().clipping());
        if (bar.overHi > 0) {
            fill(g, l, top, w, Math.min(foot - top, Math.max(1, bar.overHi * scale)), round);
        }
        if (bar.overLo > 0) {
            double h = Math.min(foot - top, Math.max(1, bar.overLo * scale));
            fill(g, l, foot - h, w, h, round);
        }
        g.setFill(palette.get().hand());
        if (clips.size() > 1) {
            double wider = gap >= 2 ? 1 : 0;
            g.fillRect(l - wider, middle - bar.clipHi * scale - 0.8, w + 2 * wider, 1.6);
            g.fillRect(l - wider, middle - bar.clipLo * scale - 0.8, w + 2 * wider, 1.6);
        }
        if (held) {
            // Visible even if the bar is one pixel wide.
            double mark = Math.max(5, w);
            g.fillRect(x + width / 2 - mark / 2, canvas.getHeight() - 2.5, mark, 2.5);
        }
    }

    private static void fill(GraphicsContext g, double x, double y, double width, double height, double round) {
        if (round > 0) {
            g.fillRoundRect(x, y, width, height, round, round);
        } else {
            // On whole pixels, as wide as it is.
            double top = Math.rint(y);
            g.fillRect(x, top, width, Math.max(1, Math.rint(y + height) - top));
        }
    }
}
