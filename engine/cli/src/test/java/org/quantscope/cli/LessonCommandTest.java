package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.LessonReader;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.lesson.Robot;
import tools.jackson.databind.JsonNode;

/** Here, and not in the core, because lessons also use the corrections of the float model. */
class LessonCommandTest {
    private static final String RULER = "a-ruler-with-few-marks";

    /** One for all lessons: what they open and compute is shared. */
    private static final Robot ROBOT = LessonCommand.robot(Path.of("no-such-folder"), new CancelToken());

    @TempDir
    Path folder;

    @AfterAll
    static void close() {
        ROBOT.close();
    }

    static Stream<Lesson> lessons() {
        return Lessons.bundled().stream();
    }

    /** Every solution passes, no wrong block does, and every figure in a text exists. */
    @ParameterizedTest
    @MethodSource("lessons")
    void theRobotPassesEveryLessonAndFailsItByEveryWrong(Lesson lesson) throws IOException {
        assertThat(ROBOT.check(lesson)).isEmpty();
        assertThat(lesson.steps().stream().filter(s -> s.prediction().isPresent()))
                .allSatisfy(step -> assertThat(step.wrongs()).hasSizeGreaterThanOrEqualTo(2));
    }

    @Test
    void listGivesIdTitleAndMinutesInBothPlaces() {
        JsonNode json = CommandLineRun.of("lesson", "list", "--json").json();

        assertThat(json.get(0).get("id").asString()).isEqualTo(RULER);
        assertThat(json.get(0).get("minutes").asInt()).isEqualTo(6);
        assertThat(CommandLineRun.of("list", "lessons", "--json").json()).isEqualTo(json);
    }

    @Test
    void aSolutionPassesWithTheFiguresOfTheEngine() {
        CommandLineRun run = CommandLineRun.of("lesson", "run", RULER, "--solution", "--json");
        JsonNode json = run.json();
        List<String> figures = new ArrayList<>();
        json.get("steps").forEach(s -> {
            if (s.has("figure")) {
                figures.add(s.get("figure").asString() + " " + s.get("unit").asString());
            }
        });

        assertThat(run.code()).isZero();
        assertThat(json.get("passed").asBoolean()).isTrue();
        assertThat(figures).contains("rmse_in_steps steps", "codes_used codes", "bits bits");
        assertThat(json.get("steps").get(0).get("id").asString()).isEqualTo(RULER + "/1");
        assertThat(json.get("steps").get(0).get("value").asDouble()).isEqualTo(15);
    }

    @Test
    void theSheetIsWrittenOnlyWithASolution() throws IOException {
        Path sheet = folder.resolve("sheet.html");

        assertThat(CommandLineRun.of("lesson", "run", RULER, "--solution", "--sheet", sheet, "--name", "A & B")
                        .code())
                .isZero();
        assertThat(Files.readString(sheet)).contains("By A &amp; B", "Measured: 15", "<svg");
        assertThat(CommandLineRun.of("lesson", "run", RULER, "--wrong", "1", "--sheet", sheet)
                        .code())
                .isEqualTo(2);
    }

    @Test
    void aWrongBlockFailsInItsStepWithExitCodeOne() {
        CommandLineRun run = CommandLineRun.of("lesson", "run", RULER, "--wrong", "10", "--json");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("\"passed\":false");
        assertThat(CommandLineRun.of("lesson", "run", RULER, "--wrong", "99").code())
                .isEqualTo(2);
        assertThat(CommandLineRun.of("lesson", "run", "no-such", "--solution").code())
                .isEqualTo(2);
        assertThat(CommandLineRun.of("lesson", "run", RULER).code()).isEqualTo(2);
    }

