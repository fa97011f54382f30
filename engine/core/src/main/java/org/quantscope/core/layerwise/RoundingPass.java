package org.quantscope.core.layerwise;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.rounding.MomentProducts;
import org.quantscope.core.session.PackedCodes;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * Chooses the codes of all quantized weights, layer by layer in graph order: the inputs of a layer are those of the
 * float model and those of the model in which all layers before it have their codes, with quantized activations where
 * the settings have them. Rests on calibration data without labels.
 */
public final class RoundingPass {
    /** About the bytes for each pair of columns that solving a layer leaves behind: moments, their factors, and copies. */
    private static final long GARBAGE_OF_SOLVING = 120;

    private final Model model;
    private final ResolvedSettings settings;
    private final Map<TensorId, String> keys;
    private final Map<TensorId, SolvedWeight> known;
    private final SampleFeed feed;
    private final MomentProducts products = MomentProducts.best();
    private final Progress progress;
    private final CancelToken cancel;
    /** Values of weights and biases in the quantized model so far. */
    private final Map<TensorId, float[]> now = new LinkedHashMap<>();

    /** Biases that moved, before they are rounded. */
    private final Map<TensorId, float[]> moved = new LinkedHashMap<>();

    private final Map<TensorId, BiasSite> sites = new LinkedHashMap<>();
    private final List<Layer> layers = new ArrayList<>();
    private final Map<TensorId, SolvedWeight> results = new LinkedHashMap<>();
    private ResolvedSettings answer;
    private @Nullable Read last;

    /** What the layer before has read, which is often what the next one reads too. */
    private record Read(String reading, InputMoments moments) {}

    /**
     * What became of a layer that was solved.
     *
     * @param weight its weight
     * @param error the mean square of the error at its outputs, summed over them, about the mean where the bias follows
     * @param signal the mean square of the outputs wanted, summed over them, likewise
     * @param bias the bias that moved; empty if it stayed
     */
    public record Layer(TensorId weight, double error, double signal, Optional<TensorId> bias) {}

    /**
     * The quantized model.
     *
     * @param solved with the codes of all weights whose rounding needs data; none is open
     * @param layers those that were solved now, in graph order
     */
    public record Result(SolvedModel solved, List<Layer> layers) {}

    private RoundingPass(
            Model model,
            ResolvedSettings settings,
            Map<TensorId, String> keys,
            Map<TensorId, SolvedWeight> known,
            Dataset data,
            Progress progress,
            CancelToken cancel) {
        this.model = model;
        this.settings = settings;
        this.keys = keys;
        this.known = known;
        this.feed = SampleFeed.of(model, data);
        this.progress = progress;
        this.cancel = cancel;
        this.answer = settings;
        model.graph().orElseThrow().biases().forEach(site -> sites.putIfAbsent(site.weight(), site));
    }

    /**
     * Chooses the codes of all weights whose rounding needs data.
     *
     * @param model with a graph, with added quantizers as the settings want them
     * @param state says what each weight's rounding is, and names the calibration data
     * @param settings what is quantized, to nearest; its ranges are where the search begins
     * @param known results of an earlier pass; those that still hold are not computed again
     * @param data the calibration data that the state names
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Result run(
            Model model,
            SessionState state,
            ResolvedSettings settings,
            Map<TensorId, SolvedWeight> known,
            Dataset data,
            Progress progress,
            CancelToken cancel) {
        if (SolvedModel.asking(settings).isEmpty()) {
            return new Result(SolvedModel.of(model, state, settings, known), List.of());
        }
        if (state.calibrationData().isEmpty()) {
            throw new IllegalArgumentException("state: names no calibration data");
        }
        Map<TensorId, String> keys = MadeFrom.of(model, state, settings);
        return new RoundingPass(model, settings, keys, known, data, progress, cancel).run();
    }

    /** What a layer reads in the float model. */
    static InputMoments floatMoments(Model model, WeightedLayer layer, Dataset data, CancelToken cancel) {
        RoundingPass pass =
                new RoundingPass(model, ResolvedSettings.NONE, Map.of(), Map.of(), data, Progress.NONE, cancel);
        try (InputWalk walk = pass.walk(List.of(layer))) {
            return pass.moments(layer, LayerInputs.of(layer), walk);
        }
    }

