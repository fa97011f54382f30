package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs the page for agents: each of its command lines, its exit codes, and the fields that it shows. */
class AgentsPageTest {
    private static final Path PAGE = Path.of(System.getProperty("quantscope.root"), "docs/AGENTS.md");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\S+)(?: (\\S+))?\\n(.*?)^```$");
    private static final Pattern EXIT = Pattern.compile("# exit (\\d+)");
    private static final Map<String, String> GIVEN = Map.of(
            "digits_mlp.onnx", "model.onnx",
            "digits_test.npz", "test.npz",
            "digits_test.dataset.json", "test.dataset.json",
            "digits_calibration.npz", "calibration.npz",
            "digits_calibration.dataset.json", "calibration.dataset.json");

    @TempDir
    private Path folder;

    @Test
    void theCommandsOfThePageDoWhatItSays() throws IOException {
        for (Map.Entry<String, String> file : GIVEN.entrySet()) {
            Files.copy(CommandLineRun.sample(file.getKey()), folder.resolve(file.getValue()));
        }
        List<CommandLineRun> last = new ArrayList<>();
        int commands = 0;
        int shown = 0;
        Matcher block = BLOCK.matcher(Files.readString(PAGE));
        while (block.find()) {
            String text = block.group(3);
            if (block.group(2) != null) {
                Files.writeString(folder.resolve(block.group(2)), text);
            } else if (block.group(1).equals("sh")) {
                last.clear();
                for (String line : text.lines().toList()) {
                    last.add(run(line));
                    commands++;
                }
            } else {
                JsonNode example = new JsonMapper().readTree(text);
                List<JsonNode> answers = last.stream()
                        .filter(run -> !run.out().isEmpty())
                        .map(CommandLineRun::json)
                        .toList();
                assertHolds(answers.getLast(), example, text);
                shown++;
            }
        }
        assertThat(commands).isGreaterThan(12);
        assertThat(shown).isGreaterThan(5);
    }

    private CommandLineRun run(String line) {
        Matcher exit = EXIT.matcher(line);
        int expected = exit.find() ? Integer.parseInt(exit.group(1)) : 0;
        String[] words = line.replaceFirst("\\s*#.*", "").split(" +", -1);
        assertThat(words[0]).as(line).isEqualTo("quantscope");
        Object[] args = Arrays.stream(words)
                .skip(1)
                .map(word -> word.matches(".*\\.(onnx|npz|json)") ? folder.resolve(word) : word)
                .toArray();
        CommandLineRun run = CommandLineRun.of(args);
        assertThat(run.code()).as(line + "\n" + run.err()).isEqualTo(expected);
        return run;
    }

    /** The answer has every field of the example, of the same kind; of a list the first element speaks for all. */
    private static void assertHolds(JsonNode answer, JsonNode example, String where) {
        assertThat(answer.getNodeType()).as(where).isEqualTo(example.getNodeType());
        if (example.isArray() && !example.isEmpty()) {
            assertThat(answer.isEmpty()).as(where).isFalse();
            assertHolds(answer.get(0), example.get(0), where);
        } else if (example.isObject()) {
            for (String name : example.propertyNames()) {
                assertThat(CommandLineRun.names(answer)).as(where).contains(name);
                assertHolds(answer.get(name), example.get(name), where);
            }
        }
    }
}
