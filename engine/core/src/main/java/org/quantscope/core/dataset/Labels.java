package org.quantscope.core.dataset;

/** Class indices, at least 0. */
final class Labels {
    private final int[] values;

    /** @param values not copied, must not change */
    Labels(int[] values) {
        this.values = values;
    }

    int of(int sample) {
        return values[sample];
    }
}
