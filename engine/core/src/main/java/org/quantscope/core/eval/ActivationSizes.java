package org.quantscope.core.eval;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.ShapeGraph;
import org.quantscope.core.tensor.Shape;

/**
 * How large the values inside a network are for inputs of certain shapes. ONNX Runtime infers them when it loads the
 * graph; nothing is computed. A value whose shape depends on the values of the data counts nothing.
 */
public final class ActivationSizes {
    /** Values inside are taken for float32; integers and masks are rare and small beside them. */
    private static final long BYTES = Float.BYTES;

    /** Known answers by the shapes of the inputs; a graph is dropped with its model. */
    private static final Map<OnnxGraph, Map<Map<String, Shape>, ActivationSizes>> KNOWN =
            Collections.synchronizedMap(new WeakHashMap<>());

    /** Shapes by what the runtime was asked: graphs that differ in their weights only ask the same. */
    private static final int MOST_ASKED = 64;

    /** Larger graphs are not kept, in bytes without weights. */
    private static final int MOST_BYTES = 1 << 20;

    private static final Map<ByteBuffer, Map<String, Shape>> ASKED =
            Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Map<String, Shape>> eldest) {
                    return size() > MOST_ASKED;
                }
            });

    private final OnnxGraph graph;
    private final Map<String, Shape> shapes;
    private final Map<String, Long> bytes;
    private final long peak;

    private ActivationSizes(OnnxGraph graph, Map<String, Shape> shapes) {
        this.graph = graph;
        this.shapes = Map.copyOf(shapes);
        Map<String, Long> sizes = new HashMap<>();
        shapes.forEach((name, shape) -> sizes.put(name, BYTES * shape.count()));
        this.bytes = Map.copyOf(sizes);
        this.peak = peak(graph, bytes);
    }

    /** @param fed the shapes of the inputs, by name */
    public static ActivationSizes of(Model model, Map<String, Shape> fed) {
        OnnxGraph graph = model.graph().orElseThrow();
        return KNOWN.computeIfAbsent(graph, g -> Collections.synchronizedMap(new HashMap<>()))
                .computeIfAbsent(Map.copyOf(fed), shapes -> new ActivationSizes(graph, inferred(model, shapes)));
    }

    private static Map<String, Shape> inferred(Model model, Map<String, Shape> fed) {
        byte[] graph;
        try {
            graph = ShapeGraph.of(model, fed);
        } catch (BadInputException e) {
            return fed;
        }
        String file = String.valueOf(model.file().getFileName());
        ByteBuffer asked = ByteBuffer.wrap(graph);
        Map<String, Shape> known = ASKED.get(asked);
        if (known != null) {
            return known;
        }
        Map<String, Shape> shapes = Map.copyOf(inferred(graph, file, fed));
        if (graph.length <= MOST_BYTES) {
            ASKED.put(asked, shapes);
        }
        return shapes;
    }

    private static Map<String, Shape> inferred(byte[] graph, String file, Map<String, Shape> fed) {
        Map<String, Shape> shapes = new HashMap<>(fed);
        try (OrtModel loaded = OrtModel.loadOptimized(graph, file, OrtModel.Options.DEFAULT)) {
            for (String value : loaded.outputNames()) {
                shape(loaded.outputShape(value)).ifPresent(shape -> shapes.put(value, shape));
            }
        } catch (BadInputException e) {
            // What is wrong with the model is said by the run that needs it; without a graph there are no sizes.
        }
        return shapes;
    }

    /** ONNX Runtime gives no dimensions where it does not know how many there are, as for a scalar. */
    private static Optional<Shape> shape(long[] dims) {
        if (dims.length == 0) {
            return Optional.empty();
        }
        long bytes = BYTES;
        for (long d : dims) {
            if (d < 0 || (d > 0 && bytes > Long.MAX_VALUE / d)) {
                return Optional.empty();
            }
            bytes *= d;
        }
        return Optional.of(Shape.of(dims));
    }

    /** The same with the shapes of further values. */
    public ActivationSizes with(Map<String, Shape> more) {
        Map<String, Shape> all = new HashMap<>(more);
        all.putAll(shapes);
        return new ActivationSizes(graph, all);
    }

    /** The shape of a value; empty if it depends on the values of the data. */
    public Optional<Shape> shape(String value) {
        return Optional.ofNullable(shapes.get(value));
    }

    /** The size of a value in bytes, 0 if it is not known. */
    long bytes(String value) {
        return bytes.getOrDefault(value, 0L);
    }

    /**
     * The most bytes that are held at a time while the nodes run one after the other, each value from the node that
     * computes it to the last that reads it. A node that could write over its input is taken not to.
     */
    long peak() {
        return peak;
    }

    private static long peak(OnnxGraph graph, Map<String, Long> bytes) {
        List<OnnxNode> nodes = graph.nodes();
        Map<String, Integer> last = new HashMap<>();
        for (int n = 0; n < nodes.size(); n++) {
            for (String value : nodes.get(n).reads()) {
                last.put(value, n);
            }
        }
        graph.outputNames().forEach(value -> last.put(value, nodes.size()));
        Set<String> held = new HashSet<>(graph.requiredInputs());
        long now =
                held.stream().mapToLong(value -> bytes.getOrDefault(value, 0L)).sum();
        long most = now;
        for (int n = 0; n < nodes.size(); n++) {
            for (String value : nodes.get(n).outputs()) {
                now += held.add(value) ? bytes.getOrDefault(value, 0L) : 0;
            }
            most = Math.max(most, now);
            for (String value : nodes.get(n).reads()) {
                if (last.getOrDefault(value, -1) == n && held.remove(value)) {
                    now -= bytes.getOrDefault(value, 0L);
                }
            }
        }
        return most;
    }
}
