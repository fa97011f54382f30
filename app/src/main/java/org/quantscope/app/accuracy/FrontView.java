package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.Region;
import javafx.scene.shape.Polyline;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Unit;

/**
 * The least loss at each cost: smaller is on the left, less loss is down, on a logarithmic scale. The line across it is
 * the budget.
 */
final class FrontView extends Region {
    private static final double LEFT = 62;
    private static final double RIGHT = 18;
    private static final double TOP = 24;
    private static final double BOTTOM = 40;
    private static final double DOT = 9;
    private static final double TICK = 4;
    private static final int TICKS = 5;
    private static final double HEIGHT = 240;
    /** A loss of nothing is drawn this many times below the least other one. */
    private static final double BELOW = 10;

    private final BudgetViewModel model;
    private final BudgetHandle handle;
    private final Polyline curve = new Polyline();
    private final Region axis = new Region();
    private final Label lossName = new Label();
    private final Label costName = new Label();
    private final List<Region> dots = new ArrayList<>();
    private final List<Label> heights = new ArrayList<>();
    private final List<Region> lines = new ArrayList<>();
    private final List<Label> ticks = new ArrayList<>();
    private List<Assignment> front = List.of();
    private Unit unit = Unit.BYTES;

    FrontView(BudgetViewModel model) {
        this.model = model;
        setId("budget-front");
        setAccessibleText("The least loss at each cost");
        setMinSize(320, 170);
        setPrefHeight(HEIGHT);
        handle = new BudgetHandle("budget-front-handle", model, x -> model.chooseBudget(cost(x)), false);
        curve.getStyleClass().add("budget-curve");
        curve.setManaged(false);
        curve.setMouseTransparent(true);
        axis.getStyleClass().add("tried-axis");
        axis.setManaged(false);
        for (Label name : List.of(lossName, costName)) {
            name.getStyleClass().add("hint");
            name.setManaged(false);
        }
        getChildren().addAll(axis, curve, lossName, costName, handle, handle.value());
        Copyable.install(this, () -> {
            BudgetState now = model.viewProperty().get();
            return AccuracyFigures.front(
                    front, unit, now.found().map(BudgetState.Found::divergence).orElse(true), now.chosen());
        });
    }

    void show(BudgetState state) {
        List<Assignment> now = state.found().map(BudgetState.Found::front).orElse(List.of());
        unit = state.choices().unit();
        boolean divergence = state.found().map(BudgetState.Found::divergence).orElse(true);
        lossName.setText(
                divergence
                        ? "KL in nats on the calibration data, nearest levels"
                        : "share of noise on the calibration data, nearest levels");
        costName.setText(unit == Unit.BYTES ? "size of all tensors" : "bit-operations for one sample");
        if (!now.equals(front)) {
            front = now;
            getChildren().removeAll(dots);
            dots.clear();
            for (Assignment a : front) {
                Region dot = new Region();
                dot.setManaged(false);
                dot.getStyleClass().add("budget-dot");
                String text = BudgetText.bits(a.averageBits()) + " bits on average\n"
                        + Figures.bytes(a.sizeBytes()) + " · " + BudgetText.operations(a.bitOperations())
                        + " bit-operations\n"
                        + state.found().map(f -> BudgetText.loss(f, a.loss())).orElse("");
                Tooltip.install(dot, new Tooltip(text));
                dot.setAccessibleText(text.replace('\n', ','));
                dot.setOnMouseClicked(e -> {
                    model.chooseBudget(a.in(unit));
                    model.settle();
                });
                dots.add(dot);
            }
            getChildren().addAll(getChildren().indexOf(handle), dots);
        }
        handle.setVisible(state.isOpen());
        state.chosen()
                .ifPresent(a -> handle.write(BudgetText.bits(a.averageBits()) + " bits · "
                        + BudgetText.cost(unit, a.in(unit))
                        + state.found()
                                .map(f -> " · " + BudgetText.loss(f, a.loss()))
                                .orElse("")));
        requestLayout();
    }

    private double width() {
        return Math.max(1, getWidth() - LEFT - RIGHT);
    }

    private double least() {
        return front.isEmpty() ? 0 : front.getFirst().in(unit);
    }

    private double most() {
        return front.isEmpty() ? 1 : front.getLast().in(unit);
    }

    private double cost(double x) {
        return least() + (most() - least()) * Math.clamp((x - LEFT) / width(), 0, 1);
    }

