package org.quantscope.core.dataset;

/** The order of dimensions; N counts the samples. */
public enum Layout {
    /** Planes: all values of one channel, then of the next. */
    NCHW(4, 1),
    /** Pixels: all channels of one pixel, then of the next. */
    NHWC(4, 3),
    /** A row of features. */
    NF(2, 1);

    private final int rank;
    private final int channelAxis;

    Layout(int rank, int channelAxis) {
        this.rank = rank;
        this.channelAxis = channelAxis;
    }

    int rank() {
        return rank;
    }

    /** The axis along which {@code mean} and {@code std} vary. */
    int channelAxis() {
        return channelAxis;
    }
}
