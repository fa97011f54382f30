package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.SmallType;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * A model rewritten to be run: unchanged, with values tapped, or fake-quantized with inputs for everything that changes
 * while a person edits.
 *
 * <p>An activation quantizer is one {@code If} node: if its flag is false, the value passes unchanged; if it is true,
 * the value is rounded to the grid in one of several {@linkplain Way ways}. Their results are exactly those of the
 * engine, which for a uniform grid are those of ONNX QuantizeLinear and DequantizeLinear. Parameters and flag are graph
 * inputs. (As measured, an {@code If} is far cheaper than a {@code Where}; {@link RuntimeGraph} removes those that are
 * always on.)
 */
public final class InstrumentedGraph {
    private static final int FIRST_WITH_QUANTIZE = 10;
    /** The first operator set in which Clip takes 8-bit codes. */
    private static final int FIRST_WITH_INTEGER_CLIP = 12;

    private static final int FIRST_WITH_ROUND_AND_CLIP_INPUTS = 11;
    /** The first operator set in which Max and Min broadcast. Every operator of set 7 has the same meaning in set 8. */
    private static final int FIRST_WITH_BROADCASTING_MAX = 8;

    private static final float ROUNDING = 0x1.8p23f;
    private static final CodebookGrid ANY_LEVELS = new CodebookGrid(-1, 0, 1);

    private final RunnableGraph graph;
    private final Optional<String> weightFeed;
    private final Map<TensorId, ActivationFeeds> activations;
    private final Map<TensorId, BiasFeed> biases;
    private final Map<String, Quantizer> quantizers;
    private final ElementTypes types;

    private InstrumentedGraph(
            RunnableGraph graph,
            Optional<String> weightFeed,
            Map<TensorId, ActivationFeeds> activations,
            Map<TensorId, BiasFeed> biases,
            Map<String, Quantizer> quantizers,
            ElementTypes types) {
        this.graph = graph;
        this.weightFeed = weightFeed;
        this.activations = activations;
        this.biases = biases;
        this.quantizers = quantizers;
        this.types = types;
    }

    /**
     * How an activation's grid is computed.
     *
     * @param levels number of levels that the nodes are made for, or for {@link Way#CLUSTERS} of ranges, where the nodes
     *     depend on it; else 0
     */
    public record Form(Way way, int levels) {
        public static final Form CODES = new Form(Way.CODES, 0);

        public static final Form BYTES = new Form(Way.BYTES, 0);
        public static final Form CHAIN = new Form(Way.CHAIN, 0);

        public Form {
            if (way.isBuiltForLevels() != (levels > 0) || (way == Way.STEPS && levels < 2)) {
                throw new IllegalArgumentException("levels: " + way + " with " + levels);
            }
        }

        /**
         * The fastest form that can compute a grid.
         *
         * @param opset of the model
         * @throws IllegalArgumentException if that operator set has none
         */
        public static Form of(QuantParams params, int opset) {
            Optional<Form> found = RunRangeNodes.form(params, opset);
            if (found.isPresent()) {
                return found.get();
            }
            if (params.grid(0) instanceof CodebookGrid grid) {
                return switch (LevelLookup.method(grid, opset)) {
                    case STEPS -> new Form(Way.STEPS, Math.max(2, params.qmax() - params.qmin() + 1));
                    case EVEN_TABLE -> new Form(Way.EVEN_TABLE, 0);
                    case BENT_TABLE -> new Form(Way.BENT_TABLE, 0);
                };
            }
            int last = params.qmax() - params.qmin();
            return (last == 255 ? BYTES : last < 255 ? CODES : CHAIN).in(opset);
        }

        /** The form for an activation whose grid is not known yet: the most common one. */
        public static Form ofUnknown(int opset) {
            return BYTES.in(opset);
        }

