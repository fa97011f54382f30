package org.quantscope.app.flipped;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javafx.geometry.Pos;
import javafx.scene.AccessibleAttribute;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.flipped.Confusion.Kind;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.dataset.Dataset;

/**
 * The confusion matrix: which class is taken for which before quantization, after it, and what changed. A click on a
 * cell lists its samples.
 */
final class ConfusionView extends VBox {
    /** The kinds in the order of their buttons. */
    private static final List<Kind> KINDS = List.of(Kind.BEFORE, Kind.AFTER, Kind.DIFFERENCE);

    /** The most classes to show. If the model has more, those that changed most are shown. */
    private static final int MOST = 16;

    private static final double GAP = 8;
    /** The most letters of a class name above a column, and beside a row. */
    private static final int NAME_ABOVE = 9;

    private static final int LINES_ABOVE = 2;

    private static final int NAME_BESIDE = 12;
    private static final double LEAST = 0.12;
    private static final double MOST_OPAQUE = 0.7;

    private final FlippedViewModel model;
    private final GridPane grid = new GridPane(1, 1);
    private final Label note = new Label();
    private final Map<List<Integer>, Cell> cells = new HashMap<>();
    /** The background of each cell; the larger the count, the more opaque. */
    private final Map<List<Integer>, Region> grounds = new HashMap<>();

    private List<Integer> shownClasses = List.of();
    /** The names of the shown classes. */
    private final Map<Integer, String> names = new HashMap<>();

    private Optional<Dataset> shownData = Optional.empty();
    private Kind kind = Kind.DIFFERENCE;

    ConfusionView(FlippedViewModel model) {
        super(GAP);
        this.model = model;
        Label title = new Label("Confusion");
        title.getStyleClass().add("title");
        title.setMinWidth(USE_PREF_SIZE);
        Segments kinds = new Segments("before", "after", "difference")
                .describe(0, "confusion-before", "The float model")
                .describe(1, "confusion-after", "The quantized model")
                .describe(2, "confusion-difference", "The quantized model's counts less the float model's");
        kinds.choose(2);
        kinds.setOnChoose(i -> {
            kind = KINDS.get(i);
            update();
        });
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox head = new HBox(GAP, title, space, kinds);
        head.setAlignment(Pos.CENTER_LEFT);
        note.setId("confusion-note");
        note.getStyleClass().add("hint");
        note.setWrapText(true);
        grid.setId("confusion");
        getChildren().addAll(head, grid, note);
        model.viewProperty().subscribe(v -> update());
    }

    /**
     * A cell makes its texts for tooltip and screen reader on demand, because all cells change with each batch and few
     * are ever read.
     */
    private static final class Cell extends Button {
        private Supplier<String> words = () -> "";

        String describe() {
            return words.get();
        }

        @Override
        public Object queryAccessibleAttribute(AccessibleAttribute attribute, Object... parameters) {
            return attribute == AccessibleAttribute.TEXT
                    ? describe()
                    : super.queryAccessibleAttribute(attribute, parameters);
        }
    }

    private void update() {
        FlippedViewModel.View.Found v = model.viewProperty().get().found().orElse(null);
        Confusion confusion = v == null ? null : v.confusion().orElse(null);
        setVisible(confusion != null);
        if (v == null || confusion == null) {
            return;
        }
        List<Integer> classes = confusion.mostChanged(MOST);
        // Classes may have other names in other data.
        if (!classes.equals(shownClasses) || !model.data().equals(shownData)) {
            shownData = model.data();
            build(classes);
        }
        int most = 1;
        for (int r : classes) {
            for (int c : classes) {
                most = Math.max(most, r == c && kind != Kind.DIFFERENCE ? 1 : Math.abs(confusion.count(kind, r, c)));
            }
        }
        for (int r : classes) {
            for (int c : classes) {
                show(
                        Objects.requireNonNull(cells.get(List.of(r, c))),
                        confusion,
                        r,
                        c,
                        most,
                        v.listed().cell());
            }
        }
        boolean labelled = model.data().map(d -> d.hasLabels()).orElse(false);
        note.setText("rows: " + (labelled ? "label" : "float class") + ", columns: prediction, on "
                + Figures.count(v.tally().seen()) + " of "
                + Figures.count(v.tally().total()) + " samples"
                + (classes.size() < confusion.classes()
                        ? "; the " + classes.size() + " classes of " + confusion.classes() + " that changed most"
                        : "")
                + " · a cell lists its samples");
        Previous.mark(grid, v.previous());
    }

