package org.quantscope.app.selected;

import java.awt.BasicStroke;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Pos;
import javafx.geometry.Rectangle2D;
import javafx.geometry.Side;
import javafx.scene.control.Button;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.Label;
import javafx.scene.control.MenuItem;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.Region;
import javafx.scene.shape.Circle;
import javafx.scene.shape.Line;
import javafx.scene.text.TextAlignment;
import org.jfree.chart.annotations.XYTextAnnotation;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.xy.DefaultXYDataset;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.DecadeAxis;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.OncePerPulse;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.StillChart;
import org.quantscope.app.ui.Theme;

/**
 * Error against clip on a logarithmic axis: the total and its two parts, faint curves beside it, a pin for each calibrator,
 * and a point for the clip in hand. The point is a node and moves without the chart being drawn again.
 *
 * <p>Pins that are too close to have a label each share one that opens a list of them.
 */
public final class ErrorCurveView extends Region {
    private static final double TOP = 52;
    private static final double RIGHT = 12;
    private static final double ROW = 14;
    private static final int ROWS = 3;
    /** Decades shown below the lowest total, for the parts. */
    private static final double DEPTH = 1.6;
    /** The horizontal axis goes beyond the curves by this factor. */
    private static final double ROOM = 1.03;

    /** Pixels beyond the curves for the words at their ends. */
    private static final double WORDS = 46;

    private static final int WORD_SIZE = 10;
    /** Pixels between words, from middle to middle. */
    private static final double WORD_PITCH = 12;

    /** The nodes of a pin; they stay for the next curve, because new ones would have to be styled. */
    private final class Mark {
        private ErrorCurve.Pin pin;
        private final Button button = new Button();
        private final Line leader = new Line();
        private final Circle dot = new Circle(4);
        private final Tooltip tip = new Tooltip();

        Mark(ErrorCurve.Pin pin) {
            this.pin = pin;
            button.setId("pin-" + pin.id());
            button.getStyleClass().add("pin");
            button.setManaged(false);
            button.setMinSize(USE_PREF_SIZE, USE_PREF_SIZE);
            button.setTooltip(new Tooltip());
            dot.getStyleClass().add("pin-dot");
            dot.setManaged(false);
            dot.setOnMouseClicked(e -> onPin.accept(pin()));
            tip.setOnShowing(e -> tip.setText(describe(pin())));
            Tooltip.install(dot, tip);
            leader.getStyleClass().add("pin-leader");
            leader.setManaged(false);
            leader.setMouseTransparent(true);
            button.fontProperty().addListener((o, was, is) -> requestLayout());
            ErrorCurveView.this.getChildren().add(1, leader);
            ErrorCurveView.this.getChildren().addAll(button, dot);
        }

        ErrorCurve.Pin pin() {
            return pin;
        }

        void hide() {
            button.setVisible(false);
            leader.setVisible(false);
            dot.setVisible(false);
        }
    }

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final NumberAxis x = new NumberAxis();
    private final DecadeAxis y = new DecadeAxis();
    private final DefaultXYDataset lines = new DefaultXYDataset();
    private final XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
    private final StillChart chart = new StillChart(x, y, lines, renderer, TOP, RIGHT, 24, 52);
    private final Circle current = new Circle(6);
    private final Label note = new Label();
    private final ContextMenu choice = new ContextMenu();
    /** From left to right. */
    private final List<Mark> marks = new ArrayList<>();

    private final Map<String, Mark> known = new HashMap<>();

    private @Nullable ErrorCurve curve;
    private double currentClip = Double.NaN;
    private double currentMse = Double.NaN;
    private Consumer<ErrorCurve.Pin> onPin = pin -> {};
    private final OncePerPulse drawing = new OncePerPulse(this, this::draw);

    public ErrorCurveView() {
        getStyleClass().add("error-curve-view");
        setAccessibleText("Error of the tensor against its clip");
        setMinSize(240, 128);
        setPrefSize(680, 200);
        chart.node().setManaged(false);
        current.setId("current-point");
        current.getStyleClass().add("current-point");
        current.setManaged(false);
        current.setMouseTransparent(true);
        renderer.setDrawSeriesLineAsPath(true);
        chart.hideVerticalLines();
        note.setId("curve-note");
        note.getStyleClass().add("hint");
        note.setManaged(false);
        note.setWrapText(true);
        note.setAlignment(Pos.CENTER);
        note.setTextAlignment(TextAlignment.CENTER);
        getChildren().addAll(chart.node(), note, current);
        palette.addListener((o, was, is) -> drawing.touch());
        placeCurrent();
    }

    /** Shows another curve, or none. */
    public void setCurve(@Nullable ErrorCurve curve) {
        this.curve = curve;
        marks.forEach(Mark::hide);
        marks.clear();
        choice.hide();
        if (curve != null) {
            curve.pins().stream()
                    .sorted(Comparator.comparingDouble(ErrorCurve.Pin::clip))
                    .forEach(this::addMark);
        }
        current.toFront();
        drawing.touch();
    }

    /** One sentence in place of the curve: why there is none. Not seen while there is one. */
    public void setNote(String sentence) {
        note.setText(sentence);
        showNote();
    }

