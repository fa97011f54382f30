package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javafx.geometry.BoundingBox;
import javafx.geometry.Bounds;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.Region;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.eval.AccuracyEstimate;

/**
 * Model size against accuracy of every setting tried: smaller is on the left, better is up. A click on a point goes
 * back to its settings.
 */
public final class TriedView extends Region {
    private static final double DOT = 10;
    private static final double LEFT = 60;
    private static final double RIGHT = 76;
    private static final double TOP = 8;
    private static final double BOTTOM = 18;
    private static final double LABEL_GAP = 5;
    private static final double MIN_HEIGHT = 64;
    private static final double TICK = 4;
    /** The approximate distance between lines of equal accuracy, in pixels. */
    private static final double LINE_SPACING = 26;

    /** The float model has a place of its own behind a break of the axis if it is larger than this many times the rest. */
    private static final double BREAK_FROM = 1.5;

    /** The part of the width that the quantized models get when the axis is broken. */
    private static final double BEFORE_BREAK = 0.86;

    private static final double BREAK_WIDTH = 10;

    /** How far a label may extend beyond the top of the plot, in pixels. */
    private static final double MARGIN = 6;

    /** The approximate distance between ticks in pixels. */
    private static final double TICK_SPACING = 110;

    /** The least span of the accuracy axis, 0.02: differences below it look small. */
    private static final double LEAST_SPAN = 0.02;

    /** The units of size: the axis uses the largest one in which its end is at least 4. */
    private enum Unit {
        B("B", 0),
        KIB("KiB", 10),
        MIB("MiB", 20),
        GIB("GiB", 30);

        private final String text;
        private final double bytes;

        Unit(String text, int shift) {
            this.text = text;
            this.bytes = 1L << shift;
        }

        static Unit of(long most) {
            return most < 4 * KIB.bytes ? B : most < 4 * MIB.bytes ? KIB : most < 4 * GIB.bytes ? MIB : GIB;
        }
    }

    /** The size of a mark of the front, in pixels. */
    private static final double MARK = 4;

    private final TriedViewModel model;
    private final BudgetViewModel budget;
    private final BudgetHandle handle;
    /** The mixture of the budget at its accuracy. */
    private final Region mixture = new Region();

    private final List<Region> frontMarks = new ArrayList<>();
    private List<Assignment> front = List.of();
    private Sizes shownSizes = Sizes.of(List.of(), 0, 1);
    private final Region axis = new Region();
    private final Label gap = new Label("//");
    private final Region floatLine = new Region();
    private final List<Label> heights = new ArrayList<>();
    private final List<Region> lines = new ArrayList<>();
    private final Label nothing =
            new Label("Each setting that was evaluated on all samples appears here, by size and accuracy.");
    private final List<Button> dots = new ArrayList<>();
    private final List<Label> labels = new ArrayList<>();
    private final List<Label> ticks = new ArrayList<>();
    private final List<Region> marks = new ArrayList<>();
    private List<Tried> points = List.of();

    /** @param budget shown as a line across the plot where it can be chosen */
    public TriedView(TriedViewModel model, BudgetViewModel budget) {
        this.model = model;
        this.budget = budget;
        handle = new BudgetHandle("tried-budget", budget, x -> budget.chooseBytes(shownSizes.bytes(x)), true);
        mixture.getStyleClass().add("budget-mixture");
        mixture.setManaged(false);
        mixture.setMouseTransparent(true);
        setId("tried");
        setAccessibleText("Size and accuracy of every setting tried");
        axis.getStyleClass().add("tried-axis");
        axis.setManaged(false);
        nothing.getStyleClass().add("hint");
        nothing.setManaged(false);
        gap.getStyleClass().addAll("tried-label", "tried-gap");
        gap.setManaged(false);
        gap.setTooltip(new Tooltip("The axis is broken here: the float model is much larger than the others"));
        floatLine.getStyleClass().add("tried-float-line");
        floatLine.setManaged(false);
        floatLine.setMouseTransparent(true);
        getChildren().addAll(floatLine, axis, gap, nothing, mixture, handle, handle.value());
        setMinHeight(MIN_HEIGHT);
        Copyable.install(this, () -> AccuracyFigures.tried(model.viewProperty().get()));
        model.viewProperty().subscribe(this::show);
        budget.viewProperty().subscribe(this::showBudget);
    }

