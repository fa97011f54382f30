package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * A model being changed into another one that is analysed in its place. Stored values, biases and clamps can change.
 * Edits are collected, and {@link #model} applies them. For one thread and for one use; each node is rewritten at most
 * once.
 */
public final class ModelRewrite {
    private final Model model;
    private final GraphEdit edit;
    private final Map<String, Tensor> changed = new LinkedHashMap<>();
    private final List<Tensor> added = new ArrayList<>();

    /** @throws org.quantscope.core.io.BadInputException if the model has no graph */
    public ModelRewrite(Model model) {
        this.model = model;
        this.edit = new GraphEdit(model);
    }

    /**
     * Gives a stored float32 tensor other values.
     *
     * @param values in storage order; not copied, must not change
     */
    public void values(TensorId id, float[] values) {
        Tensor old =
                model.find(id).orElseThrow(() -> new IllegalArgumentException("tensor: the model stores no " + id));
        if (old.info().dtype() != DType.F32 || values.length != old.data().count()) {
            throw new IllegalArgumentException("values: " + id + " has "
                    + old.data().count() + " of " + old.info().dtype() + ", got " + values.length + " of " + DType.F32);
        }
        edit.replaceStored(
                id.name(),
                TensorEncoding.floats(id.name(), DType.F32, old.info().shape(), values));
        changed.put(id.name(), new Tensor(old.info(), TensorData.of(values)));
    }

    /**
     * Gives a stored float32 tensor other values and another shape. Whoever reads it must compute the same sizes from it.
     *
     * @param values in storage order; not copied, must not change
     */
    public void values(TensorId id, Shape shape, float[] values) {
        Tensor old =
                model.find(id).orElseThrow(() -> new IllegalArgumentException("tensor: the model stores no " + id));
        if (old.info().dtype() != DType.F32 || values.length != shape.count()) {
            throw new IllegalArgumentException("values: " + values.length + " of " + DType.F32 + " for " + id + ", "
                    + shape + " of " + old.info().dtype());
        }
        edit.replaceStored(id.name(), TensorEncoding.floats(id.name(), DType.F32, shape, values));
        TensorInfo info = new TensorInfo(
                id,
                old.info().kind(),
                DType.F32,
                shape,
                old.info().channelAxis(),
                old.info().consumers());
        changed.put(id.name(), new Tensor(info, TensorData.of(values)));
    }

    /**
     * Multiplies a value by a factor for each entry of its last dimension, for some of its readers.
     *
     * @param readers nodes whose first input it is
     * @return the name of the factors
     */
    public TensorId multiply(String value, List<OnnxNode> readers, float[] factors) {
        String out = edit.fresh(value + "_scaled");
        String name = edit.fresh(value + "_factors");
        String node = value + "_scaling";
        edit.addBehind(value, List.of(GraphEdit.node("Mul", node, List.of(value, name), List.of(out))));
        readers.forEach(reader -> edit.reconnect(reader.index(), 0, out));
        return constant(name, Shape.of(factors.length), factors, new Consumer(node, "Mul", 1, 1));
    }

    /** The first operator set with Einsum, by which {@link #rotate} multiplies. */
    public static final int FIRST_WITH_EINSUM = 12;

    /**
     * Multiplies the last dimension of a value by a square matrix, x·M, for some of its readers. It is an Einsum and no
     * MatMul, because it is a part of the layer in front and not one of its own: it computes in float.
     *
     * @param readers nodes whose first input it is
     * @param matrix [n, n], row-major
     * @return the name of the matrix
     */
    public TensorId rotate(String value, List<OnnxNode> readers, float[] matrix) {
        int n = (int) Math.round(Math.sqrt(matrix.length));
        String out = edit.fresh(value + "_rotated");
        String name = edit.fresh(value + "_rotation");
        String node = value + "_rotating";
        NodeProto product = GraphEdit.node("Einsum", node, List.of(value, name), List.of(out)).toBuilder()
                .addAttribute(GraphEdit.attribute("equation", "...i,ij->...j"))
                .build();
        edit.addBehind(value, List.of(product));
        readers.forEach(reader -> edit.reconnect(reader.index(), 0, out));
        return constant(name, Shape.of(n, n), matrix, new Consumer(node, "Einsum", 1, 1));
    }

    private TensorId constant(String name, Shape shape, float[] values, Consumer consumer) {
        edit.addInitializer(TensorEncoding.floats(name, DType.F32, shape, values));
        TensorId id = new TensorId(name);
        added.add(new Tensor(
                new TensorInfo(id, TensorKind.CONSTANT, DType.F32, shape, OptionalInt.empty(), List.of(consumer)),
                TensorData.of(values)));
        return id;
    }

    /**
     * Gives a bias to a layer without one. It becomes the third input of a Conv, ConvTranspose or Gemm; after a MatMul
     * a node of its own adds it.
     *
     * @param values one for each output channel
     * @return the name of the new tensor: {@code x.bias} for a weight {@code x.weight}, else {@code <weight>_bias}
     */
    public TensorId bias(OnnxNode layer, float[] values) {
        String weight = layer.inputs().get(1);
        String name = edit.fresh(weight.endsWith(".weight") ? weight.replaceAll("weight$", "bias") : weight + "_bias");
        Shape shape = Shape.of(values.length);
        edit.addInitializer(TensorEncoding.floats(name, DType.F32, shape, values));
        NodeProto.Builder node = layer.proto().toBuilder();
        boolean behind = layer.opType().equals("MatMul");
        String reader = layer.name();
        if (behind) {
            String out = node.getOutput(0);
            String bare = edit.fresh(out + "_unbiased");
            node.setOutput(0, bare);
            reader = edit.fresh(layer.name() + "_bias");
            edit.addBehind(out, List.of(GraphEdit.node("Add", reader, List.of(bare, name), List.of(out))));
        } else if (node.getInputCount() > 2) {
            node.setInput(2, name);
        } else {
            node.addInput(name);
        }
        edit.rewriteNode(layer.index(), node.build());
        Consumer consumer =
                new Consumer(reader, behind ? "Add" : layer.opType(), behind ? 1 : 2, layer.intAttribute("group", 1));
        TensorInfo info = new TensorInfo(
                new TensorId(name),
                behind ? TensorKind.CONSTANT : TensorKind.BIAS,
                DType.F32,
                shape,
                OptionalInt.empty(),
                List.of(consumer));
        added.add(new Tensor(info, TensorData.of(values)));
        return info.id();
    }

    /**
     * Replaces a Clip by a clamp with a range for each channel: {@code min(max(x, lo), hi)}.
     *
     * @param lo one for each channel; all 0 is written as a Relu, all −∞ is left out
     * @param hi one a channel
     * @param spatial the number of dimensions after that of the channels
     */
    public void clampChannels(OnnxNode clip, float[] lo, float[] hi, int spatial) {
        long[] dims = new long[1 + spatial];
        Arrays.fill(dims, 1);
        dims[0] = lo.length;
        Shape shape = Shape.of(dims);
        String in = clip.inputs().getFirst();
        String out = clip.outputs().getFirst();
        if (all(lo, Float.NEGATIVE_INFINITY)) {
            String max = limit(out + "_max", hi, shape, clip.name() + "_min");
            edit.rewriteNode(clip.index(), GraphEdit.node("Min", clip.name() + "_min", List.of(in, max), List.of(out)));
            return;
        }
        String raised = edit.fresh(out + "_raised");
        if (all(lo, 0)) {
            edit.rewriteNode(clip.index(), GraphEdit.node("Relu", clip.name() + "_max", List.of(in), List.of(raised)));
        } else {
            String min = limit(out + "_min", lo, shape, clip.name() + "_max");
            edit.rewriteNode(
                    clip.index(), GraphEdit.node("Max", clip.name() + "_max", List.of(in, min), List.of(raised)));
        }
        String max = limit(out + "_max", hi, shape, clip.name() + "_min");
        edit.addBehind(out, List.of(GraphEdit.node("Min", clip.name() + "_min", List.of(raised, max), List.of(out))));
    }

    private String limit(String base, float[] values, Shape shape, String node) {
        Consumer consumer = new Consumer(node, node.endsWith("_min") ? "Min" : "Max", 1, 1);
        return constant(edit.fresh(base), shape, values, consumer).name();
    }

    private static boolean all(float[] values, float value) {
        for (float v : values) {
            if (v != value) {
                return false;
            }
        }
        return true;
    }

    /** The changed model: it refers to the same file, with other values. */
    public Model model() {
        OnnxGraph graph = new OnnxGraph(edit.buildWithReferences());
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor t : model.tensors()) {
            tensors.add(changed.getOrDefault(t.id().name(), t));
        }
        tensors.addAll(added);
        Set<TensorId> altered = new HashSet<>();
        changed.keySet().forEach(name -> altered.add(new TensorId(name)));
        added.forEach(t -> altered.add(t.id()));
        return new Model(
                        model.file(),
                        model.format(),
                        model.opset(),
                        tensors,
                        Optional.of(graph),
                        model.notes(),
                        model.altered(),
                        model.own(),
                        model.metadata(),
                        model.classNames())
                .withAltered(altered);
    }

    /**
     * Writes a model atomically, with its external tensors: to one file or, if it is too large for that, as
     * {@link WrittenModel} says.
     *
     * @param metadata written to {@code metadata_props}, in the order of its keys
     * @return a sentence on values of an earlier model beside the file; empty if there are none
     * @throws org.quantscope.core.io.BadInputException if the model has no graph or a single tensor is too large
     */
    public static Optional<String> write(Model model, Map<String, String> metadata, Path target, CancelToken cancel)
            throws IOException {
        return write(model, metadata, target, WrittenModel.MOST_IN_ONE_FILE, cancel);
    }

    /**
     * Writes a model to {@code file} directly, and beside it if needed.
     *
     * @return every file written, {@code file} first
     */
    public static List<Path> writeDirectly(Model model, Map<String, String> metadata, Path file, CancelToken cancel)
            throws IOException {
        GraphEdit whole = new GraphEdit(model);
        metadata.forEach(whole::putMetadata);
        return whole.written(WrittenModel.MOST_IN_ONE_FILE).write(file, cancel);
    }

    static Optional<String> write(
            Model model, Map<String, String> metadata, Path target, long mostInOneFile, CancelToken cancel)
            throws IOException {
        GraphEdit whole = new GraphEdit(model);
        metadata.forEach(whole::putMetadata);
        Optional<EarlierValues> before = EarlierValues.beside(target);
        List<Path> files = whole.written(mostInOneFile).writeAtomically(target, cancel);
        return before.isPresent() ? before.get().settle(files) : Optional.empty();
    }
}
