package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A model rewritten to be run: plain, with values tapped, or fake-quantized with what the hand moves as inputs.
 *
 * <p>An activation quantizer computes {@code y = clamp(rint(x / s), qmin − zp, qmax − zp)·s} in float32, which equals
 * ONNX QuantizeLinear followed by DequantizeLinear because adding the integer zero point commutes with the clamp.
 * {@code s} and the two limits are scalar graph inputs. From operator set 11 the nodes are Div, Round, Clip, Mul. Older
 * sets have no Round: there the clamp (Max, Min) comes first and adding and subtracting 1.5·2^23 rounds, because float32
 * has a step of 1 between 2^23 and 2^24 and rounds half to even; exact for |codes| up to 2^22.
 */
public final class InstrumentedGraph {
    private static final int FIRST_WITH_ROUND_AND_CLIP_INPUTS = 11;
    /** The first operator set in which Max and Min broadcast. Every operator of set 7 means the same in set 8. */
    private static final int FIRST_WITH_BROADCASTING_MAX = 8;

    private static final float ROUNDING = 0x1.8p23f;

    private final byte[] model;
    private final Optional<String> weightFeed;
    private final Map<TensorId, ActivationFeeds> activations;
    private final Map<TensorId, BiasFeed> biases;

    private InstrumentedGraph(byte[] model, Optional<String> weightFeed, Map<TensorId, ActivationFeeds> activations, Map<TensorId, BiasFeed> biases) {
        this.model = model;
        this.weightFeed = weightFeed;
        this.activations = activations;
        this.biases = biases;
    }

    /**
     * Names of the scalar float32 inputs of one activation quantizer.
     *
     * @param scale of s, activation units per step
     * @param lo of qmin − zp
     * @param hi of qmax − zp
     */
    public record ActivationFeeds(String scale, String lo, String hi) {}

    /**
     * The input that takes a bias.
     *
     * @param name of the float32 input
     * @param shape that its values are fed in; they are as many as the bias has
     */
    public record BiasFeed(String name, Shape shape) {}

    /** The serialized model; not copied, not to be changed. */
    public byte[] model() {
        return model;
    }

    /** The float32 input that takes the weight in hand, in its stored shape; empty if no weight is in hand. */
    public Optional<String> weightFeed() {
        return weightFeed;
    }

    /** The inputs of each quantized activation. */
    public Map<TensorId, ActivationFeeds> activations() {
        return activations;
    }

    /** The inputs of the biases that are fed. */
    public Map<TensorId, BiasFeed> biases() {
        return biases;
    }

    /** The model as it is, in one piece. */
    public static byte[] plain(Model model) {
        return new GraphEdit(model).build().toByteArray();
    }

    /** The model with values inside it as further outputs; those that are graph inputs or outputs already are left alone. */
    public static byte[] tapped(Model model, List<TensorId> values) {
        GraphEdit edit = new GraphEdit(model);
        Set<String> known = new HashSet<>(edit.graph().outputNames());
        known.addAll(edit.graph().requiredInputs());
        for (TensorId id : values) {
            if (known.add(id.name())) {
                edit.addOutput(id.name(), edit.graph().types().of(id.name()));
            }
        }
        return edit.build().toByteArray();
    }

    /**
     * The instrumented model.
     *
     * @param inHand a stored weight that becomes an input
     * @param baked values of other stored weights, in storage order, that take the place of the stored ones
     * @param quantized the activations that get a quantizer
     * @param fedBiases the biases that become inputs, each read by its layer alone. A convolution whose bias is no constant
     *     would lose ONNX Runtime's blocked memory layout, so the bias is added by a node of its own behind it.
     * @throws IllegalArgumentException if a name is not one of the model's
     */
    public static InstrumentedGraph build(Model model, Optional<TensorId> inHand, Map<TensorId, float[]> baked, Set<TensorId> quantized, Set<TensorId> fedBiases) {
        GraphEdit edit = new GraphEdit(model);
        baked.forEach((id, values) -> {
            Tensor t = stored(model, id);
            edit.replaceStored(id.name(), TensorEncoding.floats(id.name(), t.info().dtype(), t.info().shape(), values));
        });
        Optional<String> weightFeed = inHand.map(id -> feedWeight(edit, stored(model, id)));
        Map<TensorId, BiasFeed> biases = new LinkedHashMap<>();
        fedBiases.forEach(id -> biases.put(id, feedBias(edit, stored(model, id))));
        Map<TensorId, ActivationFeeds> feeds = new LinkedHashMap<>();
        for (var activation : edit.graph().values()) {
            if (quantized.contains(activation.id())) {
                feeds.put(activation.id(), quantizer(edit, activation.id().name()));
            }
        }
        if (feeds.size() != quantized.size()) {
            TensorId unknown = quantized.stream().filter(id -> !feeds.containsKey(id)).findFirst().orElseThrow();
            throw new IllegalArgumentException("activations: the model has no quantizable activation " + unknown);
        }
        if (!feeds.isEmpty() && edit.opset() < FIRST_WITH_BROADCASTING_MAX) {
            edit.setOpset(FIRST_WITH_BROADCASTING_MAX);
        }
        return new InstrumentedGraph(edit.build().toByteArray(), weightFeed, feeds, biases);
    }

