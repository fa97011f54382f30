package org.quantscope.core.quant;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Resolved parameters: what is exported. One scale and zero point for each slice of the tensor, in storage order.
 *
 * <p>scales: [slices], weight units per step, finite, &gt; 0. zeroPoints: [slices], codes in {@code [qmin, qmax]}.
 */
public final class QuantParams {
    private final Granularity granularity;
    private final float[] scales;
    private final int[] zeroPoints;
    private final int qmin;
    private final int qmax;

    /**
     * @param granularity with every default axis replaced by a real one
     * @throws IllegalArgumentException if the arrays differ in length or a slice's values cannot make a {@link UniformGrid}
     */
    public QuantParams(Granularity granularity, float[] scales, int[] zeroPoints, int qmin, int qmax) {
        if (scales.length != zeroPoints.length || scales.length == 0) {
            throw new IllegalArgumentException("scales: " + scales.length + " scales for " + zeroPoints.length + " zero points");
        }
        this.granularity = granularity;
        this.scales = scales.clone();
        this.zeroPoints = zeroPoints.clone();
        this.qmin = qmin;
        this.qmax = qmax;
        for (int i = 0; i < scales.length; i++) {
            grid(i);
        }
    }

    public Granularity granularity() {
        return granularity;
    }

    /** The number of slices. */
    public int slices() {
        return scales.length;
    }

    public float scale(int slice) {
        return scales[slice];
    }

    public int zeroPoint(int slice) {
        return zeroPoints[slice];
    }

    public float[] scales() {
        return scales.clone();
    }

    public int[] zeroPoints() {
        return zeroPoints.clone();
    }

    public int qmin() {
        return qmin;
    }

    public int qmax() {
        return qmax;
    }

    public UniformGrid grid(int slice) {
        return new UniformGrid(scales[slice], zeroPoints[slice], qmin, qmax);
    }

    /** The effective range of each slice: lowest to highest level after the zero point was rounded. */
    public List<ClipRange> effective() {
        return IntStream.range(0, slices()).mapToObj(i -> grid(i).effective()).toList();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof QuantParams p
                && granularity.equals(p.granularity)
                && Arrays.equals(scales, p.scales)
                && Arrays.equals(zeroPoints, p.zeroPoints)
                && qmin == p.qmin
                && qmax == p.qmax;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(scales) * 31 + Arrays.hashCode(zeroPoints);
    }

    @Override
    public String toString() {
        return "QuantParams[" + granularity + ", " + slices() + " slices, scale " + scales[0] + (slices() > 1 ? " …" : "") + ", codes " + qmin + "…" + qmax + "]";
    }
}
