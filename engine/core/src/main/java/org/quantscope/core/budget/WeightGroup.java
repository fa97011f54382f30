package org.quantscope.core.budget;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.WeightUse;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * Weights that must have the same bits.
 *
 * @param members at least two, in the order of the model
 * @param why clauses for a person, such as {@code they hold the same values}
 */
public record WeightGroup(List<TensorId> members, List<String> why) {
    static final String TIED = "they hold the same values";
    private static final int CHUNK = 4096;

    /** Operators that pass the results of a layer on, whatever else they read. */
    private static final Set<String> PASSING = Set.of(
            "Reshape",
            "Transpose",
            "Squeeze",
            "Unsqueeze",
            "Flatten",
            "Identity",
            "Cast",
            "Slice",
            "Split",
            "Expand",
            "Dropout",
            "Relu",
            "Sigmoid",
            "Tanh",
            "Gelu",
            "Erf",
            "HardSwish",
            "HardSigmoid",
            "Softplus",
            "Elu",
            "Selu",
            "LeakyRelu",
            "Celu",
            "Mish",
            "Swish",
            "Clip",
            "Neg",
            "Sqrt",
            "Exp",
            "Pow",
            "Softmax",
            "LogSoftmax",
            "Where",
            "Add",
            "Sub",
            "Div",
            "Max",
            "Min",
            "RotaryEmbedding");

    private static final Set<String> CONTRIB_PASSING =
            Set.of("Gelu", "BiasGelu", "FastGelu", "QuickGelu", "BiasSplitGelu", "RotaryEmbedding", "BiasAdd");

    /** Operators that multiply computed values with each other. */
    private static final Set<String> MEETING = Set.of("Mul", "MatMul", "Einsum", "Attention");

    private static final Set<String> CONTRIB_MEETING = Set.of(
            "FusedMatMul",
            "MultiHeadAttention",
            "GroupQueryAttention",
            "DecoderMaskedMultiHeadAttention",
            "PackedMultiHeadAttention");

    public WeightGroup {
        members = List.copyOf(members);
        why = List.copyOf(why);
        if (members.size() < 2) {
            throw new IllegalArgumentException("members: at least two, got " + members);
        }
    }

    /**
     * A layer whose result is being followed.
     *
     * @param like what layers must share to be computed as one: what they read, their operator, and the size of their
     *     input
     */
    private record Source(TensorId weight, List<Object> like) {}

    /**
     * The groups of a model: weights that hold the same values, also transposed; and layers that read the same value
     * and whose results are put side by side (Concat), or multiplied with each other, as those of query, key and value
     * in attention and those of a gate and what it gates. Programs that run models join such layers into one, as
     * TensorRT-LLM does for query, key and value, and one layer has one width (Model Optimizer calls them fused groups).
     *
     * @param weights those that take part
     */
    public static List<WeightGroup> of(Model model, List<TensorId> weights) {
        Unions unions = new Unions(weights);
        tie(model, weights, unions);
        model.graph().ifPresent(graph -> follow(model, graph, unions));
        return unions.groups();
    }

    private static void tie(Model model, List<TensorId> weights, Unions unions) {
        Map<Long, List<Tensor>> byCount = new LinkedHashMap<>();
        for (TensorId id : weights) {
            Tensor tensor = model.find(id).orElseThrow();
            List<Tensor> others = byCount.computeIfAbsent(tensor.data().count(), _ -> new ArrayList<>());
            others.stream()
                    .filter(other -> same(other, tensor))
                    .findFirst()
                    .ifPresentOrElse(other -> unions.join(other.id(), tensor.id(), TIED), () -> others.add(tensor));
        }
    }

    private static boolean same(Tensor a, Tensor b) {
        Shape s = a.info().shape();
        Shape t = b.info().shape();
        if (!a.data().isRead()
                || !b.data().isRead()
                || a.info().dtype() != b.info().dtype()) {
            return false;
        }
        boolean turned = s.rank() == 2 && t.rank() == 2 && s.dim(0) == t.dim(1) && s.dim(1) == t.dim(0);
        return (s.equals(t) && equal(a.data(), b.data())) || (turned && transposed(a.data(), b.data(), s));
    }

