package org.quantscope.linalg.train;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.onnx.OnnxNode;

/** Turns the nodes of a graph into operations, by the definitions of the ONNX operators. */
final class Operators {
    private final NetworkBuilder builder;
    private final Network network;

    Operators(NetworkBuilder builder, Network network) {
        this.builder = builder;
        this.network = network;
    }

    private int add(int count) {
        return network.tape.add(count, true);
    }

    private NetworkBuilder.Node read(OnnxNode node, int input) {
        return builder.read(
                node.input(input).orElseThrow(() -> builder.cannot(node, "its input " + input + " is missing")));
    }

    private int[] outDims(OnnxNode node) {
        return builder.dims(node.outputs().getFirst());
    }

    void add(OnnxNode node) {
        switch (node.opType()) {
            case "Conv" -> conv(node);
            case "Gemm" -> gemm(node);
            case "MatMul" -> matMul(node);
            case "Relu" -> pointwise(node, new Pointwise.Clamp(0, Float.POSITIVE_INFINITY));
            case "Clip" -> pointwise(node, clamp(node));
            case "LeakyRelu" -> pointwise(node, new Pointwise.Leaky(node.floatAttribute("alpha", 0.01f)));
            case "HardSigmoid" ->
                pointwise(
                        node,
                        new Pointwise.HardSigmoid(
                                node.floatAttribute("alpha", 0.2f), node.floatAttribute("beta", 0.5f)));
            case "HardSwish" -> pointwise(node, new Pointwise.HardSwish());
            case "Sigmoid" -> pointwise(node, new Pointwise.Sigmoid());
            case "Tanh" -> pointwise(node, new Pointwise.Tanh());
            case "Sqrt" -> pointwise(node, new Pointwise.Sqrt());
            case "Exp" -> pointwise(node, new Pointwise.Exp());
            case "Neg" -> pointwise(node, new Pointwise.Negative());
            case "Reciprocal" -> pointwise(node, new Pointwise.Reciprocal());
            case "Erf" -> pointwise(node, new Pointwise.Erf());
            case "Gelu" ->
                pointwise(
                        node,
                        new Pointwise.Gelu(
                                node.textAttribute("approximate", "none").equals("tanh")));
            case "Pow" -> power(node);
            case "Add" -> binary(node, Binary.Kind.ADD);
            case "Sub" -> binary(node, Binary.Kind.SUB);
            case "Mul" -> binary(node, Binary.Kind.MUL);
            case "Div" -> binary(node, Binary.Kind.DIV);
            case "Softmax" -> softmax(node);
            case "ReduceMean" -> reduce(node, true);
            case "ReduceSum" -> reduce(node, false);
            case "GlobalAveragePool" -> averageAll(node);
            case "AveragePool", "MaxPool" -> pool(node);
            case "LayerNormalization" -> layerNorm(node);
            case "BatchNormalization" -> batchNorm(node);
            case "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Cast" -> same(node);
            case "Transpose" -> transpose(node);
            case "Concat" -> concat(node);
            case "Split" -> split(node);
            case "Slice" -> slice(node);
            case "Gather" -> gather(node);
            case "Expand" -> expand(node);
            case "Pad" -> pad(node);
            default -> throw builder.cannot(node, "no gradient is known for it");
        }
    }

    private void put(OnnxNode node, int index) {
        builder.put(node.outputs().getFirst(), index, outDims(node));
    }

    private void pointwise(OnnxNode node, Pointwise.Curve curve) {
        NetworkBuilder.Node x = read(node, 0);
        int out = add(Dims.count(x.dims()));
        network.operations.add(new Pointwise(x.index(), out, curve));
        put(node, out);
    }

    private Pointwise.Curve clamp(OnnxNode node) {
        float lo = bound(node, 1, "min", Float.NEGATIVE_INFINITY);
        float hi = bound(node, 2, "max", Float.POSITIVE_INFINITY);
        return new Pointwise.Clamp(lo, hi);
    }

    private float bound(OnnxNode node, int input, String attribute, float none) {
        return node.input(input)
                .map(name -> builder.constant(node, name)[0])
                .orElseGet(() -> node.floatAttribute(attribute, none));
    }

    private void power(OnnxNode node) {
        float[] exponent = builder.constant(node, node.inputs().get(1));
        if (exponent.length != 1) {
            throw builder.cannot(node, "only a single exponent can be trained through, it has " + exponent.length);
        }
        pointwise(node, new Pointwise.Power(exponent[0]));
    }

