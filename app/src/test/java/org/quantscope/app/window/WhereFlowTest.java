package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import javafx.scene.Node;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.improve.Recommendation;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;

/** From a sample to a written file by at most five clicks, with figures that a separate evaluation gives too. */
class WhereFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @TempDir
    Path folder;

    private int clicks;

    private void click(FxRobot robot, String what) throws Exception {
        OpenWindow.waitUntil(() -> robot.lookup(what)
                .tryQuery()
                .filter(Node::isVisible)
                .filter(n -> !n.isDisabled())
                .isPresent());
        robot.clickOn(what);
        clicks++;
    }

    @Test
    void fiveClicksFromASampleToAFile(FxRobot robot) throws Exception {
        SessionState before = at.state();
        click(robot, "#open");
        click(robot, "#where");
        click(robot, "#where-target-onnx-runtime");
        click(robot, "#where-find");
        OpenWindow.waitUntil(() -> at.context.where().result().isPresent());
        // Only where it is written differs from what a person would leave as it is suggested.
        Path file = folder.resolve("here.onnx");
        OpenWindow.doOnFx(
                () -> robot.lookup("#where-file").queryAs(TextField.class).setText(file.toString()));
        OpenWindow.doOnFx(() -> {
            Node write = robot.lookup("#where-write").query();
            write.requestFocus();
        });
        at.waitForRest();
        OpenWindow.doOnFx(() -> robot.lookup("#where-write").queryButton().fire());
        clicks++;
        OpenWindow.waitUntil(
                () -> at.context.export().statusProperty().get() instanceof ExportViewModel.Status.Written);
        assertThat(clicks).isLessThanOrEqualTo(5);
        assertThat(Files.exists(file)).isTrue();
        assertThat(OpenWindow.text(robot, "#where-next"))
                .startsWith("quantscope proof ")
                .contains("here.onnx", "digits_mlp.onnx");

        // The figures, evaluated apart from it.
        Recommendation.Result result =
                OpenWindow.onFx(() -> at.context.where().result().orElseThrow());
        Dataset data = OpenWindow.onFx(() -> at.context.bench().evaluationData().orElseThrow());
        Model model = OpenWindow.onFx(() -> at.context.bench().analysed().orElseThrow());
        SortedSet<Integer> reported = result.calibration().dropped();
        SortedSet<Integer> chosen = new TreeSet<>(IntStream.range(0, data.size())
                .filter(i -> !reported.contains(i))
                .boxed()
                .toList());
        try (LiveEvaluator evaluator = Engine.evaluator(model, SampleSubset.dropping(data, chosen))) {
            AccuracyEstimate apart =
                    evaluator.evaluate(result.fitted().solved().request(Optional.empty()), new CancelToken(), x -> {});
            assertThat(result.reported().score()).isEqualTo(apart.score());
            assertThat(OpenWindow.text(robot, "#where-figures"))
                    .contains(
                            Figures.score(apart.task(), apart.score()) + " on 250 samples",
                            "float " + Figures.score(apart.task(), apart.floatScore()),
                            "difference " + Figures.difference(apart.task(), apart.delta()));
        }

        // One undo step.
        assertThat(at.state()).isEqualTo(result.fitted().state());
        OpenWindow.doOnFx(() -> at.context.bench().undo());
        assertThat(at.state()).isEqualTo(before);
        assertThat(OpenWindow.text(robot, "#where-standing")).contains("not the settings in hand any more");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#where-write").query().isDisabled()))
                .isTrue();
    }

    @Test
    void stoppingChangesNothing(FxRobot robot) throws Exception {
        SessionState before = at.state();
        robot.push(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.W);
        OpenWindow.waitUntil(() -> !robot.lookup("#where-find").queryAll().isEmpty());
        OpenWindow.doOnFx(() -> {
            robot.lookup("#where-find").queryButton().fire();
            robot.lookup("#where-find").queryButton().fire();
        });
        assertThat(OpenWindow.text(robot, "#where-outcome")).isEqualTo("Stopped: nothing was changed.");
        assertThat(at.state()).isEqualTo(before);
        assertThat(at.context.where().result()).isEmpty();
    }
}
