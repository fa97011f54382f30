package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;
import org.testfx.util.WaitForAsyncUtils;

class TensorListTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private List<TensorRow> rows() {
        return OpenWindow.onFx(() -> at.context.tensors().rowsProperty().get().weights());
    }

    /** The shapes of the weights as the list itself shows them. */
    private List<String> shown(FxRobot robot) {
        return OpenWindow.onFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            return IntStream.rangeClosed(
                            1,
                            at.context.tensors().rowsProperty().get().weights().size())
                    .mapToObj(i -> String.valueOf(list.getColumns().get(1).getCellData(i)))
                    .toList();
        });
    }

    @Test
    void theWorstTensorIsInHandAtFirst() {
        double worst = rows().stream()
                .mapToDouble(row -> row.result().sqnrDb().orElseThrow())
                .min()
                .orElseThrow();
        assertThat(rows().getFirst().result().sqnrDb()).hasValue(worst);
        assertThat(at.hand().subject().id()).isEqualTo(rows().getFirst().id());
    }

    /** What a click on a header does to the list. */
    private static void sortBy(FxRobot robot, int column, TreeTableColumn.SortType type) {
        OpenWindow.doOnFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            sortBy(list, column, type);
        });
    }

    private static <T> void sortBy(TreeTableView<T> list, int column, TreeTableColumn.SortType type) {
        TreeTableColumn<T, ?> by = list.getColumns().get(column);
        by.setSortType(type);
        list.getSortOrder().setAll(List.of(by));
    }

    @Test
    void aColumnSortsInBothDirectionsAndTheTensorInHandStays(FxRobot robot) {
        List<String> worstFirst = shown(robot);
        TensorId selected = at.hand().subject().id();
        sortBy(robot, 1, TreeTableColumn.SortType.ASCENDING);
        assertThat(rows()).extracting(row -> row.shape().count()).isSorted();
        sortBy(robot, 1, TreeTableColumn.SortType.DESCENDING);
        assertThat(rows()).extracting(row -> -row.shape().count()).isSorted();
        assertThat(shown(robot))
                .isEqualTo(rows().stream().map(row -> row.shape().toString()).toList());
        sortBy(robot, 0, TreeTableColumn.SortType.ASCENDING);
        assertThat(OpenWindow.onFx(() -> at.context.tensors().orderProperty().get()))
                .isEqualTo(new TensorOrder(TensorOrder.Key.NAME, false));
        sortBy(robot, 3, TreeTableColumn.SortType.ASCENDING);
        assertThat(OpenWindow.onFx(() -> at.context.tensors().orderProperty().get()))
                .isEqualTo(TensorOrder.WORST_FIRST);
        assertThat(shown(robot)).isEqualTo(worstFirst);
        assertThat(at.hand().subject().id()).isEqualTo(selected);
    }

    @Test
    void theArrowKeysTakeTheNextTensorInHand(FxRobot robot) {
        OpenWindow.doOnFx(() -> robot.lookup("#tensors").query().requestFocus());
        robot.type(KeyCode.DOWN);
        assertThat(at.hand().subject().id()).isEqualTo(rows().get(1).id());
        robot.type(KeyCode.UP);
        assertThat(at.hand().subject().id()).isEqualTo(rows().getFirst().id());
    }

    @Test
    void theMenuOfATensorKeepsItInFloatAndQuantizesItAgain(FxRobot robot) throws Exception {
        TensorId id = rows().getFirst().id();
        String name = rows().getFirst().name();
        robot.rightClickOn(name).clickOn("Keep float");
        at.waitForRest();
        assertThat(at.state().keptFloat()).containsExactly(id);
        assertThat(at.hand().spec()).isEmpty();
        assertThat(OpenWindow.text(robot, "#quantizer-nothing")).isEqualTo("This tensor stays in float.");
        robot.clickOn("#quantize");
        at.waitForRest();
        assertThat(at.state().keptFloat()).isEmpty();
        assertThat(at.hand().spec()).isPresent();
    }

    @Test
    void theMenuOfATensorSetsItPerChannelAndResetsItInOneStepEach(FxRobot robot) throws Exception {
        TensorId id = rows().getFirst().id();
        String name = rows().getFirst().name();
        robot.rightClickOn(name).clickOn("Per channel");
        at.waitForRest();
        assertThat(at.state().overrides().get(id).granularity()).isEqualTo(Granularity.CHANNEL);
        assertThat(OpenWindow.text(robot, "#range-hint")).contains("pick a channel below");
        robot.rightClickOn(name).clickOn("Reset to the default");
        at.waitForRest();
        assertThat(at.state().overrides()).isEmpty();
        robot.press(KeyCode.SHORTCUT, KeyCode.Z).release(KeyCode.Z, KeyCode.SHORTCUT);
        assertThat(at.state().overrides()).containsOnlyKeys(id);
        robot.press(KeyCode.SHORTCUT, KeyCode.Z).release(KeyCode.Z, KeyCode.SHORTCUT);
        assertThat(at.state().overrides()).isEmpty();
        robot.press(KeyCode.SHORTCUT, KeyCode.Y).release(KeyCode.Y, KeyCode.SHORTCUT);
        assertThat(at.state().overrides()).containsOnlyKeys(id);
    }

    /** The line of a value that no rule quantizes, in the group that is folded away. */
    private String inFloat(FxRobot robot) throws TimeoutException {
        String name = OpenWindow.onFx(() ->
                at.context.tensors().rowsProperty().get().others().getFirst().name());
        OpenWindow.doOnFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            list.getRoot().getChildren().getLast().setExpanded(true);
            list.scrollTo(list.getExpandedItemCount() - 1);
        });
        OpenWindow.waitUntil(() -> robot.lookup(name).tryQuery().isPresent());
        return name;
    }

    @Test
    void theMenuOfAValueInFloatAddsAQuantizerAndTakesItAway(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> SampleFiles.calibrateDigits(at.context));
        at.waitForRest();
        OpenWindow.doOnFx(() -> at.context.activations().quantize(true));
        at.waitForRest();
        TensorId id = OpenWindow.onFx(() ->
                at.context.tensors().rowsProperty().get().others().getFirst().id());
        int before = OpenWindow.onFx(
                () -> at.context.tensors().rowsProperty().get().activations().size());

        robot.rightClickOn(inFloat(robot));
        WaitForAsyncUtils.waitForFxEvents();
        robot.clickOn("#tensor-quantize-here");
        OpenWindow.waitUntil(() -> at.state().addedQuantizers().equals(Set.of(id)));
        at.waitForRest();
        assertThat(OpenWindow.onFx(
                        () -> at.context.tensors().rowsProperty().get().activations()))
                .hasSize(before + 1)
                .extracting(TensorRow::id)
                .contains(id);

        OpenWindow.doOnFx(() -> {
            TreeTableView<?> list = robot.lookup("#tensors").queryAs(TreeTableView.class);
            list.getRoot().getChildren().get(1).setExpanded(true);
            list.scrollTo(list.getExpandedItemCount() - 1);
        });
        String placed = OpenWindow.onFx(() -> at.context.tensors().rowsProperty().get().activations().stream()
                .filter(row -> row.id().equals(id))
                .findFirst()
                .orElseThrow()
                .name());
        OpenWindow.waitUntil(() -> robot.lookup(placed).tryQuery().isPresent());
        robot.rightClickOn(placed);
        WaitForAsyncUtils.waitForFxEvents();
        robot.clickOn("#tensor-remove-quantizer");
        OpenWindow.waitUntil(() -> at.state().addedQuantizers().isEmpty());
        at.waitForRest();
        assertThat(OpenWindow.onFx(
                        () -> at.context.tensors().rowsProperty().get().activations()))
                .hasSize(before);
    }
}