    private void binary(OnnxNode node, Binary.Kind kind) {
        NetworkBuilder.Node a = read(node, 0);
        NetworkBuilder.Node b = read(node, 1);
        int[] dims = outDims(node);
        int out = add(Dims.count(dims));
        network.operations.add(new Binary(kind, a.index(), a.dims(), b.index(), b.dims(), out, dims));
        put(node, out);
    }

    private void conv(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        NetworkBuilder.Node w = read(node, 1);
        int[] dims = outDims(node);
        if (dims.length != 4) {
            throw builder.cannot(
                    node, "only convolutions over two dimensions can be trained, it has " + (dims.length - 2));
        }
        int bias = node.input(2).map(name -> builder.read(name).index()).orElse(-1);
        int groups = Math.toIntExact(node.intAttribute("group", 1));
        int out = add(Dims.count(dims));
        Window window = Window.of(node, x.dims(), dims, new int[] {w.dims()[2], w.dims()[3]});
        network.operations.add(new Convolution(
                x.index(), w.index(), bias, out, dims[0], groups, w.dims()[1], dims[1] / groups, window));
        put(node, out);
    }

    private void gemm(OnnxNode node) {
        NetworkBuilder.Node a = read(node, 0);
        NetworkBuilder.Node b = read(node, 1);
        boolean ta = node.intAttribute("transA", 0) != 0;
        boolean tb = node.intAttribute("transB", 0) != 0;
        int[] dims = outDims(node);
        int inner = ta ? a.dims()[0] : a.dims()[1];
        int[] one = {0};
        int at = add(Dims.count(dims));
        network.operations.add(new MatrixProduct(a.index(), ta, b.index(), tb, at, dims[0], dims[1], inner, one, one));
        at = scaled(at, dims, node.floatAttribute("alpha", 1));
        Optional<String> added = node.input(2);
        float beta = node.floatAttribute("beta", 1);
        if (added.isPresent() && beta != 0) {
            NetworkBuilder.Node c = builder.read(added.get());
            int term = scaled(c.index(), c.dims(), beta);
            int sum = add(Dims.count(dims));
            network.operations.add(new Binary(Binary.Kind.ADD, at, dims, term, c.dims(), sum, dims));
            at = sum;
        }
        put(node, at);
    }

    private int scaled(int index, int[] dims, float factor) {
        if (factor == 1) {
            return index;
        }
        int constant = network.tape.add(new float[] {factor}, false);
        int out = add(Dims.count(dims));
        network.operations.add(new Binary(Binary.Kind.MUL, index, dims, constant, new int[0], out, dims));
        return out;
    }

    private void matMul(OnnxNode node) {
        NetworkBuilder.Node a = read(node, 0);
        NetworkBuilder.Node b = read(node, 1);
        int ra = a.dims().length;
        int rb = b.dims().length;
        if (ra < 2 || rb < 2) {
            throw builder.cannot(node, "a product with a vector cannot be trained through");
        }
        int[] dims = outDims(node);
        int n = b.dims()[rb - 1];
        int k = a.dims()[ra - 1];
        int m = a.dims()[ra - 2];
        int out = add(Dims.count(dims));
        int[] one = {0};
        if (Dims.product(b.dims(), 0, rb - 2) == 1) {
            // One matrix for all: a single product.
            int rows = Dims.count(a.dims()) / k;
            network.operations.add(new MatrixProduct(a.index(), false, b.index(), false, out, rows, n, k, one, one));
        } else {
            int[] stack = Arrays.copyOf(dims, dims.length - 2);
            network.operations.add(new MatrixProduct(
                    a.index(),
                    false,
                    b.index(),
                    false,
                    out,
                    m,
                    n,
                    k,
                    stacked(Arrays.copyOf(a.dims(), ra - 2), stack),
                    stacked(Arrays.copyOf(b.dims(), rb - 2), stack)));
        }
        put(node, out);
    }

    private static int[] stacked(int[] own, int[] all) {
        int[] map = Dims.broadcast(own, all);
        return map == null ? IntStream.range(0, Dims.count(all)).toArray() : map;
    }

    private void softmax(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        boolean old = builder.graph().opset() < 13;
        int axis = Dims.axis(node.intAttribute("axis", old ? 1 : -1), x.dims());
        int inner = old ? 1 : Dims.product(x.dims(), axis + 1, x.dims().length);
        int n = old ? Dims.product(x.dims(), axis, x.dims().length) : x.dims()[axis];
        int out = add(Dims.count(x.dims()));
        network.operations.add(new Softmax(x.index(), out, n, inner));
        put(node, out);
    }

