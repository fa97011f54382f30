package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Other data beside the calibration data: how far its activations lie from those, and what quantization is expected to
 * cost on it before any label is known.
 *
 * @param tensors most divergent first
 * @param expectedDelta the accuracy that quantization is expected to change, as a fraction, negative for a loss; empty if
 *     the model gives no classes
 * @param samples that it rests on
 */
public record Drift(List<Of> tensors, OptionalDouble expectedDelta, int samples) {
    private static final int BINS = 128;

    public Drift {
        tensors = List.copyOf(tensors);
    }

    /**
     * One activation.
     *
     * @param divergence Jensen-Shannon divergence of both distributions in bits, 0 for equal ones to 1 (Lin 1991), in 128
     *     equal bins over what both hold
     * @param outside the share of values beyond the range of the calibration data
     */
    public record Of(TensorId id, double divergence, double outside) {}

    /**
     * Compares distributions.
     *
     * @param calibration of the activations on the calibration data
     * @param other likewise on the other data
     * @param outcomes of the quantized model on the other data
     */
    public static Drift of(
            Map<TensorId, MomentSketch> calibration, Map<TensorId, MomentSketch> other, SampleOutcomes outcomes) {
        List<Of> all = new ArrayList<>();
        calibration.forEach((id, known) -> {
            MomentSketch seen = other.get(id);
            if (seen != null && seen.count() > 0 && known.count() > 0) {
                double within = seen.countWithin(known.min(), known.max());
                all.add(new Of(id, divergence(known, seen), Math.max(0, 1 - within / seen.count())));
            }
        });
        all.sort(Comparator.comparingDouble(Of::divergence)
                .reversed()
                .thenComparing(of -> of.id().name()));
        return new Drift(all, expected(outcomes), outcomes.size());
    }

    static double divergence(MomentSketch a, MomentSketch b) {
        double lo = Math.min(a.min(), b.min());
        double hi = Math.max(a.max(), b.max());
        if (!(hi > lo)) {
            return 0;
        }
        double[] p = a.histogram(lo, hi, BINS);
        double[] q = b.histogram(lo, hi, BINS);
        double sumP = 0;
        double sumQ = 0;
        for (int i = 0; i < BINS; i++) {
            sumP += p[i];
            sumQ += q[i];
        }
        double bits = 0;
        for (int i = 0; i < BINS; i++) {
            double x = p[i] / sumP;
            double y = q[i] / sumQ;
            double m = (x + y) / 2;
            bits += (x > 0 ? x * Math.log(x / m) : 0) + (y > 0 ? y * Math.log(y / m) : 0);
        }
        return Math.clamp(bits / 2 / Math.log(2), 0, 1);
    }

    /**
     * For each sample whose class changes the float model says how much likelier it takes the old class than the new one;
     * if its probabilities are right, that is the accuracy that the change costs.
     */
    private static OptionalDouble expected(SampleOutcomes outcomes) {
        if (outcomes.classes() == 0 || outcomes.size() == 0) {
            return OptionalDouble.empty();
        }
        double lost = 0;
        for (int i = 0; i < outcomes.size(); i++) {
            SampleOutcomes.Outcome outcome = outcomes.outcome(i).orElseThrow();
            if (outcome.sequence().isPresent()) {
                return OptionalDouble.empty();
            }
            if (outcome.floatClass() != outcome.quantizedClass()) {
                lost += outcome.floatOfFloat() - outcome.floatOfQuantized().orElse(0);
            }
        }
        return OptionalDouble.of(-lost / outcomes.size());
    }
}
