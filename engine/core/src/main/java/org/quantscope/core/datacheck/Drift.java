package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Other data beside the calibration data: how far its activations lie from those, what of them the settings clip, and
 * what quantization is expected to cost on it before any label is known.
 *
 * @param tensors most divergent first
 * @param expected change of the accuracy by quantization on the other data
 * @param measured change of the accuracy by quantization, by the labels of the other data, a fraction; empty without
 * @param samples of the other data
 */
public record Drift(List<Of> tensors, ExpectedChange expected, OptionalDouble measured, int samples) {
    /** Of the width of a range. */
    private static final double ROUNDING = 1e-6;

    public Drift {
        tensors = List.copyOf(tensors);
    }

    /**
     * One activation.
     *
     * @param divergence Jensen-Shannon divergence of both distributions in bits, 0 for equal ones to 1 (Lin 1991), over
     *     bins that hold equal shares of the calibration data and one each beyond its ends; estimated from the sketches
     * @param outside the share of the other values beyond the levels of the settings, which are clipped; empty if the
     *     tensor stays in float
     * @param outsideCalibration the share of the calibration data's values that is clipped
     * @param notFinite values of the other data that are NaN or infinite; they are in no other figure
     */
    public record Of(
            TensorId id,
            double divergence,
            OptionalDouble outside,
            OptionalDouble outsideCalibration,
            long notFinite) {}

    /** The activations that have values on both, most divergent first. */
    public static List<Of> tensors(
            Map<TensorId, MomentSketch> calibration, Map<TensorId, MomentSketch> other, ResolvedSettings settings) {
        List<Of> all = new ArrayList<>();
        calibration.forEach((id, known) -> {
            MomentSketch seen = other.get(id);
            if (seen != null && seen.count() > 0 && known.count() > 0) {
                all.add(new Of(
                        id,
                        divergence(known, seen),
                        clipped(settings, id, seen),
                        clipped(settings, id, known),
                        seen.nan() + seen.inf()));
            }
        });
        all.sort(Comparator.comparingDouble(Of::divergence)
                .reversed()
                .thenComparing(of -> of.id().name()));
        return all;
    }

    /**
     * The share of values beyond the lowest and the highest level; empty if the tensor stays in float. The end of a range
     * that was taken from a value is not told from that value: the two differ by the rounding of float32.
     */
    private static OptionalDouble clipped(ResolvedSettings settings, TensorId id, MomentSketch values) {
        QuantParams params = settings.find(id)
                .map(ResolvedTensor::params)
                .filter(p -> p.slices() == 1)
                .orElse(null);
        if (params == null) {
            return OptionalDouble.empty();
        }
        ClipRange levels = widened(params.effective(0));
        double within = values.countWithin(levels.lo(), levels.hi());
        return OptionalDouble.of(Math.clamp(1 - within / values.count(), 0, 1));
    }

    /** A range and the rounding of float32 beyond its ends. */
    static ClipRange widened(ClipRange levels) {
        double rim = ROUNDING * ((double) levels.hi() - levels.lo());
        return new ClipRange((float) (levels.lo() - rim), (float) (levels.hi() + rim));
    }

    /** The divergence of {@code seen} from {@code known}, in bits; both have values. */
    static double divergence(MomentSketch known, MomentSketch seen) {
        EqualShares shares = EqualShares.of(known);
        return EqualShares.divergence(shares.counts(known), shares.counts(seen));
    }
}
