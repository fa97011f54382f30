package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Folds each BatchNormalization into the Conv, ConvTranspose or Gemm before it, if nothing else reads that layer.
 *
 * <p>{@code y = γ(x·W + b − μ)/√(σ² + ε) + β} is {@code x·(aW) + (a(b − μ) + β)} with {@code a = γ/√(σ² + ε)} for each
 * output channel (Jacob et al. 2018, arXiv 1712.05877, §3.2). Computed in double, stored as float32.
 */
public final class BatchNormFolding {
    private BatchNormFolding() {}

    /**
     * The same function with fewer nodes; the model itself if there is nothing to fold. Tensor names of weights are
     * kept; a layer without a bias gets one, named {@code x.bias} for a weight {@code x.weight}, else
     * {@code <weight>_bias}. The notes list what could not be folded: a weight or bias that another node uses too,
     * values that are computed, types other than float32, and a BatchNormalization that computes its own statistics.
     */
    public static Model fold(Model model) {
        if (model.graph().isEmpty()) {
            return model;
        }
        Folding folding = new Folding(model);
        folding.foldAll();
        return folding.result();
    }

    /** A layer and the normalization that follows it. */
    private record Pair(NodeProto layer, int layerIndex, NodeProto norm, int normIndex) {
        int groups() {
            return (int) ElementTypes.intAttribute(layer, "group", 1);
        }

        boolean isGemm() {
            return layer.getOpType().equals("Gemm");
        }

        boolean transposed() {
            return ElementTypes.intAttribute(layer, "transB", 0) != 0;
        }

        float beta() {
            return isGemm() ? ElementTypes.floatAttribute(layer, "beta", 1) : 1;
        }
    }

    /** The folding of one model. */
    private static final class Folding {
        private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "Gemm");
        private static final float DEFAULT_EPSILON = 1e-5f;
        private static final int FIRST_WITH_TRAINING_MODE = 14;

        private final Model model;
        private final OnnxGraph graph;
        private final GraphProto proto;
        private final GraphEdit edit;
        private final Map<String, Tensor> stored = new LinkedHashMap<>();
        private final Map<String, Integer> producers = new HashMap<>();
        private final Set<String> outputs;
        private final Map<String, Tensor> changed = new HashMap<>();
        private final Map<String, Tensor> newBehind = new HashMap<>();
        private final Map<String, Integer> usesGone = new HashMap<>();
        private final Set<String> removed = new HashSet<>();
        private final List<String> notes = new ArrayList<>();

        Folding(Model model) {
            this.model = model;
            this.graph = model.graph().orElseThrow();
            this.proto = graph.proto().getGraph();
            this.edit = new GraphEdit(model);
            model.tensors().forEach(t -> stored.put(t.id().name(), t));
            for (int i = 0; i < proto.getNodeCount(); i++) {
                for (String out : proto.getNode(i).getOutputList()) {
                    producers.put(out, i);
                }
            }
            this.outputs = new HashSet<>(graph.outputNames());
        }

        void foldAll() {
            for (int i = 0; i < proto.getNodeCount(); i++) {
                NodeProto node = proto.getNode(i);
                if (node.getOpType().equals("BatchNormalization")
                        && ElementTypes.isDefaultDomain(node)
                        && node.getInputCount() == 5) {
                    Optional<Pair> pair = pairOf(node, i);
                    if (pair.isPresent()) {
                        String why = fold(pair.get());
                        if (!why.isEmpty()) {
                            notes.add("BatchNormalization " + OnnxGraph.nodeName(node, i) + " is not folded: " + why);
                        }
                    }
                }
            }
        }

        /** The layer that feeds a normalization, if nothing else reads its output. */
        private Optional<Pair> pairOf(NodeProto norm, int index) {
            String between = norm.getInput(0);
            Integer at = producers.get(between);
            if (at == null
                    || outputs.contains(between)
                    || graph.consumers(between).size() != 1) {
                return Optional.empty();
            }
            NodeProto layer = proto.getNode(at);
            return LAYERS.contains(layer.getOpType())
                            && ElementTypes.isDefaultDomain(layer)
                            && layer.getInputCount() >= 2
                    ? Optional.of(new Pair(layer, at, norm, index))
                    : Optional.empty();
        }

