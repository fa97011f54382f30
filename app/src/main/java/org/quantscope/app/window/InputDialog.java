package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import javafx.scene.Node;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import org.quantscope.app.input.InputView;
import org.quantscope.app.input.InputViewModel;

/** Data and its preprocessing; true if they are to be used. */
final class InputDialog extends Dialog<Boolean> {
    private static final double WIDTH = 800;

    /** @param browse asks for a file, or for a folder if its argument is true */
    InputDialog(InputViewModel model, Function<Boolean, Optional<Path>> browse) {
        setTitle("Data");
        setResizable(true);
        InputView view = new InputView(model, browse);
        view.setPrefWidth(WIDTH);
        getDialogPane().setContent(view);
        ButtonType use = new ButtonType("Use it", ButtonBar.ButtonData.OK_DONE);
        getDialogPane().getButtonTypes().addAll(use, ButtonType.CANCEL);
        Node button = getDialogPane().lookupButton(use);
        button.setId("input-use");
        var watching = model.viewProperty().subscribe(v -> button.setDisable(!v.mayApply()));
        setOnHidden(e -> watching.unsubscribe());
        setResultConverter(pressed -> pressed == use);
    }
}
