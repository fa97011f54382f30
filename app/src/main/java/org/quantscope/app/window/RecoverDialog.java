package org.quantscope.app.window;

import javafx.beans.value.ObservableValue;
import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.util.Subscription;
import org.quantscope.app.recover.RecoverView;
import org.quantscope.app.recover.RecoverViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/** The dialog that trains. It is modal: the settings that the training rests on stay as they are. */
final class RecoverDialog extends Dialog<Void> {
    private static final double WIDTH = 760;
    private static final double HEIGHT = 640;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 540;

    /** @param chooseData lets the user choose calibration data */
    RecoverDialog(RecoverViewModel model, ObservableValue<Theme> theme, Settings settings, Runnable chooseData) {
        setTitle("Recover by training");
        model.fresh();
        RecoverView view = new RecoverView(model, theme.getValue().palette(), chooseData);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "recover", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType("_Train", ButtonBar.ButtonData.OTHER);
        ButtonType close = new ButtonType("Close", ButtonBar.ButtonData.CANCEL_CLOSE);
        getDialogPane().getButtonTypes().addAll(run, close);
        Button button = (Button) getDialogPane().lookupButton(run);
        button.setId("recover-run");
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
        Button leave = (Button) getDialogPane().lookupButton(close);
        leave.setId("recover-cancel");
        leave.addEventFilter(ActionEvent.ACTION, e -> {
            if (model.isRunning()) {
                e.consume();
                model.cancel();
            }
        });
        Subscription watching = model.onChange(() -> {
            boolean running = model.isRunning();
            button.setText(running ? "_Stop and keep best" : "_Train");
            button.setDisable(running ? !model.hasBegun() : !model.mayRun());
            leave.setText(running ? "Cancel" : "Close");
        });
        Subscription looks = theme.subscribe(now -> view.setPalette(now.palette()));
        setOnShown(e -> view.focusFirst());
        setOnHidden(e -> {
            // Closed by the window manager.
            model.cancel();
            watching.unsubscribe();
            looks.unsubscribe();
            view.close();
        });
    }
}