        /**
         * This form, or {@link Way#CHAIN} if the operator set lacks an operator that this form needs. Listed levels
         * have no other form.
         */
        private Form in(int opset) {
            return switch (way) {
                case BYTES -> opset >= FIRST_WITH_QUANTIZE ? this : CHAIN;
                case CODES -> opset >= FIRST_WITH_INTEGER_CLIP ? this : CHAIN;
                case CHAIN, STEPS, EVEN_TABLE, BENT_TABLE, DYNAMIC_BYTES, DYNAMIC, DYNAMIC_SYMMETRIC, CLUSTERS -> this;
            };
        }
    }

    /** The kinds of nodes that a {@link Form} can use. */
    public enum Way {
        /** QuantizeLinear to unsigned 8-bit codes counted from qmin, DequantizeLinear. For grids of 256 levels, from operator set 10. */
        BYTES,
        /**
         * QuantizeLinear to unsigned 8-bit codes counted from qmin, Clip, DequantizeLinear: compared with
         * {@link #CHAIN} it moves fewer bytes, because two passes work on codes of a quarter of the size. For grids of
         * at most 256 levels, from operator set 12.
         */
        CODES,
        /**
         * {@code clamp(rint(x / s), qmin − zp, qmax − zp)·s} in float32, which is the same because adding the integer
         * zero point commutes with the clamp. From operator set 11 the nodes are Div, Round, Clip, Mul. Older sets have
         * no Round: there the clamp (Max, Min) comes first, and adding and then subtracting 1.5·2^23 rounds, because
         * float32 has a step of 1 between 2^23 and 2^24 and rounds half to even; exact for |codes| up to 2^22.
         */
        CHAIN,
        /** Listed levels, with a comparison and a choice for each. From operator set 9. */
        STEPS,
        /** Listed levels, found in a table of buckets of equal width. From operator set 12. */
        EVEN_TABLE,
        /** Listed levels over many octaves, found in a table of the 16th root of the value. From operator set 12. */
        BENT_TABLE,
        /** DynamicQuantizeLinear, DequantizeLinear: the range is that of all values of the run. From operator set 11. */
        DYNAMIC_BYTES,
        /** The same formula for another number of codes. From operator set 11. */
        DYNAMIC,
        /** ± the largest magnitude of all values of the run. From operator set 11. */
        DYNAMIC_SYMMETRIC,
        /** One of a few fed grids, by the smallest and the largest value of the run. From operator set 11. */
        CLUSTERS;

        /** True if the nodes find the range in the values that they read. */
        public boolean findsRange() {
            return switch (this) {
                case DYNAMIC_BYTES, DYNAMIC, DYNAMIC_SYMMETRIC, CLUSTERS -> true;
                case BYTES, CODES, CHAIN, STEPS, EVEN_TABLE, BENT_TABLE -> false;
            };
        }

        private boolean isBuiltForLevels() {
            return this == STEPS || (findsRange() && this != DYNAMIC_BYTES);
        }

        private Optional<LevelLookup.Method> listed() {
            return switch (this) {
                case BYTES, CODES, CHAIN, DYNAMIC_BYTES, DYNAMIC, DYNAMIC_SYMMETRIC, CLUSTERS -> Optional.empty();
                case STEPS -> Optional.of(LevelLookup.Method.STEPS);
                case EVEN_TABLE -> Optional.of(LevelLookup.Method.EVEN_TABLE);
                case BENT_TABLE -> Optional.of(LevelLookup.Method.BENT_TABLE);
            };
        }
    }

    /** Receives the values of one input. */
    @FunctionalInterface
    public interface Sink {
        void feed(String name, DType type, Shape shape, float[] values);
    }

