package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.rewrite.InstrumentedGraph.ActivationFeeds;
import org.quantscope.core.rewrite.InstrumentedGraph.Form;
import org.quantscope.core.rewrite.InstrumentedGraph.Sink;
import org.quantscope.core.rewrite.InstrumentedGraph.Way;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * The nodes of a quantizer that finds the range in the values that it reads ({@link RunRange}). All values of a run
 * share it, so whoever wants a range for each sample runs one sample at a time.
 *
 * <p>For 256 unsigned codes it is DynamicQuantizeLinear itself. Any other number of codes takes its formula in float32
 * nodes: {@code lo = min(0, min x)}, {@code hi = max(0, max x)}, {@code s = (hi − lo) / (codes − 1)}, 1 if that is 0;
 * {@code z = rint(clamp(−lo / s))}; a symmetric grid has {@code s = max|x| / ((codes − 1) / 2)}. Then
 * {@code clamp(rint(x / s), −z, codes − 1 − z)·s}.
 */
final class RunRangeNodes {
    /** The first operator set with DynamicQuantizeLinear, and with every other operator used here. */
    static final int FIRST = 11;

    private final GraphEdit edit;
    private final String value;
    private final List<NodeProto> nodes = new ArrayList<>();

    private RunRangeNodes(GraphEdit edit, String value) {
        this.edit = edit;
        this.value = value;
    }

    /**
     * The form of a quantizer whose range is found in the values; empty if its parameters are fed with every run.
     *
     * @throws IllegalArgumentException if the operator set has no such form
     */
    static Optional<Form> form(QuantParams params, int opset) {
        RunRange range = params.runRange().orElse(null);
        if (range == null || range instanceof RunRange.Window) {
            return Optional.empty();
        }
        if (opset < FIRST) {
            throw new IllegalArgumentException("a range that is found while the network runs needs operator set "
                    + FIRST + ", the model has " + opset);
        }
        int codes = params.qmax() - params.qmin() + 1;
        return Optional.of(
                switch (range) {
                    case RunRange.Dynamic(var _, boolean symmetric) ->
                        symmetric
                                ? new Form(Way.DYNAMIC_SYMMETRIC, codes)
                                : codes == 256 ? new Form(Way.DYNAMIC_BYTES, 0) : new Form(Way.DYNAMIC, codes);
                    case RunRange.Clusters clusters ->
                        new Form(Way.CLUSTERS, clusters.grids().size());
                    case RunRange.Window _ -> throw new AssertionError("handled above");
                });
    }

    /** Declares the inputs of a quantizer; only clusters have any. */
    static void declare(GraphEdit edit, ActivationFeeds feeds) {
        if (feeds.form().way() == Way.CLUSTERS) {
            int clusters = feeds.form().levels();
            edit.addInput(feeds.scale(), DataType.FLOAT_VALUE, Shape.of(clusters));
            edit.addInput(feeds.lower(), DataType.FLOAT_VALUE, Shape.of(2, clusters));
            edit.addInput(feeds.upper(), DataType.FLOAT_VALUE, Shape.of(2, clusters));
        }
    }

    /** Gives the values of the inputs; arbitrary ones without parameters. */
    static void feed(ActivationFeeds feeds, Optional<QuantParams> params, Sink sink) {
        if (feeds.form().way() != Way.CLUSTERS) {
            return;
        }
        int n = feeds.form().levels();
        float[] scales = new float[n];
        float[] limits = new float[2 * n];
        float[] centres = new float[2 * n];
        RunRange.Clusters clusters = params.flatMap(QuantParams::runRange)
                .filter(RunRange.Clusters.class::isInstance)
                .map(RunRange.Clusters.class::cast)
                .orElse(null);
        for (int k = 0; k < n; k++) {
            scales[k] = 1;
            if (clusters != null) {
                QuantParams grid = clusters.grids().get(k);
                ClipRange centre = clusters.centres().get(k);
                scales[k] = grid.scale(0);
                limits[k] = grid.qmin() - grid.zeroPoint(0);
                limits[n + k] = grid.qmax() - grid.zeroPoint(0);
                centres[k] = centre.lo();
                centres[n + k] = centre.hi();
            }
        }
        sink.feed(feeds.scale(), DType.F32, Shape.of(n), scales);
        sink.feed(feeds.lower(), DType.F32, Shape.of(2, n), limits);
        sink.feed(feeds.upper(), DType.F32, Shape.of(2, n), centres);
    }