    private static Tensor stored(Model model, TensorId id) {
        Tensor t = model.find(id).orElseThrow(() -> new IllegalArgumentException("weights: the model has no tensor " + id));
        int stored = model.graph().map(g -> g.types().of(id.name())).orElse(DataType.UNDEFINED_VALUE);
        if (!t.info().dtype().isFloating() || SmallType.of(stored).isPresent()) {
            throw new BadInputException(
                    model.file(), id.name(), "is " + SmallType.of(stored).map(SmallType::name).orElse(t.info().dtype().name()) + ", only floating weights can be quantized");
        }
        return t;
    }

    private static String feedWeight(GraphEdit edit, Tensor weight) {
        String name = weight.id().name();
        int type = TensorEncoding.typeCode(weight.info().dtype());
        edit.removeStored(name);
        if (type == DataType.FLOAT_VALUE) {
            edit.addInput(name, type, weight.info().shape());
            return name;
        }
        String feed = edit.fresh(name + "_float32");
        edit.addInput(feed, DataType.FLOAT_VALUE, weight.info().shape());
        edit.addBehind(feed, List.of(GraphEdit.cast(edit.fresh(name + "_Cast"), feed, name, type)));
        return feed;
    }

    private static BiasFeed feedBias(GraphEdit edit, Tensor bias) {
        String name = bias.id().name();
        GraphProto graph = edit.graph().proto().getGraph();
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto layer = graph.getNode(i);
            if (layer.getInputCount() > 2 && layer.getInput(2).equals(name)) {
                String out = layer.getOutput(0);
                edit.removeStored(name);
                if (layer.getOpType().equals("Gemm") || edit.graph().outputNames().contains(out)) {
                    edit.addInput(name, DataType.FLOAT_VALUE, bias.info().shape());
                    return new BiasFeed(name, bias.info().shape());
                }
                // [1, channels, 1, …] over the output [batch, channels, …], whose rank is the weight's.
                int rank = edit.rank(layer.getInput(1));
                long[] dims = new long[rank];
                Arrays.fill(dims, 1);
                dims[1] = bias.info().shape().count();
                Shape shape = Shape.of(dims);
                String unbiased = edit.fresh(out + "_unbiased");
                NodeProto.Builder bare = layer.toBuilder().setOutput(0, unbiased).clearInput().addInput(layer.getInput(0)).addInput(layer.getInput(1));
                edit.rewriteNode(i, bare.build());
                edit.addInput(name, DataType.FLOAT_VALUE, shape);
                edit.addBehind(out, List.of(GraphEdit.node("Add", edit.fresh(out + "_bias"), List.of(unbiased, name), List.of(out))));
                return new BiasFeed(name, shape);
            }
        }
        throw new IllegalArgumentException("biases: no layer reads " + name + " as its bias");
    }

    private static ActivationFeeds quantizer(GraphEdit edit, String value) {
        int type = edit.graph().types().of(value);
        GraphEdit.Splice splice = edit.splice(value, "_float", "_quantized");
        ActivationFeeds feeds = new ActivationFeeds(edit.fresh(value + "_scale"), edit.fresh(value + "_lo"), edit.fresh(value + "_hi"));
        for (String feed : List.of(feeds.scale, feeds.lo, feeds.hi)) {
            edit.addInput(feed, DataType.FLOAT_VALUE, Shape.of());
        }
        List<NodeProto> nodes = new ArrayList<>();
        Chain chain = new Chain(edit, value, nodes, splice.from());
        if (type != DataType.FLOAT_VALUE) {
            String in = edit.fresh(value + "_Cast");
            nodes.add(GraphEdit.cast(in, splice.from(), in, DataType.FLOAT_VALUE));
            chain.at = in;
        }
        chain.then("Div", feeds.scale);
        if (edit.opset() >= FIRST_WITH_ROUND_AND_CLIP_INPUTS) {
            chain.then("Round");
            chain.then("Clip", feeds.lo, feeds.hi);
        } else {
            String rounding = edit.fresh(value + "_rounding");
            edit.addInitializer(TensorEncoding.scalar(rounding, ROUNDING));
            chain.then("Max", feeds.lo);
            chain.then("Min", feeds.hi);
            chain.then("Add", rounding);
            chain.then("Sub", rounding);
        }
        if (type == DataType.FLOAT_VALUE) {
            nodes.add(GraphEdit.node("Mul", edit.fresh(value + "_Mul"), List.of(chain.at, feeds.scale), List.of(splice.to())));
        } else {
            chain.then("Mul", feeds.scale);
            nodes.add(GraphEdit.cast(edit.fresh(value + "_Cast_back"), chain.at, splice.to(), type));
        }
        edit.addBehind(value, nodes);
        return feeds;
    }

    /** Nodes in a row, each of one new value. */
    private static final class Chain {
        private final GraphEdit edit;
        private final String value;
        private final List<NodeProto> nodes;
        private String at;

        Chain(GraphEdit edit, String value, List<NodeProto> nodes, String at) {
            this.edit = edit;
            this.value = value;
            this.nodes = nodes;
            this.at = at;
        }

        void then(String opType, String... others) {
            String out = edit.fresh(value + "_" + opType);
            List<String> inputs = new ArrayList<>(List.of(at));
            inputs.addAll(List.of(others));
            nodes.add(GraphEdit.node(opType, out, inputs, List.of(out)));
            at = out;
        }
    }
}
