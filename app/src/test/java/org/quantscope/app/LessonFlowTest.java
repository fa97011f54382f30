package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.lesson.LessonViewModel;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Attempt;
import org.quantscope.core.lesson.Lesson.Card;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** A lesson over the real session, without a window. */
class LessonFlowTest {
    private static final Lesson CLIP = Lessons.byId("clip-or-round").orElseThrow();

    @TempDir
    private Path folder;

    private HeldContext at;

    @BeforeEach
    void start() {
        at = new HeldContext(folder.resolve("config"));
    }

    @AfterEach
    void end() {
        at.close();
    }

    private LessonViewModel lessons() {
        return at.context.lessons();
    }

    private LessonViewModel.View view() {
        return lessons().viewProperty().get().orElseThrow();
    }

    private void answerAsIn(Attempt attempt) {
        attempt.answer().ifPresent(a -> lessons().answer(a, 2));
        lessons().perform(attempt.acts());
        attempt.why().ifPresent(lessons()::choose);
    }

    /** The solutions of the file, given through the window's own session, pass every step. */
    @Test
    void aLessonIsPassedStepByStepByItsSolutions() {
        lessons().start(CLIP, Optional.empty());

        for (Lesson.Step step : CLIP.steps()) {
            assertThat(view().current()).isEqualTo(step);
            assertThat(view().phase()).isEqualTo(Phase.ASKING);
            assertThat(view().done()).isFalse();
            lessons().next();
            assertThat(view().current()).isEqualTo(step);
            answerAsIn(step.solution().orElseThrow());
            assertThat(view().right()).contains(true);
            assertThat(view().reveal()).doesNotContain("{{").doesNotContain("–");
            assertThat(view().done()).isTrue();
            lessons().next();
        }
        assertThat(view().finished()).isTrue();
        assertThat(at.problems).isEmpty();
    }

    @Test
    void nothingThatIsCoveredIsSeenBeforeTheAnswerAndTheAnswerStaysBesideTheTruth() {
        lessons().start(CLIP, Optional.empty());

        assertThat(view().covered()).contains(Card.ERROR, Card.CURVE);
        assertThat(view().reveal()).isEmpty();
        lessons().answer(new Answer.Chosen(2), 0);

        assertThat(view().covered()).isEmpty();
        assertThat(view().faded()).contains(Card.QUANTIZER).doesNotContain(Card.HISTOGRAM);
        assertThat(view().right()).contains(false);
        assertThat(view().answer()).contains(new Answer.Chosen(2));
        assertThat(view().truth()).startsWith("Only rounding");
        // A wrong prediction is no obstacle; a wrong reason is.
        lessons().choose(1);
        assertThat(view().done()).isFalse();
        lessons().choose(0);
        assertThat(view().done()).isTrue();
    }

    /** The curve would say where the handle belongs. */
    @Test
    void aStepThatOpensNothingCoversAgainWhatTheStageBeforeItCovers() {
        lessons().start(CLIP, Optional.empty());
        answerAsIn(CLIP.steps().getFirst().solution().orElseThrow());
        assertThat(view().covered()).isEmpty();

        lessons().next();

        assertThat(view().current().stage()).isEmpty();
        assertThat(view().covered()).contains(Card.ERROR, Card.CURVE).doesNotContain(Card.HISTOGRAM);
        answerAsIn(view().current().solution().orElseThrow());
        assertThat(view().covered()).isEmpty();
    }

    /** The list would go to the worst weight of a model that was just opened. */
    @Test
    void theTensorOfAStageStaysSelectedAlsoIfItIsTheFirst() {
        lessons().start(Lessons.byId("fewer-bits-better-spent").orElseThrow(), Optional.empty());

        assertThat(at.context.bench().selectionProperty().get()).contains(new TensorId("0.weight"));
        assertThat(at.context.bench().selectionChosen()).isTrue();
    }

