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
 * The levels that a {@linkplain FittedQuantizer scheme} fitted to what was seen of an activation. A session keeps them, because it does not keep what
 * was seen. They answer the request that they were fitted for and no other.
 *
 * @param range the requested range; what lies outside it was not looked at
 * @param levels at most 2^{@code bits}
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

    /** True if the parameters of a spec for an activation rest on what was seen of it, beyond the range. */
    public static boolean neededBy(QuantSpec spec) {
        return !(spec.clip() instanceof Clip.Fixed) && spec.quantizer() instanceof FittedQuantizer;
    }

    /** The levels in what a spec of one range came to; empty if it needs none. */
    public static Optional<FittedLevels> of(QuantSpec spec, Resolution made) {
        return neededBy(spec)
                ? Optional.of(new FittedLevels(
                        spec.scheme(),
                        spec.bits(),
                        made.requested().getFirst(),
                        made.params().codebooks().getFirst()))
                : Optional.empty();
    }

    /** True if they were fitted for this scheme and width and this range. */
    public boolean answer(QuantSpec spec, ClipRange asked) {
        return scheme.equals(spec.scheme()) && bits == spec.bits() && range.equals(asked);
    }

    public QuantParams params() {
        return QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, levels);
    }
}
