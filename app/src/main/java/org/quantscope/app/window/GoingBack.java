package org.quantscope.app.window;

import java.util.List;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Spinner;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Workbench;

/**
 * The keys for undo and redo. A field in which text has been typed undoes the typing first. A field without typed text
 * would also consume the keys, so they are handled before it gets them.
 */
final class GoingBack {
    private static final KeyCombination UNDO = KeyCombination.valueOf("Shortcut+Z");
    private static final List<KeyCombination> REDO =
            List.of(KeyCombination.valueOf("Shortcut+Y"), KeyCombination.valueOf("Shortcut+Shift+Z"));

    private GoingBack() {}

    static void install(Scene scene, Workbench bench) {
        scene.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            boolean undo = UNDO.match(e);
            boolean redo = REDO.stream().anyMatch(keys -> keys.match(e));
            if (!undo && !redo) {
                return;
            }
            TextInputControl field = field(scene.getFocusOwner());
            if (field != null && (undo ? field.isUndoable() : field.isRedoable())) {
                return;
            }
            if (undo) {
                bench.undo();
            } else {
                bench.redo();
            }
            e.consume();
        });
    }

    private static @Nullable TextInputControl field(@Nullable Node owner) {
        return switch (owner) {
            case TextInputControl text -> text;
            case Spinner<?> spinner -> spinner.getEditor();
            case ComboBox<?> box -> box.getEditor();
            case null, default -> null;
        };
    }
}
