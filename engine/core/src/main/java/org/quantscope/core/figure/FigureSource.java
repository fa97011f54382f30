package org.quantscope.core.figure;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.metric.CodePass;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
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
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.ValueFigures;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * What figures are computed from: a model, the choices made for it, a selected tensor and data. Everything comes from the
 * engine on the way that the window and the commands go, is computed when a figure first asks for it, and is kept. What
 * says nothing of one tensor is shared by {@link FigureSources}. Used by one thread at a time.
 */
public final class FigureSource {
    /**
     * What to look at.
     *
     * @param model as {@code state} wants it: folded, corrected, with added quantizers
     * @param reference the float model to compare with
     * @param selected the stored tensor or activation whose figures are asked for; empty if there is none
     * @param calibration what calibration data has shown; what it lacks is computed from {@code calibrationData}
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
            Optional<Dataset> evaluationData) {
        /** The same with other choices. */
        public Scene with(SessionState other) {
            return new Scene(model, reference, other, selected, calibration, calibrationData, evaluationData);
        }

        /** The same with another selected tensor. */
        public Scene with(TensorId id) {
            return new Scene(model, reference, state, Optional.of(id), calibration, calibrationData, evaluationData);
        }
    }

    private final Scene scene;
    private final FigureSources sources;
    private final ModelFigures whole;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<Quantized> quantized;

    private @Nullable ErrorReport error;
    private @Nullable ErrorEstimate estimate;
    private @Nullable CodeReport codes;
    private @Nullable ValueFigures values;
    private @Nullable ErrorReport least;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<OutputError> output;

    private @Nullable ResolvedTensor leastRange;

    /** The selected tensor with its parameters. */
    record Quantized(TensorInfo info, QuantSpec spec, ResolvedTensor resolved) {
        QuantParams params() {
            return resolved.params();
        }
    }

    FigureSource(Scene scene, FigureSources sources) {
        this.scene = scene;
        this.sources = sources;
        this.whole = sources.whole(scene);
    }

    /** The activation of that name; empty if there is none. */
    public static Optional<TensorInfo> activation(Model model, TensorId id) {
        return model.graph()
                .flatMap(g ->
                        g.activations().stream().filter(a -> a.id().equals(id)).findFirst());
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
        return sources.cancel();
    }

    /** What does not depend on the selected tensor. */
    ModelFigures whole() {
        return whole;
    }

    /** The lines of the settings exported as a text file of that format. */
    public List<String> lines(String format) {
        return whole.lines(format);
    }

    /** The selected tensor as SVG: its values, the levels and the range; empty if no values are known. */
    public String picture() {
        Optional<ClipRange> range = quantized()
                .filter(q -> q.params().slices() == 1)
                .map(q -> q.resolved().requested().getFirst());
        return seen().map(values -> TensorPicture.of(values, grid(), range)).orElse("");
    }

    private Optional<MomentSketch> seen() {
        return tensor().map(t -> MomentSketch.of(t, cancel())).or(this::sketch);
    }

    /** What the settings do to the selected tensor, in sentences; none if it stays in float. */
    public List<String> sentences() {
        Optional<MomentSketch> values = seen();
        Optional<Grid> levels = grid();
        boolean one = levels.isPresent();
        return error().map(e -> Sentences.of(new Sentences.Seen(
                        e.count(),
                        e.clipped(),
                        e.mse(),
                        e.clippingMse(),
                        true,
                        one ? values.orElse(null) : null,
                        levels.orElse(null),
                        "weight")))
                .or(() -> estimate()
                        .map(e -> Sentences.of(new Sentences.Seen(
                                e.count(),
                                e.clipped(),
                                e.mse(),
                                e.clippingMse(),
                                false,
                                values.orElse(null),
                                levels.orElse(null),
                                "value"))))
                .orElse(List.of());
    }

    /** The selected tensor as it is stored; empty if there is none or it is an activation. */
    Optional<Tensor> tensor() {
        return scene.selected().flatMap(scene.model()::find);
    }

    /** What is known of the values of the selected activation; empty for a stored tensor. */
    private Optional<MomentSketch> sketch() {
        return scene.selected()
                .filter(id -> activation(scene.model(), id).isPresent())
                .map(id -> whole.calibration().sketches().get(id));
    }

    /** The selected tensor with its parameters; empty if it stays in float. */
    Optional<Quantized> quantized() {
        if (quantized == null) {
            quantized = tensor().map(Tensor::info)
                    .or(() -> scene.selected().flatMap(id -> activation(scene.model(), id)))
                    .flatMap(info -> scene.state().choice(info) instanceof Choice.Quantized choice
                            ? Optional.of(quantized(info, choice))
                            : Optional.empty());
        }
        return quantized;
    }

    /** Without a graph only the one tensor is resolved: a file of many weights need not be. */
    private Quantized quantized(TensorInfo info, Choice.Quantized choice) {
        if (scene.model().graph().isPresent()) {
            ResolvedSettings all = choice.spec().isNearest()
                    ? whole.settings()
                    : whole.solved().settings();
            return new Quantized(info, choice.spec(), all.find(info.id()).orElseThrow());
        }
        return new Quantized(info, choice.spec(), resolved(tensor().orElseThrow(), choice));
    }

    private ResolvedTensor resolved(Tensor tensor, Choice.Quantized choice) {
        Request request = Request.of(tensor, choice.spec(), whole.calibration().importances());
        var answer = sources.resolver().resolve(request, cancel());
        return new ResolvedTensor(tensor.info(), choice, choice.spec(), answer.requested(), answer.params());
    }

    /** The exact error of the selected tensor; empty for an activation. */
    Optional<ErrorReport> error() {
        return stored(q -> {
            if (error == null) {
                error = q.spec().isNearest()
                        ? ErrorPass.measure(tensor().orElseThrow(), q.params(), cancel())
                        : ErrorPass.measure(tensor().orElseThrow(), q.params(), chosenValues(q), cancel());
            }
            return error;
        });
    }

    /** The error of the selected activation as its sketch gives it; empty for a stored tensor. */
    Optional<ErrorEstimate> estimate() {
        return sketch().flatMap(seen -> quantized().map(q -> {
            if (estimate == null) {
                estimate = seen.estimate(q.params().grid(0));
            }
            return estimate;
        }));
    }

    private <T> Optional<T> stored(Function<Quantized, T> of) {
        return tensor().isPresent() ? quantized().map(of) : Optional.empty();
    }

    private float[] chosenValues(Quantized q) {
        Tensor with = whole.solved().model().find(q.info().id()).orElseThrow();
        return ErrorPass.fakeQuantize(with, q.params(), cancel());
    }

    /** The values as they are quantized; empty for an activation. */
    Optional<float[]> quantizedValues() {
        return stored(q -> q.spec().isNearest()
                ? ErrorPass.fakeQuantize(tensor().orElseThrow(), q.params(), cancel())
                : chosenValues(q));
    }

    /** How the selected tensor uses its codes; empty for an activation. */
    Optional<CodeReport> codes() {
        return stored(q -> {
            if (codes == null) {
                codes = q.spec().isNearest()
                        ? CodePass.measure(tensor().orElseThrow(), q.params(), cancel())
                        : CodePass.measure(
                                tensor().orElseThrow(), TensorData.of(chosenValues(q)), q.params(), cancel());
            }
            return codes;
        });
    }

    Optional<ValueFigures> values() {
        if (values == null) {
            values = tensor().map(t -> ValueFigures.of(t.data(), cancel()))
                    .or(() -> sketch().map(s -> new ValueFigures(
                            s.count(), s.min(), s.max(), s.mean(), s.std(), s.nan(), s.inf(), s.zeros())))
                    .orElse(null);
        }
        return Optional.ofNullable(values);
    }

    /** The range with the least squared error for the present grid; empty if the tensor stays in float. */
    Optional<ResolvedTensor> leastRange() {
        return stored(q -> {
            if (leastRange == null) {
                QuantSpec spec = q.spec().withRounding(QuantSpec.NEAREST).withClip(new Clip.Auto("mse"));
                leastRange = resolved(tensor().orElseThrow(), new Choice.Quantized(spec, Choice.Source.OWN));
            }
            return leastRange;
        });
    }

    /** The error in that range. */
    Optional<ErrorReport> leastError() {
        return leastRange().map(range -> {
            if (least == null) {
                least = ErrorPass.measure(tensor().orElseThrow(), range.params(), cancel());
            }
            return least;
        });
    }

    /** The extents of the channels of the selected tensor; empty if it has only one. */
    Optional<SliceExtents> channels() {
        return tensor().filter(t -> t.info().shape().rank() > 1).map(t -> {
            return SliceExtents.of(t, Slicing.of(t.info(), Granularity.CHANNEL), cancel());
        });
    }

    /** The error at the output of the layer of the selected weight; empty without calibration data. */
    Optional<OutputError> output() {
        if (output == null) {
            Optional<Tensor> weight = tensor();
            output = weight.isEmpty()
                    ? Optional.empty()
                    : quantized()
                            .flatMap(q -> scene.calibrationData().flatMap(data -> {
                                TensorId id = q.info().id();
                                return sources.moments(scene.model(), id, data)
                                        .map(layer -> new LayerOutput(weight.get(), layer, cancel()))
                                        .map(layer -> q.spec().isNearest()
                                                ? layer.error(q.params(), cancel())
                                                : layer.error(chosenValues(q), cancel()));
                            }));
        }
        return output;
    }
}