    /**
     * Names of the inputs of one activation quantizer; {@link #feed} gives their values.
     *
     * @param scale float32; the scale in activation units per step; for tables the number of buckets per unit of the
     *     value; for {@link Way#CLUSTERS} one for each; empty for {@link Way#STEPS} and where the range is found
     * @param lower {@link Way#BYTES}, {@link Way#CODES}: the zero point counted from qmin, uint8; {@link Way#CHAIN}:
     *     qmin − zp, float32; listed levels: their starts, float32; {@link Way#CLUSTERS}: [2, clusters], qmin − zp of each,
     *     then qmax − zp; empty where the range is found
     * @param upper {@link Way#CODES}: qmax − qmin, uint8; {@link Way#CHAIN}: qmax − zp, float32; listed levels: the
     *     levels, float32; {@link Way#CLUSTERS}: [2, clusters], their centres; empty for {@link Way#BYTES} and where the
     *     range is found
     * @param on bool; false lets the value pass unchanged
     */
    public record ActivationFeeds(Form form, String scale, String lower, String upper, String on) {
        /** The names of all these inputs. */
        public List<String> names() {
            return Stream.of(scale, lower, upper, on)
                    .filter(name -> !name.isEmpty())
                    .toList();
        }

        /** The input that every part of the quantizer reads, which therefore identifies it. */
        public String key() {
            return lower.isEmpty() ? on : lower;
        }

        /**
         * Gives the values to feed, except for {@link #on}.
         *
         * @param params of one slice, with a grid that the form can compute; empty while the quantizer is off, which
         *     then gets arbitrary values
         */
        public void feed(Optional<QuantParams> params, Sink sink) {
            Optional<LevelLookup.Method> listed = form.way.listed();
            if (listed.isPresent()) {
                CodebookGrid grid = params.map(p -> (CodebookGrid) p.grid(0)).orElse(ANY_LEVELS);
                LevelLookup.tables(listed.get(), scale, lower, upper, grid, form.levels, sink);
                return;
            }
            if (form.way.findsRange()) {
                RunRangeNodes.feed(this, params, sink);
                return;
            }
            boolean codes = form.way == Way.BYTES || form.way == Way.CODES;
            int zero = params.map(p -> p.zeroPoint(0)).orElse(0);
            int qmin = params.map(QuantParams::qmin).orElse(0);
            int qmax = params.map(QuantParams::qmax).orElse(0);
            DType limits = codes ? DType.U8 : DType.F32;
            sink.feed(scale, DType.F32, Shape.of(), new float[] {
                params.map(p -> p.scale(0)).orElse(1f)
            });
            sink.feed(lower, limits, Shape.of(), new float[] {codes ? zero - qmin : qmin - zero});
            if (!upper.isEmpty()) {
                sink.feed(upper, limits, Shape.of(), new float[] {codes ? qmax - qmin : qmax - zero});
            }
        }
    }

    /**
     * The input that takes a bias.
     *
     * @param name of the float32 input
     * @param shape shape in which its values are fed; it has as many values as the bias
     */
    public record BiasFeed(String name, Shape shape) {}

    /**
     * A quantizer in the graph.
     *
     * @param from the value that it reads
     * @param to the value that it computes
     * @param type ONNX type of both values
     * @param share the constant {@link Halfway#SHARE}; empty for values that no operator averages
     */
    record Quantizer(String from, String to, int type, ActivationFeeds feeds, String share) {
        /** True if it computes 8-bit codes. */
        boolean hasCodes() {
            return feeds.form.way == Way.BYTES || feeds.form.way == Way.CODES;
        }
    }

    /** The graph to be run. */
    public RunnableGraph graph() {
        return graph;
    }

    ModelProto proto() {
        return graph.proto();
    }

    /** The quantizers, by the value that they compute. */
    Map<String, Quantizer> quantizers() {
        return quantizers;
    }

    /** The ONNX type of a value, including added values. */
    int type(String value) {
        return quantizers.values().stream()
                .filter(q -> q.from.equals(value) || q.to.equals(value))
                .map(Quantizer::type)
                .findFirst()
                .orElseGet(() -> types.of(value));
    }

    /** The name under which a value of the model is computed, before its own quantizer if it has one. */
    public String unquantized(String value) {
        Quantizer own = quantizers.get(value);
        return own == null ? value : own.from;
    }

