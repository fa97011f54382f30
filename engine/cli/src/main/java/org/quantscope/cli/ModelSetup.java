package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.metric.NonFiniteWeights;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Original;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.TensorId;

/** Steps that several commands share: from files and options to a model and its settings. */
final class ModelSetup {
    private ModelSetup() {}

    /**
     * Opens a model that can be run, without corrections: folded or not and with added quantizers as {@code state}
     * says.
     */
    static Model openGraph(Path file, SessionState state) throws IOException {
        return withGraph(Engine.open(file, state), file);
    }

    private static Model withGraph(Model model, Path file) {
        if (model.graph().isEmpty()) {
            throw new BadInputException(
                    file,
                    "graph",
                    "a " + model.format() + " file holds bare weights; a model that can be run is needed (.onnx)");
        }
        RunnableGraph.checkTensors(model);
        return model;
    }

    /**
     * The importances of a model's weights and what the layer of one of them reads, observed on calibration data; without
     * data there are none.
     *
     * @throws BadInputException if the model cannot be run, or the data does not fit it
     */
    static Importances observedOn(
            @Nullable Path data, Model model, TensorId weight, Terminal terminal, CancelToken cancel)
            throws IOException {
        if (data == null) {
            return Importances.NONE;
        }
        withGraph(model, model.file());
        Dataset samples = openData(data, 0, Optional.empty(), cancel);
        Importances one;
        try (Terminal.Bar bar = terminal.progress("calibrate")) {
            one = Importances.observed(
                    Engine.observe(model, samples, bar, cancel).inputs());
        }
        try (Terminal.Bar bar = terminal.progress("inputs of the layer")) {
            return one.with(MomentsPass.run(model, weight::equals, samples, bar, cancel));
        }
    }

    /** Opens a model that can be run in the form that a session wants, with its corrections applied. */
    static Model openGraph(Path file, SessionState state, Terminal terminal, CancelToken cancel) throws IOException {
        Model source = withGraph(Engine.open(file, false), file);
        try (Terminal.Bar bar = terminal.progress("correct")) {
            return Engine.analysed(source, state, bar, cancel);
        }
    }

    /**
     * Opens data.
     *
     * @param limit how many samples to use, from the first on; all if it is not positive
     * @param config says how the samples are prepared if it names the same data; otherwise the sidecar does
     */
    static Dataset openData(Path file, int limit, Optional<SessionState> config, CancelToken cancel)
            throws IOException {
        return openData(file, limit, config, UnaryOperator.identity(), cancel);
    }

    /**
     * Opens data.
     *
     * @param change a last change of how the samples are prepared
     */
    static Dataset openData(
            Path file,
            int limit,
            Optional<SessionState> config,
            UnaryOperator<Preprocessing> change,
            CancelToken cancel)
            throws IOException {
        return openData(
                file,
                limit,
                config.flatMap(SessionState::evaluationData),
                config.flatMap(SessionState::calibrationData),
                change,
                cancel);
    }

    /**
     * @param same what a config says of data in this part
     * @param other what it says of data in the other part, whose corruption is not meant here
     */
    private static Dataset openData(
            Path file,
            int limit,
            Optional<FileRef> same,
            Optional<FileRef> other,
            UnaryOperator<Preprocessing> change,
            CancelToken cancel)
            throws IOException {
        Samples samples = Datasets.samples(file, cancel);
        Predicate<FileRef> isThis = ref -> ref.sha256().equals(samples.sha256());
        Optional<Preprocessing> how = same.filter(isThis).isPresent()
                ? same.flatMap(FileRef::preprocessing)
                : other.filter(isThis).flatMap(FileRef::preprocessing).map(p -> p.withCorruption(Optional.empty()));
        Preprocessing prepared = change.apply(how.orElse(samples.stated()));
        Dataset data = how.flatMap(Preprocessing::labelColumn).isPresent()
                ? Datasets.open(file, Optional.of(prepared), cancel)
                : prepared.equals(samples.stated()) ? Datasets.prepare(samples) : Datasets.prepare(samples, prepared);
        return limit > 0 ? data.limit(limit) : data;
    }

    /**
     * Opens data to calibrate on.
     *
     * @param config says how the samples are prepared and which are left out, if it names the same data
     * @param change a last change of how the samples are prepared
     */
    static Dataset openCalibrationData(
            Path file, Optional<SessionState> config, UnaryOperator<Preprocessing> change, CancelToken cancel)
            throws IOException {
        Optional<FileRef> known = config.flatMap(SessionState::calibrationData);
        Dataset data = openData(file, 0, known, config.flatMap(SessionState::evaluationData), change, cancel);
        Optional<FileRef> same = known.filter(ref -> ref.sha256().equals(data.sha256()));
        return same.isPresent() ? same.get().withoutLeftOut(data, "calibration_data") : data;
    }

    /** Reads a config to use with the model {@code file}, and warns if it was made for another model. */
    static Session readConfig(Path config, Path file, Terminal terminal, CancelToken cancel) throws IOException {
        Session session = SessionFile.read(config);
        FileRef now = FileRef.ofModel(file, cancel);
        FileRef then = session.state().model();
        now.differsFrom(then)
                .ifPresent(name -> terminal.warn(config.getFileName() + " was made for another content of "
                        + (now.companions().containsKey(name) ? name : file.getFileName())));
        if (then.lacksCompanionsOf(now)) {
            terminal.warn(config.getFileName() + " does not record what was in "
                    + String.join(", ", now.companions().keySet()) + ": whether it has changed is not known");
        }
        return session;
    }

