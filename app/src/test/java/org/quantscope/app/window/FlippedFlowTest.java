package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.MenuButton;
import javafx.scene.control.ToggleButton;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.flipped.Confusion;
import org.quantscope.app.flipped.FlippedViewModel;
import org.quantscope.app.flipped.LayerOutputViewModel;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.eval.SampleOutcomes.Outcome;
import org.quantscope.core.eval.Task;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.testfx.api.FxRobot;

/** From the accuracy card to the samples that changed, and to what happens behind the layer in hand. */
class FlippedFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @BeforeEach
    void atRest() throws TimeoutException {
        OpenWindow.doOnFx(
                () -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))));
        OpenWindow.waitUntil(() -> at.rests()
                && at.context
                                .accuracy()
                                .viewProperty()
                                .get()
                                .quantized()
                                .orElseThrow()
                                .deltaHi()
                        < 0
                && settled());
    }

    /** The flips are those of the complete evaluation. */
    private boolean settled() {
        return at.context
                .flipped()
                .viewProperty()
                .get()
                .found()
                .filter(v -> !v.previous()
                        && v.tally().seen() == v.tally().total()
                        && v.tally().changed() > 0)
                .isPresent();
    }

    private FlippedViewModel.View.Found flipped() {
        return OpenWindow.onFx(this::found);
    }

    private FlippedViewModel.View.Found found() {
        return at.context.flipped().viewProperty().get().found().orElseThrow();
    }

    @Test
    void theCardShowsTheFlipsAndTheWindowListsThemWithTheMatrixAndTheLayers(FxRobot robot) throws Exception {
        FlippedViewModel.View.Found v = flipped();
        assertThat(v.tally().changed()).isPositive();
        assertThat(OpenWindow.text(robot, "#flipped-summary"))
                .isEqualTo(v.tally().lost() + " lost · " + v.tally().gained() + " gained · "
                        + v.tally().other() + " other");
        Outcome first = v.listed().samples().getFirst();
        assertThat(robot.lookup("#flip-0").queryAs(Button.class).getAccessibleText())
                .isEqualTo("sample " + first.sample() + ", label "
                        + first.label().orElseThrow() + ": " + first.floatClass() + " → " + first.quantizedClass());

        OpenWindow.doOnFx(() -> robot.lookup("#flip-0").queryButton().fire());
        OpenWindow.waitUntil(() -> found().confusion().isPresent());
        OpenWindow.waitUntil(
                () -> !at.context.sampleLayers().viewProperty().get().layers().isEmpty()
                        && !at.context.sampleLayers().viewProperty().get().previous());

        ListView<Outcome> list = robot.lookup("#flipped-list").queryListView();
        assertThat(OpenWindow.onFx(() -> list.getSelectionModel().getSelectedItem()))
                .isEqualTo(first);
        assertThat(OpenWindow.onFx(() -> list.getItems().size()))
                .isEqualTo(v.tally().changed());
        ListView<LayerError> layers = robot.lookup("#sample-layers").queryListView();
        assertThat(OpenWindow.onFx(() -> layers.getItems().size()))
                .isEqualTo(
                        OpenWindow.onFx(() -> at.context.bench().activations().size()));

        ListView<ClassAccuracy> classes = robot.lookup("#classes").queryListView();
        assertThat(OpenWindow.onFx(() -> List.copyOf(classes.getItems())))
                .isEqualTo(flipped().classes())
                .hasSize(10);
        OpenWindow.doOnFx(classes::requestFocus);
        robot.push(KeyCode.HOME);
        robot.push(KeyCode.SPACE);
        int worst = flipped().classes().getFirst().label();
        OpenWindow.waitUntil(() -> found().listed().ofClass().isPresent());
        assertThat(flipped().listed().ofClass()).hasValue(worst);
        assertThat(OpenWindow.text(robot, "#flipped-list-summary")).contains("label " + worst + ", changed class: ");
        robot.push(KeyCode.SPACE);
        OpenWindow.waitUntil(() -> found().listed().ofClass().isEmpty());

        OpenWindow.doOnFx(() ->
                robot.lookup("#page-confusion").queryAs(ToggleButton.class).fire());
        OpenWindow.waitUntil(() -> robot.lookup("#confusion").tryQuery().isPresent());
        Confusion confusion = flipped().confusion().orElseThrow();
        int row = first.label().orElseThrow();
        Button cell =
                robot.lookup("#confusion-" + row + "-" + first.quantizedClass()).queryButton();
        int more = confusion.count(Confusion.Kind.DIFFERENCE, row, first.quantizedClass());
        assertThat(OpenWindow.onFx(cell::getText)).isEqualTo(more == 0 ? "·" : more > 0 ? "+" + more : "" + more);
        OpenWindow.doOnFx(cell::fire);
        OpenWindow.waitUntil(() -> found().listed().cell().isPresent());
        assertThat(flipped().listed().samples())
                .isNotEmpty()
                .allMatch(o -> o.label().orElseThrow() == row)
                .contains(first);
        OpenWindow.doOnFx(
                () -> robot.lookup("#filter-lost").queryAs(ToggleButton.class).fire());
        OpenWindow.waitUntil(() -> found().listed().filter() == FlippedViewModel.Filter.LOST);
        assertThat(OpenWindow.onFx(() -> list.getItems().size()))
                .isEqualTo(flipped().tally().lost());
        assertThat(OpenWindow.onFx(() -> list.getItems().size()))
                .isLessThanOrEqualTo(v.tally().changed());
        // Also where the list has the keyboard, which knows another meaning of Escape.
        OpenWindow.doOnFx(list::requestFocus);
        robot.push(KeyCode.ESCAPE);
        assertThat(OpenWindow.onFx(() -> cell.getScene().getWindow().isShowing()))
                .isFalse();
        assertThat(OpenWindow.onFx(
                        () -> at.context.sampleLayers().viewProperty().get().layers()))
                .isEmpty();
    }

    @Test
    void theLayerOutputPageShowsTheErrorBehindTheTensorInHand(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() ->
                robot.lookup("#tab-layer-output").queryAs(ToggleButton.class).fire());
        OpenWindow.waitUntil(() -> at.context
                .layerOutput()
                .viewProperty()
                .get()
                .shown()
                .filter(v -> !v.previous())
                .isPresent());

        LayerOutputViewModel.View.Shown v = OpenWindow.onFx(
                () -> at.context.layerOutput().viewProperty().get().shown().orElseThrow());
        for (int i = 0; i < v.rows().size(); i++) {
            assertThat(OpenWindow.text(robot, "#isolated-" + i))
                    .isEqualTo(decibels(v.rows().get(i).isolated()));
            assertThat(OpenWindow.text(robot, "#accumulated-" + i))
                    .isEqualTo(decibels(v.rows().get(i).accumulated()));
        }
        assertThat(OpenWindow.text(robot, "#layer-output-samples")).isEqualTo("128 samples of digits_test.npz");
    }

    private static String decibels(LayerError e) {
        double db = e.sqnrDb().orElseThrow();
        return Double.isInfinite(db) ? "no error" : String.format(Locale.ROOT, "%.1f dB", db);
    }

    @Test
    void anotherMetricIsChosenInTheCard(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> robot.lookup("#accuracy-task")
                .queryAs(MenuButton.class)
                .getItems()
                .get(1)
                .fire());
        OpenWindow.waitUntil(() -> at.rests()
                && at.context
                        .accuracy()
                        .viewProperty()
                        .get()
                        .quantized()
                        .map(e -> e.task().equals(new Task.TopK(5)))
                        .orElse(false));

        double share = OpenWindow.onFx(() -> at.context
                .accuracy()
                .viewProperty()
                .get()
                .quantized()
                .orElseThrow()
                .score());
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo(String.format(Locale.ROOT, "%.1f %%", share * 100));
        assertThat(at.state().metric()).contains(new Task.TopK(5));
        Label number = robot.lookup("#accuracy").queryAs(Label.class);
        assertThat(OpenWindow.onFx(number::getAccessibleText))
                .startsWith("top-5 ")
                .endsWith(" %, higher is better");
        assertThat(OpenWindow.onFx(() -> number.getTooltip().getText())).isEqualTo("top-5: higher is better");
    }
}
