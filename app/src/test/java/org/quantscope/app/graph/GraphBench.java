package org.quantscope.app.graph;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntConsumer;
import javafx.animation.AnimationTimer;
import javafx.event.EventType;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import org.quantscope.app.bench.GeneratedGraphs;
import org.quantscope.app.bench.WindowBench;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/**
 * What the graph page of the whole window costs for generated models, 1,000 and 5,000 nodes deep or some of them side by side: the layout beside the FX thread, and
 * of dragging, scrolling, zooming, hovering and taking tensors in hand the processor time of the FX thread a frame:
 * {@code mvn -q -Pbench-drag -Dbench.drag=org.quantscope.app.graph.GraphBench}.
 */
public final class GraphBench extends WindowBench {
    private static final int FRAMES = 150;

    private GraphBench(Path folder) {
        super(folder);
    }

    /** Arguments: numbers of nodes, with the branches side by side behind an x; 1000, 5000, 600x24 and 5000x24 if there are none. */
    public static void main(String[] args) throws InterruptedException, IOException {
        launch(GraphBench::new, (bench, folder) -> {
            for (String size : args.length == 0 ? new String[] {"1000", "5000", "600x24", "5000x24"} : args) {
                String[] parts = size.split("x", -1);
                int nodes = Integer.parseInt(parts[0]);
                bench.run(
                        parts.length == 1
                                ? GeneratedGraphs.deep(nodes, folder)
                                : GeneratedGraphs.wide(nodes, Integer.parseInt(parts[1]), folder));
            }
        });
    }

    private void run(Path file) throws InterruptedException, IOException {
        System.out.println(file.getFileName());
        layout(Engine.open(file, true));
        onFx(() -> window.show(List.of(file)));
        onceAtRest(() -> context.measurements().snapshotProperty().get().complete()
                && context.bench()
                        .modelProperty()
                        .get()
                        .filter(m -> m.source().file().equals(file))
                        .isPresent());
        onFx(() -> ((javafx.scene.control.ToggleButton) stage.getScene().lookup("#tab-graph")).fire());
        onceAtRest(() -> context.graph().viewProperty().get().drawn().isPresent());
        GraphView view = ask(() -> (GraphView) stage.getScene().lookup("#graph"));
        double x = view.getWidth() / 2;
        double y = view.getHeight() / 2;
        List<TensorId> weights =
                ask(() -> context.bench().weights().stream().map(w -> w.id()).toList());
        gesture("nothing, for comparison", i -> {});
        for (String size : List.of("legible", "whole")) {
            onFx(() -> ((Button) stage.getScene().lookup(size.equals("whole") ? "#graph-fit" : "#graph-home")).fire());
            onceAtRest(() -> true);
            onFx(() -> mouse(view, MouseEvent.MOUSE_PRESSED, x, y));
            gesture(
                    size + ", drag",
                    i -> mouse(
                            view,
                            MouseEvent.MOUSE_DRAGGED,
                            x + (i % 2 == 0 ? i : -i) / 4.0,
                            y - (i < FRAMES / 2 ? 3 * i : 3 * (FRAMES - i))));
            gesture(size + ", scroll", i -> scroll(view, x, y, i < FRAMES / 2 ? -40 : 40, false));
            gesture(size + ", hover", i -> mouse(view, MouseEvent.MOUSE_MOVED, x + 3 * (i % 50) - 75, y + i % 60 - 30));
        }
        gesture("zoom from the whole in and out", i -> scroll(view, x, y, i % 40 < 20 ? 40 : -40, true));
        onFx(() -> ((Button) stage.getScene().lookup("#graph-home")).fire());
        for (KeyCode key : List.of(KeyCode.DIGIT0, KeyCode.HOME)) {
            gesture("key " + key.getName(), i -> {
                if (i % 10 == 0) {
                    view.fireEvent(new KeyEvent(KeyEvent.KEY_PRESSED, "", "", key, false, false, false, false));
                }
            });
        }
        gesture("all the window, a tensor taken in hand each 15 frames", i -> {
            if (i % 15 == 0) {
                context.tensors().select(weights.get(i * 7 % weights.size()));
            }
        });
    }

