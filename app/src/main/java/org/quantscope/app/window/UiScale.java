package org.quantscope.app.window;

import java.util.List;
import javafx.beans.property.DoubleProperty;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.collections.ListChangeListener;
import javafx.stage.Popup;
import javafx.stage.PopupWindow;
import javafx.stage.Window;
import org.quantscope.app.session.Settings;

/** How large everything is shown, 100 to 200 %, remembered. */
final class UiScale {
    static final List<Integer> PERCENTS = List.of(100, 110, 125, 150, 175, 200);
    private static final String KEY = "ui.scale";
    private static final double FONT = 13;
    private static final double PERCENT = 100;

    private final Settings settings;
    private final DoubleProperty scale = new SimpleDoubleProperty(this, "scale", 1);

    UiScale(Settings settings) {
        this.settings = settings;
        set((int) Math.round(settings.number(KEY).orElse(PERCENT)));
        // Menus, tooltips and lists that drop down are windows of their own; their sizes follow their font.
        Window.getWindows().addListener((ListChangeListener<Window>) change -> {
            while (change.next()) {
                change.getAddedSubList().forEach(this::fit);
            }
        });
    }

    private void fit(Window window) {
        // An explanation enlarges itself.
        if (window instanceof PopupWindow popup && !(window instanceof Popup) && popup.getScene() != null) {
            popup.getScene().getRoot().setStyle(scale.get() == 1 ? "" : "-fx-font-size: " + FONT * scale.get() + "px");
        }
    }

    /** 1 to 2. */
    DoubleProperty scaleProperty() {
        return scale;
    }

    int percent() {
        return (int) Math.round(scale.get() * PERCENT);
    }

    /** Takes the offered size that is nearest. */
    void set(int percent) {
        int nearest = PERCENTS.stream()
                .min((a, b) -> Integer.compare(Math.abs(a - percent), Math.abs(b - percent)))
                .orElseThrow();
        scale.set(nearest / PERCENT);
        settings.setNumber(KEY, nearest);
    }

    void larger() {
        PERCENTS.stream().filter(p -> p > percent()).findFirst().ifPresent(this::set);
    }

    void smaller() {
        PERCENTS.reversed().stream().filter(p -> p < percent()).findFirst().ifPresent(this::set);
    }
}
