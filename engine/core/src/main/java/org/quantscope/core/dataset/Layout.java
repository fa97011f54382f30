package org.quantscope.core.dataset;

/** The order of dimensions; N is the samples. */
public enum Layout {
    /** Planes: one for each channel. */
    NCHW(4, 1),
    /** Pixels: all channels of one beside each other. */
    NHWC(4, 3),
    /** Features in a row. */
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

    /** The axis that {@code mean} and {@code std} run along. */
    int channelAxis() {
        return channelAxis;
    }
}
