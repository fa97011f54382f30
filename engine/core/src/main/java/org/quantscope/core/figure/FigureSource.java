package org.quantscope.core.figure;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.metric.CodePass;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ValueFigures;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * What figures are computed from: a model, the choices made for it, a selected tensor and data. Everything comes from the
 * engine on the way that the window and the commands go, is computed when a figure first asks for it, and is kept. Used
 * by one thread at a time.
 */
public final class FigureSource {
    /**
     * What to look at.
     *
     * @param model as {@code state} wants it: folded, corrected, with added quantizers
     * @param reference the float model to compare with
     * @param selected the stored tensor whose figures are asked for; empty if there is none
     * @param calibration what calibration data has shown
     * @param calibrationData for the error at outputs and for codes that rest on data
     * @param evaluationData for accuracy
     */
    public record Scene(
            Model model,
            Model reference,
            SessionState state,
            Optional<TensorId> selected,
            Calibration calibration,
            Optional<Dataset> calibrationData,
            Optional<Dataset> evaluationData) {}

    private final Scene scene;
    private final Resolver resolver;
    private final long evaluationSeed;
    private final int threads;
    private final CancelToken cancel;
    private @Nullable ResolvedSettings settings;
    private @Nullable SolvedModel solved;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<Quantized> quantized;

    private @Nullable ErrorReport error;
    private @Nullable CodeReport codes;
    private @Nullable ValueFigures values;
    private @Nullable ErrorReport least;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<OutputError> output;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<AccuracyEstimate> accuracy;

    private @Nullable ResolvedTensor leastRange;

    /** The selected tensor with its parameters. */
    record Quantized(Tensor tensor, QuantSpec spec, ResolvedTensor resolved) {
        QuantParams params() {
            return resolved.params();
        }
    }

    /**
     * @param resolver keeps answers between sources of one model
     * @param evaluationSeed of the evaluation order; complete figures do not depend on it
     * @param threads how many batches to evaluate at once
     */
    public FigureSource(Scene scene, Resolver resolver, long evaluationSeed, int threads, CancelToken cancel) {
        this.scene = scene;
        this.resolver = resolver;
        this.evaluationSeed = evaluationSeed;
        this.threads = threads;
        this.cancel = cancel;
    }

    /** The levels that all values of the selected tensor share; empty if there are several grids or none. */
    public Optional<Grid> grid() {
        return quantized()
                .filter(q -> q.params().slices() == 1)
                .map(q -> q.params().grid(0));
    }

    /** How the selected tensor is quantized; empty if it stays in float. */
    public Optional<QuantSpec> spec() {
        return quantized().map(Quantized::spec);
    }

    CancelToken cancel() {
        return cancel;
    }

    /** The settings of all tensors. */
    ResolvedSettings settings() {
        if (settings == null) {
            settings = resolver.resolve(scene.model(), scene.state(), scene.calibration(), Progress.NONE, cancel);
        }
        return settings;
    }

    /** The codes of the weights: the nearest ones, or those that a rounding chose on the calibration data. */
    private SolvedModel solved() {
        if (solved == null) {
            SolvedModel open = SolvedModel.of(scene.model(), scene.state(), settings(), Map.of());
            solved = open.open().isEmpty() || scene.calibrationData().isEmpty()
                    ? open
                    : RoundingPass.run(
                                    scene.model(),
                                    scene.state(),
                                    settings(),
                                    Map.of(),
                                    scene.calibrationData().get(),
                                    Progress.NONE,
                                    cancel)
                            .solved();
        }
        return solved;
    }

    /** The selected tensor as it is stored; empty if there is none or it is an activation. */
    Optional<Tensor> tensor() {
        return scene.selected().flatMap(scene.model()::find);
    }

    /** The selected tensor with its parameters; empty if it stays in float. */
    Optional<Quantized> quantized() {
        if (quantized == null) {
            quantized = tensor().flatMap(
                            tensor -> scene.state().choice(tensor.info()) instanceof Choice.Quantized choice
                                    ? Optional.of(quantized(tensor, choice))
                                    : Optional.empty());
        }
        return quantized;
    }

