package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.Task;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SnapshotScore;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import tools.jackson.databind.JsonNode;

class ReportCommandTest {
    /** A name that is harmful in HTML and in a shell. */
    private static final String NAME = "it's <b onload=x> & $(exit) \".onnx";

    @TempDir
    private static Path folder;

    private static Path model;
    private static Path config;

    @BeforeAll
    static void calibrate() throws IOException {
        model = Files.copy(CommandLineRun.sample("digits_mlp.onnx"), folder.resolve(NAME));
        config = folder.resolve("c d.json");
        CommandLineRun run = CommandLineRun.of(
                "calibrate",
                model,
                "--data",
                CommandLineRun.sample("digits_calibration.npz"),
                "--bits",
                4,
                "-o",
                config);
        assertThat(run.code()).as(run.err()).isZero();
    }

    /** The config with settings of 3 bits as a snapshot, and with what {@code eval} says that they score. */
    private static Path withSnapshot(String name) throws IOException {
        Path other = folder.resolve("three.json");
        CommandLineRun made = CommandLineRun.of(
                "calibrate",
                model,
                "--data",
                CommandLineRun.sample("digits_calibration.npz"),
                "--bits",
                3,
                "-o",
                other);
        assertThat(made.code()).as(made.err()).isZero();
        Path data = CommandLineRun.sample("digits_test.npz");
        JsonNode scored = CommandLineRun.of("eval", model, "--config", other, "--data", data, "--limit", 150, "--json")
                .json();
        Session three = SessionFile.read(other);
        Session four = SessionFile.read(config);
        Snapshot kept = Snapshot.of(name, three.state());
        SessionState state = four.state()
                .withSnapshots(List.of(kept))
                .withEvaluationData(Optional.of(FileRef.of(Datasets.open(data).limit(150))));
        SnapshotScore score = new SnapshotScore(
                SnapshotScore.restsOn(state),
                "digits_test.npz",
                Task.byId(scored.get("metric").asString()).orElseThrow(),
                150,
                scored.at("/quantized/accuracy").asDouble(),
                scored.at("/float32/accuracy").asDouble(),
                scored.at("/size_bytes/quantized").asLong());
        Path both = folder.resolve("both.json");
        SessionFile.write(new Session(state, four.ranges(), four.solved(), Map.of(kept.key(), List.of(score))), both);
        return both;
    }

    private static CommandLineRun report(Path output) {
        return report(config, output);
    }

    private static CommandLineRun report(Path settings, Path output) {
        return CommandLineRun.of(
                "report",
                model,
                "--config",
                settings,
                "--data",
                CommandLineRun.sample("digits_test.npz"),
                "--limit",
                200,
                "-o",
                output,
                "--json");
    }

    @Test
    void eachFigureIsFoundInTheJsonOfTheCommandThatTheReportNames() throws Exception {
        String kept = "it's of 3 bits";
        Path file = folder.resolve("report.html");
        CommandLineRun run = report(withSnapshot(kept), file);
        assertThat(run.code()).as(run.err()).isZero();
        Document page = parsed(Files.readAllBytes(file));

        Map<String, JsonNode> answers = new HashMap<>();
        for (Element code : elements(page, "code")) {
            List<String> words = words(code.getTextContent());
            assertThat(words.removeFirst()).isEqualTo("quantscope");
            if (words.getFirst().equals("report")) {
                continue;
            }
            CommandLineRun again = CommandLineRun.of(words.toArray());
            assertThat(again.code()).as(code.getTextContent() + again.err()).isZero();
            int tensor = Math.max(words.indexOf("--tensor"), words.indexOf("--against-snapshot"));
            answers.put(words.getFirst() + (tensor < 0 ? "" : " " + words.get(tensor + 1)), again.json());
        }
        assertThat(answers.keySet())
                .containsExactlyInAnyOrder(
                        "eval", "eval " + kept, "device", "error 0.weight", "error 2.weight", "error 4.weight");

        int compared = 0;
        JsonNode listed = run.json().get("figures");
        for (Element cell : elements(page, "td")) {
            if (!cell.hasAttribute("data-id")) {
                continue;
            }
            String[] path = cell.getAttribute("data-id").split("\\.", 2);
            String subject = cell.getAttribute("data-subject");
            JsonNode at = answers.get(path[0] + (subject.isEmpty() ? "" : " " + subject));
            assertThat(at).as(path[0] + subject).isNotNull();
            for (String field : path[1].split("\\.", -1)) {
                at = at.path(field);
            }
            double value = Double.parseDouble(cell.getAttribute("data-value"));
            assertThat(at.isNumber()).as(cell.getAttribute("data-id")).isTrue();
            assertThat(at.asDouble())
                    .as(cell.getAttribute("data-id"))
                    .isCloseTo(value, within(1e-12 * Math.abs(value)));
            // What a person reads is that number.
            double read =
                    Double.parseDouble(cell.getTextContent().replace(",", "").split(" ", 2)[0]);
            double shown = cell.getAttribute("data-unit").equals("share") ? 100 * value : value;
            assertThat(read).isCloseTo(shown, within(Math.max(0.005, 5e-4 * Math.abs(shown))));
            JsonNode same = listed.get(compared++);
            assertThat(same.get("id").asString()).isEqualTo(cell.getAttribute("data-id"));
            assertThat(same.get("value").asDouble()).isEqualTo(value);
            if (cell.hasAttribute("data-n")) {
                assertThat(same.get("n").asString()).isEqualTo(cell.getAttribute("data-n"));
            }
        }
        assertThat(compared).isEqualTo(listed.size()).isGreaterThan(30);
        JsonNode delta = listed.valueStream()
                .filter(f -> f.get("id").asString().equals("eval.delta"))
                .findFirst()
                .orElseThrow();
        assertThat(delta.get("lo95").asDouble())
                .isEqualTo(answers.get("eval").get("delta_lo95").asDouble());
        assertThat(delta.get("n").asInt()).isEqualTo(200);
        assertThat(listed.valueStream()
                        .filter(f -> f.path("subject").asString("").equals(kept)))
                .extracting(f -> f.get("id").asString())
                .containsExactly(
                        "eval.against.size_bytes.against", "eval.against.against.accuracy", "eval.float32.accuracy");
        String text = page.getDocumentElement().getTextContent();
        JsonNode inspected = CommandLineRun.of("inspect", model, "--json").json();
        assertThat(text).contains(inspected.get("sha256").asString(), "sample, from 0", NAME, "3 × Gemm");
    }

