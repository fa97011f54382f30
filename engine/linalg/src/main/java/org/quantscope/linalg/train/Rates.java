package org.quantscope.linalg.train;

import java.util.Optional;
import org.quantscope.core.session.ResolvedTensor;

/**
 * How fast things are learned: the most that a step changes them at the beginning.
 *
 * @param weights in standard deviations of the weight
 * @param biases as for weights, of the weight of the same layer
 * @param scales of the logarithm of a weight's scale
 * @param ranges of the logarithm of an activation's scale
 * @param zeroPoints in codes
 * @param pact only values beyond an activation's range move it
 */
record Rates(double weights, double biases, double scales, double ranges, double zeroPoints, boolean pact) {
    /** Scales are learned where a scheme takes any; those of other schemes stay as they are. */
    double scales(Optional<ResolvedTensor> weight) {
        String scheme = weight.map(w -> w.spec().scheme()).orElse("");
        return scheme.equals("uniform") || scheme.equals("ternary") || scheme.equals("binary") ? scales : 0;
    }

    /**
     * Zero points are learned if they are neither tied to the middle of the codes nor at their end, where a value that
     * is never negative has it.
     */
    double zeroPoints(Optional<ResolvedTensor> activation) {
        return activation
                .filter(a -> a.params().isAffine() && !a.spec().symmetric())
                .map(ResolvedTensor::params)
                .filter(p -> p.zeroPoint(0) > p.qmin() && p.zeroPoint(0) < p.qmax())
                .map(p -> zeroPoints)
                .orElse(0.0);
    }

    /** As for weights. */
    double ranges(Optional<ResolvedTensor> activation) {
        return activation
                .filter(a -> a.params().isAffine() && a.spec().scheme().equals("uniform"))
                .map(a -> ranges)
                .orElse(0.0);
    }
}
