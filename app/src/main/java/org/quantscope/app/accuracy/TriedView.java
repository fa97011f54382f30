package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javafx.collections.ListChangeListener;
import javafx.collections.ObservableList;
import javafx.geometry.BoundingBox;
import javafx.geometry.Bounds;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.Region;
import org.quantscope.app.workbench.Figures;

/** Size against accuracy of every setting tried: smaller is to the left, better is up. The newest one stands out. */
public final class TriedView extends Region {
    private static final double DOT = 9;
    private static final double LEFT = 60;
    private static final double RIGHT = 64;
    private static final double TOP = 8;
    private static final double BOTTOM = 22;
    private static final double LABEL_GAP = 5;

    private final ObservableList<AccuracyViewModel.Tried> tried;
    private final Region axis = new Region();
    private final Label up = new Label("top-1");
    private final Label along = new Label("size");
    private final Label nothing = new Label("Each setting that was evaluated on all samples appears here, by size and accuracy.");
    private final List<Region> dots = new ArrayList<>();
    private final List<Label> labels = new ArrayList<>();

    public TriedView(ObservableList<AccuracyViewModel.Tried> tried) {
        this.tried = tried;
        setId("tried");
        setAccessibleText("Size and accuracy of every setting tried");
        axis.getStyleClass().add("tried-axis");
        for (Label label : new Label[] {up, along, nothing}) {
            label.getStyleClass().add("hint");
            label.setManaged(false);
        }
        axis.setManaged(false);
        getChildren().addAll(axis, up, along, nothing);
        setMinHeight(72);
        tried.addListener((ListChangeListener<AccuracyViewModel.Tried>) change -> refresh());
        refresh();
    }

    private void refresh() {
        getChildren().removeAll(dots);
        getChildren().removeAll(labels);
        dots.clear();
        labels.clear();
        nothing.setVisible(tried.isEmpty());
        for (int i = 0; i < tried.size(); i++) {
            AccuracyViewModel.Tried t = tried.get(i);
            Region dot = new Region();
            dot.setManaged(false);
            dot.getStyleClass().add("tried-dot");
            if (i == tried.size() - 1) {
                dot.getStyleClass().add("newest");
            }
            Tooltip.install(dot, new Tooltip(t.label() + "\n" + Figures.percent(t.accuracy()) + " · " + Figures.bytes(t.bytes())));
            Label label = new Label(t.label());
            label.setManaged(false);
            label.getStyleClass().addAll("number", "tried-label");
            dots.add(dot);
            labels.add(label);
        }
        getChildren().addAll(dots);
        getChildren().addAll(labels);
        requestLayout();
    }

    @Override
    protected void layoutChildren() {
        double width = Math.max(1, getWidth() - LEFT - RIGHT);
        double height = Math.max(1, getHeight() - TOP - BOTTOM);
        axis.resizeRelocate(LEFT - DOT, TOP + height + DOT, width + 2 * DOT, 1);
        place(up, 0, 0);
        place(along, LEFT + width - along.prefWidth(-1) + DOT, TOP + height + DOT + 1);
        place(nothing, LEFT, TOP + height / 2 - DOT);
        double most = tried.stream().mapToDouble(AccuracyViewModel.Tried::bytes).max().orElse(1);
        double best = tried.stream().mapToDouble(AccuracyViewModel.Tried::accuracy).max().orElse(1);
        double worst = tried.stream().mapToDouble(AccuracyViewModel.Tried::accuracy).min().orElse(0);
        double span = Math.max(0.02, best - worst);
        List<Bounds> taken = new ArrayList<>();
        double[] x = new double[tried.size()];
        double[] y = new double[tried.size()];
        for (int i = 0; i < x.length; i++) {
            x[i] = LEFT + width * tried.get(i).bytes() / most;
            y[i] = TOP + DOT / 2 + (height - DOT) * (best - tried.get(i).accuracy()) / span;
            dots.get(i).resizeRelocate(x[i] - DOT / 2, y[i] - DOT / 2, DOT, DOT);
            taken.add(new BoundingBox(x[i] - DOT / 2, y[i] - DOT / 2, DOT, DOT));
        }
        // The newest first: where labels would overlap, an older one gives way.
        for (int i = x.length - 1; i >= 0; i--) {
            Label label = labels.get(i);
            double w = Math.ceil(label.prefWidth(-1));
            double h = Math.ceil(label.prefHeight(-1));
            double away = DOT / 2 + LABEL_GAP;
            Optional<Bounds> free = Stream.of(
                            new BoundingBox(x[i] + away, y[i] - h / 2, w, h),
                            new BoundingBox(x[i] - away - w, y[i] - h / 2, w, h),
                            new BoundingBox(x[i] - w / 2, y[i] + DOT / 2, w, h))
                    .map(box -> (Bounds) box)
                    .filter(box -> taken.stream().noneMatch(box::intersects))
                    .findFirst();
            label.setVisible(free.isPresent());
            free.ifPresent(box -> {
                taken.add(box);
                place(label, box.getMinX(), box.getMinY());
            });
        }
    }

    private static void place(Label label, double x, double y) {
        label.resizeRelocate(Math.rint(x), Math.rint(y), Math.ceil(label.prefWidth(-1)), Math.ceil(label.prefHeight(-1)));
    }
}
