package org.quantscope.app.accuracy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.core.eval.Task;
import org.quantscope.core.quant.ClipRange;

/** What was tried stays in sight: through edits that change nothing, changes of the data and a restart. */
class TriedTest {
    @TempDir
    Path folder;

    private ApplicationContext context;

    @BeforeEach
    void open() {
        context = start();
    }

    @AfterEach
    void close() {
        context.close();
    }

    private ApplicationContext start() {
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        ApplicationContext made = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder), answers, new RecordedNotices());
        made.session().openSample(SampleFiles.digits());
        return made;
    }

    private TriedViewModel.View view() {
        return context.tried().viewProperty().get();
    }

    private static List<String> labels(List<Tried> points) {
        return points.stream().map(Tried::label).toList();
    }

    @Test
    void theSameRangeTypedTwiceKeepsItsPoint() {
        context.selected().setRange(ClipRange.symmetric(0.8f));
        Tried point = view().current().orElseThrow();
        int count = view().points().size();
        context.selected().setRange(ClipRange.symmetric(0.8f));
        assertThat(context.selected().viewProperty().get().orElseThrow().preview())
                .isFalse();
        assertThat(view().current()).contains(point);
        assertThat(view().points()).hasSize(count);
    }

    @Test
    void undoOfAnotherWayToScoreBringsThePointsBack() {
        context.quantizer().setBits(3);
        List<Tried> before = view().points();
        assertThat(before).hasSizeGreaterThan(2);
        context.accuracy().score(Optional.of(new Task.TopK(5)));
        assertThat(view().points()).extracting(Tried::task).containsOnly(new Task.TopK(5));
        context.bench().undo();
        assertThat(view().points()).isEqualTo(before);
        assertThat(view().current()).isPresent();
    }

    @Test
    void aRestartFindsThePointsOfTheLastRunAndTheWayBackToTheirSettings() throws Exception {
        context.quantizer().setBits(2);
        var state = context.bench().stateProperty().get().orElseThrow();
        List<Tried> before = view().points();
        context.close();
        context = start();
        assertThat(labels(view().points())).containsExactlyInAnyOrderElementsOf(labels(before));
        Tried two = view().points().stream()
                .filter(p -> p.label().equals("W2–8"))
                .findFirst()
                .orElseThrow();
        assertThat(two.score())
                .isEqualTo(before.stream()
                        .filter(p -> p.label().equals("W2–8"))
                        .findFirst()
                        .orElseThrow()
                        .score());
        context.tried().adopt(two);
        assertThat(context.bench().stateProperty().get().orElseThrow().overrides())
                .isEqualTo(state.overrides());

        // A damaged file costs its point alone.
        context.close();
        Path some;
        try (Stream<Path> files = Files.walk(folder.resolve("tried"))) {
            some = files.filter(f -> f.toString().endsWith("000001.json"))
                    .findFirst()
                    .orElseThrow();
        }
        Files.writeString(some, "{");
        context = start();
        assertThat(view().points()).hasSizeGreaterThanOrEqualTo(before.size() - 1);
    }
}
