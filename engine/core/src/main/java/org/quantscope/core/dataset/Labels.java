package org.quantscope.core.dataset;

import java.util.Arrays;
import java.util.Optional;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/** Whole-number labels as they are stored: one for each sample, or an array of them. Immutable. */
public final class Labels {
    private final Shape shape;
    private final Values values;
    private final boolean oneHot;

    @FunctionalInterface
    private interface Values {
        int at(long index);
    }

    /** @param values one for each sample; not copied, must not change */
    Labels(int[] values) {
        this(Shape.of(), i -> values[(int) i], false);
    }

    private Labels(Shape shape, Values values, boolean oneHot) {
        this.shape = shape;
        this.values = values;
        this.oneHot = oneHot;
    }

    /**
     * The labels in an array whose first dimension is the samples; dimensions of 1 after it are left out.
     *
     * @return empty if it holds a fraction, a number that no 32-bit integer can be, or no values
     */
    static Optional<Labels> of(Tensor tensor, int samples) {
        long[] dims = tensor.info().shape().toArray();
        Shape shape =
                Shape.of(Arrays.stream(dims, 1, dims.length).filter(d -> d != 1).toArray());
        TensorData data = tensor.data();
        if (shape.count() == 0 || shape.count() > 1 << 24) {
            return Optional.empty();
        }
        boolean floating = data.dtype().isFloating();
        int each = (int) shape.count();
        float[] row = new float[floating ? each : 0];
        int[] one = new int[each];
        boolean hot = each > 1;
        for (int i = 0; i < samples; i++) {
            if (floating) {
                data.read((long) i * each, row, 0, each);
            }
            for (int k = 0; k < each; k++) {
                double v = floating ? row[k] : data.integer((long) i * each + k);
                // Positive U64 beyond the largest long read as negative ones, far outside of int.
                if (v != Math.rint(v) || Math.abs(v) > Integer.MAX_VALUE - 1) {
                    return Optional.empty();
                }
                one[k] = (int) v;
            }
            hot &= LabelMisfit.isOneHot(one);
        }
        if (!floating) {
            return Optional.of(new Labels(shape, i -> (int) data.integer(i), hot));
        }
        return Optional.of(new Labels(
                shape,
                i -> {
                    float[] v = new float[1];
                    data.read(i, v, 0, 1);
                    return (int) v[0];
                },
                hot));
    }

    /** The shape of one sample's labels; of rank 0 if it has one. */
    public Shape shape() {
        return shape;
    }

    /** The number of labels of a sample. */
    int each() {
        return (int) shape.count();
    }

    /** True if each sample has a single class: one label, or a row with a single 1 among zeros. */
    public boolean isSingle() {
        return shape.rank() == 0 || isOneHot();
    }

    /** True if each sample's row holds a single 1 among zeros. */
    boolean isOneHot() {
        return oneHot && shape.rank() == 1;
    }

    /** The single class of a sample; of a row with a single 1 its place. */
    int of(int sample) {
        if (shape.rank() == 0) {
            return values.at(sample);
        }
        for (int k = 0; k < each(); k++) {
            if (of(sample, k) == 1) {
                return k;
            }
        }
        throw new IllegalStateException("labels: sample " + sample + " has no single class");
    }

    /** Label {@code k} of a sample, in row-major order. */
    int of(int sample, int k) {
        return values.at((long) sample * each() + k);
    }
}
