package org.quantscope.app.ui;

import javafx.collections.ListChangeListener;
import javafx.collections.ObservableList;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.Scene;
import javafx.scene.control.Labeled;
import javafx.scene.control.Tooltip;
import javafx.stage.Window;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.Invisible;

/**
 * Text as a person is to see it, in every window of the program: characters of foreign names that cannot be seen, or that
 * turn the direction of what follows, are shown as the escapes that the commands print. Text that is painted or spoken is
 * escaped by those who make it.
 */
public final class ShownText {
    /** Marks what is watched already, in the properties of a node. */
    private static final Object WATCHED = new Object();

    private static boolean begun;

    private ShownText() {}

    /** Watches all windows, also menus, tooltips and dialogs that open later. Call on the FX thread; once is enough. */
    public static void watchAllWindows() {
        if (begun) {
            return;
        }
        begun = true;
        ObservableList<Window> windows = Window.getWindows();
        windows.forEach(ShownText::watch);
        windows.addListener((ListChangeListener<Window>) change -> {
            while (change.next()) {
                change.getAddedSubList().forEach(ShownText::watch);
            }
        });
    }

    /** The text with escapes; line breaks and tabs, which are ours, stay. A name must be escaped before it gets here. */
    static String of(String text) {
        if (text.codePoints().noneMatch(ShownText::isForeign)) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        text.codePoints()
                .forEach(c ->
                        shown.append(isForeign(c) ? Invisible.escaped(Character.toString(c)) : Character.toString(c)));
        return shown.toString();
    }

    private static boolean isForeign(int codePoint) {
        return codePoint != '\n' && codePoint != '\t' && Invisible.is(codePoint);
    }

    private static void watch(Window window) {
        if (window instanceof Tooltip tip) {
            // Its label follows the text of the tooltip.
            if (!tip.textProperty().isBound() && tip.getText() != null) {
                tip.setText(of(tip.getText()));
            }
            return;
        }
        Scene scene = window.getScene();
        if (scene != null && first(scene.getProperties())) {
            scene.rootProperty().subscribe(ShownText::watch);
        }
    }

    private static boolean first(java.util.Map<Object, Object> properties) {
        return properties.putIfAbsent(WATCHED, true) == null;
    }

    private static void watch(@Nullable Node node) {
        if (node == null || !first(node.getProperties())) {
            return;
        }
        if (node instanceof Labeled labeled) {
            labeled.textProperty().subscribe(text -> escape(labeled, text));
        }
        if (node instanceof Parent parent) {
            parent.getChildrenUnmodifiable().forEach(ShownText::watch);
            parent.getChildrenUnmodifiable().addListener((ListChangeListener<Node>) change -> {
                while (change.next()) {
                    change.getAddedSubList().forEach(ShownText::watch);
                }
            });
        }
    }

    private static void escape(Labeled labeled, @Nullable String text) {
        if (text != null && !labeled.textProperty().isBound()) {
            String shown = of(text);
            if (!shown.equals(text)) {
                labeled.setText(shown);
            }
        }
    }
}
