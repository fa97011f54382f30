package org.quantscope.app.window;

import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.session.Settings;
import org.quantscope.app.sweep.SweepView;
import org.quantscope.app.sweep.SweepViewModel;

/** The dialog with the results of a sweep. The main window remains usable and follows. */
final class SweepDialog extends Dialog<Void> {
    private static final double WIDTH = 920;
    private static final double HEIGHT = 600;
    private static final double MIN_WIDTH = 700;
    private static final double MIN_HEIGHT = 420;

    /** @param choose lets the user choose the folder of a sweep */
    SweepDialog(SweepViewModel model, Settings settings, Runnable choose) {
        setTitle("Results of a sweep");
        initModality(Modality.NONE);
        getDialogPane().setContent(new SweepView(model, choose));
        new RememberedSize(settings, "sweep", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        setOnHidden(e -> model.close());
    }
}
