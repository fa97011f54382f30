package org.quantscope.app.ui;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;

/** One of several, side by side. One is always chosen, by the mouse or by the arrow keys. */
public final class Segments extends HBox {
    private final List<ToggleButton> buttons = new ArrayList<>();
    private IntConsumer onChoose = choice -> {};
    private int told = -1;

    public Segments(String... texts) {
        getStyleClass().add("segmented");
        setMinWidth(Region.USE_PREF_SIZE);
        setMaxWidth(Region.USE_PREF_SIZE);
        ToggleGroup group = new ToggleGroup();
        for (String text : texts) {
            ToggleButton button = new ToggleButton(text);
            button.setMinWidth(Region.USE_PREF_SIZE);
            button.setToggleGroup(group);
            // A second click on the chosen one would leave none.
            button.setOnAction(e -> button.setSelected(true));
            buttons.add(button);
        }
        // Not by the buttons' actions: the arrow keys choose without one.
        group.selectedToggleProperty().addListener((o, was, is) -> {
            int index = is == null ? told : buttons.indexOf(is);
            if (index != told) {
                told = index;
                onChoose.accept(index);
            }
        });
        getChildren().addAll(buttons);
    }

    /** Gives a button its id and says what it does. */
    public Segments describe(int index, String id, String tip) {
        buttons.get(index).setId(id);
        buttons.get(index).setTooltip(new Tooltip(tip));
        return this;
    }

    /** Chooses without telling anybody. */
    public void choose(int index) {
        told = index;
        buttons.get(index).setSelected(true);
    }

    /** What happens when a person chooses. */
    public void setOnChoose(IntConsumer action) {
        onChoose = action;
    }
}
