package org.quantscope.core.quant;

/**
 * Scale and zero point as DynamicQuantizeLinear chooses them for the values in hand: in float32, with unsigned codes.
 *
 * <p>{@code lo = min(0, min x)}, {@code hi = max(0, max x)}, {@code scale = (hi − lo) / 255}, 1 if {@code hi = lo};
 * {@code zeroPoint = rint(clamp(−lo / scale, 0, 255))}, half to even; {@code y = clamp(rint(x / scale) + zeroPoint, 0,
 * 255)}. For any other number of codes 255 is the highest of them.
 *
 * <p>Source: ONNX operator DynamicQuantizeLinear, operator set 11, and its kernel in ONNX Runtime
 * (onnxruntime/core/util/qmath.h, GetQuantizationParameter), whose results these are bit for bit.
 *
 * @param scale activation units per step; infinite if {@code hi − lo} is, and 0 if it is too small for float32
 * @param zeroPoint the code of 0
 */
public record DynamicGrid(float scale, int zeroPoint) {
    /** The codes of DynamicQuantizeLinear: 0 to 255. */
    public static final int BYTE = 255;

    /**
     * The grid of values between two ends.
     *
     * @param min the smallest value
     * @param max the largest value
     * @param steps the highest code, at least 1
     */
    public static DynamicGrid of(float min, float max, int steps) {
        float lo = Math.min(min, 0f);
        float hi = Math.max(max, 0f);
        float scale = hi == lo ? 1f : (hi - lo) / steps;
        float zero = 0f - lo / scale;
        // A NaN (0/0, ∞/∞) passes the comparison with the highest code as C++'s std::min passes it.
        float below = zero < steps ? zero : steps;
        return new DynamicGrid(scale, (int) Math.rint((double) (below > 0 ? below : 0f)));
    }

    /** The grid of these values, which are finite. */
    public static DynamicGrid of(float[] values, int steps) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (float v : values) {
            min = Math.min(min, v);
            max = Math.max(max, v);
        }
        return values.length == 0 ? of(0, 0, steps) : of(min, max, steps);
    }

    /** The code of a value. */
    public int code(float x, int steps) {
        float q = x / scale;
        // As MLAS: the clamp comes first, with limits that the zero point moves to the ends of the codes. A NaN (0/0
        // with
        // the scale 0, ∞/∞) becomes the lowest code.
        float above = q > -zeroPoint ? q : -zeroPoint;
        return (int) Math.rint((double) Math.min(above, (float) (steps - zeroPoint))) + zeroPoint;
    }
}
