package org.quantscope.app.tensors;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import javafx.geometry.Insets;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.control.TreeTableRow;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.controlsfx.control.textfield.TextFields;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** The list of tensors with its filter. */
public final class TensorsView extends VBox {
    private static final double GAP = 8;

    private final TensorsViewModel model;
    private final Workbench bench;
    private final Label head = new Label();
    private final TextField filter = TextFields.createClearableTextField();
    private final Label nothing = new Label();
    private final TensorTree lines;
    private Function<TensorId, OptionalDouble> before = id -> OptionalDouble.empty();
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
        head.setId("tensors-head");
        // The count at the end stays.
        head.setTextOverrun(OverrunStyle.CENTER_ELLIPSIS);
        head.setEllipsisString("…");
        filter.setId("filter");
        filter.getStyleClass().add("filter-box");
        filter.setPromptText("Filter tensors…");
        filter.setAccessibleText("Filter tensors by name");
        filter.setTooltip(new Tooltip("Part of a name (Ctrl+F)"));
        filter.textProperty().bindBidirectional(model.filterProperty());
        nothing.getStyleClass().add("hint");
        nothing.setWrapText(true);
        lines = new TensorTree(model::select, bench::choose);
        TreeTableView<TensorLine> tree = lines.node();
        tree.setPlaceholder(nothing);
        tree.setRowFactory(view -> new Row());
        VBox.setVgrow(tree, Priority.ALWAYS);
        TensorColumns columns = new TensorColumns(tree, model);
        tree.setOnContextMenuRequested(e -> {
            // The pointer opens the menu of a row, the menu key that of the list.
            Set<TensorId> chosen = lines.selected();
            if (e.isKeyboardTrigger() && !chosen.isEmpty()) {
                showMenu(chosen, tree, e);
            }
        });
        widthProperty().subscribe(w -> columns.fit(getWidth()));
        getChildren().addAll(head, filter, tree);
        model.rowsProperty().subscribe(rows -> {
            columns.take(rows);
            columns.fit(getWidth());
            show(rows);
        });
        bench.modelProperty().subscribe(x -> {
            columns.setLongestShape(longestShape());
            columns.setNames(model.names());
            columns.fit(getWidth());
            lines.forget();
            show(model.rowsProperty().get());
        });
        bench.selectionProperty().subscribe(lines::select);
        model.doubtProperty().subscribe(x -> tree.refresh());
    }

    /** Lets tooltips show the SQNR that a tensor had before the model was corrected, in dB. */
    public void tellBefore(Function<TensorId, OptionalDouble> sqnrBefore) {
        before = sqnrBefore;
    }

    /** The length of the longest shape among the weights, in characters. */
    private int longestShape() {
        return bench.analysed().stream()
                .flatMap(m -> m.tensors().stream())
                .map(Tensor::info)
                .filter(t -> t.kind() == TensorKind.WEIGHT)
                .mapToInt(t -> t.shape().toString().length())
                .max()
                .orElse(0);
    }

    private String correction(TensorRow row) {
        OptionalDouble was = before.apply(row.id());
        return was.isEmpty() || row.result().sqnrDb().isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "\nSQNR %.1f dB, %+.1f dB by the correction",
                        row.result().sqnrDb().getAsDouble(),
                        row.result().sqnrDb().getAsDouble() - was.getAsDouble());
    }

    /** Focuses the list. */
    public void focusList() {
        lines.node().requestFocus();
    }

    /** Focuses the filter. */
    public void focusFilter() {
        filter.requestFocus();
        filter.selectAll();
    }

    private void show(TensorsViewModel.Rows rows) {
        boolean open = bench.modelProperty().get().isPresent();
        long left = rows.others().stream().filter(r -> !r.activation()).count();
        int weights = rows.weights().size();
        String count = weights
                + (weights == 1 ? " weight" : " weights")
                + (left == 0 ? "" : " · " + left + (left == 1 ? " stays" : " stay") + " float");
        head.setText(bench.modelProperty()
                .get()
                .map(m -> (Invisible.escaped(m.name()) + " · " + count).toUpperCase(Locale.ROOT))
                .orElse("NO MODEL"));
        nothing.setText(
                open
                        ? model.filterProperty().get().isBlank() ? none() : "No tensor has a name like this."
                        : "Open a model with Ctrl+O, or drop one on the window.");
        lines.show(rows, !model.filterProperty().get().isBlank());
        lines.select(bench.selectionProperty().get());
    }

    private String none() {
        long stored = bench.analysed().map(m -> m.tensors().size()).orElse(0);
        return (stored == 0
                        ? "This file holds no stored tensor."
                        : stored == 1
                                ? "The tensor of this file cannot be quantized."
                                : "None of the " + Figures.count(stored) + " tensors of this file can be quantized.")
                + " A weight holds floating-point numbers and has two or more dimensions.";
    }

    /** Shows the only menu, which all rows share because it has many nodes. */
    private void showMenu(Set<TensorId> about, Node over, ContextMenuEvent e) {
        menu.hide();
        menuIsAbout = about;
        menu.show(over, e.getScreenX(), e.getScreenY());
        e.consume();
    }

    /**
     * The tensors for the menu of a row: all selected ones if the row is one of them, otherwise that row alone, which
     * may be one that cannot be selected.
     */
    private Set<TensorId> aboutRow(TensorId id) {
        Set<TensorId> chosen = lines.selected();
        return chosen.contains(id) ? chosen : Set.of(id);
    }

    private final class Row extends TreeTableRow<TensorLine> {
        private static final double TIP_WIDTH = 520;
        private final Tooltip tip = new Tooltip();

        Row() {
            tip.setWrapText(true);
            tip.setMaxWidth(TIP_WIDTH);
            // The text is made when the tooltip opens, because rows change at every figure.
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
        protected void updateItem(TensorLine line, boolean empty) {
            super.updateItem(line, empty);
            setTooltip(tensor().isPresent() ? tip : null);
            setUserData(tensor().map(TensorRow::id).orElse(null));
        }
    }

    /** What the columns have no room for, in several lines. */
    private String describe(TensorRow r) {
        return Invisible.escaped(r.id().name()) + "\n"
                + (r.shape().rank() == 0
                        ? "shape not declared by the model"
                        : r.shape().toString())
                + r.result()
                        .range()
                        .map(range -> "\nrange " + Figures.range(range))
                        .orElse("")
                + correction(r)
                + r.sensitivity().map(d -> "\n" + d.describe()).orElse("")
                + (TensorCells.isDoubtful(r, model.doubtProperty().get())
                        ? "\n"
                              + "The model has lost much accuracy, and the SQNR of one tensor does not tell whether it"
                              + " is to blame: “Sensitivity” finds out"
                        : "")
                + (r.setting().own() ? "\nhas settings of its own" : "")
                + model.placement(r.id()).map(why -> "\n" + why).orElse("");
    }
}
