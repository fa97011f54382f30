package org.quantscope.core.session;

import java.util.Optional;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;

/**
 * The levels that a {@linkplain FittedQuantizer scheme} fitted to the observed values of an activation. A session keeps
 * the levels because it does not keep the values. They hold only for the request that they were fitted for.
 *
 * @param range the requested range; values outside it were ignored
 * @param levels at most 2^{@code bits} levels
 */
public record FittedLevels(String scheme, int bits, ClipRange range, CodebookGrid levels) {
    public FittedLevels {
        Quantizer quantizer = Quantizers.byId(scheme);
        if (!(quantizer instanceof FittedQuantizer)) {
            throw new IllegalArgumentException("scheme: " + scheme + " fits no levels to values");
        }
        if (bits < quantizer.traits().minBits() || bits > quantizer.traits().maxBits()) {
            throw new IllegalArgumentException("bits: " + scheme + " has "
                    + quantizer.traits().minBits() + " to " + quantizer.traits().maxBits() + ", got " + bits);
        }
        if (levels.size() > 1 << bits) {
            throw new IllegalArgumentException(
                    "levels: " + bits + " bits tell " + (1 << bits) + " apart, got " + levels.size());
        }
    }

    /** True if the parameters that a spec gives an activation depend on its values, not only on the range. */
    public static boolean neededBy(QuantSpec spec) {
        return !(spec.clip() instanceof Clip.Fixed) && spec.quantizer() instanceof FittedQuantizer;
    }

    /** The levels in the resolution of a spec with one range; empty if the spec does not need any. */
    public static Optional<FittedLevels> of(QuantSpec spec, Resolution made) {
        return neededBy(spec)
                ? Optional.of(new FittedLevels(
                        spec.scheme(),
                        spec.bits(),
                        made.requested().getFirst(),
                        made.params().codebooks().getFirst()))
                : Optional.empty();
    }

    /** True if they were fitted for this scheme, width and range. */
    public boolean answer(QuantSpec spec, ClipRange asked) {
        return scheme.equals(spec.scheme()) && bits == spec.bits() && range.equals(asked);
    }

    public QuantParams params() {
        return QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, levels);
    }
}
