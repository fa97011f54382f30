package org.quantscope.core.integer;

import java.util.Arrays;
import java.util.Optional;
import org.quantscope.core.tensor.DType;

/**
 * A tensor while a quantized network runs: codes, or float32 values where the network is not quantized.
 *
 * @param type of an element as it is stored
 * @param shape its lengths, all ≥ 0
 * @param grid what the codes mean; empty for float values and for whole numbers that are no codes
 * @param codes row by row; empty for float values
 * @param reals row by row; empty for codes
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record IntegerTensor(DType type, int[] shape, Optional<CodeGrid> grid, int[] codes, float[] reals) {
    /** The most elements of one tensor. */
    static final int MAX_COUNT = 1 << 25;

    private static final int[] NO_CODES = {};
    private static final float[] NO_REALS = {};

    /** @throws IllegalArgumentException if the shape does not hold as many elements as there are */
    public IntegerTensor {
        int length = type == DType.F32 ? reals.length : codes.length;
        if (count(shape) != length) {
            throw new IllegalArgumentException(length + " elements do not fill " + Arrays.toString(shape));
        }
    }

    /** Codes, or whole numbers that mean themselves. */
    public static IntegerTensor codes(DType type, int[] shape, Optional<CodeGrid> grid, int[] codes) {
        return new IntegerTensor(type, shape, grid, codes, NO_REALS);
    }

    /** Float values. */
    public static IntegerTensor reals(int[] shape, float[] reals) {
        return new IntegerTensor(DType.F32, shape, Optional.empty(), NO_CODES, reals);
    }

    /**
     * The number of elements of a shape.
     *
     * @throws IllegalArgumentException if it is negative or over what is run here
     */
    static int count(int[] shape) {
        long count = 1;
        for (int length : shape) {
            count *= length;
            if (length < 0 || count > MAX_COUNT) {
                throw new IllegalArgumentException("a shape of " + Arrays.toString(shape));
            }
        }
        return (int) count;
    }

    /** True if the elements are float values. */
    public boolean isReal() {
        return type == DType.F32;
    }

    /** The values that the elements stand for, in float32: scale · (code − zero point). */
    public float[] values() {
        if (isReal()) {
            return reals.clone();
        }
        float[] values = new float[codes.length];
        if (grid.isEmpty()) {
            for (int i = 0; i < codes.length; i++) {
                values[i] = codes[i];
            }
            return values;
        }
        CodeGrid g = grid.get();
        int inner = 1;
        for (int i = g.axis() + 1; i < shape.length; i++) {
            inner *= shape[i];
        }
        int slices = g.single() ? 1 : g.scales().length;
        for (int i = 0; i < codes.length; i++) {
            int slice = slices == 1 ? 0 : i / inner % slices;
            values[i] = g.scales()[slice] * (codes[i] - g.zeroPoints()[slice]);
        }
        return values;
    }

    /** The same elements in another shape of as many. */
    IntegerTensor shaped(int[] other) {
        return new IntegerTensor(type, other, grid, codes, reals);
    }

    /** The lowest code of a type. */
    static int least(DType type) {
        return switch (type) {
            case U8, U16, BOOL -> 0;
            case I8 -> Byte.MIN_VALUE;
            case I16 -> Short.MIN_VALUE;
            default -> Integer.MIN_VALUE;
        };
    }

    /** The highest code of a type. */
    static int most(DType type) {
        return switch (type) {
            case BOOL -> 1;
            case U8 -> 255;
            case U16 -> 65535;
            case I8 -> Byte.MAX_VALUE;
            case I16 -> Short.MAX_VALUE;
            default -> Integer.MAX_VALUE;
        };
    }
}