    private long[] parameter(OnnxNode node, String attribute, int input) {
        Optional<List<Long>> given = node.intsAttribute(attribute);
        if (given.isPresent()) {
            return given.get().stream().mapToLong(Long::longValue).toArray();
        }
        if (node.input(input).isEmpty()) {
            return new long[0];
        }
        float[] values = builder.constant(node, node.inputs().get(input));
        return IntStream.range(0, values.length)
                .mapToLong(i -> (long) values[i])
                .toArray();
    }

    private void reduce(OnnxNode node, boolean mean) {
        NetworkBuilder.Node x = read(node, 0);
        long[] axes = parameter(node, "axes", 1);
        boolean[] which = new boolean[x.dims().length];
        if (axes.length == 0) {
            if (node.intAttribute("noop_with_empty_axes", 0) != 0) {
                put(node, x.index());
                return;
            }
            Arrays.fill(which, true);
        }
        for (long axis : axes) {
            which[Dims.axis(axis, x.dims())] = true;
        }
        reduced(node, x, which, mean);
    }

    private void averageAll(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        boolean[] which = new boolean[x.dims().length];
        Arrays.fill(which, 2, which.length, true);
        reduced(node, x, which, true);
    }

    private void reduced(OnnxNode node, NetworkBuilder.Node x, boolean[] which, boolean mean) {
        int out = add(Dims.count(outDims(node)));
        network.operations.add(new Reduced(x.index(), x.dims(), which, mean, out));
        put(node, out);
    }

    private void pool(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        int[] dims = outDims(node);
        List<Long> kernel = node.intsAttribute("kernel_shape").orElse(List.of());
        if (kernel.size() != 2 || dims.length != 4) {
            throw builder.cannot(node, "only pooling over two dimensions can be trained, it has " + kernel.size());
        }
        onlyFirst(node);
        int out = add(Dims.count(dims));
        Window window = Window.of(
                node, x.dims(), dims, new int[] {Math.toIntExact(kernel.get(0)), Math.toIntExact(kernel.get(1))});
        network.operations.add(new Pooled(
                x.index(),
                out,
                window,
                node.opType().equals("MaxPool"),
                node.intAttribute("count_include_pad", 0) != 0));
        put(node, out);
    }

    private void onlyFirst(OnnxNode node) {
        for (String out : node.outputs().subList(1, node.outputs().size())) {
            if (!out.isEmpty() && !builder.graph().consumers(out).isEmpty()) {
                throw builder.cannot(node, "its output " + out + " is read, and only the first one can be trained");
            }
        }
    }

    private void layerNorm(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        onlyFirst(node);
        int axis = Dims.axis(node.intAttribute("axis", -1), x.dims());
        int run = Dims.product(x.dims(), axis, x.dims().length);
        int at = add(Dims.count(x.dims()));
        network.operations.add(new Normalized(x.index(), at, run, node.floatAttribute("epsilon", 1e-5f)));
        at = with(node, Binary.Kind.MUL, at, x.dims(), 1);
        at = with(node, Binary.Kind.ADD, at, x.dims(), 2);
        put(node, at);
    }

    private int with(OnnxNode node, Binary.Kind kind, int at, int[] dims, int input) {
        if (node.input(input).isEmpty()) {
            return at;
        }
        NetworkBuilder.Node other = read(node, input);
        int out = add(Dims.count(dims));
        network.operations.add(new Binary(kind, at, dims, other.index(), other.dims(), out, dims));
        return out;
    }

    /** As in inference: its statistics are frozen, so it is a factor and a term for each channel. */
    private void batchNorm(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        onlyFirst(node);
        float[] gain = builder.constant(node, node.inputs().get(1));
        float[] bias = builder.constant(node, node.inputs().get(2));
        float[] mean = builder.constant(node, node.inputs().get(3));
        float[] variance = builder.constant(node, node.inputs().get(4));
        float epsilon = node.floatAttribute("epsilon", 1e-5f);
        float[] factor = new float[gain.length];
        float[] term = new float[gain.length];
        for (int c = 0; c < gain.length; c++) {
            factor[c] = (float) (gain[c] / Math.sqrt((double) variance[c] + epsilon));
            term[c] = bias[c] - mean[c] * factor[c];
        }
        int[] channels = new int[x.dims().length - 1];
        Arrays.fill(channels, 1);
        channels[0] = gain.length;
        int count = Dims.count(x.dims());
        int scaled = add(count);
        network.operations.add(new Binary(
                Binary.Kind.MUL, x.index(), x.dims(), network.tape.add(factor, false), channels, scaled, x.dims()));
        int out = add(count);
        network.operations.add(
                new Binary(Binary.Kind.ADD, scaled, x.dims(), network.tape.add(term, false), channels, out, x.dims()));
        put(node, out);
    }

    /** The same numbers in the same order. */
    private void same(OnnxNode node) {
        onlyFirst(node);
        put(node, read(node, 0).index());
    }

