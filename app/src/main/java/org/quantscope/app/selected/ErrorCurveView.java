package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
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
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.OncePerPulse;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.StillChart;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.plot.Plot;

/**
 * The error against the clip on a logarithmic axis: the total and its two parts, faint curves for comparison, a pin for
 * each calibrator, and a point for the present clip. The point is a node of its own, so that it moves without drawing
 * the chart again.
 *
 * <p>Pins that are too close for separate labels share a label, which opens a list of them.
 */
public final class ErrorCurveView extends Region {
    private static final double TOP = 52;
    private static final double RIGHT = 12;
    private static final double ROW = 14;
    private static final int ROWS = 3;
    /** The nodes of a pin. They are used again for the next curve, because new nodes would need new styling. */
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
    private final CurveLines lines = new CurveLines(TOP, RIGHT, 24, 52);
    private final StillChart chart = lines.chart();
    private final Circle current = new Circle(6);
    private final Circle currentOutput = new Circle(5);
    private final Label note = new Label();
    private final ContextMenu choice = new ContextMenu();
    /** From left to right. */
    private final List<Mark> marks = new ArrayList<>();

    private final Map<String, Mark> known = new HashMap<>();

    private @Nullable ErrorCurve curve;
    private double currentClip = Double.NaN;
    private double currentMse = Double.NaN;
    private double outputMse = Double.NaN;
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
        currentOutput.setId("current-output");
        currentOutput.getStyleClass().add("current-output");
        currentOutput.setManaged(false);
        currentOutput.setMouseTransparent(true);
        note.setId("curve-note");
        note.getStyleClass().add("hint");
        note.setManaged(false);
        note.setWrapText(true);
        note.setAlignment(Pos.CENTER);
        note.setTextAlignment(TextAlignment.CENTER);
        getChildren().addAll(chart.node(), note, currentOutput, current);
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
        currentOutput.toFront();
        current.toFront();
        drawing.touch();
    }

    /** Sets a sentence that says why there is no curve; it is hidden while there is one. */
    public void setNote(String sentence) {
        note.setText(sentence);
        showNote();
    }

    private void showNote() {
        note.setVisible(curve == null && !note.getText().isEmpty());
        chart.node().setVisible(!note.isVisible());
    }

    /** Moves the point for the present clip; cheap enough for every frame of a gesture. */
    public void setCurrent(double clip, double mse) {
        currentClip = clip;
        currentMse = mse;
        placeCurrent();
    }

    /** Moves the point on the line of the output; NaN hides it. */
    public void setCurrentOutput(double clip, double mse) {
        currentClip = clip;
        outputMse = mse;
        placeCurrent();
    }

    /** Hides the points. */
    public void clearCurrent() {
        outputMse = Double.NaN;
        setCurrent(Double.NaN, Double.NaN);
    }

    /** Sets the action of a click on a pin. */
    public void setOnPin(Consumer<ErrorCurve.Pin> onPin) {
        this.onPin = onPin;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** What is shown, as a figure to be copied; empty if there is no curve. */
    public List<Plot> figure(String of) {
        ErrorCurve shown = curve;
        return shown == null || shown.points().isEmpty()
                ? List.of()
                : List.of(SelectedFigures.curve(of, shown, currentClip));
    }

    /** How often the chart has been drawn. */
    public long chartRedraws() {
        return chart.redraws();
    }

    private void addMark(ErrorCurve.Pin pin) {
        Mark mark = known.computeIfAbsent(pin.id(), id -> new Mark(pin));
        mark.pin = pin;
        // Keyboard navigation follows the order of the children, so they are sorted from left to right.
        mark.button.toFront();
        mark.dot.toFront();
        marks.add(mark);
    }

    private static String describe(ErrorCurve.Pin pin) {
        return String.format(Locale.ROOT, "%s: clip %.4g, MSE %.3g", pin.label(), pin.clip(), pin.mse())
                .replace("e-0", "e-");
    }

    /** Opens a list of the pins that share a label, lowest error first. */
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
        lines.draw(curve, palette.get());
        placeMarks();
        placeCurrent();
    }

    @Override
    protected void layoutChildren() {
        double w = Math.floor(getWidth());
        double h = Math.floor(getHeight());
        if (w != chart.node().getWidth() || h != chart.node().getHeight()) {
            chart.resize(w, h);
            // Whether the labels at the ends of the curves fit depends on the size.
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
        boolean shown = curve != null && currentMse > 0 && lines.shows(currentClip);
        current.setVisible(shown);
        boolean withOutput =
                curve != null && shown && outputMse > 0 && !curve.outputs().isEmpty();
        currentOutput.setVisible(withOutput);
        if (withOutput) {
            Rectangle2D area = chart.area();
            currentOutput.setCenterX(chart.toX(currentClip));
            currentOutput.setCenterY(Math.clamp(chart.toY(Math.log10(outputMse)), area.getMinY(), area.getMaxY()));
        }
        if (shown) {
            Rectangle2D area = chart.area();
            current.setCenterX(chart.toX(currentClip));
            current.setCenterY(Math.clamp(chart.toY(Math.log10(currentMse)), area.getMinY(), area.getMaxY()));
        }
    }
}
