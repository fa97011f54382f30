package org.quantscope.core.onnx;

import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;

/**
 * The grid that a file itself has for a tensor.
 *
 * @param type of codes that are small floating-point numbers; empty for integers
 */
public record OwnGrid(QuantParams params, Optional<CodeType> type) {
    private static final Map<CodeType, String> FLOATS =
            Map.of(CodeType.FLOAT8E4M3FN, "fp8_e4m3fn", CodeType.FLOAT8E5M2, "fp8_e5m2");
    private static final Map<CodeType, String> BLOCKED_FLOATS =
            Map.of(CodeType.FLOAT8E4M3FN, "mxfp8_e4m3", CodeType.FLOAT8E5M2, "mxfp8_e5m2");

    /** A grid whose codes are stored in a type of ONNX. */
    public static OwnGrid of(QuantParams params, CodeType type) {
        return new OwnGrid(params, Optional.of(type).filter(t -> t.format().isPresent()));
    }

    /** The width of a code. */
    public int bits() {
        return type.map(CodeType::bits)
                .orElseGet(() -> Integer.SIZE - Integer.numberOfLeadingZeros(params.qmax() - params.qmin()));
    }

    /** The setting that quantizes a tensor with exactly this grid. */
    public QuantSpec spec(boolean activation) {
        QuantSpec base = (activation ? QuantSpec.ACTIVATIONS : QuantSpec.WEIGHTS)
                .withRestrictedRange(false)
                .withGranularity(params.granularity());
        if (type.isPresent()) {
            boolean shared = params.granularity() instanceof Granularity.PerBlock && powersOfTwo(params);
            String scheme = (shared ? BLOCKED_FLOATS : FLOATS).get(type.get());
            return Quantizers.byId(String.valueOf(scheme))
                    .adapt(base)
                    .withGranularity(params.granularity())
                    .withClip(new Clip.Fixed(params));
        }
        boolean signed = params.qmin() < 0;
        int middle = signed ? 0 : 1 << (bits() - 1);
        boolean symmetric = IntStream.of(params.zeroPoints()).allMatch(z -> z == middle);
        return base.withBits(bits()).withSigned(signed).withSymmetric(symmetric).withClip(new Clip.Fixed(params));
    }

    private static boolean powersOfTwo(QuantParams params) {
        for (float scale : params.scales()) {
            if (Math.scalb(1f, Math.getExponent(scale)) != scale) {
                return false;
            }
        }
        return true;
    }
}