    /** The float32 input that takes the selected weight, in its stored shape; empty if no weight is selected. */
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

    /** The model unchanged. */
    public static RunnableGraph plain(Model model) {
        return new GraphEdit(model).runnable();
    }

    /**
     * The model with values inside it as further outputs; values that are graph inputs or outputs already stay as they
     * are.
     */
    public static RunnableGraph tapped(Model model, List<TensorId> values) {
        GraphEdit edit = new GraphEdit(model);
        Set<String> known = new HashSet<>(edit.graph().outputNames());
        known.addAll(edit.graph().requiredInputs());
        for (TensorId id : values) {
            if (known.add(id.name())) {
                edit.addOutput(id.name(), edit.graph().types().of(id.name()));
            }
        }
        return edit.runnable();
    }

    /**
     * The same for values of any type that the runtime hands out, codes for example.
     *
     * @param values with the type that they have, for those whose type the graph does not tell
     */
    public static RunnableGraph tapped(Model model, Map<TensorId, DType> values) {
        GraphEdit edit = new GraphEdit(model);
        Set<String> known = new HashSet<>(edit.graph().outputNames());
        known.addAll(edit.graph().requiredInputs());
        values.forEach((id, type) -> {
            if (known.add(id.name())) {
                int told = edit.graph().types().of(id.name());
                edit.addOutput(id.name(), type == DType.F32 && told != 0 ? told : TensorEncoding.typeCode(type));
            }
        });
        return edit.runnable();
    }

    /**
     * The instrumented model.
     *
     * @param selected the selected weight, a stored tensor that becomes an input
     * @param baked values of other stored weights, in storage order, as float32, that replace the stored ones
     * @param quantized the activations that get a quantizer, with the wanted form; if the operator set lacks it,
     *     another form is used
     * @param fedBiases the biases that become inputs, each read only by its layer
     * @throws IllegalArgumentException if a name is not one of the model's
     */
    public static InstrumentedGraph build(
            Model model,
            Optional<TensorId> selected,
            Map<TensorId, TensorData> baked,
            Map<TensorId, Form> quantized,
            Set<TensorId> fedBiases) {
        GraphEdit edit = new GraphEdit(model);
        baked.forEach((id, values) -> {
            Tensor t = stored(model, id);
            edit.replaceStored(
                    id.name(),
                    TensorEncoding.floats(id.name(), t.info().dtype(), t.info().shape(), values));
        });
        Optional<String> weightFeed = selected.map(id -> feedWeight(edit, stored(model, id)));
        Map<TensorId, BiasFeed> biases = new LinkedHashMap<>();
        fedBiases.forEach(id -> {
            Shape shape = stored(model, id).info().shape();
            edit.removeStored(id.name());
            edit.addInput(id.name(), DataType.FLOAT_VALUE, shape);
            biases.put(id, new BiasFeed(id.name(), shape));
        });
        Map<TensorId, ActivationFeeds> feeds = new LinkedHashMap<>();
        Map<String, Quantizer> quantizers = new LinkedHashMap<>();
        Set<String> halfway = Halfway.of(edit.graph().proto().getGraph());
        for (var activation : edit.graph().values()) {
            Form form = quantized.get(activation.id());
            if (form != null) {
                Quantizer q = quantizer(
                        edit,
                        activation.id().name(),
                        form.in(edit.opset()),
                        halfway.contains(activation.id().name()));
                quantizers.put(q.to, q);
                feeds.put(activation.id(), q.feeds);
            }
        }
        if (feeds.size() != quantized.size()) {
            TensorId unknown = quantized.keySet().stream()
                    .filter(id -> !feeds.containsKey(id))
                    .findFirst()
                    .orElseThrow();
            throw new IllegalArgumentException("activations: the model has no quantizable activation " + unknown);
        }
        if (!feeds.isEmpty() && edit.opset() < FIRST_WITH_BROADCASTING_MAX) {
            edit.setOpset(FIRST_WITH_BROADCASTING_MAX);
        }
        return new InstrumentedGraph(
                edit.runnable(),
                weightFeed,
                feeds,
                biases,
                quantizers,
                edit.graph().types());
    }

