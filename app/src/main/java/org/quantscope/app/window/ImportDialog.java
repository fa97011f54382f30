package org.quantscope.app.window;

import java.util.Objects;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogPane;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.configimport.ImportView;
import org.quantscope.app.configimport.ImportViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/**
 * The dialog for settings from another tool's file; its result is true if they are to be applied. The main window
 * remains usable.
 */
final class ImportDialog extends Dialog<Boolean> {
    private static final double WIDTH = 1000;
    private static final double HEIGHT = 660;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 440;

    ImportDialog(ImportViewModel model, Settings settings, ObservableValue<Theme> theme) {
        setTitle("Import ranges");
        // A tensor chosen here is also selected in the main window, which shows its histogram and the accuracy.
        initModality(Modality.NONE);
        ImportView view = new ImportView(model);
        Subscription looks = theme.subscribe(now -> view.paletteProperty().set(now.palette()));
        DialogPane pane = getDialogPane();
        pane.setContent(view);
        new RememberedSize(settings, "import", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType take = new ButtonType("_Import", ButtonBar.ButtonData.OK_DONE);
        getDialogPane().getButtonTypes().addAll(take, ButtonType.CANCEL);
        Node button = Objects.requireNonNull(getDialogPane().lookupButton(take));
        button.setId("import-apply");
        var watching = model.viewProperty().subscribe(v -> button.setDisable(!v.mayApply()));
        setOnShown(e -> view.focusMatches());
        setOnHidden(e -> {
            watching.unsubscribe();
            looks.unsubscribe();
        });
        setResultConverter(pressed -> pressed == take);
    }
}
