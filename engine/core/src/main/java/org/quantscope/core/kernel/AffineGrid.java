package org.quantscope.core.kernel;

import org.quantscope.core.quant.UniformGrid;

/**
 * A {@link UniformGrid} in the form that the loops use: codes are counted in steps from zero.
 *
 * @param scale tensor units per step
 * @param loSteps lowest code less the zero point, at most 0
 * @param hiSteps highest code less the zero point, at least 0
 * @param lo the lowest level, {@code loSteps * scale} in float32
 * @param hi the highest level
 */
public record AffineGrid(float scale, float loSteps, float hiSteps, float lo, float hi) {
    /**
     * The most steps on one side of zero. A level divided by the scale differs from a whole number by at most two
     * roundings, 2^-23 of it, which is an eighth of a step at 2^20 steps. So values may be clamped to the end levels
     * before they are divided by the scale: the quotient still rounds to the end code.
     */
    public static final int MOST_STEPS = 1 << 20;

    /**
     * Adding and then subtracting 1.5·2^23 rounds a float32 of magnitude up to 2^22 to an integer, half to even: the
     * sum is so large that a float has no fraction bits there. Unlike rint this becomes vector instructions, and what
     * rounds to zero becomes +0, as it does with integer codes.
     */
    static final float TO_INTEGER = 0x1.8p23f;

    /** @throws IllegalArgumentException if the grid has more than {@link #MOST_STEPS} on one side of zero */
    public static AffineGrid of(UniformGrid grid) {
        float lo = steps(grid, (long) grid.qmin() - grid.zeroPoint());
        float hi = steps(grid, (long) grid.qmax() - grid.zeroPoint());
        return new AffineGrid(grid.scale(), lo, hi, lo * grid.scale(), hi * grid.scale());
    }

    private static float steps(UniformGrid grid, long steps) {
        if (Math.abs(steps) > MOST_STEPS) {
            throw new IllegalArgumentException(
                    "qmax: at most " + MOST_STEPS + " steps on either side of the zero point, got " + grid);
        }
        return steps;
    }
}
