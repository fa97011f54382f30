package org.quantscope.app.window;

import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.accuracy.CorrectionsViewModel;
import org.quantscope.app.accuracy.ExpectedView;
import org.quantscope.app.accuracy.ExpectedViewModel;
import org.quantscope.app.session.Settings;

/** The dialog with what each correction is expected to bring. The main window remains usable and follows. */
final class ExpectedDialog extends Dialog<Void> {
    private static final double WIDTH = 720;
    private static final double HEIGHT = 400;
    private static final double MIN_WIDTH = 620;
    private static final double MIN_HEIGHT = 360;

    /** @param chooseData lets the user choose calibration data */
    ExpectedDialog(CorrectionsViewModel corrections, Settings settings, Runnable chooseData) {
        ExpectedViewModel model = corrections.expected();
        setTitle("What each correction would bring");
        initModality(Modality.NONE);
        ExpectedView view = new ExpectedView(model, corrections::apply, chooseData);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "expected", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType("_Measure", ButtonBar.ButtonData.OTHER);
        getDialogPane().getButtonTypes().addAll(run, ButtonType.CLOSE);
        Button button = (Button) getDialogPane().lookupButton(run);
        button.setId("expected-run");
        button.getStyleClass().add("primary");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            // The dialog stays: it shows what is found.
            e.consume();
            if (model.viewProperty().get().running()) {
                model.stop();
            } else {
                model.start();
            }
        });
        Subscription watching = model.viewProperty().subscribe(v -> {
            button.setText(v.running() ? "_Stop" : "_Measure");
            button.setDisable(!v.running() && !v.mayRun());
        });
        setOnShown(e -> {
            button.requestFocus();
            if (model.viewProperty().get().rows().stream()
                    .noneMatch(row -> row.gain().isPresent())) {
                model.start();
            }
        });
        setOnHidden(e -> {
            watching.unsubscribe();
            view.close();
            model.stop();
        });
    }
}
