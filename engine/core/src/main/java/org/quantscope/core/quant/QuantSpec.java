package org.quantscope.core.quant;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a tensor is to be quantized: the request, before the data has been looked at. {@link QuantParams} is the answer.
 *
 * @param scheme the id of a registered {@link Quantizer}
 * @param bits code width, 1 to 16; 1 only in schemes that have no other width
 * @param signed signed codes (ignored by schemes without integer codes)
 * @param symmetric zero point fixed to the middle of the code range
 * @param restrictedRange the restricted range: symmetric signed codes without the most negative one
 * @param options options of the scheme, by name
 * @param rounding how the code of each weight is chosen: the id of a registered rounding. Quantizers know the nearest
 *     level only; any other choice is made over a whole layer, and activations have none
 */
public record QuantSpec(
        String scheme,
        int bits,
        boolean signed,
        boolean symmetric,
        boolean restrictedRange,
        Granularity granularity,
        Clip clip,
        Map<String, String> options,
        String rounding) {

    /** The rounding that needs no data: each value by itself. */
    public static final String NEAREST = "nearest";

    /** The smallest width, in bits, of schemes that let it be chosen. */
    public static final int MIN_BITS = 2;

    public static final int MAX_BITS = 16;

    /** The default for weights: 8 bits, uniform, symmetric, signed, restricted, per tensor, min-max. */
    public static final QuantSpec WEIGHTS =
            new QuantSpec("uniform", 8, true, true, true, Granularity.TENSOR, new Clip.Auto("minmax"), Map.of());

    /** The default for activations: 8 bits, uniform, asymmetric, unsigned, per tensor, min-max. */
    public static final QuantSpec ACTIVATIONS =
            new QuantSpec("uniform", 8, false, false, false, Granularity.TENSOR, new Clip.Auto("minmax"), Map.of());

    public QuantSpec {
        if (bits < 1 || bits > MAX_BITS) {
            throw new IllegalArgumentException("bits: 1 to " + MAX_BITS + " are supported, got " + bits);
        }
        options = Collections.unmodifiableMap(new TreeMap<>(options));
    }

    /** With every value at its nearest level. */
    public QuantSpec(
            String scheme,
            int bits,
            boolean signed,
            boolean symmetric,
            boolean restrictedRange,
            Granularity granularity,
            Clip clip,
            Map<String, String> options) {
        this(scheme, bits, signed, symmetric, restrictedRange, granularity, clip, options, NEAREST);
    }

    /** True if every value takes its nearest level. */
    public boolean isNearest() {
        return rounding.equals(NEAREST);
    }

    /**
     * The scheme, without checking that it allows this spec.
     *
     * @throws IllegalArgumentException if there is no scheme with this id
     */
    public Quantizer quantizer() {
        return Quantizers.byId(scheme);
    }

    /**
     * The scheme, after it has accepted this spec.
     *
     * @throws IllegalArgumentException naming the field and the value that the scheme does not allow
     */
    public Quantizer checkedQuantizer() {
        Quantizer quantizer = quantizer();
        quantizer.check(this);
        return quantizer;
    }

    /** Refuses a spec that its scheme does not allow, as {@link #checkedQuantizer} does. */
    public void check() {
        checkedQuantizer();
    }

    public QuantSpec withScheme(String id) {
        return new QuantSpec(id, bits, signed, symmetric, restrictedRange, granularity, clip, options, rounding);
    }

    public QuantSpec withBits(int b) {
        return new QuantSpec(scheme, b, signed, symmetric, restrictedRange, granularity, clip, options, rounding);
    }

    public QuantSpec withSigned(boolean b) {
        return new QuantSpec(scheme, bits, b, symmetric, restrictedRange, granularity, clip, options, rounding);
    }

    public QuantSpec withSymmetric(boolean b) {
        return new QuantSpec(scheme, bits, signed, b, restrictedRange, granularity, clip, options, rounding);
    }

    public QuantSpec withRestrictedRange(boolean b) {
        return new QuantSpec(scheme, bits, signed, symmetric, b, granularity, clip, options, rounding);
    }

    public QuantSpec withGranularity(Granularity g) {
        return new QuantSpec(scheme, bits, signed, symmetric, restrictedRange, g, clip, options, rounding);
    }

    public QuantSpec withClip(Clip c) {
        return new QuantSpec(scheme, bits, signed, symmetric, restrictedRange, granularity, c, options, rounding);
    }

    public QuantSpec withRounding(String id) {
        return new QuantSpec(scheme, bits, signed, symmetric, restrictedRange, granularity, clip, options, id);
    }
}