    /**
     * One layer with what it reads, for its codes to be chosen again.
     *
     * @param solved the results of the layers before it; those of others do not matter
     * @return empty if no rounding can look at the layer, or if it reads what is no finite number
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<OpenLayer> open(
            Model model,
            ResolvedSettings settings,
            Map<TensorId, SolvedWeight> solved,
            TensorId weight,
            Dataset data,
            CancelToken cancel) {
        if (!SolvedModel.obstacles(model, Set.of(weight)).isEmpty()) {
            return Optional.empty();
        }
        return new RoundingPass(model, settings, Map.of(), Map.of(), data, Progress.NONE, cancel).open(weight, solved);
    }

    private Optional<OpenLayer> open(TensorId weight, Map<TensorId, SolvedWeight> solved) {
        toNearest();
        for (WeightedLayer layer : WeightedLayer.of(model)) {
            SolvedWeight result = solved.get(layer.id());
            if (layer.id().equals(weight)) {
                try (InputWalk walk = walk(List.of(layer))) {
                    return Optional.of(new OpenLayer(model, layer, moments(layer, LayerInputs.of(layer), walk)))
                            .filter(OpenLayer::isFinite);
                }
            } else if (result != null) {
                take(layer.id(), result);
            }
        }
        return Optional.empty();
    }

    private void toNearest() {
        settings.weights()
                .forEach((id, params) ->
                        now.put(id, ErrorPass.fakeQuantize(model.find(id).orElseThrow(), params, cancel)));
        sites.values().forEach(this::roundBias);
    }

    private Result run() {
        Set<TensorId> asking = SolvedModel.asking(settings);
        toNearest();
        results.putAll(SolvedModel.obstacles(model, asking));
        List<WeightedLayer> todo = WeightedLayer.of(model).stream()
                .filter(layer -> asking.contains(layer.id()) && !results.containsKey(layer.id()))
                .toList();
        List<WeightedLayer> solving =
                todo.stream().filter(layer -> held(layer.id()).isEmpty()).toList();
        int done = 0;
        try (InputWalk walk = walk(solving)) {
            for (WeightedLayer layer : todo) {
                cancel.check();
                done++;
                progress.report(
                        done - 1,
                        todo.size(),
                        "layer " + done + " of " + todo.size() + ": " + layer
                                + (walk.beginsAgain() ? ", run from the samples for want of memory" : ""));
                take(layer.id(), held(layer.id()).orElseGet(() -> solve(layer, walk)));
            }
        }
        return new Result(SolvedModel.complete(model, settings, results), List.copyOf(layers));
    }

    private Optional<SolvedWeight> held(TensorId id) {
        return Optional.ofNullable(known.get(id))
                .filter(result -> result.madeFrom().equals(key(id)));
    }

    private void take(TensorId id, SolvedWeight result) {
        results.put(id, result);
        if (result instanceof SolvedWeight.Solution solution) {
            now.put(id, SolvedModel.values(model, id, solution));
            solution.bias().ifPresent(bias -> {
                moved.put(bias.id(), bias.values());
                now.put(bias.id(), bias.values());
            });
            answer = answer.with(id, solution.params());
            Optional.ofNullable(sites.get(id)).ifPresent(this::roundBias);
        }
    }

    /** The walk to what some layers read; of successive layers that read the same, the first serves all. */
    private InputWalk walk(List<WeightedLayer> some) {
        List<String> values = new ArrayList<>();
        String before = "";
        for (WeightedLayer layer : some) {
            String reading = LayerInputs.of(layer).reading();
            if (!reading.equals(before)) {
                values.add(layer.node().inputs().getFirst());
            }
            before = reading;
        }
        return new InputWalk(model, settings, now.keySet(), feed, values, cancel);
    }

    private String key(TensorId id) {
        return Objects.requireNonNull(keys.get(id));
    }

    /**
     * Rounds a bias as an integer kernel does, in units of the input's scale times the weight's, so that the layers
     * behind it can make up for that too.
     */
    private void roundBias(BiasSite site) {
        QuantParams in = settings.activations().get(site.activation());
        QuantParams weight = answer.weights().get(site.weight());
        if (in == null || weight == null || settings.weights().containsKey(site.bias())) {
            return;
        }
        Optional<ChosenValues> chosen =
                Optional.ofNullable(moved.get(site.bias())).map(values -> new ChosenValues("", TensorData.of(values)));
        IntegerBias.of(model, site, in, weight, chosen).ifPresent(bias -> now.put(site.bias(), bias.values()));
    }

    private SolvedWeight solve(WeightedLayer layer, InputWalk walk) {
        LayerInputs inputs = LayerInputs.of(layer);
        OpenLayer open = new OpenLayer(model, layer, moments(layer, inputs, walk));
        if (!open.isFinite()) {
            return new SolvedWeight.Nearest(
                    key(layer.id()), "on the calibration data it reads values that are no finite numbers");
        }
        walk.drop(GARBAGE_OF_SOLVING * inputs.columns() * inputs.columns());
        OpenLayer.Answer answer = open.solve(settings, settings.find(layer.id()).orElseThrow(), cancel);
        layers.add(new Layer(
                layer.id(), answer.error(), answer.signal(), answer.bias().map(SolvedWeight.MovedBias::id)));
        Tensor chosen = new Tensor(layer.weight().info(), TensorData.of(answer.values()));
        return new SolvedWeight.Solution(
                key(layer.id()), answer.params(), PackedCodes.of(chosen, answer.params(), cancel), answer.bias());
    }

    private InputMoments moments(WeightedLayer layer, LayerInputs inputs, InputWalk walk) {
        if (last != null && last.reading.equals(inputs.reading())) {
            return last.moments;
        }
        last = null;
        String value = layer.node().inputs().getFirst();
        @Nullable QuantParams own = settings.activations().get(new TensorId(value));
        InputMoments moments =
                new InputMoments(inputs.groups(), inputs.columns(), own != null || walk.isDrifted(value), products);
        walk.forEach(value, now, (x, seen) -> add(moments, inputs, x, own == null ? seen : on(own.grid(0), seen)));
        last = new Read(inputs.reading(), moments);
        return moments;
    }

    private static InputWalk.Values on(Grid grid, InputWalk.Values values) {
        float[] out = new float[values.values().length];
        for (int i = 0; i < out.length; i++) {
            out[i] = grid.quantize(values.values()[i]);
        }
        return new InputWalk.Values(out, values.shape());
    }

    private void add(InputMoments moments, LayerInputs inputs, InputWalk.Values plain, InputWalk.Values quantized) {
        LayerInputs.Cut cut = inputs.cut(plain.shape());
        moments.add(cut.count(), cut.vectors(quantized.values()), cut.vectors(plain.values()), cancel);
    }
}