        /**
         * Folds one pair.
         *
         * @return the reason if it cannot be folded; empty if it is done
         */
        private String fold(Pair p) {
            if (usesBatchStatistics(p.norm)) {
                return "it normalizes by the statistics of the batch";
            }
            if (ElementTypes.intAttribute(p.norm, "spatial", 1) == 0) {
                return "it normalizes each position by itself";
            }
            List<double[]> norm = new ArrayList<>();
            for (int i = 1; i < 5; i++) {
                Tensor t = stored.get(p.norm.getInput(i));
                if (t == null || !t.info().dtype().isFloating()) {
                    return "its input " + p.norm.getInput(i) + " is computed";
                }
                norm.add(doubles(t));
            }
            Tensor weight = stored.get(p.layer.getInput(1));
            if (weight == null) {
                return "the weight " + p.layer.getInput(1) + " is computed";
            }
            if (weight.info().dtype() != DType.F32) {
                return "the weight " + weight.id() + " is " + weight.info().dtype();
            }
            if (graph.consumers(weight.id().name()).size() != 1
                    || outputs.contains(weight.id().name())) {
                return "the weight " + weight.id() + " has another use";
            }
            int channels = channels(p, weight.info().shape());
            for (double[] n : norm) {
                if (n.length != channels) {
                    return "it has " + n.length + " channels, the layer in front " + channels;
                }
            }
            String biasName = p.layer.getInputCount() > 2 ? p.layer.getInput(2) : "";
            double[] bias = new double[channels];
            if (!biasName.isEmpty()) {
                Tensor t = stored.get(biasName);
                if (t == null || t.info().dtype() != DType.F32) {
                    return "the bias " + biasName + " is computed or not float32";
                }
                long count = t.info().shape().count();
                boolean perChannel = count == channels
                        && t.info().shape().rank() > 0
                        && t.info().shape().dim(t.info().shape().rank() - 1) == channels;
                if (!perChannel && count != 1) {
                    return "the bias " + biasName + " is " + t.info().shape() + ", not one value a channel";
                }
                double[] values = doubles(t);
                for (int c = 0; c < channels; c++) {
                    bias[c] = p.beta() * values[perChannel ? c : 0];
                }
            }
            double[] factor = new double[channels];
            float[] newBias = new float[channels];
            double epsilon = ElementTypes.floatAttribute(p.norm, "epsilon", DEFAULT_EPSILON);
            for (int c = 0; c < channels; c++) {
                factor[c] = norm.get(0)[c] / Math.sqrt(norm.get(3)[c] + epsilon);
                newBias[c] = (float) ((bias[c] - norm.get(2)[c]) * factor[c] + norm.get(1)[c]);
                if (!Double.isFinite(factor[c]) || !Float.isFinite(newBias[c])) {
                    return "channel " + c + " has variance " + norm.get(3)[c] + " and gives no finite weight";
                }
            }
            apply(p, weight, factor, newBias, biasName);
            return "";
        }

        /**
         * True if the node is exported in training mode: shown by its attribute, or before operator set 14 by the use
         * of its further outputs.
         */
        private boolean usesBatchStatistics(NodeProto norm) {
            if (graph.opset() >= FIRST_WITH_TRAINING_MODE) {
                return ElementTypes.intAttribute(norm, "training_mode", 0) != 0;
            }
            return norm.getOutputList().stream()
                    .skip(1)
                    .anyMatch(o -> !o.isEmpty()
                            && (outputs.contains(o) || !graph.consumers(o).isEmpty()));
        }

        private static int channels(Pair p, Shape weight) {
            return (int)
                    switch (p.layer.getOpType()) {
                        case "Conv" -> weight.dim(0);
                        case "ConvTranspose" -> weight.dim(1) * p.groups();
                        default -> weight.dim(p.transposed() ? 0 : 1);
                    };
        }

