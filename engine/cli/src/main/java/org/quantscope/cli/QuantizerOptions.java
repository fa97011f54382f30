package org.quantscope.cli;

import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.AskedQuantizer;
import picocli.CommandLine.Option;

/**
 * The options of a quantizer, and the {@link QuantSpec} that they give. A wrong value throws an
 * {@link IllegalArgumentException}, which is reported as wrong usage.
 */
final class QuantizerOptions {
    @Option(
            names = "--scheme",
            paramLabel = "ID",
            description = "Quantizer (default: uniform); see quantscope list quantizers.")
    private @Nullable String scheme;

    @Option(names = "--symmetric", description = "Zero point in the middle of the codes (default).")
    private boolean symmetric;

    @Option(names = "--asymmetric", description = "Zero point wherever the range wants it.")
    private boolean asymmetric;

    @Option(names = "--signed", description = "Signed codes (default).")
    private boolean signed;

    @Option(names = "--unsigned", description = "Codes from 0.")
    private boolean unsigned;

    @Option(names = "--full-range", description = "Symmetric: use the most negative code too.")
    private boolean fullRange;

    @Option(
            names = "--granularity",
            paramLabel = "G",
            description = "tensor (default), channel[:AXIS] or block:SIZE[:AXIS].")
    private @Nullable String granularity;

    @Option(
            names = "--calibrator",
            paramLabel = "ID[:K=V,...]",
            description = "Chooses the range (default: minmax); see quantscope list calibrators.")
    private @Nullable String calibrator;

    @Option(names = "--clip", paramLabel = "LO,HI", description = "The range itself, in the units of the tensor.")
    private @Nullable String clip;

    @Option(
            names = "--rounding",
            paramLabel = "ID",
            description = "How the codes of weights are chosen (default: nearest); see quantscope list roundings. All"
                    + " but nearest need calibration data.")
    private @Nullable String rounding;

    /** True if the clipping range itself was given. */
    boolean givesClip() {
        return clip != null;
    }

    /** True if any of these options was given. */
    boolean given() {
        return asked().given();
    }

    /** What was said. */
    AskedQuantizer asked() {
        return new AskedQuantizer(
                scheme, symmetric, asymmetric, signed, unsigned, fullRange, granularity, calibrator, clip, rounding);
    }

    /** As {@link AskedQuantizer#spec}. */
    QuantSpec spec(@Nullable Integer bits) {
        return asked().spec(bits);
    }
}