    private void build(List<Integer> classes) {
        shownClasses = classes;
        names.clear();
        classes.forEach(c -> names.put(c, model.className(c)));
        cells.clear();
        grounds.clear();
        grid.getChildren().clear();
        grid.getColumnConstraints().clear();
        ColumnConstraints names = new ColumnConstraints();
        names.setMinWidth(Region.USE_PREF_SIZE);
        grid.getColumnConstraints().add(names);
        for (int i = 0; i < classes.size(); i++) {
            ColumnConstraints column = new ColumnConstraints();
            column.setHgrow(Priority.ALWAYS);
            column.setPercentWidth(88.0 / classes.size());
            grid.getColumnConstraints().add(column);
            Label above = name(classes.get(i), Pos.CENTER);
            above.setText(above(model.className(classes.get(i))));
            above.setTextAlignment(TextAlignment.CENTER);
            grid.add(above, i + 1, 0);
            grid.add(name(classes.get(i), Pos.CENTER_RIGHT), 0, i + 1);
        }
        names.setPercentWidth(12);
        for (int r = 0; r < classes.size(); r++) {
            for (int c = 0; c < classes.size(); c++) {
                int row = classes.get(r);
                int column = classes.get(c);
                Cell cell = new Cell();
                cell.setId("confusion-" + row + "-" + column);
                cell.getStyleClass().setAll("confusion-cell", "number");
                cell.setMaxSize(Double.MAX_VALUE, Double.MAX_VALUE);
                cell.setMinWidth(0);
                cell.setOnAction(e -> model.choose(new FlippedViewModel.Cell(kind, row, column)));
                Tooltip tip = new Tooltip();
                tip.setOnShowing(e -> tip.setText(cell.describe()));
                cell.setTooltip(tip);
                Region ground = new Region();
                cells.put(List.of(row, column), cell);
                grounds.put(List.of(row, column), ground);
                grid.add(new StackPane(ground, cell), c + 1, r + 1);
            }
        }
    }

    /** A name over a column: a long one in lines, broken where its words or parts end. */
    static String above(String name) {
        return name.length() <= NAME_ABOVE
                ? name
                : Arrays.stream(name.split("(?<=[ /_])", -1))
                        .map(part -> cut(part.strip(), NAME_ABOVE))
                        .limit(LINES_ABOVE)
                        .collect(Collectors.joining("\n"));
    }

    private static String cut(String text, int longest) {
        return text.length() > longest ? text.substring(0, longest - 1) + "…" : text;
    }

    private Label name(int c, Pos at) {
        String full = model.className(c);
        Label label = new Label(cut(full, NAME_BESIDE));
        label.getStyleClass().add("confusion-name");
        label.setTooltip(new Tooltip(full));
        label.setAlignment(at);
        label.setMaxWidth(Double.MAX_VALUE);
        label.setMinWidth(0);
        return label;
    }

    private void show(Cell cell, Confusion confusion, int r, int c, int most, Optional<FlippedViewModel.Cell> listed) {
        int before = confusion.count(Kind.BEFORE, r, c);
        int after = confusion.count(Kind.AFTER, r, c);
        boolean chosen = listed.equals(Optional.of(new FlippedViewModel.Cell(kind, r, c)));
        List<Object> content =
                List.of(kind, before, after, chosen, kind == Kind.DIFFERENCE || r != c ? most : confusion.total(r));
        if (content.equals(cell.getUserData())) {
            return;
        }
        cell.setUserData(content);
        int n = confusion.count(kind, r, c);
        cell.setText(n == 0 ? "·" : kind == Kind.DIFFERENCE && n > 0 ? "+" + n : Integer.toString(n));
        // More samples on the diagonal are good, more beside it are bad.
        boolean good = kind == Kind.DIFFERENCE ? (r == c) == (n > 0) : r == c;
        double share = kind == Kind.DIFFERENCE || r != c
                ? Math.min(1, (double) Math.abs(n) / most)
                : (double) n / Math.max(1, confusion.total(r));
        Region ground = Objects.requireNonNull(grounds.get(List.of(r, c)));
        String style = good ? "confusion-good" : "confusion-bad";
        if (!ground.getStyleClass().contains(style)) {
            ground.getStyleClass().setAll(style);
        }
        ground.setOpacity(n == 0 ? 0 : LEAST + (MOST_OPAQUE - LEAST) * Math.sqrt(share));
        cell.getStyleClass().remove("chosen");
        if (chosen) {
            cell.getStyleClass().add("chosen");
        }
        cell.words = () -> names.get(r) + " taken for " + names.get(c) + ": " + before + " before, " + after + " after";
    }
}
