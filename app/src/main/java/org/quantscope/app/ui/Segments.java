package org.quantscope.app.ui;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;

/** Buttons side by side, of which exactly one is selected, by the mouse or by the arrow keys. */
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
            // Without this, a second click on the selected button would deselect it.
            button.setOnAction(e -> button.setSelected(true));
            buttons.add(button);
        }
        // The actions of the buttons are not enough, because the arrow keys select a button without firing its action.
        group.selectedToggleProperty().addListener((o, was, is) -> {
            int index = is == null ? told : buttons.indexOf(is);
            if (index != told) {
                told = index;
                onChoose.accept(index);
            }
        });
        getChildren().addAll(buttons);
    }

    /** Gives a button its id and a tooltip that says what it does. */
    public Segments describe(int index, String id, String tip) {
        buttons.get(index).setId(id);
        buttons.get(index).setTooltip(new Tooltip(tip));
        return this;
    }

    /** Selects a button without calling the listener. */
    public void choose(int index) {
        told = index;
        buttons.get(index).setSelected(true);
    }

    /** Sets the listener for choices of the user. */
    public void setOnChoose(IntConsumer action) {
        onChoose = action;
    }
}
