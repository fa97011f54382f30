package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.ExpectedGain;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LogitChange;
import org.quantscope.core.io.Destination;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.rewrite.WrittenModel;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.CorrectionSettings;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.Provenance;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "correct",
        description = {
            "Changes the weights of a float model so that quantization hurts it less, and writes the corrected float"
                    + " model.",
            "cross-layer-equalization and hadamard-rotation keep the float function and need the model only.",
            "smoothquant, awq and bias-correction need --calibration-data, and a --config or quantizer options that say"
                    + " how the model will be quantized; the first two keep the float function.",
            "Where both are given, the divergence from the float model's answers is measured first, without and with"
                    + " the correction, on half of the data that the correction does not see.",
            "recover needs data and settings too. It trains weights and ranges for minutes, with labels or without, and"
                    + " writes a config with the ranges beside the model, OUT.quantscope.json; Ctrl-C keeps the best so"
                    + " far."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope correct model.onnx --correction cross-layer-equalization -o equalized.onnx",
            "  quantscope correct model.onnx --correction bias-correction --calibration-data calibration.npz --weights"
                    + " 4 -o corrected.onnx",
            "  quantscope correct model.onnx --correction smoothquant --calibration-data calibration.npz --bits 8 -o"
                    + " smoothed.onnx",
            "  quantscope correct model.onnx --correction smoothquant:alpha=0.5 --calibration-data calibration.npz"
                    + " --bits 8 -o smoothed.onnx",
            "  quantscope correct model.onnx --correction recover:epochs=60 --calibration-data calibration.npz"
                    + " --weights 2 --granularity channel -o recovered.onnx",
            "  quantscope eval recovered.onnx --config recovered.quantscope.json --data test.npz"
        })
