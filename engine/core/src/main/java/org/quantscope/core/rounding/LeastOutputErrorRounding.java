package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/**
 * GPTQ, then coordinate descent on codes and scales together.
 *
 * <p>The start from GPTQ and the descent on single codes are known (Frantar et al. 2023, arXiv 2210.17323; Chee et al.
 * 2023, arXiv 2307.13304, appendix); the closed form of a scale is the least squares solution of
 * ‖s·q − t‖ in the norm of the moments.
 */
public final class LeastOutputErrorRounding implements Rounding {
    private static final int ROUNDS = 3;
    private static final int SWEEPS = 4;

    @Override
    public String id() {
        return "least-output-error";
    }

    @Override
    public String title() {
        return "Least output error";
    }

    @Override
    public String summary() {
        return "Codes, scales and bias with the least error at the layer's output; takes back what earlier layers lost";
    }

    @Override
    public String source() {
        return "GPTQ (arXiv 2210.17323), then coordinate descent on tr((W' - T) H (W' - T)T) with scales refitted";
    }

    @Override
    public Reach reach() {
        return Reach.CODES_AND_BIAS;
    }

    @Override
    public boolean choosesRanges() {
        return true;
    }

    @Override
    public double work(int groups, int rows, int columns) {
        return Gptq.work(groups, rows, columns) + Descent.work(ROUNDS, groups, rows, columns);
    }

    @Override
    public Solution solve(LayerProblem problem, QuantParams params, boolean refit, CancelToken cancel) {
        Codes codes = Gptq.round(problem, params, cancel);
        Descent.run(problem, codes, ROUNDS, SWEEPS, refit, cancel);
        return Solution.of(codes);
    }
}
