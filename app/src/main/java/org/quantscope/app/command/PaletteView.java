package org.quantscope.app.command;

import java.util.List;
import java.util.function.Consumer;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.core.io.Invisible;

/** A field and the list of what fits it; ↑ ↓ choose, Enter does it. What is not possible says why and does nothing. */
public final class PaletteView extends VBox {
    private static final double GAP = 8;
    private static final double ROW = 30;

    private final List<Command> all;
    private final Consumer<Command> chosen;
    private final TextField field = new TextField();
    private final ListView<Command> list = new ListView<>();

    /** @param chosen is told of one that is possible; it closes the palette and runs it */
    public PaletteView(List<Command> all, Consumer<Command> chosen) {
        super(GAP);
        this.all = all;
        this.chosen = chosen;
        getStyleClass().add("palette");
        field.setId("palette-field");
        field.setPromptText("Action, tensor, calibrator, lesson or term");
        field.setAccessibleText("Find an action, tensor, calibrator, lesson or term");
        list.setId("palette-list");
        list.setAccessibleText("What fits");
        list.setFixedCellSize(ROW);
        list.setCellFactory(view -> new CommandCell());
        list.setFocusTraversable(false);
        VBox.setVgrow(list, Priority.ALWAYS);
        getChildren().addAll(field, list);
        field.textProperty().subscribe(this::search);
        addEventFilter(KeyEvent.KEY_PRESSED, this::key);
        list.setOnMouseClicked(e -> choose());
    }

    public void focusField() {
        field.requestFocus();
    }

    private void search(String typed) {
        list.getItems().setAll(Commands.search(typed, all));
        list.getSelectionModel().selectFirst();
        list.scrollTo(0);
    }

    private void key(KeyEvent e) {
        int at = list.getSelectionModel().getSelectedIndex();
        if (e.getCode() == KeyCode.DOWN) {
            move(at + 1);
        } else if (e.getCode() == KeyCode.UP) {
            move(at - 1);
        } else if (e.getCode() == KeyCode.ENTER) {
            choose();
        } else {
            return;
        }
        e.consume();
    }

    private void move(int to) {
        int index = Math.clamp(to, 0, Math.max(0, list.getItems().size() - 1));
        list.getSelectionModel().clearAndSelect(index);
        list.scrollTo(Math.max(0, index - 4));
    }

    private void choose() {
        Command command = list.getSelectionModel().getSelectedItem();
        if (command != null && command.refusal().get().isEmpty()) {
            chosen.accept(command);
        }
    }

    private static final class CommandCell extends ListCell<Command> {
        private final Label title = new Label();
        private final Label reason = new Label();
        private final Label keys = new Label();
        private final Region space = new Region();
        private final HBox row = new HBox(GAP, title, reason, space, keys);

        CommandCell() {
            row.setAlignment(Pos.CENTER_LEFT);
            HBox.setHgrow(space, Priority.ALWAYS);
            reason.getStyleClass().add("hint");
            reason.setMinWidth(0);
            keys.getStyleClass().addAll("hint");
            keys.setMinWidth(Region.USE_PREF_SIZE);
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(Command command, boolean empty) {
            super.updateItem(command, empty);
            if (empty || command == null) {
                setGraphic(null);
                return;
            }
            String why = command.refusal().get();
            title.setText(Invisible.escaped(command.title()));
            title.setDisable(!why.isEmpty());
            reason.setText(why);
            String shown = command.shownKeys();
            keys.setText(
                    command.kind().equals(Command.ACTION)
                            ? shown
                            : shown.isEmpty() ? command.kind() : command.kind() + " · " + shown);
            setGraphic(row);
            setAccessibleText(Invisible.escaped(command.title()) + ", " + command.kind()
                    + (shown.isEmpty() ? "" : ", " + shown) + (why.isEmpty() ? "" : ", not possible: " + why));
        }
    }
}
