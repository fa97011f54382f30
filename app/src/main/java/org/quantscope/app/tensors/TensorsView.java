package org.quantscope.app.tensors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableCell;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableRow;
import javafx.scene.control.TreeTableView;
import javafx.scene.control.skin.VirtualFlow;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.controlsfx.control.textfield.TextFields;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** The list of tensors with its filter. */
public final class TensorsView extends VBox {
    private static final double GAP = 8;
    private static final double NAME_WIDTH = 110;

    /** Borders and the scroll bar. */
    private static final double MARGIN = 40;

    private static final double LINE_HEIGHT = 25;

    /** Lines that stay in sight above the one in hand. */
    private static final int LINES_ABOVE = 4;

    private static final double SHAPE_WIDTH = 86;
    private static final double WIDEST_SHAPE = 118;
    private static final double SHAPE_DIGIT = 7.2;
    private static final double SHAPE_INSETS = 18;
    private static final double BITS_WIDTH = 48;
    private static final double SQNR_WIDTH = 78;
    private static final double DAMAGE_WIDTH = 104;
    private static final double RANGE_WIDTH = 140;

    /** A line: a group, or a tensor. */
    private record Line(String group, Optional<TensorRow> row) {}

    private final TensorsViewModel model;
    private final Workbench bench;
    private final Label head = new Label();
    private final TextField filter = TextFields.createClearableTextField();
    private final TreeTableView<Line> tree = new TreeTableView<>();
    private final TreeItem<Line> weights = new TreeItem<>();
    private final TreeItem<Line> activations = new TreeItem<>();
    private final TreeItem<Line> others = new TreeItem<>();
    private final Label nothing = new Label();
    private final Map<TensorId, TreeItem<Line>> items = new HashMap<>();
    private Function<TensorId, OptionalDouble> before = id -> OptionalDouble.empty();
    private boolean updating;
    private @Nullable VirtualFlow<?> flow;

    /** The line to be kept in sight; −1 for none. */
    private int wanted = -1;

    /** The largest loss in the list: the length of a whole bar. */
    private double most;

    /** A sweep has found something. */
    private boolean swept;

    private Set<TensorId> menuIsAbout = Set.of();
    private final TensorMenu menu;

