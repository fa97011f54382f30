package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.departure.Alignment.How;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.TensorId;

/**
 * Finds the deployed counterpart of each tensor of a float model: by what a person says; by name, with or without what
 * quantizers add to names; by the graphs, where the same operator reads the same tensors; and by values that are alike
 * where nothing else tells. Shapes agree up to the order of axes. For one use.
 */
final class Aligner {
    /** How alike values have to be, as a cosine. */
    private static final double ALIKE = 0.9;
    /** How much more alike the best has to be than the second. */
    private static final double AHEAD = 0.05;

    private final OnnxGraph graph;
    private final List<String> order;
    private final Map<String, Values> floats;
    private final Map<String, Deployed.Value> deployed = new LinkedHashMap<>();
    private final Map<String, Values> values;
    private final boolean channelsLast;

    private final Map<String, Found> found = new HashMap<>();
    private final Set<String> taken = new HashSet<>();
    private final Set<String> without = new HashSet<>();
    private final Map<String, List<String>> ambiguous = new LinkedHashMap<>();

    /** A counterpart. */
    record Found(String name, String deployed, How how, Values.Layout layout) {}

    /**
     * @param graph of the float model
     * @param order the float model's tensors in graph order
     * @param floats their values for a few samples
     * @param values the deployed values for the same samples
     */
    Aligner(
            OnnxGraph graph,
            List<String> order,
            Map<String, Values> floats,
            Deployed deployed,
            Map<String, Values> values) {
        this.graph = graph;
        this.order = order;
        this.floats = floats;
        deployed.values().forEach(v -> this.deployed.put(v.name(), v));
        this.values = values;
        this.channelsLast = deployed.hasChannelsLast();
    }

    /** What was found, in graph order. */
    List<Found> found() {
        return order.stream().map(found::get).filter(f -> f != null).toList();
    }

    Alignment result() {
        List<Found> all = found();
        return new Alignment(
                all.stream()
                        .map(f -> new Alignment.Pair(new TensorId(f.name), f.deployed, f.how, f.layout.said()))
                        .toList(),
                ambiguous.entrySet().stream()
                        .filter(e -> !found.containsKey(e.getKey()))
                        .map(e -> new Alignment.Ambiguous(
                                new TensorId(e.getKey()),
                                e.getValue().stream()
                                        .filter(c -> !taken.contains(c))
                                        .toList()))
                        .filter(a -> !a.candidates().isEmpty())
                        .toList(),
                order.stream()
                        .filter(name -> !found.containsKey(name) && !isOfConversion(name))
                        .toList(),
                deployed.keySet().stream().filter(name -> !taken.contains(name)).toList());
    }

    /** True for a value that a conversion has put before or behind a paired tensor of the file, with its name. */
    private boolean isOfConversion(String name) {
        int at = name.endsWith(")") ? name.lastIndexOf(" (") : -1;
        return (at > 0 && found.containsKey(name.substring(0, at)))
                || found.keySet().stream()
                        .anyMatch(f ->
                                f.endsWith(")") && f.startsWith(name + " (") && f.lastIndexOf(" (") == name.length());
    }

    /**
     * Takes what a person says.
     *
     * @param origin for messages
     * @throws BadInputException if a name is none of the model's, or the shapes do not fit
     */
    void given(Map<String, String> pairs, Object origin) {
        pairs.forEach((name, to) -> {
            if (!floats.containsKey(name)) {
                throw new BadInputException(origin.toString(), "pairs", "the float model computes no tensor " + name);
            }
            if (to.equals(Pairs.NONE)) {
                without.add(name);
                return;
            }
            if (!deployed.containsKey(to)) {
                throw new BadInputException(origin.toString(), "pairs", "the deployed model has no tensor " + to);
            }
            if (!pair(name, to, How.GIVEN)) {
                throw new BadInputException(
                        origin.toString(),
                        "pairs",
                        name + " is " + floats.get(name).shape() + ", " + to + " is "
                                + Optional.ofNullable(values.get(to))
                                        .map(v -> v.shape().toString())
                                        .orElse("not there"));
            }
        });
    }

