package org.quantscope.core.lesson;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LessonReaderTest {
    private static final Path DOCS = Path.of(System.getProperty("quantscope.root"), "docs");
    private static final Pattern BLOCK =
            Pattern.compile("^```([a-z]+)\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    private static final String GOOD = """
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
        ```predict
        ask: What?
        choices:
          - {text: a, when: "mse < 1"}
          - {text: b, when: "mse >= 1 and bits > 2"}
        ```
        ```reveal
        text: It is {{mse}}.
        ```
        ```why
        ask: Why?
        choices:
          - {text: so, right: true, because: Yes.}
          - {text: not, because: No.}
        ```
        ```solution
        answer: 1
        why: 1
        ```
        ```wrong
        answer: 2
        ```
        ```wrong
        why: 2
        ```
        """;

    private static List<String> problems(String text) {
        return LessonReader.parse("lesson.md", text).problems().stream()
                .map(Problem::toString)
                .toList();
    }

    @Test
    void aGoodLessonHasItsParts() {
        LessonReader.Read read = LessonReader.parse("lesson.md", GOOD);

        assertThat(read.problems()).isEmpty();
        Lesson.Step step = read.lesson().orElseThrow().steps().getFirst();
        assertThat(step.id()).isEqualTo("mine/1");
        assertThat(step.prediction()).isPresent();
        assertThat(step.solution().orElseThrow().answer()).contains(new Lesson.Answer.Chosen(0));
        assertThat(step.wrongs()).hasSize(2);
    }

    /** Each change makes one problem, with its line. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "minutes: 5 | minutes: 0 | lesson.md:4: a whole number from 1 to 60 is needed, got \"0\"",
                "title: Mine | titel: Mine | lesson.md:3: \"titel\" is not known here; known: id, title",
                "id: mine | id: My Lesson | lesson.md:2: id: lower-case letters",
                "size: 256 | size: -1 | lesson.md:9: a whole number from 1",
                "distribution: normal | distribution: norml | lesson.md:9: \"norml\" is no distribution",
                "size: 256} | size: 256, std: 99} | lesson.md:9: parameters.std: 0.01 to 10.0, got 99.0",
                "ask: What? | asks: What? | lesson.md:12: \"asks\" is not known here",
                "mse < 1 | msee < 1 | lesson.md:14: \"msee\" is no figure; near: mse",
                "mse < 1 | mse | lesson.md:14: \"mse\" is no condition",
                "bits > 2 | bits with bitz=4 > 2 | lesson.md:15: \"bitz\" is not known here; known: ",
                "{{mse}} | {{mess}} | lesson.md:7: {{mess}}: \"mess\" is no figure",
                "right: true | right: yes | lesson.md:23: true or false is needed, got \"yes\"",
                "```stage | ```stagee | lesson.md:8: a block \"stagee\" is not known here; known: stage, predict",
                "answer: 2 | answer: 3 | lesson.md:31: a whole number from 1 to 2 is needed, got \"3\"",
                "why: 2 | whi: 2 | lesson.md:34: \"whi\" is not known here",
                "why: 2 | this: {bits: 99} | lesson.md:34: bits: 1 to 16 are supported, got 99",
                "mse < 1 | mse with budget=0 < 1 | lesson.md:14: budget: a number of bits above 0 is needed, got \"0\"",
                "mse < 1 | mse with activations.bitz=4 < 1 | lesson.md:14: \"bitz\" is not known here",
                "why: 2 | budget: -1 | lesson.md:34: budget: a number of bits above 0 is needed, got \"-1\"",
                "why: 2 | correct: recover:epochs | lesson.md:34: correct: name=value is needed, got \"epochs\"",
                "mse < 1 | mse with corrupt=fog:1 < 1 | lesson.md:14: corruption: one of noise",
                "```why | ```wrong | is not known here",
                "text: It is | text: [It is | is no YAML",
            })
    void whatIsWrongIsSaidWithItsLine(String good, String bad, String problem) {
        assertThat(GOOD).contains(good);

        assertThat(problems(GOOD.replace(good, bad)))
                .anySatisfy(said -> assertThat(said).contains(problem));
    }

    @Test
    void dataThatIsChangedAndFilesToReadAreCheckedToo() {
        assertThat(problems(GOOD.replace(
                        "size: 256}", "size: 256}\ndata: {file: a, light: 0, broken: -1, corrupt: 'noise:9'}")))
                .containsExactly(
                        "lesson.md:10: light: a number other than 0 is needed, got 0",
                        "lesson.md:10: a whole number from 0 to 2147483647 is needed, got \"-1\"",
                        "lesson.md:10: corruption: a severity from 0 to 5 is needed, got 9.0");
        assertThat(problems(GOOD.replace("{{mse}}.", "{{mse}}.\nfiles: [{format: c-headr, lines: 99}]")))
                .anySatisfy(said -> assertThat(said).contains("\"c-headr\" is not known here; known: c-header"))
                .anySatisfy(said -> assertThat(said).contains("from 1 to 40 is needed, got \"99\""))
                .hasSize(2);
    }

    /** They change the model or take a search; in a stage or a reveal nobody would see them done. */
    @Test
    void whatOnlyASolutionMayDoIsRefusedElsewhere() {
        assertThat(problems(GOOD.replace("size: 256}", "size: 256}\nbudget: 3")))
                .containsExactly("lesson.md:10: budget: only a solution and a wrong block may have it");
        assertThat(problems(GOOD.replace("{{mse}}.", "{{mse}}.\ncorrect: bias-correction")))
                .containsExactly("lesson.md:19: correct: only a solution and a wrong block may have it");
    }

    @Test
    void allProblemsOfAFileAreFoundAtOnce() {
        assertThat(problems(GOOD.replace("minutes: 5", "minutes: many")
                        .replace("mse < 1", "msee < 1")
                        .replace("why: 2", "why: 7")))
                .hasSize(3);
    }

    @Test
    void aFigureBeforeItsPredictionIsRefused() {
        assertThat(problems(GOOD.replace("## One\n", "## One\nThe error is {{mse}}.\n")))
                .containsExactly("lesson.md:7: {{mse}} shows mse before the prediction");
    }

    @Test
    void aStepThatAsksNeedsItsSolutionItsWrongsAndItsReveal() {
        assertThat(problems(GOOD.substring(0, GOOD.indexOf("```reveal"))))
                .containsExactlyInAnyOrder(
                        "lesson.md:7: the step asks for something and has no solution",
                        "lesson.md:7: a step that predicts has at least 2 wrong blocks, got 0",
                        "lesson.md:7: a step that predicts needs a reveal: what is shown then");
    }

    @Test
    void filesWithoutAnythingAreRefusedAndNotReadWrongly() {
        assertThat(problems("")).isNotEmpty();
        assertThat(problems("# Only a title")).anyMatch(p -> p.contains("the front matter is missing"));
        assertThat(problems("---\nid: a\ntitle: b\nminutes: 1\nable: [c]\n---\nText."))
                .anyMatch(p -> p.contains("there is no step"));
    }

    /** The example of the author's page is a lesson, and its blocks and those of the bundled lessons fit the schema. */
    @Test
    void theAuthorsPageHasACompleteExampleAndTheSchemaFits() throws IOException {
        String page = Files.readString(DOCS.resolve("lessons.md"));
        String example = page.substring(page.indexOf("````markdown\n") + "````markdown\n".length());
        example = example.substring(0, example.indexOf("````"));
        Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(DOCS.resolve("schemas/lesson.schema.json")), InputFormat.JSON);

        assertThat(problems(example)).isEmpty();
        for (String text :
                List.of(example, GOOD, bundled("one-loud-channel"), bundled("does-training-make-it-robust"))) {
            String front = text.substring(4, text.indexOf("\n---", 4));
            assertThat(schema.validate("front:\n" + front.indent(2), InputFormat.YAML))
                    .isEmpty();
            Matcher block = BLOCK.matcher(text);
            while (block.find()) {
                assertThat(schema.validate(
                                block.group(1) + ":\n" + block.group(2).indent(2), InputFormat.YAML))
                        .as(block.group())
                        .isEmpty();
            }
        }
    }

    private static String bundled(String id) throws IOException {
        try (var in = LessonReader.class.getResourceAsStream("lessons/" + id + "/lesson.md")) {
            return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        }
    }
}
