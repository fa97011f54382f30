package org.quantscope.app.window;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogEvent;
import javafx.stage.Window;
import org.quantscope.app.session.Workbench;

/** Dialogs beside the main window, which remains usable, also its keys for undo and redo; of each kind one is open. */
final class OneOfEach {
    private final Dialogs dialogs;
    private final Workbench bench;
    private final Map<Class<?>, Dialog<?>> open = new HashMap<>();

    OneOfEach(Dialogs dialogs, Workbench bench) {
        this.dialogs = dialogs;
        this.bench = bench;
    }

    /** Brings the dialog of a kind to the front, or makes one and opens it. */
    <D extends Dialog<?>> void show(Class<D> kind, Supplier<D> make) {
        Dialog<?> there = open.get(kind);
        if (there != null) {
            there.getDialogPane().getScene().getWindow().requestFocus();
            return;
        }
        D dialog = make.get();
        dialogs.dress(dialog);
        GoingBack.install(dialog.getDialogPane().getScene(), bench);
        open.put(kind, dialog);
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> open.remove(kind));
        dialog.show();
    }

    /** The window of the dialog of a kind; empty while none is open. */
    Optional<Window> window(Class<? extends Dialog<?>> kind) {
        return Optional.ofNullable(open.get(kind))
                .map(d -> d.getDialogPane().getScene().getWindow());
    }
}
