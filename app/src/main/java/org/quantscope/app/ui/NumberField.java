package org.quantscope.app.ui;

import java.util.function.Consumer;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;

/** A field for a number: Enter or leaving the field applies the text, Esc restores the former one. */
public final class NumberField extends TextField {
    /** True while text has been typed that was neither applied nor restored. */
    private boolean pending;

    private boolean writing;

    public NumberField(String id, double width) {
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
     * @param take applies the text
     * @param restore writes the present value, after the text was applied or dropped
     */
    public void onTyped(Consumer<String> take, Runnable restore) {
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

    /** Its size is fixed: another number moves nothing around it. */
    @Override
    public void requestLayout() {
        if (getWidth() > 0) {
            setNeedsLayout(true);
        } else {
            super.requestLayout();
        }
    }

    /** Sets the text, unless the user is typing. */
    public void show(String text) {
        if (!isFocused() || !pending) {
            writing = true;
            setText(text);
            writing = false;
        }
    }
}
