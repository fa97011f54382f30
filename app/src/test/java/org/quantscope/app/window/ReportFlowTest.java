package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javafx.scene.control.MenuButton;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleButton;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.report.ReportViewModel;
import org.quantscope.cli.CommandLineBesideWindow;
import org.testfx.api.FxRobot;
import tools.jackson.databind.JsonNode;

/** The report that the window writes is that of the command line, and each of its figures comes from a command. */
class ReportFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @TempDir
    Path folder;

    private void write(FxRobot robot, Path file) throws Exception {
        robot.push(KeyCode.CONTROL, KeyCode.R);
        OpenWindow.waitUntil(() -> !robot.lookup("#report-write").queryAll().isEmpty());
        OpenWindow.doOnFx(() -> {
            robot.lookup("#report-file").queryAs(TextField.class).setText(file.toString());
            robot.lookup("#report-write").queryButton().fire();
        });
        OpenWindow.waitUntil(
                () -> !(at.context.report().statusProperty().get() instanceof ReportViewModel.Status.Running));
    }

    @Test
    void eachFigureIsThatOfTheCommandsWhichTheReportNames(FxRobot robot) throws Exception {
        for (int bits : List.of(3, 2)) {
            OpenWindow.doOnFx(() -> at.context.quantizer().setBits(bits));
            at.waitForRest();
            robot.push(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.T);
        }
        OpenWindow.waitUntil(() -> at.context.snapshots().viewProperty().get().size() == 2
                && at.context.snapshots().viewProperty().get().stream()
                        .allMatch(k -> k.score().isPresent()));
        Path session = folder.resolve("my session.quantscope.json");
        OpenWindow.doOnFx(() -> {
            at.context.bench().saved(at.context.bench().stateProperty().get().orElseThrow(), session);
            at.context.quantizer().setBits(5);
        });
        at.waitForRest();
        OpenWindow.doOnFx(() -> at.context.session().save());
        OpenWindow.waitUntil(() -> !at.context.bench().dirtyProperty().get());

        Path file = folder.resolve("r.html");
        write(robot, file);
        assertThat(OpenWindow.text(robot, "#report-path")).isEqualTo("✓ " + file.toRealPath());

        String page = Files.readString(file);
        Map<String, JsonNode> answers = new HashMap<>();
        for (String line : found(page, "<code>(.*?)</code>")) {
            List<String> words = words(line);
            if (!words.get(1).equals("report")) {
                JsonNode answer = CommandLineBesideWindow.run(
                        folder.resolve("state"), words.subList(1, words.size()).toArray());
                int subject = Math.max(words.indexOf("--tensor"), words.indexOf("--against-snapshot"));
                answers.put(words.get(1) + (subject < 0 ? "" : " " + words.get(subject + 1)), answer);
            }
        }
        Matcher cells = Pattern.compile("<td[^>]*data-id=\"([^\"]*)\"[^>]*>").matcher(page);
        int compared = 0;
        int ofSnapshots = 0;
        while (cells.find()) {
            String subject = attribute(cells.group(), "data-subject");
            int dot = cells.group(1).indexOf('.');
            JsonNode answer = answers.get(cells.group(1).substring(0, dot) + (subject.isEmpty() ? "" : " " + subject));
            assertThat(answer).as(cells.group()).isNotNull();
            JsonNode value = answer.at("/" + cells.group(1).substring(dot + 1).replace('.', '/'));
            assertThat(value.asDouble())
                    .as(cells.group())
                    .isEqualTo(Double.parseDouble(attribute(cells.group(), "data-value")));
            compared++;
            ofSnapshots += cells.group(1).startsWith("eval.") && !subject.isEmpty() ? 1 : 0;
        }
        assertThat(compared).isGreaterThan(30);
        assertThat(ofSnapshots).isEqualTo(6);
    }

    @Test
    void nothingThatWasReadIsOverwrittenAndTheFolderIsRemembered(FxRobot robot) throws Exception {
        Path session = Files.writeString(folder.resolve("s.quantscope.json"), "as it was");
        Path alias = Files.createSymbolicLink(folder.resolve("alias.pdf"), session);
        OpenWindow.doOnFx(() -> {
            at.context.bench().saved(at.context.bench().stateProperty().get().orElseThrow(), session);
            at.context.report().write(ReportViewModel.Form.PDF, alias);
        });
        OpenWindow.waitUntil(
                () -> at.context.report().statusProperty().get() instanceof ReportViewModel.Status.Refused);
        assertThat(session).hasContent("as it was");

        // The menu opens it as the key does; the form and the folder are those of the last time.
        OpenWindow.doOnFx(() -> robot.lookup("#save")
                .queryAs(MenuButton.class)
                .getItems()
                .getLast()
                .fire());
        OpenWindow.waitUntil(() -> !robot.lookup("#report-write").queryAll().isEmpty());
        TextField field = robot.lookup("#report-file").queryAs(TextField.class);
        assertThat(Path.of(field.getText())).isEqualTo(folder.toAbsolutePath().resolve("digits_mlp_report.pdf"));
        OpenWindow.doOnFx(
                () -> robot.lookup("#report-html").queryAs(ToggleButton.class).fire());
        assertThat(field.getText()).endsWith("digits_mlp_report.html");
        OpenWindow.doOnFx(
                () -> robot.lookup("#report-pdf").queryAs(ToggleButton.class).fire());
        List<Path> opened = new ArrayList<>();
        OpenWindow.doOnFx(() -> {
            at.window.setFolderOpener(opened::add);
            robot.lookup("#report-write").queryButton().fire();
        });
        OpenWindow.waitUntil(
                () -> at.context.report().statusProperty().get() instanceof ReportViewModel.Status.Written);
        Path file = folder.resolve("digits_mlp_report.pdf");
        assertThat(new String(Files.readAllBytes(file), 0, 5, StandardCharsets.ISO_8859_1))
                .isEqualTo("%PDF-");
        OpenWindow.doOnFx(() -> robot.lookup("#report-folder").queryButton().fire());
        assertThat(opened)
                .singleElement()
                .satisfies(p -> assertThat(Files.isSameFile(p, folder)).isTrue());
    }

    @Test
    void aReportThatIsCancelledLeavesNothing() throws Exception {
        Path file = folder.resolve("never.html");
        OpenWindow.doOnFx(() -> {
            at.context.report().write(ReportViewModel.Form.HTML, file);
            at.context.report().cancel();
        });
        OpenWindow.waitUntil(
                () -> at.context.report().statusProperty().get() instanceof ReportViewModel.Status.Refused);
        assertThat(file).doesNotExist();
    }

    private static List<String> found(String page, String what) {
        List<String> all = new ArrayList<>();
        Matcher m = Pattern.compile(what, Pattern.DOTALL).matcher(page);
        while (m.find()) {
            all.add(m.group(1).replace("&#39;", "'").replace("&amp;", "&"));
        }
        return all;
    }

    private static String attribute(String tag, String name) {
        Matcher m = Pattern.compile(name + "=\"([^\"]*)\"").matcher(tag);
        return m.find() ? m.group(1) : "";
    }

    /** The words of a line; single quotes hold blanks together. */
    private static List<String> words(String line) {
        List<String> all = new ArrayList<>();
        Matcher m = Pattern.compile("'([^']*)'|\\S+").matcher(line);
        while (m.find()) {
            all.add(m.group(1) != null ? m.group(1) : m.group());
        }
        return all;
    }
}
