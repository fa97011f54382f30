package org.quantscope.app.flipped;

import java.util.OptionalInt;
import javafx.beans.value.ObservableValue;
import javafx.scene.Scene;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.quantscope.app.ui.Theme;

/** The flipped samples in a separate window beside the main window. */
public final class FlippedWindow {
    private static final double WIDTH = 1060;
    private static final double HEIGHT = 720;
    private static final double MIN_WIDTH = 900;
    private static final double MIN_HEIGHT = 520;

    private final Stage stage = new Stage();
    private final FlippedViewModel model;
    private final SampleLayersViewModel layers;

    public FlippedWindow(
            Window owner,
            FlippedViewModel model,
            SampleLayersViewModel layers,
            Thumbnails thumbnails,
            ObservableValue<Theme> theme) {
        this.model = model;
        this.layers = layers;
        Scene scene = new Scene(new FlippedView(model, layers, thumbnails), WIDTH, HEIGHT);
        theme.subscribe(chosen -> chosen.applyTo(scene));
        // Before the lists of the window see it, which would take Escape for the end of an edit.
        scene.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.ESCAPE) {
                stage.hide();
                e.consume();
            }
        });
        stage.initOwner(owner);
        stage.setTitle("Flipped samples – Quantscope");
        stage.setScene(scene);
        stage.setMinWidth(MIN_WIDTH);
        stage.setMinHeight(MIN_HEIGHT);
        model.viewProperty().subscribe(v -> follow());
        stage.showingProperty().subscribe(on -> {
            model.setShowing(on);
            follow();
        });
    }

    /** Shows the window, and selects a sample if one is given. */
    public void show(OptionalInt sample) {
        sample.ifPresent(model::choose);
        stage.show();
        stage.toFront();
        follow();
    }

    public void hide() {
        stage.hide();
    }

    /** Computes the layers of a sample only while this window is visible. */
    private void follow() {
        layers.show(
                stage.isShowing()
                        ? model.viewProperty()
                                .get()
                                .found()
                                .flatMap(v -> v.listed().chosen())
                                .map(o -> OptionalInt.of(o.sample()))
                                .orElse(OptionalInt.empty())
                        : OptionalInt.empty());
    }
}
