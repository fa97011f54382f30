package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/** Chooses a clipping range for one slice. Stateless; one file and one line in {@link Calibrators}. */
public interface Calibrator {
    /** Persisted; never renamed. */
    String id();

    String title();

    List<OptionDoc> options();

    /** Where the rule comes from. */
    String source();

    /**
     * True if it needs the importance of each value: it can only choose where {@link SliceStatistics#isWeighted} is
     * true.
     */
    default boolean needsImportance() {
        return false;
    }

    /**
     * True if it needs the second moments of what the layer of a weight reads: it can only choose where
     * {@link SliceStatistics#hasOutput} is true.
     */
    default boolean needsMoments() {
        return false;
    }

    /** True if it needs what is known of weights only, and only from calibration data. */
    default boolean isForWeights() {
        return needsImportance() || needsMoments();
    }

    /**
     * The ranges that it chooses from by the squared error, in units of the largest magnitude of a slice, where the scale
     * of a slice depends on the ranges of others; ascending. Empty if it looks at one slice at a time even there.
     */
    default double[] reaches() {
        return new double[0];
    }

    /**
     * Chooses the range.
     *
     * @param slice the values, as a sketch and, for weights, exactly
     * @param spec how the slice will be quantized: scheme, bits, symmetry
     * @param options by name; one left out has its default
     * @throws IllegalArgumentException if an option's value is out of its range
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    Calibration calibrate(SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel);

    /**
     * The range without the curve, for small slices by the thousand, where the curve would cost more than the search.
     */
    default ClipRange range(SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        return calibrate(slice, spec, options, cancel).range();
    }

    /**
     * What a calibrator chose, with the curve it searched.
     *
     * @param curve candidates in ascending order of {@code clip.hi - clip.lo}; empty if the rule does not search
     */
    record Calibration(ClipRange range, List<CurvePoint> curve) {
        public Calibration {
            curve = List.copyOf(curve);
        }
    }

    /**
     * A candidate.
     *
     * @param cost what the calibrator minimises, for example the mean squared error
     */
    record CurvePoint(ClipRange clip, double cost) {}
}