    /** The nodes that compute {@code to} from {@code from}, both float32. */
    static List<NodeProto> nodes(GraphEdit edit, String value, String from, String to, ActivationFeeds feeds) {
        RunRangeNodes n = new RunRangeNodes(edit, value);
        switch (feeds.form().way()) {
            case DYNAMIC_BYTES -> n.bytes(from, to);
            case DYNAMIC -> n.asymmetric(from, to, feeds.form().levels());
            case DYNAMIC_SYMMETRIC -> n.symmetric(from, to, feeds.form().levels());
            case CLUSTERS -> n.clusters(from, to, feeds);
            case BYTES, CODES, CHAIN, STEPS, EVEN_TABLE, BENT_TABLE ->
                throw new IllegalArgumentException("form: " + feeds.form());
        }
        return n.nodes;
    }

    private void bytes(String from, String to) {
        String codes = edit.fresh(value + "_dynamic_codes");
        String scale = edit.fresh(value + "_dynamic_scale");
        String zero = edit.fresh(value + "_dynamic_zero_point");
        nodes.add(GraphEdit.node("DynamicQuantizeLinear", codes, List.of(from), List.of(codes, scale, zero)));
        nodes.add(GraphEdit.node("DequantizeLinear", to, List.of(codes, scale, zero), List.of(to)));
    }

    private void asymmetric(String from, String to, int codes) {
        String zero = number(0);
        String steps = number(codes - 1f);
        String lo = add("Min", extreme("ReduceMin", from), zero);
        String hi = add("Max", extreme("ReduceMax", from), zero);
        String scale = notZero(add("Div", add("Sub", hi, lo), steps));
        String code = add("Round", add("Min", add("Max", add("Div", add("Neg", lo), scale), zero), steps));
        round(from, to, scale, add("Neg", code), add("Sub", steps, code));
    }

    private void symmetric(String from, String to, int codes) {
        String largest = extreme("ReduceMax", add("Abs", from));
        String scale = notZero(add("Div", largest, number((codes - 1) / 2f)));
        int highest = (codes - 1) / 2;
        round(from, to, scale, number(highest + 1f - codes), number(highest));
    }

    private void clusters(String from, String to, ActivationFeeds feeds) {
        String first = whole(0);
        String second = whole(1);
        String below = squared(add("Sub", add("Gather", feeds.upper(), first), extreme("ReduceMin", from)));
        String above = squared(add("Sub", add("Gather", feeds.upper(), second), extreme("ReduceMax", from)));
        String nearest = edit.fresh(value + "_cluster");
        nodes.add(GraphEdit.node("ArgMin", nearest, List.of(add("Add", below, above)), List.of(nearest)).toBuilder()
                .addAttribute(GraphEdit.attribute("axis", 0L))
                .addAttribute(GraphEdit.attribute("keepdims", 0L))
                .build());
        round(
                from,
                to,
                add("Gather", feeds.scale(), nearest),
                add("Gather", add("Gather", feeds.lower(), first), nearest),
                add("Gather", add("Gather", feeds.lower(), second), nearest));
    }

    private void round(String from, String to, String scale, String lowest, String highest) {
        String code = add("Clip", add("Round", add("Div", from, scale)), lowest, highest);
        nodes.add(GraphEdit.node("Mul", to, List.of(code, scale), List.of(to)));
    }

    private String squared(String of) {
        return add("Mul", of, of);
    }

    private String notZero(String scale) {
        return add("Where", add("Equal", scale, number(0)), number(1), scale);
    }

    private String extreme(String op, String from) {
        String out = edit.fresh(value + "_" + op);
        nodes.add(GraphEdit.node(op, out, List.of(from), List.of(out)).toBuilder()
                .addAttribute(GraphEdit.attribute("keepdims", 0L))
                .build());
        return out;
    }

    private String add(String op, String... inputs) {
        String out = edit.fresh(value + "_" + op);
        nodes.add(GraphEdit.node(op, out, List.of(inputs), List.of(out)));
        return out;
    }

    private String number(float x) {
        String name = edit.fresh(value + "_number");
        edit.addInitializer(TensorEncoding.scalar(name, x));
        return name;
    }

    private String whole(long i) {
        String name = edit.fresh(value + "_index");
        edit.addInitializer(TensorEncoding.int64(name, Shape.of(), i));
        return name;
    }
}
