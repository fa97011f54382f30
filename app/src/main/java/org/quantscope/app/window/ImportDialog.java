package org.quantscope.app.window;

import java.util.Objects;
import javafx.scene.Node;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogPane;
import org.quantscope.app.imports.ImportView;
import org.quantscope.app.imports.ImportViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.theme.Palette;

/** Settings from another tool's file; true if they are to be taken over. */
final class ImportDialog extends Dialog<Boolean> {
    private static final double WIDTH = 1000;
    private static final double HEIGHT = 660;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 440;
    private static final String WIDTH_KEY = "import.width";
    private static final String HEIGHT_KEY = "import.height";

    ImportDialog(ImportViewModel model, Settings settings, Palette palette) {
        setTitle("Import ranges");
        setResizable(true);
        ImportView view = new ImportView(model);
        view.paletteProperty().set(palette);
        DialogPane pane = getDialogPane();
        pane.setContent(view);
        pane.getStyleClass().add("wide");
        pane.setMinSize(MIN_WIDTH, MIN_HEIGHT);
        pane.setPrefSize(settings.number(WIDTH_KEY).orElse(WIDTH), settings.number(HEIGHT_KEY).orElse(HEIGHT));
        ButtonType take = new ButtonType("Import", ButtonBar.ButtonData.OK_DONE);
        getDialogPane().getButtonTypes().addAll(take, ButtonType.CANCEL);
        Node button = Objects.requireNonNull(getDialogPane().lookupButton(take));
        button.setId("import-apply");
        var watching = model.viewProperty().subscribe(v -> button.setDisable(!v.mayApply()));
        setOnHidden(e -> {
            watching.unsubscribe();
            settings.setNumber(WIDTH_KEY, pane.getWidth());
            settings.setNumber(HEIGHT_KEY, pane.getHeight());
            settings.save();
        });
        setResultConverter(pressed -> pressed == take);
    }
}
