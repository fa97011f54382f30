package org.quantscope.app.window;

import javafx.beans.value.ObservableValue;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.ScrollPane;
import javafx.stage.Modality;
import org.quantscope.app.against.AgainstView;
import org.quantscope.app.against.AgainstViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Palette;

/** Two settings beside each other. The main window remains usable, and the comparison follows what is in hand. */
final class AgainstDialog extends Dialog<Void> {
    private static final double WIDTH = 860;
    private static final double HEIGHT = 680;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 480;

    AgainstDialog(AgainstViewModel model, Settings settings, ObservableValue<Palette> palette) {
        setTitle("Compare snapshots");
        initModality(Modality.NONE);
        AgainstView view = new AgainstView(model, palette);
        ScrollPane scroll = new ScrollPane(view);
        scroll.setFitToWidth(true);
        scroll.setFitToHeight(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().add("side-panel");
        getDialogPane().setContent(scroll);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        new RememberedSize(settings, "against", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        setOnHidden(e -> view.close());
    }
}
