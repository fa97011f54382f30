package org.quantscope.core.export;

import static org.quantscope.core.rewrite.TinyOnnx.attribute;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;

/**
 * Graphs of a few nodes: each operator that the placement of quantizers knows, in the surroundings in which ONNX Runtime
 * has a rule of its own for it. The input is {@code x}, the output {@code y}.
 */
final class Patterns {
    private static final int OPSET = 17;
    private static final Map<String, Pattern> ALL = new LinkedHashMap<>();

    /**
     * A graph.
     *
     * @param input shape of a sample
     */
    record Pattern(String name, Shape input, Supplier<TinyOnnx> graph) {}

    private Patterns() {}

    static List<Pattern> all() {
        return List.copyOf(ALL.values());
    }

    static Pattern named(String name) {
        return ALL.get(name);
    }

    private static void add(String name, Shape input, Supplier<TinyOnnx> graph) {
        ALL.put(name, new Pattern(name, input, graph));
    }

    static TinyOnnx image(long channels) {
        return new TinyOnnx(OPSET).input("x", -1, channels, 6, 6);
    }

    /** Ends with a Conv, which reads what the pattern computes, and its result as the output. */
    static TinyOnnx readByConv(TinyOnnx graph, String value, int channels) {
        return graph.randomWeight("last_w", Shape.of(5, channels, 1, 1), -1, 1)
                .randomWeight("last_b", Shape.of(5), -1, 1)
                .node("Conv", List.of(value, "last_w", "last_b"), List.of("y"))
                .output("y");
    }

    /** Ends with a Gemm, which reads what the pattern computes, and its result as the output. */
    static TinyOnnx readByMatMul(TinyOnnx graph, String value, int width) {
        return graph.randomWeight("last_w", Shape.of(width, 5), -1, 1)
                .node("MatMul", List.of(value, "last_w"), List.of("y"))
                .output("y");
    }

    /** Begins with a Conv of 4 channels, whose result is {@code c}. */
    static TinyOnnx conv(String out) {
        return image(4).randomWeight("w", Shape.of(4, 4, 3, 3), -0.4f, 0.4f)
                .randomWeight("b", Shape.of(4), -1, 1)
                .node("Conv", List.of("x", "w", "b"), List.of(out), attribute("pads", 1, 1, 1, 1));
    }

    static TinyOnnx matrix(long... dims) {
        return new TinyOnnx(OPSET).input("x", dims);
    }

