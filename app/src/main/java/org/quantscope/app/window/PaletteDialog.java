package org.quantscope.app.window;

import java.util.List;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.command.Command;
import org.quantscope.app.command.PaletteView;
import org.quantscope.app.session.Settings;

/** Finds everything that a person can do, by a few characters. */
final class PaletteDialog extends Dialog<Void> {
    private static final double WIDTH = 620;
    private static final double HEIGHT = 440;
    private static final double MIN_WIDTH = 420;
    private static final double MIN_HEIGHT = 280;

    /** @param all everything there is */
    PaletteDialog(List<Command> all, Settings settings) {
        setTitle("Find anything");
        initModality(Modality.NONE);
        PaletteView view = new PaletteView(all, command -> {
            close();
            command.run();
        });
        getDialogPane().setContent(view);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        new RememberedSize(settings, "palette", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        setOnShown(e -> view.focusField());
    }
}