    private boolean pair(String name, String to, How how) {
        Values.Layout layout = layout(name, to);
        if (layout == null) {
            return false;
        }
        found.put(name, new Found(name, to, how, layout));
        taken.add(to);
        return true;
    }

    private Values.@Nullable Layout layout(String name, String to) {
        Values a = floats.get(name);
        Values b = values.get(to);
        Deployed.Value v = deployed.get(to);
        if (a == null
                || b == null
                || v == null
                || found.containsKey(name)
                || without.contains(name)
                || taken.contains(to)) {
            return null;
        }
        if (v.flat()) {
            return a.values().length == b.values().length ? new Values.Layout(new int[0], true) : null;
        }
        Values.Layout layout = Values.layout(b.shape(), a.shape()).orElse(null);
        // Where the dimensions do not tell, the values do.
        if (layout == null || !channelsLast || !layout.isSame() || a.shape().rank() <= 2) {
            return layout;
        }
        Values.Layout moved = Values.channelsMoved(b.shape(), a.shape()).orElse(null);
        return moved != null && cosine(a, b, moved) >= cosine(a, b, layout) ? moved : layout;
    }

    /** Pairs tensors of one name. */
    void byName() {
        Map<String, String> relus = new HashMap<>();
        Set<String> clamped = new HashSet<>();
        for (OnnxNode node : graph.nodes()) {
            if (node.opType().equals("Relu")) {
                relus.putIfAbsent(node.inputs().getFirst(), node.outputs().getFirst());
                clamped.addAll(node.outputs());
            }
        }
        // Codes first: what a quantizer's own name tells counts more than the value in front of it.
        for (Deployed.Value v : deployed.values()) {
            if (v.grid().isPresent() && !v.aliases().isEmpty()) {
                String name = v.aliases().getFirst();
                String to = v.behindRelu() && !clamped.contains(name) ? relus.getOrDefault(name, name) : name;
                pair(to, v.name(), How.NAME);
            }
        }
        for (String name : order) {
            pair(name, name, How.NAME);
        }
        Map<String, List<String>> plain = new HashMap<>();
        deployed.values().stream()
                .filter(v -> !taken.contains(v.name()))
                .forEach(v -> v.aliases().stream()
                        .map(Aligner::letters)
                        .distinct()
                        .forEach(a ->
                                plain.computeIfAbsent(a, k -> new ArrayList<>()).add(v.name())));
        Map<String, Integer> uses = new HashMap<>();
        order.forEach(name -> uses.merge(letters(name), 1, Integer::sum));
        for (String name : order) {
            List<String> same = plain.getOrDefault(letters(name), List.of());
            if (same.size() == 1 && uses.getOrDefault(letters(name), 0) == 1) {
                pair(name, same.getFirst(), How.NAME);
            }
        }
    }

    /** A name as a file name may have it. */
    static String letters(String name) {
        return name.replaceAll("[^A-Za-z0-9]+", "_").replaceAll("^_+|_+$", "");
    }

