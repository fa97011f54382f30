package org.quantscope.app.window;

import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.ScrollPane;
import javafx.stage.Modality;
import org.quantscope.app.glass.GlassView;
import org.quantscope.app.glass.GlassViewModel;
import org.quantscope.app.session.Settings;

/** A value under the glass. The main window remains usable, and the steps follow the range. */
final class GlassDialog extends Dialog<Void> {
    private static final double WIDTH = 520;
    private static final double HEIGHT = 500;
    /** With the lines of how a value of an activation comes about. */
    private static final double TALL = 780;

    private static final double MIN_WIDTH = 400;
    private static final double MIN_HEIGHT = 440;

    GlassDialog(GlassViewModel model, Settings settings) {
        setTitle("Under the glass");
        initModality(Modality.NONE);
        GlassView view = new GlassView(model);
        ScrollPane scroll = new ScrollPane(view);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().add("side-panel");
        getDialogPane().setContent(scroll);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        boolean tall = model.making().viewProperty().get().isPresent();
        new RememberedSize(settings, tall ? "glass-made" : "glass", WIDTH, tall ? TALL : HEIGHT)
                .giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        setOnHidden(e -> view.close());
    }
}
