package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "calibrate",
        description = {
            "Chooses how a model is quantized and writes it down as a config: the file that the desktop saves.",
            "Activations are calibrated on --data; without it the config covers weights only.",
            "What was seen of them lies beside the config (.sketches), so that the desktop need not look again."
        },
        footer = {
            "",
            "Example:",
            "  quantscope calibrate model.onnx --data calibration.npz --bits 8 --granularity channel -o config.json"
        })
final class CalibrateCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "A model file: ONNX, or bare weights without --data.")
    private Path file;

    @Option(
            names = "--data",
            paramLabel = "D",
            description = "Calibration data: .npz, a folder of pictures, IDX or CSV; labels are not needed.")
    private @Nullable Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the data.")
    private @Nullable Integer limit;

    @Option(
            names = "--leave-out",
            paramLabel = "I",
            split = ",",
            description = "Samples of the data that are not used, counted from 0, with commas between them.")
    private List<Integer> leaveOut = List.of();

    @Mixin
    private SettingsOptions settings;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "CFG",
            required = true,
            description = "The config to write (.json).")
    private Path output;

    @Option(names = "--check", description = FloatReport.CHECK + ".")
    private boolean check;

    @Mixin
    private Corrupting.Calibration corruptingCalibration;

    CalibrateCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (data == null && !leaveOut.isEmpty()) {
            throw usage("--leave-out says what is not used of the data: give --data");
        }
        if (data == null && settings.wantsActivations()) {
            throw usage("--activations needs calibration data: give --data");
        }
        if (corruptingCalibration.given() && data == null) {
            throw usage("--corrupt-calibration needs --data");
        }
        InputFiles inputs = new InputFiles().model(file);
        Optional.ofNullable(data).ifPresent(inputs::data);
        inputs.keep(List.of(output, SketchFile.beside(output)));
        Destination.of(output);
        FileRef ref = FileRef.ofModel(file, cancel());
        SessionState asked = checked(() -> settings.state(ref, data != null));
        Model model = data == null ? Engine.open(file, asked) : ModelSetup.openGraph(file, asked);
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        SessionState chosen = checked(() -> settings.named(asked, model));
        Optional<Dataset> samples = data == null
                ? Optional.empty()
                : Optional.of(withLimit(
                        leavingOut(
                                ModelSetup.openCalibrationData(
                                        data, Optional.empty(), corruptingCalibration::of, cancel()),
                                leaveOut),
                        limit));
        // Codes look at what layers read by themselves; nothing else may need the activations then.
        boolean codesOnly = chosen.choosesCodes() && !chosen.looksAtActivations();
        ModelSetup.Calibrated calibrated = samples.isEmpty() || codesOnly
                ? null
                : ModelSetup.calibrate(model, chosen, samples.get(), terminal(), cancel());
        SessionState state = calibrated != null
                ? calibrated.state()
                : chosen.withActivations(Optional.empty()).withCalibrationData(samples.map(FileRef::of));
        Calibration calibration =
                withMoments(calibrated == null ? Calibration.NONE : calibrated.calibration(), model, state, samples);
        Resolver resolver = new Resolver();
        ResolvedSettings resolved;
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            resolved = resolver.resolve(model, state, calibration, bar, cancel());
        }
        ActivationRanges ranges = resolver.ranges(state, calibration, cancel());
        Optional<String> first = equalizeFirst(model, state);
        SolvedModel solved = solved(model, state, resolved, Map.of(), samples);
        warnOfPassedBy(model, state, solved);
        cancel().check();
        Session session = new Session(state, ranges, solved.solved());
        if (calibrated == null) {
            SessionFile.write(session, output);
        } else {
            SessionFile.write(session, calibrated.seen(), output);
        }
        int tensors = resolved.weights().size() + resolved.activations().size();
        double seconds = (System.nanoTime() - start) / 1e9;
        List<LeftFloat> left = LeftFloat.of(model, state);
        RangeReport special = RangeReport.of(resolved, calibration);
        Json json = new Json().put("config", output.toString()).put("tensors", tensors);
        special.put(json);
        first.ifPresent(note -> json.put("notes", List.of(note)));
        print(FloatReport.put(json, left).put("seconds", seconds), () -> {
            terminal()
                    .out()
                    .println(output + ": " + resolved.weights().size() + " weights, "
                            + resolved.activations().size() + " activations, " + Text.number(seconds) + " s");
            special.print(terminal());
            first.ifPresent(note -> terminal().out().println("note: " + note));
            FloatReport.print(left, terminal());
        });
        return FloatReport.code(check, left);
    }
}
