package org.quantscope.app.flipped;

import java.util.OptionalInt;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Rectangle2D;
import javafx.scene.Scene;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.stage.Screen;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.quantscope.app.ui.Theme;

/** The flipped samples in a separate window beside the main window. */
public final class FlippedWindow {
    private static final double WIDTH = 1060;
    private static final double HEIGHT = 720;
    private static final double MIN_WIDTH = 900;
    private static final double MIN_HEIGHT = 520;
    /** The pixels that a window manager's frame and title take at most, at each side. */
    private static final double FRAME = 40;

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

    /** What the window shows. */
    public Scene scene() {
        return stage.getScene();
    }

    /** Shows the window, and selects a sample if one is given. */
    public void show(OptionalInt sample) {
        sample.ifPresent(model::choose);
        if (Double.isNaN(stage.getX())) {
            Rectangle2D place = place(screenOf(stage.getOwner()));
            stage.setX(place.getMinX());
            stage.setY(place.getMinY());
            stage.setWidth(place.getWidth());
            stage.setHeight(place.getHeight());
        }
        stage.show();
        stage.toFront();
        follow();
    }

    private static Rectangle2D screenOf(Window owner) {
        return Screen.getScreensForRectangle(owner.getX(), owner.getY(), owner.getWidth(), owner.getHeight()).stream()
                .findFirst()
                .orElseGet(Screen::getPrimary)
                .getVisualBounds();
    }

    /**
     * In the middle of a screen and within it, with room for the title, which is not known before the window shows.
     *
     * @param screen its usable area
     */
    static Rectangle2D place(Rectangle2D screen) {
        double w = Math.min(WIDTH, screen.getWidth());
        double h = Math.min(HEIGHT, screen.getHeight() - 2 * FRAME);
        return new Rectangle2D(
                screen.getMinX() + (screen.getWidth() - w) / 2, screen.getMinY() + (screen.getHeight() - h) / 2, w, h);
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