    @Test
    void thePageNeedsNothingElseAndHasAFigureForEachCurve() throws Exception {
        Path file = folder.resolve("offline.html");
        assertThat(report(file).code()).isZero();
        String text = Files.readString(file);
        Document page = parsed(text.getBytes(StandardCharsets.UTF_8));
        TreeSet<String> names = new TreeSet<>();
        for (Element element : elements(page, "*")) {
            names.add(element.getTagName());
            for (int i = 0; i < element.getAttributes().getLength(); i++) {
                assertThat(element.getAttributes().item(i).getNodeName()).doesNotStartWith("on");
            }
            assertThat(element.hasAttribute("src") || element.hasAttribute("href"))
                    .isFalse();
        }
        assertThat(names).contains("svg", "table", "polyline").doesNotContain("script", "link", "img", "b", "iframe");
        assertThat(text).doesNotContain("url(", "@import").contains("prefers-color-scheme:dark", "@media print");
        assertThat(elements(page, "svg")).hasSize(6);
    }

    @Test
    void inputsStayAndOnlyKnownFormsAreWritten() throws IOException {
        byte[] before = Files.readAllBytes(config);
        Path alias = Files.createSymbolicLink(folder.resolve("alias.html"), config);

        assertThat(report(alias).code()).isEqualTo(2);
        assertThat(report(folder.resolve("report.txt")).code()).isEqualTo(2);

        assertThat(Files.readAllBytes(config)).isEqualTo(before);
        assertThat(folder.resolve("report.txt")).doesNotExist();
    }

    @Test
    void withoutDataTheReportSaysThatNothingWasMeasured() throws Exception {
        Path file = folder.resolve("plain.html");
        CommandLineRun run = CommandLineRun.of("report", model, "--config", config, "-o", file, "--json");

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().get("figures").valueStream())
                .noneMatch(f -> f.get("id").asString().startsWith("eval"));
        assertThat(parsed(Files.readAllBytes(file)).getDocumentElement().getTextContent())
                .contains("Not measured: the report was made without data.");
    }

    /** The same content: every figure stands in the text as it is written in the page, and each page has its number. */
    @Test
    void thePdfSaysTheSame() throws Exception {
        Path file = folder.resolve("report.PDF");
        CommandLineRun run = report(file);
        assertThat(run.code()).as(run.err()).isZero();
        Path html = folder.resolve("same.html");
        assertThat(report(html).code()).isZero();

        try (PDDocument pdf = Loader.loadPDF(file.toFile())) {
            String text = new PDFTextStripper().getText(pdf);
            String dense = text.replaceAll("\\s", "");
            for (Element cell : elements(parsed(Files.readAllBytes(html)), "td")) {
                if (cell.hasAttribute("data-id")) {
                    assertThat(dense).contains(cell.getTextContent().replaceAll("\\s", ""));
                }
            }
            int pages = pdf.getNumberOfPages();
            assertThat(text).contains("page 1 of " + pages, "page " + pages + " of " + pages, "Values of 0.weight");
            assertThat(dense).contains(NAME.replace(" ", ""));
            assertThat(pages).isBetween(3, 12);
            for (PDPage page : pdf.getPages()) {
                // Curves are lines, not pixels.
                assertThat(page.getResources().getXObjectNames()).isEmpty();
            }
        }
    }

    private static Document parsed(byte[] page) throws ParserConfigurationException, SAXException, IOException {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(page));
    }

    private static List<Element> elements(Document page, String name) {
        NodeList found = page.getElementsByTagName(name);
        List<Element> all = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            all.add((Element) found.item(i));
        }
        return all;
    }

    /** The words of a line as a POSIX shell reads them, as far as single quotes and backslashes go. */
    private static List<String> words(String line) {
        List<String> all = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\'') {
                quoted = !quoted;
            } else if (!quoted && c == '\\') {
                word.append(line.charAt(++i));
            } else if (!quoted && c == ' ') {
                all.add(word.toString());
                word.setLength(0);
            } else {
                word.append(c);
            }
        }
        all.add(word.toString());
        return all;
    }
}
