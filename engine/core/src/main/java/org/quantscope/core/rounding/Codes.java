package org.quantscope.core.rounding;

import org.quantscope.core.quant.QuantParams;

/**
 * A solution in the making: levels without their scales, and the scales. A weight is {@code level · scale} in float32, as
 * DequantizeLinear computes it.
 */
final class Codes {
    /** [groups·rows·columns]. */
    final float[] levels;
    /** [slices], above 0. */
    final float[] scales;

    private final Levels[] grids;

    private Codes(float[] levels, float[] scales, Levels[] grids) {
        this.levels = levels;
        this.scales = scales;
        this.grids = grids;
    }

    /** Every weight at its nearest level. */
    static Codes nearest(LayerProblem problem, QuantParams params) {
        Codes codes = empty(problem, params);
        float[] target = problem.target();
        for (int i = 0; i < target.length; i++) {
            int slice = problem.slices()[i];
            codes.levels[i] = codes.grid(slice).nearest(target[i] / codes.scales[slice]);
        }
        return codes;
    }

    /** Every weight at level 0, whether or not the grid has one. */
    static Codes empty(LayerProblem problem, QuantParams params) {
        boolean shared =
                params.isAffine() ? params.slices() == 1 : params.codebooks().size() == 1;
        boolean evenZero = params.isAffine();
        for (int i = 1; evenZero && i < params.slices(); i++) {
            evenZero = params.zeroPoint(i) == params.zeroPoint(0);
        }
        Levels[] grids = new Levels[shared || evenZero ? 1 : params.slices()];
        for (int i = 0; i < grids.length; i++) {
            grids[i] = Levels.of(params, i);
        }
        return new Codes(new float[problem.target().length], params.scales(), grids);
    }

    Levels grid(int slice) {
        return grids[grids.length == 1 ? 0 : slice];
    }

    float weight(int i, int slice) {
        return levels[i] * scales[slice];
    }

    /** [groups·rows·columns]. */
    float[] weights(LayerProblem problem) {
        float[] w = new float[levels.length];
        for (int i = 0; i < w.length; i++) {
            w[i] = weight(i, problem.slices()[i]);
        }
        return w;
    }
}
