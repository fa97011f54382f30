package org.quantscope.app.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.image.Image;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.StackPane;
import javafx.scene.paint.Color;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.app.bench.GeneratedGraphs;
import org.quantscope.app.session.Settings;
import org.quantscope.app.tensors.ShownSensitivity;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Theme;
import org.quantscope.app.window.MainWindow;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.Task;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sensitivity.TensorSensitivity;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class GraphViewTest {
    private static final int SIDE = 500;
    private static final double HEAD = 26;
    private static final double FOOT = 30;
    private static final double MARGIN = 24;
    private static final Palette PALETTE = Theme.DARK.palette();

    @TempDir
    static Path folder;

    private MainWindow window;
    private GraphView view;
    private Stage stage;

    /** On one thread: what is asked for is there. */
    @Start
    void start(Stage shared) throws IOException {
        window = new MainWindow(
                new Stage(), new Settings(folder.resolve("" + System.nanoTime())), Runnable::run, Runnable::run);
        view = new GraphView(window.context().graph());
        stage = new Stage();
        stage.setScene(new Scene(new StackPane(view), SIDE, SIDE));
        stage.setX(0);
        stage.setY(0);
        stage.show();
        window.context().session().openModel(GeneratedGraphs.deep(400, folder));
        // Each fourth weight is clipped to next to nothing.
        var weights = window.context().bench().weights();
        QuantSpec harsh = QuantSpec.WEIGHTS.withClip(new Clip.Manual(ClipRange.symmetric(0.01f)));
        window.context()
                .bench()
                .apply(new Edit.All(
                        "",
                        IntStream.range(0, weights.size() / 4)
                                .mapToObj(i -> (Edit)
                                        new Edit.SetOverride(weights.get(4 * i).id(), harsh))
                                .toList()));
        window.context().graph().setShowing(true);
    }

    @Stop
    void stop() {
        stage.hide();
        window.context().close();
    }

    private GraphViewModel.Drawn shown() {
        return window.context().graph().viewProperty().get().drawn().orElseThrow();
    }

    private Image picture(String button) {
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> ((Button) view.lookup(button)).fire());
        WaitForAsyncUtils.waitForFxEvents();
        return WaitForAsyncUtils.waitForAsyncFx(10_000, () -> view.snapshot(null, null));
    }

    private static boolean isThere(Image picture, Color colour, int x, int y) {
        Color there = picture.getPixelReader().getColor(x, y);
        return Math.abs(there.getRed() - colour.getRed())
                        + Math.abs(there.getGreen() - colour.getGreen())
                        + Math.abs(there.getBlue() - colour.getBlue())
                < 0.02;
    }

    @Test
    void fromFarAwayEveryBadBoxIsASpeckInItsPlaceAndTheTensorInHandIsFramed() {
        ModelDrawing drawing = shown().drawing();
        double scale = (SIDE - HEAD - FOOT - 2 * MARGIN) / drawing.height();
        assertThat(scale).isLessThan(0.1);
        double left = (SIDE - drawing.width() * scale) / 2;
        double top = HEAD + (SIDE - HEAD - FOOT - drawing.height() * scale) / 2;
        ModelDrawing.Box hand =
                drawing.carrier(shown().selected().orElseThrow()).orElseThrow();
        Image picture = picture("#graph-fit");
        int bad = 0;
        for (int i = 0; i < drawing.boxes().size(); i++) {
            ModelDrawing.Box box = drawing.boxes().get(i);
            boolean besideFrame = Math.abs(box.y() - hand.y()) * scale > 8;
            if (shown().worst()
                            .get(i)
                            .filter(row -> row.level() == ShownSensitivity.Level.BAD)
                            .isPresent()
                    && besideFrame) {
                // Inside the speck, whatever part of a pixel its edges cover.
                int x = (int) Math.ceil(left + box.x() * scale) + 1;
                int y = (int) Math.ceil(top + box.y() * scale);
                assertThat(isThere(picture, PALETTE.bad(), x, y))
                        .as("%s at %d, %d", box.name(), x, y)
                        .isTrue();
                bad++;
            }
        }
        assertThat(bad).isGreaterThan(20);
        int x = (int) Math.round(left + (hand.x() + hand.width() / 2) * scale);
        int frame = (int) Math.round(top + hand.y() * scale - 3);
        assertThat(isThere(picture, PALETTE.hand(), x, frame) || isThere(picture, PALETTE.hand(), x, frame - 1))
                .isTrue();
    }

    @Test
    void nearByTheTensorInHandIsABoxInTheMiddle() {
        ModelDrawing drawing = shown().drawing();
        assertThat(drawing.boxes()).hasSizeGreaterThan(300);
        Image picture = picture("#graph-home");
        boolean framed = false;
        for (int y = SIDE / 2 - 30; y < SIDE / 2 + 30; y++) {
            framed |= isThere(picture, PALETTE.hand(), SIDE / 2, y);
        }
        assertThat(framed).isTrue();
    }

    @Test
    void aSoughtOperatorIsCountedAndEnterGoesToTheNextOne() {
        TextField field = (TextField) view.lookup("#graph-find");
        List<ModelDrawing.Box> gemms = shown().drawing().find("weight");
        assertThat(gemms).hasSizeGreaterThan(10);
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> field.setText("WEIGHT"));
        assertThat(((Label) view.lookup("#graph-hits")).getText()).isEqualTo(gemms.size() + " found");
        enter(field);
        enter(field);
        assertThat(((Label) view.lookup("#graph-hits")).getText()).isEqualTo("2 of " + gemms.size());
        assertThat(gemms.get(1).tensors()).contains(shown().selected().orElseThrow());
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> field.setText("no such thing"));
        assertThat(((Label) view.lookup("#graph-hits")).getText()).isEqualTo("none");
    }

    private static void enter(TextField field) {
        WaitForAsyncUtils.waitForAsyncFx(
                10_000,
                () -> field.fireEvent(
                        new KeyEvent(KeyEvent.KEY_PRESSED, "", "", KeyCode.ENTER, false, false, false, false)));
    }

    @Test
    void theDrawingIsTurnedByHandAndByTheRoomThereIs() {
        assertThat(shown().drawing().way()).isEqualTo(ModelDrawing.Way.DOWN);
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> window.context().graph().setRoom(20_000, 100));
        assertThat(shown().drawing().way()).isEqualTo(ModelDrawing.Way.RIGHT);
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> ((Button) view.lookup("#graph-turn")).fire());
        assertThat(shown().drawing().way()).isEqualTo(ModelDrawing.Way.DOWN);
        // Whoever has turned it by hand is not asked again.
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> window.context().graph().setRoom(30_000, 100));
        assertThat(shown().drawing().way()).isEqualTo(ModelDrawing.Way.DOWN);
    }

    @Test
    void blocksAreFoldedAndOneIsOpenedByItself() {
        Path sample = Path.of(System.getProperty("quantscope.samples"), "fashion_resnet.onnx");
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> {
            // Nothing unsaved, so nothing is asked.
            window.context().bench().undo();
            window.context().session().openModel(sample);
        });
        int all = shown().drawing().boxes().size();
        Button fold = (Button) view.lookup("#graph-fold");
        WaitForAsyncUtils.waitForAsyncFx(10_000, fold::fire);
        // Three blocks of 5, 6 and 6 operators.
        assertThat(shown().drawing().boxes()).hasSize(all - 17 + 3);
        assertThat(fold.getText()).isEqualTo("open blocks");
        ModelDrawing.Box second = shown().drawing().find("l/l.1").getFirst();
        assertThat(window.context().graph().describe(second))
                .contains("6 operators  l/l.1")
                .contains("weight onnx::Conv_87");
        WaitForAsyncUtils.waitForAsyncFx(10_000, () -> window.context().graph().open(second));
        assertThat(shown().drawing().boxes()).hasSize(all - 11 + 2);
        assertThat(fold.getTooltip().getText()).startsWith("2 of 3 blocks are folded");
        WaitForAsyncUtils.waitForAsyncFx(10_000, fold::fire);
        assertThat(shown().drawing().boxes()).hasSize(all);
    }

    @Test
    void beforeASweepTheColoursAreThoseOfTheTensorsOwnErrors() {
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(((Label) view.lookup("#graph-legend")).getText())
                .startsWith("SQNR of the tensor")
                .contains("needs data");
        assertThat(view.lookupAll(".hint").stream()
                        .filter(n -> n instanceof Label)
                        .map(n -> ((Label) n).getText()))
                .contains("≥ 14 dB", "≥ 10 dB", "< 10 dB");
    }

    @ParameterizedTest
    @CsvSource({
        "top1, < 0.5 pts, < 2 pts, ≥ 2 pts, 'top-1 accuracy lost, this tensor alone quantized'",
        "binary, < 0.5 pts, < 2 pts, ≥ 2 pts, 'binary accuracy lost, this tensor alone quantized'",
        "agreement, < 0.5 pts, < 2 pts, ≥ 2 pts, 'agreement with float lost, this tensor alone quantized'",
        "mse, < 0.5 %, < 2 %, ≥ 2 %, 'MSE above float’s, this tensor alone quantized'",
        "mae, < 0.5 %, < 2 %, ≥ 2 %, 'MAE above float’s, this tensor alone quantized'",
        "cosine, < 0.5 %, < 2 %, ≥ 2 %, 'cosine to float lost, this tensor alone quantized'",
        "float-mae, < 0.005, < 0.02, ≥ 0.02, 'MAE to float, this tensor alone quantized'"
    })
    void aSweepIsToldInTheUnitOfItsScore(String task, String good, String fair, String bad, String of) {
        TensorId id = new TensorId("w");
        AccuracyEstimate e = new AccuracyEstimate(
                Task.byId(task).orElseThrow(),
                0.8,
                0.9,
                10,
                10,
                OptionalInt.empty(),
                new PairedInterval(-0.2, 0),
                20,
                OptionalDouble.empty());
        ShownSensitivity sensitivity = new ShownSensitivity(
                new TensorSensitivity(id, TensorKind.WEIGHT, Optional.of(e), Optional.empty()),
                false,
                false,
                Optional.empty());
        TensorRow row = new TensorRow(
                id,
                "w",
                false,
                Shape.of(1),
                new TensorRow.Setting(Optional.of(QuantSpec.WEIGHTS), false),
                new TensorRow.Result(
                        OptionalDouble.empty(), true, Optional.empty(), Optional.empty(), Optional.empty()),
                Optional.of(sensitivity));
        ModelDrawing.Box box = new ModelDrawing.Box("Conv", "conv", List.of(id), true, false, 0, 0, 10, 10);
        GraphViewModel.Drawn swept = GraphViewModel.Drawn.of(
                new ModelDrawing(List.of(box), List.of(), ModelDrawing.Way.DOWN, 10, 10),
                Map.of(id, row),
                "",
                Optional.of(id));
        assertThat(swept.colours().swept()).isTrue();
        assertThat(swept.colours().legend()).isEqualTo(new GraphViewModel.Legend(good, fair, bad, of));
    }
}
