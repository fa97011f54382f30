package org.quantscope.app.configimport;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiConsumer;
import javafx.geometry.Pos;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.configimport.ImportState.Unplaced;
import org.quantscope.core.io.Invisible;

/** An entry that fits no tensor, with the tensor that the user assigns to it. */
final class UnplacedCell extends ListCell<Unplaced> {
    private static final double GAP = 8;
    private static final double CHOICE_WIDTH = 220;
    private static final String NOWHERE = "leave it out";

    private final Label name = new Label();
    private final Label why = new Label();
    private final ComboBox<String> choice = new ComboBox<>();
    private final HBox line;
    private boolean filling;

    /**
     * @param onPlace called with the name of an entry in the file and the tensor that the user assigns to it; empty for
     *     none
     */
    UnplacedCell(BiConsumer<String, Optional<String>> onPlace) {
        why.getStyleClass().add("hint");
        name.setMinWidth(0);
        why.setMinWidth(0);
        choice.setPrefWidth(CHOICE_WIDTH);
        choice.setMinWidth(CHOICE_WIDTH);
        choice.valueProperty().subscribe(value -> {
            Unplaced item = getItem();
            if (value != null && item != null && !filling) {
                onPlace.accept(item.entry().name(), value.equals(NOWHERE) ? Optional.empty() : Optional.of(value));
            }
        });
        VBox words = new VBox(name, why);
        words.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(words, Priority.ALWAYS);
        words.setMinWidth(0);
        line = new HBox(GAP, words, choice);
        line.setAlignment(Pos.CENTER_LEFT);
        setPrefWidth(0);
    }

    @Override
    protected void updateItem(@Nullable Unplaced item, boolean empty) {
        super.updateItem(item, empty);
        if (empty || item == null) {
            setGraphic(null);
            return;
        }
        filling = true;
        name.setText(Invisible.escaped(item.entry().name()));
        why.setText(item.entry().why());
        List<String> offered = new ArrayList<>(item.free());
        offered.addFirst(NOWHERE);
        if (!choice.getItems().equals(offered)) {
            choice.getItems().setAll(offered);
        }
        choice.setValue(item.mapped().orElse(NOWHERE));
        choice.setVisible(offered.size() > 1);
        choice.setAccessibleText("Tensor for " + name.getText());
        setAccessibleText(String.format(
                Locale.ROOT, "%s: %s", name.getText(), item.entry().why()));
        filling = false;
        setGraphic(line);
    }
}
