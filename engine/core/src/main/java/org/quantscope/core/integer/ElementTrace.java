package org.quantscope.core.integer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.IntegerOp.Conv;
import org.quantscope.core.integer.IntegerOp.Linear;
import org.quantscope.core.integer.IntegerOp.WeightOrder;
import org.quantscope.core.integer.IntegerOp.Window;
import org.quantscope.core.integer.Requantizer.Limits;
import org.quantscope.core.integer.Requantizer.Rounds;
import org.quantscope.core.tensor.DType;

/**
 * How one element of the result of a layer comes about in whole numbers, line by line: products, bias, accumulator,
 * factor, rounding, zero point and limits.
 *
 * @param step what the layer is called
 * @param place the indices of the element
 * @param channel the output channel
 * @param terms the products, in the order of the weights; places in the padding have none, they are 0
 * @param padding how many places lie in the padding
 * @param bias in units of the product of both scales
 * @param accumulator the sum, in 32 bits that wrap
 * @param inputScale of the codes that are read
 * @param weightScale of the channel
 * @param factor by which an accumulator becomes a code
 * @param scaled accumulator · factor, rounded by the runtime
 * @param outScale of the result
 * @param zeroPoint of the result
 * @param least the lowest code that the layer gives: of its type, or of the function behind it
 * @param most the highest
 * @param code what comes out
 */