    private static Tensor stored(Model model, TensorId id) {
        Tensor t = model.find(id)
                .orElseThrow(() -> new IllegalArgumentException("weights: the model has no tensor " + id));
        int stored = model.graph().map(g -> g.types().of(id.name())).orElse(DataType.UNDEFINED_VALUE);
        if (!t.info().dtype().isFloating() || SmallType.of(stored).isPresent()) {
            throw new BadInputException(
                    model.file(),
                    id.name(),
                    "is "
                            + SmallType.of(stored)
                                    .map(SmallType::name)
                                    .orElse(t.info().dtype().name()) + ", only floating weights can be quantized");
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

    private static Quantizer quantizer(GraphEdit edit, String value, Form form, boolean halfway) {
        int type = edit.graph().types().of(value);
        GraphEdit.Splice splice = edit.splice(value, "_float", "_quantized");
        boolean found = form.way.findsRange() && form.way != Way.CLUSTERS;
        ActivationFeeds feeds = new ActivationFeeds(
                form,
                form.way == Way.STEPS || found ? "" : edit.fresh(value + "_scale"),
                found ? "" : edit.fresh(value + "_lower"),
                form.way == Way.BYTES || found ? "" : edit.fresh(value + "_upper"),
                edit.fresh(value + "_on"));
        Optional<LevelLookup.Method> listed = form.way.listed();
        if (listed.isPresent()) {
            LevelLookup.declare(edit, listed.get(), feeds.scale, feeds.lower, feeds.upper, form.levels);
        } else if (form.way.findsRange()) {
            RunRangeNodes.declare(edit, feeds);
        } else {
            int limits = form.way == Way.CHAIN ? DataType.FLOAT_VALUE : DataType.UINT8_VALUE;
            edit.addInput(feeds.scale, DataType.FLOAT_VALUE, Shape.of());
            edit.addInput(feeds.lower, limits, Shape.of());
            if (!feeds.upper.isEmpty()) {
                edit.addInput(feeds.upper, limits, Shape.of());
            }
        }
        edit.addInput(feeds.on, DataType.BOOL_VALUE, Shape.of());
        String share = "";
        if (halfway && listed.isEmpty() && !form.way.findsRange()) {
            share = edit.fresh(value + "_share");
            edit.addInitializer(TensorEncoding.scalar(share, Halfway.SHARE));
        }
        Quantizer quantizer = new Quantizer(splice.from(), splice.to(), type, feeds, share);

        Chain on = new Chain(splice.to(), splice.from());
        if (listed.isPresent()) {
            listed(on, quantizer, listed.get(), edit);
        } else if (form.way.findsRange()) {
            found(on, quantizer, edit);
        } else if (quantizer.hasCodes()) {
            encode(on, quantizer);
            decode(on, quantizer);
        } else {
            chain(on, quantizer, edit);
        }
        Chain off = new Chain(splice.to() + "_off", splice.from());
        off.then("Identity");
        NodeProto.Builder node =
                GraphEdit.node("If", splice.to() + "_quantizer", List.of(feeds.on), List.of(splice.to())).toBuilder();
        node.addAttribute(branch("then_branch", on, type));
        node.addAttribute(branch("else_branch", off, type));
        edit.addBehind(value, List.of(node.build()));
        return quantizer;
    }

    private static AttributeProto branch(String name, Chain chain, int type) {
        GraphProto.Builder graph = GraphProto.newBuilder().setName(name).addAllNode(chain.nodes);
        graph.addOutput(ValueInfoProto.newBuilder()
                .setName(chain.at)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder().setElemType(type))));
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.GRAPH)
                .setG(graph)
                .build();
    }

    private static void listed(Chain chain, Quantizer q, LevelLookup.Method method, GraphEdit edit) {
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(DataType.FLOAT_VALUE);
        }
        String to = edit.fresh(q.to + "_level");
        chain.nodes.addAll(LevelLookup.nodes(
                edit, q.to, chain.at, to, method, q.feeds.scale, q.feeds.lower, q.feeds.upper, q.feeds.form.levels));
        chain.at = to;
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(q.type);
        }
    }

    private static void found(Chain chain, Quantizer q, GraphEdit edit) {
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(DataType.FLOAT_VALUE);
        }
        String to = edit.fresh(q.to + "_level");
        chain.nodes.addAll(RunRangeNodes.nodes(edit, q.to, chain.at, to, q.feeds));
        chain.at = to;
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(q.type);
        }
    }

    /** Adds the nodes from a value to its codes. */
    static void encode(Chain chain, Quantizer q) {
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(DataType.FLOAT_VALUE);
        }
        chain.move(q);
        chain.then("QuantizeLinear", q.feeds.scale, q.feeds.lower);
        if (!q.feeds.upper.isEmpty()) {
            chain.then("Clip", "", q.feeds.upper);
        }
    }

    /** Adds the nodes from the codes to the value on the grid. */
    static void decode(Chain chain, Quantizer q) {
        chain.then("DequantizeLinear", q.feeds.scale, q.feeds.lower);
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(q.type);
        }
    }

    private static void chain(Chain chain, Quantizer q, GraphEdit edit) {
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(DataType.FLOAT_VALUE);
        }
        chain.move(q);
        chain.then("Div", q.feeds.scale);
        if (edit.opset() >= FIRST_WITH_ROUND_AND_CLIP_INPUTS) {
            chain.then("Round");
            chain.then("Clip", q.feeds.lower, q.feeds.upper);
        } else {
            String rounding = edit.fresh(q.to + "_rounding");
            edit.addInitializer(TensorEncoding.scalar(rounding, ROUNDING));
            chain.then("Max", q.feeds.lower);
            chain.then("Min", q.feeds.upper);
            chain.then("Add", rounding);
            chain.then("Sub", rounding);
        }
        chain.then("Mul", q.feeds.scale);
        if (q.type != DataType.FLOAT_VALUE) {
            chain.cast(q.type);
        }
    }

    /** Nodes in a row; each computes one new value. */
    static final class Chain {
        private final String value;
        private final List<NodeProto> nodes = new ArrayList<>();
        private String at;

        /**
         * @param value the value whose name the new names begin with
         * @param from the value that the first node reads
         */
        Chain(String value, String from) {
            this.value = value;
            this.at = from;
        }

        List<NodeProto> nodes() {
            return nodes;
        }

        /** The value that the last node computes. */
        String at() {
            return at;
        }

        /** Renames the value that the last node computes. */
        void name(String out) {
            nodes.set(
                    nodes.size() - 1,
                    nodes.getLast().toBuilder().setOutput(0, out).build());
            at = out;
        }

        private void cast(int type) {
            String out = value + "_Cast_" + nodes.size();
            nodes.add(GraphEdit.cast(out, at, out, type));
            at = out;
        }

        /** Moves averages off the middle between two levels, see {@link Halfway}. */
        private void move(Quantizer q) {
            if (!q.share.isEmpty()) {
                String by = value + "_by";
                nodes.add(GraphEdit.node("Mul", by, List.of(q.feeds.scale, q.share), List.of(by)));
                then("Add", by);
            }
        }

        private void then(String opType, String... others) {
            String out = value + "_" + opType;
            List<String> inputs = new ArrayList<>(List.of(at));
            inputs.addAll(List.of(others));
            nodes.add(GraphEdit.node(opType, out, inputs, List.of(out)));
            at = out;
        }
    }
}
