package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.Control;
import javafx.scene.control.Labeled;
import javafx.scene.control.ListView;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.Tooltip;
import javafx.scene.text.Text;
import javafx.stage.Stage;
import javafx.stage.Window;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;
import org.testfx.api.FxRobot;

/** Names of files, tensors, operators and classes that a terminal would obey, or that turn text around, in every part of the window. */
class ShownNamesTest {
    /** ESC, BEL, turned direction, a C1 control, a mark without width, a line break. */
    private static final String WEIGHT = "one\u001b[31mred\u202eevil\u0007";

    private static final String LINES = "\u2066two\u2069\u200b\nsecond line";
    private static final String VALUE = "h\u009b31m";

    @TempDir
    private static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(model(), data()).withoutCurve();

    private static Path model() {
        var graph = TinyModels.graph(
                        TinyModels.node("MatMul", List.of("x", WEIGHT), VALUE).setName("node\u001b]0;x\u0007"),
                        TinyModels.node("Relu", List.of(VALUE), "r\ufeff").setName("re\u202elu"),
                        TinyModels.node("MatMul", List.of("r\ufeff", LINES), "y"))
                .addInitializer(TinyModels.floats(WEIGHT, new long[] {2, 3}, 1, -2, 3, 4, -5, 6))
                .addInitializer(TinyModels.floats(LINES, new long[] {3, 2}, 1, -1, 0.3f, 1, 1, 0.1f));
        graph.setInput(0, TinyModels.value("x", -1, 2)).setOutput(0, TinyModels.value("y", -1, 2));
        return write("m\u202e\u001b.onnx", TinyModels.model(13, graph).build().toByteArray());
    }

    private static Path data() {
        byte[] x = ArrayFiles.npy("<f4", "(4, 2)", ArrayFiles.f4(1, 0, 0, 1, -1, 0, 0.3f, -1));
        byte[] y = ArrayFiles.npy("<i8", "(4,)", ArrayFiles.i8(0, 1, 1, 0));
        write(
                "d\u202e.dataset.json",
                "{\"classes\": [\"cat\\u001b[2J\", \"dog\\u202e\\nx\"]}".getBytes(StandardCharsets.UTF_8));
        return write("d\u202e.npz", ArrayFiles.zip(false, Map.of("x.npy", x, "y.npy", y)));
    }

    private static Path write(String name, byte[] content) {
        try {
            return Files.write(folder.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All texts of all windows, also those that are only spoken or shown on request. */
    private static List<String> texts() {
        List<String> all = new ArrayList<>();
        for (Window window : Window.getWindows()) {
            if (window instanceof Stage stage) {
                all.add(stage.getTitle());
            }
            collect(window.getScene().getRoot(), all);
        }
        return all;
    }

    private static void collect(Node node, List<String> all) {
        Stream.of(
                        Optional.ofNullable(node.getAccessibleText()),
                        node instanceof Labeled l ? Optional.ofNullable(l.getText()) : Optional.<String>empty(),
                        node instanceof Text t ? Optional.ofNullable(t.getText()) : Optional.<String>empty(),
                        node instanceof Control c
                                ? Optional.ofNullable(c.getTooltip()).map(Tooltip::getText)
                                : Optional.<String>empty())
                .flatMap(Optional::stream)
                .forEach(all::add);
        if (node instanceof MenuButton menu) {
            menu.getItems().stream().map(MenuItem::getText).forEach(all::add);
        }
        // What can be edited is the text itself: the path of a file, say.
        if (node instanceof Parent parent && !(node instanceof TextInputControl)) {
            parent.getChildrenUnmodifiable().forEach(child -> collect(child, all));
        }
    }

    /** Looks at everything that is shown, and returns it. */
    private static List<String> looked(String where) {
        List<String> texts = OpenWindow.onFx(ShownNamesTest::texts).stream()
                .filter(t -> t != null)
                .toList();
        assertThat(texts).as(where).isNotEmpty().allSatisfy(text -> {
            assertThat(text.codePoints().filter(c -> c != '\n' && c != '\t').noneMatch(Invisible::is))
                    .as(Invisible.escaped(text))
                    .isTrue();
            assertThat(text).doesNotContain("\nsecond");
        });
        return texts;
    }

    @Test
    void areShownAsEscapesEverywhere(FxRobot robot) throws Exception {
        String weight = "one\\u001b[31mred\\u202eevil\\u0007";
        assertThat(looked("the window"))
                .contains("m\\u202e\\u001b.onnx – Quantscope", weight, "\\u2066two\\u2069\\u200b\\nsecond line");

        OpenWindow.doOnFx(() -> {
            at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2))));
            at.context
                    .tensors()
                    .keepFloat(Set.of(at.context.bench().weights().getLast().id()));
        });
        at.waitForRest();
        assertThat(looked("an undo step")).anyMatch(t -> t.startsWith("Undo ") && t.contains("second line"));
        for (String page : List.of("slices", "codes", "layer-output", "graph")) {
            robot.lookup("#tab-" + page).tryQueryAs(ToggleButton.class).ifPresent(tab -> OpenWindow.doOnFx(tab::fire));
            looked(page);
        }
        OpenWindow.doOnFx(() -> robot.lookup("#data").queryButton().fire());
        OpenWindow.waitUntil(() -> robot.lookup("#input-use").tryQuery().isPresent());
        looked("the data dialog");
        OpenWindow.doOnFx(() ->
                robot.lookup("#input-use").queryButton().getScene().getWindow().hide());

