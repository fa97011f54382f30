package org.quantscope.app.window;

import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.where.WhereView;
import org.quantscope.app.where.WhereViewModel;

/** The short way from a model to a file that runs. The main window remains usable and follows. */
final class WhereDialog extends Dialog<Void> {
    private static final double WIDTH = 820;
    private static final double HEIGHT = 760;
    private static final double MIN_WIDTH = 620;
    private static final double MIN_HEIGHT = 420;

    WhereDialog(WhereViewModel model, ExportViewModel export, Settings settings, WhereView.Places places) {
        setTitle("Where will it run?");
        initModality(Modality.NONE);
        WhereView view = new WhereView(model, export, places);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "where", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        setOnShown(e -> view.focusFirst());
        setOnHidden(e -> view.close());
    }
}
