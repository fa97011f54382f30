package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.TensorId;

/** The first operator between two paired tensors that the deployed graph lacks, has more, or has with other attributes. */
final class OperatorDifference {
    /** Operators that change no value. */
    private static final Set<String> NOTHING = Set.of("Identity", "Dropout", "Constant", "Cast");

    private static final Map<String, Long> INTEGERS =
            Map.of("group", 1L, "axis", Long.MIN_VALUE, "ceil_mode", 0L, "count_include_pad", 0L, "keepdims", 1L);
    private static final Map<String, Long> LISTS = Map.of("pads", 0L, "strides", 1L, "dilations", 1L);
    private static final Set<String> LISTS_WITHOUT_DEFAULT =
            Set.of("kernel_shape", "perm", "axes", "output_padding", "output_shape", "split");
    private static final Map<String, Float> NUMBERS =
            Map.of("alpha", Float.NaN, "beta", 1f, "min", Float.NEGATIVE_INFINITY, "max", Float.POSITIVE_INFINITY);
    private static final Map<String, String> TEXTS = Map.of("auto_pad", "NOTSET", "mode", "");

    private OperatorDifference() {}

    /**
     * What differs.
     *
     * @param name the tensor that the float model's operator computes, or the one that was looked at
     */
    record Found(Cause cause, TensorId name, String part, String said) {}

    static Optional<Found> of(Model floats, Deployed deployed, Pairing pairing, Segment ours, TensorId id) {
        Model model = deployed.floats().orElseThrow();
        OnnxGraph there = model.graph().orElseThrow();
        Set<String> given = new HashSet<>();
        pairing.ids().forEach(p -> given.addAll(pairing.value(p).inFloats()));
        Segment theirs = Segment.of(there, pairing.deployed(id), given::contains);
        List<OnnxNode> a = computing(ours.nodes());
        List<OnnxNode> b = computing(theirs.nodes());
        int[][] common = common(a, b);
        int i = 0;
        int j = 0;
        while (i < a.size() || j < b.size()) {
            boolean same = i < a.size()
                    && j < b.size()
                    && a.get(i).opType().equals(b.get(j).opType());
            if (same) {
                Optional<String> other = other(floats, model, a.get(i), b.get(j));
                if (other.isPresent()) {
                    return Optional.of(found(ours, a.get(i), id, other.get()));
                }
                i++;
                j++;
            } else if (i < a.size() && (j == b.size() || common[i + 1][j] >= common[i][j + 1])) {
                boolean exchanged = j < b.size() && a.size() == b.size();
                return Optional.of(found(
                        ours,
                        a.get(i),
                        id,
                        exchanged
                                ? "the deployed graph has a " + b.get(j).opType() + " in its place"
                                : "the deployed graph does not have it"));
            } else {
                return Optional.of(new Found(
                        Cause.OPERATOR, id, b.get(j).toString(), "the deployed graph has this operator more"));
            }
        }
        return Optional.empty();
    }

    private static Found found(Segment ours, OnnxNode node, TensorId id, String said) {
        boolean before = Preprocessed.OPERATORS.contains(node.opType()) && beforeLayers(ours, node);
        String out = node.outputs().getFirst();
        return new Found(
                before ? Cause.PREPROCESSING : Cause.OPERATOR, before ? id : new TensorId(out), node.toString(), said);
    }

    /** True if nothing in front of a node has a weight. */
    private static boolean beforeLayers(Segment ours, OnnxNode node) {
        return Segment.of(
                        ours.graph(),
                        node.outputs().getFirst(),
                        Set.copyOf(ours.graph().requiredInputs())::contains)
                .layers()
                .isEmpty();
    }

    private static List<OnnxNode> computing(List<OnnxNode> nodes) {
        return nodes.stream()
                .filter(n -> !NOTHING.contains(n.opType()) && !n.opType().endsWith("QuantizeLinear"))
                .filter(n -> !n.opType().endsWith("DequantizeLinear"))
                .toList();
    }

    /** The lengths of the longest common rests. */
    private static int[][] common(List<OnnxNode> a, List<OnnxNode> b) {
        int[][] most = new int[a.size() + 1][b.size() + 1];
        for (int i = a.size() - 1; i >= 0; i--) {
            for (int j = b.size() - 1; j >= 0; j--) {
                most[i][j] = a.get(i).opType().equals(b.get(j).opType())
                        ? most[i + 1][j + 1] + 1
                        : Math.max(most[i + 1][j], most[i][j + 1]);
            }
        }
        return most;
    }

    /** What differs between two nodes of one operator, in words. */
    private static Optional<String> other(Model floats, Model deployed, OnnxNode a, OnnxNode b) {
        List<String> differences = new ArrayList<>();
        INTEGERS.forEach((name, standard) ->
                note(differences, name, a.intAttribute(name, standard), b.intAttribute(name, standard)));
        NUMBERS.forEach((name, standard) ->
                note(differences, name, a.floatAttribute(name, standard), b.floatAttribute(name, standard)));
        TEXTS.forEach((name, standard) ->
                note(differences, name, a.textAttribute(name, standard), b.textAttribute(name, standard)));
        LISTS.forEach((name, standard) -> {
            List<Long> x = a.intsAttribute(name).orElse(List.of());
            List<Long> y = b.intsAttribute(name).orElse(List.of());
            int n = Math.max(x.size(), y.size());
            note(differences, name, filled(x, n, standard), filled(y, n, standard));
        });
        for (String name : LISTS_WITHOUT_DEFAULT) {
            Optional<List<Long>> x = a.intsAttribute(name);
            Optional<List<Long>> y = b.intsAttribute(name);
            if (x.isPresent() && y.isPresent()) {
                note(differences, name, x.get(), y.get());
            }
        }
        if (!LayerPair.isLayer(a, floats.graph().orElseThrow())) {
            for (int i = 0; i < Math.min(a.inputs().size(), b.inputs().size()); i++) {
                Optional<float[]> x = constant(floats, a, i);
                Optional<float[]> y = constant(deployed, b, i);
                if (x.isPresent() && y.isPresent() && !near(x.get(), y.get())) {
                    differences.add("input " + i + " is " + text(y.get()) + " instead of " + text(x.get()));
                }
            }
        }
        return differences.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", differences));
    }

    private static List<Long> filled(List<Long> list, int n, long standard) {
        List<Long> all = new ArrayList<>(list);
        while (all.size() < n) {
            all.add(standard);
        }
        return all;
    }

    private static void note(List<String> differences, String name, Object x, Object y) {
        if (!x.equals(y)) {
            differences.add(name + " is " + y + " instead of " + x);
        }
    }

    private static Optional<float[]> constant(Model model, OnnxNode node, int i) {
        return node.input(i)
                .flatMap(name -> model.find(new TensorId(name)))
                .filter(t -> t.data().count() > 0 && t.data().count() < 1 << 16)
                .map(t -> t.data().toFloats());
    }

    private static boolean near(float[] x, float[] y) {
        return x.length != y.length || Fitting.rms(x, y) <= 0.02 * Fitting.rms(x);
    }

    private static String text(float[] x) {
        return x.length == 1 ? String.valueOf(x[0]) : Arrays.toString(Arrays.copyOf(x, Math.min(4, x.length)));
    }
}
