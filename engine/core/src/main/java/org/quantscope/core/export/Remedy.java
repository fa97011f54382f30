package org.quantscope.core.export;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.Edit;

/** The edits that take a tensor to what a target accepts. A range set by hand or imported stays as near as the new grid allows. */
final class Remedy {
    private static final String UNIFORM = "uniform";

    private Remedy() {}

    static Optional<Edit> affine(Encoding e, int bits) {
        return Optional.of(set(e, Quantizers.byId(UNIFORM).adapt(e.spec()).withBits(bits)));
    }

    static Optional<Edit> bits(Encoding e, int bits) {
        return Optional.of(set(e, free(e).withBits(bits)));
    }

    static Optional<Edit> symmetric(Encoding e) {
        return Optional.of(set(e, mirrored(free(e).withSymmetric(true).withSigned(true))));
    }

    static Optional<Edit> signed(Encoding e, boolean signed) {
        return Optional.of(set(e, free(e).withSigned(signed)));
    }

    static Optional<Edit> type(Encoding e, int bits, boolean signed) {
        return Optional.of(set(e, free(e).withBits(bits).withSigned(signed)));
    }

    static Optional<Edit> fullRange(Encoding e) {
        return Optional.of(set(e, free(e).withNarrowRange(false)));
    }

    /** The symmetric range without the most negative code. */
    static Optional<Edit> restricted(Encoding e) {
        return Optional.of(
                set(e, mirrored(free(e).withSymmetric(true).withSigned(true).withNarrowRange(true))));
    }

    /** These choices, with a range that is looked for again where the granularity is another. */
    static Optional<Edit> like(Encoding e, int bits, boolean symmetric, boolean signed, boolean perChannel) {
        QuantSpec spec =
                mirrored(free(e).withBits(bits).withSymmetric(symmetric).withSigned(signed));
        if (perChannel == e.axis().isPresent()) {
            return Optional.of(set(e, spec));
        }
        Clip clip = spec.clip() instanceof Clip.Auto
                ? spec.clip()
                : new Clip.Auto(Quantizers.byId(spec.scheme()).traits().defaultCalibrator());
        return Optional.of(set(
                e,
                spec.withGranularity(perChannel ? Granularity.CHANNEL : Granularity.TENSOR)
                        .withClip(clip)));
    }

    /** The range that a calibrator finds. */
    static Optional<Edit> calibrator(Encoding e, String id) {
        return Optional.of(set(e, e.spec().withClip(new Clip.Auto(id))));
    }

    /** Per tensor if that is taken, else per channel; none if it would take a choice of block size. */
    static Optional<Edit> grain(Encoding e, TargetSupport takes) {
        if (takes.grains().contains(TargetSupport.Grain.CHANNEL)
                && !(e.params().granularity() instanceof Granularity.PerChannel)
                && !e.isActivation()) {
            return perChannel(e);
        }
        return takes.grains().contains(TargetSupport.Grain.TENSOR) ? cut(e, Granularity.TENSOR) : Optional.empty();
    }

    /** Per channel along the axis of the consumer. */
    static Optional<Edit> perChannel(Encoding e) {
        return cut(e, Granularity.CHANNEL);
    }

    /** In blocks along an axis. */
    static Optional<Edit> blocks(Encoding e, int axis, int size) {
        return cut(e, new Granularity.PerBlock(axis, size));
    }

    /** Ranges for slices that are no more are looked for again. */
    private static Optional<Edit> cut(Encoding e, Granularity granularity) {
        QuantSpec spec = free(e);
        Clip clip = spec.clip() instanceof Clip.Auto || spec.clip() instanceof Clip.Manual
                ? spec.clip()
                : new Clip.Auto(Quantizers.byId(spec.scheme()).traits().defaultCalibrator());
        return Optional.of(set(e, spec.withGranularity(granularity).withClip(clip)));
    }

    /** This range, asymmetric if it is not about 0. */
    static Optional<Edit> range(Encoding e, ClipRange range) {
        QuantSpec spec = free(e);
        return Optional.of(set(
                e, (range.lo() == -range.hi() ? spec : spec.withSymmetric(false)).withClip(new Clip.Manual(range))));
    }

    /** Ranges narrower than {@code span} grow to it about their middle. */
    static Optional<Edit> widen(Encoding e, double span) {
        List<ClipRange> wide = e.effective().stream().map(r -> wider(r, span)).toList();
        return Optional.of(set(e, e.spec().withClip(manual(e, wide))));
    }

    /** Other scales with the zero points and codes as they are. */
    static Optional<Edit> scales(Encoding e, float[] scales) {
        QuantParams p = e.params();
        return Optional.of(set(
                e,
                e.spec()
                        .withClip(new Clip.Fixed(
                                new QuantParams(p.granularity(), scales, p.zeroPoints(), p.qmin(), p.qmax())))));
    }

    private static ClipRange wider(ClipRange r, double span) {
        double lack = span - ((double) r.hi() - r.lo());
        // A little more than asked for: the zero point is rounded afterwards, which may take a step off.
        return lack <= 0 ? r : new ClipRange((float) (r.lo() - lack), (float) (r.hi() + lack));
    }

    /** The spec without parameters that were frozen: their effective ranges stay, as ranges set by hand. */
    private static QuantSpec free(Encoding e) {
        return e.spec().clip() instanceof Clip.Fixed ? e.spec().withClip(manual(e, e.effective())) : e.spec();
    }

    private static Clip manual(Encoding e, List<ClipRange> ranges) {
        return switch (e.params().granularity()) {
            case Granularity.PerTensor _ -> new Clip.Manual(ranges.getFirst());
            case Granularity.PerChannel _ -> new Clip.ManualPerChannel(ranges);
            case Granularity.PerBlock _ -> new Clip.ManualPerBlock(ranges);
        };
    }

    private static QuantSpec mirrored(QuantSpec spec) {
        return Quantizers.byId(spec.scheme()).adapt(spec);
    }

    private static Edit set(Encoding e, QuantSpec spec) {
        return new Edit.SetOverride(e.id(), spec);
    }
}
