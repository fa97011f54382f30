package org.quantscope.app.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;
import javafx.beans.value.ObservableValue;
import javafx.event.EventType;
import javafx.geometry.Bounds;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.PickResult;
import javafx.scene.layout.Pane;
import javafx.scene.layout.Region;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.flipped.FlippedViewModel;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.session.BundledModels;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;

/**
 * Drags a handle of the whole window by 300 mouse events in five seconds and says how the picture followed, and what a
 * change of tensor and of axis takes: {@code mvn -q -Pbench-drag}. Arguments choose among the scenes {@code weights}, {@code sample} and {@code many}, and leave out what needs a quiet machine by {@code stepped}. Headless with software rendering unless flags say
 * otherwise. Three scenes: a tensor of 4 million weights, one of its 1024 channels, and a sample model whose accuracy is
 * computed meanwhile. Then the same model on 60,000 samples at 2 bits, where most change class.
 */
public final class DragBench extends WindowBench {
    private static final int ROWS = 1024;
    private static final int COLUMNS = 4096;
    private static final int EVENTS = 300;
    private static final long PERIOD = TimeUnit.SECONDS.toNanos(5) / EVENTS;
    private static final long LOOK_MILLIS = 2_000;
    private static final int MANY = 60_000;
    private static final int PIXELS = 28 * 28;

    private static final List<String> SCENES = List.of("weights", "sample", "many");
    private static final String FX = "JavaFX Application Thread";
    private static final String RENDERING = "QuantumRenderer-0";

    /** How often what the views show was replaced, by its name. */
    private final Map<String, Integer> changes = new TreeMap<>();

    private @Nullable Cost bare;
    private boolean steppedOnly;

    private DragBench(Path folder) {
        super(folder);
        count();
        window.rehearse();
    }

    public static void main(String[] args) throws InterruptedException, IOException {
        launch(DragBench::new, (bench, folder) -> {
            List<String> chosen = List.of(args);
            bench.steppedOnly = chosen.contains("stepped");
            List<String> scenes = SCENES.stream().anyMatch(chosen::contains) ? chosen : SCENES;
            bench.bare();
            if (scenes.contains("weights")) {
                bench.large(weights(folder));
            }
            if (scenes.contains("sample")) {
                bench.sample();
            }
            if (scenes.contains("many")) {
                bench.manySamples(samples(folder));
            }
        });
    }

    /** A file with a tensor of 4 million weights, with a few wide channels, and one of a million. */
    private static Path weights(Path folder) throws IOException {
        long large = 4L * ROWS * COLUMNS;
        long small = large / 4;
        ByteBuffer values = ByteBuffer.allocate((int) (large + small)).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(7);
        for (int i = 0; i < (large + small) / 4; i++) {
            values.putFloat((float) (random.nextGaussian() * (i / COLUMNS % 64 == 0 ? 0.3 : 0.05)));
        }
        String header = String.format(
                Locale.ROOT,
                "{\"large.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]},\"small.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]}}",
                ROWS,
                COLUMNS,
                large,
                ROWS / 4,
                COLUMNS,
                large,
                large + small);
        byte[] text = (header + " ".repeat(8 - header.length() % 8)).getBytes(StandardCharsets.UTF_8);
        return Files.write(folder.resolve("large.safetensors"), ArrayFiles.safetensors(text, values.array()));
    }

    private void large(Path large) throws InterruptedException {
        onFx(() -> window.show(List.of(large)));
        TensorId weight = new TensorId("large.weight");
        onceDone(() -> false);
        select(weight);
        look();
        drag("4 M weights, first drag");
        drag("4 M weights, second drag");
        step();
        change("to a tensor not seen before, 1 M weights", () -> context.bench().select(new TensorId("small.weight")));
        change("back to 4 M weights", () -> context.bench().select(weight));
        change(
                "from counts on a log axis to a linear one",
                () -> histogram().logProperty().set(false));
        change("and back", () -> histogram().logProperty().set(true));
        onFx(() -> context.quantizer().setPerChannel(true));
        onceDone(() -> false);
        onFx(() -> context.selected().selectSlice(ROWS / 2));
        onceDone(() -> false);
        drag("one of 1024 channels");
        step();
    }

