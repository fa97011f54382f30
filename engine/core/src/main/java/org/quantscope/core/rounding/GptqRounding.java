package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;

/** GPTQ. */
public final class GptqRounding implements Rounding {
    @Override
    public String id() {
        return "gptq";
    }

    @Override
    public String title() {
        return "GPTQ";
    }

    @Override
    public String summary() {
        return "Column by column; the weights of a row that are not rounded yet make up for the error of those that"
                + " are";
    }

    @Override
    public String source() {
        return "Frantar et al. 2023, arXiv 2210.17323";
    }

    @Override
    public Reach reach() {
        return Reach.CODES;
    }

    @Override
    public boolean choosesRanges() {
        return false;
    }

    @Override
    public double work(int groups, int rows, int columns) {
        return Gptq.work(groups, rows, columns);
    }

    @Override
    public Solution solve(LayerProblem problem, QuantParams params, boolean refit, CancelToken cancel) {
        return Solution.of(Gptq.round(problem, params, cancel));
    }
}
