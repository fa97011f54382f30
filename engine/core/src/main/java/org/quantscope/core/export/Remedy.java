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

/**
 * Edits that turn the settings of a tensor into something that a target accepts. A range set by hand or imported stays
 * as near as the new grid allows.
 */
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
        return Optional.of(set(e, free(e).withRestrictedRange(false)));
    }

    /** The edit to the symmetric, restricted range. */
    static Optional<Edit> restricted(Encoding e) {
        return Optional.of(
                set(e, mirrored(free(e).withSymmetric(true).withSigned(true).withRestrictedRange(true))));
    }

    /** The edit to these choices. If the granularity changes, the calibrator chooses the range again. */
    static Optional<Edit> like(Encoding e, int bits, boolean symmetric, boolean signed, boolean perChannel) {
        QuantSpec spec =
                mirrored(free(e).withBits(bits).withSymmetric(symmetric).withSigned(signed));
        if (perChannel == e.axis().isPresent()) {
            return Optional.of(set(e, spec));
        }
        Clip clip = spec.clip() instanceof Clip.Auto
                ? spec.clip()
                : new Clip.Auto(spec.quantizer().traits().defaultCalibrator());
        return Optional.of(set(
                e,
                spec.withGranularity(perChannel ? Granularity.CHANNEL : Granularity.TENSOR)
                        .withClip(clip)));
    }

    /** The edit to the range that a calibrator chooses. */
    static Optional<Edit> calibrator(Encoding e, String id) {
        return Optional.of(set(e, e.spec().withClip(new Clip.Auto(id))));
    }

    /**
     * The edit to one scale for the tensor if the target accepts that, else to one for each channel; empty if a block
     * size would have to be chosen.
     */
    static Optional<Edit> grain(Encoding e, TargetSupport takes) {
        if (takes.grains().contains(TargetSupport.Grain.CHANNEL)
                && !(e.params().granularity() instanceof Granularity.PerChannel)
                && !e.isActivation()) {
            return perChannel(e);
        }
        return takes.grains().contains(TargetSupport.Grain.TENSOR) ? cut(e, Granularity.TENSOR) : Optional.empty();
    }

    /** The edit to one scale for each channel, along the axis that follows from the operator. */
    static Optional<Edit> perChannel(Encoding e) {
        return cut(e, Granularity.CHANNEL);
    }

    /** The edit to blocks along an axis. */
    static Optional<Edit> blocks(Encoding e, int axis, int size) {
        return cut(e, new Granularity.PerBlock(axis, size));
    }

    /** The edit to another granularity. Ranges of slices that no longer exist are chosen again. */
    private static Optional<Edit> cut(Encoding e, Granularity granularity) {
        QuantSpec spec = free(e);
        Clip clip = spec.clip() instanceof Clip.Auto || spec.clip() instanceof Clip.Manual
                ? spec.clip()
                : new Clip.Auto(spec.quantizer().traits().defaultCalibrator());
        return Optional.of(set(e, spec.withGranularity(granularity).withClip(clip)));
    }

    /** The edit to this range, asymmetric unless it is centred on 0. */
    static Optional<Edit> range(Encoding e, ClipRange range) {
        QuantSpec spec = free(e);
        return Optional.of(set(
                e, (range.lo() == -range.hi() ? spec : spec.withSymmetric(false)).withClip(new Clip.Manual(range))));
    }

    /** The edit that widens ranges narrower than {@code span} about their middle. */
    static Optional<Edit> widen(Encoding e, double span) {
        List<ClipRange> wide = e.effective().stream().map(r -> wider(r, span)).toList();
        return Optional.of(set(e, e.spec().withClip(manual(e, wide))));
    }

    /** The edit to other scales, with the same zero points and codes. */
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
        // A little more than asked for, because the rounding of the zero point may take away a step.
        return lack <= 0 ? r : new ClipRange((float) (r.lo() - lack), (float) (r.hi() + lack));
    }

    /** The spec with frozen parameters replaced by their effective ranges, as ranges set by hand. */
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
        return spec.quantizer().adapt(spec);
    }

    private static Edit set(Encoding e, QuantSpec spec) {
        return new Edit.SetOverride(e.id(), spec);
    }
}