    private void sample() throws InterruptedException {
        onFx(() -> {
            if (stage.isShowing()) {
                while (context.bench().canUndoProperty().get()) {
                    context.bench().undo();
                }
            } else {
                window.show(List.of(BundledModels.all().getFirst().model()));
            }
            context.session().openSample(BundledModels.all().getFirst());
        });
        onceDone(() -> context.accuracy().viewProperty().get().status() != Status.DONE);
        look();
        drag("sample model, accuracy live");
        onceDone(() -> context.accuracy().viewProperty().get().status() != Status.DONE);
        drag("sample model, second drag");
        step();
        onceDone(() -> context.accuracy().viewProperty().get().status() != Status.DONE);
        var weights = ask(() -> context.bench().weights());
        change(
                "to another tensor of the sample",
                () -> context.bench().select(weights.getLast().id()));
        onFx(() -> context.activations().quantize(true));
        onceDone(() -> context.bench()
                .stateProperty()
                .get()
                .orElseThrow()
                .activations()
                .isEmpty());
        change("calibrate all by MSE", () -> context.activations().calibrateAll(Calibrators.byId("mse")));
    }

    /** Most of 60,000 samples change class while their window is open. */
    private void manySamples(Path many) throws InterruptedException {
        onFx(() -> {
            if (stage.isShowing()) {
                context.session().open(List.of(BundledModels.all().getFirst().model(), many));
            } else {
                window.show(List.of(BundledModels.all().getFirst().model(), many));
            }
        });
        onceDone(() -> context.accuracy()
                .viewProperty()
                .get()
                .quantized()
                .map(e -> e.total() != MANY || !e.isComplete())
                .orElse(true));
        onFx(() -> ((Button) stage.getScene().lookup("#flipped-all")).fire());
        onceDone(() -> context.flipped()
                .viewProperty()
                .get()
                .found()
                .flatMap(FlippedViewModel.View.Found::confusion)
                .isEmpty());
        change(
                "to 2 bits, 60,000 samples, flipped samples in their window",
                () -> context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))));
        onceDone(() -> context.accuracy().viewProperty().get().status() != Status.DONE);
        change("to another list of flipped samples", () -> context.flipped().filter(FlippedViewModel.Filter.LOST));
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        print(
                "then",
                String.format(
                        Locale.ROOT,
                        "%,d of %,d samples changed, %d MiB of heap in use, of which %d MiB are the samples as stored",
                        ask(() -> context.flipped()
                                .viewProperty()
                                .get()
                                .found()
                                .orElseThrow()
                                .tally()
                                .changed()),
                        MANY,
                        (runtime.totalMemory() - runtime.freeMemory()) >> 20,
                        ((long) MANY * PIXELS) >> 20));
    }

    /** The test pictures of the sample model six times, each time with other noise, as a file. */
    private static Path samples(Path folder) throws IOException {
        Dataset few = Datasets.open(BundledModels.all().getFirst().evaluation());
        byte[] pixels = new byte[MANY * PIXELS];
        byte[] labels = new byte[MANY];
        Random random = new Random(5);
        for (int i = 0; i < MANY; i++) {
            int[] argb = few.picture(i % few.size()).orElseThrow().argb();
            for (int p = 0; p < PIXELS; p++) {
                pixels[i * PIXELS + p] = (byte) Math.clamp((argb[p] & 0xFF) + random.nextInt(-12, 13), 0, 255);
            }
            labels[i] = (byte) few.label(i % few.size());
        }
        Path file = folder.resolve("many.npz");
        Files.write(
                file,
                ArrayFiles.zip(
                        true,
                        Map.of(
                                "images.npy",
                                ArrayFiles.npy("|u1", "(" + MANY + ", 1, 28, 28)", pixels),
                                "labels.npy",
                                ArrayFiles.npy("|u1", "(" + MANY + ",)", labels))));
        String sidecar = String.valueOf(
                        BundledModels.all().getFirst().evaluation().getFileName())
                .replace(".npz", ".dataset.json");
        Files.copy(
                BundledModels.all().getFirst().evaluation().resolveSibling(sidecar),
                folder.resolve("many.dataset.json"));
        return file;
    }

    /** The time that a person takes to look at what was opened, before the first drag. */
    private static void look() throws InterruptedException {
        Thread.sleep(LOOK_MILLIS);
    }

    private void select(TensorId id) throws InterruptedException {
        onFx(() -> context.bench().select(id));
        onceDone(() -> false);
    }

    /** Waits until nothing is computed any more, {@code busy} included, and what there is has been painted. */
    private void onceDone(BooleanSupplier busy) throws InterruptedException {
        onceAtRest(() -> !busy.getAsBoolean()
                && context.measurements().snapshotProperty().get().complete()
                && context.selected()
                        .viewProperty()
                        .get()
                        .map(v -> v.measured().isPresent()
                                && !v.previous()
                                && v.slices().isPresent())
                        .orElse(false));
    }

    private HistogramView histogram() {
        return (HistogramView) stage.getScene().lookup("#histogram");
    }

    /** Something that a person drags sideways. */
    private interface Hand {
        void press();

        /** @param dx pixels from where it was pressed */
        void move(double dx);

        void release();

        /** What the picture shows of it: differs when the picture does. */
        Object picture();

        /** The text of the error beside it; differs when a new one is shown. */
        String figure();
    }

    private final class Handle implements Hand {
        private final HistogramView view = histogram();
        private final Label error = (Label) stage.getScene().lookup("#mse");
        private final Node handle = view.lookup("#handle-hi");
        private final Point2D grip = grip();

        @Override
        public void press() {
            mouse(handle, MouseEvent.MOUSE_PRESSED, grip.getX(), grip.getY());
        }

        @Override
        public void move(double dx) {
            mouse(handle, MouseEvent.MOUSE_DRAGGED, grip.getX() + dx, grip.getY());
        }

        @Override
        public void release() {
            mouse(handle, MouseEvent.MOUSE_RELEASED, grip.getX(), grip.getY());
        }

        @Override
        public Object picture() {
            return String.valueOf(view.clip());
        }

        @Override
        public String figure() {
            return error.getText();
        }
    }

    /** What no program can do better: a window of the same size with a line that moves. */
    private static final class Bare implements Hand {
        private final Region line = new Region();
        private final Stage stage = new Stage();

        Bare() {
            line.setStyle("-fx-background-color: orange");
            line.setManaged(false);
            line.resizeRelocate(700, 200, 12, 270);
            Pane pane = new Pane(line);
            pane.setStyle("-fx-background-color: black");
            stage.setScene(new Scene(pane));
            stage.setX(0);
            stage.setY(0);
            stage.setWidth(1440);
            stage.setHeight(900);
            stage.show();
        }

        @Override
        public void press() {}

        @Override
        public void move(double dx) {
            line.setLayoutX(700 + dx);
        }

        @Override
        public void release() {
            stage.hide();
        }

        @Override
        public Object picture() {
            return line.getLayoutX();
        }

        @Override
        public String figure() {
            return "";
        }
    }

    /** Processor time of a frame in ms, one event a frame. */
    private record Cost(double fx, double rendering) {}

    /** A window with a line that moves, in two ways: at the pace of a hand, and one event a frame. */
    private void bare() throws InterruptedException {
        if (!steppedOnly) {
            paced("bare moving node", ask(Bare::new));
        }
        bare = stepped(ask(Bare::new));
    }

    private void drag(String title) throws InterruptedException {
        if (steppedOnly) {
            System.out.println(title);
            step();
        } else {
            paced(title, ask(Handle::new));
            onceDone(() -> false);
        }
    }

    /** One event a frame: says what a frame costs also where others keep the machine busy. */
    private void step() throws InterruptedException {
        stepped(ask(Handle::new));
        onceDone(() -> false);
    }

    private void paced(String title, Hand hand) throws InterruptedException {
        onFx(hand::press);
        Frames frames = ask(() -> new Frames(hand));
        onFx(frames::start);
        long chartsBefore = charts();
        Pulses pulses = new Pulses();
        Watch watch = new Watch();
        long fxBefore = cpu(FX);
        long renderBefore = cpu(RENDERING);
        long start = System.nanoTime();
        for (int i = 0; i < EVENTS; i++) {
            int event = i;
            long due = start + event * PERIOD;
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            Platform.runLater(() -> metered(() -> hand.move(way(event))));
        }
        onFx(() -> {});
        double seconds = (System.nanoTime() - start) / 1e9;
        long fx = cpu(FX) - fxBefore;
        long render = cpu(RENDERING) - renderBefore;
        watch.end();
        pulses.end();
        onFx(frames::stop);
        long charts = charts() - chartsBefore;
        onFx(hand::release);

        long[] gaps = Arrays.copyOf(frames.gaps, Math.max(1, frames.count));
        Arrays.sort(gaps);
        int n = Math.max(1, frames.count);
        System.out.println(title);
        print("mouse events", String.format(Locale.ROOT, "%d in %.2f s, load average %s", EVENTS, seconds, load()));
        print(
                "frames a second",
                String.format(
                        Locale.ROOT,
                        "%.1f with a changed picture (target 50), %.1f in all",
                        frames.moved / seconds,
                        frames.count / seconds));
        print(
                "with a new error figure",
                String.format(
                        Locale.ROOT,
                        "%.0f %% of them (target 80 %%)",
                        100.0 * frames.newFigures / Math.max(1, frames.moved)));
        print(
                "gap between frames",
                String.format(
                        Locale.ROOT,
                        "median %.1f ms, p99 %.1f ms (target 20), longest %.1f ms",
                        gaps[gaps.length / 2] / MILLI,
                        gaps[(int) (gaps.length * 0.99)] / MILLI,
                        gaps[gaps.length - 1] / MILLI));
        print(
                "FX thread a frame",
                String.format(
                        Locale.ROOT,
                        "%.2f ms (target 3), %.2f ms of CPU, of which events and results %.2f ms, longest %.1f ms",
                        (watch.handlersWall() + pulses.wall(FX)) / MILLI / n,
                        fx / MILLI / n,
                        watch.handlers() / MILLI / n,
                        watch.takeLongestHandler() / MILLI));
        print(
                "rendering a frame",
                String.format(
                        Locale.ROOT,
                        "%.2f ms (target 8), %.2f ms of CPU",
                        pulses.wall(RENDERING) / MILLI / n,
                        render / MILLI / n));
        print("longest FX stall", watch.stall());
        print("chart redraws", String.format(Locale.ROOT, "%d (target 0)", charts));
    }

    private Cost stepped(Hand hand) throws InterruptedException {
        onFx(hand::press);
        changes.clear();
        long paintsBefore = paints();
        long fxBefore = cpu(FX);
        long renderBefore = cpu(RENDERING);
        long[] each = new long[EVENTS];
        var done = new CompletableFuture<Integer>();
        onFx(() -> new AnimationTimer() {
            private int event;
            private long before = cpu();

            @Override
            public void handle(long now) {
                long used = cpu();
                if (event > 0) {
                    each[event - 1] = used - before;
                }
                before = used;
                if (event < EVENTS) {
                    double dx = way(event++);
                    Platform.runLater(() -> hand.move(dx));
                } else {
                    stop();
                    done.complete(event);
                }
            }
        }.start());
        done.join();
        double frames = EVENTS * MILLI;
        Cost cost = new Cost((cpu(FX) - fxBefore) / frames, (cpu(RENDERING) - renderBefore) / frames);
        long paints = paints() - paintsBefore;
        Map<String, Integer> seen = ask(() -> new TreeMap<>(changes));
        onFx(hand::release);
        Arrays.sort(each);
        Cost least = bare == null ? cost : bare;
        print(
                "one event a frame",
                String.format(
                        Locale.ROOT,
                        "FX thread %.2f ms of CPU (%.1f times a bare node), p99 %.1f ms, longest %.1f ms; rendering"
                                + " %.2f ms of CPU (%.1f times)",
                        cost.fx,
                        cost.fx / least.fx,
                        each[(int) (EVENTS * 0.99)] / MILLI,
                        each[EVENTS - 1] / MILLI,
                        cost.rendering,
                        cost.rendering / least.rendering));
        print(
                "changes a frame",
                seen.entrySet().stream()
                        .map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey(), (double) e.getValue() / EVENTS))
                        .collect(Collectors.joining(
                                ", ",
                                "",
                                String.format(Locale.ROOT, "; overlay paints %.2f", (double) paints / EVENTS))));
        return cost;
    }

    /** There and back, a pixel at a time. */
    private static double way(int event) {
        return -1.0 - Math.min(event, EVENTS - event);
    }

    /** Counts how often what the views show is replaced. */
    private void count() {
        count("in hand", context.selected().viewProperty());
        count("quantizer", context.quantizer().viewProperty());
        count("error", context.error().viewProperty());
        count("more of the error", context.error().moreProperty());
        count("slices", context.slices().viewProperty());
        count("codes", context.codes().viewProperty());
        count("accuracy", context.accuracy().viewProperty());
        count("tried", context.tried().viewProperty());
        count("layers", context.layerOutput().viewProperty());
        count("flipped", context.flipped().viewProperty());
        count("corrections", context.corrections().viewProperty());
    }

    private void count(String what, ObservableValue<?> shown) {
        shown.subscribe((was, is) -> changes.merge(what, 1, Integer::sum));
    }

    private long charts() {
        return ask(() -> stage.isShowing() ? histogram().chartRedraws() : 0);
    }

    private long paints() {
        return ask(() -> stage.isShowing() ? histogram().overlayPaints() : 0);
    }

    /** What one step takes on the FX thread, and how long until its results are all there. */
    private void change(String title, Runnable step) throws InterruptedException {
        HistogramView view = ask(this::histogram);
        long charts = view.chartRedraws();
        Watch watch = new Watch();
        long start = System.nanoTime();
        onFx(() -> metered(step));
        long answered = System.nanoTime() - start;
        long ofStep = watch.takeLongestHandler();
        long drawn = 0;
        while (drawn == 0 && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2)) {
            Thread.sleep(1);
            drawn = ask(view::chartRedraws) > charts ? System.nanoTime() - start : 0;
        }
        onceDone(() -> false);
        watch.end();
        String redrawn =
                drawn == 0 ? "not redrawn" : String.format(Locale.ROOT, "histogram after %.1f ms", drawn / MILLI);
        System.out.println("change " + title);
        print(
                "answered",
                String.format(
                        Locale.ROOT, "step %.1f ms, %.1f ms of CPU, %s", answered / MILLI, ofStep / MILLI, redrawn));
        print(
                "FX thread",
                String.format(
                        Locale.ROOT,
                        "longest event or result %.1f ms of CPU, longest stall %s (target 50)",
                        watch.takeLongestHandler() / MILLI,
                        watch.stall()));
    }

    private Point2D grip() {
        Node grip = histogram().lookup("#handle-hi > .grip");
        Bounds b = grip.localToScene(grip.getBoundsInLocal());
        return new Point2D(Math.rint(b.getCenterX()), Math.rint(b.getCenterY()));
    }

    /** Sends what a mouse would; the headless robot cannot reach windows that are larger than its screen. */
    private static void mouse(Node handle, EventType<MouseEvent> type, double x, double y) {
        handle.fireEvent(new MouseEvent(
                type,
                x,
                y,
                x,
                y,
                MouseButton.PRIMARY,
                1,
                false,
                false,
                false,
                false,
                type != MouseEvent.MOUSE_RELEASED,
                false,
                false,
                false,
                false,
                true,
                new PickResult(handle, x, y)));
    }

    /** Looks at each frame what has changed since the last. */
    private static final class Frames extends AnimationTimer {
        private final Hand hand;
        private final long[] gaps = new long[100_000];
        private Object picture;
        private String figure;
        private long last;
        private int count;
        private int moved;
        private int newFigures;

        Frames(Hand hand) {
            this.hand = hand;
            picture = hand.picture();
            figure = hand.figure();
        }

        @Override
        public void handle(long now) {
            long time = System.nanoTime();
            Object shown = hand.picture();
            String words = hand.figure();
            if (last != 0) {
                gaps[count++] = time - last;
                if (!shown.equals(picture)) {
                    moved++;
                    newFigures += words.equals(figure) ? 0 : 1;
                }
            }
            picture = shown;
            figure = words;
            last = time;
        }
    }
}
