package org.quantscope.core.integer;

/**
 * Exponential and reciprocal in fixed point on 32 bits (gemmlowp/fixedpoint/fixedpoint.h: exp_on_negative_values,
 * one_over_one_plus_x_for_x_in_0_1; CMSIS-NN has the same arithmetic in arm_nnsupportfunctions.h). Their polynomials and
 * constants are part of the results.
 */
final class GemmlowpFixed {
    /** exp(−1/8) and 1/3 with no bits before the point. */
    private static final int EXP_OF_MINUS_EIGHTH = 1895147668;

    private static final int THIRD = 715827883;

    /** exp(−2^k) for k from −2, with no bits before the point. */
    private static final int[] EXP_OF_POWERS = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};

    private static final int QUARTER = 1 << 24;

    private GemmlowpFixed() {}

    private static int times(int a, int b) {
        return FixedPoint.doublingHighMultiply(a, b);
    }

    /** x · 2^exponent, held within 32 bits. */
    private static int up(int x, int exponent) {
        long y = (long) x << exponent;
        return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, y));
    }

    /**
     * exp(x) for x ≤ 0.
     *
     * @param x with 5 bits before the point
     * @return with none
     */
    static int exponential(int x) {
        if (x == 0) {
            return Integer.MAX_VALUE;
        }
        // x = small − rest: small in [−1/4, 0) by a polynomial around −1/8, the rest bit by bit.
        int small = (x & (QUARTER - 1)) - QUARTER;
        int result = onQuarter(up(small, 5));
        int rest = small - x;
        for (int k = 0; k < EXP_OF_POWERS.length; k++) {
            if ((rest & (1 << (24 + k))) != 0) {
                result = times(result, EXP_OF_POWERS[k]);
            }
        }
        return result;
    }

    /** exp(x) for x in [−1/4, 0), with no bits before the point. */
    private static int onQuarter(int x) {
        int y = x + (1 << 28);
        int y2 = times(y, y);
        int y3 = times(y2, y);
        int y4 = times(y2, y2);
        int y4Over4 = FixedPoint.divideByPowerOfTwo(y4, 2);
        int tail = FixedPoint.divideByPowerOfTwo(times(y4Over4 + y3, THIRD) + y2, 1);
        return EXP_OF_MINUS_EIGHTH + times(EXP_OF_MINUS_EIGHTH, y + tail);
    }

    /**
     * 1 / (1 + x) for x in [0, 1), by three steps of Newton from 48/17 − 32/17 · d.
     *
     * @param x with no bits before the point
     */
    static int reciprocalOfOnePlus(int x) {
        // (x + 1) / 2, rounded.
        long sum = (long) x + Integer.MAX_VALUE;
        int half = (int) ((sum + (sum >= 0 ? 1 : -1)) / 2);
        int y = 1515870810 + times(half, -1010580540);
        for (int i = 0; i < 3; i++) {
            int one = 1 << 29;
            y += up(times(y, one - times(half, y)), 2);
        }
        return up(y, 1);
    }
}