    static {
        Shape pixels = Shape.of(4, 6, 6);
        Shape row = Shape.of(16);
        Shape tokens = Shape.of(6, 16);
        Shape heads = Shape.of(2, 6, 8);

        add("conv", pixels, () -> conv("y").output("y"));
        add(
                "conv, relu",
                pixels,
                () -> conv("c").node("Relu", List.of("c"), List.of("y")).output("y"));
        add("conv, relu, conv", pixels, () -> readByConv(conv("c").node("Relu", List.of("c"), List.of("r")), "r", 4));
        add(
                "conv without bias",
                pixels,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 4, 3, 3), -0.4f, 0.4f)
                                .node("Conv", List.of("x", "w"), List.of("c")),
                        "c",
                        4));
        add("conv with a dead and a tiny channel", pixels, () -> {
            float[] w = new float[4 * 4 * 9];
            for (int i = 0; i < w.length; i++) {
                int channel = i / 36;
                w[i] = channel == 1 ? 0 : (float) Math.cos(i * 1.7) * (channel == 2 ? 1e-9f : 0.4f);
            }
            return readByConv(
                    image(4).weight("w", Shape.of(4, 4, 3, 3), w)
                            .weight("b", Shape.of(4), 0.5f, 1, -0.7f, 2)
                            .node("Conv", List.of("x", "w", "b"), List.of("c"), attribute("pads", 1, 1, 1, 1))
                            .node("Relu", List.of("c"), List.of("r")),
                    "r",
                    4);
        });
        add(
                "depthwise conv, relu6",
                pixels,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 1, 3, 3), -1, 1)
                                .randomWeight("b", Shape.of(4), -1, 1)
                                .weight("lo", Shape.of(), 0)
                                .weight("hi", Shape.of(), 6)
                                .node(
                                        "Conv",
                                        List.of("x", "w", "b"),
                                        List.of("c"),
                                        attribute("pads", 1, 1, 1, 1),
                                        attribute("group", 4L))
                                .node("Clip", List.of("c", "lo", "hi"), List.of("r")),
                        "r",
                        4));
        add(
                "conv, clip to the middle",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight("lo", Shape.of(), -0.7f)
                                .weight("hi", Shape.of(), 0.9f)
                                .node("Clip", List.of("c", "lo", "hi"), List.of("r")),
                        "r",
                        4));
        add(
                "grouped conv",
                pixels,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(6, 2, 3, 3), -0.5f, 0.5f)
                                .randomWeight("b", Shape.of(6), -1, 1)
                                .node("Conv", List.of("x", "w", "b"), List.of("c"), attribute("group", 2L)),
                        "c",
                        6));
        add(
                "conv of one dimension",
                Shape.of(4, 12),
                () -> new TinyOnnx(OPSET)
                        .input("x", -1, 4, 12)
                        .randomWeight("w", Shape.of(5, 4, 3), -0.5f, 0.5f)
                        .randomWeight("b", Shape.of(5), -1, 1)
                        .node("Conv", List.of("x", "w", "b"), List.of("c"))
                        .node("Relu", List.of("c"), List.of("y"))
                        .output("y"));
        add(
                "conv of three dimensions",
                Shape.of(2, 4, 4, 4),
                () -> new TinyOnnx(OPSET)
                        .input("x", -1, 2, 4, 4, 4)
                        .randomWeight("w", Shape.of(3, 2, 2, 2, 2), -0.5f, 0.5f)
                        .randomWeight("b", Shape.of(3), -1, 1)
                        .node("Conv", List.of("x", "w", "b"), List.of("y"))
                        .output("y"));
        add(
                "transposed conv",
                pixels,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 4, 2, 2), -0.5f, 0.5f)
                                .randomWeight("b", Shape.of(4), -1, 1)
                                .node("ConvTranspose", List.of("x", "w", "b"), List.of("c"), attribute("strides", 2, 2))
                                .node("Relu", List.of("c"), List.of("r")),
                        "r",
                        4));
        add(
                "batch normalization",
                pixels,
                () -> readByConv(
                        conv("c")
                                .randomWeight("scale", Shape.of(4), 0.5f, 1.5f)
                                .randomWeight("shift", Shape.of(4), -1, 1)
                                .randomWeight("mean", Shape.of(4), -0.3f, 0.3f)
                                .randomWeight("var", Shape.of(4), 0.5f, 1.5f)
                                .node("BatchNormalization", List.of("c", "scale", "shift", "mean", "var"), List.of("n"))
                                .node("Relu", List.of("n"), List.of("r")),
                        "r",
                        4));
        add(
                "gemm",
                row,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 8), -0.5f, 0.5f)
                        .randomWeight("b", Shape.of(8), -1, 1)
                        .node("Gemm", List.of("x", "w", "b"), List.of("y"))
                        .output("y", -1, 8));
        add(
                "square gemm, weight transposed, relu",
                row,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .randomWeight("b", Shape.of(16), -1, 1)
                                .node("Gemm", List.of("x", "w", "b"), List.of("g"), attribute("transB", 1L))
                                .node("Relu", List.of("g"), List.of("r")),
                        "r",
                        16));
        add(
                "gemm without bias",
                row,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("Gemm", List.of("x", "w"), List.of("g"), attribute("alpha", 0.5f)),
                        "g",
                        16));
        add(
                "gemm with alpha, beta and a short bias",
                row,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .randomWeight("b", Shape.of(1), -1, 1)
                                .node(
                                        "Gemm",
                                        List.of("x", "w", "b"),
                                        List.of("g"),
                                        attribute("alpha", 2f),
                                        attribute("beta", 3f)),
                        "g",
                        16));
        add(
                "matmul",
                row,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                        .node("MatMul", List.of("x", "w"), List.of("y"))
                        .output("y", -1, 16));
        add(
                "matmul, add, relu, matmul",
                row,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .randomWeight("b", Shape.of(16), -1, 1)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("Add", List.of("m", "b"), List.of("a"))
                                .node("Relu", List.of("a"), List.of("r")),
                        "r",
                        16));
        add(
                "matmul of rank 3 by rank 2",
                tokens,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m")),
                        "m",
                        16));
        add(
                "matmul by a weight of rank 3",
                Shape.of(16, 16),
                () -> matrix(-1, 16, 16)
                        .randomWeight("w", Shape.of(1, 16, 16), -0.5f, 0.5f)
                        .node("MatMul", List.of("x", "w"), List.of("y"))
                        .output("y"));
        add(
                "matmul by a weight of rank 4",
                heads,
                () -> readByMatMul(
                        matrix(-1, 2, 6, 8)
                                .randomWeight("w", Shape.of(1, 2, 8, 8), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m")),
                        "m",
                        8));
        add(
                "weight read along two axes",
                row,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("Relu", List.of("m"), List.of("r"))
                                .node("Gemm", List.of("r", "w"), List.of("g"), attribute("transB", 1L)),
                        "g",
                        16));
        add(
                "transposed weight",
                row,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                        .node("Transpose", List.of("w"), List.of("t"), attribute("perm", 1, 0))
                        .node("MatMul", List.of("x", "t"), List.of("y"))
                        .output("y"));
        add(
                "attention",
                tokens,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("q_w", Shape.of(16, 16), -0.5f, 0.5f)
                                .randomWeight("k_w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "q_w"), List.of("q"))
                                .node("MatMul", List.of("x", "k_w"), List.of("k"))
                                .node("Transpose", List.of("k"), List.of("kt"), attribute("perm", 0, 2, 1))
                                .node("MatMul", List.of("q", "kt"), List.of("s"))
                                .node("Softmax", List.of("s"), List.of("p"))
                                .node("MatMul", List.of("p", "x"), List.of("o")),
                        "o",
                        16));
        add(
                "max pool",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node("Relu", List.of("c"), List.of("r"))
                                .node(
                                        "MaxPool",
                                        List.of("r"),
                                        List.of("m"),
                                        attribute("kernel_shape", 2, 2),
                                        attribute("strides", 2, 2)),
                        "m",
                        4));
        add(
                "average pool",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node("Relu", List.of("c"), List.of("r"))
                                .node(
                                        "AveragePool",
                                        List.of("r"),
                                        List.of("m"),
                                        attribute("kernel_shape", 2, 2),
                                        attribute("strides", 2, 2)),
                        "m",
                        4));
        add(
                "average pool with padding at the end",
                pixels,
                () -> conv("c")
                        .node(
                                "AveragePool",
                                List.of("c"),
                                List.of("y"),
                                attribute("kernel_shape", 3, 3),
                                attribute("pads", 1, 1, 1, 1))
                        .output("y"));
        add(
                "global average pool",
                pixels,
                () -> conv("c")
                        .node("Relu", List.of("c"), List.of("r"))
                        .node("GlobalAveragePool", List.of("r"), List.of("g"))
                        .node("Flatten", List.of("g"), List.of("f"))
                        .randomWeight("last_w", Shape.of(5, 4), -1, 1)
                        .randomWeight("last_b", Shape.of(5), -1, 1)
                        .node("Gemm", List.of("f", "last_w", "last_b"), List.of("y"), attribute("transB", 1L))
                        .output("y"));
        add(
                "global max pool",
                pixels,
                () -> readByConv(conv("c").node("GlobalMaxPool", List.of("c"), List.of("g")), "g", 4));
        add(
                "resize, nearest",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight("none", Shape.of(0))
                                .weight("scales", Shape.of(4), 1, 1, 2, 2)
                                .node(
                                        "Resize",
                                        List.of("c", "none", "scales"),
                                        List.of("s"),
                                        attribute("mode", "nearest"),
                                        attribute("coordinate_transformation_mode", "asymmetric"),
                                        attribute("nearest_mode", "floor")),
                        "s",
                        4));
        add(
                "resize, linear",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight("none", Shape.of(0))
                                .weight("scales", Shape.of(4), 1, 1, 2, 2)
                                .node(
                                        "Resize",
                                        List.of("c", "none", "scales"),
                                        List.of("s"),
                                        attribute("mode", "linear")),
                        "s",
                        4));
        add(
                "resize, linear, of the input",
                pixels,
                () -> readByConv(
                        image(4).weight("none", Shape.of(0))
                                .weight("scales", Shape.of(4), 1, 1, 0.5f, 0.5f)
                                .node(
                                        "Resize",
                                        List.of("x", "none", "scales"),
                                        List.of("s"),
                                        attribute("mode", "linear")),
                        "s",
                        4));
        add(
                "concat",
                pixels,
                () -> readByConv(
                        conv("c")
                                .randomWeight("w2", Shape.of(4, 4, 3, 3), -1, 1)
                                .node("Conv", List.of("x", "w2"), List.of("d"), attribute("pads", 1, 1, 1, 1))
                                .node("Concat", List.of("c", "d"), List.of("k"), attribute("axis", 1L)),
                        "k",
                        8));
        add(
                "concat with the input",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node("Relu", List.of("c"), List.of("r"))
                                .node("Concat", List.of("r", "x"), List.of("k"), attribute("axis", 1L)),
                        "k",
                        8));
        add(
                "split",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight64("sizes", 2, 2)
                                .node("Split", List.of("c", "sizes"), List.of("s", "t"), attribute("axis", 1L))
                                .node("Add", List.of("s", "t"), List.of("a")),
                        "a",
                        2));
        add("residual", pixels, () -> readByConv(conv("c").node("Add", List.of("c", "x"), List.of("a")), "a", 4));
        add(
                "residual, relu",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node("Relu", List.of("c"), List.of("r"))
                                .node("Add", List.of("r", "x"), List.of("a"))
                                .node("Relu", List.of("a"), List.of("ar")),
                        "ar",
                        4));
        add(
                "gate",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node("Sigmoid", List.of("c"), List.of("s"))
                                .node("Mul", List.of("c", "s"), List.of("m")),
                        "m",
                        4));
        add("hard swish", pixels, () -> readByConv(conv("c").node("HardSwish", List.of("c"), List.of("s")), "s", 4));
        add(
                "squeeze and excite",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node("GlobalAveragePool", List.of("c"), List.of("g"))
                                .node("HardSigmoid", List.of("g"), List.of("h"))
                                .node("Mul", List.of("c", "h"), List.of("m")),
                        "m",
                        4));
        add(
                "leaky relu",
                pixels,
                () -> readByConv(
                        conv("c").node("LeakyRelu", List.of("c"), List.of("l"), attribute("alpha", 0.1f)), "l", 4));
        add(
                "parametric relu",
                pixels,
                () -> readByConv(
                        conv("c")
                                .randomWeight("slope", Shape.of(4, 1, 1), 0, 0.4f)
                                .node("PRelu", List.of("c", "slope"), List.of("l")),
                        "l",
                        4));
        add(
                "softmax at the end",
                row,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 8), -1, 1)
                        .node("MatMul", List.of("x", "w"), List.of("m"))
                        .node("Softmax", List.of("m"), List.of("y"))
                        .output("y", -1, 8));
        add(
                "sigmoid at the end",
                row,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 8), -1, 1)
                        .node("MatMul", List.of("x", "w"), List.of("m"))
                        .node("Sigmoid", List.of("m"), List.of("y"))
                        .output("y", -1, 8));
        add(
                "layer normalization",
                tokens,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("scale", Shape.of(16), 0.5f, 1.5f)
                                .randomWeight("shift", Shape.of(16), -1, 1)
                                .node("LayerNormalization", List.of("x", "scale", "shift"), List.of("n")),
                        "n",
                        16));
        add(
                "instance normalization",
                pixels,
                () -> readByConv(
                        conv("c")
                                .randomWeight("scale", Shape.of(4), 0.5f, 1.5f)
                                .randomWeight("shift", Shape.of(4), -1, 1)
                                .node("InstanceNormalization", List.of("c", "scale", "shift"), List.of("n")),
                        "n",
                        4));
        add(
                "pad with zeros",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight64("pads", 0, 0, 1, 1, 0, 0, 1, 1)
                                .node("Pad", List.of("c", "pads"), List.of("p")),
                        "p",
                        4));
        add(
                "pad with a value",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight64("pads", 0, 0, 1, 1, 0, 0, 1, 1)
                                .weight("fill", Shape.of(), 0.73f)
                                .node("Pad", List.of("c", "pads", "fill"), List.of("p")),
                        "p",
                        4));
        add(
                "pad by reflection",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight64("pads", 0, 0, 1, 1, 0, 0, 1, 1)
                                .node("Pad", List.of("c", "pads"), List.of("p"), attribute("mode", "reflect")),
                        "p",
                        4));
        add(
                "reshape, transpose",
                pixels,
                () -> readByMatMul(
                        conv("c")
                                .weight64("shape", 0, 4, 36)
                                .node("Reshape", List.of("c", "shape"), List.of("r"))
                                .node("Transpose", List.of("r"), List.of("t"), attribute("perm", 0, 2, 1)),
                        "t",
                        4));
        add(
                "slice, squeeze, unsqueeze",
                tokens,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .weight64("from", 2)
                                .weight64("until", 3)
                                .weight64("axis", 1)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("Slice", List.of("m", "from", "until", "axis"), List.of("s"))
                                .node("Squeeze", List.of("s", "axis"), List.of("q"))
                                .node("Unsqueeze", List.of("q", "axis"), List.of("u")),
                        "u",
                        16));
        add(
                "gather",
                tokens,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .weight64("which", 0, 5, 2)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("Gather", List.of("m", "which"), List.of("g"), attribute("axis", 1L)),
                        "g",
                        16));
        add(
                "tile, depth to space",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight64("times", 1, 2, 1, 1)
                                .node("Tile", List.of("c", "times"), List.of("t"))
                                .node("DepthToSpace", List.of("t"), List.of("d"), attribute("blocksize", 2L)),
                        "d",
                        2));
        add(
                "where",
                pixels,
                () -> readByConv(
                        conv("c")
                                .weight("zero", Shape.of(), 0)
                                .node("Greater", List.of("c", "zero"), List.of("which"))
                                .node("Where", List.of("which", "c", "x"), List.of("h")),
                        "h",
                        4));
        add(
                "cumulative sum",
                row,
                () -> readByMatMul(
                        matrix(-1, 16).weight64("axis", 1).node("CumSum", List.of("x", "axis"), List.of("s")),
                        "s",
                        16));
        add(
                "relu on a quantized value",
                pixels,
                () -> readByConv(
                        conv("c")
                                .node(
                                        "MaxPool",
                                        List.of("c"),
                                        List.of("m"),
                                        attribute("kernel_shape", 2, 2),
                                        attribute("strides", 2, 2))
                                .node("Relu", List.of("m"), List.of("r")),
                        "r",
                        4));
        add(
                "value read before and behind a relu",
                pixels,
                () -> readByConv(
                        conv("c").node("Relu", List.of("c"), List.of("r")).node("Add", List.of("c", "r"), List.of("a")),
                        "a",
                        4));
        MorePatterns.addTo(Patterns::add);
    }
}