public record ElementTrace(
        String step,
        List<Integer> place,
        int channel,
        List<Term> terms,
        int padding,
        int bias,
        int accumulator,
        float inputScale,
        float weightScale,
        Factor factor,
        int scaled,
        float outScale,
        int zeroPoint,
        int least,
        int most,
        int code) {
    public ElementTrace {
        place = List.copyOf(place);
        terms = List.copyOf(terms);
    }

    /**
     * A product (x − x₀) · (w − w₀).
     *
     * @param at the indices of the input element
     * @param x its code
     * @param inputZero x₀
     * @param w the code of the weight
     * @param weightZero w₀
     */
    public record Term(List<Integer> at, int x, int inputZero, int w, int weightZero) {
        public Term {
            at = List.copyOf(at);
        }

        public int product() {
            return (x - inputZero) * (w - weightZero);
        }
    }

    /** The factor input scale · weight scale / output scale, as a runtime keeps it. */
    public sealed interface Factor {
        double value();
    }

    /**
     * multiplier · 2^(shift − 31).
     *
     * @param rounding in words
     */
    public record Fixed(int multiplier, int shift, String rounding) implements Factor {
        @Override
        public double value() {
            return Math.scalb((double) multiplier, shift - 31);
        }
    }

    /** A float32 number; the product is rounded half to even. */
    public record Single(float factor) implements Factor {
        @Override
        public double value() {
            return factor;
        }
    }

    /** The value that the code stands for. */
    public float value() {
        return outScale * (code - zeroPoint);
    }

    /** The accumulator as a number: what the result would be on no grid. */
    public double unrounded() {
        return (double) inputScale * weightScale * accumulator;
    }

    /**
     * Traces an element.
     *
     * @param network that computed it
     * @param all the tensors of {@link IntegerNetwork#runAll}
     * @param slot the number of the tensor
     * @param element row by row
     * @return empty if no layer with weights makes this tensor in whole numbers
     * @throws IllegalArgumentException if there is no such element
     */
    public static Optional<ElementTrace> of(
            IntegerNetwork network, Map<Integer, IntegerTensor> all, int slot, int element) {
        IntegerGraph graph = network.graph();
        IntegerGraph.Step step = graph.steps().stream()
                .filter(s -> s.output() == slot)
                .findFirst()
                .orElse(null);
        if (step == null || !(step.op() instanceof Conv || step.op() instanceof Linear)) {
            return Optional.empty();
        }
        IntegerTensor made = Objects.requireNonNull(all.get(slot));
        if (element < 0 || element >= IntegerTensor.count(made.shape())) {
            throw new IllegalArgumentException(
                    "no element " + element + " of " + graph.slots().get(slot).name());
        }
        IntegerTensor x = read(graph, all, step.inputs().get(0));
        IntegerTensor w = read(graph, all, step.inputs().get(1));
        IntegerTensor bias = step.inputs().size() > 2 && step.inputs().get(2) >= 0
                ? read(graph, all, step.inputs().get(2))
                : null;
        if (made.isReal()
                || x.isReal()
                || x.grid().isEmpty()
                || w.grid().isEmpty()
                || made.grid().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (step.op()) {
                    case Conv op -> conv(network.arithmetic(), step, op, x, w, bias, made, element);
                    case Linear op -> linear(network.arithmetic(), step, op, x, w, bias, made, element);
                    default -> throw new IllegalStateException(step.name());
                });
    }

    private static IntegerTensor read(IntegerGraph graph, Map<Integer, IntegerTensor> all, int slot) {
        IntegerTensor computed = all.get(slot);
        return computed != null ? computed : graph.slots().get(slot).stored().orElseThrow();
    }

    private static List<Integer> indices(int[] shape, int element) {
        Integer[] at = new Integer[shape.length];
        int left = element;
        for (int i = shape.length - 1; i >= 0; i--) {
            at[i] = left % shape[i];
            left /= shape[i];
        }
        return List.of(at);
    }

    private static ElementTrace conv(
            Arithmetic arithmetic,
            IntegerGraph.Step step,
            Conv op,
            IntegerTensor x,
            IntegerTensor w,
            @Nullable IntegerTensor bias,
            IntegerTensor made,
            int element) {
        Window window = op.window();
        boolean last = window.channelsLast();
        List<Integer> place = indices(made.shape(), element);
        int channel = place.get(last ? 3 : 1);
        int height = x.shape()[last ? 1 : 2];
        int width = x.shape()[last ? 2 : 3];
        int channels = x.shape()[last ? 3 : 1];
        int perGroup = channels / op.groups();
        int outputs = made.shape()[last ? 3 : 1];
        int group = channel / (outputs / op.groups());
        int top = place.get(last ? 1 : 2) * window.strides()[0] - window.before(0, height);
        int left = place.get(last ? 2 : 3) * window.strides()[1] - window.before(1, width);
        CodeGrid in = x.grid().orElseThrow();
        CodeGrid weights = w.grid().orElseThrow();
        List<Term> terms = new ArrayList<>();
        int padding = 0;
        for (int ky = 0; ky < window.kernel()[0]; ky++) {
            for (int kx = 0; kx < window.kernel()[1]; kx++) {
                int row = top + ky * window.dilations()[0];
                int column = left + kx * window.dilations()[1];
                if (row < 0 || row >= height || column < 0 || column >= width) {
                    padding += perGroup;
                    continue;
                }
                for (int c = 0; c < perGroup; c++) {
                    int from = group * perGroup + c;
                    List<Integer> at = last
                            ? List.of(place.getFirst(), row, column, from)
                            : List.of(place.getFirst(), from, row, column);
                    terms.add(new Term(
                            at,
                            x.codes()[flat(x.shape(), at)],
                            in.zeroPoint(),
                            w.codes()[weight(op.order(), w.shape(), channel, ky, kx, c)],
                            weights.zeroPoint(channel)));
                }
            }
        }
        Limits limits = Limits.of(made.type(), made.grid().orElseThrow(), op.activation());
        boolean product = Accumulation.isProduct(op, made.type());
        return end(
                arithmetic,
                step,
                place,
                channel,
                terms,
                padding,
                bias,
                in,
                weights,
                made,
                limits,
                product,
                made.type() == DType.U8);
    }

    private static int flat(int[] shape, List<Integer> at) {
        int flat = 0;
        for (int i = 0; i < shape.length; i++) {
            flat = flat * shape[i] + at.get(i);
        }
        return flat;
    }

    private static int weight(WeightOrder order, int[] shape, int channel, int ky, int kx, int c) {
        return flat(
                shape,
                switch (order) {
                    case OHWI -> List.of(channel, ky, kx, c);
                    case ONE_HWO -> List.of(0, ky, kx, channel);
                    case OIHW -> List.of(channel, c, ky, kx);
                });
    }

    private static ElementTrace linear(
            Arithmetic arithmetic,
            IntegerGraph.Step step,
            Linear op,
            IntegerTensor x,
            IntegerTensor w,
            @Nullable IntegerTensor bias,
            IntegerTensor made,
            int element) {
        int outputs = w.shape()[op.outputsFirst() ? 0 : 1];
        int depth = w.shape()[op.outputsFirst() ? 1 : 0];
        int channel = element % outputs;
        int row = element / outputs;
        CodeGrid in = x.grid().orElseThrow();
        CodeGrid weights = w.grid().orElseThrow();
        List<Term> terms = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            int at = op.outputsFirst() ? channel * depth + i : i * outputs + channel;
            terms.add(new Term(
                    indices(x.shape(), row * depth + i),
                    x.codes()[row * depth + i],
                    in.zeroPoint(),
                    w.codes()[at],
                    weights.zeroPoint(channel)));
        }
        Limits limits = Limits.of(made.type(), made.grid().orElseThrow(), op.activation());
        return end(
                arithmetic,
                step,
                indices(made.shape(), element),
                channel,
                terms,
                0,
                bias,
                in,
                weights,
                made,
                limits,
                made.type() == DType.I8,
                true);
    }

    private static ElementTrace end(
            Arithmetic arithmetic,
            IntegerGraph.Step step,
            List<Integer> place,
            int channel,
            List<Term> terms,
            int padding,
            @Nullable IntegerTensor bias,
            CodeGrid in,
            CodeGrid weights,
            IntegerTensor made,
            Limits limits,
            boolean product,
            boolean floatProduct) {
        CodeGrid out = made.grid().orElseThrow();
        int added = bias == null ? 0 : bias.codes()[channel];
        int sum = added;
        for (Term term : terms) {
            sum += term.product();
        }
        Factor factor;
        int scaled;
        if (arithmetic == Arithmetic.ONNX_RUNTIME) {
            float single = Accumulation.floatFactor(in, weights, out, channel);
            factor = new Single(single);
            scaled = (int) Math.rint(sum * single);
        } else {
            FixedPoint fixed = Accumulation.fixedFactor(in, weights, out, channel, floatProduct);
            Rounds rounds = Accumulation.rounds(arithmetic, product);
            factor = new Fixed(
                    fixed.multiplier(),
                    fixed.shift(),
                    rounds == Rounds.TWICE_UP ? "twice, halves upwards" : "twice, halves away from zero at last");
            scaled = rounds.of(fixed, sum);
        }
        return new ElementTrace(
                step.name(),
                place,
                channel,
                terms,
                padding,
                added,
                sum,
                in.scale(),
                weights.scale(channel),
                factor,
                scaled,
                out.scale(),
                out.zeroPoint(),
                limits.least(),
                limits.most(),
                limits.hold((long) scaled + out.zeroPoint()));
    }
}
