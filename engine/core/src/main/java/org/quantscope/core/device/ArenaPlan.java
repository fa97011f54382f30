package org.quantscope.core.device;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;

/**
 * The memory that activations take while the operators run one after the other in the order of the graph, each value from
 * the operator that computes it to the last one that reads it.
 *
 * <p>Two kinds of operators take no memory of their own. Those that only give a value another shape are views of it. An
 * operator on single values behind a layer (such as Relu or Clip) writes over its input where nothing else reads that,
 * as kernels with a fused activation do; the buffer has the type of what is left in it at the end.
 */
public final class ArenaPlan {
    private static final Set<String> VIEWS =
            Set.of("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout");

    private static final Set<String> IN_PLACE = Set.of(
            "Relu",
            "Clip",
            "LeakyRelu",
            "PRelu",
            "Elu",
            "Sigmoid",
            "Tanh",
            "HardSigmoid",
            "HardSwish",
            "Gelu",
            "BatchNormalization",
            "QuantizeLinear",
            "DequantizeLinear",
            "Cast");

    private final List<Step> steps;
    private final Map<String, String> buffers;

    /**
     * One operator.
     *
     * @param held the buffers that are held while it runs, by the name of the value that is last written into each
     * @param bytes of all of them
     */
    public record Step(OnnxNode node, Set<String> held, long bytes) {
        public Step {
            held = Set.copyOf(held);
        }
    }

    private ArenaPlan(List<Step> steps, Map<String, String> buffers) {
        this.steps = List.copyOf(steps);
        this.buffers = Map.copyOf(buffers);
    }

    /**
     * Plans the memory of a graph.
     *
     * @param bytes of a value; 0 if its size is not known
     */
    public static ArenaPlan of(OnnxGraph graph, ToLongFunction<String> bytes) {
        Map<String, String> buffers = buffers(graph);
        Map<String, Long> size = new HashMap<>();
        // What was written last decides how wide the values of a buffer are, as a fused kernel writes no other.
        buffers.forEach((value, buffer) -> size.put(buffer, bytes.applyAsLong(buffer)));
        List<OnnxNode> nodes = graph.nodes();
        Map<String, Integer> last = new HashMap<>();
        for (int n = 0; n < nodes.size(); n++) {
            for (String value : nodes.get(n).reads()) {
                if (buffers.containsKey(value)) {
                    last.merge(buffer(buffers, value), n, Math::max);
                }
            }
        }
        graph.outputNames().forEach(value -> last.put(buffer(buffers, value), nodes.size()));

        Set<String> held = new LinkedHashSet<>();
        graph.requiredInputs().forEach(value -> held.add(buffer(buffers, value)));
        List<Step> steps = new ArrayList<>();
        for (int n = 0; n < nodes.size(); n++) {
            int now = n;
            for (String value : nodes.get(n).outputs()) {
                if (buffers.containsKey(value)) {
                    held.add(buffer(buffers, value));
                }
            }
            steps.add(new Step(
                    nodes.get(n),
                    held,
                    held.stream().mapToLong(b -> size.getOrDefault(b, 0L)).sum()));
            held.removeIf(buffer -> last.getOrDefault(buffer, -1) <= now);
        }
        return new ArenaPlan(steps, buffers);
    }

    private static String buffer(Map<String, String> buffers, String value) {
        return buffers.getOrDefault(value, value);
    }

    /** For each computed value the one that is last written into its memory. */
    private static Map<String, String> buffers(OnnxGraph graph) {
        Map<String, Integer> readers = new HashMap<>();
        Set<String> outputs = new HashSet<>(graph.outputNames());
        graph.nodes().forEach(node -> node.reads().forEach(value -> readers.merge(value, 1, Integer::sum)));
        Map<String, String> first = new LinkedHashMap<>();
        graph.requiredInputs().forEach(value -> first.put(value, value));
        Map<String, String> last = new HashMap<>();
        Set<String> given = new HashSet<>(graph.requiredInputs());
        for (OnnxNode node : graph.nodes()) {
            String in = node.inputs().isEmpty() ? "" : node.inputs().getFirst();
            for (String out : node.outputs()) {
                if (out.isEmpty() || graph.isStored(out)) {
                    continue;
                }
                boolean main = out.equals(node.outputs().getFirst()) && first.containsKey(in);
                boolean over = IN_PLACE.contains(node.opType())
                        && readers.getOrDefault(in, 0) == 1
                        && !outputs.contains(in)
                        && !given.contains(in);
                String begin = main && (over || VIEWS.contains(node.opType())) ? first.getOrDefault(in, in) : out;
                first.put(out, begin);
                last.put(begin, out);
            }
        }
        Map<String, String> buffers = new HashMap<>();
        first.forEach((value, begin) -> buffers.put(value, last.getOrDefault(begin, begin)));
        return buffers;
    }

    /** The operators in the order in which they run. */
    public List<Step> steps() {
        return steps;
    }

    /** The value that is last written into the memory of another. */
    public String buffer(String value) {
        return buffer(buffers, value);
    }

    /** The operator during which most is held, of several the first; empty for a graph without operators. */
    public Optional<Step> peak() {
        return steps.stream().reduce((most, step) -> step.bytes > most.bytes ? step : most);
    }
}
