package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.device.DeviceProfile;
import org.quantscope.core.device.EnergyModel;
import org.quantscope.core.device.MeasuredSpeed;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "device",
        description = {
            "Says what a model asks of a device for one sample: bytes of weights and of activations, multiplications.",
            "These follow from shapes and settings; --measure runs the float and the exported model on this machine."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope device model.onnx --config config.json --profile nano-33-ble-sense",
            "  quantscope device model.onnx --config config.json --measure --json"
        })
final class DeviceCommand extends EngineCommand {
    /** Operators that hold most, shown to a person. */
    private static final int SHOWN = 5;

    @Parameters(paramLabel = "MODEL", description = "A model with a graph.")
    private Path file;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            description = "A config of calibrate or of the desktop (default: the model as it is).")
    private @Nullable Path config;

    @Option(
            names = "--profile",
            paramLabel = "ID",
            description = "A board to compare with; see quantscope list profiles.")
    private @Nullable String profile;

    @Option(
            names = "--data",
            paramLabel = "D",
            description = "Where the shapes of the inputs, and the sample that --measure runs, come from.")
    private @Nullable Path data;

    @Option(names = "--measure", description = "Measure the time of both models in ONNX Runtime on this machine.")
    private boolean measure;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads for --measure (default: ${DEFAULT-VALUE}).")
    private int threads;

    DeviceCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (threads < 1 || threads > Runtime.getRuntime().availableProcessors()) {
            throw usage("--threads: 1 to " + Runtime.getRuntime().availableProcessors() + " on this machine, got "
                    + threads);
        }
        Optional<DeviceProfile> board = Optional.ofNullable(profile)
                .map(id -> DeviceProfile.byId(id)
                        .orElseThrow(() -> usage("--profile: " + id + " is none of "
                                + DeviceProfile.all().stream()
                                        .map(DeviceProfile::id)
                                        .collect(Collectors.joining(", ")))));
        Optional<Session> session = config == null
                ? Optional.empty()
                : Optional.of(ModelSetup.readConfig(config, file, terminal(), cancel()));
        SessionState state =
                session.isPresent() ? session.get().state() : SessionState.of(FileRef.ofModel(file, cancel()));
        Model model = ModelSetup.openGraph(file, state, terminal(), cancel());
        Optional<Dataset> samples = data == null
                ? Optional.empty()
                : Optional.of(ModelSetup.openData(data, 0, Optional.of(state), cancel()));
        Model counted = model;
        ResolvedSettings settings = ResolvedSettings.NONE;
        Optional<ExportPlan> plan = Optional.empty();
        if (session.isPresent() && config != null) {
            Resolver resolver = new Resolver();
            Calibration calibration = withMoments(
                    ModelSetup.calibration(config, session.get(), model, state, cancel()),
                    model,
                    state,
                    Optional.empty());
            ResolvedSettings resolved;
            try (Terminal.Bar bar = terminal().progress("resolve")) {
                resolved = resolver.resolve(model, state, calibration, bar, cancel());
            }
            SolvedModel solved = solved(model, state, resolved, session.get().solved(), Optional.empty());
            settings = solved.settings();
            counted = solved.model();
            plan = Optional.of(new ExportPlan(
                    counted,
                    new Session(state, resolver.ranges(state, calibration, cancel()), solved.solved()),
                    settings));
        }
        if (measure && plan.isEmpty()) {
            throw usage("--measure compares the float model with the exported one; it needs --config");
        }
        DeviceCost cost = DeviceCost.of(counted, settings, board, samples, cancel());
        Optional<MeasuredSpeed> measured = Optional.empty();
        if (measure) {
            try (Terminal.Bar bar = terminal().progress("measure")) {
                measured = Optional.of(MeasuredSpeed.of(plan.orElseThrow(), samples, threads, bar, cancel()));
            }
        }
        Json json = json(cost);
        board.ifPresent(b -> json.put("profile", profile(b, cost)));
        measured.ifPresent(m -> json.put("measured", json(m)));
        Optional<MeasuredSpeed> speed = measured;
        print(json, () -> forPeople(cost, board, speed));
        return ExitCode.DONE;
    }

    private static Json json(DeviceCost cost) {
        return new Json()
                .put("weights_bytes", cost.weightBytes())
                .put("peak_activation_bytes", cost.peakActivationBytes())
                .put("peak_at", cost.peakAt())
                .put("macs", cost.macs())
                .put("bit_ops", cost.bitOperations())
                .put("bytes_moved", cost.bytesMoved())
                .put("float_weights_bytes", cost.floatWeightBytes())
                .put("integer_macs", cost.integerMacs())
                .put(
                        "energy_model",
                        new Json().put("picojoules", cost.picojoules()).put("source", EnergyModel.SOURCE))
                .put(
                        "layers",
                        cost.layers().stream()
                                .map(layer -> new Json()
                                        .put("name", layer.name())
                                        .put("op", layer.opType())
                                        .put("held_bytes", layer.heldBytes())
                                        .put("macs", layer.macs())
                                        .put("integer", layer.integer()))
                                .toList())
                .put("notes", cost.notes());
    }

    private static Json profile(DeviceProfile board, DeviceCost cost) {
        return new Json()
                .put("id", board.id())
                .put("flash_bytes", board.flashBytes())
                .put("ram_bytes", board.ramBytes())
                .put("fits_flash", cost.weightBytes() <= board.flashBytes())
                .put("fits_ram", cost.peakActivationBytes() <= board.ramBytes())
                .put("source", board.source());
    }

    /** What was measured, also for eval. */
    static Json json(MeasuredSpeed speed) {
        return new Json()
                .put("runtime", speed.runtime())
                .put("processor", speed.processor())
                .put("threads", speed.threads())
                .put("runs", speed.runs())
                .put("float_ms", json(speed.ofFloat()))
                .put("quantized_ms", json(speed.quantized()))
                .put("faster", speed.isFaster())
                .put("said", speed.sentence())
                .put("remarks", speed.remarks());
    }

    private static Json json(MeasuredSpeed.Times times) {
        return new Json()
                .put("median", times.median())
                .put("quarter", times.low())
                .put("three_quarters", times.high());
    }

    private void forPeople(DeviceCost cost, Optional<DeviceProfile> board, Optional<MeasuredSpeed> measured) {
        Table table = new Table("", ">for one sample", "");
        table.row("weights", Text.bytes(cost.weightBytes()), "float " + Text.bytes(cost.floatWeightBytes()))
                .row("activations at most", Text.bytes(cost.peakActivationBytes()), "at " + cost.peakAt())
                .row("multiplications", Text.number(cost.macs()), Text.percent(integerShare(cost)) + " in integers")
                .row("bit-operations", Text.number(cost.bitOperations()), "")
                .row("bytes moved", Text.bytes(cost.bytesMoved()), "")
                .row(
                        "energy, modelled",
                        Text.number(cost.picojoules() / 1e6) + " uJ",
                        EnergyModel.SOURCE + "; not measured")
                .print(terminal());
        board.ifPresent(b -> terminal()
                .out()
                .println(b.title() + ": flash " + fits(cost.weightBytes(), b.flashBytes()) + ", RAM "
                        + fits(cost.peakActivationBytes(), b.ramBytes()) + ". The program itself needs room too. "
                        + b.source()));
        Table most = new Table("operator", "kind", ">holds", ">multiplications", "in integers");
        cost.layers().stream()
                .sorted((a, b) -> Long.compare(b.heldBytes(), a.heldBytes()))
                .limit(SHOWN)
                .forEach(layer -> most.row(
                        layer.name(),
                        layer.opType(),
                        Text.bytes(layer.heldBytes()),
                        Text.number(layer.macs()),
                        layer.macs() == 0 ? "" : layer.integer() ? "yes" : "no"));
        most.print(terminal());
        measured.ifPresent(m -> {
            terminal()
                    .out()
                    .println(m.sentence() + " Float " + text(m.ofFloat()) + ", exported " + text(m.quantized()) + ", "
                            + m.runs() + " runs of each in turn, " + m.threads()
                            + (m.threads() == 1 ? " thread, " : " threads, ") + m.runtime() + ", " + m.processor()
                            + ".");
            m.remarks().forEach(remark -> terminal().out().println("note: " + remark));
        });
        cost.notes().forEach(note -> terminal().out().println("note: " + note));
    }

    private static double integerShare(DeviceCost cost) {
        return cost.macs() == 0 ? 0 : cost.integerMacs() / cost.macs();
    }

    private static String fits(long bytes, long most) {
        return (bytes <= most ? "fits" : "does not fit") + " (" + Text.percent((double) bytes / most) + " of "
                + Text.bytes(most) + ")";
    }

    private static String text(MeasuredSpeed.Times times) {
        return Text.number(times.median()) + " ms (" + Text.number(times.low()) + " to " + Text.number(times.high())
                + ")";
    }
}
