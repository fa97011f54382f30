package org.quantscope.app.selected;

import java.util.Arrays;
import java.util.Locale;
import javafx.animation.AnimationTimer;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Rectangle2D;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.Label;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.data.xy.DefaultIntervalXYDataset;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.StillChart;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;

/**
 * A tensor's distribution with the clipping range on it: a chart of the values, the quantization levels as stems above
 * it, and two handles that the mouse and the keyboard move.
 *
 * <p>The chart stands still during a gesture. The overlay is painted at most once a pulse; the handles are nodes.
 */
public final class HistogramView extends Region {
    /** Bars across the plot. */
    static final int BINS = 160;

    private static final int SERIES = 0;
    private static final double HANDLE_OVERSHOOT = 6;
    private static final double LABEL_GAP = 6;
    private static final double ZOOM_STEP = 1.2;
    private static final double DEEPEST_ZOOM = 1e-5;
    private static final double MARGIN = 0.045;
    private static final double STEMS_FROM = 2;
    private static final double DOTS_FROM = 5;
    private static final double ENVELOPE_PITCH = 3;

    private enum Side {
        LO,
        HI
    }

    private enum Gesture {
        NONE,
        MOUSE,
        KEYS,
        /** Esc was pressed and the button is still down. */
        TAKEN_BACK
    }

    private static final RangeListener NOBODY = new RangeListener() {
        @Override
        public void preview(ClipRange range) {}

        @Override
        public void commit(ClipRange range) {}

        @Override
        public void cancel() {}
    };

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final BooleanProperty log = new SimpleBooleanProperty(this, "log", true);

    private final NumberAxis x = new NumberAxis();
    private final CountAxis y = new CountAxis();
    private final DefaultIntervalXYDataset bars = new DefaultIntervalXYDataset();
    private final SnappedBarRenderer barRenderer = new SnappedBarRenderer();
    private final StillChart chart = new StillChart(x, y, bars, barRenderer, 8, 12, 24, 52);
    private final Canvas overlay = new Canvas();
    private final ClipHandle lo = new ClipHandle(
            "lo",
            "Lower end of the clipping range",
            () -> shown(Side.LO),
            () -> lowest(Side.LO),
            () -> highest(Side.LO));
    private final ClipHandle hi = new ClipHandle(
            "hi",
            "Upper end of the clipping range",
            () -> shown(Side.HI),
            () -> lowest(Side.HI),
            () -> highest(Side.HI));

    private @Nullable HistogramData data;
    private @Nullable ClipRange clip;
    private @Nullable Grid grid;
    private boolean symmetric;
    private RangeListener listener = NOBODY;

    /** The whole axis, to which zooming out returns. */
    private double wholeLo = -1;

    private double wholeHi = 1;
    private double[] counts = new double[0];
    private double linearTop = 1;

    private Gesture gesture = Gesture.NONE;
    private @Nullable ClipRange before;
    private Side held = Side.LO;
    private double grabOffset;
    private boolean previewed;
    private double panFrom = Double.NaN;

    private boolean axisDirty = true;
    private boolean chartDirty = true;
    private boolean overlayDirty = true;
    private long overlayPaints;
    private final AnimationTimer nextPulse = new AnimationTimer() {
        @Override
        public void handle(long now) {
            stop();
            settle();
        }
    };

    public HistogramView() {
        getStyleClass().add("histogram-view");
        setAccessibleRole(AccessibleRole.NODE);
        setAccessibleText("Distribution of the tensor, with its clipping range");
        setPickOnBounds(true);
        setMinSize(240, 120);
        setPrefSize(680, 270);
        overlay.setManaged(false);
        overlay.setMouseTransparent(true);
        chart.node().setManaged(false);
        getChildren().addAll(chart.node(), overlay, lo.value(), hi.value(), lo, hi);
        x.setRange(wholeLo, wholeHi);
        listenTo(lo, Side.LO);
        listenTo(hi, Side.HI);
        setOnScroll(this::zoom);
        // Here and not on the handle that was pressed: not every platform keeps sending a drag to the node that it
        // began on.
        addEventHandler(MouseEvent.MOUSE_DRAGGED, e -> {
            if (gesture == Gesture.MOUSE) {
                move(held, tidy(chart.fromX(e.getX() - grabOffset), chart.pixel()));
                e.consume();
            } else if (gesture == Gesture.NONE) {
                pan(e);
            }
        });
        addEventHandler(MouseEvent.MOUSE_RELEASED, e -> {
            if (e.getButton() == MouseButton.PRIMARY && (gesture == Gesture.MOUSE || gesture == Gesture.TAKEN_BACK)) {
                finish();
                e.consume();
            }
        });
        setOnMousePressed(e -> panFrom = zoomed() && e.getButton() == MouseButton.PRIMARY ? e.getX() : Double.NaN);
        setOnMouseClicked(e -> {
            if (e.getButton() == MouseButton.PRIMARY && e.getClickCount() == 2 && e.getTarget() == this) {
                resetZoom();
            }
        });
        for (ClipHandle handle : new ClipHandle[] {lo, hi}) {
            // A style sheet that comes later changes the width of the text.
            handle.value().fontProperty().addListener((o, was, is) -> requestLayout());
            handle.value().insetsProperty().addListener((o, was, is) -> requestLayout());
        }
        log.addListener((o, was, is) -> touchChart());
        palette.addListener((o, was, is) -> touchChart());
        placeHandles();
    }