        OpenWindow.doOnFx(() -> robot.lookup("#export").queryButton().fire());
        for (Exporter format : Exporters.all()) {
            OpenWindow.doOnFx(() -> at.context.targets().choose(format));
            looked("the export to " + format.id());
        }
        ListView<?> targets = robot.lookup("#export-targets").queryListView();
        OpenWindow.doOnFx(() -> targets.getScene().getWindow().hide());

        Path encodings = folder.resolve("e\u202e.json");
        Files.writeString(
                encodings,
                "{\"version\": \"0.6.1\", \"activation_encodings\": {}, \"param_encodings\": {\"other\\u202e\":"
                        + " [{\"bitwidth\": 8, \"min\": -1, \"max\": 1, \"scale\": 0.0078, \"offset\": -128, \"dtype\":"
                        + " \"int\", \"is_symmetric\": \"True\"}]}}");
        OpenWindow.doOnFx(() -> at.window.drop(List.of(encodings.toFile())));
        OpenWindow.waitUntil(() -> robot.lookup("#import-unplaced").tryQuery().isPresent());
        looked("the import dialog");
        OpenWindow.doOnFx(() ->
                robot.lookup("#import-unplaced").query().getScene().getWindow().hide());

        OpenWindow.doOnFx(() -> at.context.session().openEvaluationData(folder.resolve("gone\u001b.npz")));
        OpenWindow.waitUntil(() -> robot.lookup("#notice").query().isVisible());
        assertThat(looked("a notice")).anyMatch(t -> t.contains("gone\\u001b.npz"));
    }

    /** Classes that the sidecar of an IDX pair names, found in the model's own list, which lies in a file of such a name too. */
    private static Path idx() {
        write("t-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 1, 0});
        write("n\u202e.txt", "dog\u202ex\u0007\ncat\u001b[2J\n".getBytes(StandardCharsets.UTF_8));
        write(
                "t-images-idx2-ubyte.dataset.json",
                "{\"classes\": [\"cat\\u001b[2J\", \"dog\\u202ex\\u0007\"], \"model_classes\": \"n\\u202e.txt\"}"
                        .getBytes(StandardCharsets.UTF_8));
        return write("t-images-idx2-ubyte", new byte[] {0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 2, 1, 0, 0, 1, 5, 0, 3, 7});
    }

    @Test
    void namesOfClassesOfIdxLabelsAndOfTheModelAreShownAsEscapes(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.session().openEvaluationData(idx()));
        OpenWindow.doOnFx(
                () -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))));
        OpenWindow.waitUntil(() -> at.rests()
                && at.context
                        .bench()
                        .evaluationData()
                        .filter(d -> d.file().endsWith("t-images-idx2-ubyte"))
                        .isPresent()
                && robot.lookup("#flip-0").tryQuery().isPresent());
        looked("the card of flips");

        OpenWindow.doOnFx(() -> robot.lookup("#flip-0").queryButton().fire());
        OpenWindow.waitUntil(() -> robot.lookup("#page-confusion").tryQuery().isPresent());
        OpenWindow.doOnFx(() ->
                robot.lookup("#page-confusion").queryAs(ToggleButton.class).fire());
        OpenWindow.waitUntil(() -> robot.lookup("#confusion-0-1").tryQuery().isPresent());
        assertThat(looked("the window of flips")).anyMatch(t -> t.contains("cat\\u001b[2J"));
        OpenWindow.doOnFx(() ->
                robot.lookup("#flipped-list").query().getScene().getWindow().hide());

        OpenWindow.doOnFx(() -> robot.lookup("#data").queryButton().fire());
        OpenWindow.waitUntil(() -> robot.lookup("#input-use").tryQuery().isPresent());
        looked("the data dialog");
        OpenWindow.doOnFx(() ->
                robot.lookup("#input-use").queryButton().getScene().getWindow().hide());

        write(
                "t-images-idx2-ubyte.dataset.json",
                "{\"classes\": [\"cow\\u001b\", \"dog\"], \"model_classes\": \"n\\u202e.txt\"}"
                        .getBytes(StandardCharsets.UTF_8));
        OpenWindow.doOnFx(() -> at.context.session().openEvaluationData(folder.resolve("t-images-idx2-ubyte")));
        OpenWindow.waitUntil(() -> robot.lookup("#input-use").tryQuery().isPresent());
        assertThat(looked("a refusal")).anyMatch(t -> t.contains("'cow\\u001b' is a class of the data"));
    }
}