    private void showNote() {
        note.setVisible(curve == null && !note.getText().isEmpty());
        chart.node().setVisible(!note.isVisible());
    }

    /** Where the clip in hand stands; may be called for every frame of a gesture. */
    public void setCurrent(double clip, double mse) {
        currentClip = clip;
        currentMse = mse;
        placeCurrent();
    }

    /** Takes the point away. */
    public void clearCurrent() {
        setCurrent(Double.NaN, Double.NaN);
    }

    /** What a click on a pin does. */
    public void setOnPin(Consumer<ErrorCurve.Pin> onPin) {
        this.onPin = onPin;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** How often the chart has been drawn. */
    public long chartRedraws() {
        return chart.redraws();
    }

    private void addMark(ErrorCurve.Pin pin) {
        Mark mark = known.computeIfAbsent(pin.id(), id -> new Mark(pin));
        mark.pin = pin;
        // Whoever goes through them with the keyboard does so from left to right.
        mark.button.toFront();
        mark.dot.toFront();
        marks.add(mark);
    }

    private static String describe(ErrorCurve.Pin pin) {
        return String.format(Locale.ROOT, "%s: clip %.4g, MSE %.3g", pin.label(), pin.clip(), pin.mse())
                .replace("e-0", "e-");
    }

    /** Lists the pins that share a label, best first. */
    private void choose(Button under, List<ErrorCurve.Pin> pins) {
        choice.getItems()
                .setAll(pins.stream()
                        .map(pin -> {
                            MenuItem item = new MenuItem(describe(pin));
                            item.setId("choose-" + pin.id());
                            item.setOnAction(e -> onPin.accept(pin));
                            return item;
                        })
                        .toList());
        choice.show(under, Side.BOTTOM, 0, 2);
    }

    private void draw() {
        if (chart.node().getWidth() < 1) {
            return;
        }
        showNote();
        while (lines.getSeriesCount() > 0) {
            lines.removeSeries(lines.getSeriesKey(0));
        }
        int faint = 0;
        if (curve != null && !curve.points().isEmpty()) {
            List<ErrorCurve.Point> points = curve.points();
            fitAxes(curve);
            // Later series are drawn over earlier ones.
            for (ErrorCurve.Neighbour neighbour : curve.neighbours()) {
                renderer.setSeriesPaint(faint, Palette.awt(palette.get().muted().deriveColor(0, 1, 1, 0.45)));
                renderer.setSeriesStroke(faint, new BasicStroke(1));
                lines.addSeries("neighbour " + faint++, series(neighbour.points(), ErrorCurve.Point::mse));
            }
            lines.addSeries("clipping", series(points, ErrorCurve.Point::clipping));
            lines.addSeries("rounding", series(points, ErrorCurve.Point::rounding));
            lines.addSeries("total", series(points, ErrorCurve.Point::mse));
        }
        BasicStroke dashed =
                new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {5, 3}, 0);
        renderer.setSeriesPaint(faint, Palette.awt(palette.get().clipping()));
        renderer.setSeriesStroke(faint, dashed);
        renderer.setSeriesPaint(faint + 1, Palette.awt(palette.get().rounding()));
        renderer.setSeriesStroke(faint + 1, dashed);
        renderer.setSeriesPaint(faint + 2, Palette.awt(palette.get().text()));
        renderer.setSeriesStroke(faint + 2, new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        chart.annotate(curve == null ? List.of() : words(curve));
        chart.paint(palette.get());
        chart.draw();
        placeMarks();
        placeCurrent();
    }

    private void fitAxes(ErrorCurve c) {
        double least = positive(c.points()).min().orElse(0.1);
        double most = positive(c.points()).max().orElse(1);
        double low = Math.log10(least) - DEPTH;
        double end = c.points().getLast().clip();
        for (ErrorCurve.Neighbour neighbour : c.neighbours()) {
            low = Math.min(low, Math.log10(positive(neighbour.points()).min().orElse(least)) - 0.2);
            most = Math.max(most, positive(neighbour.points()).max().orElse(most));
        }
        y.setRange(low, Math.log10(most) + 0.2);
        double width = chart.area().getWidth();
        x.setRange(
                0,
                Math.max(Double.MIN_NORMAL, end)
                        * (c.neighbours().isEmpty() ? ROOM : width / Math.max(width / 2, width - WORDS)));
    }

    private static DoubleStream positive(List<ErrorCurve.Point> points) {
        return points.stream().mapToDouble(ErrorCurve.Point::mse).filter(v -> v > 0);
    }

    /** The labels of the curves at their right ends, that of the curve in hand first; one without room is left out. */
    private List<XYTextAnnotation> words(ErrorCurve c) {
        List<XYTextAnnotation> words = new ArrayList<>();
        if (c.neighbours().isEmpty() || c.points().isEmpty()) {
            return words;
        }
        List<Double> taken = new ArrayList<>();
        word(
                words,
                taken,
                c.label(),
                c.points().getLast(),
                Palette.awt(palette.get().text()));
        for (ErrorCurve.Neighbour neighbour : c.neighbours()) {
            word(
                    words,
                    taken,
                    neighbour.label(),
                    neighbour.points().getLast(),
                    Palette.awt(palette.get().muted()));
        }
        return words;
    }

    private void word(
            List<XYTextAnnotation> words,
            List<Double> taken,
            String text,
            ErrorCurve.Point end,
            java.awt.Color colour) {
        double at = end.mse() > 0 ? chart.toY(Math.log10(end.mse())) : Double.NaN;
        Rectangle2D area = chart.area();
        if (at >= area.getMinY()
                && at <= area.getMaxY()
                && taken.stream().noneMatch(t -> Math.abs(t - at) < WORD_PITCH)) {
            taken.add(at);
            var word = new XYTextAnnotation(text, end.clip() + 5 * chart.pixel(), Math.log10(end.mse()));
            word.setTextAnchor(TextAnchor.CENTER_LEFT);
            word.setFont(Fonts.awtMono(WORD_SIZE));
            word.setPaint(colour);
            words.add(word);
        }
    }

    private double[][] series(List<ErrorCurve.Point> points, ToDoubleFunction<ErrorCurve.Point> part) {
        // What is 0 has no logarithm: it leaves the plot at its foot.
        double floor = y.getLowerBound() - 1;
        return new double[][] {
            points.stream().mapToDouble(ErrorCurve.Point::clip).toArray(),
            points.stream()
                    .mapToDouble(part)
                    .map(v -> v > 0 ? Math.max(floor, Math.log10(v)) : floor)
                    .toArray()
        };
    }

    @Override
    protected void layoutChildren() {
        double w = Math.floor(getWidth());
        double h = Math.floor(getHeight());
        if (w != chart.node().getWidth() || h != chart.node().getHeight()) {
            chart.resize(w, h);
            // Whether the words at the ends of the curves have room depends on the size.
            drawing.touch();
        }
        double inset = chart.area().getMinX();
        note.resizeRelocate(inset, 0, Math.max(0, w - 2 * inset), h);
        drawing.settle();
        placeMarks();
        placeCurrent();
    }

    private void placeMarks() {
        Rectangle2D area = chart.area();
        List<Mark> inSight = new ArrayList<>();
        for (Mark m : marks) {
            double at = chart.toX(m.pin().clip());
            boolean shown = at >= area.getMinX() - 1 && at <= area.getMaxX() + 1;
            if (shown) {
                inSight.add(m);
            }
            m.dot.setVisible(shown);
            m.dot.setCenterX(at);
            m.dot.setCenterY(
                    m.pin().mse() > 0
                            ? Math.clamp(chart.toY(Math.log10(m.pin().mse())), area.getMinY(), area.getMaxY())
                            : area.getMaxY());
        }
        var labels = new PinLabels(
                inSight.stream().mapToDouble(m -> m.dot.getCenterX()).toArray(),
                inSight.stream().mapToDouble(m -> m.pin().mse()).toArray(),
                (lead, others) -> {
                    Button button = inSight.get(lead).button;
                    button.setText(text(inSight.get(lead).pin(), others));
                    return Math.ceil(button.prefWidth(-1));
                },
                getWidth(),
                ROWS);
        List<PinLabels.Label> placed = labels.place();
        for (Mark m : marks) {
            boolean labelled =
                    placed.stream().anyMatch(label -> inSight.get(label.lead()).equals(m));
            m.button.setVisible(labelled);
            m.leader.setVisible(labelled);
        }
        for (PinLabels.Label label : placed) {
            Mark m = inSight.get(label.lead());
            List<ErrorCurve.Pin> pins = inSight.subList(label.from(), label.to()).stream()
                    .map(Mark::pin)
                    .sorted(Comparator.comparingDouble(ErrorCurve.Pin::mse))
                    .toList();
            double top = (ROWS - 1 - label.row()) * (ROW + 1);
            Button button = m.button;
            button.setText(text(m.pin(), pins.size() - 1));
            button.resizeRelocate(Math.rint(label.left()), top, label.width(), ROW);
            button.setOnAction(e -> {
                if (pins.size() == 1) {
                    onPin.accept(m.pin());
                } else {
                    choose(button, pins);
                }
            });
            button.getTooltip()
                    .setText(pins.stream().map(ErrorCurveView::describe).collect(Collectors.joining("\n")));
            m.leader.setStartX(Math.rint(m.dot.getCenterX()) + 0.5);
            m.leader.setEndX(m.leader.getStartX());
            m.leader.setStartY(top + ROW + 1);
            m.leader.setEndY(m.dot.getCenterY() - 5);
        }
    }

    private static String text(ErrorCurve.Pin pin, int others) {
        return others == 0 ? pin.label() : pin.label() + " +" + others;
    }

    private void placeCurrent() {
        boolean shown =
                curve != null && currentMse > 0 && currentClip >= x.getLowerBound() && currentClip <= x.getUpperBound();
        current.setVisible(shown);
        if (shown) {
            Rectangle2D area = chart.area();
            current.setCenterX(chart.toX(currentClip));
            current.setCenterY(Math.clamp(chart.toY(Math.log10(currentMse)), area.getMinY(), area.getMaxY()));
        }
    }
}
