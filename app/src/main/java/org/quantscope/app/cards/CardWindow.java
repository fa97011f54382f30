package org.quantscope.app.cards;

import javafx.beans.value.ObservableValue;
import javafx.geometry.Rectangle2D;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.layout.StackPane;
import javafx.stage.Screen;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Scaled;
import org.quantscope.app.ui.Theme;

/** A window that holds one card. It remembers its size and its place. */
final class CardWindow {
    private static final double WIDTH = 860;
    private static final double HEIGHT = 480;
    private static final double MIN_WIDTH = 420;
    private static final double MIN_HEIGHT = 240;

    private final Stage stage = new Stage();
    private final StackPane holder = new StackPane();
    private final String name;
    private final Settings settings;

    /** @param closed is told when a person closes it */
    CardWindow(
            ShownCard card,
            Window owner,
            Settings settings,
            ObservableValue<Theme> theme,
            ObservableValue<Number> scale,
            Runnable closed) {
        this.settings = settings;
        this.name = "card." + card.id();
        holder.getStyleClass().add("card-window");
        holder.setMinSize(0, 0);
        Scaled scaled = new Scaled(holder);
        scaled.scaleProperty().bind(scale);
        Scene scene = new Scene(scaled);
        theme.subscribe(chosen -> chosen.applyTo(scene));
        scale.subscribe(s -> {
            stage.setRenderScaleX(s.doubleValue());
            stage.setRenderScaleY(s.doubleValue());
        });
        stage.initOwner(owner);
        stage.setTitle(card.title() + " – Quantscope");
        stage.setScene(scene);
        stage.setMinWidth(MIN_WIDTH);
        stage.setMinHeight(MIN_HEIGHT);
        stage.setOnCloseRequest(e -> {
            e.consume();
            closed.run();
        });
    }

    Scene scene() {
        return stage.getScene();
    }

    void show(Node card) {
        holder.getChildren().setAll(card);
        place(stage.getOwner());
        stage.show();
        stage.toFront();
    }

    /** Closes it; it no longer holds the card. */
    void hide() {
        if (stage.isShowing()) {
            settings.setNumber(name + ".x", stage.getX());
            settings.setNumber(name + ".y", stage.getY());
            settings.setNumber(name + ".width", stage.getWidth());
            settings.setNumber(name + ".height", stage.getHeight());
        }
        holder.getChildren().clear();
        stage.hide();
    }

    /** Where it was the last time, if a screen of today shows all of that; else in the middle of its owner's screen. */
    private void place(Window owner) {
        Rectangle2D screen =
                Screen.getScreensForRectangle(owner.getX(), owner.getY(), owner.getWidth(), owner.getHeight()).stream()
                        .findFirst()
                        .orElseGet(Screen::getPrimary)
                        .getVisualBounds();
        double w = Math.min(settings.number(name + ".width").orElse(WIDTH), screen.getWidth());
        double h = Math.min(settings.number(name + ".height").orElse(HEIGHT), screen.getHeight());
        double x = settings.number(name + ".x").orElse(Double.NaN);
        double y = settings.number(name + ".y").orElse(Double.NaN);
        boolean seen =
                Screen.getScreens().stream().anyMatch(s -> s.getVisualBounds().contains(x, y, w, h));
        stage.setX(seen ? x : screen.getMinX() + (screen.getWidth() - w) / 2);
        stage.setY(seen ? y : screen.getMinY() + (screen.getHeight() - h) / 2);
        stage.setWidth(w);
        stage.setHeight(h);
    }
}
