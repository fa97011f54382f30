package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
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

    /**
     * The most values to pass over for exact errors. If the curve needs more, the sketches estimate it, unless there
     * are too many slices for sketches.
     */
    private static final long EXACT_VALUES = 1L << 30;

    private static final int MOST_SKETCHES = 1 << 13;

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

    /** The errors at one clipping range, in squared tensor units. */
    private record Point(
            List<ClipRange> clip, double mse, double clippingMse, double roundingMse, Optional<OutputError> output) {
        Json json() {
            Json json = new Json();
            PerBlock.put(json, "clip", clip, false);
            json.put("mse", mse).put("clipping_mse", clippingMse).put("rounding_mse", roundingMse);
            output.ifPresent(at -> OutputReport.put(json, at));
            return json;
        }
    }

    private record Pin(Calibrator calibrator, Point at) {
        Json json() {
            Json json = new Json().put("id", calibrator.id());
            PerBlock.put(json, "clip", at.clip, false);
            json.put("mse", at.mse);
            at.output.ifPresent(output -> OutputReport.put(json, output));
            return json;
        }
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
        Slicing slicing = checked(() -> Slicing.of(tensor.info(), spec.granularity()));
        int looks = points + Calibrators.all().size();
        boolean exact = tensor.info().shape().count() <= EXACT_VALUES / looks || slicing.slices() > MOST_SKETCHES;
        boolean refit = slicing.slices() == 1 && spec.quantizer() instanceof FittedQuantizer;
        MomentSketch[] sketches =
                exact && !refit ? new MomentSketch[0] : MomentSketch.perSlice(tensor, slicing, cancel());
        Resolver resolver = new Resolver();
        Request whole = Request.of(tensor, spec.withClip(new Clip.Auto("minmax")), importances);
        List<ClipRange> full = checked(() -> resolver.resolve(whole, cancel())).requested();

        List<Point> curve = new ArrayList<>();
        List<Pin> pins = new ArrayList<>();
        try (Terminal.Bar bar = terminal().progress("curve")) {
            boolean empty = full.stream().allMatch(r -> r.absMax() == 0);
            for (int i = 1; i <= points && !empty; i++) {
                cancel().check();
                bar.report(i, looks, "clip " + i + " of " + points);
                double f = (double) i / points;
                List<ClipRange> ranges = ClipRanges.scaled(full, f);
                QuantParams params = refit
                        ? RangeResolver.resolve(sketches[0], spec, ranges.getFirst())
                        : RangeResolver.resolve(tensor, spec, ranges);
                curve.add(point(tensor, ranges, params, exact, sketches, output));
            }
            for (Calibrator calibrator : Calibrators.all()) {
                bar.report(points, looks, calibrator.id());
                boolean asked =
                        spec.clip() instanceof Clip.Auto a && a.calibratorId().equals(calibrator.id());
                boolean lacks = (calibrator.needsImportance()
                                && importances.of(tensor.info()).isEmpty())
                        || (calibrator.needsMoments() && output.isEmpty());
                if (lacks && !asked) {
                    continue;
                }
                Clip clip = asked ? spec.clip() : new Clip.Auto(calibrator.id());
                Request request = Request.of(tensor, spec.withClip(clip), importances);
                Resolution found = checked(() -> resolver.resolve(request, cancel()));
                pins.add(
                        new Pin(calibrator, point(tensor, found.requested(), found.params(), exact, sketches, output)));
            }
        }
        Json json = new Json()
                .put("tensor", tensor.id().name())
                .put("points", curve.stream().map(Point::json).toList())
                .put("calibrators", pins.stream().map(Pin::json).toList());
        List<LeftFloat> left = FloatReport.always(model, file);
        FloatReport.put(json, left);
        print(json, () -> {
            show(tensor, spec, curve, pins, exact);
            if (calibrationData != null) {
                Optional<OutputError> first = pins.stream().findFirst().flatMap(pin -> pin.at.output);
                OutputReport.note(first, importances, tensor.id())
                        .ifPresent(terminal().out()::println);
            }
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private Point point(
            Tensor tensor,
            List<ClipRange> clip,
            QuantParams params,
            boolean exact,
            MomentSketch[] sketches,
            Optional<LayerOutput> output) {
        Optional<OutputError> at = output.map(layer -> layer.error(params, cancel()));
        if (exact) {
            ErrorReport report = Engine.measure(tensor, params, cancel());
            return new Point(clip, report.mse(), report.clippingMse(), report.roundingMse(), at);
        }
        ErrorEstimate sum = ErrorEstimate.sum(IntStream.range(0, sketches.length)
                .mapToObj(i -> sketches[i].estimate(params.grid(i)))
                .toList());
        return new Point(clip, sum.mse(), sum.clippingMse(), sum.roundingMse(), at);
    }

    private void show(Tensor tensor, QuantSpec spec, List<Point> curve, List<Pin> pins, boolean exact) {
        String about = exact ? "" : "≈ ";
        terminal()
                .out()
                .println(terminal()
                        .strong(tensor.id() + "  " + tensor.info().dtype() + " "
                                + tensor.info().shape() + ", " + spec.scheme() + ", " + spec.bits() + " bits"));
        boolean layer = pins.stream().anyMatch(pin -> pin.at.output.isPresent());
        Table clips = layer
                ? new Table(
                        ">clip",
                        ">MSE",
                        ">of clipping",
                        ">of rounding",
                        ">MSE at the output",
                        ">SQNR at the output, dB")
                : new Table(">clip", ">MSE", ">of clipping", ">of rounding");
        for (Point p : curve) {
            clips.row(row(
                    p,
                    Text.ranges(p.clip),
                    about + Text.number(p.mse),
                    Text.number(p.clippingMse),
                    Text.number(p.roundingMse)));
        }
        clips.print(terminal());
        Table chosen = layer
                ? new Table("calibrator", ">clip", ">MSE", ">MSE at the output", ">SQNR at the output, dB")
                : new Table("calibrator", ">clip", ">MSE");
        for (Pin pin : pins) {
            chosen.row(row(pin.at, pin.calibrator.title(), Text.ranges(pin.at.clip), about + Text.number(pin.at.mse)));
        }
        chosen.print(terminal());
    }

    /** The cells with those of the error at the output behind them, if there is one. */
    private static String[] row(Point p, String... cells) {
        return Stream.concat(
                        Stream.of(cells),
                        p.output.stream().flatMap(at -> Stream.of(OutputReport.mse(at), OutputReport.sqnrDb(at))))
                .toArray(String[]::new);
    }
}