final class CorrectCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
    private Path file;

    @Option(
            names = "--correction",
            paramLabel = "ID[:K=V,...]",
            required = true,
            description = "The correction; see quantscope list corrections.")
    private String correction;

    @Option(
            names = "--calibration-data",
            paramLabel = "D",
            description = "Data that the correction rests on (.npz); the change of the logits is measured on it.")
    private @Nullable Path calibrationData;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            description =
                    "A config of calibrate or of the desktop, instead of quantizer options; what it corrects already"
                            + " comes first.")
    private @Nullable Path config;

    @Mixin
    private SettingsOptions settings;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "OUT.onnx",
            required = true,
            description = "The corrected float model to write.")
    private Path output;

    @Mixin
    private Corrupting.Calibration corruptingCalibration;

    CorrectCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (config != null && settings.given()) {
            throw usage("--config says how to quantize; it excludes the quantizer options");
        }
        String[] parts = correction.split(":", 2);
        Correction chosen = checked(() -> Corrections.byId(parts[0]));
        Map<String, String> options = parts.length == 2 ? checked(() -> options(parts[1])) : Map.of();
        checked(() -> {
            unknown(chosen, options);
            return true;
        });
        if (chosen.needsData() && calibrationData == null) {
            throw usage(chosen.id() + " needs --calibration-data");
        }
        if (chosen.needsData() && config == null && !settings.given()) {
            throw usage(chosen.id()
                    + " needs to know how the model is quantized: give --config or quantizer options such as"
                    + " --weights 4");
        }
        if (corruptingCalibration.given() && calibrationData == null) {
            throw usage("--corrupt-calibration needs --calibration-data");
        }
        InputFiles inputs = new InputFiles().model(file);
        Optional.ofNullable(config).ifPresent(c -> inputs.file(c).file(SketchFile.beside(c)));
        Optional.ofNullable(calibrationData).ifPresent(inputs::data);
        List<Path> targets =
                new ArrayList<>(List.of(output, output.resolveSibling(output.getFileName() + WrittenModel.VALUES)));
        Optional<Path> written = chosen instanceof TrainedCorrection ? Optional.of(beside(output)) : Optional.empty();
        written.ifPresent(targets::add);
        for (Path target : targets) {
            Destination.of(target);
            inputs.keep(List.of(target));
        }
        Optional<Session> saved = config == null
                ? Optional.empty()
                : Optional.of(ModelSetup.readConfig(config, file, terminal(), cancel()));
        SessionState asked = settings(saved);
        if (chosen instanceof TrainedCorrection
                && asked.corrections().stream().anyMatch(c -> c.id().equals(chosen.id()))) {
            throw usage(chosen.id() + " is applied already in " + config
                    + ": it would learn to answer as the trained weights do, and no longer as the float model");
        }
        Model model = ModelSetup.openGraph(file, asked, terminal(), cancel());
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        SessionState state = checked(() -> settings.named(asked, model));
        Optional<Dataset> data = calibrationData == null
                ? Optional.empty()
                : Optional.of(ModelSetup.openCalibrationData(
                        calibrationData, Optional.of(asked), corruptingCalibration::of, cancel()));
        ActivationRanges ranges = saved.map(Session::ranges).orElse(ActivationRanges.NONE);
        if (chosen.needsData()
                && state.activations().isPresent()
                && ranges.ranges().isEmpty()) {
            ModelSetup.Calibrated calibrated =
                    ModelSetup.calibrate(model, state, data.orElseThrow(), terminal(), cancel());
            state = calibrated.state();
            ranges = new Resolver().ranges(state, calibrated.calibration(), cancel());
        }
        boolean quantized = (config != null || settings.given())
                && (state.weights().isPresent() || !state.overrides().isEmpty());
        Optional<ExpectedGain> expected = Optional.empty();
        // Training measures itself, on samples that it holds out.
        boolean trains = chosen instanceof TrainedCorrection;
        if (quantized && !trains && data.isPresent() && data.get().size() > 1) {
            try (Terminal.Bar bar = terminal().progress("expect")) {
                SessionState present = state;
                expected = Optional.of(checked(() -> new ExpectedGain.Measure(model, model, present, data.get())
                        .of(chosen, options, bar, cancel())));
            }
        }
        AppliedCorrection applied = new AppliedCorrection(
                chosen.id(),
                options,
                data.filter(d -> chosen.needsData()).map(FileRef::of),
                chosen.needsData() ? Optional.of(CorrectionSettings.of(new Session(state, ranges))) : Optional.empty());
        if (chosen.needsData() && state.choosesCodes()) {
            terminal().warn(Roundings.nearestOnly("the correction"));
        }
        Optional<TrainingRun> run = chosen instanceof TrainedCorrection trained
                ? Optional.of(TrainingRun.of(trained, model, applied, data, state, terminal(), cancel()))
                : Optional.empty();
        // Once training has begun Ctrl-C ends it, and what was found is still written.
        CancelToken end = run.map(TrainingRun::rest).orElse(cancel());
        Correction.Output result;
        if (run.isPresent()) {
            result = run.get().training().output();
        } else {
            try (Terminal.Bar bar = terminal().progress("correct")) {
                result = Corrections.apply(
                        model, state.withCorrections(List.of(applied)), ref -> data.orElseThrow(), bar, end);
            }
        }
        OptionalDouble change;
        try (Terminal.Bar bar = terminal().progress("compare")) {
            change = LogitChange.largest(model, result.model(), data, bar, end);
        }
        end.check();
        List<AppliedCorrection> all = new ArrayList<>(state.corrections());
        all.add(applied);
        ModelRewrite.write(result.model(), provenance(state, all), output, end).ifPresent(terminal()::warn);
        if (written.isPresent()) {
            SessionState of = state.withModel(FileRef.ofModel(output, end))
                    .withCorrections(List.of())
                    .withOverrides(result.ranges());
            SessionFile.write(new Session(of, learned(result)), written.get());
        }
        List<LeftFloat> left =
                config != null || settings.given() ? LeftFloat.of(model, state) : FloatReport.always(model, file);
        Json json = new Json()
                .put("correction", chosen.id())
                .put("file", output.toString())
                .put("tensors", result.changed().stream().map(TensorId::name).toList());
        expected.ifPresent(found -> json.put("expected", json(found)));
        if (!result.notes().isEmpty()) {
            json.put("notes", result.notes());
        }
        run.ifPresent(r -> r.put(json.put("config", written.orElseThrow().toString())));
        FloatReport.put(json, left).put("max_rel_logit_change", change);
        Optional<ExpectedGain> gain = expected;
        print(json, () -> {
            terminal()
                    .out()
                    .println(terminal().strong(output.toString()) + "  " + chosen.title() + ", "
                            + result.changed().size() + " tensors changed"
                            + (change.isPresent()
                                    ? ", largest change of a logit " + Text.number(change.getAsDouble())
                                            + " of the largest logit"
                                    : ""));
            gain.ifPresent(found -> terminal().out().println("  expected: " + found.said()));
            result.notes().forEach(note -> terminal().out().println("  " + note));
            written.ifPresent(
                    path -> terminal().out().println(terminal().strong(path.toString()) + "  ranges and bits"));
            run.ifPresent(r -> r.print(terminal()));
            result.kept().forEach(kept -> terminal().out().println("  as it was: " + kept));
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private static Json json(ExpectedGain gain) {
        String unit = gain.divergence() ? "kl" : "noise";
        return new Json()
                .put(unit + "_before", OptionalDouble.of(gain.before()))
                .put(unit + "_after", OptionalDouble.of(gain.after()))
                .put("samples", gain.samples())
                .put("helps", gain.helps());
    }

    /** The learned ranges of activations, for whoever reads the config without their parameters. */
    private static ActivationRanges learned(Correction.Output result) {
        Map<TensorId, ClipRange> ranges = new LinkedHashMap<>();
        for (TensorInfo activation : result.model().graph().orElseThrow().activations()) {
            QuantSpec spec = result.ranges().get(activation.id());
            if (spec != null && spec.clip() instanceof Clip.Fixed(QuantParams params)) {
                ranges.put(activation.id(), params.effective(0));
            }
        }
        return new ActivationRanges(ranges, Map.of(), Map.of());
    }

    /** The config that goes with a model: {@code a.quantscope.json} beside {@code a.onnx}. */
    private static Path beside(Path output) {
        String name = String.valueOf(output.getFileName());
        int dot = name.lastIndexOf('.');
        return output.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + ".quantscope.json");
    }

    private SessionState settings(Optional<Session> saved) throws IOException {
        if (saved.isEmpty()) {
            FileRef ref = FileRef.ofModel(file, cancel());
            return checked(() -> settings.state(ref, calibrationData != null));
        }
        SessionState state = saved.get().state();
        return settings.keepsBatchNorm() ? state.withFoldBatchNorm(false) : state;
    }

    /** What a corrected model says of where it comes from. */
    static Map<String, String> provenance(SessionState state, List<AppliedCorrection> all) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("quantscope.version", ProductVersion.current());
        metadata.put("quantscope.model_sha256", state.model().sha256());
        Provenance.companions(state.model())
                .ifPresent(beside -> metadata.put("quantscope.model_companions_sha256", beside));
        metadata.put("quantscope.corrections", AppliedCorrection.ids(all));
        return metadata;
    }

    private static Map<String, String> options(String text) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String pair : text.split(",", -1)) {
            String[] keyValue = pair.split("=", 2);
            if (keyValue.length != 2 || keyValue[1].isEmpty()) {
                throw new IllegalArgumentException("--correction: key=value is needed, got " + pair);
            }
            if (options.put(keyValue[0], keyValue[1]) != null) {
                throw new IllegalArgumentException("--correction: " + keyValue[0] + " is given twice");
            }
        }
        return options;
    }

    private static void unknown(Correction chosen, Map<String, String> options) {
        for (String name : options.keySet()) {
            if (chosen.options().stream().noneMatch(o -> o.name().equals(name))) {
                throw new IllegalArgumentException("--correction: " + chosen.id() + " has no option " + name
                        + "; it has "
                        + (chosen.options().isEmpty()
                                ? "none"
                                : String.join(
                                        ", ",
                                        chosen.options().stream()
                                                .map(o -> o.name())
                                                .toList())));
            }
        }
    }
}
