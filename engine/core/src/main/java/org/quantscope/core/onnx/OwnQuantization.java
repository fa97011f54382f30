package org.quantscope.core.onnx;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.TensorId;

/**
 * How a file that is quantized already is quantized.
 *
 * @param way the operators that do it, for a person
 * @param weights the grids of stored tensors
 * @param activations the grids of values, one scale each
 * @param kept the nodes that stay on integers, because what they compute on floats cannot be told from the file
 */
public record OwnQuantization(
        String way, Map<TensorId, OwnGrid> weights, Map<TensorId, OwnGrid> activations, List<String> kept) {
    public OwnQuantization {
        weights = Collections.unmodifiableMap(new TreeMap<>(weights));
        activations = Collections.unmodifiableMap(new TreeMap<>(activations));
        kept = List.copyOf(kept);
    }

    /** One line for a person. */
    public String said() {
        return "already quantized (" + way + "): " + part(weights, "weight", true) + ", "
                + part(activations, "activation", false)
                + (kept.isEmpty()
                        ? ""
                        : "; " + kept.size() + (kept.size() == 1 ? " node stays" : " nodes stay")
                                + " on integers, because what it computes on floats cannot be told from the file: "
                                + kept.getFirst() + (kept.size() > 1 ? " and others" : ""))
                + ". What is shown is the float model behind it; the grids are the file's own";
    }

    private static String part(Map<TensorId, OwnGrid> grids, String what, boolean grain) {
        if (grids.isEmpty()) {
            return "no " + what;
        }
        String bits = grids.values().stream().map(OwnGrid::bits).collect(Collectors.toCollection(TreeSet::new)).stream()
                .map(String::valueOf)
                .collect(Collectors.joining(", "));
        String grains = grids.values().stream()
                .map(g -> switch (g.params().granularity()) {
                    case Granularity.PerTensor _ -> "tensor";
                    case Granularity.PerChannel _ -> "channel";
                    case Granularity.PerBlock b -> "block of " + b.size();
                })
                .distinct()
                .collect(Collectors.joining(" and "));
        return grids.size() + " " + what + (grids.size() == 1 ? "" : "s") + " with " + bits + " bits"
                + (grain ? " per " + grains : "");
    }
}
