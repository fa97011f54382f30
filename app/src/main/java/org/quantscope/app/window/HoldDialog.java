package org.quantscope.app.window;

import java.util.function.BooleanSupplier;
import javafx.event.ActionEvent;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.session.Settings;

/** A dialog beside the main window with one thing to run and to stop. */
final class HoldDialog extends Dialog<Void> {
    private static final double WIDTH = 900;
    private static final double HEIGHT = 560;
    private static final double MIN_WIDTH = 640;
    private static final double MIN_HEIGHT = 440;

    private final Button button;
    private final String verb;

    /**
     * @param id what begins the ids of its parts, and under which its size is remembered
     * @param verb on the button
     * @param running true while it runs
     */
    HoldDialog(
            String title,
            String id,
            String verb,
            Node content,
            Settings settings,
            BooleanSupplier running,
            Runnable start,
            Runnable stop) {
        this.verb = verb;
        setTitle(title);
        initModality(Modality.NONE);
        getDialogPane().setContent(content);
        new RememberedSize(settings, id, WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType run = new ButtonType(verb, ButtonBar.ButtonData.OTHER);
        getDialogPane().getButtonTypes().addAll(run, ButtonType.CLOSE);
        button = (Button) getDialogPane().lookupButton(run);
        button.setId(id + "-run");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            // The dialog stays: it shows what happens.
            e.consume();
            if (running.getAsBoolean()) {
                stop.run();
            } else {
                start.run();
            }
        });
    }

    /** @param can false if it cannot be run */
    void show(boolean running, boolean can) {
        button.setText(running ? "_Stop" : verb);
        button.setDisable(!running && !can);
    }
}
