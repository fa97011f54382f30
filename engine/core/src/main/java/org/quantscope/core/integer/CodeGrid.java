package org.quantscope.core.integer;

/**
 * What the codes of a tensor mean: value = scale · (code − zero point), one of each for the tensor or for each index of an
 * axis.
 *
 * @param scales positive and finite
 * @param zeroPoints as many as scales
 * @param axis where there is more than one
 */
@SuppressWarnings("ArrayRecordComponent") // made once, never compared
public record CodeGrid(float[] scales, int[] zeroPoints, int axis) {
    /** @throws IllegalArgumentException if a scale is none, or there are not as many zero points */
    public CodeGrid {
        if (scales.length == 0 || scales.length != zeroPoints.length) {
            throw new IllegalArgumentException(scales.length + " scales and " + zeroPoints.length + " zero points");
        }
        for (float scale : scales) {
            if (!(scale > 0) || Float.isInfinite(scale)) {
                throw new IllegalArgumentException("a scale of " + scale);
            }
        }
    }

    /** One scale and zero point for a tensor. */
    public static CodeGrid of(float scale, int zeroPoint) {
        return new CodeGrid(new float[] {scale}, new int[] {zeroPoint}, 0);
    }

    /** True if the whole tensor has one scale. */
    public boolean single() {
        return scales.length == 1;
    }

    /** The scale of a tensor that has one. */
    public float scale() {
        return scales[0];
    }

    /** The zero point of a tensor that has one. */
    public int zeroPoint() {
        return zeroPoints[0];
    }

    /** The scale of an index of the axis. */
    public float scale(int index) {
        return scales[single() ? 0 : index];
    }

    /** The zero point of an index of the axis. */
    public int zeroPoint(int index) {
        return zeroPoints[single() ? 0 : index];
    }

    /** True if both mean the same by every code. */
    public boolean same(CodeGrid other) {
        return java.util.Arrays.equals(scales, other.scales)
                && java.util.Arrays.equals(zeroPoints, other.zeroPoints)
                && (single() || axis == other.axis);
    }
}
