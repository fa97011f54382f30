package org.quantscope.core.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.AnalysedForm;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.CorrectionSettings;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Original;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.Observed;

/**
 * A model of a plan in the form that some of its points share: folded, with certain corrections, and with what was seen of
 * its activations. For one thread at a time.
 */
final class OpenedModel {
    private final SweepPlan plan;
    private final SweepModel of;
    private final FileRef ref;
    private final Model model;
    private final Model reference;
    private final List<AppliedCorrection> corrections;
    private final @Nullable Dataset calibrationData;
    private @Nullable Calibration seen;
    private @Nullable Calibration withMoments;
    private String momentsOf = "";

    private OpenedModel(
            SweepPlan plan,
            SweepModel of,
            FileRef ref,
            Model model,
            Model reference,
            List<AppliedCorrection> corrections,
            @Nullable Dataset calibrationData) {
        this.plan = plan;
        this.of = of;
        this.ref = ref;
        this.model = model;
        this.reference = reference;
        this.corrections = corrections;
        this.calibrationData = calibrationData;
    }

    /**
     * Opens a model without corrections.
     *
     * @throws BadInputException if it cannot be run
     */
    static OpenedModel of(SweepPlan plan, SweepModel of, CancelToken cancel) throws IOException {
        Model source = ModelLoaders.open(of.file());
        if (source.graph().isEmpty()) {
            throw new BadInputException(
                    of.file(),
                    "graph",
                    "a " + source.format() + " file holds bare weights; a model that can be run is needed (.onnx)");
        }
        RunnableGraph.checkTensors(source);
        Model model = of.foldBatchNorm() ? AnalysedForm.of(source) : source;
        Dataset data = of.calibrationData().isEmpty()
                ? null
                : Datasets.open(of.calibrationData().get(), Optional.empty(), cancel);
        return new OpenedModel(
                plan,
                of,
                FileRef.ofModel(of.file(), cancel),
                model,
                reference(source, model, of.foldBatchNorm(), cancel),
                List.of(),
                data);
    }

    /** The float model to compare with: the original of a file that corrections were written into, if it lies beside it. */
    private static Model reference(Model source, Model uncorrected, boolean fold, CancelToken cancel)
            throws IOException {
        Optional<Path> file = Original.beside(source, cancel);
        if (file.isEmpty()) {
            return uncorrected;
        }
        Model stored = ModelLoaders.open(file.get());
        Model original = fold ? AnalysedForm.of(stored) : stored;
        return Original.obstacle(uncorrected, original).isEmpty() ? original : uncorrected;
    }

    /**
     * The same model with corrections.
     *
     * @param asked in their order
     * @param state how the model is quantized, for corrections that go by that
     * @throws BadInputException if one needs data that the plan does not name, or does not fit the model
     */
    OpenedModel corrected(
            List<AskedCorrection> asked,
            SessionState state,
            Resolver resolver,
            Function<OpenedModel, Optional<ActivationSketches>> known,
            CancelToken cancel)
            throws IOException {
        if (asked.isEmpty()) {
            return this;
        }
        List<AppliedCorrection> applied = new ArrayList<>();
        for (AskedCorrection one : asked) {
            boolean needs = one.correction().needsData();
            if (needs && calibrationData == null) {
                throw new BadInputException(
                        of.file(), "corrections", one.correction().id() + " needs calibration_data");
            }
            Optional<CorrectionSettings> settings = Optional.empty();
            if (needs) {
                SessionState on = state.withCalibrationData(Optional.of(FileRef.of(data())));
                Calibration calibration =
                        state.activations().isPresent() ? calibration(known, cancel) : Calibration.NONE;
                settings =
                        Optional.of(CorrectionSettings.of(new Session(on, resolver.ranges(on, calibration, cancel))));
            }
            applied.add(new AppliedCorrection(
                    one.correction().id(),
                    one.options(),
                    needs ? Optional.of(FileRef.of(data())) : Optional.empty(),
                    settings));
        }
        Model changed = Corrections.apply(model, state.withCorrections(applied), ref -> data(), Progress.NONE, cancel)
                .model();
        return new OpenedModel(plan, of, ref, changed, reference, List.copyOf(applied), calibrationData);
    }

    private Dataset data() {
        Dataset data = calibrationData;
        if (data == null) {
            throw new IllegalStateException("calibration data: asked for without any");
        }
        return data;
    }

    Model model() {
        return model;
    }

    Model reference() {
        return reference;
    }

    FileRef ref() {
        return ref;
    }

    List<AppliedCorrection> corrections() {
        return corrections;
    }

    Optional<Dataset> calibrationData() {
        return Optional.ofNullable(calibrationData);
    }

    /** What was seen of the activations on the calibration data, part by part. */
    Calibration calibration(Function<OpenedModel, Optional<ActivationSketches>> known, CancelToken cancel) {
        Calibration made = seen;
        if (made == null) {
            made = Calibration.of(known.apply(this).orElseGet(() -> sketches(cancel)));
            seen = made;
        }
        return made;
    }

    private ActivationSketches sketches(CancelToken cancel) {
        List<Observed> parts = new ArrayList<>();
        for (int shard = 0; shard < plan.calibrationShards(); shard++) {
            parts.add(observed(shard, cancel));
        }
        return sketches(Shards.merged(parts));
    }

    /** What is seen in one part of the calibration data. */
    Observed observed(int shard, CancelToken cancel) {
        return ActivationCalibration.run(
                model, Shards.part(data(), shard, plan.calibrationShards()), Progress.NONE, cancel);
    }

    /** What was seen in all of the calibration data, with what it rests on. */
    ActivationSketches sketches(Observed all) {
        SessionState state = SessionState.of(ref).withCorrections(corrections);
        return new ActivationSketches(
                state.modelKey(), FileRef.of(data()).digest(), of.foldBatchNorm(), data().size(), all);
    }

    /**
     * A calibration with what layers read, if a weight's calibrator needs it.
     *
     * @param weights which weights are quantized, in words
     */
    Calibration withMoments(Calibration known, SessionState state, String weights, CancelToken cancel) {
        if (!state.needsMoments()) {
            return known;
        }
        if (calibrationData == null) {
            throw new BadInputException(
                    of.file(),
                    "calibrator",
                    "output-mse needs calibration_data: it goes by the error at the output of a layer");
        }
        String key = weights + (known.seen().isPresent() ? " seen" : "");
        Calibration made = withMoments;
        if (made == null || !momentsOf.equals(key)) {
            made = MomentsPass.complete(known, model, state, data(), Progress.NONE, cancel);
            withMoments = made;
            momentsOf = key;
        }
        return made;
    }
}
