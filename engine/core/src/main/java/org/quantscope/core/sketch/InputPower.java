package org.quantscope.core.sketch;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.quantscope.core.tensor.Shape;

/**
 * Σx² of the values that a layer reads, for each input channel. It tells what an error of the weights that multiply
 * them costs at the layer's output, as long as values of different channels are uncorrelated. Two of these merge by
 * addition, exact up to the rounding of double.
 *
 * <p>One thread at a time may fill it ({@link #add}, {@link #merge}); afterwards any thread may read it.
 */
public final class InputPower {
    private final double[] squares;
    private long count;

    /** @param channels at least 1 */
    public InputPower(int channels) {
        if (channels < 1) {
            throw new IllegalArgumentException("channels: at least 1, got " + channels);
        }
        squares = new double[channels];
    }

    /** The number of channels. */
    public int channels() {
        return squares.length;
    }

    /** Values seen of each channel. */
    public long count() {
        return count;
    }

    /**
     * Adds the first {@code length} values of {@code values}, a whole number of steps along the first axis of
     * {@code shape}. Values that are not finite count as 0.
     *
     * @param axis of the channels in {@code shape}
     * @throws IllegalArgumentException if that axis has another number of channels
     */
    public void add(float[] values, int length, Shape shape, int axis) {
        if (shape.dim(axis) != squares.length) {
            throw new IllegalArgumentException("channels: " + squares.length + " are needed, axis " + axis + " of "
                    + shape + " has another number");
        }
        int inner = Math.toIntExact(shape.inner(axis));
        int channel = 0;
        for (int from = 0; from + inner <= length; from += inner) {
            double sum = 0;
            for (int i = from; i < from + inner; i++) {
                double x = values[i];
                sum += Double.isFinite(x) ? x * x : 0;
            }
            squares[channel] += sum;
            channel = channel + 1 == squares.length ? 0 : channel + 1;
        }
        count += length / squares.length;
    }

    /** Adds what {@code other} has counted for the same channels. */
    public void merge(InputPower other) {
        if (other.squares.length != squares.length) {
            throw new IllegalArgumentException(
                    "channels: " + squares.length + " are needed, got " + other.squares.length);
        }
        for (int c = 0; c < squares.length; c++) {
            squares[c] += other.squares[c];
        }
        count += other.count;
    }

    /** Mean of x² of each channel, in squared units of the activation; 0 if nothing was seen. */
    public float[] means() {
        float[] means = new float[squares.length];
        for (int c = 0; c < means.length && count > 0; c++) {
            means[c] = (float) Math.min(Float.MAX_VALUE, squares[c] / count);
        }
        return means;
    }

    void write(SketchOutput out) throws IOException {
        out.number(squares.length);
        out.number(count);
        for (double s : squares) {
            long bits = Double.doubleToLongBits(s);
            out.fixed32((int) bits);
            out.fixed32((int) (bits >>> 32));
        }
    }

    /** @throws org.quantscope.core.io.BadInputException if the bytes cannot have been written by {@link #write} */
    static InputPower read(SketchInput in, String field) throws IOException {
        int channels =
                (int) in.number(field + ".channels", 1, Math.min(Integer.MAX_VALUE / 8, Math.max(1, in.left() / 8)));
        in.take(field, 8L * channels);
        long count = in.number(field + ".count", 0, Long.MAX_VALUE);
        InputPower power = new InputPower(channels);
        for (int c = 0; c < channels; c++) {
            long low = Integer.toUnsignedLong(in.fixed32(field + ".squares"));
            double s = Double.longBitsToDouble(low | (long) in.fixed32(field + ".squares") << 32);
            // Refuses NaN, and −0 too.
            if (!(s >= 0 && s < Double.POSITIVE_INFINITY) || 1 / s < 0) {
                throw in.bad(field + ".squares", "a sum of squares is needed, got " + s);
            }
            power.squares[c] = s;
        }
        power.count = count;
        return power;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof InputPower other && count == other.count && Arrays.equals(squares, other.squares);
    }

    @Override
    public int hashCode() {
        return Objects.hash(count, Arrays.hashCode(squares));
    }

    @Override
    public String toString() {
        return squares.length + " channels, " + count + " values each";
    }
}
