package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sweep.EvalFields;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.versus.SettingsComparison;
import org.quantscope.core.versus.Side;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that runs a quantized model on data: the shared options, and the steps from them to an evaluator. */
abstract class EvaluatingCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
    private Path file;

    @Option(
            names = "--data",
            paramLabel = "D",
            required = true,
            description = "The data to evaluate on: .npz, a folder of pictures by class, IDX or CSV.")
    private Path data;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            description = "A config of calibrate or of the desktop, instead of quantizer options.")
    private @Nullable Path config;

    @Option(
            names = "--calibration-data",
            paramLabel = "D2",
            description = "Data that activations are calibrated on; labels are not needed.")
    private @Nullable Path calibrationData;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the data.")
    private @Nullable Integer limit;

    @Option(
            names = "--metric",
            paramLabel = "ID",
            description = "What to score instead of the automatic choice: top1, top5, binary, token-accuracy,"
                    + " exact-sequences, label-accuracy, exact-labels, perplexity, kl, cer, mean-iou, auc, eer,"
                    + " coco-ap, voc-ap, voc-ap11, mse, mae, agreement, cosine or float-mae"
                    + " (quantscope list metrics).")
    private @Nullable String metric;

    @Option(
            names = "--output",
            paramLabel = "NAME",
            description =
                    "The output to score (default: the one whose classes fit the labels, else the first of rank 2).")
    private @Nullable String output;

    @Option(
            names = "--pool",
            paramLabel = "mean:MASK",
            description =
                    "Average an output of samples × positions × values over the positions at which the array or input"
                            + " MASK is not 0.")
    private @Nullable String pool;

    @Option(
            names = "--first-label",
            paramLabel = "N",
            description = "The number of the first class in the data, if that is not 0.")
    private @Nullable Integer firstLabel;

    @Option(
            names = "--ignore-label",
            paramLabel = "N",
            description = "The label of samples or positions that are not scored, such as 255 or -100.")
    private @Nullable Integer ignoreLabel;

    @Option(
            names = "--reference",
            paramLabel = "FLOAT",
            description = "The float model to compare with (default: the one before any corrections, as far as it is"
                    + " known, else MODEL itself).")
    private @Nullable Path referenceFile;

    @Mixin
    private Corrupting.Data corrupting;

    @Mixin
    private Corrupting.Calibration corruptingCalibration;

    @Mixin
    private SettingsOptions settings;

    EvaluatingCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    /**
     * What is to be evaluated.
     *
     * @param reference the float model to compare with: the one before any corrections
     * @param ranges what is special about ranges
     * @param wanted the metric that was asked for on the command line
     * @param known the codes in the config
     * @param calibration what is known of the activations
     */
    record Setting(
            Model model,
            Model reference,
            SessionState state,
            ResolvedSettings resolved,
            RangeReport ranges,
            Dataset samples,
            Optional<Task> wanted,
            Map<TensorId, SolvedWeight> known,
            Calibration calibration) {
        Setting with(SolvedModel solved) {
            return new Setting(
                    solved.model(),
                    reference,
                    state,
                    solved.settings(),
                    ranges,
                    samples,
                    wanted,
                    solved.solved(),
                    calibration);
        }

        LiveEvaluator evaluator() {
            return Engine.evaluator(model, reference, samples, wanted.or(state::metric));
        }
    }

    /** The setting with the codes of its roundings in its model. */
    final Setting solved(Setting setting) throws IOException {
        return setting.with(solved(
                setting.model, setting.state, setting.resolved, setting.known, calibrationSamples(setting.state)));
    }

    /** The data that activations are calibrated on, as the settings say how it is prepared; empty if none was given. */
    final Optional<Dataset> calibrationSamples(SessionState state) throws IOException {
        return calibrationData == null
                ? Optional.empty()
                : Optional.of(ModelSetup.openCalibrationData(
                        calibrationData, Optional.of(state), corruptingCalibration::of, cancel()));
    }

    /** Opens the model and the data and resolves the settings. */
    final Setting setting() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (corruptingCalibration.given() && calibrationData == null) {
            throw usage("--corrupt-calibration needs --calibration-data");
        }
        if (config != null && settings.given()) {
            throw usage("--config says how to quantize; it excludes the quantizer options");
        }
        Optional<Session> saved = config == null
                ? Optional.empty()
                : Optional.of(ModelSetup.readConfig(config, file, terminal(), cancel()));
        SessionState asked = settings(saved);
        Model opened = ModelSetup.openGraph(file, asked, terminal(), cancel());
        boolean own = config == null
                && calibrationData == null
                && !settings.given()
                && opened.own().isPresent();
        SessionState chosen =
                own ? SessionState.of(asked.model(), opened).withFoldBatchNorm(asked.foldBatchNorm()) : asked;
        Model model = own ? Engine.placed(opened, chosen.addedQuantizers()) : opened;
        Model reference = ModelSetup.reference(file, referenceFile, asked, model, terminal(), cancel());
        SessionState state = checked(() -> settings.named(chosen, model));
        Calibration calibration;
        Optional<Dataset> calibrating = calibrationSamples(state);
        if (calibrating.isPresent() && !state.looksAtActivations()) {
            // What rests on what layers read looks at it by itself.
            state = state.withCalibrationData(Optional.of(FileRef.of(calibrating.get())));
            calibration = Calibration.NONE;
        } else if (calibrating.isPresent()) {
            ModelSetup.Calibrated calibrated =
                    ModelSetup.calibrate(model, state, calibrating.get(), terminal(), cancel());
            state = calibrated.state();
            calibration = calibrated.calibration();
        } else {
            calibration = config != null && saved.isPresent()
                    ? ModelSetup.calibration(config, saved.get(), model, state, cancel())
                    : Calibration.NONE;
            if (state.activations()
                            .filter(spec -> !(spec.clip() instanceof Clip.Dynamic))
                            .isPresent()
                    && calibration.activations().isEmpty()) {
                throw usage("--activations needs --calibration-data, or a --config with ranges");
            }
        }
        calibration = withMoments(calibration, model, state, calibrating);
        ModelSetup.warnOfUnfitted(model, state, calibration, terminal());
        Scored scored = scored(state);
        Model run = Engine.scored(model, scored);
        Optional<Task> wanted = Optional.ofNullable(metric)
                .map(id ->
                        Task.byId(id).orElseThrow(() -> usage("--metric: " + id + " is none of " + ids(Task.all()))));
        Dataset samples = ModelSetup.openData(
                data,
                limit == null ? 0 : limit,
                Optional.of(state),
                how -> checked(() -> corrupting.of(numbered(how))),
                cancel());
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            ResolvedSettings resolved = Engine.resolve(run, state, calibration, bar, cancel());
            return new Setting(
                    run,
                    reference,
                    state,
                    resolved,
                    RangeReport.of(resolved, calibration),
                    samples,
                    wanted,
                    saved.map(Session::solved).orElse(Map.of()),
                    calibration);
        }
    }

    /**
     * Other settings beside those of this command, tensor by tensor and on the same samples.
     *
     * @param nearest these settings before the codes of their roundings were put into the model
     * @param known the codes of their roundings
     * @param other the config with the other settings; that of this command if it is empty
     * @param snapshot the snapshot of that config to take; its present settings if it is empty
     */
    final SettingsComparison against(
            Setting nearest, Map<TensorId, SolvedWeight> known, Optional<Path> other, Optional<String> snapshot)
            throws IOException {
        Path from = other.orElseGet(() -> {
            if (config == null) {
                throw usage("--against-snapshot: there is no --config that could hold it");
            }
            return config;
        });
        Session session = ModelSetup.readConfig(from, file, terminal(), cancel());
        SessionState state = session.state();
        if (snapshot.isPresent()) {
            Snapshot found = state.snapshot(snapshot.get())
                    .orElseThrow(() -> usage("--against-snapshot: " + from.getFileName() + " holds no snapshot \""
                            + snapshot.get() + "\"; it holds "
                            + (session.state().snapshots().isEmpty()
                                    ? "none"
                                    : session.state().snapshots().stream()
                                            .map(Snapshot::name)
                                            .collect(Collectors.joining(", ")))));
            state = found.on(state);
        }
        Model model = ModelSetup.openGraph(file, state, terminal(), cancel());
        Optional<Dataset> calibrating = calibrationSamples(state);
        Calibration calibration;
        if (calibrating.isPresent() && state.looksAtActivations()) {
            ModelSetup.Calibrated calibrated =
                    ModelSetup.calibrate(model, state, calibrating.get(), terminal(), cancel());
            state = calibrated.state();
            calibration = calibrated.calibration();
        } else {
            if (calibrating.isPresent()) {
                state = state.withCalibrationData(Optional.of(FileRef.of(calibrating.get())));
            }
            // The ranges in the file belong to its present settings; those of a snapshot follow from the sketches.
            Session read = snapshot.isPresent() ? Session.of(state).withSolved(session.solved()) : session;
            calibration = ModelSetup.calibration(from, read, model, state, cancel());
            Optional<FileRef> recorded = state.calibrationData();
            if (snapshot.isPresent()
                    && recorded.isPresent()
                    && state.activations().isPresent()
                    && calibration.activations().isEmpty()) {
                // Without the sketches beside it, the data that the config records says what they would.
                ModelSetup.Calibrated again = ModelSetup.calibrate(
                        model, state, recorded.get().openUnchanged("calibration_data", cancel()), terminal(), cancel());
                state = again.state();
                calibration = again.calibration();
            }
        }
        calibration = withMoments(calibration, model, state, calibrating);
        Model run = Engine.scored(model, scored(nearest.state()));
        // An equal form of the model is opened as one, and evaluated by one evaluator.
        Model same = state.corrections().equals(nearest.state().corrections())
                        && state.foldBatchNorm() == nearest.state().foldBatchNorm()
                        && state.addedQuantizers().equals(nearest.state().addedQuantizers())
                ? nearest.model()
                : run;
        String name = snapshot.orElse(String.valueOf(from.getFileName()));
        try (Terminal.Bar bar = terminal().progress("compare")) {
            Side a = Side.of(
                    "these settings",
                    nearest.model(),
                    nearest.state(),
                    nearest.calibration(),
                    known,
                    calibrationSamples(nearest.state()),
                    new Resolver(),
                    bar,
                    cancel());
            Side b = Side.of(
                    name, same, state, calibration, session.solved(), calibrating, new Resolver(), bar, cancel());
            SettingsComparison found = SettingsComparison.of(a, b, bar, cancel());
            Optional<Task> task = nearest.wanted().or(nearest.state()::metric);
            return found.with(SettingsComparison.scores(
                    a, b, m -> Engine.evaluator(m, nearest.reference(), nearest.samples(), task), bar, cancel()));
        }
    }

    /** Refuses {@code --corrupt} in a command that chooses corruptions in another way. */
    final void refuseCorrupt(String why) {
        if (corrupting.given()) {
            throw usage("--corrupt does not apply: " + why);
        }
    }

    /** The output and pooling of the options, or else those of the config. */
    private Scored scored(SessionState state) {
        Scored chosen = output == null ? state.scored() : state.scored().withOutput(Optional.of(output));
        if (pool == null) {
            return chosen;
        }
        try {
            return chosen.withPool(Optional.of(pool));
        } catch (IllegalArgumentException e) {
            throw usage("--" + e.getMessage());
        }
    }

    /** A preprocessing with the numbering of the options. */
    private Preprocessing numbered(Preprocessing how) {
        LabelNumbers stated = how.labelNumbers();
        return how.withLabelNumbers(new LabelNumbers(
                firstLabel == null ? stated.first() : firstLabel,
                ignoreLabel == null ? stated.ignored() : Optional.of(ignoreLabel)));
    }

    private SessionState settings(Optional<Session> saved) throws IOException {
        if (saved.isEmpty()) {
            FileRef ref = FileRef.ofModel(file, cancel());
            return checked(() -> settings.state(ref, calibrationData != null));
        }
        SessionState state = saved.get().state();
        return settings.keepsBatchNorm() ? state.withFoldBatchNorm(false) : state;
    }

    /**
     * How the model's outputs are scored; refuses a metric that was asked for but does not fit the model and the data.
     */
    final LiveEvaluator.Reading reading(Setting setting, LiveEvaluator evaluator) {
        LiveEvaluator.Reading how = evaluator.how(cancel());
        if (setting.wanted.isPresent() && !how.possible().contains(setting.wanted.get())) {
            throw usage("--metric: " + setting.wanted.get().id() + " needs "
                    + setting.wanted.get().needs() + "; " + how.have() + "; "
                    + ids(how.possible()) + " fit");
        }
        return how;
    }

    /** Prints what a person should know about the data and its labels, and which of several outputs is scored. */
    final void printNotes(LiveEvaluator.Reading how, List<String> notes) {
        if (how.outputs().size() > 1) {
            terminal()
                    .out()
                    .println("scored: the output " + how.output() + " of " + String.join(", ", how.outputs())
                            + " (--output chooses another)");
        }
        notes.forEach(note -> terminal().out().println("note: " + note));
    }

    private static String ids(List<Task> tasks) {
        return tasks.stream().map(Task::id).collect(Collectors.joining(", "));
    }

    /** A score in the form that people read. */
    static String text(AccuracyEstimate figure, double score) {
        return figure.task().isFraction() && Double.isFinite(score) ? Text.percent(score) : Text.number(score);
    }

    /** The float model's score, as {@link EvalFields#floatScore}. */
    static Json floatScore(AccuracyEstimate figure) {
        return new Json().put(EvalFields.floatScore(figure));
    }

    /** The quantized model's score, as {@link EvalFields#quantizedScore}. */
    static Json quantizedScore(AccuracyEstimate figure) {
        return new Json().put(EvalFields.quantizedScore(figure));
    }
}
