package org.quantscope.core.sensitivity;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Evaluates, for every quantized tensor, the model with only this tensor quantized and with all but this one.
 * Activations that are tied to another are switched together with it.
 *
 * <p>For W weights and A activations it takes 1 + 2(W + A) evaluations and as many sessions, each with its weights
 * built in. Alternatives are a single session that is fed every weight, which runs at about half the throughput, and
 * one whose quantizers can be switched off, which tests every switch in every run. Both cost more than building
 * sessions if an evaluation takes several times as long as a build.
 *
 * <p>Figures are kept in a {@link SensitivityCache} as soon as they are known, so a cancelled sweep can continue where
 * it stopped; only the evaluation that was running is lost. With a cache from a {@link SensitivityStore} it can
 * continue after a restart too.
 */
public final class SensitivitySweep {
    /** The number of samples of the first round: enough to rank the tensors that matter. */
    public static final int QUICK = 1000;

    private final EvalRequest all;
    private final List<TensorInfo> tensors;
    private final SettingKeys keys;
    private final SensitivityCache cache;

    /**
     * A sweep over a resolved setting.
     *
     * @param weights parameters of each quantized stored tensor
     * @param activations parameters of each quantized activation; those of an activation that is tied to another are
     *     ignored
     * @param cache of the {@link SensitivityScope} of this model
     */
    public SensitivitySweep(
            Model model,
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations,
            SensitivityCache cache) {
        List<TensorInfo> owning = model.graph().map(OnnxGraph::activations).orElse(List.of()).stream()
                .filter(a -> activations.containsKey(a.id()))
                .toList();
        Map<TensorId, QuantParams> own = new HashMap<>();
        owning.forEach(a -> own.put(a.id(), activations.get(a.id())));
        this.all = new EvalRequest(Optional.empty(), weights, own);
        this.tensors = Stream.concat(
                        model.tensors().stream().map(Tensor::info).filter(t -> weights.containsKey(t.id())),
                        owning.stream())
                .toList();
        this.keys = new SettingKeys(all);
        this.cache = cache;
    }

    /** The quantized tensors: first the stored ones in the order of the file, then activations in graph order. */
    public List<TensorInfo> tensors() {
        return tensors;
    }

    /** What is known already, without any evaluation. */
    public SensitivityReport known(int samples) {
        return report(samples);
    }

    /**
     * Evaluates what is not known yet: first everything on the first samples of the evaluation order, then everything
     * on all samples, beginning with the tensors that do the most damage.
     *
     * @param evaluator of the model and data that the cache is for
     * @param quick samples of the first round, rounded up to whole batches; if that is all of them, there is only one
     *     round
     * @param partial called on this thread after each evaluation
     * @return the complete report
     * @throws java.util.concurrent.CancellationException if cancelled, also in the middle of a batch
     */
    public SensitivityReport run(
            LiveEvaluator evaluator,
            int quick,
            Progress progress,
            CancelToken cancel,
            Consumer<SensitivityReport> partial) {
        int samples = evaluator.samples();
        try {
            if (quick < samples) {
                round(evaluator, steps(tensors), quick, progress, cancel, partial);
            }
            Map<TensorId, TensorInfo> byName = new HashMap<>();
            tensors.forEach(t -> byName.put(t.id(), t));
            List<TensorInfo> worstFirst = report(samples).tensors().stream()
                    .flatMap(t -> Optional.ofNullable(byName.get(t.name())).stream())
                    .toList();
            round(evaluator, steps(worstFirst), samples, progress, cancel, partial);
        } finally {
            cache.save();
        }
        return report(samples);
    }

    /**
     * Evaluates only what the ranking needs and is not known yet: each tensor alone, on all samples.
     *
     * @param partial called on this thread after each evaluation
     * @return everything that is known then
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public SensitivityReport rank(
            LiveEvaluator evaluator, Progress progress, CancelToken cancel, Consumer<SensitivityReport> partial) {
        try {
            round(
                    evaluator,
                    tensors.stream().map(this::only).filter(this::isMissing).toList(),
                    evaluator.samples(),
                    progress,
                    cancel,
                    partial);
        } finally {
            cache.save();
        }
        return report(evaluator.samples());
    }

    /** True if every tensor alone has been evaluated on all samples. */
    public boolean isRanked() {
        return tensors.stream().map(this::only).noneMatch(this::isMissing);
    }

    private boolean isMissing(Step step) {
        return cache.find(step.key).filter(AccuracyEstimate::isComplete).isEmpty();
    }

    private record Step(String what, String key, EvalRequest request) {}

    private void round(
            LiveEvaluator evaluator,
            List<Step> steps,
            int samples,
            Progress progress,
            CancelToken cancel,
            Consumer<SensitivityReport> partial) {
        int done = 0;
        for (Step step : steps) {
            cancel.check();
            int at = done++;
            String text = step.what + ", " + done + " of " + steps.size()
                    + (samples < evaluator.samples() ? " on " + samples + " samples" : "");
            progress.report((long) at * samples, (long) steps.size() * samples, text);
            if (cache.find(step.key).filter(known -> known.seen() >= samples).isEmpty()) {
                AccuracyEstimate figure = evaluator.evaluate(
                        step.request,
                        samples,
                        cancel,
                        e -> progress.report(
                                (long) at * samples + Math.min(samples, e.seen()),
                                (long) steps.size() * samples,
                                text));
                cache.keep(step.key, figure);
                partial.accept(report(evaluator.samples()));
            }
        }
    }

    /** The order of evaluation: the whole setting first, then what the ranking needs, then the rest. */
    private List<Step> steps(List<TensorInfo> order) {
        Stream<Step> whole = Stream.of(new Step("all", keys.all(), all));
        return Stream.of(whole, order.stream().map(this::only), order.stream().map(t -> allBut(t.id())))
                .flatMap(s -> s)
                .toList();
    }

    private Step allBut(TensorId id) {
        Map<TensorId, QuantParams> weights = new HashMap<>(all.weights());
        Map<TensorId, QuantParams> activations = new HashMap<>(all.activations());
        weights.remove(id);
        activations.remove(id);
        return new Step("all but " + id, keys.allBut(id), new EvalRequest(Optional.empty(), weights, activations));
    }

    private Step only(TensorInfo tensor) {
        TensorId id = tensor.id();
        return new Step(
                "only " + id,
                keys.only(id),
                new EvalRequest(Optional.empty(), only(all.weights(), id), only(all.activations(), id)));
    }

    private static Map<TensorId, QuantParams> only(Map<TensorId, QuantParams> settings, TensorId id) {
        QuantParams params = settings.get(id);
        return params == null ? Map.of() : Map.of(id, params);
    }

    private SensitivityReport report(int samples) {
        Optional<AccuracyEstimate> baseline = cache.find(keys.all());
        List<TensorSensitivity> found = tensors.stream()
                .map(t -> new TensorSensitivity(
                        t.id(), t.kind(), cache.find(keys.only(t.id())), cache.find(keys.allBut(t.id()))))
                .toList();
        long known = Stream.concat(
                        baseline.stream(),
                        found.stream().flatMap(t -> Stream.concat(t.onlyThis().stream(), t.allButThis().stream())))
                .filter(AccuracyEstimate::isComplete)
                .count();
        return new SensitivityReport(baseline, found, Math.toIntExact(known), 1 + 2 * tensors.size(), samples);
    }
}
