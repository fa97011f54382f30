package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import javafx.scene.Node;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import org.quantscope.app.data.DataView;
import org.quantscope.app.data.DataViewModel;
import org.quantscope.app.session.Settings;

/** The dialog for data and its preprocessing; its result is true if they are to be used. */
final class DataDialog extends Dialog<Boolean> {
    private static final double WIDTH = 860;
    private static final double HEIGHT = 640;
    private static final double MIN_WIDTH = 720;
    private static final double MIN_HEIGHT = 500;

    /** @param browse asks the user for a file, or for a folder if its argument is true */
    DataDialog(DataViewModel model, Settings settings, Function<Boolean, Optional<Path>> browse) {
        setTitle("Data");
        DataView view = new DataView(model, browse);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "data", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        setOnShown(e -> view.focusFirst());
        ButtonType use = new ButtonType("_Use it", ButtonBar.ButtonData.OK_DONE);
        getDialogPane().getButtonTypes().addAll(use, ButtonType.CANCEL);
        Node button = getDialogPane().lookupButton(use);
        button.setId("input-use");
        var watching = model.viewProperty().subscribe(v -> button.setDisable(!v.mayApply()));
        setOnHidden(e -> watching.unsubscribe());
        setResultConverter(pressed -> pressed == use);
    }
}
