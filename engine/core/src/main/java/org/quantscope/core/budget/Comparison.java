package org.quantscope.core.budget;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Question;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * What bits that differ buy, and what better rounding buys, at the same cost: all weights at one width and the mixture
 * of that cost, each with the nearest levels and with the codes of a rounding.
 *
 * @param bits the one width
 * @param unit in which the costs are equal
 * @param rounding id of the rounding that is compared with the nearest levels
 * @param divergence true if losses are in nats, false if they are shares of noise
 * @param samples that the losses rest on: the calibration data, on which the codes are chosen too
 */
public record Comparison(
        int bits,
        Unit unit,
        String rounding,
        boolean divergence,
        int samples,
        Row uniformNearest,
        Row mixedNearest,
        Row uniformRounded,
        Row mixedRounded) {
    /**
     * One of the four.
     *
     * @param assignment with the loss of the nearest levels
     * @param loss on the calibration data
     * @param figure on evaluation data, if there is any
     */
    public record Row(
            Assignment assignment, boolean mixed, String rounding, double loss, Optional<AccuracyEstimate> figure) {}

    /** The rounding that is compared if none was chosen. */
    public static final String USUAL = "least-output-error";

    /** The four, from the plainest on. */
    public List<Row> rows() {
        return List.of(uniformNearest, mixedNearest, uniformRounded, mixedRounded);
    }

    /**
     * Compares at the cost of the one width that is nearest to an assignment.
     *
     * @param uniforms the widths that all weights together could have
     * @param rounding id of a rounding other than the nearest
     * @param data the calibration data
     * @param scored evaluates the model on evaluation data
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Comparison of(
            MixedPrecision search,
            Assignment near,
            List<Integer> uniforms,
            String rounding,
            Dataset data,
            Resolver resolver,
            Optional<LiveEvaluator> scored,
            Progress progress,
            CancelToken cancel) {
        Unit unit = search.asked().unit();
        Maker maker = new Maker(search, data, resolver, scored, progress, cancel);
        int bits = uniforms.stream()
                .min(Comparator.comparingDouble(
                        b -> away(search.uniform(b, cancel).in(unit), near.in(unit))))
                .orElseThrow(() -> new IllegalArgumentException("uniforms: none"));
        Assignment uniform = search.uniform(bits, cancel);
        Assignment mixed = search.best(Math.max(uniform.in(unit), search.least()), progress, cancel);
        return new Comparison(
                bits,
                unit,
                rounding,
                search.isDivergence(),
                search.samples(),
                maker.row(uniform, false, QuantSpec.NEAREST, 1),
                maker.row(mixed, true, QuantSpec.NEAREST, 2),
                maker.row(uniform, false, rounding, 3),
                maker.row(mixed, true, rounding, 4));
    }

    private static double away(double cost, double from) {
        return Math.abs(Math.log(Math.max(1, cost) / Math.max(1, from)));
    }

    private record Maker(
            MixedPrecision search,
            Dataset data,
            Resolver resolver,
            Optional<LiveEvaluator> scored,
            Progress progress,
            CancelToken cancel) {
        Row row(Assignment assignment, boolean mixed, String rounding, int number) {
            progress.report(number - 1, 4, "setting " + number + " of 4: " + rounding);
            Question asked = search.asked();
            SessionState state = rounded(search.state(assignment), assignment, rounding);
            ResolvedSettings resolved =
                    resolver.resolve(asked.model(), state, asked.calibration(), Progress.NONE, cancel);
            boolean nearest = rounding.equals(QuantSpec.NEAREST);
            EvalRequest request = nearest
                    ? new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations())
                    : solved(state, resolved).request(Optional.empty());
            return new Row(
                    assignment,
                    mixed,
                    rounding,
                    nearest ? assignment.loss() : search.lossOf(request, cancel),
                    scored.map(evaluator -> evaluator.evaluate(request, cancel, _ -> {})));
        }

        private SolvedModel solved(SessionState state, ResolvedSettings resolved) {
            return RoundingPass.run(search.asked().model(), state, resolved, Map.of(), data, Progress.NONE, cancel)
                    .solved();
        }
    }

    /** The settings with another rounding of those weights that an assignment is about. */
    public static SessionState rounded(SessionState state, Assignment of, String rounding) {
        Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
        of.bits().keySet().forEach(id -> own.computeIfPresent(id, (_, spec) -> spec.withRounding(rounding)));
        return state.withOverrides(own);
    }

    /** What it comes to, in one sentence for a person. */
    public String sentence() {
        boolean points = rows().stream()
                .allMatch(r -> r.figure.filter(f -> f.task().isProportion()).isPresent());
        ToDoubleFunction<Row> merit = points ? r -> 100 * r.figure.orElseThrow().score() : r -> -r.loss;
        double base = merit.applyAsDouble(uniformNearest);
        double byBits = merit.applyAsDouble(mixedNearest) - base;
        double byRounding = merit.applyAsDouble(uniformRounded) - base;
        double both = merit.applyAsDouble(mixedRounded) - base;
        double more = byRounding - byBits;
        String winner = Math.abs(more) <= 1e-9 * (1 + Math.abs(base))
                ? "both buy the same"
                : more > 0 ? "the rounding buys more" : "mixed bits buy more";
        String on = points
                ? String.format(
                                Locale.ROOT,
                                "%,d",
                                uniformNearest.figure.orElseThrow().seen()) + " evaluation samples"
                : String.format(Locale.ROOT, "%,d", samples)
                        + " calibration samples, on which the codes are chosen too";
        String unitText = points ? " points" : divergence ? " nats" : "";
        String start = points
                ? uniformNearest.figure.orElseThrow().task().title() + String.format(Locale.ROOT, " %.2f %%", base)
                : (divergence ? "KL " : "noise ") + String.format(Locale.ROOT, "%.4g", -base) + unitText;
        String format = points ? "%+.2f" : "%+.3g";
        double sign = points ? 1 : -1;
        return String.format(
                Locale.ROOT,
                "At the %s of %d bits for all weights, with the nearest levels (%s on %s): mixed bits " + format
                        + "%s, " + "%s with %d bits for all " + format + "%s, both " + format + "%s: here %s.",
                unit == Unit.BIT_OPERATIONS ? "bit-operations" : unit == Unit.BYTES ? "size" : "average bits",
                bits,
                start,
                on,
                sign * byBits,
                unitText,
                rounding,
                bits,
                sign * byRounding,
                unitText,
                sign * both,
                unitText,
                winner);
    }
}
