package org.quantscope.app.selected;

import java.util.function.Consumer;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;

/** A field for a number: Enter and leaving it take the text over, Esc gives back what was there. */
final class NumberField extends TextField {
    /** A person has typed something that was neither taken over nor given back. */
    private boolean pending;

    private boolean writing;

    NumberField(String id, double width) {
        setId(id);
        getStyleClass().add("number-field");
        setPrefWidth(width);
        setMinWidth(width);
        textProperty().addListener((o, was, is) -> {
            if (!writing && isFocused()) {
                pending = true;
            }
        });
    }

    /**
     * @param take takes the text
     * @param restore writes what is true now, after the text was taken or given back
     */
    void onTyped(Consumer<String> take, Runnable restore) {
        setOnAction(e -> {
            pending = false;
            take.accept(getText());
            restore.run();
        });
        focusedProperty().addListener((o, was, is) -> {
            if (!is && pending) {
                pending = false;
                take.accept(getText());
                restore.run();
            }
        });
        setOnKeyPressed(e -> {
            if (e.getCode() == KeyCode.ESCAPE && pending) {
                pending = false;
                restore.run();
                e.consume();
            }
        });
    }

    /** Writes a text, but not over what is being typed. */
    void show(String text) {
        if (!isFocused() || !pending) {
            writing = true;
            setText(text);
            writing = false;
        }
    }
}