    private static void layout(Model model) {
        Set<TensorId> all = new HashSet<>();
        Set<TensorId> carried = new HashSet<>();
        model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .forEach(t -> carried.add(t.id()));
        all.addAll(carried);
        model.graph().orElseThrow().activations().forEach(a -> all.add(a.id()));
        List<Double> times = new ArrayList<>();
        for (int round = 0; round < 7; round++) {
            long from = System.nanoTime();
            ModelDrawing drawing = ModelDrawing.of(
                    model.graph().orElseThrow(), all, carried, Set.of(), ModelDrawing.Way.DOWN, new CancelToken());
            times.add((System.nanoTime() - from) / MILLI);
            if (round == 0) {
                print(
                        "layout",
                        String.format(
                                Locale.ROOT,
                                "%d boxes, %d lines, %.0f by %.0f pixels",
                                drawing.boxes().size(),
                                drawing.lines().size(),
                                drawing.width(),
                                drawing.height()));
            }
        }
        print(
                "",
                String.format(
                        Locale.ROOT,
                        "first %.0f ms, median of the next six %.0f ms, beside the FX thread",
                        times.getFirst(),
                        times.subList(1, 7).stream().sorted().toList().get(3)));
    }

    /** One step of a gesture before each frame. */
    private void gesture(String title, IntConsumer step) throws InterruptedException {
        Thread.sleep(200);
        CountDownLatch done = new CountDownLatch(1);
        long[] costs = new long[FRAMES + 1];
        onFx(() -> new AnimationTimer() {
            private int frame;
            private long last = cpu();

            @Override
            public void handle(long time) {
                long now = cpu();
                costs[frame] = now - last;
                last = now;
                if (frame == FRAMES) {
                    stop();
                    done.countDown();
                    return;
                }
                step.accept(frame++);
            }
        }.start());
        long render = cpu("QuantumRenderer-0");
        long start = System.nanoTime();
        done.await();
        double seconds = (System.nanoTime() - start) / 1e9;
        long rendered = cpu("QuantumRenderer-0") - render;
        // The first one is what happened before the gesture.
        long[] sorted = Arrays.copyOfRange(costs, 1, costs.length);
        Arrays.sort(sorted);
        print(
                title,
                String.format(
                        Locale.ROOT,
                        "FX thread a frame: mean %.2f ms, median %.2f, p99 %.2f, worst %.2f (target 4); rendering"
                                + " thread %.2f ms; %.0f frames a second",
                        Arrays.stream(sorted).average().orElse(0) / MILLI,
                        sorted[sorted.length / 2] / MILLI,
                        sorted[(int) (sorted.length * 0.99)] / MILLI,
                        sorted[sorted.length - 1] / MILLI,
                        rendered / MILLI / FRAMES,
                        FRAMES / seconds));
    }

    private static void mouse(GraphView view, EventType<MouseEvent> type, double x, double y) {
        boolean down = type != MouseEvent.MOUSE_MOVED;
        view.fireEvent(new MouseEvent(
                type,
                x,
                y,
                x,
                y,
                down ? MouseButton.PRIMARY : MouseButton.NONE,
                down ? 1 : 0,
                false,
                false,
                false,
                false,
                down,
                false,
                false,
                false,
                false,
                !down,
                null));
    }

    private static void scroll(GraphView view, double x, double y, double by, boolean control) {
        view.fireEvent(new ScrollEvent(
                ScrollEvent.SCROLL,
                x,
                y,
                x,
                y,
                false,
                control,
                false,
                false,
                false,
                false,
                0,
                by,
                0,
                by,
                ScrollEvent.HorizontalTextScrollUnits.NONE,
                0,
                ScrollEvent.VerticalTextScrollUnits.NONE,
                0,
                0,
                null));
    }
}