        private void apply(Pair p, Tensor weight, double[] factor, float[] bias, String biasName) {
            Shape shape = weight.info().shape();
            float[] values = weight.data().toFloats();
            int axis = switch (p.layer.getOpType()) {
                case "Conv" -> 0;
                case "ConvTranspose" -> 1;
                default -> p.transposed() ? 0 : 1;
            };
            long inner = shape.inner(axis);
            long perGroup = shape.dim(axis);
            // ConvTranspose stores [C, M/groups, …]: an output channel belongs to the group of its input channels.
            long inputsPerGroup = p.layer.getOpType().equals("ConvTranspose")
                    ? Math.max(1, shape.dim(0) / p.groups())
                    : Long.MAX_VALUE;
            for (int i = 0; i < values.length; i++) {
                long group = i / (inner * perGroup) / inputsPerGroup;
                values[i] = (float) (values[i] * factor[(int) (group * perGroup + i / inner % perGroup)]);
            }
            change(weight, values);
            NodeProto.Builder layer = p.layer.toBuilder();
            Tensor ownBias =
                    graph.consumers(biasName).size() == 1 && !outputs.contains(biasName) ? stored.get(biasName) : null;
            if (ownBias != null && ownBias.info().shape().count() == bias.length) {
                change(ownBias, bias);
            } else {
                String name = edit.fresh(
                        weight.id().name().endsWith(".weight")
                                ? weight.id().name().replaceAll("weight$", "bias")
                                : weight.id().name() + "_bias");
                addBias(p, weight, name, bias);
                if (layer.getInputCount() > 2) {
                    layer.setInput(2, name);
                } else {
                    layer.addInput(name);
                }
                gone(biasName);
            }
            if (p.isGemm() && p.beta() != 1) {
                for (int i = 0; i < layer.getAttributeCount(); i++) {
                    AttributeProto a = layer.getAttribute(i);
                    if (a.getName().equals("beta")) {
                        layer.setAttribute(i, GraphEdit.attribute("beta", 1f));
                    }
                }
            }
            layer.setOutput(0, p.norm.getOutput(0));
            edit.rewriteNode(p.layerIndex, layer.build());
            edit.dropNode(p.normIndex);
            p.norm.getInputList().subList(1, 5).forEach(this::gone);
        }

        private void change(Tensor old, float[] values) {
            Tensor now = new Tensor(old.info(), TensorData.of(values));
            changed.put(old.id().name(), now);
            edit.replaceStored(
                    old.id().name(),
                    TensorEncoding.floats(old.id().name(), DType.F32, old.info().shape(), values));
        }

        private void addBias(Pair p, Tensor weight, String name, float[] values) {
            Consumer layer =
                    new Consumer(OnnxGraph.nodeName(p.layer, p.layerIndex), p.layer.getOpType(), 2, p.groups());
            Shape shape = Shape.of(values.length);
            TensorInfo info = new TensorInfo(
                    new TensorId(name), TensorKind.BIAS, DType.F32, shape, OptionalInt.empty(), List.of(layer));
            newBehind.put(weight.id().name(), new Tensor(info, TensorData.of(values)));
            edit.addInitializer(TensorEncoding.floats(name, DType.F32, shape, values));
        }

        /** Counts one use less; a stored tensor without uses leaves the model. */
        private void gone(String name) {
            if (stored.containsKey(name)
                    && usesGone.merge(name, 1, Integer::sum)
                            == graph.consumers(name).size()
                    && !outputs.contains(name)) {
                edit.removeStored(name);
                removed.add(name);
            }
        }

        private static double[] doubles(Tensor t) {
            float[] values = t.data().toFloats();
            double[] out = new double[values.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = values[i];
            }
            return out;
        }

        Model result() {
            if (changed.isEmpty() && notes.isEmpty()) {
                return model;
            }
            OnnxGraph folded = new OnnxGraph(edit.buildWithReferences());
            List<Tensor> tensors = new ArrayList<>();
            for (Tensor t : model.tensors()) {
                String name = t.id().name();
                if (!removed.contains(name)) {
                    tensors.add(changed.getOrDefault(name, t));
                }
                Tensor bias = newBehind.get(name);
                if (bias != null) {
                    tensors.add(bias);
                }
            }
            List<String> all = new ArrayList<>(model.notes());
            all.addAll(notes);
            Set<TensorId> altered = new HashSet<>();
            changed.keySet().forEach(name -> altered.add(new TensorId(name)));
            newBehind.values().forEach(t -> altered.add(t.id()));
            return new Model(
                            model.file(),
                            model.format(),
                            model.opset(),
                            tensors,
                            Optional.of(folded),
                            all,
                            model.altered(),
                            model.own(),
                            model.metadata(),
                            model.classNames())
                    .withAltered(altered);
        }
    }
}
