package org.quantscope.app.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javafx.animation.AnimationTimer;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ToggleButton;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.scene.shape.Line;
import javafx.stage.Stage;
import org.quantscope.app.screenshot.Snapshots;
import org.quantscope.app.selected.ErrorCurve;
import org.quantscope.app.selected.ErrorCurveView;
import org.quantscope.app.selected.HistogramData;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.RangeListener;
import org.quantscope.app.selected.SliceStripView;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;

/**
 * The centre column over a real tensor, without the rest of the program: {@code LookDemo$Main MODEL TENSOR FOLDER} writes
 * pictures of both themes to the folder and leaves; without a folder the window stays.
 */
public final class LookDemo extends Application {
    private HistogramView histogram;
    private ErrorCurveView curve;
    private SliceStripView strip;
    private MomentSketch sketch;
    private int bits = 4;
    private final List<Runnable> shots = new ArrayList<>();

    /** Not an Application itself, so that it runs from the class path. */
    public static final class Main {
        private Main() {}

        public static void main(String[] args) {
            launch(LookDemo.class, args);
        }
    }

    @Override
    public void start(Stage stage) throws IOException {
        List<String> args = getParameters().getRaw();
        Model model = ModelLoaders.open(Path.of(args.get(0)));
        Tensor tensor = model.tensors().stream()
                .filter(t -> t.id().name().contains(args.get(1)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("tensors: "
                        + model.tensors().stream().map(t -> t.id().name()).toList()));
        sketch = MomentSketch.of(tensor, new CancelToken());

        Theme.DARK.install();
        VBox column = new VBox(10, histogramCard(tensor), curveCard(), stripCard(tensor));
        column.setStyle("-fx-padding: 12");
        Scene scene = new Scene(column, 784, 740);
        stage.setScene(scene);
        show(scene, Theme.DARK);
        set(3.14f);
        curve.setCurve(errorCurve());
        stage.show();

        if (args.size() > 2) {
            Path folder = Path.of(args.get(2));
            for (Theme theme : Theme.values()) {
                String name = theme.title().toLowerCase(java.util.Locale.ROOT);
                shots.add(() -> show(scene, theme));
                shots.add(() -> save(scene, folder.resolve(name + ".png")));
                shots.add(() -> {
                    bits = 8;
                    set(1.9f);
                    lookupFocus();
                });
                shots.add(() -> save(scene, folder.resolve(name + "-8bit.png")));
                shots.add(() -> {
                    bits = 12;
                    set(0.4f);
                    histogram.logProperty().set(false);
                });
                shots.add(() -> save(scene, folder.resolve(name + "-12bit-linear.png")));
                shots.add(() -> {
                    bits = 3;
                    histogram.logProperty().set(true);
                    histogram.setClip(new ClipRange(-0.2f, 5.3f), false);
                    histogram.setGrid(new UniformGrid(5.5f / 7, 0, 0, 7));
                });
                shots.add(() -> save(scene, folder.resolve(name + "-asymmetric.png")));
                shots.add(() -> {
                    bits = 4;
                    set(3.14f);
                });
            }
            shots.add(Platform::exit);
            play();
        }
    }

    private void lookupFocus() {
        histogram.lookup("#handle-hi").requestFocus();
    }

    /** One step every few pulses, so that each is drawn before the next. */
    private void play() {
        new AnimationTimer() {
            private int pulses;

            @Override
            public void handle(long now) {
                if (++pulses % 8 == 0) {
                    if (shots.isEmpty()) {
                        stop();
                    } else {
                        shots.removeFirst().run();
                    }
                }
            }
        }.start();
    }

    private static void save(Scene scene, Path file) {
        try {
            Snapshots.writePng(scene.snapshot(null), file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void show(Scene scene, Theme theme) {
        theme.install();
        theme.applyTo(scene);
        histogram.paletteProperty().set(theme.palette());
        curve.paletteProperty().set(theme.palette());
        strip.paletteProperty().set(theme.palette());
    }

    private UniformGrid gridOf(float clip) {
        int top = (1 << (bits - 1)) - 1;
        return new UniformGrid(clip / top, 0, -top, top);
    }

    private void set(float clip) {
        histogram.setClip(ClipRange.symmetric(clip), true);
        follow(clip);
    }

    private void follow(float clip) {
        UniformGrid grid = gridOf(clip);
        histogram.setGrid(grid);
        curve.setCurrent(clip, sketch.estimate(grid).mse());
        strip.setClips(List.of(ClipRange.symmetric(clip)));
    }

    private ErrorCurve errorCurve() {
        List<ErrorCurve.Point> points = new ArrayList<>();
        for (int i = 10; i <= 200; i++) {
            points.add(point(sketch.absMax() * i / 200f));
        }
        ErrorCurve.Point best = points.stream()
                .min(Comparator.comparingDouble(ErrorCurve.Point::mse))
                .orElseThrow();
        List<ErrorCurve.Pin> pins = Stream.of(
                        new ErrorCurve.Pin("aciq-gauss", "ACIQ Gauss", 1.95, 0),
                        new ErrorCurve.Pin("aciq-laplace", "ACIQ Laplace", 2.78, 0),
                        new ErrorCurve.Pin("mse", "MSE", best.clip(), 0),
                        new ErrorCurve.Pin("percentile", "99.9 %", sketch.absQuantile(0.999), 0),
                        new ErrorCurve.Pin("minmax", "min-max", sketch.absMax(), 0))
                .map(p -> new ErrorCurve.Pin(
                        p.id(), p.label(), p.clip(), point((float) p.clip()).mse()))
                .toList();
        return new ErrorCurve(points, pins);
    }

    private ErrorCurve.Point point(float clip) {
        ErrorEstimate e = sketch.estimate(gridOf(clip));
        return new ErrorCurve.Point(clip, e.mse(), Math.max(0, e.mse() - e.clippingMse()), e.clippingMse());
    }

    private Node histogramCard(Tensor tensor) {
        histogram = new HistogramView();
        histogram.setData(HistogramData.of(sketch));
        histogram.setListener(new RangeListener() {
            @Override
            public void preview(ClipRange range) {
                follow(range.hi());
            }

            @Override
            public void commit(ClipRange range) {
                follow(range.hi());
            }

            @Override
            public void cancel() {
                follow(Objects.requireNonNull(histogram.clip()).hi());
            }
        });
        VBox.setVgrow(histogram, Priority.ALWAYS);
        ToggleButton lin = new ToggleButton("lin");
        ToggleButton log = new ToggleButton("log");
        log.setSelected(true);
        lin.setOnAction(e -> histogram.logProperty().set(false));
        log.setOnAction(e -> histogram.logProperty().set(true));
        ToggleButton weight = new ToggleButton("weight");
        weight.setSelected(true);
        return card(
                row(
                        styled(new Label(tensor.id().name()), "title"),
                        styled(
                                new Label(tensor.info().shape() + " · depthwise · " + sketch.count() + " values"),
                                "muted"),
                        spacer(),
                        styled(new HBox(weight, new ToggleButton("input"), new ToggleButton("output")), "segmented"),
                        styled(new HBox(lin, log), "segmented")),
                histogram);
    }

    private Node curveCard() {
        curve = new ErrorCurveView();
        curve.setOnPin(pin -> set((float) pin.clip()));
        return card(
                row(
                        styled(new Label("Error against clip"), "title"),
                        key("key-total", "total"),
                        key("key-rounding", "rounding"),
                        key("key-clipping", "clipping"),
                        spacer(),
                        styled(new Label("click a pin to adopt it"), "hint")),
                curve);
    }

    private Node stripCard(Tensor tensor) {
        strip = new SliceStripView();
        strip.setSlices(
                SliceExtents.of(tensor, Slicing.of(tensor.info(), Granularity.CHANNEL), new CancelToken()), "channel");
        ToggleButton channels = new ToggleButton("Channels");
        channels.setSelected(true);
        return card(
                row(
                        styled(
                                new HBox(
                                        channels,
                                        new ToggleButton("Codes"),
                                        new ToggleButton("Error map"),
                                        new ToggleButton("Layer output")),
                                "segmented"),
                        spacer(),
                        styled(new Button("Export…"), "primary")),
                strip,
                styled(new Label("channel 3 sets the range of all 160 channels"), "hint"));
    }

    private static Node card(Node... children) {
        VBox card = new VBox(8, children);
        card.getStyleClass().add("card");
        if (children[1] instanceof HistogramView) {
            VBox.setVgrow(card, Priority.ALWAYS);
        }
        return card;
    }

    private static HBox row(Node... children) {
        HBox row = new HBox(12, children);
        row.setStyle("-fx-alignment: center-left");
        return row;
    }

    private static Node key(String style, String text) {
        HBox key = new HBox(5, styled(new Line(0, 0, 14, 0), style), styled(new Label(text), "key"));
        key.setStyle("-fx-alignment: center-left");
        return key;
    }

    private static <N extends Node> N styled(N node, String style) {
        node.getStyleClass().add(style);
        return node;
    }

    private static Region spacer() {
        Region r = new Region();
        HBox.setHgrow(r, Priority.ALWAYS);
        return r;
    }
}
