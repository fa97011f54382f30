package org.quantscope.app.tensors;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import javafx.scene.text.Text;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;

/** The columns of the list of tensors: what they show, when they are visible, and which one sorts the list. */
final class TensorColumns {
    private static final double NAME_WIDTH = 100;

    /** The size of the letters of names in pixels. */
    private static final double NAME_SIZE = 13;

    /** With so much room for names, the longest of them need no more, in pixels. */
    private static final double ENOUGH_FOR_NAMES = 320;

    /** Of the names, the longest ones are measured: those with the most letters need not be the widest. */
    private static final int MEASURED_NAMES = 8;

    /** What is left of a name and right of it within its column, in pixels. */
    private static final double NAME_INSETS = 42;

    /** Width of the padding of the list and its scroll bar in pixels. */
    private static final double MARGIN = 40;

    private static final double SHAPE_WIDTH = 86;
    private static final double WIDEST_SHAPE = 118;
    private static final double SHAPE_DIGIT = 7.2;
    private static final double SHAPE_INSETS = 18;
    private static final double BITS_WIDTH = 52;
    private static final double SQNR_WIDTH = 74;
    private static final double OUTPUT_WIDTH = 84;
    private static final double SENSITIVITY_WIDTH = 104;
    private static final double RANGE_WIDTH = 140;

    /** From this width on the head of the names has room for the order. */
    private static final double WIDE_NAMES = 150;

    private final TreeTableView<TensorLine> tree;
    private final TensorsViewModel model;
    private final TreeTableColumn<TensorLine, TensorLine> sensitivity = new TreeTableColumn<>("damage");
    private final TreeTableColumn<TensorLine, TensorLine> name = new TreeTableColumn<>("tensor");
    private final TreeTableColumn<TensorLine, String> sqnr =
            sortable(TensorOrder.Key.SQNR, column("SQNR dB", SQNR_WIDTH, TensorColumns::sqnr));
    private final TreeTableColumn<TensorLine, String> output =
            sortable(TensorOrder.Key.OUTPUT, column("output dB", OUTPUT_WIDTH, TensorColumns::output));
    private final TreeTableColumn<TensorLine, String> bits = sortable(
            TensorOrder.Key.BITS,
            column(
                    "bits",
                    BITS_WIDTH,
                    row -> row.setting().spec().map(TensorColumns::bits).orElse("float")));
    private final TreeTableColumn<TensorLine, String> shape =
            sortable(TensorOrder.Key.SHAPE, column("shape", SHAPE_WIDTH, TensorColumns::shape));
    private final TreeTableColumn<TensorLine, String> range = column(
            "range",
            RANGE_WIDTH,
            row -> row.result().range().map(Figures::range).orElse(""));

    /** The largest loss in the list, which fills a whole bar. */
    private double most;

    /** True if a sweep has found something. */
    private boolean swept;

    /** True if the error at the output is known of any. */
    private boolean outputs;

    private NamePrefix prefix = NamePrefix.NONE;

    /** Whether names are shown without the prefix that most of them share. */
    private boolean elided;

    private double widestName;
    private double widestElided;