    private void show(TriedViewModel.View view) {
        if (!view.points().equals(points)) {
            points = view.points();
            getChildren().removeAll(dots);
            getChildren().removeAll(labels);
            dots.clear();
            labels.clear();
            for (Tried t : points) {
                dots.add(dot(t));
                Label label = new Label(t.label());
                label.setManaged(false);
                label.setMouseTransparent(true);
                label.getStyleClass().addAll("number", "tried-label");
                labels.add(label);
            }
            getChildren().addAll(labels);
            getChildren().addAll(dots);
        }
        nothing.setVisible(points.isEmpty());
        for (int i = 0; i < points.size(); i++) {
            boolean current = view.current().map(points.get(i)::equals).orElse(false);
            for (var styles : List.of(dots.get(i).getStyleClass(), labels.get(i).getStyleClass())) {
                styles.remove("current");
                if (current) {
                    styles.add("current");
                }
            }
            dots.get(i).setViewOrder(current ? -1 : 0);
        }
        requestLayout();
    }

    private void showBudget(BudgetState state) {
        boolean open = state.isOpen();
        handle.setVisible(open);
        if (open) {
            handle.write(BudgetText.words(state));
        }
        List<Assignment> now =
                state.found().filter(_ -> open).map(BudgetState.Found::front).orElse(List.of());
        if (!now.equals(front)) {
            front = now;
            getChildren().removeAll(frontMarks);
            frontMarks.clear();
            for (int i = 0; i < front.size(); i++) {
                Region mark = new Region();
                mark.getStyleClass().add("budget-mark");
                mark.setManaged(false);
                mark.setMouseTransparent(true);
                frontMarks.add(mark);
            }
            getChildren().addAll(1, frontMarks);
        }
        requestLayout();
    }

    private Button dot(Tried t) {
        Button dot = new Button();
        dot.setManaged(false);
        dot.getStyleClass().setAll("tried-dot");
        if (t.isFloat()) {
            dot.getStyleClass().add("float");
        }
        String text = t.label() + "\n" + t.details() + "\n" + Figures.bytes(t.bytes()) + " · " + score(t);
        dot.setTooltip(new Tooltip(text + "\nclick to go back to this setting"));
        dot.setAccessibleText(text.replace('\n', ','));
        dot.setOnAction(e -> model.adopt(t));
        return dot;
    }

    private static String score(Tried t) {
        String counts = t.task().isProportion()
                ? " (" + Figures.count(Math.round(t.score() * t.samples())) + " of " + Figures.count(t.samples()) + ")"
                : " on " + Figures.count(t.samples()) + " samples";
        return t.task().title() + " " + Figures.score(t.task(), t.score()) + counts;
    }

    /** The score, with its sign changed if smaller is better. */
    private static double merit(Tried t) {
        return t.task().higherIsBetter() ? t.score() : -t.score();
    }

    /**
     * Where sizes are on the horizontal axis, in pixels. The sizes of quantized models fill it from 0 on; the float
     * model lies behind a break where it would press them together.
     *
     * @param most the size at the end of the unbroken part, in bytes
     * @param width of the unbroken part in pixels
     */
    private record Sizes(long most, double width, boolean broken, double end) {
        /** @param reach the largest size that a mixture has, 0 for none */
        static Sizes of(List<Tried> points, long reach, double width) {
            long all = points.stream().mapToLong(Tried::bytes).max().orElse(1);
            long quantized = Math.max(
                    reach,
                    points.stream()
                            .filter(p -> !p.isFloat())
                            .mapToLong(Tried::bytes)
                            .max()
                            .orElse(reach > 0 ? reach : all));
            boolean broken = all > BREAK_FROM * quantized;
            return new Sizes(
                    Math.max(1, broken ? quantized : all), broken ? BEFORE_BREAK * width : width, broken, LEFT + width);
        }

        double at(long bytes) {
            return broken && bytes > most ? end : LEFT + width * bytes / most;
        }

        /** The size at a place of the unbroken part. */
        double bytes(double x) {
            return Math.clamp((x - LEFT) / width, 0, 1) * most;
        }

        double breakAt() {
            return (LEFT + width + end) / 2;
        }
    }

