package org.quantscope.core.verify;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.WeightMemory;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.integer.ElementTrace;
import org.quantscope.core.integer.IntegerGraph;
import org.quantscope.core.integer.IntegerNetwork;
import org.quantscope.core.integer.IntegerTensor;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.TensorId;

/** One sample computed in whole numbers by the settings in hand, with every tensor kept, so that elements can be looked at. */
public final class IntegerSample {
    private final IntegerNetwork network;
    private final Map<Integer, IntegerTensor> all;
    /** The tensor of codes of each activation. */
    private final Map<TensorId, Integer> slots;

    private IntegerSample(IntegerNetwork network, Map<Integer, IntegerTensor> all, Map<TensorId, Integer> slots) {
        this.network = network;
        this.all = all;
        this.slots = slots;
    }

    /**
     * Computes a sample.
     *
     * @param plan the model and its settings
     * @param sample its index in the data
     * @throws BadInputException naming what cannot be computed in whole numbers, or too large a network
     */
    public static IntegerSample of(ExportPlan plan, Arithmetic arithmetic, Dataset data, int sample, CancelToken cancel)
            throws IOException {
        IntegerEvaluation.checked(plan, arithmetic);
        WeightMemory.check(plan.model(), WeightMemory.QUANTIZED, "a sample in whole numbers");
        IntegerEvaluation.Written made = IntegerEvaluation.network(plan, arithmetic, cancel);
        cancel.check();
        SampleFeed feed = SampleFeed.of(plan.model(), data);
        Map<Integer, IntegerTensor> all =
                made.network().runAll(IntegerEvaluation.inputs(made.network(), feed, new int[] {sample}));
        IntegerGraph graph = made.network().graph();
        Map<String, Integer> byName = new HashMap<>();
        all.keySet().forEach(number -> byName.put(graph.slots().get(number).name(), number));
        Map<TensorId, Integer> slots = new HashMap<>();
        for (TensorId id : plan.activations().keySet()) {
            quantized(made.written().graph(), id.name(), byName).ifPresent(number -> slots.put(id, number));
        }
        return new IntegerSample(made.network(), all, slots);
    }

    /**
     * The codes of a value: those that its QuantizeLinear makes, which may read it behind a node of one input; of an output
     * those that it is made of.
     */
    private static Optional<Integer> quantized(OnnxGraph graph, String value, Map<String, Integer> byName) {
        for (OnnxNode node : graph.nodes()) {
            String codes = node.inputs().isEmpty() ? "" : node.inputs().getFirst();
            if (node.opType().equals("DequantizeLinear")
                    && node.outputs().getFirst().equals(value)
                    && byName.containsKey(codes)) {
                return Optional.of(Objects.requireNonNull(byName.get(codes)));
            }
        }
        List<OnnxNode> readers =
                graph.nodes().stream().filter(n -> n.reads().contains(value)).toList();
        for (OnnxNode node : readers) {
            String made = node.outputs().getFirst();
            if (node.opType().equals("QuantizeLinear") && byName.containsKey(made)) {
                return Optional.of(Objects.requireNonNull(byName.get(made)));
            }
        }
        return readers.stream()
                .filter(n -> n.opType().equals("Sum") && n.inputs().size() == 1)
                .map(n -> quantized(graph, n.outputs().getFirst(), byName))
                .flatMap(Optional::stream)
                .findFirst();
    }

    public Arithmetic arithmetic() {
        return network.arithmetic();
    }

    /** The number of elements of an activation for this sample; 0 if it has no codes there. */
    public int elements(TensorId activation) {
        Integer slot = slots.get(activation);
        IntegerTensor tensor = slot == null ? null : all.get(slot);
        return tensor == null || tensor.isReal() ? 0 : tensor.codes().length;
    }

    /**
     * How an element comes about.
     *
     * @param element row by row
     * @return empty if no layer with weights makes it in whole numbers
     */
    public Optional<ElementTrace> trace(TensorId activation, int element) {
        Integer slot = slots.get(activation);
        return slot == null ? Optional.empty() : ElementTrace.of(network, all, slot, element);
    }
}
