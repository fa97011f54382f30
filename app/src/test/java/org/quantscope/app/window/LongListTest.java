package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javafx.event.EventHandler;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableView;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;
import org.testfx.api.FxRobot;

/** The list of a model with thousands of weights. What is counted is what made the window stall: the time it takes says nothing on a busy machine. */
class LongListTest {
    private static final int WEIGHTS = 2000;
    private static final int VALUES = 16;

    @TempDir
    static Path folder;

    private static Path model;
    private final AtomicInteger deliveries = new AtomicInteger();

    @RegisterExtension
    final OpenWindow at = new OpenWindow(model)
            .withoutCurve()
            .watchedBy(context -> context.tensors().rowsProperty().subscribe(rows -> deliveries.incrementAndGet()))
            .restingWhen(window ->
                    window.context.measurements().snapshotProperty().get().complete()
                            && window.context
                                    .selected()
                                    .viewProperty()
                                    .get()
                                    .filter(v -> v.measured().isPresent())
                                    .isPresent());

    @BeforeAll
    static void writeModel() throws IOException {
        byte[] values = new byte[WEIGHTS * VALUES * Float.BYTES];
        for (int i = 0; i < values.length; i += Float.BYTES) {
            // Floats from 0.5 to 1, other ones for each tensor.
            values[i] = (byte) (i / Float.BYTES * 37 / VALUES);
            values[i + 1] = (byte) (i / Float.BYTES * 101);
            values[i + 2] = (byte) (i / Float.BYTES % 61);
            values[i + 3] = 0x3f;
        }
        String header = IntStream.range(0, WEIGHTS)
                .mapToObj(i -> "\"layer." + i + ".weight\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":["
                        + i * VALUES * Float.BYTES + "," + (i + 1) * VALUES * Float.BYTES + "]}")
                .collect(Collectors.joining(",", "{", "}"));
        byte[] text = (header + " ".repeat(8 - header.length() % 8)).getBytes(StandardCharsets.UTF_8);
        model = Files.write(folder.resolve("long.safetensors"), ArrayFiles.safetensors(text, values));
    }

    private List<TensorRow> rows() {
        return OpenWindow.onFx(() -> at.context.tensors().rowsProperty().get().weights());
    }

    private static <R> R onTree(FxRobot robot, Function<TreeTableView<?>, R> question) {
        return OpenWindow.onFx(() -> question.apply(robot.lookup("#tensors").queryAs(TreeTableView.class)));
    }

    /** What the tree hears of its items while {@code action} runs: for each event how many items it adds, 0 for one line written anew. */
    private static <T> List<Integer> heard(TreeTableView<T> tree, Runnable action) {
        List<Integer> added = new ArrayList<>();
        EventHandler<TreeItem.TreeModificationEvent<T>> listener = e -> added.add(e.getAddedSize());
        tree.getRoot().addEventHandler(TreeItem.<T>treeNotificationEvent(), listener);
        action.run();
        tree.getRoot().removeEventHandler(TreeItem.<T>treeNotificationEvent(), listener);
        return added;
    }

    @Test
    void measuringThousandsOfWeightsWritesTheListAFewTimesOnly() {
        assertThat(rows())
                .hasSize(WEIGHTS)
                .allSatisfy(row -> assertThat(row.result().sqnrDb()).isPresent());
        assertThat(deliveries.get()).isLessThan(60);
    }

    @Test
    void anotherOrderMovesTheGroupsAndNotEachLineWithinTheTree(FxRobot robot) {
        TensorId selected = at.hand().subject().id();
        List<Integer> heard = onTree(
                robot,
                tree -> heard(
                        tree,
                        () -> at.context.tensors().orderProperty().set(new TensorOrder(TensorOrder.Key.NAME, true))));
        assertThat(heard)
                .hasSizeLessThanOrEqualTo(2)
                .allSatisfy(added -> assertThat(added).isLessThanOrEqualTo(3));
        assertThat(rows().getFirst().name()).isEqualTo("layer." + (WEIGHTS - 1));
        Object first = onTree(robot, tree -> tree.getColumns().get(3).getCellData(1));
        assertThat(first)
                .isEqualTo(String.format(
                        Locale.ROOT, "%.1f", rows().getFirst().result().sqnrDb().orElseThrow()));
        assertThat(at.hand().subject().id()).isEqualTo(selected);
        int line = 1 + rows().stream().map(TensorRow::id).toList().indexOf(selected);
        List<Integer> lines =
                onTree(robot, tree -> List.copyOf(tree.getSelectionModel().getSelectedIndices()));
        assertThat(lines).containsExactly(line);
    }

    @Test
    void aChangeOfOneTensorWritesItsLineAlone(FxRobot robot) throws TimeoutException {
        TensorId id = rows().get(WEIGHTS / 2).id();
        OpenWindow.doOnFx(() -> at.context.tensors().orderProperty().set(new TensorOrder(TensorOrder.Key.NAME, false)));
        List<Integer> heard = onTree(
                robot,
                tree -> heard(
                        tree, () -> at.context.bench().apply(new Edit.SetOverride(id, QuantSpec.WEIGHTS.withBits(3)))));
        assertThat(heard).isNotEmpty().hasSizeLessThanOrEqualTo(2).containsOnly(0);
    }

    @Test
    void allThatIsSelectedStaysSoInAnotherOrder(FxRobot robot) {
        OpenWindow.doOnFx(() -> robot.lookup("#tensors")
                .queryAs(TreeTableView.class)
                .getSelectionModel()
                .selectAll());
        OpenWindow.doOnFx(() -> at.context.tensors().orderProperty().set(new TensorOrder(TensorOrder.Key.NAME, true)));
        int selected = onTree(
                robot, tree -> tree.getSelectionModel().getSelectedIndices().size());
        assertThat(selected).isEqualTo(WEIGHTS);
    }
}