    /** Pairs the results of nodes that have the same operator and read paired tensors. */
    void byGraph(OnnxGraph there) {
        OnnxGraph of = graph;
        Map<String, String> to = new HashMap<>();
        found.values().forEach(f -> names(f.deployed).forEach(n -> to.put(n, f.name)));
        List<String> in = of.requiredInputs();
        List<String> fed = there.requiredInputs();
        for (int i = 0; in.size() == fed.size() && i < in.size(); i++) {
            pairAndNote(in.get(i), fed.get(i), to);
        }
        Map<String, List<OnnxNode>> readers = new HashMap<>();
        there.nodes()
                .forEach(n -> n.inputs().forEach(x -> {
                    if (to.containsKey(x) || !there.isStored(x)) {
                        readers.computeIfAbsent(x, k -> new ArrayList<>()).add(n);
                    }
                }));
        for (OnnxNode node : of.nodes()) {
            List<String> reads = node.inputs().stream()
                    .filter(x -> !x.isEmpty() && !of.isStored(x))
                    .toList();
            if (reads.isEmpty() || node.outputs().stream().allMatch(found::containsKey)) {
                continue;
            }
            List<OnnxNode> like = new ArrayList<>();
            for (OnnxNode other : there.nodes()) {
                List<String> theirs = other.inputs().stream()
                        .filter(x -> !x.isEmpty() && !there.isStored(x))
                        .map(x -> to.getOrDefault(x, ""))
                        .toList();
                if (theirs.equals(reads)
                        && other.opType().equals(node.opType())
                        && other.outputs().size() == node.outputs().size()
                        && layout(node.outputs().getFirst(), other.outputs().getFirst()) != null) {
                    like.add(other);
                }
            }
            String name = node.outputs().getFirst();
            if (like.size() > 1) {
                Optional<String> best = mostAlike(
                        name, like.stream().map(n -> n.outputs().getFirst()).toList());
                if (best.isEmpty()) {
                    ambiguous.put(
                            name, like.stream().map(n -> n.outputs().getFirst()).toList());
                    continue;
                }
                like.removeIf(n -> !n.outputs().getFirst().equals(best.get()));
            }
            if (!like.isEmpty()) {
                for (int i = 0; i < node.outputs().size(); i++) {
                    pairAndNote(node.outputs().get(i), like.getFirst().outputs().get(i), to);
                }
            }
        }
    }

    private void pairAndNote(String name, String there, Map<String, String> to) {
        if (pair(name, there, How.GRAPH)) {
            names(there).forEach(n -> to.put(n, name));
        }
    }

    private List<String> names(String value) {
        Deployed.Value v = deployed.get(value);
        return v == null ? List.of() : v.inFloats();
    }

    /** Pairs what is left by its values, in the order of the graphs. */
    void byValues() {
        for (String name : order) {
            if (found.containsKey(name) || without.contains(name)) {
                continue;
            }
            List<String> fitting = deployed.keySet().stream()
                    .filter(d -> layout(name, d) != null)
                    .toList();
            if (fitting.isEmpty()) {
                continue;
            }
            Optional<String> best = mostAlike(name, fitting);
            if (best.isPresent()) {
                ambiguous.remove(name);
                pair(name, best.get(), How.VALUES);
            } else {
                List<String> alike =
                        fitting.stream().filter(d -> cosine(name, d) >= ALIKE).toList();
                if (alike.size() > 1) {
                    ambiguous.put(name, alike);
                }
            }
        }
    }

    private Optional<String> mostAlike(String name, List<String> candidates) {
        String best = "";
        double first = 0;
        double second = 0;
        for (String d : candidates) {
            double c = cosine(name, d);
            if (c > first) {
                second = first;
                first = c;
                best = d;
            } else {
                second = Math.max(second, c);
            }
        }
        return first >= ALIKE && first - second >= AHEAD ? Optional.of(best) : Optional.empty();
    }

    private double cosine(String name, String to) {
        Values.Layout layout = layout(name, to);
        Values a = floats.get(name);
        Values b = values.get(to);
        return layout == null || a == null || b == null ? 0 : cosine(a, b, layout);
    }

    private static double cosine(Values a, Values b, Values.Layout layout) {
        float[] y = b.in(layout, a.shape()).values();
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < y.length; i++) {
            xy += (double) a.values()[i] * y[i];
            xx += (double) a.values()[i] * a.values()[i];
            yy += (double) y[i] * y[i];
        }
        double c = xy / Math.sqrt(xx * yy);
        return Double.isFinite(c) ? c : 0;
    }
}