    private void moved(String out, NetworkBuilder.Node x, int[] dims, int[] from, float filling) {
        int to = add(Dims.count(dims));
        network.operations.add(new Moved(x.index(), to, from, filling));
        builder.put(out, to, dims);
    }

    private void transpose(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        int rank = x.dims().length;
        int[] steps = Dims.steps(x.dims());
        List<Long> order = node.intsAttribute("perm").orElse(List.of());
        int[] moved = new int[rank];
        for (int d = 0; d < rank; d++) {
            moved[d] = steps[order.isEmpty() ? rank - 1 - d : Math.toIntExact(order.get(d))];
        }
        int[] dims = outDims(node);
        moved(node.outputs().getFirst(), x, dims, Dims.strided(dims, moved, 0), 0);
    }

    private void concat(OnnxNode node) {
        List<NetworkBuilder.Node> all = builder.all(node.inputs());
        int[] dims = outDims(node);
        int out = add(Dims.count(dims));
        network.operations.add(new Joined(
                all.stream().mapToInt(NetworkBuilder.Node::index).toArray(),
                all.stream().map(NetworkBuilder.Node::dims).toArray(int[][]::new),
                Dims.axis(node.intAttribute("axis", 0), dims),
                out));
        put(node, out);
    }

    private void split(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        int axis = Dims.axis(node.intAttribute("axis", 0), x.dims());
        int[] steps = Dims.steps(x.dims());
        int start = 0;
        for (String out : node.outputs()) {
            int[] dims = builder.dims(out);
            moved(out, x, dims, Dims.strided(dims, steps, start * steps[axis]), 0);
            start += dims[axis];
        }
    }

    private void slice(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        long[] starts = parameter(node, "starts", 1);
        long[] axes = parameter(node, "axes", 3);
        long[] by = parameter(node, "steps", 4);
        int[] steps = Dims.steps(x.dims());
        int from = 0;
        for (int i = 0; i < starts.length; i++) {
            int axis = axes.length == 0 ? i : Dims.axis(axes[i], x.dims());
            long step = by.length == 0 ? 1 : by[i];
            long size = x.dims()[axis];
            long start = starts[i] < 0 ? starts[i] + size : starts[i];
            start = Math.clamp(start, 0, step < 0 ? size - 1 : size);
            from += Math.toIntExact(start * steps[axis]);
            steps[axis] = Math.toIntExact(steps[axis] * step);
        }
        int[] dims = outDims(node);
        moved(node.outputs().getFirst(), x, dims, Dims.strided(dims, steps, from), 0);
    }

    private void gather(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        float[] indices = builder.constant(node, node.inputs().get(1));
        int axis = Dims.axis(node.intAttribute("axis", 0), x.dims());
        int[] dims = outDims(node);
        int inner = Dims.product(x.dims(), axis + 1, x.dims().length);
        int size = x.dims()[axis];
        int[] from = new int[Dims.count(dims)];
        for (int i = 0; i < from.length; i++) {
            int outer = i / (indices.length * inner);
            int which = (int) indices[i / inner % indices.length];
            from[i] = (outer * size + (which < 0 ? which + size : which)) * inner + i % inner;
        }
        moved(node.outputs().getFirst(), x, dims, from, 0);
    }

    private void expand(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        int[] dims = outDims(node);
        int[] from = Dims.broadcast(x.dims(), dims);
        if (from == null) {
            put(node, x.index());
        } else {
            moved(node.outputs().getFirst(), x, dims, from, 0);
        }
    }

    private void pad(OnnxNode node) {
        NetworkBuilder.Node x = read(node, 0);
        String mode = node.textAttribute("mode", "constant");
        if (!mode.equals("constant") || node.input(3).isPresent()) {
            throw builder.cannot(node, "only padding of all dimensions with a constant can be trained through");
        }
        long[] pads = parameter(node, "pads", 1);
        float filling = node.input(2)
                .map(name -> builder.constant(node, name)[0])
                .orElseGet(() -> node.floatAttribute("value", 0));
        int[] dims = outDims(node);
        int[] steps = Dims.steps(x.dims());
        int[] from = new int[Dims.count(dims)];
        int[] at = Dims.steps(dims);
        for (int i = 0; i < from.length; i++) {
            int source = 0;
            for (int d = 0; d < dims.length && source >= 0; d++) {
                long index = i / at[d] % dims[d] - pads[d];
                source = index < 0 || index >= x.dims()[d] ? -1 : source + Math.toIntExact(index) * steps[d];
            }
            from[i] = source;
        }
        moved(node.outputs().getFirst(), x, dims, from, filling);
    }
}
