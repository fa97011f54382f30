package org.quantscope.core.kernel;

import org.quantscope.core.quant.UniformGrid;

/**
 * A {@link UniformGrid} as the loops need it: whole steps away from zero instead of codes.
 *
 * @param scale tensor units per step
 * @param loSteps lowest code less the zero point, at most 0
 * @param hiSteps highest code less the zero point, at least 0
 * @param lo the lowest level, {@code loSteps * scale} in float32
 * @param hi the highest level
 */
public record AffineGrid(float scale, float loSteps, float hiSteps, float lo, float hi) {
    /**
     * A level divided by the scale is off by at most two roundings, 2^-23 of itself: up to 2^20 steps that is an eighth of a step, so
     * values may be clamped to the end levels before the division, and what comes of it rounds to the end code.
     */
    public static final int MOST_STEPS = 1 << 20;

    /**
     * Adding and taking away 1.5·2^23 rounds a float32 of magnitude up to 2^22 to an integer, half to even: there a float has no bits
     * behind the point. It vectorizes, and it gives +0 for what rounds to zero, as integer codes do.
     */
    static final float TO_INTEGER = 0x1.8p23f;

    /** @throws IllegalArgumentException if there are more than {@link #MOST_STEPS} on a side of zero */
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
