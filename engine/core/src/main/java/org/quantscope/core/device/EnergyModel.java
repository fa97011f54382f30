package org.quantscope.core.device;

/**
 * What arithmetic costs by a published table, for comparing settings with each other: a model, never a measurement. It
 * leaves out moving data, which costs more than arithmetic on most devices.
 *
 * <p>Picojoules at 45 nm and 0.9 V, M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014,
 * figure 1.1.9: additions of integers of 32 bits 0.1, of float16 0.4, of float32 0.9; multiplications of integers of 8
 * bits 0.2 and of 32 bits 3.1, of float32 3.7.
 */
public final class EnergyModel {
    /** The source, for people. */
    public static final String SOURCE = "45 nm, Horowitz, ISSCC 2014, figure 1.1.9; arithmetic only";

    private static final double ADD_INT32 = 0.1;
    private static final double MULTIPLY_INT8 = 0.2;
    private static final double MULTIPLY_INT32 = 3.1;
    private static final double ADD_FLOAT32 = 0.9;
    private static final double MULTIPLY_FLOAT32 = 3.7;

    private EnergyModel() {}

    /**
     * Picojoules of one multiplication and addition. Integers up to 8 bits count as 8, wider ones as 32, because the table
     * has no others; a factor in float makes the product one of float32.
     *
     * @param weightBits 0 for float
     * @param activationBits 0 for float
     */
    public static double picojoules(int weightBits, int activationBits) {
        if (weightBits == 0 || activationBits == 0) {
            return MULTIPLY_FLOAT32 + ADD_FLOAT32;
        }
        return (Math.max(weightBits, activationBits) <= Byte.SIZE ? MULTIPLY_INT8 : MULTIPLY_INT32) + ADD_INT32;
    }
}
