package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.report.ErrorCurve;
import org.quantscope.core.report.ErrorCurve.Pin;
import org.quantscope.core.report.ErrorCurve.Point;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "curve",
        description = {
            "Says how far one tensor moves for each clip, and which clip each calibrator chooses.",
            "Clips are N even fractions of the range of the data, 1/N to 1; with several scales of the range of each"
                    + " slice.",
            "weighted-mse is among the calibrators where --calibration-data or --calibrator"
                    + " weighted-mse:importance=FILE is given;",
            "output-mse and the error at the layer's output where --calibration-data is."
        },
        footer = {"", "Example:", "  quantscope curve weights.npy --bits 4 --points 64"})
final class CurveCommand extends EngineCommand {
    private static final int MOST_POINTS = 100_000;

    @Parameters(
            paramLabel = "MODEL",
            description = "A model file: ONNX, safetensors, GGUF, TensorFlow Lite, Keras, PyTorch, npz or npy.")
    private Path file;

    @Option(
            names = "--tensor",
            paramLabel = "T",
            description = "Name of the tensor; may be left out if there is only one.")
    private @Nullable String name;

    @Option(
            names = "--bits",
            paramLabel = "B",
            description = "Code width, 2 to 16 (default: 8, or what the scheme fixes).")
    private @Nullable Integer bits;

    @Mixin
    private QuantizerOptions quantizer;

    @Option(
            names = "--points",
            paramLabel = "N",
            description = "Clips to look at (default: ${DEFAULT-VALUE}).",
            defaultValue = "128")
    private int points;

    @Option(
            names = "--calibration-data",
            paramLabel = "D",
            description = "Data that shows what the layer reads: gives the error at its output, and the importances of"
                    + " weighted-mse.")
    private @Nullable Path calibrationData;

    @Option(names = "--no-fold-bn", description = "Do not fold BatchNormalization before analysis.")
    private boolean keepBatchNorm;

    CurveCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    private static Json json(Point point) {
        Json json = new Json();
        PerBlock.put(json, "clip", point.clip(), false);
        json.put("mse", point.mse()).put("clipping_mse", point.clippingMse()).put("rounding_mse", point.roundingMse());
        point.output().ifPresent(at -> OutputReport.put(json, at));
        return json;
    }

    private static Json json(Pin pin) {
        Json json = new Json().put("id", pin.calibrator().id());
        PerBlock.put(json, "clip", pin.at().clip(), false);
        json.put("mse", pin.at().mse());
        pin.at().output().ifPresent(output -> OutputReport.put(json, output));
        return json;
    }

    @Override
    public Integer call() throws IOException {
        if (points < 1 || points > MOST_POINTS) {
            throw usage("--points: 1 to " + MOST_POINTS + ", got " + points);
        }
        if (quantizer.givesClip()) {
            throw usage("--clip does not apply: the curve is that of all clips");
        }
        QuantSpec spec = checked(() -> quantizer.spec(bits));
        if (!spec.isNearest()) {
            throw usage("--rounding " + spec.rounding() + " does not apply: the curve is that of nearest levels");
        }
        Model model = Engine.open(file, !keepBatchNorm);
        Tensor tensor = choose(model, file, name);
        Importances importances = ModelSetup.observedOn(calibrationData, model, tensor.id(), terminal(), cancel());
        Optional<LayerOutput> output =
                importances.moments(tensor.id()).map(layer -> new LayerOutput(tensor, layer, cancel()));
        ErrorCurve curve;
        try (Terminal.Bar bar = terminal().progress("curve")) {
            curve = checked(() -> ErrorCurve.of(tensor, spec, importances, points, output, bar, cancel()));
        }
        Json json = new Json()
                .put("tensor", tensor.id().name())
                .put("points", curve.points().stream().map(CurveCommand::json).toList())
                .put(
                        "calibrators",
                        curve.pins().stream().map(CurveCommand::json).toList());
        List<LeftFloat> left = FloatReport.always(model, file);
        FloatReport.put(json, left);
        print(json, () -> {
            show(tensor, spec, curve);
            if (calibrationData != null) {
                Optional<OutputError> first = curve.pins().stream()
                        .findFirst()
                        .flatMap(pin -> pin.at().output());
                OutputReport.note(first, importances, tensor.id())
                        .ifPresent(terminal().out()::println);
            }
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private void show(Tensor tensor, QuantSpec spec, ErrorCurve curve) {
        String about = curve.exact() ? "" : "≈ ";
        terminal()
                .out()
                .println(terminal()
                        .strong(tensor.id() + "  " + tensor.info().dtype() + " "
                                + tensor.info().shape() + ", " + spec.scheme() + ", " + spec.bits() + " bits"));
        boolean layer = curve.pins().stream().anyMatch(pin -> pin.at().output().isPresent());
        Table clips = layer
                ? new Table(
                        ">clip",
                        ">MSE",
                        ">of clipping",
                        ">of rounding",
                        ">MSE at the output",
                        ">SQNR at the output, dB")
                : new Table(">clip", ">MSE", ">of clipping", ">of rounding");
        for (Point p : curve.points()) {
            clips.row(row(
                    p,
                    Text.ranges(p.clip()),
                    about + Text.number(p.mse()),
                    Text.number(p.clippingMse()),
                    Text.number(p.roundingMse())));
        }
        clips.print(terminal());
        Table chosen = layer
                ? new Table("calibrator", ">clip", ">MSE", ">MSE at the output", ">SQNR at the output, dB")
                : new Table("calibrator", ">clip", ">MSE");
        for (Pin pin : curve.pins()) {
            chosen.row(row(
                    pin.at(),
                    pin.calibrator().title(),
                    Text.ranges(pin.at().clip()),
                    about + Text.number(pin.at().mse())));
        }
        chosen.print(terminal());
    }

    /** The cells with those of the error at the output behind them, if there is one. */
    private static String[] row(Point p, String... cells) {
        return Stream.concat(
                        Stream.of(cells),
                        p.output().stream().flatMap(at -> Stream.of(OutputReport.mse(at), OutputReport.sqnrDb(at))))
                .toArray(String[]::new);
    }
}
