package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.tensor.DType;

/** From a 32-bit accumulator to a code: by the factor input scale · weight scale / output scale, in a runtime's own way. */
@FunctionalInterface
interface Requantizer {
    /** The code, within its limits. */
    int code(int accumulator, int channel);

    /** Codes between which an operator holds its result. */
    record Limits(int least, int most) {
        /** As TFLite's CalculateActivationRangeQuantized (kernel_util.cc): the code of 0, 6 or −1, within the type. */
        static Limits of(DType type, CodeGrid grid, Activation activation) {
            int least = IntegerTensor.least(type);
            int most = IntegerTensor.most(type);
            return switch (activation) {
                case NONE -> new Limits(least, most);
                case RELU -> new Limits(Math.max(least, code(grid, 0)), most);
                case RELU6 -> new Limits(Math.max(least, code(grid, 0)), Math.min(most, code(grid, 6)));
                case RELU_N1_TO_1 -> new Limits(Math.max(least, code(grid, -1)), Math.min(most, code(grid, 1)));
            };
        }

        private static int code(CodeGrid grid, float value) {
            return (int) (grid.zeroPoint() + FixedPoint.roundAway(value / grid.scale()));
        }

        int hold(int code) {
            return Math.max(least, Math.min(most, code));
        }

        int hold(long code) {
            return (int) Math.max(least, Math.min(most, code));
        }
    }

    /** How often a fixed-point product is rounded. */
    enum Rounds {
        /** Halves upwards. */
        ONCE,
        /** Halves of the second rounding away from zero. */
        TWICE,
        /** Halves of the second rounding upwards. */
        TWICE_UP;

        /** x · factor as a whole number. */
        int of(FixedPoint factor, int x) {
            return switch (this) {
                case ONCE -> factor.roundedOnce(x);
                case TWICE -> factor.roundedTwice(x);
                case TWICE_UP -> factor.roundedTwiceUp(x);
            };
        }
    }

    /** By fixed-point factors, one for each channel or one for all. */
    static Requantizer fixed(FixedPoint[] factors, Rounds rounds, int zeroPoint, Limits limits) {
        boolean one = factors.length == 1;
        return (x, channel) -> limits.hold((long) rounds.of(factors[one ? 0 : channel], x) + zeroPoint);
    }

    /**
     * By float32 factors, rounded half to even: limits are applied to the float value first, as MlasRequantizeOutput does
     * (onnxruntime/core/mlas/lib/quantize.cpp).
     */
    static Requantizer floating(float[] factors, int zeroPoint, Limits limits) {
        boolean one = factors.length == 1;
        float least = limits.least() - zeroPoint;
        float most = limits.most() - zeroPoint;
        return (x, channel) -> {
            float value = x * factors[one ? 0 : channel];
            return (int) Math.rint(Math.min(Math.max(value, least), most)) + zeroPoint;
        };
    }
}
