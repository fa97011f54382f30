package org.quantscope.app.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableView;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;

/**
 * How long the FX thread is kept while a model with thousands of weights is opened, sorted, filtered, changed and gone through in
 * the list: {@code mvn -q -Pbench-drag -Dbench.drag=org.quantscope.app.bench.ListBench}; the number of operators as the argument,
 * nearly all of which have a weight.
 */
public final class ListBench extends WindowBench {
    private static final int BRANCHES = 24;
    private static final int NODES = 5_200;
    private static final int TURNS = 100;

    private ListBench(Path folder) {
        super(folder);
    }

    public static void main(String[] args) throws InterruptedException, IOException {
        int nodes = args.length == 0 ? NODES : Integer.parseInt(args[0]);
        launch(ListBench::new, (bench, folder) -> bench.run(GeneratedGraphs.wide(nodes, BRANCHES, folder)));
    }

    private void run(Path model) throws InterruptedException {
        step("open", () -> window.show(List.of(model)));
        List<TensorId> weights =
                ask(() -> context.bench().weights().stream().map(w -> w.id()).toList());
        System.out.println(weights.size() + " weights");
        for (TensorOrder.Key key : List.of(TensorOrder.Key.NAME, TensorOrder.Key.BITS, TensorOrder.Key.SQNR)) {
            step(
                    "sort by " + key.name().toLowerCase(Locale.ROOT),
                    () -> context.tensors().orderProperty().set(new TensorOrder(key, false)));
        }
        step(
                "sort the other way round",
                () -> context.tensors().orderProperty().set(new TensorOrder(TensorOrder.Key.SQNR, true)));
        step(
                "filter: one letter, all match",
                () -> context.tensors().filterProperty().set("b"));
        step("filter: some match", () -> context.tensors().filterProperty().set("branch7"));
        step("no filter", () -> context.tensors().filterProperty().set(""));
        step("take the first in hand", () -> context.tensors().select(weights.getFirst()));
        step("take the last in hand", () -> context.tensors().select(weights.getLast()));
        step("take the next in hand", () -> context.tensors().select(weights.get(weights.size() - 2)));
        step("arrow down", () -> tree().getSelectionModel().selectNext());
        inTurn(weights);
        step(
                "4 bits for all",
                () -> context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(4)))));
        step("5 bits for one", () -> context.quantizer().setBits(5));
        step("select all", () -> tree().getSelectionModel().selectAll());
        step(
                "sort with all selected",
                () -> context.tensors().orderProperty().set(new TensorOrder(TensorOrder.Key.NAME, true)));
        step(
                "fold the group away",
                () -> tree().getRoot().getChildren().getFirst().setExpanded(false));
        step("unfold it", () -> tree().getRoot().getChildren().getFirst().setExpanded(true));
        step("click a header", () -> sort(tree()));
    }

    /** Another tensor each fifth of a second. */
    private void inTurn(List<TensorId> weights) throws InterruptedException {
        long[] costs = new long[TURNS];
        for (int i = 0; i < TURNS; i++) {
            TensorId next = weights.get(i * 37 % weights.size());
            long before = cpu("JavaFX Application Thread");
            onFx(() -> context.tensors().select(next));
            Thread.sleep(200);
            costs[i] = cpu("JavaFX Application Thread") - before;
        }
        Arrays.sort(costs);
        print(
                "one after the other in hand",
                String.format(
                        Locale.ROOT,
                        "FX thread for each, with its pictures: median %.1f ms, worst %.1f ms",
                        costs[TURNS / 2] / MILLI,
                        costs[TURNS - 1] / MILLI));
    }

    private static <T> void sort(TreeTableView<T> list) {
        TreeTableColumn<T, ?> first = list.getColumns().getFirst();
        first.setSortType(TreeTableColumn.SortType.ASCENDING);
        list.getSortOrder().setAll(List.of(first));
    }

    private TreeTableView<?> tree() {
        return (TreeTableView<?>) stage.getScene().lookup("#tensors");
    }

    private void step(String title, Runnable action) throws InterruptedException {
        Watch watch = new Watch();
        long fx = cpu("JavaFX Application Thread");
        long start = System.nanoTime();
        onFx(() -> metered(action));
        long ofStep = watch.takeLongestHandler();
        onceAtRest(() -> context.measurements().snapshotProperty().get().complete()
                && context.selected()
                        .viewProperty()
                        .get()
                        .filter(v -> v.measured().isPresent() && !v.previous())
                        .isPresent());
        long end = System.nanoTime();
        watch.end();
        print(
                title,
                String.format(
                        Locale.ROOT,
                        "step %.1f ms, longest result behind it %.1f ms, FX thread in all %.0f ms, longest stall %s;"
                                + " at rest after %.1f s",
                        ofStep / MILLI,
                        watch.takeLongestHandler() / MILLI,
                        (cpu("JavaFX Application Thread") - fx) / MILLI,
                        watch.stall(),
                        (end - start) / 1e9));
    }
}
