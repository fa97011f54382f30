package org.quantscope.core.rounding;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;

/** Each weight goes to its nearest level. */
public final class NearestRounding implements Rounding {
    @Override
    public String id() {
        return QuantSpec.NEAREST;
    }

    @Override
    public String title() {
        return "To nearest";
    }

    @Override
    public String summary() {
        return "Each weight goes to its nearest level, halves to the even code; needs no data";
    }

    @Override
    public String source() {
        return "https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html";
    }

    @Override
    public Reach reach() {
        return Reach.WEIGHT;
    }

    @Override
    public boolean choosesRanges() {
        return false;
    }

    @Override
    public double work(int groups, int rows, int columns) {
        return (double) groups * rows * columns;
    }

    @Override
    public Solution solve(LayerProblem problem, QuantParams params, boolean refit, CancelToken cancel) {
        return Solution.of(Codes.nearest(problem, params));
    }
}
