package org.quantscope.app.flipped;

import java.util.List;
import java.util.Locale;
import javafx.collections.FXCollections;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Previous;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.robustness.ShareInterval;

/**
 * Each class with its number of samples and how many of them each model recognizes, the worst of the quantized model
 * first. A click on a class lists its samples that flipped.
 */
final class ClassesView extends VBox {
    private static final double GAP = 8;
    private static final double NUMBER = 64;
    private static final double INTERVAL = 92;
    private static final double CHANGE = 92;
    private static final double ROW = 28;

    private final FlippedViewModel model;
    private final ListView<ClassAccuracy> list = new ListView<>();
    private final Label note = new Label();
    private List<ClassAccuracy> shown = List.of();

    ClassesView(FlippedViewModel model) {
        super(GAP / 2);
        this.model = model;
        list.setId("classes");
        list.getStyleClass().add("plain-list");
        list.setAccessibleText("Classes, worst first");
        list.setCellFactory(x -> new Line());
        list.setFixedCellSize(ROW);
        list.setMinHeight(4 * ROW);
        list.setPlaceholder(new Label("Without labels no class is right or wrong."));
        list.setOnKeyPressed(e -> {
            ClassAccuracy chosen = list.getSelectionModel().getSelectedItem();
            if (chosen != null && (e.getCode() == KeyCode.ENTER || e.getCode() == KeyCode.SPACE)) {
                model.chooseClass(chosen.label());
                e.consume();
            }
        });
        note.setId("classes-note");
        note.getStyleClass().add("hint");
        note.setWrapText(true);
        note.setMinHeight(USE_PREF_SIZE);
        VBox.setVgrow(list, Priority.ALWAYS);
        getChildren().addAll(head(), list, note);
        model.viewProperty().subscribe(v -> update());
    }

    private static HBox head() {
        Label name = column("class, worst first", Double.NaN);
        HBox head = new HBox(
                GAP,
                name,
                column("samples", NUMBER),
                column("float", NUMBER),
                column("quantized", NUMBER),
                column("95 %", INTERVAL),
                column("change", CHANGE));
        head.getStyleClass().add("classes-head");
        return head;
    }

    private static Label column(String text, double width) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        size(label, width);
        return label;
    }

    /** A column of this width with its text at the right; the first takes what is left. */
    private static void size(Label label, double width) {
        if (Double.isNaN(width)) {
            HBox.setHgrow(label, Priority.ALWAYS);
            label.setMaxWidth(Double.MAX_VALUE);
            label.setMinWidth(0);
            label.setPrefWidth(0);
        } else {
            label.setMinWidth(width);
            label.setPrefWidth(width);
            label.setMaxWidth(width);
            label.setAlignment(Pos.CENTER_RIGHT);
        }
    }

    private void update() {
        FlippedViewModel.View.Found v = model.viewProperty().get().found().orElse(null);
        List<ClassAccuracy> now = v == null ? List.of() : v.classes();
        if (!now.equals(shown)) {
            shown = now;
            list.setItems(FXCollections.observableList(now));
        }
        if (v == null) {
            note.setText("");
            return;
        }
        int at = -1;
        for (int i = 0; i < now.size(); i++) {
            if (v.listed().ofClass().isPresent()
                    && now.get(i).label() == v.listed().ofClass().getAsInt()) {
                at = i;
            }
        }
        list.getSelectionModel().clearAndSelect(at);
        long changed = now.stream().filter(c -> mark(c) != 0).count();
        note.setText(
                now.isEmpty()
                        ? ""
                        : (v.tally().seen() < v.tally().total()
                                        ? "≈ " + Figures.count(v.tally().seen()) + " of "
                                                + Figures.count(v.tally().total()) + " samples seen. "
                                        : "")
                                + "In brackets the 95 % interval for other such samples. ▼ and ▲ mark changes beyond"
                                + " chance"
                                + (changed == 0 ? "; here there are none." : ", of each class by itself."));
        Previous.mark(list, v.previous());
    }

    /** −1 if the class is worse beyond chance, 1 if it is better, else 0. */
    static int mark(ClassAccuracy c) {
        PairedInterval change = c.change();
        return change.hi() < 0 ? -1 : change.lo() > 0 ? 1 : 0;
    }

    private final class Line extends ListCell<ClassAccuracy> {
        private final Label name = new Label();
        private final Label total = number(NUMBER);
        private final Label ofFloat = number(NUMBER);
        private final Label quantized = number(NUMBER);
        private final Label interval = number(INTERVAL);
        private final Label change = number(CHANGE);
        private final HBox line = new HBox(GAP, name, total, ofFloat, quantized, interval, change);

        Line() {
            size(name, Double.NaN);
            interval.getStyleClass().add("hint");
            line.setAlignment(Pos.CENTER_LEFT);
            setPrefWidth(0);
            setOnMouseClicked(e -> {
                ClassAccuracy item = getItem();
                if (item != null && !isEmpty()) {
                    model.chooseClass(item.label());
                }
            });
        }

        private static Label number(double width) {
            Label label = new Label();
            label.getStyleClass().add("number");
            size(label, width);
            return label;
        }

        @Override
        protected void updateItem(@Nullable ClassAccuracy c, boolean empty) {
            super.updateItem(c, empty);
            if (empty || c == null) {
                setGraphic(null);
                setTooltip(null);
                setAccessibleText(null);
                return;
            }
            ShareInterval share = ShareInterval.of(c.quantized(), c.total());
            int mark = mark(c);
            name.setText(model.className(c.label()));
            total.setText(Figures.count(c.total()));
            ofFloat.setText(percent(c.floatAccuracy()));
            quantized.setText(percent(c.accuracy()));
            interval.setText(String.format(Locale.ROOT, "[%.1f, %.1f]", 100 * share.lo(), 100 * share.hi()));
            String points = String.format(Locale.ROOT, "%+.1f", 100.0 * (c.quantized() - c.ofFloat()) / c.total());
            change.setText((mark < 0 ? "▼ " : mark > 0 ? "▲ " : "") + points);
            change.getStyleClass().removeAll("lost", "muted");
            if (mark <= 0) {
                change.getStyleClass().add(mark < 0 ? "lost" : "muted");
            }
            PairedInterval of = c.change();
            String said = String.format(
                    Locale.ROOT,
                    "%s: %d of %d right, %d in float; %d lost, %d gained; change %s points, 95 %% interval %.1f to"
                            + " %.1f",
                    name.getText(),
                    c.quantized(),
                    c.total(),
                    c.ofFloat(),
                    c.lost(),
                    c.gained(),
                    points,
                    100 * of.lo(),
                    100 * of.hi());
            setTooltip(new Tooltip(said + ". A click lists the samples that flipped."));
            setAccessibleText(said);
            setGraphic(line);
        }

        private static String percent(double share) {
            return String.format(Locale.ROOT, "%.1f %%", 100 * share);
        }
    }
}
