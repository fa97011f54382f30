package org.quantscope.core.quant;

/**
 * ONNX QuantizeLinear followed by DequantizeLinear: {@code q = clamp(rint(x / scale) + zeroPoint, qmin, qmax)},
 * {@code y = (q - zeroPoint) * scale}; one float32 division, rounding half to even, one float32 multiplication.
 *
 * @param scale weight units per step, finite, &gt; 0, and so small that the end levels are finite
 * @param zeroPoint the code of 0, within {@code [qmin, qmax]}
 * @param qmin lowest code
 * @param qmax highest code, above {@code qmin}
 */
public record UniformGrid(float scale, int zeroPoint, int qmin, int qmax) implements Grid {
    public UniformGrid {
        if (!(scale > 0) || !Float.isFinite(scale)) {
            throw new IllegalArgumentException("scale: a finite number above 0 is needed, got " + scale);
        }
        if (qmin >= qmax) {
            throw new IllegalArgumentException("qmin: " + qmin + " is not below qmax " + qmax);
        }
        if (zeroPoint < qmin || zeroPoint > qmax) {
            throw new IllegalArgumentException("zeroPoint: " + zeroPoint + " is outside [" + qmin + ", " + qmax + "]");
        }
        if (!Float.isFinite((qmax - zeroPoint) * scale) || !Float.isFinite((qmin - zeroPoint) * scale)) {
            throw new IllegalArgumentException(
                    "scale: with " + scale + " the end levels of codes " + qmin + " to " + qmax + " are not finite");
        }
    }

    @Override
    public int size() {
        return qmax - qmin + 1;
    }

    @Override
    public float level(int i) {
        return (qmin + i - zeroPoint) * scale;
    }

    /** The integer code of {@code x}, in {@code [qmin, qmax]}; an infinity saturates, NaN becomes the zero point. */
    public int code(float x) {
        // rint keeps a float exact in a double; the clamp comes before the narrowing so that huge values saturate.
        double q = Math.rint((double) (x / scale)) + zeroPoint;
        return q >= qmax ? qmax : q <= qmin ? qmin : Double.isNaN(q) ? zeroPoint : (int) q;
    }

    @Override
    public int index(float x) {
        return code(x) - qmin;
    }

    @Override
    public float quantize(float x) {
        return (code(x) - zeroPoint) * scale;
    }
}
