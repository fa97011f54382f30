package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.beans.value.ObservableValue;
import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.departure.CompareView;
import org.quantscope.app.departure.CompareViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/** The dialog that compares the open model with a deployed form. The main window remains usable and follows. */
final class CompareDialog extends Dialog<Void> {
    private static final double WIDTH = 900;
    private static final double HEIGHT = 680;
    private static final double MIN_WIDTH = 680;
    private static final double MIN_HEIGHT = 560;

    /**
     * @param file lets the user choose a deployed file
     * @param folder lets the user choose a folder of dumped values
     * @param chooseData lets the user choose data
     */
    CompareDialog(
            CompareViewModel model,
            Settings settings,
            ObservableValue<Theme> theme,
            Supplier<Optional<Path>> file,
            Supplier<Optional<Path>> folder,
            Runnable chooseData) {
        setTitle("Compare with deployed");
        initModality(Modality.NONE);
        CompareView view = new CompareView(model, theme.getValue().palette(), file, folder, chooseData);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "compare", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType("_Compare", ButtonBar.ButtonData.OTHER);
        getDialogPane().getButtonTypes().addAll(run, ButtonType.CLOSE);
        Button button = (Button) getDialogPane().lookupButton(run);
        button.setId("compare-run");
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
            button.setText(model.isRunning() ? "_Stop" : "_Compare");
            button.setDisable(!model.isRunning() && !model.mayRun());
        });
        Subscription looks = theme.subscribe(now -> view.setPalette(now.palette()));
        setOnShown(e -> view.focusFirst());
        setOnHidden(e -> {
            model.stop();
            watching.unsubscribe();
            looks.unsubscribe();
            view.close();
        });
    }
}
