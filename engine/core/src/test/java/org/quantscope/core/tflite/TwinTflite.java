package org.quantscope.core.tflite;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * A TensorFlow Lite model with the weights of an ONNX one and its names, as a converter would write it: pictures channels
 * last, clamps fused, pads that no convolution here has by an operator of their own.
 */
public final class TwinTflite {
    private static final int FLOAT32 = 0;
    private static final int INT32 = 2;

    private final Model model;
    private final TinyTflite out = new TinyTflite();
    /** Indices of tensors and their shapes as TensorFlow Lite has them, by the name in ONNX. */
    private final Map<String, Integer> tensors = new HashMap<>();

    private final Map<String, int[]> shapes = new HashMap<>();

    private TwinTflite(Model model) {
        this.model = model;
    }

    /**
     * The file's bytes.
     *
     * @param model a chain or residual network of convolutions and matrices on one picture or row
     * @param input the shape of one sample, channels last
     */
    public static byte[] of(Model model, int... input) {
        return new TwinTflite(model).write(input);
    }

    private byte[] write(int[] sample) {
        int[] fed = new int[sample.length + 1];
        fed[0] = -1;
        System.arraycopy(sample, 0, fed, 1, sample.length);
        String in = model.graph().orElseThrow().requiredInputs().iterator().next();
        int first = computed(in, fed);
        List<OnnxNode> nodes = model.graph().get().nodes().stream()
                .filter(n -> !n.opType().equals("Constant"))
                .toList();
        for (int i = 0; i < nodes.size(); i++) {
            OnnxNode node = nodes.get(i);
            OnnxNode next = i + 1 < nodes.size() ? nodes.get(i + 1) : null;
            boolean clamped = next != null
                    && List.of("Relu", "Clip").contains(next.opType())
                    && next.inputs().getFirst().equals(node.outputs().getFirst());
            int activation = !clamped ? 0 : next.opType().equals("Relu") ? 1 : 3;
            String output = (clamped ? next : node).outputs().getFirst();
            switch (node.opType()) {
                case "Conv" -> conv(node, output, activation);
                case "Gemm" -> gemm(node, output, activation);
                case "Add" -> {
                    int[] shape = shapes.get(node.inputs().getFirst());
                    int to = computed(output, shape);
                    out.operator(
                            0,
                            11,
                            o -> o.addByte(0, (byte) activation, 0),
                            to,
                            tensors.get(node.inputs().get(0)),
                            tensors.get(node.inputs().get(1)));
                }
                case "MaxPool" -> {
                    int[] s = shapes.get(node.inputs().getFirst());
                    int to = computed(output, s[0], s[1] / 2, s[2] / 2, s[3]);
                    out.operator(
                            17,
                            5,
                            o -> {
                                o.addByte(0, (byte) 1, 0);
                                o.addInt(1, 2, 0);
                                o.addInt(2, 2, 0);
                                o.addInt(3, 2, 0);
                                o.addInt(4, 2, 0);
                            },
                            to,
                            tensors.get(node.inputs().getFirst()));
                }
                case "ReduceMean" -> {
                    int[] s = shapes.get(node.inputs().getFirst());
                    int axes = out.stored(output + " axes", INT32, TinyTflite.ints(1, 2), 2);
                    out.operator(
                            40,
                            27,
                            _ -> {},
                            computed(output, s[0], s[3]),
                            tensors.get(node.inputs().getFirst()),
                            axes);
                }
                case "Flatten" -> {
                    int[] s = shapes.get(node.inputs().getFirst());
                    int all = s[1] * s[2] * s[3];
                    int shape = out.stored(output + " shape", INT32, TinyTflite.ints(-1, all), 2);
                    out.operator(
                            22,
                            computed(output, s[0], all),
                            tensors.get(node.inputs().getFirst()),
                            shape);
                }
                default -> throw new AssertionError(node);
            }
            i += clamped ? 1 : 0;
        }
        return out.inputs(first)
                .outputs(
                        tensors.get(model.graph().get().outputNames().iterator().next()))
                .build();
    }

    private int computed(String name, int... shape) {
        int index = out.computed(name, FLOAT32, shape);
        tensors.put(name, index);
        shapes.put(name, shape);
        return index;
    }

