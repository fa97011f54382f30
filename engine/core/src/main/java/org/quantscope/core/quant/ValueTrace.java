package org.quantscope.core.quant;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One value on its way through a quantizer, step by step: value, in steps, rounded, code, bits, value again. Each number
 * is the one that the quantizer computes, bit for bit: {@code back} is {@link Grid#quantize}.
 *
 * @param value finite
 * @param scale of its slice, tensor units per step
 * @param zeroPoint the code of 0; 0 for a codebook
 * @param uniform true for evenly spaced levels
 * @param scaled value / scale, one float32 division
 * @param rounded for a uniform grid {@code scaled} rounded to a whole number, halves to even, before anything is
 *     clamped; for a codebook the entry of the list that is nearest
 * @param code as stored: an integer from the lowest to the highest code, or the place in the list of levels from 0
 * @param qmin lowest code
 * @param qmax highest code
 * @param clipped true if the value lies outside the levels
 * @param bits of the code as it is stored
 * @param back the value that the code stands for
 */
public record ValueTrace(
        float value,
        float scale,
        int zeroPoint,
        boolean uniform,
        float scaled,
        double rounded,
        int code,
        int qmin,
        int qmax,
        boolean clipped,
        Bits bits,
        float back) {

    /** What a group of bits says. */
    public enum Part {
        SIGN,
        EXPONENT,
        MANTISSA,
        /** An integer in two's complement. */
        INTEGER,
        /** A whole number from 0. */
        NUMBER
    }

    /**
     * A group of bits.
     *
     * @param width at least 1
     */
    public record Field(Part part, int width) {}

    /**
     * The bits of a code, most significant first.
     *
     * @param pattern the bits as a number, from 0
     * @param fields from the most significant bit; their widths add up to the width of the code
     */
    public record Bits(int pattern, List<Field> fields) {
        public Bits {
            fields = List.copyOf(fields);
        }

        public int width() {
            return fields.stream().mapToInt(Field::width).sum();
        }

        /** As zeros and ones, most significant first. */
        public String text() {
            String all = Integer.toBinaryString(1 << width() | pattern);
            return all.substring(1);
        }

        /** With one bit changed, counted from the most significant, which is 0. */
        public Bits flipped(int at) {
            return new Bits(pattern ^ 1 << (width() - 1 - at), fields);
        }

        /** The bits of a field as a number. */
        public int of(Part part) {
            int shift = width();
            for (Field field : fields) {
                shift -= field.width;
                if (field.part == part) {
                    return pattern >> shift & (1 << field.width) - 1;
                }
            }
            throw new IllegalArgumentException("part: the code has no " + part);
        }
    }

    /** The error, back − value. */
    public double error() {
        return (double) back - value;
    }

    /**
     * Follows one value.
     *
     * @param spec how the tensor is quantized; its scheme says how codes are stored
     * @param slice of the value, 0 to {@code params.slices() - 1}
     * @throws IllegalArgumentException if the value is not finite
     */
    public static ValueTrace of(QuantSpec spec, QuantParams params, int slice, float value) {
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException("value: a finite number is needed, got " + value);
        }
        Grid grid = params.grid(slice);
        float scale = params.scale(slice);
        float back = grid.quantize(value);
        boolean clipped = value < grid.level(0) || value > grid.level(grid.size() - 1);
        if (grid instanceof UniformGrid uniform) {
            int code = uniform.code(value);
            int width = spec.bits();
            return new ValueTrace(
                    value,
                    scale,
                    uniform.zeroPoint(),
                    true,
                    value / scale,
                    Math.rint((double) (value / scale)),
                    code,
                    uniform.qmin(),
                    uniform.qmax(),
                    clipped,
                    new Bits(
                            code & (1 << width) - 1,
                            List.of(new Field(uniform.qmin() < 0 ? Part.INTEGER : Part.NUMBER, width))),
                    back);
        }
        int place = place(params, slice, back);
        return new ValueTrace(
                value,
                scale,
                0,
                false,
                value / scale,
                codebook(params, slice).level(place),
                place,
                0,
                codebook(params, slice).size() - 1,
                clipped,
                stored(spec, codebook(params, slice), place),
                back);
    }

    /**
     * The value of stored bits; empty if they stand for no finite number, as some patterns of floating-point formats, or
     * for none that is used.
     */
    public static Optional<Float> value(QuantSpec spec, QuantParams params, int slice, Bits bits) {
        float scale = params.scale(slice);
        if (params.isAffine()) {
            int code = bits.fields.getFirst().part == Part.INTEGER
                    ? bits.pattern << (Integer.SIZE - bits.width()) >> (Integer.SIZE - bits.width())
                    : bits.pattern;
            return Optional.of((code - params.zeroPoint(slice)) * scale);
        }
        Optional<Minifloat> format = spec.quantizer().element();
        if (format.isPresent()) {
            int magnitude = bits.pattern & (1 << (bits.width() - 1)) - 1;
            float size = format.get().magnitude(Math.min(magnitude, format.get().codes() - 1));
            return magnitude >= format.get().codes()
                    ? Optional.empty()
                    : Optional.of((bits.of(Part.SIGN) == 1 ? -size : size) * scale);
        }
        CodebookGrid codebook = codebook(params, slice);
        return bits.pattern < codebook.size() ? Optional.of(codebook.level(bits.pattern) * scale) : Optional.empty();
    }

    private static CodebookGrid codebook(QuantParams params, int slice) {
        return params.codebooks().get(params.codebooks().size() == 1 ? 0 : slice);
    }

    /** The place of a level in the list before scaling; scaling may have made several of them equal. */
    private static int place(QuantParams params, int slice, float level) {
        CodebookGrid codebook = codebook(params, slice);
        float scale = params.scale(slice);
        int place = 0;
        while (place < codebook.size() - 1 && codebook.level(place) * scale < level) {
            place++;
        }
        return place;
    }

    private static Bits stored(QuantSpec spec, CodebookGrid codebook, int place) {
        Optional<Minifloat> format = spec.quantizer().element();
        if (format.isEmpty()) {
            int width = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(codebook.size() - 1));
            return new Bits(place, List.of(new Field(Part.NUMBER, width)));
        }
        Minifloat f = format.get();
        int magnitude = Math.abs(place - (f.codes() - 1));
        int sign = place < f.codes() - 1 ? 1 : 0;
        List<Field> fields = new ArrayList<>();
        fields.add(new Field(Part.SIGN, 1));
        fields.add(new Field(Part.EXPONENT, f.bits() - 1 - f.mantissaBits()));
        fields.add(new Field(Part.MANTISSA, f.mantissaBits()));
        return new Bits(sign << (f.bits() - 1) | magnitude, fields);
    }
}
