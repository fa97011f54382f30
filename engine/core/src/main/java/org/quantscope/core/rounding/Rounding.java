package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/** A way to choose the code of each weight of a layer, beside grid and range. */
public interface Rounding {
    /** Such as {@code gptq}; never changes once released. */
    String id();

    String title();

    /** One sentence for a person who has to choose. */
    String summary();

    /** Where the method is described. */
    String source();

    /** What it needs of the data, and what it may change beside the codes. */
    enum Reach {
        /** Each weight by itself. */
        WEIGHT,
        /** The second moments of the layer's inputs in the quantized model; the bias stays. */
        CODES,
        /** The same, against the float model: it takes back what earlier layers lost, and moves the bias. */
        CODES_AND_BIAS
    }

    Reach reach();

    /** True if it begins with the ranges of least squared error, whatever calibrator is chosen, unless a person has set them. */
    boolean choosesRanges();

    /** About the multiplications for a layer, by which a caller knows whether a person can wait for it. */
    double work(int groups, int rows, int columns);

    /**
     * Chooses the codes of one layer.
     *
     * @param params the ranges to begin with
     * @param refit true if the scales may change
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    Solution solve(LayerProblem problem, QuantParams params, boolean refit, CancelToken cancel);

    /**
     * Codes and scales of a layer. Arrays are not to be changed.
     *
     * @param levels [groups·rows·columns], weights without their scales
     * @param scales [slices]
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Solution(float[] levels, float[] scales) {
        static Solution of(Codes codes) {
            return new Solution(codes.levels, codes.scales);
        }

        /** [groups·rows·columns], {@code level · scale} in float32. */
        public float[] weights(LayerProblem problem) {
            float[] w = new float[levels.length];
            for (int i = 0; i < w.length; i++) {
                w[i] = levels[i] * scales[problem.slices()[i]];
            }
            return w;
        }
    }
}
