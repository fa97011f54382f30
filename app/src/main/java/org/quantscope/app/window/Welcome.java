package org.quantscope.app.window;

import java.util.List;
import java.util.function.Consumer;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.session.SessionViewModel.Sample;

/** The middle of the window before a model is open: the ways to open one. */
final class Welcome extends VBox {
    private static final double GAP = 16;

    Welcome(Runnable onOpen, Runnable onWhere, List<Sample> samples, Consumer<Sample> onSample) {
        setId("welcome");
        getStyleClass().add("welcome");
        Label title = new Label("Drop a model here");
        title.getStyleClass().add("drop-title");
        Label kinds =
                new Label("ONNX, safetensors, GGUF, TensorFlow Lite, Keras, PyTorch, npz or npy, or a saved session");
        kinds.getStyleClass().add("muted");
        kinds.setId("welcome-kinds");
        kinds.setWrapText(true);
        kinds.setTextAlignment(TextAlignment.CENTER);
        Button open = new Button("Open…");
        open.setId("welcome-open");
        open.getStyleClass().add("primary");
        open.setTooltip(new Tooltip("Open a model or a session (Ctrl+O)"));
        open.setOnAction(e -> onOpen.run());
        MenuButton sample = new MenuButton("Try a sample");
        sample.setId("welcome-sample");
        sample.setTooltip(new Tooltip("Bundled models with their data"));
        for (Sample s : samples) {
            MenuItem item = new MenuItem(s.title());
            item.setOnAction(e -> onSample.accept(s));
            sample.getItems().add(item);
        }
        sample.setVisible(!samples.isEmpty());
        sample.setManaged(!samples.isEmpty());
        Button where = new Button("Where will it run?");
        where.setId("welcome-where");
        where.setTooltip(
                new Tooltip("From a model to a file for the place where it runs, in four steps (Ctrl+Shift+W)"));
        where.setOnAction(e -> onWhere.run());
        HBox ways = new HBox(GAP, open, where, sample);
        ways.setAlignment(Pos.CENTER);
        Label keys = new Label("Ctrl+O opens a file · Ctrl+K finds anything");
        keys.getStyleClass().add("hint");
        VBox target = new VBox(GAP, title, kinds, ways, keys);
        target.getStyleClass().add("drop-here");
        target.setAlignment(Pos.CENTER);
        VBox.setVgrow(target, Priority.ALWAYS);
        getChildren().add(target);
    }
}