    // What is shown

    /** Shows another tensor, or none; the clip and the grid are to be set afterwards. A gesture under way is cancelled. */
    public void setData(@Nullable HistogramData data) {
        takeBack();
        this.data = data;
        clip = null;
        grid = null;
        axisDirty = true;
        touchChart();
        placeHandles();
    }

    /**
     * Puts the handles at {@code range}, or hides them. Has no effect while the hand holds one.
     *
     * @param symmetric whether the ends mirror each other about 0
     */
    public void setClip(@Nullable ClipRange range, boolean symmetric) {
        if (gesture == Gesture.MOUSE || gesture == Gesture.KEYS) {
            return;
        }
        clip = range;
        axisDirty |= this.symmetric != symmetric || (range != null && (range.lo() < wholeLo || range.hi() > wholeHi));
        this.symmetric = symmetric;
        if (axisDirty) {
            touchChart();
        }
        placeHandles();
        touchOverlay();
    }

    /** The levels to draw, or none. May be called for every frame of a gesture. */
    public void setGrid(@Nullable Grid grid) {
        this.grid = grid;
        touchOverlay();
    }

    /** Where previews and edits go. */
    public void setListener(RangeListener listener) {
        this.listener = listener;
    }

    /** Whether the handles may be moved. */
    public void setEnabledHandles(boolean enabled) {
        if (!enabled) {
            takeBack();
        }
        lo.setDisable(!enabled);
        hi.setDisable(!enabled);
    }

    /** Whether counts are on a logarithmic axis; true at first. */
    public BooleanProperty logProperty() {
        return log;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** The range at which the handles stand. */
    public @Nullable ClipRange clip() {
        return clip;
    }

    // Where things are

    /** Pixels from the left of this view for a value. */
    public double valueToX(double value) {
        settle();
        return chart.toX(value);
    }

    /** The value at {@code px} pixels from the left of this view. */
    public double xToValue(double px) {
        settle();
        return chart.fromX(px);
    }

    /** How often the chart under the handles has been drawn. */
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
        nextPulse.start();
    }

    /** Does what is due: axes, chart, overlay, in this order. */
    private void settle() {
        if (overlay.getWidth() < 1) {
            return;
        }
        boolean atRest = gesture != Gesture.MOUSE && gesture != Gesture.KEYS;
        if (atRest && axisDirty) {
            fitAxis();
        }
        if (chartDirty || (atRest && linearAxisIsOff())) {
            redrawChart();
            placeHandles();
        }
        if (overlayDirty) {
            overlayDirty = false;
            overlayPaints++;
            paintOverlay();
        }
    }

    private void fitAxis() {
        axisDirty = false;
        double from = data == null ? -1 : data.min();
        double to = data == null ? 1 : data.max();
        if (clip != null) {
            from = Math.min(from, clip.lo());
            to = Math.max(to, clip.hi());
        }
        if (symmetric) {
            to = Math.max(-from, to);
            from = -to;
        }
        double margin = to > from ? (to - from) * MARGIN : to == 0 ? 1 : Math.abs(to) / 2;
        wholeLo = from - margin;
        wholeHi = to + margin;
        x.setRange(wholeLo, wholeHi);
        chartDirty = true;
    }

