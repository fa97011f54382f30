package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/** AdaRound on second moments. */
public final class AdaRoundRounding implements Rounding {
    @Override
    public String id() {
        return "adaround";
    }

    @Override
    public String title() {
        return "AdaRound";
    }

    @Override
    public String summary() {
        return "Learns for each weight whether it goes down or up, from the error at the layer's output";
    }

    @Override
    public String source() {
        return "Nagel et al. 2020, arXiv 2004.10568";
    }

    @Override
    public Reach reach() {
        return Reach.CODES_AND_BIAS;
    }

    @Override
    public boolean choosesRanges() {
        return false;
    }

    @Override
    public double work(int groups, int rows, int columns) {
        return AdaRound.work(groups, rows, columns);
    }

    @Override
    public Solution solve(LayerProblem problem, QuantParams params, boolean refit, CancelToken cancel) {
        return Solution.of(AdaRound.round(problem, params, cancel));
    }
}
