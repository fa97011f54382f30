package org.quantscope.app.selected;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleConsumer;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.Region;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.data.xy.DefaultIntervalXYDataset;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.OncePerPulse;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.StillChart;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;

/**
 * A tensor's histogram with its clipping range: a chart of the values, the quantization levels as stems above it, and
 * two handles that move by mouse and keyboard.
 *
 * <p>The chart is not drawn again during a gesture. The overlay is painted at most once per pulse; the handles are
 * nodes.
 */
public final class HistogramView extends Region {
    /** Width of a bar with the gap beside it, in pixels. */
    private static final double BAR = 4;

    private static final int FEWEST_BARS = 60;
    private static final int MOST_BARS = 320;

    private static final double MARGIN = 0.045;

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final BooleanProperty log = new SimpleBooleanProperty(this, "log", true);

    private final NumberAxis x = new NumberAxis();
    private final CountAxis y = new CountAxis();
    private final DefaultIntervalXYDataset bars = new DefaultIntervalXYDataset();
    private final SnappedBarRenderer barRenderer = new SnappedBarRenderer();
    private final StillChart chart = new StillChart(x, y, bars, barRenderer, 8, 12, 24, 52);
    private final Canvas canvas = new Canvas();
    private final HistogramOverlay overlay = new HistogramOverlay(chart, y);
    private final ClipHandles handles = new ClipHandles(chart, this::settle);
    private final HistogramNotes notes = new HistogramNotes();
    private final AxisZoom zoom;
    private final OncePerPulse drawing = new OncePerPulse(this, this::settle);

    private @Nullable HistogramData data;
    private @Nullable Grid grid;
    private boolean symmetric;

    /** The distance in pixels from which on a click is not on a thin mark. */
    private static final double NEAR = 5;

    private double[] counts = new double[0];
    private double linearTop = 1;

    private boolean axisDirty = true;
    private boolean chartDirty = true;
    private boolean overlayDirty = true;
    private long overlayPaints;

    public HistogramView() {
        getStyleClass().add("histogram-view");
        setAccessibleRole(AccessibleRole.NODE);
        setAccessibleText("Distribution of the tensor, with its clipping range");
        setPickOnBounds(true);
        setMinSize(240, 120);
        setPrefSize(680, 270);
        canvas.setManaged(false);
        canvas.setMouseTransparent(true);
        chart.node().setManaged(false);
        getChildren().addAll(chart.node(), canvas, notes, handles);
        // Registered before the zoom, so that a drag of a handle does not scroll.
        handles.followMouseOn(this);
        zoom = new AxisZoom(
                this,
                x,
                chart,
                () -> {
                    settle();
                    return data != null && !handles.heldProperty().get();
                },
                () -> {
                    touchChart();
                    handles.place();
                });
        handles.rangeProperty().addListener((o, was, is) -> touchOverlay());
        handles.heldProperty().addListener((o, was, is) -> {
            touchOverlay();
            notes.hidePointed();
        });
        addEventHandler(MouseEvent.MOUSE_MOVED, e -> point(e.getX(), e.getY()));
        addEventHandler(MouseEvent.MOUSE_EXITED, e -> notes.hidePointed());
        log.addListener((o, was, is) -> touchChart());
        palette.addListener((o, was, is) -> touchChart());
    }

    // What is shown

    /** Shows another tensor, or none; set its clip and its grid afterwards. A gesture in progress is cancelled. */
    public void setData(@Nullable HistogramData data) {
        handles.takeBack();
        this.data = data;
        chart.node().setVisible(data != null);
        notes.setVisible(data != null);
        grid = null;
        axisDirty = true;
        handles.show(Optional.empty(), symmetric);
        touchChart();
    }

    /**
     * Places the handles at {@code range}, or hides them. Has no effect while one is held.
     *
     * @param symmetric whether the ends mirror each other about 0
     */
    public void setClip(@Nullable ClipRange range, boolean symmetric) {
        if (handles.heldProperty().get()) {
            return;
        }
        axisDirty |= this.symmetric != symmetric
                || (range != null && (range.lo() < zoom.least() || range.hi() > zoom.most()));
        this.symmetric = symmetric;
        handles.show(Optional.ofNullable(range), symmetric);
        if (axisDirty) {
            touchChart();
        }
        touchOverlay();
    }

    /** Sets the levels to draw, or none. Cheap enough for every frame of a gesture. */
    public void setGrid(@Nullable Grid grid) {
        this.grid = grid;
        touchOverlay();
    }

