package org.quantscope.app.proof;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.proof.ProofState.Lines;
import org.quantscope.app.proof.ProofState.Row;

/** The page: the answer in a sentence, a table of weights, and what is float and why. */
public final class ProofView extends VBox {
    private static final double GAP = 12;
    private static final double LINE = 4;
    private static final double NAME = 220;
    private static final double NARROW = 50;
    private static final double MIDDLE = 92;
    private static final double WIDE = 200;
    private static final double LISTS = 190;

    private final Label verdict = new Label();
    private final Label way = new Label();
    private final TableView<Row> table = new TableView<>();
    private final VBox lists = new VBox(LINE);
    private final Label beside = new Label();
    private final Button take = new Button();
    private final List<TableColumn<Row, String>> plain;
    private final List<TableColumn<Row, String>> withFloat;
    private final Subscription watching;

    /**
     * @param original lets the user choose the float model
     * @param another lets the user choose a file to look at
     */
    public ProofView(ProofViewModel model, Supplier<Optional<Path>> original, Supplier<Optional<Path>> another) {
        super(GAP);
        setPadding(new Insets(GAP));
        verdict.setId("proof-verdict");
        verdict.setWrapText(true);
        verdict.setMinHeight(Region.USE_PREF_SIZE);
        way.setId("proof-way");
        way.getStyleClass().add("text-muted");
        way.setWrapText(true);
        table.setId("proof-weights");
        table.setPlaceholder(new Label("No weights."));
        plain = List.of(
                column("Weight", NAME, Row::name, "Name in the file"),
                column("Bits", NARROW, Row::bits, "Bits of a code, or of a number if it is float"),
                column(
                        "Rule",
                        MIDDLE,
                        Row::rule,
                        "Symmetric: no zero point. Affine: with one. Else the codebook or float type"),
                column("Scales", MIDDLE, Row::granularity, "How many values share a scale"),
                column("Size", MIDDLE, Row::bytes, "Bytes in the file, with scales"),
                column("Computed", WIDE, Row::computes, "In what numbers it is multiplied, as the file says"),
                column("Why", WIDE, Row::why, "Why it is not in integers, or what to know of it"));
        withFloat = new ArrayList<>(plain.subList(0, 4));
        withFloat.add(column("Float weight", NAME, Row::original, "The weight that it was made from"));
        withFloat.add(column("Error", MIDDLE, Row::error, "SQNR of the file's values on the float ones, in dB"));
        withFloat.add(column(
                "Nearest",
                MIDDLE,
                Row::nearest,
                "Codes that are the nearest level: fewer mean that rounding was chosen"));
        ScrollPane below = new ScrollPane(lists);
        below.setFitToWidth(true);
        below.setPrefHeight(LISTS);
        below.setMinHeight(NARROW);
        lists.setId("proof-lists");
        Button choose = new Button("Beside the float original…");
        choose.setId("proof-original");
        choose.setTooltip(new Tooltip("Shows what each grid costs on the values of the float model"));
        choose.setOnAction(e -> original.get().ifPresent(model::beside));
        choose.setMinWidth(Region.USE_PREF_SIZE);
        beside.setId("proof-beside");
        beside.getStyleClass().add("text-muted");
        beside.setWrapText(true);
        beside.setMinHeight(Region.USE_PREF_SIZE);
        Button other = new Button("Another file…");
        other.setId("proof-another");
        other.setTooltip(new Tooltip("Looks at another file, beside the open model if that is float"));
        other.setOnAction(e -> another.get().ifPresent(model::lookAt));
        other.setMinWidth(Region.USE_PREF_SIZE);
        take.setId("proof-take");
        take.getStyleClass().add("primary");
        take.setTooltip(
                new Tooltip("Ranges, bits, granularities and rules of the file become settings of the float model,"
                        + " in one step that can be undone; what finds no place is listed"));
        take.setOnAction(e -> model.takeOver());
        take.setMinWidth(Region.USE_PREF_SIZE);
        // Names of files hold underscores.
        take.setMnemonicParsing(false);
        HBox row = new HBox(GAP, other, choose, take);
        row.setAlignment(Pos.CENTER_LEFT);
        VBox.setVgrow(table, Priority.ALWAYS);
        getChildren().addAll(verdict, way, table, below, beside, row);
        watching = model.viewProperty().subscribe(this::show);
    }

    private static TableColumn<Row, String> column(
            String title, double width, Function<Row, String> text, String tooltip) {
        TableColumn<Row, String> column = new TableColumn<>();
        Label head = new Label(title);
        head.setTooltip(new Tooltip(tooltip));
        column.setGraphic(head);
        column.setCellValueFactory(f -> new ReadOnlyStringWrapper(text.apply(f.getValue())));
        column.setPrefWidth(width);
        return column;
    }

    private void show(ProofState state) {
        verdict.setText(state.another().isEmpty() ? state.verdict() : state.another() + ": " + state.verdict());
        way.setText(state.way());
        way.setVisible(!state.way().isEmpty());
        way.setManaged(!state.way().isEmpty());
        List<TableColumn<Row, String>> columns = state.beside().isEmpty() ? plain : withFloat;
        if (!table.getColumns().equals(columns)) {
            table.getColumns().setAll(columns);
        }
        table.getItems().setAll(state.rows());
        lists.getChildren().clear();
        for (Lines list : state.lists()) {
            Label title = new Label(list.title() + ": " + list.lines().size());
            title.getStyleClass().add("strong");
            lists.getChildren().add(title);
            for (String line : list.lines()) {
                Label label = new Label(line);
                label.setWrapText(true);
                label.setMinHeight(Region.USE_PREF_SIZE);
                lists.getChildren().add(label);
            }
        }
        take.setText(state.take());
        take.setVisible(!state.take().isEmpty());
        take.setManaged(take.isVisible());
        take.setDisable(state.busy());
        beside.setText(
                !state.taken().isEmpty()
                        ? state.taken()
                        : state.beside().isEmpty()
                                ? "What a grid costs is not known without the values it was made from."
                                : "Beside " + state.beside() + ".");
    }

    /** Ends the listening of this page. */
    public void close() {
        watching.unsubscribe();
    }
}