    @Test
    void checkNamesEveryProblemWithItsLineAndARunIsRefused() throws IOException {
        Files.writeString(folder.resolve("lesson.md"), """
            ---
            id: mine
            title: Mine
            minutes: 5
            able: [see]
            ---
            ## One
            ```stage
            synthetic: {distribution: normal, seed: 1, size: 256}
            weights: {bits: 4, calibrator: minmaxx}
            ```
            ```goal
            text: Get it right.
            that: mse_ < 1
            ```
            """);

        CommandLineRun check = CommandLineRun.of("lesson", "check", folder, "--json");
        JsonNode problems = check.json().get("problems");

        assertThat(check.code()).isEqualTo(1);
        assertThat(check.json().get("ok").asBoolean()).isFalse();
        assertThat(problems.findValuesAsString("line")).containsExactly("10", "14");
        assertThat(problems.get(0).get("why").asString()).contains("minmaxx");
        CommandLineRun run = CommandLineRun.of("lesson", "run", folder, "--solution");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.err()).contains("line 10", "and 1 more");
    }

    @Test
    void aSolutionThatFailsAndAWrongThatPassesAreProblems() throws IOException {
        Files.writeString(folder.resolve("lesson.md"), """
            ---
            id: mine
            title: Mine
            minutes: 5
            able: [see]
            ---
            ## One
            ```stage
            synthetic: {distribution: normal, seed: 1, size: 256}
            ```
            ```goal
            text: Get to 40 dB.
            that: sqnr_db > 40
            ```
            ```solution
            this: {bits: 4}
            ```
            ```wrong
            this: {bits: 9}
            ```
            """);

        CommandLineRun check = CommandLineRun.of("lesson", "check", folder.resolve("lesson.md"));

        assertThat(check.code()).isEqualTo(1);
        assertThat(check.out())
                .contains("lesson.md:19: this wrong block passes the step")
                .contains("lesson.md:16: the solution does not pass \"Get to 40 dB.\": sqnr_db is");
    }

    /** Nobody would learn anything in such a step. */
    @Test
    void aGoalThatIsReachedAtTheBeginIsAProblem() throws IOException {
        Files.writeString(folder.resolve("lesson.md"), """
            ---
            id: mine
            title: Mine
            minutes: 5
            able: [see]
            ---
            ## One
            ```stage
            synthetic: {distribution: normal, seed: 1, size: 256}
            weights: {bits: 8}
            ```
            ```goal
            text: Get to 30 dB.
            that: sqnr_db > 30
            ```
            ```solution
            this: {bits: 9}
            ```
            ```wrong
            this: {bits: 3}
            ```
            """);

        CommandLineRun check = CommandLineRun.of("lesson", "check", folder.resolve("lesson.md"));

        assertThat(check.code()).isEqualTo(1);
        assertThat(check.out()).contains("lesson.md:17: the goals are reached before anything of the solution is done");
    }

    /** What is learned is kept with its ranges, so the goal sees the trained network, and the wrong block another one. */
    @Test
    void aSolutionMayTrainTheModel() throws IOException {
        Files.writeString(folder.resolve("lesson.md"), """
            ---
            id: mine
            title: Mine
            minutes: 5
            able: [see]
            ---
            ## One
            ```stage
            model: digits_mlp.onnx
            data: digits_test.npz
            calibration-data: digits_calibration.npz
            weights: {bits: 2, granularity: channel, calibrator: mse}
            ```
            ```goal
            text: Get as far as the figure with the same correction.
            that: accuracy >= accuracy with weights.bits=2, weights.calibrator=mse, correct=recover:epochs=20
            ```
            ```solution
            correct: recover:epochs=20
            ```
            ```wrong
            correct: recover:epochs=20;target=labels;quantize=no
            ```
            ```wrong
            correct: recover:epoch=20
            ```
            """);

        CommandLineRun check = CommandLineRun.of("lesson", "check", folder.resolve("lesson.md"));
        assertThat(check.out()).contains("lesson.md:25: correct: recover: \"epoch\" is not known here; known: target");
        Files.writeString(
                folder.resolve("lesson.md"),
                Files.readString(folder.resolve("lesson.md"))
                        .replace("correct: recover:epoch=20", "weights: {granularity: tensor}"));
        assertThat(ROBOT.check(LessonReader.read(folder).lesson().orElseThrow()))
                .extracting(problem -> problem.line() + " " + problem.why())
                .isEmpty();
    }

    /** Those in the state of the program, as the window shows them; a broken one says what is wrong. */
    @Test
    void ownLessonsAreListedAndRunByTheirId() throws IOException {
        Path own = Files.createDirectories(folder.resolve("lessons/my-folder"));
        Files.writeString(own.resolve("lesson.md"), """
            ---
            id: mine
            title: Mine
            minutes: 5
            able: [see]
            ---
            ## One
            ```stage
            synthetic: {distribution: normal, seed: 1, size: 256}
            weights: {bits: 4}
            ```
            ```goal
            text: Get to 30 dB.
            that: sqnr_db > 30
            ```
            ```solution
            this: {bits: 9}
            ```
            """);
        Files.writeString(
                Files.createDirectories(folder.resolve("lessons/torn")).resolve("lesson.md"), "# No lesson");

        JsonNode json = CommandLineRun.in(folder, new CancelToken(), "lesson", "list", "--json")
                .json();
        String text =
                CommandLineRun.in(folder, new CancelToken(), "list", "lessons").out();

        int bundled = Lessons.bundled().size();
        assertThat(json.size()).isEqualTo(bundled + 2);
        assertThat(json.get(bundled).toString())
                .isEqualTo("{\"id\":\"mine\",\"title\":\"Mine\",\"minutes\":5,\"folder\":\"" + own + "\"}");
        assertThat(json.get(bundled + 1).get("id").asString()).isEqualTo("torn");
        assertThat(json.get(bundled + 1).get("problem").asString()).contains("line 1: the front matter is missing");
        assertThat(json.get(0).has("folder")).isFalse();
        assertThat(text).contains("Your own, in " + folder.resolve("lessons")).contains("torn", "broken: line 1");
        assertThat(CommandLineRun.in(folder, new CancelToken(), "lesson", "run", "mine", "--solution")
                        .code())
                .isZero();
        assertThat(CommandLineRun.of("lesson", "run", "mine", "--solution").code())
                .isEqualTo(2);
    }
}
