package org.quantscope.app.window;

import javafx.beans.value.ObservableValue;
import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.data.CalibrationView;
import org.quantscope.app.data.CalibrationViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/** The dialog that judges the calibration data. The main window remains usable and follows. */
final class CalibrationDialog extends Dialog<Void> {
    private static final double WIDTH = 920;
    private static final double HEIGHT = 680;
    private static final double MIN_WIDTH = 720;
    private static final double MIN_HEIGHT = 560;

    /** @param chooseData lets the user choose calibration data */
    CalibrationDialog(
            CalibrationViewModel model, Settings settings, ObservableValue<Theme> theme, Runnable chooseData) {
        setTitle("Calibration data");
        initModality(Modality.NONE);
        CalibrationView view = new CalibrationView(model, theme.getValue().palette(), chooseData);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "calibration", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType("_Look again", ButtonBar.ButtonData.OTHER);
        getDialogPane().getButtonTypes().addAll(run, ButtonType.CLOSE);
        Button button = (Button) getDialogPane().lookupButton(run);
        button.setId("calibration-run");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            // The dialog stays: it shows what happens.
            e.consume();
            if (model.viewProperty().get().running()) {
                model.stop();
            } else {
                model.start();
            }
        });
        Subscription watching = model.viewProperty().subscribe(v -> {
            button.setText(v.running() ? "_Stop" : "_Look again");
            button.setDisable(!v.running() && !v.mayRun());
        });
        Subscription looks = theme.subscribe(now -> view.setPalette(now.palette()));
        setOnShown(e -> {
            button.requestFocus();
            if (model.viewProperty().get().rows().isEmpty()
                    || model.viewProperty().get().previous()) {
                model.start();
            }
        });
        setOnHidden(e -> {
            model.stop();
            watching.unsubscribe();
            looks.unsubscribe();
            view.close();
        });
    }
}