    @Test
    void aHandleIsAnAnswerAndTheGoalFollowsTheHand() {
        lessons().start(CLIP, Optional.empty());
        lessons().skip();
        assertThat(view().skipped()).isEqualTo(Set.of(1));

        lessons().answer(lessons().handle().orElseThrow(), 1);

        assertThat(view().right()).contains(false);
        assertThat(view().goals()).extracting(g -> g.passed()).containsExactly(false);
        at.context.selected().preview(org.quantscope.core.quant.ClipRange.symmetric(4.84f));
        at.context.selected().commit();
        assertThat(view().goals()).extracting(g -> g.passed()).containsExactly(true);
    }

    @Test
    void leavingGivesTheSessionBackWithItsUndoSteps() {
        at.open("digits_mlp.onnx");
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(5))));
        SessionState before = at.state();
        var selected = at.context.bench().selectionProperty().get();

        lessons().start(CLIP, Optional.empty());
        assertThat(at.state()).isNotEqualTo(before);
        answerAsIn(CLIP.steps().getFirst().solution().orElseThrow());
        lessons().leave();

        assertThat(at.state()).isEqualTo(before);
        assertThat(at.context.bench().selectionProperty().get()).isEqualTo(selected);
        assertThat(at.context.bench().dirtyProperty().get()).isTrue();
        at.context.bench().undo();
        assertThat(at.state().weights().orElseThrow().bits()).isEqualTo(8);
        at.context.bench().redo();
        assertThat(at.state()).isEqualTo(before);
        assertThat(lessons().viewProperty().get()).isEmpty();
    }

    /** What is open in a lesson is no work of the user, but what was open before is. */
    @Test
    void openingSomethingElseDuringALessonAsksAboutTheSessionThatWasOpenBefore() {
        at.open("digits_mlp.onnx");
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(5))));
        lessons().start(CLIP, Optional.empty());

        at.answers.unsaved = org.quantscope.app.session.Questions.Unsaved.STAY;
        at.open("fashion_lenet.onnx");

        assertThat(lessons().viewProperty().get()).isEmpty();
        assertThat(at.context.bench().modelProperty().get().orElseThrow().name())
                .isEqualTo("digits_mlp.onnx");
        assertThat(at.state().weights().orElseThrow().bits()).isEqualTo(5);
    }

    @Test
    void aLessonGoesOnWhereItWasLeftAndStartsOverWhenAsked() {
        lessons().start(CLIP, Optional.empty());
        lessons().skip();
        lessons().skip();
        lessons().leave();

        lessons().start(CLIP, Optional.empty());

        assertThat(view().step()).isEqualTo(2);
        assertThat(view().skipped()).isEqualTo(Set.of(1, 2));
        assertThat(view().phase()).isEqualTo(Phase.ASKING);
        lessons().back();
        assertThat(view().step()).isEqualTo(1);
        lessons().startOver();
        assertThat(view().step()).isZero();
        assertThat(view().skipped()).isEmpty();
    }

    /** Answers and how sure somebody was outlast leaving, and stand on the sheet beside what is true. */
    @Test
    void whatWasSaidIsKeptAndStandsOnTheSheet() throws java.io.IOException {
        lessons().start(CLIP, Optional.empty());
        lessons().answer(new Answer.Chosen(2), 0);
        lessons().choose(0);
        lessons().next();
        lessons().leave();

        lessons().start(CLIP, Optional.empty());
        lessons().answer(new Answer.Figure(2.5), 2);
        lessons().skip();
        Path sheet = folder.resolve("sheet.html");
        lessons().writeSheet(sheet, "A <b>");
        String html = java.nio.file.Files.readString(sheet);

        assertThat(at.problems).isEmpty();
        assertThat(html)
                .contains("By A &lt;b&gt;", "Predicted: Mostly clipping", "(a guess)", "Measured: Only rounding")
                .contains("Predicted: 2.5 (certain)", "(skipped)", "<svg");
        lessons().startOver();
        lessons().writeSheet(sheet, "");
        assertThat(java.nio.file.Files.readString(sheet)).doesNotContain("Predicted:");
    }

    @Test
    void hintsComeOneAtATimeAndNoMoreThanThereAre() {
        lessons().start(CLIP, Optional.empty());
        lessons().skip();

        List<Integer> shown = new java.util.ArrayList<>();
        for (int i = 0; i < 4; i++) {
            lessons().hint();
            shown.add(view().hints());
        }
        assertThat(shown).containsExactly(1, 2, 2, 2);
    }
}