    private float[] values(String name) {
        return model.find(new TensorId(name)).orElseThrow().data().toFloats();
    }

    private int bias(OnnxNode node) {
        float[] bias = values(node.inputs().get(2));
        return out.stored(node.inputs().get(2), FLOAT32, TinyTflite.floats(bias), bias.length);
    }

    private void conv(OnnxNode node, String output, int activation) {
        String weight = node.inputs().get(1);
        Shape s = model.find(new TensorId(weight)).orElseThrow().info().shape();
        int outputs = (int) s.dim(0);
        int inputs = (int) s.dim(1);
        int size = (int) s.dim(2);
        int stride =
                (int) (long) node.intsAttribute("strides").map(List::getFirst).orElse(1L);
        int pad = (int) (long) node.intsAttribute("pads").map(List::getFirst).orElse(0L);
        boolean depthwise = node.intAttribute("group", 1) > 1;
        float[] from = values(weight);
        float[] to = new float[from.length];
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                for (int k = 0; k < size * size; k++) {
                    to[depthwise ? k * outputs + o : (o * size * size + k) * inputs + i] =
                            from[(o * inputs + i) * size * size + k];
                }
            }
        }
        int kernel = depthwise
                ? out.stored(weight, FLOAT32, TinyTflite.floats(to), 1, size, size, outputs)
                : out.stored(weight, FLOAT32, TinyTflite.floats(to), outputs, size, size, inputs);
        int bias = bias(node);
        int[] in = shapes.get(node.inputs().getFirst());
        int read = tensors.get(node.inputs().getFirst());
        int height = (in[1] + 2 * pad - size) / stride + 1;
        int width = (in[2] + 2 * pad - size) / stride + 1;
        boolean same = stride == 1 && 2 * pad == size - 1;
        if (pad > 0 && !same) {
            int pads = out.stored(output + " pads", INT32, TinyTflite.ints(0, 0, pad, pad, pad, pad, 0, 0), 4, 2);
            int padded = out.computed(output + " padded", FLOAT32, in[0], in[1] + 2 * pad, in[2] + 2 * pad, in[3]);
            out.operator(34, padded, read, pads);
            read = padded;
        }
        int result = computed(output, in[0], height, width, outputs);
        out.operator(
                depthwise ? 4 : 3,
                depthwise ? 2 : 1,
                o -> {
                    o.addByte(0, (byte) (same ? 0 : 1), 0);
                    o.addInt(1, stride, 0);
                    o.addInt(2, stride, 0);
                    if (depthwise) {
                        o.addInt(3, 1, 0);
                    }
                    o.addByte(depthwise ? 4 : 3, (byte) activation, 0);
                },
                result,
                read,
                kernel,
                bias);
    }

    /** Columns behind a Flatten of a picture are put into the order channels last. */
    private void gemm(OnnxNode node, String output, int activation) {
        String weight = node.inputs().get(1);
        Shape s = model.find(new TensorId(weight)).orElseThrow().info().shape();
        int outputs = (int) s.dim(0);
        int inputs = (int) s.dim(1);
        float[] from = values(weight);
        float[] to = from.clone();
        OnnxNode before = model.graph().orElseThrow().nodes().stream()
                .filter(n -> n.outputs().contains(node.inputs().getFirst()))
                .findFirst()
                .orElse(null);
        if (before != null && before.opType().equals("Flatten")) {
            int[] picture = shapes.get(before.inputs().getFirst());
            int pixels = picture[1] * picture[2];
            for (int i = 0; i < from.length; i++) {
                int column = i % inputs;
                to[i - column + column % pixels * picture[3] + column / pixels] = from[i];
            }
        }
        int kernel = out.stored(weight, FLOAT32, TinyTflite.floats(to), outputs, inputs);
        int bias = bias(node);
        int[] in = Arrays.copyOf(shapes.get(node.inputs().getFirst()), 2);
        int result = computed(output, in[0], outputs);
        out.operator(
                9,
                8,
                o -> o.addByte(0, (byte) activation, 0),
                result,
                tensors.get(node.inputs().getFirst()),
                kernel,
                bias);
    }
}
