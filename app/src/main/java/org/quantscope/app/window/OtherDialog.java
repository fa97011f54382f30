package org.quantscope.app.window;

import javafx.beans.value.ObservableValue;
import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.data.OtherView;
import org.quantscope.app.data.OtherViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/** The dialog with other data beside the calibration data. The main window remains usable. */
final class OtherDialog extends Dialog<Void> {
    private static final double WIDTH = 920;
    private static final double HEIGHT = 600;
    private static final double MIN_WIDTH = 760;
    private static final double MIN_HEIGHT = 460;

    /**
     * @param chooseFile lets the user choose other data
     * @param chooseFolder lets the user choose a folder of pictures
     * @param calibrate lets the user choose calibration data
     */
    OtherDialog(
            OtherViewModel model,
            Settings settings,
            ObservableValue<Theme> theme,
            Runnable chooseFile,
            Runnable chooseFolder,
            Runnable calibrate) {
        setTitle("Compare with other data");
        initModality(Modality.NONE);
        OtherView view = new OtherView(model, theme.getValue().palette(), chooseFile, chooseFolder, calibrate);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "other-data", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType("_Compare again", ButtonBar.ButtonData.OTHER);
        getDialogPane().getButtonTypes().addAll(run, ButtonType.CLOSE);
        Button button = (Button) getDialogPane().lookupButton(run);
        button.setId("other-run");
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
            button.setText(v.running() ? "_Stop" : "_Compare again");
            button.setDisable(!v.running() && (!v.mayRun() || v.other().isEmpty()));
        });
        Subscription looks = theme.subscribe(now -> view.setPalette(now.palette()));
        setOnHidden(e -> {
            model.stop();
            watching.unsubscribe();
            looks.unsubscribe();
            view.close();
        });
    }
}