    private double x(double cost) {
        double span = most() - least();
        return LEFT + (span > 0 ? width() * Math.clamp((cost - least()) / span, 0, 1) : 0);
    }

    @Override
    protected void layoutChildren() {
        double height = Math.max(1, getHeight() - TOP - BOTTOM);
        double floor = TOP + height;
        boolean some = !front.isEmpty();
        Stream.of(axis, curve, lossName, costName).forEach(n -> n.setVisible(some));
        place(lossName, LEFT, 2);
        place(costName, LEFT + width() - costName.prefWidth(-1), floor + 18);
        axis.resizeRelocate(LEFT, floor, width(), 1);
        double positive = front.stream()
                .mapToDouble(Assignment::loss)
                .filter(l -> l > 0)
                .min()
                .orElse(1);
        double low = Math.log10(front.stream().anyMatch(a -> a.loss() <= 0) ? positive / BELOW : positive);
        double high = Math.log10(Math.max(
                positive, front.stream().mapToDouble(Assignment::loss).max().orElse(1)));
        double span = Math.max(1, high - low);
        layoutHeights(some, low, span, height, floor);
        layoutTicks(some, floor);
        List<Double> points = new ArrayList<>();
        for (int i = 0; i < dots.size(); i++) {
            Assignment a = front.get(i);
            double x = x(a.in(unit));
            double y = floor - height * (Math.log10(Math.max(a.loss(), Math.pow(10, low))) - low) / span;
            dots.get(i).resizeRelocate(x - DOT / 2, y - DOT / 2, DOT, DOT);
            points.add(x);
            points.add(y);
        }
        curve.getPoints().setAll(points);
        Optional<Assignment> chosen = model.viewProperty().get().chosen();
        chosen.ifPresent(a -> handle.place(x(a.in(unit)), TOP, height, getWidth() - RIGHT));
    }

    private void layoutHeights(boolean some, double low, double span, double height, double floor) {
        int first = (int) Math.ceil(low - 1e-9);
        int last = (int) Math.floor(low + span + 1e-9);
        int step = Math.max(1, (last - first) / TICKS + (last - first > TICKS ? 1 : 0));
        int count = 0;
        for (int decade = first; some && decade <= last; decade += step) {
            if (count == heights.size()) {
                Label label = new Label();
                Region line = new Region();
                label.setManaged(false);
                line.setManaged(false);
                label.getStyleClass().addAll("number", "tried-label");
                line.getStyleClass().add("tried-line");
                heights.add(label);
                lines.add(line);
                getChildren().addFirst(line);
                getChildren().add(1, label);
            }
            double y = floor - height * (decade - low) / span;
            heights.get(count).setText(power(decade));
            place(
                    heights.get(count),
                    LEFT - 8 - heights.get(count).prefWidth(-1),
                    y - heights.get(count).prefHeight(-1) / 2);
            lines.get(count).resizeRelocate(LEFT, Math.rint(y), width(), 1);
            count++;
        }
        for (int i = 0; i < heights.size(); i++) {
            heights.get(i).setVisible(i < count);
            lines.get(i).setVisible(i < count);
        }
    }

    private static String power(int decade) {
        return decade < -2 || decade > 2
                ? "1e" + decade
                : decade < 0 ? "0." + "0".repeat(-decade - 1) + "1" : "1" + "0".repeat(decade);
    }

    private void layoutTicks(boolean some, double floor) {
        while (ticks.size() < TICKS) {
            Label tick = new Label();
            tick.setManaged(false);
            tick.getStyleClass().addAll("number", "tried-label");
            ticks.add(tick);
            getChildren().add(1, tick);
        }
        for (int i = 0; i < TICKS; i++) {
            Label tick = ticks.get(i);
            tick.setVisible(some);
            if (some) {
                double cost = least() + (most() - least()) * i / (TICKS - 1);
                tick.setText(BudgetText.cost(unit, cost));
                double wide = tick.prefWidth(-1);
                place(tick, Math.clamp(x(cost) - wide / 2, 0, Math.max(0, getWidth() - wide)), floor + TICK);
            }
        }
    }

    private static void place(Label label, double x, double y) {
        label.resizeRelocate(
                Math.rint(x), Math.rint(y), Math.ceil(label.prefWidth(-1)), Math.ceil(label.prefHeight(-1)));
    }
}
