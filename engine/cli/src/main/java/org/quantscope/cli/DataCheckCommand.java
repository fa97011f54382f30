package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.datacheck.DataCheck;
import org.quantscope.core.datacheck.Drift;
import org.quantscope.core.datacheck.DriftPass;
import org.quantscope.core.datacheck.ExpectedChange;
import org.quantscope.core.datacheck.OtherData;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
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
            "and which samples are odd. With --against also how far other data lies from it, what of it the settings"
                    + " clip,",
            "and what quantization is expected to cost there before any label is known. With --watch it waits for"
                    + " drift."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope data-check model.onnx --calibration-data calibration.npz --against field.npz",
            "  quantscope data-check model.onnx --calibration-data calibration.npz --watch incoming --json"
        })
final class DataCheckCommand extends EngineCommand {
    private static final int DEFAULT_BITS = 8;

    @Parameters(paramLabel = "MODEL", description = "A model with a graph.")
    private Path file;

    @Option(
            names = "--calibration-data",
            paramLabel = "D",
            required = true,
            description = "The data to look at; labels are not needed.")
    private Path calibrationData;

    @Option(
            names = {"--against", "--data"},
            paramLabel = "D2",
            description = "Other data to compare with it; labels are not needed.")
    private @Nullable Path data;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            description =
                    "A config of calibrate or of the desktop: how the model is quantized, instead of --bits. Ranges"
                            + " come from the calibration data.")
    private @Nullable Path config;

    @Option(
            names = "--bits",
            paramLabel = "B",
            description = "Bits of activations and weights that it should be enough for (default: 8).")
    private @Nullable Integer bits;

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

    @Mixin
    private Watching watching;

    DataCheckCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (bits != null && (bits < QuantSpec.MIN_BITS || bits > QuantSpec.MAX_BITS)) {
            throw usage("--bits: " + QuantSpec.MIN_BITS + " to " + QuantSpec.MAX_BITS + ", got " + bits);
        }
        if (bits != null && config != null) {
            throw usage("--config says how to quantize; it excludes --bits");
        }
        if (corrupting.given() && data == null) {
            throw usage("--corrupt needs --data or --against");
        }
        watching.misuse().ifPresent(why -> {
            throw usage(why);
        });
        if (watching.given() && data != null) {
            throw usage("--watch looks at a place that grows; it excludes --against");
        }
        Optional<Session> saved = config == null
                ? Optional.empty()
                : Optional.of(ModelSetup.readConfig(config, file, terminal(), cancel()));
        SessionState asked = saved.isPresent() ? saved.get().state() : ofBits(bits == null ? DEFAULT_BITS : bits);
        Model model = ModelSetup.openGraph(file, asked, terminal(), cancel());
        Dataset samples = withLimit(
                leavingOut(
                        ModelSetup.openCalibrationData(
                                calibrationData, Optional.of(asked), corruptingCalibration::of, cancel()),
                        leaveOut),
                limit);
        SessionState state = asked.withCalibrationData(Optional.of(FileRef.of(samples)));
        QuantSpec spec = state.activations().orElse(QuantSpec.ACTIVATIONS);
        Observed seen;
        DataCheck found;
        try (Terminal.Bar bar = terminal().progress("calibrate")) {
            seen = Engine.observe(model, samples, bar, cancel());
        }
        Map<TensorId, SolvedWeight> codes = saved.map(Session::solved).orElse(Map.of());
        if (watching.given()) {
            ResolvedSettings settings =
                    settings(model, state, seen, codes, samples).settings();
            return watching.run(model, samples, seen.sketches(), settings, json(), terminal(), cancel());
        }
        try (Terminal.Bar bar = terminal().progress("look")) {
            found = DataCheck.of(model, samples, spec, seen.sketches(), bar, cancel());
        }
        Optional<Drift> drift = data == null
                ? Optional.empty()
                : Optional.of(drift(
                        model,
                        state,
                        seen,
                        codes,
                        samples,
                        saved.isPresent()
                                ? ModelSetup.openData(data, 0, Optional.of(asked), corrupting::of, cancel())
                                : other(data, samples)));
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

    private SessionState ofBits(int all) throws IOException {
        return SessionState.of(FileRef.ofModel(file, cancel()))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(all)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(all)));
    }

    private Dataset other(Path of, Dataset samples) throws IOException {
        OtherData opened = OtherData.open(of, samples, corrupting::of, cancel());
        if (opened.likeCalibration()) {
            terminal()
                    .warn(of.getFileName() + " does not say how it is prepared; it is prepared like "
                            + samples.file().getFileName());
        }
        return opened.data();
    }

    private SolvedModel settings(
            Model model, SessionState state, Observed seen, Map<TensorId, SolvedWeight> known, Dataset samples)
            throws IOException {
        Calibration calibration = withMoments(Calibration.of(seen), model, state, Optional.of(samples));
        ResolvedSettings nearest;
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            nearest = Engine.resolve(model, state, calibration, bar, cancel());
        }
        return solved(model, state, nearest, known, Optional.of(samples));
    }

    private Drift drift(
            Model model,
            SessionState state,
            Observed seen,
            Map<TensorId, SolvedWeight> known,
            Dataset samples,
            Dataset other)
            throws IOException {
        SolvedModel solved = settings(model, state, seen, known, samples);
        DriftPass pass = new DriftPass(
                model,
                solved.settings(),
                seen.sketches(),
                samples,
                some -> Engine.evaluator(solved.model(), model, some, state.metric()),
                corrupting.ids());
        try (Terminal.Bar bar = terminal().progress("other data")) {
            return pass.run(other, bar, cancel(), part -> {}).drift();
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
        Json json = new Json()
                .put(
                        "tensors",
                        drift.tensors().stream().map(DataCheckCommand::json).toList());
        switch (drift.expected()) {
            case ExpectedChange.Known known -> {
                json.put("expected_delta", known.delta())
                        .put("expected_delta_lo95", known.interval().lo())
                        .put("expected_delta_hi95", known.interval().hi())
                        .put("flipped", known.flipped());
                known.worth()
                        .ifPresent(worth -> json.put(
                                "learned_from",
                                new Json()
                                        .put("samples", worth.samples())
                                        .put("flipped", worth.flips())
                                        .put("corruptions", worth.ways())));
            }
            case ExpectedChange.Unknown none -> json.put("no_expected_delta", none.why());
        }
        return json.put("measured_delta", drift.measured()).put("samples", drift.samples());
    }

    static Json json(Drift.Of of) {
        return new Json()
                .put("name", of.id().name())
                .put("divergence", of.divergence())
                .put("outside", of.outside())
                .put("outside_calibration", of.outsideCalibration())
                .put("not_finite", of.notFinite());
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
        drift.ifPresent(this::forPeople);
        found.notes().forEach(note -> terminal().out().println("note: " + note));
    }

    private void forPeople(Drift drift) {
        Table moved = new Table("activation", ">divergence", ">clipped there", ">clipped in calibration data");
        drift.tensors()
                .forEach(of -> moved.row(
                        of.id().name(),
                        Text.number(of.divergence()) + " bits",
                        share(of.outside()) + (of.notFinite() == 0 ? "" : ", " + of.notFinite() + " not finite"),
                        share(of.outsideCalibration())));
        moved.print(terminal());
        terminal()
                .out()
                .println(
                        switch (drift.expected()) {
                            case ExpectedChange.Known known ->
                                "expected change of accuracy by quantization there, without labels: ≈ "
                                        + Text.percent(known.delta())
                                        + ", 95 % interval "
                                        + Text.percent(known.interval().lo()) + " … "
                                        + Text.percent(known.interval().hi()) + " (" + known.flipped() + " of "
                                        + known.samples()
                                        + " samples change their class; "
                                        + known.worth()
                                                .map(w -> "by the model's probabilities, corrected by " + w.flips()
                                                        + " changes on labelled calibration data, as it is and"
                                                        + " made worse)")
                                                .orElse("as far as the model's probabilities are right)");
                            case ExpectedChange.Unknown none -> "no expected change of accuracy: " + none.why();
                        });
    }

    private static String share(OptionalDouble clipped) {
        return clipped.isPresent() ? Text.percent(clipped.getAsDouble()) : "in float";
    }
}
