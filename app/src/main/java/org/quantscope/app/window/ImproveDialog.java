package org.quantscope.app.window;

import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.improve.ImproveView;
import org.quantscope.app.improve.ImproveViewModel;
import org.quantscope.app.session.Settings;

/** The dialog that improves the settings in one go. The main window remains usable and follows. */
final class ImproveDialog extends Dialog<Void> {
    private static final double WIDTH = 820;
    private static final double HEIGHT = 600;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 500;

    /** @param chooseData lets the user choose calibration data */
    ImproveDialog(ImproveViewModel model, Settings settings, Runnable chooseData) {
        setTitle("Improve");
        initModality(Modality.NONE);
        ImproveView view = new ImproveView(model, chooseData);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "improve", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType("_Improve", ButtonBar.ButtonData.OTHER);
        getDialogPane().getButtonTypes().addAll(run, ButtonType.CLOSE);
        Button button = (Button) getDialogPane().lookupButton(run);
        button.setId("improve-run");
        button.getStyleClass().add("primary");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            // The dialog stays: it shows what happens.
            e.consume();
            if (model.isRunning()) {
                model.stop();
            } else {
                model.start();
            }
        });
        Subscription watching = model.onChange(() -> {
            button.setText(model.isRunning() ? "_Stop" : "_Improve");
            button.setDisable(!model.isRunning() && !model.mayRun());
        });
        setOnShown(e -> view.focusFirst());
        setOnHidden(e -> {
            watching.unsubscribe();
            view.close();
        });
    }
}
