package org.quantscope.core.integer;

/**
 * A positive factor as runtimes without floating point keep it: multiplier · 2^(shift − 31), the multiplier in [2³⁰, 2³¹)
 * (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * section 2.2; tensorflow/lite/kernels/internal/quantization_util.cc, QuantizeMultiplier).
 *
 * @param multiplier in [0, 2³¹); 0 for a factor that no 32-bit accumulator notices
 * @param shift to the left if positive, in [−31, 30]
 */
record FixedPoint(int multiplier, int shift) {
    private static final long ONE = 1L << 31;

    /**
     * The nearest such factor.
     *
     * @throws IllegalArgumentException if the factor is negative, infinite or no number
     */
    static FixedPoint of(double factor) {
        if (!(factor >= 0) || Double.isInfinite(factor)) {
            throw new IllegalArgumentException("a factor of " + factor + " between scales");
        }
        if (factor == 0) {
            return new FixedPoint(0, 0);
        }
        int shift = Math.getExponent(factor) + 1;
        // Subnormal factors have no exponent of their own; they are far below what matters here.
        long fixed = shift < -1000 ? 0 : roundAway(Math.scalb(factor, -shift) * ONE);
        if (fixed == ONE) {
            fixed /= 2;
            shift++;
        }
        if (shift < -31) {
            return new FixedPoint(0, 0);
        }
        if (shift > 30) {
            return new FixedPoint(Integer.MAX_VALUE, 30);
        }
        return new FixedPoint((int) fixed, shift);
    }

    /** Halves away from zero, as C's round. */
    static long roundAway(double value) {
        return value < 0 ? -roundAway(-value) : (long) Math.floor(value) + (value - Math.floor(value) >= 0.5 ? 1 : 0);
    }

    /**
     * x · factor rounded twice: first to 31 bits behind the point, then by the shift (gemmlowp fixedpoint.h;
     * arm_nn_requantize without CMSIS_NN_USE_SINGLE_ROUNDING).
     */
    int roundedTwice(int x) {
        int left = Math.max(shift, 0);
        int right = Math.max(-shift, 0);
        return divideByPowerOfTwo(doublingHighMultiply(x * (1 << left), multiplier), right);
    }

    /**
     * The same with halves of the second rounding upwards instead of away from zero, as the vector units of x86 and Arm
     * shift: what ruy's kernels for AVX2 and AVX-512 compute.
     */
    int roundedTwiceUp(int x) {
        int left = Math.max(shift, 0);
        int right = Math.max(-shift, 0);
        int high = doublingHighMultiply(x * (1 << left), multiplier);
        return right == 0 ? high : (int) (((long) high + (1L << (right - 1))) >> right);
    }

    /** x · factor rounded once, halves upwards (ruy/apply_multiplier.cc; TFLITE_SINGLE_ROUNDING). */
    int roundedOnce(int x) {
        int total = 31 - shift;
        return (int) ((x * (long) multiplier + (1L << (total - 1))) >> total);
    }

    /** 2 · a · b / 2³² rounded, halves upwards; the one product that does not fit is held at the greatest number. */
    static int doublingHighMultiply(int a, int b) {
        if (a == Integer.MIN_VALUE && b == Integer.MIN_VALUE) {
            return Integer.MAX_VALUE;
        }
        return (int) ((a * (long) b + (1L << 30)) >> 31);
    }

    /** x / 2^exponent rounded, halves away from zero. */
    static int divideByPowerOfTwo(int x, int exponent) {
        int mask = (int) ((1L << exponent) - 1);
        int threshold = (mask >> 1) + (x < 0 ? 1 : 0);
        return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
    }
}