    public TensorsView(TensorsViewModel model, Workbench bench) {
        super(GAP);
        this.model = model;
        this.bench = bench;
        this.menu = new TensorMenu(model, () -> menuIsAbout);
        getStyleClass().add("side-panel");
        setPadding(new Insets(12));
        head.getStyleClass().add("section-head");
        filter.setId("filter");
        filter.getStyleClass().add("filter-box");
        filter.setPromptText("Filter tensors…");
        filter.setAccessibleText("Filter tensors by name");
        filter.setTooltip(new Tooltip("Part of a name (Ctrl+F)"));
        filter.textProperty().bindBidirectional(model.filterProperty());
        nothing.getStyleClass().add("hint");
        nothing.setWrapText(true);
        tree.setId("tensors");
        tree.setPlaceholder(nothing);
        tree.setShowRoot(false);
        tree.setRoot(new TreeItem<>(new Line("", Optional.empty())));
        tree.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
        tree.setColumnResizePolicy(TreeTableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        tree.setTableMenuButtonVisible(false);
        // Else the tree measures the lines that it scrolls past.
        tree.setFixedCellSize(LINE_HEIGHT);
        tree.setAccessibleText("Tensors, worst first");
        tree.setRowFactory(view -> new Row());
        weights.setExpanded(true);
        VBox.setVgrow(tree, Priority.ALWAYS);

        TreeTableColumn<Line, Line> name = new TreeTableColumn<>("tensor (worst first)");
        name.setCellValueFactory(
                cell -> new ReadOnlyObjectWrapper<>(cell.getValue().getValue()));
        name.setCellFactory(column -> new NameCell());
        name.setPrefWidth(NAME_WIDTH);
        name.setId("column-name");
        name.setUserData(TensorsViewModel.Key.NAME);
        TreeTableColumn<Line, String> range = column(
                "range", RANGE_WIDTH, row -> row.range().map(Figures::range).orElse(""));
        range.setVisible(false);
        range.setSortable(false);
        TreeTableColumn<Line, String> shape =
                sortable(TensorsViewModel.Key.SHAPE, column("shape", SHAPE_WIDTH, TensorsView::shape));
        TreeTableColumn<Line, Line> damage = new TreeTableColumn<>("damage");
        damage.setId("column-damage");
        damage.setUserData(TensorsViewModel.Key.DAMAGE);
        damage.getStyleClass().add("number");
        damage.setCellValueFactory(
                cell -> new ReadOnlyObjectWrapper<>(cell.getValue().getValue()));
        damage.setCellFactory(column -> new DamageCell());
        fix(damage, DAMAGE_WIDTH);
        damage.setVisible(false);
        TreeTableColumn<Line, String> sqnr =
                sortable(TensorsViewModel.Key.SQNR, column("SQNR dB", SQNR_WIDTH, TensorsView::sqnr));
        tree.getColumns()
                .setAll(List.of(
                        name,
                        shape,
                        sortable(
                                TensorsViewModel.Key.BITS,
                                column(
                                        "bits",
                                        BITS_WIDTH,
                                        row -> row.spec().map(TensorsView::bits).orElse("float"))),
                        sqnr,
                        damage,
                        range));
        // The view-model sorts; a third click on a header gives the first order back.
        tree.setOnSort(e -> {
            e.consume();
            order();
        });
        // Only when the header is done with a click: it clears the order before it sets its own.
        tree.addEventHandler(MouseEvent.MOUSE_CLICKED, e -> {
            if (tree.getSortOrder().isEmpty()) {
                sqnr.setSortType(TreeTableColumn.SortType.ASCENDING);
                tree.getSortOrder().add(sqnr);
            }
        });
        tree.getSortOrder().add(sqnr);
        model.orderProperty()
                .subscribe(order -> name.setText(
                        order.equals(TensorsViewModel.Order.WORST_FIRST) ? "tensor (worst first)" : "tensor"));
        tree.setOnContextMenuRequested(e -> {
            // A row has a menu for the pointer; the menu key asks the list.
            Set<TensorId> chosen = selected();
            if (e.isKeyboardTrigger() && !chosen.isEmpty()) {
                showMenu(chosen, tree, e);
            }
        });
        tree.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.S && !e.isShortcutDown() && !e.isAltDown()) {
                sortNext(e.isShiftDown());
                e.consume();
            }
        });
        // Ranges appear when there is room for them, and shapes give way to the damage.
        Runnable fit = () -> {
            double room = getWidth() - NAME_WIDTH - BITS_WIDTH - SQNR_WIDTH - (swept ? DAMAGE_WIDTH : 0);
            damage.setVisible(swept);
            shape.setVisible(!swept || room > shape.getPrefWidth() + MARGIN);
            range.setVisible(room > shape.getPrefWidth() + RANGE_WIDTH);
        };
        widthProperty().subscribe(w -> fit.run());
        tree.getSelectionModel().selectedItemProperty().addListener((o, was, is) -> {
            if (!updating && is != null && is.getValue() != null) {
                is.getValue().row().ifPresent(row -> model.select(row.id()));
            }
        });
        getChildren().addAll(head, filter, tree);
        model.rowsProperty().subscribe(rows -> {
            damage.setText(takeDamage(rows) ? "damage pts" : "damage");
            fit.run();
            show(rows);
        });
        model.orderProperty().subscribe(this::showOrder);
        bench.modelProperty().subscribe(x -> {
            fix(shape, shapeWidth());
            // Those of the last model are still in the list; those of models before it are not.
            items.values().removeIf(item -> item.getParent() == null);
            show(model.rowsProperty().get());
        });
        bench.selectionProperty().subscribe(x -> select());
        Runnable scroll = () -> {
            if (wanted >= 0) {
                scrollTo(wanted);
                wanted = -1;
            }
        };
        sceneProperty().subscribe((was, is) -> {
            if (was != null) {
                was.removePreLayoutPulseListener(scroll);
            }
            if (is != null) {
                is.addPreLayoutPulseListener(scroll);
            }
        });
    }

    /** Lets the tips of the list say what the SQNR of a tensor was before the model was corrected, in dB. */
    public void tellBefore(Function<TensorId, OptionalDouble> sqnrBefore) {
        before = sqnrBefore;
    }

    /** Wide enough for the weights of the model, within reason. */
    private double shapeWidth() {
        int longest = bench.analysed().stream()
                .flatMap(m -> m.tensors().stream())
                .map(Tensor::info)
                .filter(t -> t.kind() == TensorKind.WEIGHT)
                .mapToInt(t -> t.shape().toString().length())
                .max()
                .orElse(0);
        return Math.clamp(longest * SHAPE_DIGIT + SHAPE_INSETS, SHAPE_WIDTH, WIDEST_SHAPE);
    }

    /** Looks at what a sweep has found. False if it is no shares, so that it is not in points. */
    private boolean takeDamage(TensorsViewModel.Rows rows) {
        most = 0;
        swept = false;
        boolean points = true;
        for (TensorRow row :
                (Iterable<TensorRow>) Stream.concat(rows.weights().stream(), rows.activations().stream())::iterator) {
            if (row.sensitivity().isPresent()) {
                TensorDamage damage = row.sensitivity().get();
                swept = true;
                double loss = damage.loss().orElse(0);
                most = Double.isFinite(loss) ? Math.max(most, loss) : most;
                points &= damage.figures()
                        .onlyThis()
                        .map(e -> e.task().isProportion())
                        .orElse(true);
            }
        }
        return points;
    }

    /** Marks the column that the list is sorted by, whoever chose it. */
    private void showOrder(TensorsViewModel.Order order) {
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

    private String correction(TensorRow row) {
        OptionalDouble was = before.apply(row.id());
        return was.isEmpty() || row.sqnrDb().isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "\nSQNR %.1f dB, %+.1f dB by the correction",
                        row.sqnrDb().getAsDouble(),
                        row.sqnrDb().getAsDouble() - was.getAsDouble());
    }

    /** Puts the keyboard on the list. */
    public void focusList() {
        tree.requestFocus();
    }

    /** Puts the cursor into the filter. */
    public void focusFilter() {
        filter.requestFocus();
        filter.selectAll();
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
        return row.sqnrDb().isEmpty()
                ? ""
                : (row.exact() ? "" : "≈ ")
                        + String.format(Locale.ROOT, "%.1f", row.sqnrDb().getAsDouble());
    }

    private static TreeTableColumn<Line, String> column(String title, double width, Function<TensorRow, String> text) {
        TreeTableColumn<Line, String> column = new TreeTableColumn<>(title);
        column.getStyleClass().add("number");
        column.setCellValueFactory(cell -> new ReadOnlyStringWrapper(
                cell.getValue().getValue().row().map(text).orElse("")));
        column.setCellFactory(c -> new NumberCell());
        fix(column, width);
        return column;
    }

    private static void fix(TreeTableColumn<Line, ?> column, double width) {
        column.setPrefWidth(width);
        column.setMinWidth(width);
        column.setMaxWidth(width);
    }

    private static TreeTableColumn<Line, String> sortable(
            TensorsViewModel.Key key, TreeTableColumn<Line, String> column) {
        column.setUserData(key);
        column.setId("column-" + key.name().toLowerCase(Locale.ROOT));
        return column;
    }

    /** What a click on a header does, from the keyboard: sorts by the next column, or the same one the other way round. */
    private void sortNext(boolean turn) {
        List<TreeTableColumn<Line, ?>> columns = tree.getColumns().stream()
                .filter(c -> c.isVisible() && c.getUserData() instanceof TensorsViewModel.Key)
                .toList();
        int now = tree.getSortOrder().isEmpty()
                ? -1
                : columns.indexOf(tree.getSortOrder().getFirst());
        TreeTableColumn<Line, ?> by = columns.get(turn ? Math.max(0, now) : (now + 1) % columns.size());
        boolean descending = turn && by.getSortType() == TreeTableColumn.SortType.ASCENDING;
        by.setSortType(descending ? TreeTableColumn.SortType.DESCENDING : TreeTableColumn.SortType.ASCENDING);
        tree.getSortOrder().setAll(List.of(by));
        order();
    }

    private void order() {
        if (tree.getSortOrder().isEmpty()) {
            return;
        }
        TreeTableColumn<Line, ?> by = tree.getSortOrder().getFirst();
        if (by.getUserData() instanceof TensorsViewModel.Key key) {
            model.orderProperty()
                    .set(new TensorsViewModel.Order(key, by.getSortType() == TreeTableColumn.SortType.DESCENDING));
        }
    }

    private void show(TensorsViewModel.Rows rows) {
        updating = true;
        try {
            boolean open = bench.modelProperty().get().isPresent();
            String count = rows.weights().size() + " weights";
            head.setText(bench.modelProperty()
                    .get()
                    .map(m -> (m.name() + " · " + count).toUpperCase(Locale.ROOT))
                    .orElse("NO MODEL"));
            nothing.setText(
                    open ? "No tensor has this in its name." : "Open a model with Ctrl+O, or drop one on the window.");
            List<TreeItem<Line>> nextWeights = items("Weights", rows.weights(), weights);
            List<TreeItem<Line>> nextActivations = items("Activations", rows.activations(), activations);
            List<TreeItem<Line>> nextOthers = items("Tied or float", rows.others(), others);
            boolean moved = !nextWeights.equals(weights.getChildren())
                    || !nextActivations.equals(activations.getChildren())
                    || !nextOthers.equals(others.getChildren());
            if (!rows.activations().isEmpty() && !model.filterProperty().get().isBlank()) {
                activations.setExpanded(true);
            }
            if (moved) {
                Set<TensorId> chosen = selected();
                tree.getSelectionModel().clearSelection();
                // Of lines that move within the tree it asks the place of each, and counts for it all that are above.
                tree.getRoot().getChildren().clear();
                refill(weights, nextWeights);
                refill(activations, nextActivations);
                refill(others, nextOthers);
                tree.getRoot()
                        .getChildren()
                        .setAll(groups().filter(g -> !g.getChildren().isEmpty()).toList());
                choose(chosen);
            }
        } finally {
            updating = false;
        }
        select();
    }

    /** In two steps: in one, each item is looked for among all of before, to tell whether they only changed places. */
    private static void refill(TreeItem<Line> group, List<TreeItem<Line>> next) {
        group.getChildren().clear();
        group.getChildren().addAll(next);
    }

    private Stream<TreeItem<Line>> groups() {
        return Stream.of(weights, activations, others);
    }

    /** The items of rows: a tensor keeps its own. Only lines that say something new are written anew. */
    private List<TreeItem<Line>> items(String title, List<TensorRow> rows, TreeItem<Line> group) {
        String text = title + " · " + rows.size();
        if (group.getValue() == null || !group.getValue().group().equals(text)) {
            group.setValue(new Line(text, Optional.empty()));
        }
        List<TreeItem<Line>> next = new ArrayList<>(rows.size());
        for (TensorRow row : rows) {
            TreeItem<Line> item = items.computeIfAbsent(row.id(), id -> new TreeItem<>());
            if (item.getValue() == null || !row.equals(item.getValue().row().orElse(null))) {
                item.setValue(new Line("", Optional.of(row)));
            }
            next.add(item);
        }
        return next;
    }

    /** Selects what is among the lines that are not folded away. */
    private void choose(Set<TensorId> chosen) {
        List<TreeItem<Line>> visible = chosen.isEmpty() ? List.of() : visible();
        int[] at = IntStream.range(0, visible.size())
                .filter(i -> visible.get(i)
                        .getValue()
                        .row()
                        .filter(row -> chosen.contains(row.id()))
                        .isPresent())
                .toArray();
        if (at.length > 0) {
            tree.getSelectionModel().selectIndices(at[0], Arrays.copyOfRange(at, 1, at.length));
        }
    }

    /** The items of the lines, in their order: the tree itself would count from its first line to find one. */
    private List<TreeItem<Line>> visible() {
        List<TreeItem<Line>> lines = new ArrayList<>();
        for (TreeItem<Line> group : tree.getRoot().getChildren()) {
            lines.add(group);
            if (group.isExpanded()) {
                lines.addAll(group.getChildren());
            }
        }
        return lines;
    }

    /** Marks the tensor in hand and keeps it in sight. */
    private void select() {
        TreeItem<Line> item = bench.selectionProperty().get().map(items::get).orElse(null);
        if (item == null || item.getParent() == null) {
            return;
        }
        updating = true;
        try {
            item.getParent().setExpanded(true);
            int line = tree.getRow(item);
            if (!tree.getSelectionModel().isSelected(line)) {
                tree.getSelectionModel().clearAndSelect(line);
            }
            wanted = line;
        } finally {
            updating = false;
        }
    }

    /** Before the next layout, and only if the line is out of sight: to scroll lays out all the lines in sight, and rows come many at a time. */
    private void scrollTo(int line) {
        if (flow == null && tree.lookup(".virtual-flow") instanceof VirtualFlow<?> found) {
            flow = found;
        }
        if (flow != null && flow.getFirstVisibleCell() != null && flow.getLastVisibleCell() != null) {
            if (line <= flow.getFirstVisibleCell().getIndex()
                    || line >= flow.getLastVisibleCell().getIndex()) {
                tree.scrollTo(Math.max(0, line - LINES_ABOVE));
            }
        }
    }

    private Set<TensorId> selected() {
        List<TreeItem<Line>> visible = visible();
        return tree.getSelectionModel().getSelectedIndices().stream()
                .filter(i -> i >= 0 && i < visible.size())
                .flatMap(i -> visible.get(i).getValue().row().stream())
                .map(TensorRow::id)
                .collect(Collectors.toSet());
    }

    /** One menu serves all rows: it is of many nodes. */
    private void showMenu(Set<TensorId> about, Node over, ContextMenuEvent e) {
        menu.hide();
        menuIsAbout = about;
        menu.show(over, e.getScreenX(), e.getScreenY());
        e.consume();
    }

    /** All that is selected where a row of it is asked; else that row alone, which may be one that cannot be in hand. */
    private Set<TensorId> aboutRow(TensorId id) {
        Set<TensorId> chosen = selected();
        return chosen.contains(id) ? chosen : Set.of(id);
    }

    private final class Row extends TreeTableRow<Line> {
        private static final double TIP_WIDTH = 520;
        private final Tooltip tip = new Tooltip();

        Row() {
            tip.setWrapText(true);
            tip.setMaxWidth(TIP_WIDTH);
            // Rows change at every figure; their tips are read now and then.
            tip.setOnShowing(e -> tensor().ifPresent(r -> tip.setText(describe(r))));
            setOnContextMenuRequested(e -> {
                if (!e.isKeyboardTrigger()) {
                    tensor().ifPresent(r -> showMenu(aboutRow(r.id()), this, e));
                }
            });
        }

        private Optional<TensorRow> tensor() {
            return isEmpty() || getItem() == null ? Optional.empty() : getItem().row();
        }

        @Override
        protected void updateItem(Line line, boolean empty) {
            super.updateItem(line, empty);
            setTooltip(tensor().isPresent() ? tip : null);
            setUserData(tensor().map(TensorRow::id).orElse(null));
        }
    }

    /** What the columns have no room for, in lines. */
    private String describe(TensorRow r) {
        return r.id() + "\n"
                + (r.shape().rank() == 0
                        ? "shape not declared by the model"
                        : r.shape().toString())
                + r.range().map(range -> "\nrange " + Figures.range(range)).orElse("")
                + correction(r)
                + r.sensitivity().map(d -> "\n" + d.describe()).orElse("")
                + (r.own() ? "\nhas settings of its own" : "")
                + model.placement(r.id()).map(why -> "\n" + why).orElse("");
    }

    /** Many models declare no shape for the values inside. */
    private static String shape(TensorRow row) {
        return row.shape().rank() == 0 ? Figures.NONE : row.shape().toString();
    }

    private static final class NameCell extends TreeTableCell<Line, Line> {
        private static final double GLYPH_GAP = 8;
        private final Region glyph = new Region();
        private final Label group = new Label();

        NameCell() {
            group.setMinWidth(USE_PREF_SIZE);
            group.getStyleClass().add("hint");
            glyph.getStyleClass().add("damage");
            setGraphicTextGap(GLYPH_GAP);
            // Both the block and the operator tell one name from another.
            setTextOverrun(OverrunStyle.CENTER_ELLIPSIS);
        }

        @Override
        protected void updateItem(Line line, boolean empty) {
            super.updateItem(line, empty);
            glyph.getStyleClass().removeAll("fair", "bad");
            getStyleClass().removeAll("own", "muted");
            if (empty || line == null) {
                setText(null);
                setGraphic(null);
            } else if (line.row().isEmpty()) {
                // Over the empty cells beside it, where the column is narrow.
                group.setText(line.group());
                setText(null);
                setGraphic(group);
                getStyleClass().add("muted");
            } else {
                TensorRow row = line.row().get();
                setText(row.name());
                if (row.own()) {
                    getStyleClass().add("own");
                }
                switch (row.damage()) {
                    case BAD -> glyph.getStyleClass().add("bad");
                    case FAIR -> glyph.getStyleClass().add("fair");
                    case GOOD -> {}
                }
                glyph.setVisible(row.spec().isPresent());
                setGraphic(glyph);
            }
        }
    }

    /** The change of the score with this tensor alone quantized, behind a bar as long as its share of the largest loss. */
    private final class DamageCell extends TreeTableCell<Line, Line> {
        private static final double BAR = 16;
        private static final double BAR_HEIGHT = 6;
        private final Region bar = new Region();
        private final HBox track = new HBox(bar);

        DamageCell() {
            getStyleClass().add("number");
            bar.getStyleClass().add("damage-bar");
            bar.setMinHeight(BAR_HEIGHT);
            bar.setMaxHeight(BAR_HEIGHT);
            track.setAlignment(Pos.CENTER_LEFT);
            track.setMinWidth(BAR);
            track.setMaxWidth(BAR);
        }

        @Override
        protected void updateItem(Line line, boolean empty) {
            super.updateItem(line, empty);
            bar.getStyleClass().removeAll("fair", "bad");
            getStyleClass().remove("previous");
            Optional<TensorDamage> damage =
                    empty || line == null ? Optional.empty() : line.row().flatMap(TensorRow::sensitivity);
            if (damage.isEmpty() || damage.get().loss().isEmpty()) {
                setText(null);
                setGraphic(null);
                return;
            }
            TensorDamage d = damage.get();
            double loss = d.loss().getAsDouble();
            double share = most > 0 ? Math.clamp(loss / most, 0, 1) : 0;
            bar.setMinWidth(share * BAR);
            bar.setMaxWidth(share * BAR);
            switch (d.level().orElse(TensorDamage.Level.GOOD)) {
                case BAD -> bar.getStyleClass().add("bad");
                case FAIR -> bar.getStyleClass().add("fair");
                case GOOD -> {}
            }
            if (d.onlyPrevious()) {
                getStyleClass().add("previous");
            }
            setText(d.change());
            setGraphic(track);
        }
    }

    private static final class NumberCell extends TreeTableCell<Line, String> {
        NumberCell() {
            getStyleClass().add("number");
        }

        @Override
        protected void updateItem(String text, boolean empty) {
            super.updateItem(text, empty);
            setText(empty ? null : text);
        }
    }
}
