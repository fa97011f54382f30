package org.quantscope.core.export;

import static org.quantscope.core.export.Patterns.conv;
import static org.quantscope.core.export.Patterns.image;
import static org.quantscope.core.export.Patterns.matrix;
import static org.quantscope.core.export.Patterns.readByConv;
import static org.quantscope.core.export.Patterns.readByMatMul;
import static org.quantscope.core.rewrite.TinyOnnx.attribute;

import java.util.List;
import java.util.function.Supplier;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/** Further {@link Patterns}: weights at unusual inputs, other element types and operator sets, what belongs to a layer. */
final class MorePatterns {
    private static final String ORT = "com.microsoft";
    private static final Shape PIXELS = Shape.of(4, 6, 6);
    private static final Shape ROW = Shape.of(16);
    private static final Shape TOKENS = Shape.of(6, 16);

    private MorePatterns() {}

    @FunctionalInterface
    interface Adder {
        void add(String name, Shape input, Supplier<TinyOnnx> graph);
    }

    static void addTo(Adder all) {
        weights(all);
        types(all);
        layers(all);
        operators(all);
        normalizations(all);
    }

    /** Weights that are not the second input of a standard Conv, Gemm or MatMul. */
    private static void weights(Adder all) {
        all.add(
                "einsum",
                TOKENS,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("Einsum", List.of("x", "w"), List.of("m"), attribute("equation", "bsi,io->bso")),
                        "m",
                        16));
        all.add(
                "einsum, weight first and transposed",
                TOKENS,
                () -> matrix(-1, 6, 16)
                        .randomWeight("w", Shape.of(8, 16), -0.5f, 0.5f)
                        .node("Einsum", List.of("w", "x"), List.of("y"), attribute("equation", "oi,bsi->bso"))
                        .output("y"));
        all.add(
                "matmul, weight first",
                TOKENS,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("w", Shape.of(6, 6), -0.5f, 0.5f)
                                .node("MatMul", List.of("w", "x"), List.of("m")),
                        "m",
                        16));
        all.add(
                "gemm, weight first",
                ROW,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(5, 16), -0.5f, 0.5f)
                        .node("Gemm", List.of("w", "x"), List.of("g"), attribute("transB", 1L))
                        .node("Transpose", List.of("g"), List.of("y"), attribute("perm", 1, 0))
                        .output("y"));
        all.add(
                "gemm, weight first and transposed",
                ROW,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                        .node("Gemm", List.of("w", "x"), List.of("g"), attribute("transA", 1L), attribute("transB", 1L))
                        .node("Relu", List.of("g"), List.of("r"))
                        .node("Transpose", List.of("r"), List.of("y"), attribute("perm", 1, 0))
                        .output("y"));
        all.add(
                "weight read twice",
                ROW,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("Relu", List.of("m"), List.of("r"))
                                .node("MatMul", List.of("r", "w"), List.of("n")),
                        "n",
                        16));
        all.add(
                "weight that is an output",
                ROW,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                        .node("MatMul", List.of("x", "w"), List.of("y"))
                        .output("y", -1, 16)
                        .output("w", 16, 16));
        all.add(
                "reshaped weight",
                ROW,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(4, 64), -0.5f, 0.5f)
                        .weight64("shape", 16, 16)
                        .node("Reshape", List.of("w", "shape"), List.of("s"))
                        .node("MatMul", List.of("x", "s"), List.of("y"))
                        .output("y"));
        all.add(
                "fused matmul, weight transposed",
                ROW,
                () -> matrix(-1, 16)
                        .randomWeight("w", Shape.of(8, 16), -0.5f, 0.5f)
                        .node(
                                "FusedMatMul",
                                List.of("x", "w"),
                                List.of("y"),
                                attribute("transB", 1L),
                                attribute("alpha", 0.5f))
                        .in(ORT)
                        .output("y", -1, 8));
        all.add(
                "fused conv",
                PIXELS,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 4, 3, 3), -0.4f, 0.4f)
                                .randomWeight("b", Shape.of(4), -1, 1)
                                .node(
                                        "FusedConv",
                                        List.of("x", "w", "b"),
                                        List.of("r"),
                                        attribute("activation", "Relu"))
                                .in(ORT),
                        "r",
                        4));
    }

    /** Element types and operator sets. */
    private static void types(Adder all) {
        all.add(
                "conv of float16",
                PIXELS,
                () -> new TinyOnnx(17)
                        .input("x", DType.F16, -1, 4, 6, 6)
                        .weight("w", DType.F16, Shape.of(4, 4, 3, 3), waves(4 * 4 * 9, 0.3f))
                        .weight("b", DType.F16, Shape.of(4), waves(4, 1))
                        .node("Conv", List.of("x", "w", "b"), List.of("c"))
                        .node("Relu", List.of("c"), List.of("y"))
                        .output("y", DType.F16, -1, 4, 4, 4));
        all.add(
                "matmul of float16",
                ROW,
                () -> new TinyOnnx(17)
                        .input("x", DType.F16, -1, 16)
                        .weight("w", DType.F16, Shape.of(16, 16), waves(256, 0.4f))
                        .weight("v", DType.F16, Shape.of(16, 8), waves(128, 0.5f))
                        .node("MatMul", List.of("x", "w"), List.of("m"))
                        .node("Relu", List.of("m"), List.of("r"))
                        .node("MatMul", List.of("r", "v"), List.of("y"))
                        .output("y", DType.F16, -1, 8));
        all.add(
                "float16 weight behind a cast",
                ROW,
                () -> readByMatMul(
                        matrix(-1, 16)
                                .weight("w", DType.F16, Shape.of(16, 16), waves(256, 0.4f))
                                .node("Cast", List.of("w"), List.of("wide"), attribute("to", 1L))
                                .node("MatMul", List.of("x", "wide"), List.of("m"))
                                .node("Relu", List.of("m"), List.of("r")),
                        "r",
                        16));
        for (int opset : new int[] {11, 13, 21}) {
            all.add(
                    "conv, relu6, conv, operator set " + opset,
                    PIXELS,
                    () -> readByConv(
                            new TinyOnnx(opset)
                                    .input("x", -1, 4, 6, 6)
                                    .randomWeight("w", Shape.of(4, 4, 3, 3), -0.4f, 0.4f)
                                    .randomWeight("b", Shape.of(4), -1, 1)
                                    .weight("lo", Shape.of(), 0)
                                    .weight("hi", Shape.of(), 6)
                                    .node("Conv", List.of("x", "w", "b"), List.of("c"))
                                    .node("Clip", List.of("c", "lo", "hi"), List.of("r")),
                            "r",
                            4));
            all.add(
                    "gemm, relu, gemm, operator set " + opset,
                    ROW,
                    () -> new TinyOnnx(opset)
                            .input("x", -1, 16)
                            .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                            .randomWeight("b", Shape.of(16), -1, 1)
                            .randomWeight("v", Shape.of(8, 16), -0.5f, 0.5f)
                            .node("Gemm", List.of("x", "w", "b"), List.of("g"))
                            .node("Relu", List.of("g"), List.of("r"))
                            .node("Gemm", List.of("r", "v"), List.of("y"), attribute("transB", 1L))
                            .output("y"));
        }
    }

    private static float[] waves(int n, float size) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = size * (float) Math.sin(1.7 * i + 0.3);
        }
        return values;
    }

    /** Layers of other shapes, and what belongs to a layer. */
    private static void layers(Adder all) {
        all.add(
                "grouped transposed conv",
                PIXELS,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 3, 2, 2), -0.5f, 0.5f)
                                .randomWeight("b", Shape.of(6), -1, 1)
                                .node(
                                        "ConvTranspose",
                                        List.of("x", "w", "b"),
                                        List.of("c"),
                                        attribute("strides", 2, 2),
                                        attribute("group", 2L)),
                        "c",
                        6));
        all.add(
                "transposed conv without bias",
                PIXELS,
                () -> image(4).randomWeight("w", Shape.of(4, 3, 3, 3), -0.5f, 0.5f)
                        .node("ConvTranspose", List.of("x", "w"), List.of("y"))
                        .output("y"));
        all.add(
                "dilated conv with a stride",
                PIXELS,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 4, 3, 3), -0.4f, 0.4f)
                                .randomWeight("b", Shape.of(4), -1, 1)
                                .node(
                                        "Conv",
                                        List.of("x", "w", "b"),
                                        List.of("c"),
                                        attribute("pads", 2, 2, 2, 2),
                                        attribute("dilations", 2, 2),
                                        attribute("strides", 2, 2))
                                .node("Relu", List.of("c"), List.of("r")),
                        "r",
                        4));
        all.add(
                "conv, add and mul by constants",
                PIXELS,
                () -> readByConv(
                        conv("c")
                                .randomWeight("shift", Shape.of(1, 4, 1, 1), -1, 1)
                                .randomWeight("factor", Shape.of(1, 4, 1, 1), 0.5f, 2)
                                .node("Add", List.of("c", "shift"), List.of("a"))
                                .node("Mul", List.of("a", "factor"), List.of("m"))
                                .node("Relu", List.of("m"), List.of("r")),
                        "r",
                        4));
        all.add(
                "conv, max and min with constants",
                PIXELS,
                () -> readByConv(
                        conv("c")
                                .weight("lo", Shape.of(1, 4, 1, 1), -1, 0, -0.5f, -2)
                                .weight("hi", Shape.of(1, 4, 1, 1), 1, 2, 0.5f, 1.5f)
                                .node("Max", List.of("c", "lo"), List.of("a"))
                                .node("Min", List.of("a", "hi"), List.of("m")),
                        "m",
                        4));
        all.add(
                "product of two layers",
                TOKENS,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .randomWeight("v", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("MatMul", List.of("x", "v"), List.of("n"))
                                .node("Sigmoid", List.of("n"), List.of("s"))
                                .node("Mul", List.of("m", "s"), List.of("p")),
                        "p",
                        16));
        all.add(
                "square of a value",
                ROW,
                () -> readByMatMul(matrix(-1, 16).node("Mul", List.of("x", "x"), List.of("m")), "m", 16));
        all.add(
                "split read by two layers",
                TOKENS,
                () -> matrix(-1, 6, 16)
                        .weight64("sizes", 8, 8)
                        .randomWeight("w", Shape.of(8, 8), -0.5f, 0.5f)
                        .randomWeight("v", Shape.of(8, 8), -0.5f, 0.5f)
                        .node("Split", List.of("x", "sizes"), List.of("s", "t"), attribute("axis", 2L))
                        .node("MatMul", List.of("s", "w"), List.of("m"))
                        .node("MatMul", List.of("t", "v"), List.of("n"))
                        .node("Add", List.of("m", "n"), List.of("y"))
                        .output("y"));
    }

    /** Operators around which ONNX Runtime has rules, or none. */
    private static void operators(Adder all) {
        for (String op : List.of("Tanh", "Elu", "Softplus", "Abs", "Erf", "Identity", "HardSigmoid")) {
            all.add(op, PIXELS, () -> readByConv(conv("c").node(op, List.of("c"), List.of("a")), "a", 4));
        }
        all.add(
                "gelu written out",
                TOKENS,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .weight("root", Shape.of(), 1.4142135f)
                                .weight("one", Shape.of(), 1)
                                .weight("half", Shape.of(), 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node("Div", List.of("m", "root"), List.of("d"))
                                .node("Erf", List.of("d"), List.of("e"))
                                .node("Add", List.of("e", "one"), List.of("a"))
                                .node("Mul", List.of("m", "a"), List.of("p"))
                                .node("Mul", List.of("p", "half"), List.of("g")),
                        "g",
                        16));
        all.add(
                "mean over an axis",
                TOKENS,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .randomWeight("w", Shape.of(16, 16), -0.5f, 0.5f)
                                .node("MatMul", List.of("x", "w"), List.of("m"))
                                .node(
                                        "ReduceMean",
                                        List.of("m"),
                                        List.of("u"),
                                        attribute("axes", 1, new long[0]),
                                        attribute("keepdims", 0L)),
                        "u",
                        16));
        all.add(
                "max pool of the input",
                PIXELS,
                () -> readByConv(
                        image(4).node("MaxPool", List.of("x"), List.of("m"), attribute("kernel_shape", 2, 2)), "m", 4));
        all.add(
                "average pool of the input",
                PIXELS,
                () -> readByConv(
                        image(4).node("AveragePool", List.of("x"), List.of("m"), attribute("kernel_shape", 2, 2)),
                        "m",
                        4));
        all.add(
                "expand, space to depth",
                PIXELS,
                () -> readByConv(
                        conv("c")
                                .weight64("shape", 1, 4, 6, 6)
                                .node("Expand", List.of("c", "shape"), List.of("e"))
                                .node("SpaceToDepth", List.of("e"), List.of("d"), attribute("blocksize", 2L)),
                        "d",
                        16));
        all.add(
                "resize, cubic",
                PIXELS,
                () -> readByConv(
                        conv("c")
                                .weight("none", Shape.of(0))
                                .weight("scales", Shape.of(4), 1, 1, 1.5f, 1.5f)
                                .node(
                                        "Resize",
                                        List.of("c", "none", "scales"),
                                        List.of("s"),
                                        attribute("mode", "cubic")),
                        "s",
                        4));
        all.add(
                "concat of three, one read elsewhere",
                PIXELS,
                () -> readByConv(
                        image(4).randomWeight("w", Shape.of(4, 4, 1, 1), -1, 1)
                                .node("Conv", List.of("x", "w"), List.of("c"))
                                .node("Relu", List.of("c"), List.of("r"))
                                .node("Concat", List.of("r", "x", "c"), List.of("k"), attribute("axis", 1L)),
                        "k",
                        12));
    }

    private static void normalizations(Adder all) {
        all.add(
                "layer normalization written out",
                TOKENS,
                () -> readByMatMul(
                        matrix(-1, 6, 16)
                                .weight("eps", Shape.of(), 1e-5f)
                                .weight("two", Shape.of(), 2)
                                .randomWeight("scale", Shape.of(16), 0.5f, 1.5f)
                                .randomWeight("shift", Shape.of(16), -1, 1)
                                .node("ReduceMean", List.of("x"), List.of("u"), attribute("axes", -1, new long[0]))
                                .node("Sub", List.of("x", "u"), List.of("d"))
                                .node("Pow", List.of("d", "two"), List.of("q"))
                                .node("ReduceMean", List.of("q"), List.of("v"), attribute("axes", -1, new long[0]))
                                .node("Add", List.of("v", "eps"), List.of("ve"))
                                .node("Sqrt", List.of("ve"), List.of("s"))
                                .node("Div", List.of("d", "s"), List.of("n"))
                                .node("Mul", List.of("n", "scale"), List.of("ns"))
                                .node("Add", List.of("ns", "shift"), List.of("o")),
                        "o",
                        16));
        all.add(
                "group normalization",
                PIXELS,
                () -> readByConv(
                        new TinyOnnx(21)
                                .input("x", -1, 4, 6, 6)
                                .randomWeight("w", Shape.of(4, 4, 3, 3), -0.4f, 0.4f)
                                .randomWeight("scale", Shape.of(4), 0.5f, 1.5f)
                                .randomWeight("shift", Shape.of(4), -1, 1)
                                .node("Conv", List.of("x", "w"), List.of("c"))
                                .node(
                                        "GroupNormalization",
                                        List.of("c", "scale", "shift"),
                                        List.of("n"),
                                        attribute("num_groups", 2L)),
                        "n",
                        4));
    }
}