    private static boolean equal(TensorData a, TensorData b) {
        float[] x = new float[CHUNK];
        float[] y = new float[CHUNK];
        for (long from = 0; from < a.count(); from += CHUNK) {
            int n = (int) Math.min(CHUNK, a.count() - from);
            a.read(from, x, 0, n);
            b.read(from, y, 0, n);
            for (int i = 0; i < n; i++) {
                if (Float.floatToIntBits(x[i]) != Float.floatToIntBits(y[i])) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean transposed(TensorData a, TensorData b, Shape of) {
        int columns = Math.toIntExact(of.dim(1));
        float[] row = new float[columns];
        float[] one = new float[1];
        for (long r = 0; r < of.dim(0); r++) {
            a.read(r * columns, row, 0, columns);
            for (int c = 0; c < columns; c++) {
                b.read(c * of.dim(0) + r, one, 0, 1);
                if (Float.floatToIntBits(row[c]) != Float.floatToIntBits(one[0])) {
                    return false;
                }
            }
        }
        return true;
    }

    private static void follow(Model model, OnnxGraph graph, Unions unions) {
        Map<Integer, WeightUse> layers = new HashMap<>();
        WeightUse.of(graph, model.tensors().stream().map(Tensor::info).toList())
                .forEach(use -> layers.putIfAbsent(use.node().index(), use));
        Map<String, Set<Source>> from = new HashMap<>();
        Map<String, String> plain = new HashMap<>();
        for (OnnxNode node : graph.nodes()) {
            if (Set.of("Identity", "Cast").contains(node.opType())) {
                String read = node.inputs().getFirst();
                plain.put(node.outputs().getFirst(), plain.getOrDefault(read, read));
            }
            WeightUse layer = layers.get(node.index());
            Set<Source> passed = layer == null
                    ? passed(node, from, unions)
                    : layer.other()
                            .map(x -> Set.of(new Source(layer.weight(), like(layer, plain.getOrDefault(x, x)))))
                            .orElse(Set.of());
            if (!passed.isEmpty()) {
                node.outputs().forEach(out -> from.put(out, passed));
            }
        }
    }

    private static List<Object> like(WeightUse layer, String read) {
        OnnxNode node = layer.node();
        boolean kernel = layer.shape().map(s -> s.rank() > 2).orElse(false)
                && node.opType().contains("Conv");
        List<Object> like = new ArrayList<>(List.of(read, node.opType(), layer.input()));
        if (kernel) {
            Shape s = layer.shape().orElseThrow();
            like.add(IntStream.range(1, s.rank()).mapToLong(s::dim).boxed().toList());
            for (String name : List.of("strides", "pads", "dilations")) {
                like.add(node.intsAttribute(name));
            }
            like.add(node.intAttribute("group", 1));
        }
        return like;
    }

    /** The layers whose results a node passes on; joins those that meet in it. */
    private static Set<Source> passed(OnnxNode node, Map<String, Set<Source>> from, Unions unions) {
        String op = node.opType();
        boolean contrib = op.startsWith("com.microsoft.");
        String name = contrib ? op.substring("com.microsoft.".length()) : op;
        List<Set<Source>> read = node.inputs().stream()
                .map(from::get)
                .flatMap(s -> Optional.ofNullable(s).stream())
                .toList();
        Set<Source> all = read.stream().flatMap(Set::stream).collect(Collectors.toCollection(LinkedHashSet::new));
        if (op.equals("Concat")) {
            join(all, "their results are put side by side", unions);
            return all;
        }
        if (contrib ? CONTRIB_MEETING.contains(name) : MEETING.contains(name)) {
            join(all, "their results are multiplied with each other", unions);
            return all;
        }
        boolean passes = contrib ? CONTRIB_PASSING.contains(name) : PASSING.contains(name);
        // Where the results of several layers are added up, they are no parts of one layer any more.
        boolean one = read.stream().distinct().count() <= 1;
        return passes && one ? all : Set.of();
    }

    private static void join(Set<Source> sources, String how, Unions unions) {
        Map<List<Object>, Source> first = new HashMap<>();
        for (Source source : sources) {
            Source before = first.putIfAbsent(source.like, source);
            if (before != null && !before.weight.equals(source.weight)) {
                unions.join(before.weight, source.weight, "they read " + source.like.getFirst() + " and " + how);
            }
        }
    }

    /** Sets of weights that grow together. */
    private static final class Unions {
        private final List<TensorId> weights;
        private final Map<TensorId, TensorId> parent = new HashMap<>();
        private final Map<TensorId, Set<String>> reasons = new HashMap<>();

        Unions(List<TensorId> weights) {
            this.weights = weights;
            weights.forEach(id -> parent.put(id, id));
        }

        private TensorId root(TensorId id) {
            TensorId up = parent.getOrDefault(id, id);
            return up.equals(id) ? id : root(up);
        }

        void join(TensorId a, TensorId b, String why) {
            if (parent.containsKey(a) && parent.containsKey(b)) {
                TensorId first = root(a);
                TensorId second = root(b);
                Set<String> all = reasons.computeIfAbsent(first, _ -> new TreeSet<>());
                all.add(why);
                if (!first.equals(second)) {
                    all.addAll(reasons.getOrDefault(second, Set.of()));
                    parent.put(second, first);
                }
            }
        }

        List<WeightGroup> groups() {
            Map<TensorId, List<TensorId>> by = new LinkedHashMap<>();
            weights.forEach(
                    id -> by.computeIfAbsent(root(id), _ -> new ArrayList<>()).add(id));
            List<WeightGroup> groups = new ArrayList<>();
            by.forEach((root, members) -> {
                if (members.size() > 1) {
                    groups.add(new WeightGroup(members, List.copyOf(reasons.getOrDefault(root, Set.of()))));
                }
            });
            return groups;
        }
    }
}
