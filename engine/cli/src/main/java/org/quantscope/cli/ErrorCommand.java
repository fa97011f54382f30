package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "error",
        description = "Quantizes one tensor and says how far it moves.",
        footer = {"", "Example:", "  quantscope error weights.npy --bits 4 --calibrator mse"})
final class ErrorCommand extends EngineCommand {
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
            names = "--calibration-data",
            paramLabel = "D",
            description = "Data that shows what the layer reads: gives the error at its output, and the importances of"
                    + " weighted-mse.")
    private @Nullable Path calibrationData;

    @Option(names = "--no-fold-bn", description = "Do not fold BatchNormalization before analysis.")
    private boolean keepBatchNorm;

    @Option(
            names = "--full",
            description =
                    "With --json, list the range, scale and zero point of every block also where there are more than"
                            + " 10,000.")
    private boolean full;

    ErrorCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        QuantSpec spec = checked(() -> quantizer.spec(bits));
        Model model = Engine.open(file, !keepBatchNorm);
        Tensor tensor = choose(model, file, name);
        if (!spec.isNearest() && calibrationData == null) {
            throw usage("--rounding " + spec.rounding() + " needs --calibration-data");
        }
        Importances importances = ModelSetup.observedOn(calibrationData, model, tensor.id(), terminal(), cancel());
        Resolution resolution = checked(() -> new Resolver().resolve(Request.of(tensor, spec, importances), cancel()));
        ResolvedSettings settings = ResolvedSettings.of(
                model,
                List.of(new ResolvedTensor(
                        tensor.info(),
                        new Choice.Quantized(spec, Choice.Source.DEFAULT),
                        spec,
                        resolution.requested(),
                        resolution.params())));
        Optional<SolvedModel> solved =
                spec.isNearest() ? Optional.empty() : Optional.of(alone(model, tensor, spec, settings));
        solved.ifPresent(this::warnOfKept);
        QuantParams params = solved.map(SolvedModel::settings)
                .orElse(settings)
                .find(tensor.id())
                .orElseThrow()
                .params();
        RangeReport ranges = RangeReport.of(settings, Calibration.NONE);
        Optional<float[]> codes = solved.map(
                s -> ErrorPass.fakeQuantize(s.model().find(tensor.id()).orElseThrow(), params, cancel()));
        ErrorReport exact = codes.isPresent()
                ? ErrorPass.measure(tensor, params, codes.get(), cancel())
                : Engine.measure(tensor, params, cancel());
        ErrorEstimate estimate = MomentSketch.estimate(tensor, params, cancel());
        Optional<OutputError> output = importances
                .moments(tensor.id())
                .map(layer -> new LayerOutput(tensor, layer, cancel()))
                .map(layer -> codes.map(values -> layer.error(values, cancel()))
                        .orElseGet(() -> layer.error(params, cancel())));
        double bitsPerWeight =
                spec.quantizer().bitsPerWeight(spec, tensor.info().shape().count(), params.slices());
        List<ClipRange> effective = params.effective();

        Json json = new Json()
                .put("tensor", tensor.id().name())
                .put("scheme", spec.scheme())
                .put("bits", spec.bits())
                .put("bits_per_weight", bitsPerWeight);
        if (spec.clip() instanceof Clip.Auto auto) {
            json.put("calibrator", auto.calibratorId());
        }
        boolean all = full || !(params.granularity() instanceof Granularity.PerBlock);
        PerBlock.put(json, "clip", resolution.requested(), all);
        PerBlock.put(json, "effective", effective, all);
        PerBlock.putNumbers(json, "scale", scales(params), all);
        PerBlock.putNumbers(json, "zero_point", zeroPoints(params), all);
        json.put("mse", exact.mse())
                .put("sqnr_db", exact.sqnrDb())
                .put("cosine", exact.cosine())
                .put("max_abs_err", exact.maxAbsError())
                .put("clipped_fraction", exact.clippedFraction())
                .put("clipping_mse", exact.clippingMse())
                .put("rounding_mse", exact.roundingMse())
                .put("estimate", new Json().put("mse", estimate.mse()).put("bound", estimate.bound()));
        output.ifPresent(at -> OutputReport.put(json, at));
        ranges.put(json);
        List<LeftFloat> left = FloatReport.always(model, file);
        FloatReport.put(json, left);
        print(json, () -> {
            terminal()
                    .out()
                    .println(terminal()
                            .strong(tensor.id() + "  " + tensor.info().dtype() + " "
                                    + tensor.info().shape()));
            Table table = new Table("figure", ">value", "unit")
                    .row("scheme", spec.scheme() + ", " + spec.bits() + " bits, " + params.granularity(), "")
                    .row("size", Text.number(bitsPerWeight), "bits per weight")
                    .row("clip", Text.ranges(resolution.requested()), "")
                    .row("effective range", Text.ranges(effective), "")
                    .row("scale", params.slices() == 1 ? Text.number(params.scale(0)) : params.slices() + " scales", "")
                    .row(
                            "zero point",
                            !params.isAffine()
                                    ? "–"
                                    : params.slices() == 1
                                            ? Integer.toString(params.zeroPoint(0))
                                            : params.slices() + " zero points",
                            "")
                    .row("MSE", Text.number(exact.mse()), "")
                    .row("  of clipping", Text.number(exact.clippingMse()), "")
                    .row("  of rounding", Text.number(exact.roundingMse()), "")
                    .row("SQNR", Text.number(exact.sqnrDb()), "dB")
                    .row("cosine", Text.number(exact.cosine()), "")
                    .row("max |error|", Text.number(exact.maxAbsError()), "")
                    .row("clipped", Text.percent(exact.clippedFraction()), "of the values")
                    .row(
                            "MSE by the sketch",
                            "≈ " + Text.number(estimate.mse()) + " ± " + Text.number(estimate.bound()),
                            "");
            output.ifPresent(at -> table.row("MSE at the output", OutputReport.mse(at), "")
                    .row("SQNR at the output", OutputReport.sqnrDb(at), "dB"));
            table.print(terminal());
            if (calibrationData != null) {
                OutputReport.note(output, importances, tensor.id())
                        .ifPresent(terminal().out()::println);
            }
            if (exact.nan() > 0 || exact.inf() > 0) {
                terminal().out().println("left out: " + exact.nan() + " NaN, " + exact.inf() + " infinite values");
            }
            ranges.print(terminal());
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    /** The model with the codes that a rounding chooses for one weight while all others stay in float. */
    private SolvedModel alone(Model model, Tensor tensor, QuantSpec spec, ResolvedSettings settings)
            throws IOException {
        Dataset data = ModelSetup.openData(Objects.requireNonNull(calibrationData), 0, Optional.empty(), cancel());
        SessionState state = SessionState.of(FileRef.ofModel(file, cancel()))
                .withWeights(Optional.empty())
                .withOverride(tensor.id(), spec)
                .withCalibrationData(Optional.of(FileRef.of(data)));
        return solved(model, state, settings, Map.of(), Optional.of(data));
    }

    private static List<Float> scales(QuantParams params) {
        return new AbstractList<>() {
            @Override
            public Float get(int slice) {
                return params.scale(slice);
            }

            @Override
            public int size() {
                return params.slices();
            }
        };
    }

    private static List<Integer> zeroPoints(QuantParams params) {
        return new AbstractList<>() {
            @Override
            public Integer get(int slice) {
                return params.zeroPoint(slice);
            }

            @Override
            public int size() {
                return params.isAffine() ? params.slices() : 0;
            }
        };
    }
}