    @Override
    protected void layoutChildren() {
        double width = Math.max(1, getWidth() - LEFT - RIGHT);
        double height = Math.max(1, getHeight() - TOP - BOTTOM);
        double floor = TOP + height;
        long reach = front.isEmpty() ? 0 : front.getLast().sizeBytes();
        Sizes sizes = Sizes.of(points, reach, width);
        shownSizes = sizes;
        axis.setVisible(!points.isEmpty());
        axis.resizeRelocate(LEFT - DOT, floor, width + 2 * DOT, 1);
        gap.setVisible(!points.isEmpty() && sizes.broken);
        place(gap, sizes.breakAt() - BREAK_WIDTH / 2, floor - gap.prefHeight(-1) / 2);
        place(nothing, 0, TOP + height / 2 - DOT);
        layoutTicks(points.isEmpty() ? 0 : sizes.most, sizes.width, floor);
        double top = points.stream().mapToDouble(TriedView::merit).max().orElse(1);
        double low = points.stream().mapToDouble(TriedView::merit).min().orElse(0);
        double span = Math.max(proportions() ? LEAST_SPAN : Double.MIN_NORMAL, top - low);
        double room = Math.max(1, height - 2 * DOT);
        List<Bounds> taken = new ArrayList<>();
        double[] x = new double[points.size()];
        double[] y = new double[points.size()];
        // Labels are placed in this order: first that of the present settings, then from the newest to the oldest.
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < x.length; i++) {
            x[i] = sizes.at(points.get(i).bytes());
            y[i] = TOP + DOT + room * (top - merit(points.get(i))) / span;
            dots.get(i).resizeRelocate(x[i] - DOT / 2, y[i] - DOT / 2, DOT, DOT);
            taken.add(new BoundingBox(x[i] - DOT / 2, y[i] - DOT / 2, DOT, DOT));
            order.addFirst(i);
        }
        order.sort(Comparator.comparing(i -> !dots.get(i).getStyleClass().contains("current")));
        layoutLines(top, span, room, width);
        OptionalDouble floatAt = IntStream.range(0, x.length)
                .filter(i -> points.get(i).isFloat())
                .mapToDouble(i -> y[i])
                .findFirst();
        floatLine.setVisible(floatAt.isPresent());
        floatAt.ifPresent(at -> floatLine.resizeRelocate(LEFT - DOT, Math.rint(at), width + 2 * DOT, 1));
        layoutBudget(sizes, top, span, room, floor);
        for (int i : order) {
            layoutLabel(i, x[i], y[i], floor, taken);
        }
    }

    /** The front as marks on the axis, the budget, and the mixture at its size and accuracy. */
    private void layoutBudget(Sizes sizes, double top, double span, double room, double floor) {
        for (int i = 0; i < frontMarks.size(); i++) {
            frontMarks.get(i).resizeRelocate(sizes.at(front.get(i).sizeBytes()) - MARK / 2, floor - MARK, MARK, MARK);
        }
        BudgetState state = budget.viewProperty().get();
        Optional<AccuracyEstimate> figure = state.isOpen() ? state.accuracy() : Optional.empty();
        boolean comparable = figure.filter(f ->
                        !points.isEmpty() && f.task().equals(points.getFirst().task()))
                .isPresent();
        mixture.setVisible(comparable);
        state.chosen().filter(_ -> state.isOpen()).ifPresent(a -> {
            double x = sizes.at(a.sizeBytes());
            handle.place(x, 0, floor, getWidth());
            if (comparable) {
                AccuracyEstimate f = figure.orElseThrow();
                double merit = f.task().higherIsBetter() ? f.score() : -f.score();
                double y = Math.clamp(TOP + DOT + room * (top - merit) / span, DOT / 2, floor - DOT / 2);
                mixture.resizeRelocate(x - DOT / 2, y - DOT / 2, DOT, DOT);
                // Over the line and its words.
                mixture.toFront();
            }
        });
    }

    private boolean proportions() {
        return points.stream().allMatch(p -> p.task().isProportion());
    }

    /** Lines of equal accuracy at round values, with their values on the left. */
    private void layoutLines(double top, double span, double room, double width) {
        double unit = proportions() ? 0.01 : 1;
        double step = unit * step(span / unit, Math.max(1, room / LINE_SPACING));
        int count = 0;
        if (!points.isEmpty()) {
            double least = top - span * (room + DOT) / room;
            for (double value = Math.floor((top + span * DOT / room) / step) * step; value >= least; value -= step) {
                double at = TOP + DOT + room * (top - value) / span;
                if (count == heights.size()) {
                    addLine();
                }
                Label label = heights.get(count);
                label.setText(lineLabel(value, step));
                place(label, LEFT - DOT - 6 - label.prefWidth(-1), at - label.prefHeight(-1) / 2);
                lines.get(count).resizeRelocate(LEFT - DOT, Math.rint(at), width + 2 * DOT, 1);
                count++;
            }
        }
        for (int i = 0; i < heights.size(); i++) {
            heights.get(i).setVisible(i < count);
            lines.get(i).setVisible(i < count);
        }
    }

    private void addLine() {
        Label label = new Label();
        label.setManaged(false);
        label.getStyleClass().addAll("number", "tried-label");
        Region line = new Region();
        line.setManaged(false);
        line.getStyleClass().add("tried-line");
        heights.add(label);
        lines.add(line);
        getChildren().addFirst(line);
        getChildren().add(label);
    }

    private String lineLabel(double merit, double step) {
        if (!proportions()) {
            return Figures.score(points.getFirst().task(), Math.abs(merit));
        }
        int decimals = step >= 0.01 * (1 - 1e-9) ? 0 : 1;
        return String.format(Locale.ROOT, "%." + decimals + "f %%", 100 * merit);
    }

    private void layoutLabel(int i, double x, double y, double floor, List<Bounds> taken) {
        Label label = labels.get(i);
        double w = Math.ceil(label.prefWidth(-1));
        double h = Math.ceil(label.prefHeight(-1));
        double away = DOT / 2 + LABEL_GAP;
        Optional<Bounds> free = Stream.of(
                        new BoundingBox(x + away, y - h / 2, w, h),
                        new BoundingBox(x - away - w, y - h / 2, w, h),
                        new BoundingBox(x - w / 2, y + DOT / 2, w, h),
                        new BoundingBox(x - w / 2, y - DOT / 2 - h, w, h),
                        new BoundingBox(x, y + DOT / 2, w, h),
                        new BoundingBox(x - w, y + DOT / 2, w, h))
                .map(box -> (Bounds) box)
                .filter(box -> box.getMinY() >= -MARGIN
                        && box.getMaxY() <= floor
                        && box.getMinX() >= LEFT - DOT
                        && box.getMaxX() <= getWidth())
                .filter(box -> taken.stream().noneMatch(box::intersects))
                .findFirst();
        label.setVisible(free.isPresent());
        free.ifPresent(box -> {
            taken.add(box);
            place(label, box.getMinX(), box.getMinY());
        });
    }

    private void layoutTicks(long most, double width, double floor) {
        Unit unit = Unit.of(most);
        double step = step(most / unit.bytes, width / TICK_SPACING);
        int count = most == 0 ? 0 : (int) Math.floor(most / unit.bytes / step) + 1;
        while (ticks.size() < count) {
            Label tick = new Label();
            tick.setManaged(false);
            tick.getStyleClass().addAll("number", "tried-label");
            Region mark = new Region();
            mark.setManaged(false);
            mark.getStyleClass().add("tried-axis");
            ticks.add(tick);
            marks.add(mark);
            getChildren().addAll(tick, mark);
        }
        for (int i = 0; i < ticks.size(); i++) {
            boolean shown = i < count;
            ticks.get(i).setVisible(shown);
            marks.get(i).setVisible(shown);
            if (shown) {
                double x = LEFT + width * i * step * unit.bytes / most;
                ticks.get(i)
                        .setText((step < 1
                                        ? String.format(Locale.ROOT, "%.1f", i * step)
                                        : Figures.count(Math.round(i * step)))
                                + (i == count - 1 ? " " + unit.text : ""));
                marks.get(i).resizeRelocate(Math.rint(x), floor, 1, TICK);
                place(ticks.get(i), x - ticks.get(i).prefWidth(-1) / 2, floor + TICK - 1);
            }
        }
    }

    /**
     * The smallest step of 1, 2 or 5 times a power of ten that divides {@code range} into at most {@code wanted} steps.
     */
    private static double step(double range, double wanted) {
        double least = Math.max(range, 1e-3) / Math.max(1, wanted);
        double power = Math.pow(10, Math.floor(Math.log10(least)));
        return Stream.of(1, 2, 5, 10)
                .mapToDouble(m -> m * power)
                .filter(s -> s >= least)
                .findFirst()
                .orElse(10 * power);
    }

    private static void place(Label label, double x, double y) {
        label.resizeRelocate(
                Math.rint(x), Math.rint(y), Math.ceil(label.prefWidth(-1)), Math.ceil(label.prefHeight(-1)));
    }
}