    private void redrawChart() {
        chartDirty = false;
        overlayDirty = true;
        counts = data == null ? new double[0] : data.histogram(x.getLowerBound(), x.getUpperBound(), BINS);
        y.setLogarithmic(log.get());
        if (log.get()) {
            // A level may hold every value there is: there is room for that, so that the axis need not move in a
            // gesture.
            y.setRange(0, y.position(1.3 * Math.max(2, data == null ? 1 : data.count())));
        } else {
            linearTop = 1.08 * Math.max(1, highest());
            y.setRange(0, linearTop);
        }
        int n = counts.length;
        double width = (x.getUpperBound() - x.getLowerBound()) / BINS;
        double[][] series = new double[6][n];
        for (int i = 0; i < n; i++) {
            series[1][i] = x.getLowerBound() + i * width;
            series[2][i] = x.getLowerBound() + (i + 1) * width;
            series[0][i] = (series[1][i] + series[2][i]) / 2;
            series[3][i] = y.position(counts[i]);
            series[5][i] = series[3][i];
        }
        bars.addSeries("values", series);
        barRenderer.setSeriesPaint(SERIES, Palette.awt(palette.get().floats().deriveColor(0, 1, 1, 0.8)));
        chart.paint(palette.get());
        chart.draw();
    }

    private double highest() {
        double bar = Arrays.stream(counts).max().orElse(0);
        return data == null || grid == null || (grid instanceof UniformGrid u && tooFine(u))
                ? bar
                : Math.max(bar, Arrays.stream(levelCounts(data, grid)).max().orElse(0));
    }

    private boolean linearAxisIsOff() {
        if (log.get()) {
            return false;
        }
        double fitting = 1.08 * Math.max(1, highest());
        return fitting > linearTop || fitting < 0.5 * linearTop;
    }

    private boolean tooFine(UniformGrid g) {
        return g.scale() / chart.pixel() < STEMS_FROM;
    }

    /** How many values each level takes; the end levels take what is clipped. */
    static double[] levelCounts(HistogramData data, Grid grid) {
        return switch (grid) {
            case UniformGrid u -> levelCounts(data, u);
            case CodebookGrid c -> levelCounts(data, c);
        };
    }

    private static double[] levelCounts(HistogramData data, CodebookGrid grid) {
        double[] n = new double[grid.size()];
        for (int i = 0; i < n.length; i++) {
            double from = i == 0 ? data.min() : Math.max(data.min(), grid.start(i - 1));
            double to = i == n.length - 1 ? data.max() : Math.min(data.max(), grid.start(i));
            n[i] = from < to ? data.histogram(from, to, 1)[0] : 0;
        }
        return n;
    }

    private static double[] levelCounts(HistogramData data, UniformGrid grid) {
        double scale = grid.scale();
        double from = (grid.qmin() - grid.zeroPoint() - 0.5) * scale;
        double to = (grid.qmax() - grid.zeroPoint() + 0.5) * scale;
        double[] n = data.histogram(from, to, grid.size());
        if (data.min() < from) {
            n[0] += data.histogram(data.min(), from, 1)[0];
        }
        if (data.max() > to) {
            n[n.length - 1] += data.histogram(to, data.max(), 1)[0];
        }
        return n;
    }

    private void paintOverlay() {
        GraphicsContext g = overlay.getGraphicsContext2D();
        g.clearRect(0, 0, overlay.getWidth(), overlay.getHeight());
        if (data == null) {
            return;
        }
        Rectangle2D area = chart.area();
        g.save();
        g.beginPath();
        g.rect(area.getMinX(), area.getMinY(), area.getWidth(), area.getHeight());
        g.clip();
        ClipRange kept = grid != null ? grid.effective() : clip;
        if (kept != null) {
            paintClipped(g, area, kept, data);
        }
        if (grid != null) {
            g.setStroke(palette.get().quantized());
            g.setFill(palette.get().quantized());
            if (grid instanceof UniformGrid u && tooFine(u)) {
                paintEnvelope(g, data, u);
            } else {
                paintStems(g, area, data, grid);
            }
        }
        g.restore();
    }

