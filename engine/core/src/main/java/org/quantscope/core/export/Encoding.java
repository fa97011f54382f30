package org.quantscope.core.export;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * One quantized tensor as an exporter sees it: its description, the request, and the explicit parameters that follow
 * from it.
 *
 * @param params affine or codebooks; one slice for an activation
 */
public record Encoding(TensorInfo info, QuantSpec spec, QuantParams params) {
    public TensorId id() {
        return info.id();
    }

    public boolean isActivation() {
        return info.kind() == TensorKind.ACTIVATION;
    }

    public boolean isAffine() {
        return params.isAffine();
    }

    /**
     * The width of the codes in bits: for affine parameters the width that the codes need, from the lowest to the
     * highest, else that of the scheme.
     */
    public int bits() {
        return isAffine() ? Integer.SIZE - Integer.numberOfLeadingZeros(params.qmax() - params.qmin()) : spec.bits();
    }

    /** True if affine codes go below 0. */
    public boolean isSigned() {
        return isAffine() && params.qmin() < 0;
    }

    /** The lowest code of the two's complement or unsigned type of {@link #bits}. */
    public int typeMin() {
        return isSigned() ? -(1 << (bits() - 1)) : 0;
    }

    /** The highest code of the two's complement or unsigned type of {@link #bits}. */
    public int typeMax() {
        return isSigned() ? (1 << (bits() - 1)) - 1 : (1 << bits()) - 1;
    }

    /** True if the codes use the whole range of the type of {@link #bits}. */
    public boolean usesWholeType() {
        return isAffine() && params.qmin() == typeMin() && params.qmax() == typeMax();
    }

    /** True if every zero point is the code 0. */
    public boolean isZeroPointZero() {
        return isAffine() && IntStream.of(params.zeroPoints()).allMatch(z -> z == 0);
    }

    /**
     * True for affine codes whose zero point is the middle of the range, as nearly as an even number of codes allows.
     */
    public boolean isSymmetric() {
        long ends = (long) params.qmin() + params.qmax();
        return isAffine() && IntStream.of(params.zeroPoints()).allMatch(z -> Math.abs(2L * z - ends) <= 1);
    }

    /** The axis along which the scales differ; empty per tensor. */
    public OptionalInt axis() {
        return switch (params.granularity()) {
            case Granularity.PerTensor _ -> OptionalInt.empty();
            case Granularity.PerChannel c -> OptionalInt.of(c.axis());
            case Granularity.PerBlock b -> OptionalInt.of(b.axis());
        };
    }

    /** The number of values in a block; empty unless per block. */
    public OptionalInt blockSize() {
        return params.granularity() instanceof Granularity.PerBlock b ? OptionalInt.of(b.size()) : OptionalInt.empty();
    }

    /** The effective range of each slice. */
    public List<ClipRange> effective() {
        return params.effective();
    }
}
