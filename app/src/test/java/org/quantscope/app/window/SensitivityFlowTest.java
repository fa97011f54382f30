package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import javafx.scene.Node;
import javafx.scene.control.TreeTableCell;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.sensitivity.SensitivityViewModel.Status;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.app.tensors.TensorsViewModel.Order;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;

@ExtendWith(ApplicationExtension.class)
class SensitivityFlowTest {
    @TempDir
    static Path folder;

    private DeskInWindow at;

    @Start
    void start(Stage shared) {
        at = new DeskInWindow(folder.resolve("config" + System.nanoTime()));
        at.show(DeskInWindow.DIGITS, DeskInWindow.DIGITS_TEST);
    }

    @Stop
    void stop() {
        at.end();
    }

    @BeforeEach
    void coarse() throws TimeoutException {
        at.waitForRest();
        DeskInWindow.doOnFx(() -> at.desk.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))));
        at.waitForRest();
    }

    private void sweep(FxRobot robot) throws TimeoutException {
        robot.clickOn("#sensitivity");
        DeskInWindow.waitUntil(() -> at.rests() && at.desk.sensitivity().viewProperty().get().status() == Status.DONE);
    }

    private List<TensorRow> rows() {
        return DeskInWindow.onFx(() -> at.desk.tensors().rowsProperty().get().weights());
    }

    /** The texts of the damage column as they are on screen, from top to bottom. */
    private List<String> shown(FxRobot robot) {
        return DeskInWindow.onFx(() -> robot.lookup("#tensors").queryAs(TreeTableView.class).lookupAll(".tree-table-cell").stream()
                .filter(n -> n instanceof TreeTableCell<?, ?> cell && "column-damage".equals(cell.getTableColumn().getId()) && cell.getText() != null)
                .sorted((a, b) -> Double.compare(a.localToScene(0, 0).getY(), b.localToScene(0, 0).getY()))
                .map(n -> ((TreeTableCell<?, ?>) n).getText())
                .toList());
    }

    private Set<String> columns(FxRobot robot) {
        return DeskInWindow.onFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            return IntStream.range(0, list.getVisibleLeafColumns().size())
                    .mapToObj(i -> ((TreeTableColumn<?, ?>) list.getVisibleLeafColumns().get(i)).getId())
                    .collect(java.util.stream.Collectors.toSet());
        });
    }

    @Test
    void theListShowsTheDamageWorstFirst(FxRobot robot) throws TimeoutException {
        assertThat(columns(robot)).doesNotContain("column-damage");

        sweep(robot);

        assertThat(columns(robot)).contains("column-damage");
        assertThat(DeskInWindow.onFx(() -> at.desk.tensors().orderProperty().get())).isEqualTo(Order.MOST_DAMAGE_FIRST);
        List<TensorRow> rows = rows();
        double worst = rows.getFirst().sensitivity().orElseThrow().loss().orElseThrow();
        assertThat(worst).isPositive();
        assertThat(shown(robot)).hasSize(3);
        assertThat(shown(robot).getFirst()).isEqualTo(String.format(Locale.ROOT, "%+.1f", -100 * worst));

        TensorId id = rows.getFirst().id();
        DeskInWindow.doOnFx(() -> at.desk.bench().apply(new Edit.SetOverride(id, QuantSpec.WEIGHTS.withBits(8))));
        at.waitForRest();
        List<Node> dimmed = DeskInWindow.onFx(() -> robot.lookup("#tensors").queryAs(TreeTableView.class).lookupAll(".tree-table-cell.previous").stream().toList());
        assertThat(dimmed).hasSize(1);
    }

    @Test
    void theGraphShowsTheTensorInHandAndAClickTakesAnother(FxRobot robot) throws TimeoutException {
        sweep(robot);
        robot.clickOn("#tab-graph");
        DeskInWindow.waitUntil(() -> robot.lookup("#graph-legend").query().isVisible());
        assertThat(DeskInWindow.text(robot, "#graph-legend")).isEqualTo("● < 0.5 pts  ◆ < 2 pts  ▲ more lost with this tensor alone quantized");

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
    }
}
