package org.quantscope.core.tflite;

/**
 * How a tensor is quantized: value = scale · (code − zero point), one of each for the tensor or for each index of an axis.
 *
 * @param scales as in the file, not checked for being positive
 * @param zeroPoints as many as scales
 * @param axis of the scales, if there are several
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
public record LiteQuantization(float[] scales, long[] zeroPoints, int axis) {
    /** True if there is one scale for all values. */
    public boolean perTensor() {
        return scales.length == 1;
    }
}
