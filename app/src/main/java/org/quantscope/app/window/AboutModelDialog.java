package org.quantscope.app.window;

import java.util.List;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.transformation.FilteredList;
import javafx.geometry.Insets;
import javafx.geometry.VPos;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.Label;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCodeCombination;
import javafx.scene.input.KeyCombination;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.session.ModelFacts;
import org.quantscope.app.session.ModelFacts.Fact;

/** What is known of the open model besides its values; what its file says of itself can be searched and copied. */
final class AboutModelDialog extends Dialog<ButtonType> {
    private static final double GAP = 16;
    private static final double LINE = 6;
    private static final double WIDTH = 640;
    /** Width of the names of facts in pixels, with the gap behind them. */
    private static final double NAME = 120;

    private static final double TABLE = 150;
    private static final double KEY = 240;

    AboutModelDialog(String name, ModelFacts facts) {
        setTitle("About this model");
        setHeaderText(name);
        getDialogPane().getStyleClass().add("wide");
        getDialogPane().setId("about-model-dialog");
        VBox content = new VBox(GAP, grid(facts.facts()));
        content.setPadding(new Insets(GAP));
        content.setPrefWidth(WIDTH + 2 * GAP);
        if (!facts.notes().isEmpty()) {
            VBox notes = new VBox(LINE);
            notes.setId("about-notes");
            for (String note : facts.notes()) {
                notes.getChildren()
                        .add(wrapped(Character.toUpperCase(note.charAt(0)) + note.substring(1) + ".", WIDTH));
            }
            content.getChildren().add(notes);
        }
        if (facts.metadata().isEmpty()) {
            content.getChildren().add(wrapped("The file says nothing else of itself.", WIDTH));
        } else {
            metadata(facts.metadata(), content);
        }
        getDialogPane().setContent(content);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        setResizable(true);
    }

    private static GridPane grid(List<Fact> facts) {
        GridPane grid = new GridPane(GAP, LINE);
        for (int i = 0; i < facts.size(); i++) {
            Label name = new Label(facts.get(i).name());
            name.getStyleClass().add("text-muted");
            name.setMinWidth(Region.USE_PREF_SIZE);
            GridPane.setValignment(name, VPos.TOP);
            grid.addRow(i, name, wrapped(facts.get(i).value(), WIDTH - NAME));
        }
        return grid;
    }

    /** A text on as many lines as it needs; without a width of its own it would ask for the height of narrow lines. */
    private static Label wrapped(String text, double width) {
        Label label = new Label(text);
        label.setWrapText(true);
        label.setPrefWidth(width);
        label.setMinHeight(Region.USE_PREF_SIZE);
        return label;
    }

    private static void metadata(List<Fact> facts, VBox into) {
        FilteredList<Fact> shown = new FilteredList<>(FXCollections.observableArrayList(facts));
        TextField filter = new TextField();
        filter.setId("about-filter");
        filter.setPromptText("Filter the metadata");
        filter.setAccessibleText("Filter the metadata");
        filter.textProperty().subscribe(text -> shown.setPredicate(fact -> fact.holds(text)));
        TableView<Fact> table = new TableView<>(shown);
        table.setId("about-metadata");
        table.setPrefHeight(TABLE);
        table.setPlaceholder(new Label("No entry holds this text."));
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        table.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
        table.setTooltip(new Tooltip("Ctrl+C copies the chosen lines"));
        TableColumn<Fact, String> key = new TableColumn<>("Key");
        key.setCellValueFactory(f -> new ReadOnlyStringWrapper(f.getValue().name()));
        key.setPrefWidth(KEY);
        TableColumn<Fact, String> value = new TableColumn<>("Value");
        value.setCellValueFactory(f -> new ReadOnlyStringWrapper(f.getValue().value()));
        table.getColumns().setAll(List.of(key, value));
        KeyCombination copy = new KeyCodeCombination(KeyCode.C, KeyCombination.SHORTCUT_DOWN);
        table.setOnKeyPressed(e -> {
            if (copy.match(e)) {
                ClipboardContent lines = new ClipboardContent();
                lines.putString(table.getSelectionModel().getSelectedItems().stream()
                        .map(fact -> fact.name() + "\t" + fact.value())
                        .collect(Collectors.joining("\n")));
                Clipboard.getSystemClipboard().setContent(lines);
                e.consume();
            }
        });
        VBox.setVgrow(table, Priority.ALWAYS);
        into.getChildren().addAll(filter, table);
    }
}
