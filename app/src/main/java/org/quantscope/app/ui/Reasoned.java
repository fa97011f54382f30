package org.quantscope.app.ui;

import javafx.scene.Node;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.StackPane;

/**
 * A control in a place of its own, which tells why the control is disabled: disabled controls show no tooltip
 * themselves.
 */
public final class Reasoned extends StackPane {
    private final Node control;
    private final Tooltip tip = new Tooltip();
    private String reason = "";

    public Reasoned(Node control) {
        super(control);
        this.control = control;
        setMinWidth(USE_PREF_SIZE);
        setMaxWidth(USE_PREF_SIZE);
        // A place that is as large as the control, also where that is hidden.
        managedProperty().bind(control.managedProperty());
        visibleProperty().bind(control.visibleProperty());
    }

    /** Disables the control for a reason, a sentence; enables it if {@code reason} is empty. */
    public void disable(String reason) {
        // A tooltip is a window: making or moving one in each frame of a gesture costs more than all the rest.
        if (reason.equals(this.reason)) {
            return;
        }
        control.setDisable(!reason.isEmpty());
        control.setAccessibleHelp(reason.isEmpty() ? null : reason);
        if (reason.isEmpty()) {
            Tooltip.uninstall(this, tip);
        } else {
            tip.setText(reason);
            if (this.reason.isEmpty()) {
                Tooltip.install(this, tip);
            }
        }
        this.reason = reason;
    }
}
