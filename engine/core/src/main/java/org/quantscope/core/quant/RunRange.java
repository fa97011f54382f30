package org.quantscope.core.quant;

import java.util.List;

/**
 * How the range of an activation is found while the network runs. The {@link QuantParams} that carry it are those of the
 * calibration data and serve as a reference only.
 */
public sealed interface RunRange {
    /** True if each sample has a range of its own, whatever else is in its batch. */
    boolean eachSample();

    /**
     * The range of the values themselves, widened to hold 0, as ONNX DynamicQuantizeLinear finds it.
     *
     * @param eachSample of each sample; else of all values of a batch together
     * @param symmetric ± the largest magnitude, with the zero point in the middle of the codes
     */
    record Dynamic(boolean eachSample, boolean symmetric) implements RunRange {}

    /**
     * One of a few ranges that are known beforehand: that of the cluster whose centre is closest to the smallest and
     * the largest value of the sample, by the squared distance in float32, the first of equals.
     *
     * @param centres [clusters], in activation units
     * @param grids [clusters], each of one slice, affine, all with the same codes
     */
    record Clusters(List<ClipRange> centres, List<QuantParams> grids) implements RunRange {
        public Clusters {
            centres = List.copyOf(centres);
            grids = List.copyOf(grids);
            if (centres.isEmpty() || centres.size() != grids.size()) {
                throw new IllegalArgumentException(
                        "clusters: " + centres.size() + " centres and " + grids.size() + " grids");
            }
            for (QuantParams grid : grids) {
                if (!grid.isAffine() || grid.slices() != 1) {
                    throw new IllegalArgumentException("clusters: one scale and zero point each, got " + grid);
                }
            }
        }

        @Override
        public boolean eachSample() {
            return true;
        }
    }

    /**
     * A percentile over the samples just before: see {@code RangeWindow}.
     *
     * @param samples how many samples the window holds, at least 1
     * @param percentile of their smallest and largest values, 50 to 100
     * @param spec how a range becomes a grid
     * @param before smallest and largest value of samples that were seen before the first, oldest first
     */
    record Window(int samples, double percentile, QuantSpec spec, List<ClipRange> before) implements RunRange {
        public Window {
            before = List.copyOf(before);
            if (samples < 1) {
                throw new IllegalArgumentException("window: at least 1 sample, got " + samples);
            }
            if (!(percentile >= 50 && percentile <= 100)) {
                throw new IllegalArgumentException("percentile: 50 to 100, got " + percentile);
            }
        }

        @Override
        public boolean eachSample() {
            return true;
        }
    }
}
