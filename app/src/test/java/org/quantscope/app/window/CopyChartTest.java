package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javafx.scene.Node;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ToggleButton;
import javafx.scene.image.Image;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.input.KeyCode;
import javafx.stage.Window;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Copyable;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.sketch.MomentSketch;
import org.testfx.api.FxRobot;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Charts are copied as they are shown. */
class CopyChartTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);

    @TempDir
    Path folder;

    private void choose(FxRobot robot, String chart, String item) throws Exception {
        OpenWindow.doOnFx(() -> {
            Node node = robot.lookup(chart).query();
            node.fireEvent(new ContextMenuEvent(ContextMenuEvent.CONTEXT_MENU_REQUESTED, 9, 9, 9, 9, false, null));
        });
        OpenWindow.waitUntil(() -> menu() != null);
        OpenWindow.doOnFx(() -> {
            MenuItem found = menu().getItems().stream()
                    .filter(i -> item.equals(i.getId()))
                    .findFirst()
                    .orElseThrow();
            menu().hide();
            found.fire();
        });
    }

    private static ContextMenu menu() {
        return Window.getWindows().stream()
                .filter(ContextMenu.class::isInstance)
                .map(ContextMenu.class::cast)
                .filter(m -> m.getItems().stream().anyMatch(i -> "chart-copy-csv".equals(i.getId())))
                .findFirst()
                .orElse(null);
    }

    private static String clipboard() {
        return OpenWindow.onFx(() -> Clipboard.getSystemClipboard().getString());
    }

    @Test
    void theNumbersOfTheHistogramAreTheBinsOfTheSketchAndItsPictureHasAsManyBars(FxRobot robot) throws Exception {
        choose(robot, "#histogram", "chart-copy-csv");
        List<String[]> rows = clipboard().lines().map(l -> l.split(",", -1)).toList();
        List<String[]> bins = rows.stream().filter(r -> r[0].equals("values")).toList();
        double lo = Double.parseDouble(bins.getFirst()[1]);
        double hi = Double.parseDouble(bins.getLast()[2]);
        MomentSketch sketch = at.hand().shown().orElseThrow();
        double[] counts = sketch.histogram(lo, hi, bins.size());
        assertThat(bins.stream().mapToDouble(r -> Double.parseDouble(r[3])).toArray())
                .containsExactly(counts);
        assertThat(Arrays.stream(counts).sum()).isGreaterThan(0.99 * sketch.count());
        assertThat(rows.getFirst()[0]).isEqualTo("series");
        assertThat(clipboard()).contains("\"value, units of the tensor, from\"", "number of values");
        assertThat(rows.stream().filter(r -> r[0].equals("range")).map(r -> Float.parseFloat(r[1])))
                .containsExactly(
                        at.hand().clip().orElseThrow().lo(),
                        at.hand().clip().orElseThrow().hi());

        choose(robot, "#histogram", "chart-copy-svg");
        NodeList boxes = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(clipboard().getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName("rect");
        int bars = 0;
        for (int i = 0; i < boxes.getLength(); i++) {
            bars += ((Element) boxes.item(i)).getAttribute("fill").equals(Ink.FLOAT.light()) ? 1 : 0;
        }
        // And the one of the key.
        assertThat(bars)
                .isEqualTo(1 + (int) Arrays.stream(counts).filter(n -> n > 0).count());
    }

    @Test
    void theKeyCopiesAllForms(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> robot.lookup("#handle-hi").query().requestFocus());
        robot.push(KeyCode.CONTROL, KeyCode.C);
        assertThat(clipboard()).startsWith("series,");
        Image picture = OpenWindow.onFx(() -> Clipboard.getSystemClipboard().getImage());
        assertThat(picture.getWidth()).isEqualTo(1280);
        assertThat(OpenWindow.onFx(() -> Clipboard.getSystemClipboard().getContent(Copyable.SVG)))
                .asString()
                .startsWith("<?xml");
        // The curve holds each calibrator with its error.
        choose(robot, ".error-curve-view", "chart-copy-csv");
        at.context
                .selected()
                .curveProperty()
                .get()
                .orElseThrow()
                .pins()
                .forEach(pin -> assertThat(clipboard()).contains("calibrators,").contains(Double.toString(pin.mse())));
    }

    @Test
    void everyPageHasItsChartAndAFileHoldsIt(FxRobot robot) throws Exception {
        Set<String> seen = new TreeSet<>();
        for (String page : List.of("channels", "codes", "layer-output")) {
            OpenWindow.doOnFx(() ->
                    robot.lookup("#tab-" + page).queryAs(ToggleButton.class).fire());
            at.waitForRest();
            OpenWindow.waitUntil(() -> charts().size() >= 3);
            seen.addAll(charts());
            if (page.equals("layer-output")) {
                OpenWindow.waitUntil(() -> charts().contains("layer-output"));
                seen.addAll(charts());
            }
        }
        assertThat(seen).contains("histogram", "slices", "codes", "layer-output", "size-and-score");

        List<Plot> figures =
                OpenWindow.onFx(() -> Copyable.under(at.stage.getScene().getRoot()).stream()
                        .flatMap(c -> c.figures().stream())
                        .filter(p -> p.id().equals("size-and-score"))
                        .toList());
        FigureSaving saving = new FigureSaving(
                new Settings(folder),
                at.context.background(),
                (title, suggestion) -> Optional.empty(),
                at.context.bench());
        for (String name : List.of("a.png", "a.csv", "a.svg")) {
            OpenWindow.doOnFx(() -> saving.save(figures, folder.resolve(name)));
            OpenWindow.waitUntil(() -> Files.exists(folder.resolve(name)));
        }
        assertThat(ImageIO.read(folder.resolve("a.png").toFile()).getWidth()).isEqualTo(1280);
        double score = at.context
                .accuracy()
                .viewProperty()
                .get()
                .quantized()
                .orElseThrow()
                .score();
        assertThat(Files.readString(folder.resolve("a.csv")))
                .contains("in hand,")
                .contains("," + 100 * score + ",");

        // What was read is never written.
        Path session = Files.writeString(folder.resolve("s.json"), "as it was");
        Path alias = Files.createSymbolicLink(folder.resolve("b.csv"), session);
        OpenWindow.doOnFx(() -> {
            at.context.bench().saved(at.context.bench().stateProperty().get().orElseThrow(), session);
            saving.save(figures, alias);
        });
        OpenWindow.waitUntil(
                () -> robot.lookup("#notice-text").queryLabeled().getText().contains("not saved"));
        assertThat(session).hasContent("as it was");
    }

    private Set<String> charts() {
        return Copyable.under(at.stage.getScene().getRoot()).stream()
                .flatMap(c -> c.figures().stream())
                .map(Plot::id)
                .collect(Collectors.toSet());
    }
}