    private void paintClipped(GraphicsContext g, Rectangle2D area, ClipRange kept, HistogramData data) {
        double left = Math.clamp(chart.toX(kept.lo()), area.getMinX(), area.getMaxX());
        double right = Math.clamp(chart.toX(kept.hi()), area.getMinX(), area.getMaxX());
        Color clipping = palette.get().clipping();
        g.setFill(clipping.deriveColor(0, 1, 1, 0.11));
        g.fillRect(area.getMinX(), area.getMinY(), left - area.getMinX(), area.getHeight());
        g.fillRect(right, area.getMinY(), area.getMaxX() - right, area.getHeight());
        g.setFill(clipping);
        // A bar that straddles an end is painted only if some value is beyond that end.
        boolean below = data.min() < kept.lo();
        boolean above = data.max() > kept.hi();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                double start = area.getMinX() + i * area.getWidth() / BINS;
                double l = SnappedBarRenderer.left(start);
                double r = SnappedBarRenderer.right(start, area.getMinX() + (i + 1) * area.getWidth() / BINS);
                double top = chart.toY(y.position(counts[i]));
                if (below && l < left) {
                    g.fillRect(l, top, Math.min(r, left) - l, area.getMaxY() - top);
                }
                if (above && r > right) {
                    g.fillRect(Math.max(l, right), top, r - Math.max(l, right), area.getMaxY() - top);
                }
            }
        }
    }

    private void paintStems(GraphicsContext g, Rectangle2D area, HistogramData data, Grid grid) {
        // Of a codebook the mean distance: where its levels are closer, stems may touch.
        double pitch = ((double) grid.hi() - grid.lo()) / Math.max(1, grid.size() - 1) / chart.pixel();
        double radius = pitch >= DOTS_FROM ? Math.min(3.5, pitch * 0.35) : 0;
        double[] n = levelCounts(data, grid);
        double width = Math.min(1.6, pitch / 2.5);
        for (int i = 0; i < n.length; i++) {
            double at = chart.toX(grid.level(i));
            if (at < area.getMinX() - radius || at > area.getMaxX() + radius) {
                continue;
            }
            double top = Math.max(area.getMinY(), chart.toY(y.position(n[i])));
            if (area.getMaxY() - top >= 1) {
                g.fillRect(at - width / 2, top, width, area.getMaxY() - top);
            }
            if (radius > 0) {
                double r = n[i] > 0 ? radius : Math.min(radius, 1.5);
                g.fillOval(at - r, top - r, 2 * r, 2 * r);
            }
        }
    }

    /** Levels closer than pixels: their counts as one line, the mean over the levels in each column of a few pixels. */
    private void paintEnvelope(GraphicsContext g, HistogramData data, UniformGrid grid) {
        double from = Math.max(x.getLowerBound(), grid.lo() - 0.5 * grid.scale());
        double to = Math.min(x.getUpperBound(), grid.hi() + 0.5 * grid.scale());
        if (!(to > from)) {
            return;
        }
        int columns = (int) Math.max(1, (to - from) / chart.pixel() / ENVELOPE_PITCH);
        double[] n = data.histogram(from, to, columns);
        double levels = (to - from) / columns / grid.scale();
        g.setLineWidth(1.4);
        g.beginPath();
        for (int i = 0; i < columns; i++) {
            double at = chart.toX(from + (i + 0.5) * (to - from) / columns);
            double top = chart.toY(y.position(n[i] / levels));
            if (i == 0) {
                g.moveTo(at, top);
            } else {
                g.lineTo(at, top);
            }
        }
        g.stroke();
    }

    @Override
    protected void layoutChildren() {
        double w = Math.floor(getWidth());
        double h = Math.floor(getHeight());
        if (w != overlay.getWidth() || h != overlay.getHeight()) {
            overlay.setWidth(w);
            overlay.setHeight(h);
            // Drawn anew by the change of size itself.
            chart.resize(w, h);
            overlayDirty = true;
        }
        settle();
        placeHandles();
    }

    /** Puts the handle nodes and their labels where the range is. */
    private void placeHandles() {
        Rectangle2D area = chart.area();
        double xLo = clip == null ? Double.NaN : chart.toX(clip.lo());
        double xHi = clip == null ? Double.NaN : chart.toX(clip.hi());
        lo.setVisible(xLo >= area.getMinX() - 1 && xLo <= area.getMaxX() + 1);
        hi.setVisible(xHi >= area.getMinX() - 1 && xHi <= area.getMaxX() + 1);
        if (clip == null) {
            return;
        }
        lo.write(format(clip.lo()));
        hi.write(format(clip.hi()));
        double gap = xHi - xLo;
        double inner = Math.clamp(gap / 2, 0, ClipHandle.GRAB);
        double shift = Math.max(0, (ClipHandle.GRIP_WIDTH + 2 - gap) / 2);
        double top = area.getMinY() - HANDLE_OVERSHOOT;
        double height = area.getHeight() + HANDLE_OVERSHOOT;
        lo.place(xLo, top, height, ClipHandle.GRAB, inner, -shift);
        hi.place(xHi, top, height, inner, ClipHandle.GRAB, shift);
        placeLabels(area, xLo, xHi);
    }

    /** Inside the range where both labels fit, else outside; in two rows where they would meet. Always within the plot. */
    private void placeLabels(Rectangle2D area, double xLo, double xHi) {
        Label a = lo.value();
        Label b = hi.value();
        boolean inside = xHi - xLo >= a.getWidth() + b.getWidth() + 3 * LABEL_GAP;
        boolean aInside = inside || xLo - LABEL_GAP - a.getWidth() < area.getMinX();
        boolean bInside = inside || xHi + LABEL_GAP + b.getWidth() > area.getMaxX();
        double ax = Math.clamp(
                aInside ? xLo + LABEL_GAP : xLo - LABEL_GAP - a.getWidth(),
                area.getMinX(),
                Math.max(area.getMinX(), area.getMaxX() - a.getWidth()));
        double bx = Math.clamp(
                bInside ? xHi - LABEL_GAP - b.getWidth() : xHi + LABEL_GAP,
                area.getMinX(),
                Math.max(area.getMinX(), area.getMaxX() - b.getWidth()));
        boolean meet = lo.isVisible() && hi.isVisible() && ax < bx + b.getWidth() + 2 && bx < ax + a.getWidth() + 2;
        double row = area.getMinY() + 1;
        a.relocate(Math.rint(ax), row);
        b.relocate(Math.rint(bx), meet ? row + a.getHeight() + 2 : row);
    }

    /** As many decimals as a tenth of a pixel needs, so that the width stays the same during a gesture. */
    private String format(double value) {
        int decimals = 2 - (int) Math.floor(Math.log10(chart.pixel()));
        return decimals > 9 || decimals < -6
                ? String.format(Locale.ROOT, "%.4e", value)
                : String.format(Locale.ROOT, "%." + Math.max(0, decimals) + "f", value);
    }

    // The hand

    private void listenTo(ClipHandle handle, Side side) {
        handle.addEventHandler(MouseEvent.MOUSE_PRESSED, e -> {
            if (e.getButton() == MouseButton.PRIMARY && clip != null) {
                finish();
                handle.requestFocus();
                handle.setHeld(true);
                held = side;
                grabOffset = localX(e) - valueToX(shown(side));
                begin(Gesture.MOUSE);
            } else if (gesture == Gesture.MOUSE) {
                takeBack();
            }
            e.consume();
        });
        handle.addEventHandler(KeyEvent.KEY_PRESSED, e -> pressed(e, side));
        handle.addEventHandler(KeyEvent.KEY_RELEASED, e -> {
            if (gesture == Gesture.KEYS && isNudge(e.getCode())) {
                finish();
                e.consume();
            }
        });
        handle.focusedProperty().addListener((o, was, is) -> {
            if (!is && gesture == Gesture.KEYS) {
                finish();
            }
        });
    }

    private double localX(MouseEvent e) {
        return sceneToLocal(e.getSceneX(), e.getSceneY()).getX();
    }

    private void pressed(KeyEvent e, Side side) {
        if (e.getCode() == KeyCode.ESCAPE && (gesture == Gesture.MOUSE || gesture == Gesture.KEYS)) {
            boolean mouse = gesture == Gesture.MOUSE;
            takeBack();
            gesture = mouse ? Gesture.TAKEN_BACK : Gesture.NONE;
            e.consume();
        } else if (isNudge(e.getCode()) && clip != null && (gesture == Gesture.NONE || gesture == Gesture.KEYS)) {
            settle();
            double step = chart.pixel() * (e.isShiftDown() ? 10 : 1) * (e.isControlDown() ? 0.1 : 1);
            double target = switch (e.getCode()) {
                case HOME -> data == null ? wholeLo : symmetric ? Math.min(data.min(), -data.max()) : data.min();
                case END -> data == null ? wholeHi : symmetric ? Math.max(-data.min(), data.max()) : data.max();
                case LEFT, DOWN -> tidy(shown(side) - step, step);
                default -> tidy(shown(side) + step, step);
            };
            if (gesture == Gesture.NONE) {
                begin(Gesture.KEYS);
            }
            move(side, target);
            e.consume();
        }
    }

    private static boolean isNudge(KeyCode code) {
        return switch (code) {
            case LEFT, RIGHT, UP, DOWN, HOME, END -> true;
            default -> false;
        };
    }

    private void begin(Gesture kind) {
        gesture = kind;
        before = clip;
        previewed = false;
    }

    /** Takes the value of one end, within its limits, and says so if it changed anything. */
    private void move(Side side, double value) {
        if (clip == null) {
            return;
        }
        float v = (float) Math.clamp(value, lowest(side), Math.max(lowest(side), highest(side)));
        ClipRange next = symmetric
                ? ClipRange.symmetric(Math.abs(v))
                : switch (side) {
                    case LO -> new ClipRange(Math.min(v, clip.hi()), clip.hi());
                    case HI -> new ClipRange(clip.lo(), Math.max(v, clip.lo()));
                };
        if (!next.equals(clip)) {
            clip = next;
            previewed = true;
            placeHandles();
            touchOverlay();
            listener.preview(next);
        }
    }

    /** Lets go: an edit if anything changed. */
    private void finish() {
        lo.setHeld(false);
        hi.setHeld(false);
        ClipRange now = clip;
        boolean wasMoved = previewed && (gesture == Gesture.MOUSE || gesture == Gesture.KEYS);
        gesture = Gesture.NONE;
        previewed = false;
        if (wasMoved && now != null) {
            if (now.equals(before)) {
                listener.cancel();
            } else {
                listener.commit(now);
            }
            touchOverlay();
        }
        before = null;
    }

    /** Puts back what was before the gesture. */
    private void takeBack() {
        lo.setHeld(false);
        hi.setHeld(false);
        boolean wasMoved = previewed && (gesture == Gesture.MOUSE || gesture == Gesture.KEYS);
        gesture = Gesture.NONE;
        previewed = false;
        if (wasMoved) {
            clip = before;
            before = null;
            placeHandles();
            touchOverlay();
            listener.cancel();
        }
    }

    private double shown(Side side) {
        return clip == null
                ? 0
                : switch (side) {
                    case LO -> clip.lo();
                    case HI -> clip.hi();
                };
    }

    /** The lowest value that this end may take: a pixel above its partner, or the end of the axis. */
    private double lowest(Side side) {
        return switch (side) {
            case LO -> symmetric ? -wholeHi : wholeLo;
            case HI -> symmetric ? chart.pixel() : shown(Side.LO) + chart.pixel();
        };
    }

    private double highest(Side side) {
        return switch (side) {
            case LO -> symmetric ? -chart.pixel() : shown(Side.HI) - chart.pixel();
            case HI -> wholeHi;
        };
    }

    /** Rounds to a tenth of the decade of {@code step}: at most a twentieth of a step, and short to read. */
    private static double tidy(double value, double step) {
        int decimals = 1 - (int) Math.floor(Math.log10(step));
        double unit = Math.pow(10, Math.abs(decimals));
        return decimals >= 0 ? Math.rint(value * unit) / unit : Math.rint(value / unit) * unit;
    }

    // Zoom

    private boolean zoomed() {
        return x.getLowerBound() > wholeLo || x.getUpperBound() < wholeHi;
    }

    /** Shows the whole axis again. */
    public void resetZoom() {
        view(wholeLo, wholeHi);
    }

    private void zoom(ScrollEvent e) {
        if (data == null || gesture != Gesture.NONE || (e.getDeltaY() == 0 && e.getDeltaX() == 0)) {
            return;
        }
        settle();
        double width = x.getUpperBound() - x.getLowerBound();
        if (e.getDeltaY() == 0) {
            shiftView(-e.getDeltaX() * chart.pixel());
        } else {
            double whole = wholeHi - wholeLo;
            double next =
                    Math.clamp(e.getDeltaY() > 0 ? width / ZOOM_STEP : width * ZOOM_STEP, whole * DEEPEST_ZOOM, whole);
            double at = Math.clamp(chart.fromX(e.getX()), x.getLowerBound(), x.getUpperBound());
            double from = Math.clamp(at - (at - x.getLowerBound()) * next / width, wholeLo, wholeHi - next);
            view(from, from + next);
        }
        e.consume();
    }

    private void pan(MouseEvent e) {
        if (!Double.isNaN(panFrom)) {
            shiftView((panFrom - e.getX()) * chart.pixel());
            panFrom = e.getX();
        }
    }

    private void shiftView(double by) {
        double width = x.getUpperBound() - x.getLowerBound();
        double from = Math.clamp(x.getLowerBound() + by, wholeLo, wholeHi - width);
        view(from, from + width);
    }

    private void view(double from, double to) {
        if (from != x.getLowerBound() || to != x.getUpperBound()) {
            x.setRange(from, to);
            touchChart();
            placeHandles();
        }
    }
}
