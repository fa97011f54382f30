package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import javafx.geometry.BoundingBox;
import javafx.geometry.Bounds;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.Region;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.app.ui.Figures;
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
    private static final double MIN_HEIGHT = 80;
    private static final double TICK = 4;

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

    private final TriedViewModel model;
    private final Region axis = new Region();
    private final Label best = new Label();
    private final Label worst = new Label();
    private final Label nothing =
            new Label("Each setting that was evaluated on all samples appears here, by size and accuracy.");
    private final List<Button> dots = new ArrayList<>();
    private final List<Label> labels = new ArrayList<>();
    private final List<Label> ticks = new ArrayList<>();
    private final List<Region> marks = new ArrayList<>();
    private List<Tried> points = List.of();

    public TriedView(TriedViewModel model) {
        this.model = model;
        setId("tried");
        setAccessibleText("Size and accuracy of every setting tried");
        axis.getStyleClass().add("tried-axis");
        axis.setManaged(false);
        nothing.getStyleClass().add("hint");
        for (Label label : new Label[] {best, worst}) {
            label.getStyleClass().addAll("number", "tried-label");
        }
        for (Label label : new Label[] {best, worst, nothing}) {
            label.setManaged(false);
        }
        getChildren().addAll(axis, best, worst, nothing);
        setMinHeight(MIN_HEIGHT);
        model.viewProperty().subscribe(this::show);
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

    private Button dot(Tried t) {
        Button dot = new Button();
        dot.setManaged(false);
        dot.getStyleClass().setAll("tried-dot");
        String text = t.label() + "\n" + t.details() + "\n" + Figures.bytes(t.bytes()) + " · " + score(t);
        dot.setTooltip(new Tooltip(text + "\nclick to go back to this setting"));
        dot.setAccessibleText(text.replace('\n', ','));
        dot.setOnAction(e -> model.adopt(t));
        return dot;
    }

    private static String score(Tried t) {
        AccuracyEstimate a = t.accuracy();
        String counts = a.task().isProportion()
                ? " (" + Figures.count(Math.round(t.score() * a.seen())) + " of " + Figures.count(a.total()) + ")"
                : "";
        return a.task().title() + " " + Figures.score(a.task(), t.score()) + counts;
    }

    /** The score, with its sign changed if smaller is better. */
    private static double merit(Tried t) {
        return t.accuracy().task().higherIsBetter() ? t.score() : -t.score();
    }

    @Override
    protected void layoutChildren() {
        double width = Math.max(1, getWidth() - LEFT - RIGHT);
        double height = Math.max(1, getHeight() - TOP - BOTTOM);
        double floor = TOP + height;
        axis.setVisible(!points.isEmpty());
        axis.resizeRelocate(LEFT - DOT, floor, width + 2 * DOT, 1);
        place(nothing, 0, TOP + height / 2 - DOT);
        long most = points.stream().mapToLong(Tried::bytes).max().orElse(0);
        layoutTicks(most, width, floor);
        double top = points.stream().mapToDouble(TriedView::merit).max().orElse(1);
        double low = points.stream().mapToDouble(TriedView::merit).min().orElse(0);
        double span = Math.max(
                points.stream().allMatch(p -> p.accuracy().task().isProportion()) ? LEAST_SPAN : Double.MIN_NORMAL,
                top - low);
        double room = height - 2 * DOT;
        List<Bounds> taken = new ArrayList<>();
        double[] x = new double[points.size()];
        double[] y = new double[points.size()];
        // Labels are placed in this order: first that of the present settings, then from the newest to the oldest.
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < x.length; i++) {
            x[i] = LEFT + width * points.get(i).bytes() / Math.max(1, most);
            y[i] = TOP + DOT + room * (top - merit(points.get(i))) / span;
            dots.get(i).resizeRelocate(x[i] - DOT / 2, y[i] - DOT / 2, DOT, DOT);
            taken.add(new BoundingBox(x[i] - DOT / 2, y[i] - DOT / 2, DOT, DOT));
            order.addFirst(i);
        }
        order.sort(Comparator.comparing(i -> !dots.get(i).getStyleClass().contains("current")));
        layoutScale(top, low, room * (top - low) / span);
        for (int i : order) {
            layoutLabel(i, x[i], y[i], floor, taken);
        }
    }

    private void layoutScale(double top, double low, double apart) {
        best.setVisible(!points.isEmpty());
        best.setText(scale(top));
        place(best, 0, TOP + DOT - best.prefHeight(-1) / 2);
        worst.setText(scale(low));
        worst.setVisible(!points.isEmpty() && apart > worst.prefHeight(-1));
        place(worst, 0, TOP + DOT + apart - worst.prefHeight(-1) / 2);
    }

    private String scale(double merit) {
        return points.isEmpty()
                ? ""
                : Figures.score(points.getFirst().accuracy().task(), Math.abs(merit));
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