    /** Without a graph only the one tensor is resolved: a file of many weights need not be. */
    private Quantized quantized(Tensor tensor, Choice.Quantized choice) {
        if (scene.model().graph().isPresent()) {
            ResolvedSettings all = choice.spec().isNearest() ? settings() : solved().settings();
            return new Quantized(tensor, choice.spec(), all.find(tensor.id()).orElseThrow());
        }
        return new Quantized(tensor, choice.spec(), resolved(tensor, choice));
    }

    private ResolvedTensor resolved(Tensor tensor, Choice.Quantized choice) {
        Request request = Request.of(tensor, choice.spec(), scene.calibration().importances());
        var answer = resolver.resolve(request, cancel);
        return new ResolvedTensor(tensor.info(), choice, choice.spec(), answer.requested(), answer.params());
    }

    /** The exact error of the selected tensor. */
    Optional<ErrorReport> error() {
        return quantized().map(q -> {
            if (error == null) {
                error = q.spec().isNearest()
                        ? ErrorPass.measure(q.tensor(), q.params(), cancel)
                        : ErrorPass.measure(q.tensor(), q.params(), chosenValues(q), cancel);
            }
            return error;
        });
    }

    private float[] chosenValues(Quantized q) {
        Tensor with = solved().model().find(q.tensor().id()).orElseThrow();
        return ErrorPass.fakeQuantize(with, q.params(), cancel);
    }

    /** How the selected tensor uses its codes. */
    Optional<CodeReport> codes() {
        return quantized().map(q -> {
            if (codes == null) {
                codes = CodePass.measure(q.tensor(), q.params(), cancel);
            }
            return codes;
        });
    }

    Optional<ValueFigures> values() {
        return tensor().map(tensor -> {
            if (values == null) {
                values = ValueFigures.of(tensor.data(), cancel);
            }
            return values;
        });
    }

    /** The range with the least squared error for the present grid; empty if the tensor stays in float. */
    Optional<ResolvedTensor> leastRange() {
        return quantized().map(q -> {
            if (leastRange == null) {
                QuantSpec spec = q.spec().withRounding(QuantSpec.NEAREST).withClip(new Clip.Auto("mse"));
                leastRange = resolved(q.tensor(), new Choice.Quantized(spec, Choice.Source.OWN));
            }
            return leastRange;
        });
    }

    /** The error in that range. */
    Optional<ErrorReport> leastError() {
        return leastRange().map(range -> {
            if (least == null) {
                least = ErrorPass.measure(tensor().orElseThrow(), range.params(), cancel);
            }
            return least;
        });
    }

    /** The extents of the channels of the selected tensor; empty if it has only one. */
    Optional<SliceExtents> channels() {
        return tensor().filter(t -> t.info().shape().rank() > 1).map(t -> {
            return SliceExtents.of(t, Slicing.of(t.info(), Granularity.CHANNEL), cancel);
        });
    }

    /** The error at the output of the layer of the selected weight; empty without calibration data. */
    Optional<OutputError> output() {
        if (output == null) {
            output = quantized()
                    .flatMap(q -> scene.calibrationData().flatMap(data -> {
                        TensorId id = q.tensor().id();
                        return MomentsPass.run(scene.model(), id::equals, data, Progress.NONE, cancel)
                                .of(id)
                                .map(layer -> new LayerOutput(q.tensor(), layer, cancel))
                                .map(layer -> q.spec().isNearest()
                                        ? layer.error(q.params(), cancel)
                                        : layer.error(chosenValues(q), cancel));
                    }));
        }
        return output;
    }

    /** Accuracy of the whole model beside the float model; empty without evaluation data. */
    Optional<AccuracyEstimate> accuracy() {
        if (accuracy == null) {
            accuracy = scene.evaluationData()
                    .filter(d -> scene.model().graph().isPresent())
                    .map(data -> {
                        try (LiveEvaluator evaluator = new LiveEvaluator(
                                scene.model(),
                                scene.reference(),
                                data,
                                evaluationSeed,
                                threads,
                                scene.state().metric(),
                                0)) {
                            return evaluator.evaluate(solved().request(Optional.empty()), cancel, partial -> {});
                        }
                    });
        }
        return accuracy;
    }

    ModelSize size() {
        return ModelSize.of(scene.model(), settings());
    }
}
