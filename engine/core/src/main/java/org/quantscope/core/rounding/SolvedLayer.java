package org.quantscope.core.rounding;

import java.util.function.Function;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/**
 * The answer for one layer.
 *
 * @param levels [groups·rows·columns], weights without their scales
 * @param scales [slices]
 * @param weights [groups·rows·columns], what the codes stand for
 * @param shift [groups·rows], what to add to the bias; zeros if the rounding leaves it
 * @param error the mean square of the error at the outputs, summed over them, about the mean where the bias follows
 * @param signal the mean square of the outputs wanted, summed over them, likewise
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SolvedLayer(float[] levels, float[] scales, float[] weights, float[] shift, double error, double signal) {
    /** Added to the diagonal of the moments, as a share of its mean. */
    public static final double DAMPING = 0.01;

    /**
     * Solves one layer.
     *
     * @param weights [groups·rows·columns], float
     * @param slices [groups·rows·columns]
     * @param hasBias whether the layer's bias can follow
     * @param ranges gives the parameters for weights in this order
     * @param refit true if scales may change
     */
    public static SolvedLayer of(
            Rounding rounding,
            InputMoments moments,
            float[] weights,
            int rows,
            int[] slices,
            boolean hasBias,
            Function<float[], QuantParams> ranges,
            boolean refit,
            CancelToken cancel) {
        int groups = moments.groups();
        boolean toFloat = rounding.reach() == Rounding.Reach.CODES_AND_BIAS;
        boolean centred = toFloat && hasBias;
        float[][] damped = new float[groups][];
        for (int g = 0; g < groups; g++) {
            cancel.check();
            damped[g] = moments.damped(g, centred, DAMPING);
        }
        float[] target = toFloat ? moments.target(weights, rows, damped, centred) : weights;
        LayerProblem problem = new LayerProblem(groups, rows, moments.columns(), target, damped, slices);
        Rounding.Solution solution = rounding.solve(problem, ranges.apply(target), refit, cancel);
        float[] quantized = solution.weights(problem);
        float[] shift = new float[groups * rows];
        if (centred) {
            for (int row = 0; row < shift.length; row++) {
                shift[row] = (float) moments.lost(row, rows, weights, quantized);
            }
        }
        float[][] plain = new float[groups][];
        for (int g = 0; g < groups; g++) {
            plain[g] = moments.damped(g, centred, 0);
        }
        LayerProblem undamped = new LayerProblem(groups, rows, moments.columns(), target, plain, slices);
        return new SolvedLayer(
                solution.levels(),
                solution.scales(),
                quantized,
                shift,
                undamped.outputError(quantized, cancel),
                undamped.signal(cancel));
    }
}
