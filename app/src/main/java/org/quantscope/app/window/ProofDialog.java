package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.proof.ProofView;
import org.quantscope.app.proof.ProofViewModel;
import org.quantscope.app.session.Settings;

/** The page that says what in the open file is quantized. The main window remains usable. */
final class ProofDialog extends Dialog<Void> {
    private static final double WIDTH = 1000;
    private static final double HEIGHT = 640;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 420;

    /**
     * @param original lets the user choose the float model
     * @param another lets the user choose a file to look at
     */
    ProofDialog(
            ProofViewModel model,
            Settings settings,
            Supplier<Optional<Path>> original,
            Supplier<Optional<Path>> another) {
        setTitle("What is quantized");
        initModality(Modality.NONE);
        ProofView view = new ProofView(model, original, another);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "proof", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        setOnHidden(e -> {
            model.stop();
            view.close();
        });
    }
}
