package org.quantscope.app.departure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javafx.geometry.Pos;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TableRow;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.departure.CompareState.Form;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.departure.CompareState.Which;
import org.quantscope.app.ui.Figures;

/** The tensors of a deployed form beside the float model's, and below which deployed tensor the chosen one is. */
final class FormRows extends VBox {
    private static final double SMALL_GAP = 6;
    private static final double NAME_WIDTH = 220;
    private static final double FIGURE_WIDTH = 96;
    private static final double STATE_WIDTH = 150;
    private static final String NONE = "none";

    private final CompareViewModel model;
    private final FigureTable<Row> table =
            new FigureTable<>("compare-rows", "Tensors of the deployed form beside the float model's");
    private final ComboBox<String> counterpart = new ComboBox<>();
    private final Label again = new Label("Pairs were changed: compare again.");
    private final HBox pair = new HBox(SMALL_GAP);
    private Which which = Which.FIRST;
    private Form form = Form.NONE;
    private boolean showing;

    /** @param chosen takes the name of the tensor that is chosen, empty for none */
    FormRows(CompareViewModel model, Consumer<String> chosen) {
        super(SMALL_GAP);
        this.model = model;
        table.words("tensor", NAME_WIDTH, "The float model's, in the order of its graph", Row::name)
                .words(
                        "deployed",
                        NAME_WIDTH,
                        "Its counterpart; choose a row to change it below",
                        r -> r.deployed().isEmpty() ? Figures.NONE : r.deployed())
                .figures(
                        "error, dB",
                        FIGURE_WIDTH,
                        "SQNR of the deployed values beside the float model's: measured, all layers before included",
                        r -> FigureTable.decibels(r.error()))
                .figures(
                        "explained, dB",
                        FIGURE_WIDTH,
                        "SQNR of the float model quantized by us with the deployed grids: what quantization alone makes"
                                + " of it",
                        r -> FigureTable.decibels(r.explained()))
                .words("", STATE_WIDTH, "Whether the two part here, and how the pair was found", FormRows::state);
        table.setRowFactory(t -> new TableRow<>() {
            @Override
            protected void updateItem(@Nullable Row row, boolean empty) {
                super.updateItem(row, empty);
                setTooltip(
                        row == null
                                ? null
                                : FigureTable.tip(row.name() + "\n" + row.deployed()
                                        + (row.how().isEmpty() ? "" : "\npaired by " + row.how())));
            }
        });
        table.getSelectionModel().selectedItemProperty().subscribe(row -> {
            if (row != null && !showing) {
                model.select(row.name());
            }
            chosen.accept(row == null ? "" : row.name());
            showPair(row);
        });
        Label pairOf = new Label("Deployed tensor");
        pairOf.getStyleClass().add("muted");
        pairOf.setLabelFor(counterpart);
        pairOf.setMinWidth(USE_PREF_SIZE);
        counterpart.setId("compare-counterpart");
        counterpart.setPrefWidth(2 * NAME_WIDTH);
        counterpart.setTooltip(
                FigureTable.tip("The deployed tensor that the chosen one is; the next comparison goes by it"));
        counterpart.setOnAction(e -> {
            Row row = table.getSelectionModel().getSelectedItem();
            String to = counterpart.getValue();
            if (!showing && row != null && to != null) {
                model.pair(which, row.name(), to.equals(NONE) ? "" : to);
            }
        });
        again.setId("compare-again");
        again.getStyleClass().add("hint");
        again.setMinHeight(USE_PREF_SIZE);
        pair.setAlignment(Pos.CENTER_LEFT);
        pair.getChildren().addAll(pairOf, counterpart, again);
        VBox.setVgrow(table, Priority.ALWAYS);
        getChildren().addAll(table, pair);
    }

    private static String state(Row row) {
        String state = row.first() ? "first departure" : row.departs() ? "departs" : "";
        return row.changed()
                ? "pair changed"
                : row.deployed().isEmpty() ? row.first() ? state : row.how() : state.isEmpty() ? row.how() : state;
    }

    private void showPair(@Nullable Row row) {
        boolean was = showing;
        showing = true;
        List<String> names = new ArrayList<>();
        names.add(NONE);
        names.addAll(form.deployedNames());
        if (!counterpart.getItems().equals(names)) {
            counterpart.getItems().setAll(names);
        }
        counterpart.setDisable(row == null || model.isRunning());
        counterpart.setValue(row == null ? null : row.deployed().isEmpty() ? NONE : row.deployed());
        showing = was;
    }

    /** Selects the row of a tensor of the float model, if there is one. */
    void choose(String name) {
        table.getItems().stream().filter(r -> r.name().equals(name)).findFirst().ifPresent(row -> {
            table.getSelectionModel().select(row);
            table.scrollTo(row);
        });
    }

    /** Shows a form; the tensor that was selected stays so, and at first it is that of the first departure. */
    void show(Which next, Form shown, boolean changed) {
        which = next;
        form = shown;
        again.setVisible(changed);
        pair.setVisible(!shown.rows().isEmpty());
        if (!table.getItems().equals(shown.rows())) {
            Row before = table.getSelectionModel().getSelectedItem();
            String name =
                    before == null ? shown.first().map(CompareState.First::name).orElse("") : before.name();
            showing = true;
            table.getItems().setAll(shown.rows());
            choose(name);
            showing = false;
        }
        showPair(table.getSelectionModel().getSelectedItem());
    }
}