    /**
     * The result of a calibration run.
     *
     * @param state the session state, which now names the calibration data
     * @param seen what the activations looked like, and what the weights were multiplied with
     */
    record Calibrated(SessionState state, ActivationSketches seen) {
        Calibration calibration() {
            return Calibration.of(seen);
        }
    }

    /**
     * The calibration that belongs to a config: the ranges in the config, and if they are not enough, the sketch file
     * beside it, provided that it was made from the same model and data.
     *
     * @param config the file that {@code session} was read from
     * @param state the present settings, which may keep more tensors in float than the config does
     * @throws BadInputException if the sketch file is needed and damaged
     */
    static Calibration calibration(Path config, Session session, Model model, SessionState state, CancelToken cancel)
            throws IOException {
        Calibration known = session.calibration();
        boolean all = !state.needsImportance()
                && model.graph().map(OnnxGraph::activations).orElse(List.of()).stream()
                        .allMatch(a -> known.activations().contains(a.id()))
                && unfitted(model, state, known).isEmpty();
        Path file = SketchFile.beside(config);
        if (all || !Files.isRegularFile(file)) {
            return known;
        }
        ActivationSketches seen = SketchFile.read(file, cancel);
        boolean fits = state.calibrationData()
                .filter(ref -> seen.restsOn(state.modelKey(), ref.digest(), state.foldBatchNorm(), seen.samples()))
                .isPresent();
        return fits ? known.withSeen(seen) : known;
    }

    /**
     * Warns of activations whose scheme fits its levels, when the config has no fitted levels for them: it is an old
     * config, or one written by hand.
     */
    static void warnOfUnfitted(Model model, SessionState state, Calibration calibration, Terminal terminal) {
        unfitted(model, state, calibration)
                .forEach(id -> terminal.warn("activation " + id
                        + " has evenly spread levels: the config holds none that were fitted; calibrate again"));
    }

    private static List<TensorId> unfitted(Model model, SessionState state, Calibration calibration) {
        return QuantizedTensor.of(model, state, calibration).stream()
                .map(QuantizedTensor::request)
                .filter(request -> request instanceof Request.OfActivation activation && activation.lacksLevels())
                .map(Request::id)
                .toList();
    }

    /**
     * The float model to compare a model with: the one that was asked for, by the command line or else by the config; else
     * the model before its corrections, those
     * of the session and those that were written into its file, as far as its original is found.
     *
     * @param asked null if none was asked for
     * @throws BadInputException if the one that was asked for has other inputs or outputs
     */
    static Model reference(
            Path file, @Nullable Path asked, SessionState state, Model model, Terminal terminal, CancelToken cancel)
            throws IOException {
        SessionState plain = state.withCorrections(List.of());
        Path chosen = asked != null ? asked : configured(state, cancel);
        if (chosen != null) {
            Model given = openGraph(chosen, plain, terminal, cancel);
            Original.obstacle(model, given).ifPresent(why -> {
                throw new BadInputException(
                        chosen,
                        asked != null ? "--reference" : "reference",
                        "cannot be compared with " + file.getFileName() + ": " + why);
            });
            return given;
        }
        Model uncorrected = state.corrections().isEmpty() ? model : openGraph(file, plain, terminal, cancel);
        return Engine.reference(Engine.open(file, false), uncorrected, state.foldBatchNorm(), cancel);
    }

    /** The reference that a config names, if it is what it was. */
    private static @Nullable Path configured(SessionState state, CancelToken cancel) throws IOException {
        FileRef ref = state.reference().orElse(null);
        if (ref == null) {
            return null;
        }
        FileRef.ofModel(ref.path(), cancel).differsFrom(ref).ifPresent(changed -> {
            throw new BadInputException(
                    ref.path(),
                    "reference",
                    changed + " is not what this config was made with; --reference takes any model");
        });
        return ref.path();
    }

    /** Warns of weights that are no numbers. */
    static void warnOfNonFinite(Model model, Terminal terminal, CancelToken cancel) {
        NonFiniteWeights.sentence(NonFiniteWeights.in(model.tensors(), cancel)).ifPresent(terminal::warn);
    }

    /** Calibrates activations on all samples of the data. */
    static Calibrated calibrate(Model model, SessionState state, Dataset data, Terminal terminal, CancelToken cancel) {
        Observed observed;
        try (Terminal.Bar bar = terminal.progress("calibrate")) {
            observed = Engine.observe(model, data, bar, cancel);
        }
        Map<TensorId, MomentSketch> sketches = observed.sketches();
        sketches.forEach((id, sketch) -> {
            if (sketch.nan() + sketch.inf() > 0) {
                terminal.warn("activation " + id + " takes " + sketch.nan() + " NaN and " + sketch.inf()
                        + " infinite values on " + data.file().getFileName() + "; its range is that of the others");
            }
        });
        FileRef ref = FileRef.of(data);
        return new Calibrated(
                state.withCalibrationData(Optional.of(ref)),
                new ActivationSketches(state.modelKey(), ref.digest(), state.foldBatchNorm(), data.size(), observed));
    }
}
