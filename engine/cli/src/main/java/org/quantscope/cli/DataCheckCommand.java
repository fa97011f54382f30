package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.datacheck.DataCheck;
import org.quantscope.core.datacheck.Drift;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "data-check",
        description = {
            "Says whether calibration data is good enough: how the range of each activation settles, which sample sets"
                    + " it,",
            "and which samples are odd. With --data also how far other data lies from it, and the expected loss there."
        },
        footer = {
            "",
            "Example:",
            "  quantscope data-check model.onnx --calibration-data calibration.npz --data field.npz"
        })
final class DataCheckCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "A model with a graph.")
    private Path file;

    @Option(
            names = "--calibration-data",
            paramLabel = "D",
            required = true,
            description = "The data to look at; labels are not needed.")
    private Path calibrationData;

    @Option(names = "--data", paramLabel = "D2", description = "Other data to compare with it; labels are not needed.")
    private @Nullable Path data;

    @Option(
            names = "--bits",
            paramLabel = "B",
            defaultValue = "8",
            description = "Bits of activations and weights that it should be enough for (default: ${DEFAULT-VALUE}).")
    private int bits;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the calibration data.")
    private @Nullable Integer limit;

    @Option(
            names = "--leave-out",
            paramLabel = "I",
            split = ",",
            description = "Samples of the data that are not used, counted from 0, with commas between them.")
    private List<Integer> leaveOut = List.of();

    @Mixin
    private Corrupting.Data corrupting;

    @Mixin
    private Corrupting.Calibration corruptingCalibration;

    DataCheckCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (bits < QuantSpec.MIN_BITS || bits > QuantSpec.MAX_BITS) {
            throw usage("--bits: " + QuantSpec.MIN_BITS + " to " + QuantSpec.MAX_BITS + ", got " + bits);
        }
        if (corrupting.given() && data == null) {
            throw usage("--corrupt needs --data");
        }
        QuantSpec spec = QuantSpec.ACTIVATIONS.withBits(bits);
        SessionState state = SessionState.of(FileRef.ofModel(file, cancel()))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(bits)))
                .withActivations(Optional.of(spec));
        Model model = ModelSetup.openGraph(file, state, terminal(), cancel());
        Dataset samples = withLimit(
                leavingOut(
                        ModelSetup.openCalibrationData(
                                calibrationData, Optional.empty(), corruptingCalibration::of, cancel()),
                        leaveOut),
                limit);
        Observed seen;
        DataCheck found;
        try (Terminal.Bar bar = terminal().progress("calibrate")) {
            seen = Engine.observe(model, samples, bar, cancel());
        }
        try (Terminal.Bar bar = terminal().progress("look")) {
            found = DataCheck.of(model, samples, spec, seen.sketches(), bar, cancel());
        }
        Optional<Drift> drift = data == null
                ? Optional.empty()
                : Optional.of(drift(
                        model, state, seen, ModelSetup.openData(data, 0, Optional.empty(), corrupting::of, cancel())));
        Json json = new Json().put("samples", found.samples());
        found.enough().ifPresent(n -> json.put("enough", n));
        json.put("tensors", found.tensors().stream().map(DataCheckCommand::json).toList())
                .put(
                        "odd_samples",
                        found.odd().stream().map(DataCheckCommand::json).toList());
        drift.ifPresent(d -> json.put("drift", json(d)));
        json.put("said", found.sentence()).put("notes", found.notes());
        print(json, () -> forPeople(found, drift));
        return ExitCode.DONE;
    }

    private Drift drift(Model model, SessionState state, Observed seen, Dataset other) {
        Map<TensorId, MomentSketch> there;
        try (Terminal.Bar bar = terminal().progress("other data")) {
            there = Engine.observe(model, other, bar, cancel()).sketches();
        }
        try (Terminal.Bar bar = terminal().progress("evaluate");
                LiveEvaluator evaluator = Engine.evaluator(model, other)) {
            ResolvedSettings settings = Engine.resolve(model, state, Calibration.of(seen), bar, cancel());
            Evaluation evaluation = evaluator.evaluateSamples(
                    new EvalRequest(Optional.empty(), settings.weights(), settings.activations()),
                    cancel(),
                    part -> bar.report(
                            part.accuracy().seen(),
                            other.size(),
                            "sample " + part.accuracy().seen()));
            return Drift.of(seen.sketches(), there, evaluation.outcomes());
        }
    }

    private static Json range(ClipRange range) {
        return new Json().putFloat("lo", range.lo()).putFloat("hi", range.hi());
    }

    private static Json json(DataCheck.Settling of) {
        Json at = new Json();
        of.at().forEach((n, range) -> at.put(Integer.toString(n), range(range)));
        Json course = new Json();
        of.course()
                .forEach((n, c) -> course.put(
                        Integer.toString(n),
                        new Json().put("width", interval(c.width())).put("error", interval(c.error()))));
        return new Json()
                .put("name", of.id().name())
                .put("range", range(of.range()))
                .put("range_at", at)
                .put("course", course)
                .put("set_by_sample", of.setBy())
                .put("narrowed_without_it", of.narrowed())
                .put("range_without_it", range(of.without()));
    }

    private static Json interval(DataCheck.Interval of) {
        return new Json().put("low", of.low()).put("middle", of.middle()).put("high", of.high());
    }

    private static Json json(DataCheck.Odd odd) {
        return new Json().put("index", odd.index()).put("why", odd.why()).put("ranges_moved", odd.moved());
    }

    private static Json json(Drift drift) {
        return new Json()
                .put(
                        "tensors",
                        drift.tensors().stream()
                                .map(of -> new Json()
                                        .put("name", of.id().name())
                                        .put("divergence", of.divergence())
                                        .put("outside", of.outside()))
                                .toList())
                .put("expected_delta", drift.expectedDelta())
                .put("samples", drift.samples());
    }

    private void forPeople(DataCheck found, Optional<Drift> drift) {
        terminal().out().println(terminal().strong(found.sentence()));
        Table table = new Table("activation", ">lo", ">hi", ">set by sample", ">narrower without it");
        found.tensors()
                .forEach(of -> table.row(
                        of.id().name(),
                        Text.number(of.range().lo()),
                        Text.number(of.range().hi()),
                        Integer.toString(of.setBy()),
                        Text.percent(of.narrowed())));
        table.print(terminal());
        Table odd = new Table(">odd sample", ">ranges moved", "why");
        found.odd().forEach(o -> odd.row(Integer.toString(o.index()), Integer.toString(o.moved()), o.why()));
        odd.print(terminal());
        drift.ifPresent(d -> {
            Table moved = new Table("activation", ">divergence", ">outside");
            d.tensors()
                    .forEach(of -> moved.row(
                            of.id().name(), Text.number(of.divergence()) + " bits", Text.percent(of.outside())));
            moved.print(terminal());
            if (d.expectedDelta().isPresent()) {
                terminal()
                        .out()
                        .println("expected change of accuracy by quantization there, without labels: "
                                + Text.percent(d.expectedDelta().getAsDouble()) + " on " + d.samples()
                                + " samples (an estimate from the float model's probabilities)");
            }
        });
        found.notes().forEach(note -> terminal().out().println("note: " + note));
    }
}
