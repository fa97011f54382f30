package org.quantscope.core.lesson;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;

class SheetTest {
    private static final String EVIL = "<script>alert('x')</script>";

    private static String html(String text, String name, Map<Integer, Sheet.Said> said) throws IOException {
        return html(text, name, said, Map.of());
    }

    private static String html(String text, String name, Map<Integer, Sheet.Said> said, Map<Integer, SessionState> left)
            throws IOException {
        Lesson lesson = LessonReader.parse("lesson.md", text).lesson().orElseThrow();
        try (Robot robot = new Robot(
                new Materials(List.of()),
                (source, state, cancel) -> Engine.analysed(source, state, Progress.NONE, cancel),
                1,
                1,
                new CancelToken())) {
            return new Sheet(lesson, name, "2026-11-30", robot.sheet(lesson, said, left)).html();
        }
    }

    private static final String LESSON = """
        ---
        id: mine
        title: Mine
        minutes: 5
        able: [see]
        ---
        ## One EVIL
        A text. EVIL [link](javascript:alert(1))
        ```stage
        synthetic: {distribution: normal, seed: 1, size: 256}
        weights: {bits: 4}
        ```
        ```predict
        ask: "How many codes? EVIL"
        number: codes
        tolerance: 1
        ```
        ```reveal
        text: "There are {{codes}}. EVIL"
        ```
        ```why
        ask: "Why? EVIL"
        choices:
          - {text: "so EVIL", right: true, because: "Yes. EVIL"}
          - {text: not, because: No.}
        ```
        ```solution
        answer: 15
        why: 1
        ```
        ```wrong
        answer: 8
        ```
        ```wrong
        why: 2
        ```
        """.replace("EVIL", EVIL);

    @Test
    void theSheetSaysWhatWasPredictedHowSureAndWhatIsTrue() throws IOException {
        Map<Integer, Sheet.Said> said = new HashMap<>();
        said.put(0, new Sheet.Said(Optional.of(new Answer.Figure(8)), OptionalInt.of(2), OptionalInt.of(0), false));

        String html = html(LESSON, "Ada " + EVIL, said);

        assertThat(html)
                .contains("1 of 1 predictions answered, 0 of them right")
                .contains("<p class=\"wrong\">✗ Predicted: 8 (certain)</p>")
                .contains("<p>Measured: 15 codes</p>")
                .contains("<p class=\"right\">✓ so")
                .contains("There are 15.")
                .contains("<tr><td>certain</td><td>1</td><td>0</td></tr>")
                .contains("By Ada")
                .contains("<svg")
                .contains("cut off");
    }

    /** Nothing that is typed or written becomes markup, and nothing is fetched. */
    @Test
    void everythingIsEscapedAndNothingIsLoaded() throws IOException {
        String html = html(LESSON, EVIL, Map.of());

        assertThat(html).doesNotContain("<script").doesNotContain("javascript:").doesNotContain("src=");
        assertThat(html.replace("http://www.w3.org/2000/svg", "")).doesNotContain("http");
        assertThat(html.split("&lt;script&gt;", -1)).hasSizeGreaterThan(4);
        assertThat(html).contains("No prediction.").contains("Not answered.");
    }

    /** Settings that were left by hand are shown as those, others as the solution's. */
    @Test
    void aGoalIsShownAsItWasReached() throws IOException {
        String text = """
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
            text: Take many codes.
            that: codes > 20
            ```
            ```solution
            this: {bits: 6}
            ```
            ```wrong
            this: {bits: 4}
            ```
            """;
        assertThat(html(text, "", Map.of())).contains("The solution reaches 63 codes", "The settings of the solution.");

        SessionState own = SessionState.of(new FileRef(Path.of("mine.synthetic"), ""))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(8)));
        assertThat(html(text, "", Map.of(), Map.of(0, own)))
                .contains("Reached: 255 codes", "The settings with which this step was left.")
                .doesNotContain("solution");
    }

    @Test
    void aSkippedStepIsMarked() throws IOException {
        String html = html(
                LESSON,
                "",
                Map.of(0, new Sheet.Said(Optional.empty(), OptionalInt.empty(), OptionalInt.empty(), true)));

        assertThat(html).contains("(skipped)").doesNotContain("By ");
    }

    /** As one says it in English, one or several. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | values | 1 value",
                "0 | values | 0 values",
                "1 | bits per value | 1 bit per value",
                "2.5 | bits per value | 2.5 bits per value",
                "1 | tensor units per step | 1 tensor unit per step",
                "1 | squared tensor units | 1 squared tensor unit",
                "1 | times | equal",
                "1.25 | times | 1.25 times as much",
                "8 | a code | code 8",
                "1 | % | 1 %",
                "1 | dB | 1 dB",
                "1 | '' | 1"
            })
    void aNumberIsSaidWithItsUnit(double value, String unit, String said) {
        assertThat(Judge.said(value, unit)).isEqualTo(said);
    }
}