    TensorColumns(TreeTableView<TensorLine> tree, TensorsViewModel model) {
        this.tree = tree;
        this.model = model;
        name.setCellValueFactory(
                cell -> new ReadOnlyObjectWrapper<>(cell.getValue().getValue()));
        name.setCellFactory(column -> new TensorCells.NameCell(
                row -> elided ? prefix.elide(row.name()) : row.name(),
                () -> model.doubtProperty().get()));
        name.setPrefWidth(NAME_WIDTH);
        name.setId("column-name");
        name.setUserData(TensorOrder.Key.NAME);
        range.setVisible(false);
        range.setSortable(false);
        sensitivity.setId("column-sensitivity");
        sensitivity.setUserData(TensorOrder.Key.SENSITIVITY);
        sensitivity.getStyleClass().add("number");
        sensitivity.setCellValueFactory(
                cell -> new ReadOnlyObjectWrapper<>(cell.getValue().getValue()));
        sensitivity.setCellFactory(column -> new TensorCells.SensitivityCell(() -> most));
        fix(sensitivity, SENSITIVITY_WIDTH);
        sensitivity.setVisible(false);
        output.setVisible(false);
        tree.getColumns().setAll(List.of(name, shape, bits, sqnr, output, sensitivity, range));
        // The view-model sorts the list; a third click on a header restores the first order.
        tree.setOnSort(e -> {
            e.consume();
            order();
        });
        // After the click, because the header clears the sort order before it sets a new one.
        tree.addEventHandler(MouseEvent.MOUSE_CLICKED, e -> {
            if (tree.getSortOrder().isEmpty()) {
                sqnr.setSortType(TreeTableColumn.SortType.ASCENDING);
                tree.getSortOrder().add(sqnr);
            }
        });
        tree.getSortOrder().add(sqnr);
        model.orderProperty().subscribe(order -> title());
        name.widthProperty().subscribe(width -> title());
        tree.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.S && !e.isShortcutDown() && !e.isAltDown()) {
                sortNext(e.isShiftDown());
                e.consume();
            }
        });
        model.orderProperty().subscribe(this::showOrder);
    }

    /**
     * Shares the width of the list out: names come first. Where they do not fit, they lose the prefix that most of them
     * share, then shapes are hidden. Beside what a sweep has found, figures that are also in the panel give way too.
     * Ranges are shown where much room is left.
     */
    void fit(double width) {
        double most = width - MARGIN - (swept ? SENSITIVITY_WIDTH : 0);
        boolean withSqnr = !swept || most - BITS_WIDTH - SQNR_WIDTH >= NAME_WIDTH || sorts(sqnr);
        boolean withBits = !swept || most - BITS_WIDTH - (withSqnr ? SQNR_WIDTH : 0) >= NAME_WIDTH || sorts(bits);
        double rest = most - (withBits ? BITS_WIDTH : 0) - (withSqnr ? SQNR_WIDTH : 0);
        boolean withOutput = outputs && (rest - OUTPUT_WIDTH >= NAME_WIDTH || sorts(output));
        sqnr.setVisible(withSqnr);
        bits.setVisible(withBits);
        output.setVisible(withOutput);
        double room = rest - (withOutput ? OUTPUT_WIDTH : 0);
        double whole = nameWidth(widestName);
        double least = nameWidth(widestElided);
        double beside = room - shape.getPrefWidth();
        boolean withShape = beside >= least;
        boolean shorter = (withShape ? beside : room) < whole && !prefix.equals(NamePrefix.NONE);
        sensitivity.setVisible(swept);
        shape.setVisible(withShape);
        range.setVisible(beside - RANGE_WIDTH >= whole);
        if (shorter != elided) {
            elided = shorter;
            tree.refresh();
        }
    }

    private boolean sorts(TreeTableColumn<TensorLine, String> column) {
        return tree.getSortOrder().contains(column);
    }

    /** The head of the names says the order where there is room for it; an arrow on a head says it anyway. */
    private void title() {
        boolean worst = model.orderProperty().get().equals(TensorOrder.WORST_FIRST);
        name.setText(worst && name.getWidth() >= WIDE_NAMES ? "tensor (worst first)" : "tensor");
    }

    private static double nameWidth(double text) {
        return Math.clamp(text + NAME_INSETS, NAME_WIDTH, ENOUGH_FOR_NAMES);
    }

    /** Learns the names of all tensors of the list. */
    void setNames(List<String> names) {
        NamePrefix now = NamePrefix.of(names);
        widestName = widest(names.stream());
        widestElided = widest(names.stream().map(now::elide));
        if (!now.equals(prefix)) {
            prefix = now;
            tree.refresh();
        }
    }

    /** The width of the widest name in pixels. */
    private static double widest(Stream<String> names) {
        return names.sorted(Comparator.comparingInt(String::length).reversed())
                .limit(MEASURED_NAMES)
                .mapToDouble(name -> {
                    Text text = new Text(name);
                    text.setFont(Fonts.sans(NAME_SIZE));
                    return text.getLayoutBounds().getWidth();
                })
                .max()
                .orElse(0);
    }

    /** Makes room for shapes with up to {@code longest} characters, within a limit. */
    void setLongestShape(int longest) {
        fix(shape, Math.clamp(longest * SHAPE_DIGIT + SHAPE_INSETS, SHAPE_WIDTH, WIDEST_SHAPE));
    }

    /** Adapts to what a sweep has found; losses of accuracy are shown in points. */
    void take(TensorsViewModel.Rows rows) {
        most = 0;
        swept = false;
        outputs = false;
        boolean points = true;
        for (TensorRow row :
                (Iterable<TensorRow>) Stream.concat(rows.weights().stream(), rows.activations().stream())::iterator) {
            outputs |= row.result().output().isPresent();
            if (row.sensitivity().isPresent()) {
                ShownSensitivity sensitivity = row.sensitivity().get();
                swept = true;
                double loss = sensitivity.loss().orElse(0);
                most = Double.isFinite(loss) ? Math.max(most, loss) : most;
                points &= sensitivity
                        .figures()
                        .onlyThis()
                        .map(e -> e.task().isFraction())
                        .orElse(true);
            }
        }
        sensitivity.setText(points ? "damage pts" : "damage");
    }

    /** Marks the column that sorts the list, also if it was chosen elsewhere. */
    private void showOrder(TensorOrder order) {
        tree.getColumns().stream()
                .filter(c -> c.getUserData() == order.key())
                .findFirst()
                .ifPresent(by -> {
                    by.setSortType(
                            order.descending()
                                    ? TreeTableColumn.SortType.DESCENDING
                                    : TreeTableColumn.SortType.ASCENDING);
                    if (!tree.getSortOrder().equals(List.of(by))) {
                        tree.getSortOrder().setAll(List.of(by));
                    }
                });
    }

    private static String bits(QuantSpec spec) {
        return spec.bits()
                + switch (spec.granularity()) {
                    case Granularity.PerTensor _ -> "";
                    case Granularity.PerChannel _ -> " ch";
                    case Granularity.PerBlock _ -> " bl";
                };
    }

    private static String sqnr(TensorRow row) {
        return row.result().sqnrDb().isEmpty()
                ? row.result().obstacle().map(why -> "no range").orElse("")
                : (row.result().exact() ? "" : "≈ ")
                        + String.format(
                                Locale.ROOT, "%.1f", row.result().sqnrDb().getAsDouble());
    }

    private static String output(TensorRow row) {
        return row.result().outputSqnrDb().isEmpty()
                ? ""
                : (row.result().output().orElseThrow().exact() ? "" : "≈ ")
                        + String.format(
                                Locale.ROOT, "%.1f", row.result().outputSqnrDb().getAsDouble());
    }

    private static TreeTableColumn<TensorLine, String> column(
            String title, double width, Function<TensorRow, String> text) {
        TreeTableColumn<TensorLine, String> column = new TreeTableColumn<>(title);
        column.getStyleClass().add("number");
        column.setCellValueFactory(cell -> new ReadOnlyStringWrapper(
                cell.getValue().getValue().row().map(text).orElse("")));
        column.setCellFactory(c -> new TensorCells.NumberCell());
        fix(column, width);
        return column;
    }

    private static void fix(TreeTableColumn<TensorLine, ?> column, double width) {
        column.setPrefWidth(width);
        column.setMinWidth(width);
        column.setMaxWidth(width);
    }

    private static TreeTableColumn<TensorLine, String> sortable(
            TensorOrder.Key key, TreeTableColumn<TensorLine, String> column) {
        column.setUserData(key);
        column.setId("column-" + key.name().toLowerCase(Locale.ROOT));
        return column;
    }

    /**
     * Does by keyboard what a click on a header does: sorts by the next column, or reverses the order of the present
     * one.
     */
    private void sortNext(boolean turn) {
        List<TreeTableColumn<TensorLine, ?>> columns = tree.getColumns().stream()
                .filter(c -> c.isVisible() && c.getUserData() instanceof TensorOrder.Key)
                .toList();
        int now = tree.getSortOrder().isEmpty()
                ? -1
                : columns.indexOf(tree.getSortOrder().getFirst());
        TreeTableColumn<TensorLine, ?> by = columns.get(turn ? Math.max(0, now) : (now + 1) % columns.size());
        boolean descending = turn && by.getSortType() == TreeTableColumn.SortType.ASCENDING;
        by.setSortType(descending ? TreeTableColumn.SortType.DESCENDING : TreeTableColumn.SortType.ASCENDING);
        tree.getSortOrder().setAll(List.of(by));
        order();
    }

    private void order() {
        if (tree.getSortOrder().isEmpty()) {
            return;
        }
        TreeTableColumn<TensorLine, ?> by = tree.getSortOrder().getFirst();
        if (by.getUserData() instanceof TensorOrder.Key key) {
            model.orderProperty().set(new TensorOrder(key, by.getSortType() == TreeTableColumn.SortType.DESCENDING));
        }
    }

    /** The shape as text; many models do not declare the shapes of inner values. */
    private static String shape(TensorRow row) {
        return row.shape().rank() == 0 ? Figures.NONE : row.shape().toString();
    }
}
