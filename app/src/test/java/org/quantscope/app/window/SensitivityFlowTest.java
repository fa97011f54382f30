package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javafx.scene.Node;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuItem;
import javafx.scene.control.TreeTableCell;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableRow;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.stage.Window;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.tensors.SensitivityViewModel.Status;
import org.quantscope.app.tensors.TensorMenu;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;
import org.testfx.util.WaitForAsyncUtils;

class SensitivityFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @BeforeEach
    void coarse() throws TimeoutException {
        OpenWindow.doOnFx(
                () -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))));
        at.waitForRest();
    }

    private void sweep(FxRobot robot) throws TimeoutException {
        robot.clickOn("#sensitivity");
        OpenWindow.waitUntil(() ->
                at.rests() && at.context.sensitivity().viewProperty().get().status() == Status.DONE);
    }

    private List<TensorRow> rows() {
        return OpenWindow.onFx(() -> at.context.tensors().rowsProperty().get().weights());
    }

    /** The texts of the sensitivity column as they are on screen, from top to bottom. */
    private List<String> shown(FxRobot robot) {
        return OpenWindow.onFx(() ->
                robot.lookup("#tensors").queryAs(TreeTableView.class).lookupAll(".tree-table-cell").stream()
                        .filter(n -> n instanceof TreeTableCell<?, ?> cell
                                && "column-sensitivity"
                                        .equals(cell.getTableColumn().getId())
                                && cell.getText() != null)
                        .sorted((a, b) -> Double.compare(
                                a.localToScene(0, 0).getY(),
                                b.localToScene(0, 0).getY()))
                        .map(n -> ((TreeTableCell<?, ?>) n).getText())
                        .toList());
    }

    private Set<String> columns(FxRobot robot) {
        return OpenWindow.onFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            return IntStream.range(0, list.getVisibleLeafColumns().size())
                    .mapToObj(i -> ((TreeTableColumn<?, ?>)
                                    list.getVisibleLeafColumns().get(i))
                            .getId())
                    .collect(java.util.stream.Collectors.toSet());
        });
    }

    @Test
    void theListShowsTheDamageWorstFirst(FxRobot robot) throws TimeoutException {
        assertThat(columns(robot)).doesNotContain("column-sensitivity");

        sweep(robot);

        assertThat(columns(robot)).contains("column-sensitivity");
        // However narrow the list is, the names stay in sight.
        double[] widths = OpenWindow.onFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            return new double[] {
                list.getVisibleLeafColumns().stream()
                        .mapToDouble(c -> ((TreeTableColumn<?, ?>) c).getWidth())
                        .sum(),
                list.getWidth(),
                list.getVisibleLeafColumn(0).getWidth()
            };
        });
        assertThat(widths[0]).isLessThanOrEqualTo(widths[1]);
        assertThat(widths[2]).isGreaterThanOrEqualTo(90);
        assertThat(OpenWindow.onFx(() -> at.context.tensors().orderProperty().get()))
                .isEqualTo(TensorOrder.MOST_SENSITIVE_FIRST);
        List<TensorRow> rows = rows();
        double worst = rows.getFirst().sensitivity().orElseThrow().loss().orElseThrow();
        assertThat(worst).isPositive();
        assertThat(shown(robot)).hasSize(3);
        assertThat(shown(robot).getFirst()).isEqualTo(String.format(Locale.ROOT, "%+.1f", -100 * worst));

        TensorId id = rows.getFirst().id();
        OpenWindow.doOnFx(() -> at.context.bench().apply(new Edit.SetOverride(id, QuantSpec.WEIGHTS.withBits(8))));
        at.waitForRest();
        List<Node> dimmed = OpenWindow.onFx(() ->
                robot.lookup("#tensors").queryAs(TreeTableView.class).lookupAll(".tree-table-cell.previous").stream()
                        .toList());
        assertThat(dimmed).hasSize(1);
    }

    /** Right-clicks the line of a tensor and fires an item of its menu. */
    private void act(FxRobot robot, TensorId id, String item) throws TimeoutException {
        Node line = OpenWindow.onFx(() ->
                robot.lookup("#tensors").queryAs(TreeTableView.class).lookupAll(".tree-table-row-cell").stream()
                        .filter(n ->
                                n instanceof TreeTableRow<?> row && row.isVisible() && id.equals(row.getUserData()))
                        .findFirst()
                        .orElseThrow());
        robot.clickOn(line, MouseButton.SECONDARY);
        MenuItem chosen = OpenWindow.onFx(() -> Window.getWindows().stream()
                .filter(w -> w instanceof TensorMenu)
                .flatMap(w -> ((TensorMenu) w).getItems().stream())
                .flatMap(i -> i instanceof Menu sub ? sub.getItems().stream() : Stream.of(i))
                .filter(i -> item.equals(i.getId()) && i.isVisible() && !i.isDisable())
                .findFirst()
                .orElseThrow());
        OpenWindow.doOnFx(chosen::fire);
        robot.type(KeyCode.ESCAPE);
        at.waitForRest();
    }

    /** What is found again arrives a moment after everything else rests. */
    private static void waitFor(Callable<Boolean> condition) throws TimeoutException {
        WaitForAsyncUtils.waitFor(30, TimeUnit.SECONDS, condition);
    }

    private List<String> dimmed(FxRobot robot) {
        return OpenWindow.onFx(() ->
                robot.lookup("#tensors").queryAs(TreeTableView.class).lookupAll(".tree-table-cell.previous").stream()
                        .map(n -> ((TreeTableCell<?, ?>) n).getText())
                        .toList());
    }

    private String damageOf(TensorId id) {
        return OpenWindow.onFx(() -> at.context
                .tensors()
                .row(id)
                .orElseThrow()
                .sensitivity()
                .orElseThrow()
                .change());
    }

    @Test
    void eachActOfTheMenuRanksTheListAnewAndDimsNothing(FxRobot robot) throws TimeoutException {
        sweep(robot);
        List<String> before = shown(robot);
        TensorId worst = rows().getFirst().id();
        for (String item : List.of("tensor-sixteen-bits", "tensor-bits-3", "tensor-per-channel", "tensor-adopt-mse")) {
            act(robot, worst, item);

            waitFor(() -> dimmed(robot).isEmpty()
                    && shown(robot).contains(damageOf(worst))
                    && !shown(robot).equals(before));
            List<String> after = shown(robot);
            assertThat(after)
                    .as(item)
                    .hasSize(3)
                    .contains(damageOf(worst))
                    .containsAll(before.subList(1, 3))
                    .isNotEqualTo(before);
            assertThat(after.stream().map(Double::valueOf).toList()).as(item).isSorted();
            OpenWindow.doOnFx(at.context.bench()::undo);
            waitFor(() -> shown(robot).equals(before)
                    && at.context.sensitivity().viewProperty().get().status() == Status.DONE);
        }

        act(robot, worst, "tensor-keep-float");
        waitFor(() -> shown(robot).equals(before.subList(1, 3))
                && rows().getLast().id().equals(worst));
        act(robot, worst, "tensor-quantize-again");
        waitFor(() -> shown(robot).equals(before));
        act(robot, worst, "tensor-sixteen-bits");
        waitFor(() -> !shown(robot).equals(before));
        act(robot, worst, "tensor-reset");
        waitFor(() -> shown(robot).equals(before));
    }

    @Test
    void theGraphShowsTheTensorInHandAndAClickTakesAnother(FxRobot robot) throws TimeoutException {
        sweep(robot);
        robot.clickOn("#tab-graph");
        OpenWindow.waitUntil(() -> robot.lookup("#graph-legend").query().isVisible());
        assertThat(OpenWindow.text(robot, "#graph-legend"))
                .isEqualTo("top-1 accuracy lost, this tensor alone quantized");

        Node graph = robot.lookup("#graph").query();
        TensorId before = at.hand().subject().id();
        // Boxes stand in a column: the neighbour above or below is another layer.
        robot.clickOn(graph).type(KeyCode.DIGIT0);
        robot.type(KeyCode.HOME);
        boolean first = before.equals(new TensorId("0.weight"));
        robot.moveTo(graph);
        for (int y = 0; y < 40 && at.hand().subject().id().equals(before); y++) {
            robot.moveBy(0, first ? 6 : -6).clickOn(MouseButton.PRIMARY);
        }
        assertThat(at.hand().subject().id()).isNotEqualTo(before);

        OpenWindow.doOnFx(() -> at.context.bench().select(new TensorId("0.weight")));
        OpenWindow.doOnFx(graph::requestFocus);
        robot.press(KeyCode.SHIFT).type(KeyCode.DOWN).type(KeyCode.DOWN).release(KeyCode.SHIFT);
        OpenWindow.waitUntil(() -> at.hand().subject().id().equals(new TensorId("4.weight")));
        robot.press(KeyCode.SHIFT).type(KeyCode.DOWN).type(KeyCode.UP).release(KeyCode.SHIFT);
        OpenWindow.waitUntil(() -> at.hand().subject().id().equals(new TensorId("2.weight")));
    }
}