    /** Sets the receiver of previews and edits. */
    public void setListener(RangeListener listener) {
        handles.setListener(listener);
    }

    /** Sets whether the handles may be moved. */
    public void setEnabledHandles(boolean enabled) {
        handles.setEnabled(enabled);
    }

    /** Whether the axis of counts is logarithmic; true by default. */
    public BooleanProperty logProperty() {
        return log;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** The range of the handles. */
    public @Nullable ClipRange clip() {
        return handles.rangeProperty().get().orElse(null);
    }

    /** Shows a narrower part of the values, about its middle. */
    public void zoomIn() {
        zoom.in();
    }

    /** Shows a wider part of the values. */
    public void zoomOut() {
        zoom.out();
    }

    /** Shows all values again. */
    public void showAll() {
        zoom.all();
    }

    /** Sets what is told the value of a bar, or the level, that was clicked. */
    public void setOnValue(DoubleConsumer action) {
        addEventHandler(MouseEvent.MOUSE_CLICKED, e -> {
            if (e.getButton() == MouseButton.PRIMARY && e.isStillSincePress() && e.getClickCount() == 1) {
                valueAt(e.getX(), e.getY()).ifPresent(action);
            }
        });
    }

    /** The level under a point of this view, else the value of the bar there; empty where there is neither. */
    private OptionalDouble valueAt(double px, double py) {
        if (data == null || counts.length == 0 || !chart.area().contains(px, py)) {
            return OptionalDouble.empty();
        }
        double value = chart.fromX(px);
        Grid levels = grid;
        if (levels != null && !(levels instanceof UniformGrid u && overlay.tooFine(u))) {
            double level = levels.quantize((float) value);
            if (Math.abs(chart.toX(level) - px) <= NEAR) {
                return OptionalDouble.of(level);
            }
        }
        int bar = Math.clamp(
                (int) ((px - chart.area().getMinX()) / chart.area().getWidth() * counts.length), 0, counts.length - 1);
        double top = chart.area().getMaxY()
                - y.position(counts[bar])
                        / Math.max(1e-9, y.getUpperBound())
                        * chart.area().getHeight();
        return counts[bar] >= 0.5 && py >= top - NEAR ? OptionalDouble.of(value) : OptionalDouble.empty();
    }

    /** Tells the value under the pointer, and how many values its bar holds. */
    private void point(double px, double py) {
        HistogramData shown = data;
        if (shown == null || handles.heldProperty().get() || !chart.area().contains(px, py) || counts.length == 0) {
            notes.hidePointed();
            return;
        }
        double value = chart.fromX(px);
        int bar = Math.clamp(
                (int) ((px - chart.area().getMinX()) / chart.area().getWidth() * counts.length), 0, counts.length - 1);
        long in = Math.round(counts[bar]);
        notes.showPointed(
                px,
                Figures.value(value) + " · " + Figures.count(in) + (in == 1 ? " value (" : " values (")
                        + Figures.percent(counts[bar] / shown.count()) + ")");
    }

    /** What is shown, as a figure to be copied; empty if there is no tensor. */
    public List<Plot> figure(String of) {
        settle();
        HistogramData shown = data;
        if (shown == null || counts.length == 0) {
            return List.of();
        }
        Grid levels = grid;
        double[] onLevels = levels == null || (levels instanceof UniformGrid u && overlay.tooFine(u))
                ? new double[0]
                : LevelCounts.of(shown, levels);
        return List.of(SelectedFigures.histogram(
                of, counts.clone(), x.getLowerBound(), x.getUpperBound(), log.get(), clip(), levels, onLevels));
    }

    // Where things are

    /** The position of a value, in pixels from the left edge of this view. */
    double valueToX(double value) {
        settle();
        return chart.toX(value);
    }

    /** The value at {@code px} pixels from the left of this view. */
    double xToValue(double px) {
        settle();
        return chart.fromX(px);
    }

    /** How often the chart has been drawn. */
    public long chartRedraws() {
        return chart.redraws();
    }

    /** How often the overlay has been painted. */
    public long overlayPaints() {
        return overlayPaints;
    }

    // Drawing

    private void touchChart() {
        chartDirty = true;
        touchOverlay();
    }

    private void touchOverlay() {
        overlayDirty = true;
        drawing.touch();
    }

    /**
     * Does now what was requested: axes, chart and overlay, in this order. The chart is not drawn while a handle is
     * held.
     */
    public void settle() {
        if (canvas.getWidth() < 1) {
            return;
        }
        boolean atRest = !handles.heldProperty().get();
        if (atRest && axisDirty) {
            fitAxis();
        }
        if (chartDirty || (atRest && linearAxisIsOff())) {
            redrawChart();
            handles.place();
        }
        if (overlayDirty) {
            overlayDirty = false;
            overlayPaints++;
            GraphicsContext g = canvas.getGraphicsContext2D();
            g.clearRect(0, 0, canvas.getWidth(), canvas.getHeight());
            if (data != null) {
                overlay.paint(g, palette.get(), data, counts, clip(), grid);
            }
        }
    }

    private void fitAxis() {
        axisDirty = false;
        ClipRange clip = clip();
        double from = data == null ? -1 : data.min();
        double to = data == null ? 1 : data.max();
        handles.setHomeAndEnd(from, to);
        if (clip != null) {
            from = Math.min(from, clip.lo());
            to = Math.max(to, clip.hi());
        }
        if (symmetric) {
            to = Math.max(-from, to);
            from = -to;
        }
        double margin = to > from ? (to - from) * MARGIN : to == 0 ? 1 : Math.abs(to) / 2;
        zoom.setWhole(from - margin, to + margin);
        handles.setLimits(from - margin, to + margin);
        chartDirty = true;
    }

    private void redrawChart() {
        chartDirty = false;
        overlayDirty = true;
        int bins = (int) Math.clamp(chart.area().getWidth() / BAR, FEWEST_BARS, MOST_BARS);
        counts = data == null ? new double[0] : data.histogram(x.getLowerBound(), x.getUpperBound(), bins);
        tellBeyond();
        y.setLogarithmic(log.get());
        if (log.get()) {
            // A level may get all values, so the axis has room for that and need not change during a gesture.
            y.setRange(0, y.position(1.3 * Math.max(2, data == null ? 1 : data.count())));
        } else {
            linearTop = 1.08 * Math.max(1, highest());
            y.setRange(0, linearTop);
        }
        int n = counts.length;
        double width = (x.getUpperBound() - x.getLowerBound()) / bins;
        double[][] series = new double[6][n];
        for (int i = 0; i < n; i++) {
            series[1][i] = x.getLowerBound() + i * width;
            series[2][i] = x.getLowerBound() + (i + 1) * width;
            series[0][i] = (series[1][i] + series[2][i]) / 2;
            series[3][i] = y.position(counts[i]);
            series[5][i] = series[3][i];
        }
        bars.addSeries("values", series);
        barRenderer.setSeriesPaint(0, Palette.awt(palette.get().floats().deriveColor(0, 1, 1, 0.8)));
        chart.paint(palette.get());
        chart.draw();
    }

    private void tellBeyond() {
        HistogramData shown = data;
        if (shown == null) {
            notes.beyond(0, 0);
            return;
        }
        double below = x.getLowerBound() > shown.min() ? shown.histogram(shown.min(), x.getLowerBound(), 1)[0] : 0;
        double above = x.getUpperBound() < shown.max() ? shown.histogram(x.getUpperBound(), shown.max(), 1)[0] : 0;
        notes.beyond((long) Math.ceil(below), (long) Math.ceil(above));
    }

    private double highest() {
        double bar = Arrays.stream(counts).max().orElse(0);
        return data == null || grid == null || (grid instanceof UniformGrid u && overlay.tooFine(u))
                ? bar
                : Math.max(bar, Arrays.stream(LevelCounts.of(data, grid)).max().orElse(0));
    }

    private boolean linearAxisIsOff() {
        if (log.get()) {
            return false;
        }
        double fitting = 1.08 * Math.max(1, highest());
        return fitting > linearTop || fitting < 0.5 * linearTop;
    }

    @Override
    protected void layoutChildren() {
        double w = Math.floor(getWidth());
        double h = Math.floor(getHeight());
        if (w != canvas.getWidth() || h != canvas.getHeight()) {
            canvas.setWidth(w);
            canvas.setHeight(h);
            // The change of size draws the chart.
            chart.resize(w, h);
            handles.resizeRelocate(0, 0, w, h);
            notes.resizeRelocate(0, 0, w, h);
            notes.around(chart.area());
            overlayDirty = true;
        }
        settle();
        handles.place();
    }
}
