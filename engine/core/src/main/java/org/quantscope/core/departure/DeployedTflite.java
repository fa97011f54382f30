package org.quantscope.core.departure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.integer.IntegerGraph;
import org.quantscope.core.integer.IntegerNetwork;
import org.quantscope.core.integer.IntegerTensor;
import org.quantscope.core.integer.TfliteIntegers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.ConstantFolding;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** A quantized TensorFlow Lite model, run in whole numbers as the built-in kernels compute it, one sample at a time. */
final class DeployedTflite implements Deployed {
    private final Path file;
    private final Model floats;
    private final IntegerNetwork network;
    private final List<Value> values;
    private final Map<String, Integer> slots;

    private DeployedTflite(
            Path file, Model floats, IntegerNetwork network, List<Value> values, Map<String, Integer> slots) {
        this.file = file;
        this.floats = floats;
        this.network = network;
        this.values = values;
        this.slots = slots;
    }

    /** True for the ending that such files have; what is in them is checked when they are opened. */
    static boolean matches(Path file) {
        return String.valueOf(file.getFileName()).endsWith(".tflite");
    }

    /** @throws BadInputException if it is no TensorFlow Lite model, or one that cannot be run in whole numbers */
    static DeployedTflite open(Path file) throws IOException {
        // Folded, so that a layer's weight is a stored one and not what a Transpose makes of it.
        Model floats = ConstantFolding.fold(ModelLoaders.open(file));
        OnnxGraph graph = floats.graph()
                .orElseThrow(
                        () -> new BadInputException(file, "graph", "cannot be converted, so nothing can be compared"));
        IntegerGraph integers = TfliteIntegers.read(file);
        IntegerNetwork network = new IntegerNetwork(integers, Arithmetic.TFLITE);
        Map<String, Integer> slots = new LinkedHashMap<>();
        Set<Integer> computed = new HashSet<>(integers.inputs());
        integers.steps().forEach(step -> computed.add(step.output()));
        for (int number : computed) {
            slots.putIfAbsent(integers.slots().get(number).name(), number);
        }
        Map<TensorId, OwnGrid> grids = floats.own().map(o -> o.activations()).orElse(Map.of());
        List<String> order = new ArrayList<>(graph.requiredInputs());
        graph.nodes().forEach(n -> order.addAll(n.outputs()));
        List<Value> values = new ArrayList<>();
        for (String name : order) {
            if (slots.containsKey(name) && graph.types().isFloating(name)) {
                Optional<QuantParams> grid =
                        Optional.ofNullable(grids.get(new TensorId(name))).map(OwnGrid::params);
                values.add(new Value(name, List.of(name), grid, grid, List.of(name), false, false));
            }
        }
        return new DeployedTflite(file, floats, network, List.copyOf(values), slots);
    }

    @Override
    public Path file() {
        return file;
    }

    @Override
    public List<Value> values() {
        return values;
    }

    @Override
    public Optional<Model> floats() {
        return Optional.of(floats);
    }

    @Override
    public boolean hasChannelsLast() {
        return true;
    }

    @Override
    public int fixedBatch() {
        return 1;
    }

    @Override
    public int samples() {
        return Integer.MAX_VALUE;
    }

    @Override
    public Map<String, Values> run(Map<String, Values> fed, int[] samples, CancelToken cancel) {
        cancel.check();
        IntegerGraph graph = network.graph();
        List<String> names = List.copyOf(fed.keySet());
        List<IntegerTensor> inputs = new ArrayList<>();
        for (int i = 0; i < graph.inputs().size(); i++) {
            IntegerGraph.Slot slot = graph.slots().get(graph.inputs().get(i));
            Values v = fed.containsKey(slot.name())
                            || names.size() != graph.inputs().size()
                    ? fed.get(slot.name())
                    : fed.get(names.get(i));
            if (v == null) {
                throw new BadInputException(
                        file, slot.name(), "is an input that the float model does not have: " + names);
            }
            Shape wanted = slot.shape().map(s -> shape(s, v.shape())).orElse(v.shape());
            Values fitted = Values.layout(v.shape(), wanted)
                    .map(layout -> v.in(layout, wanted))
                    .orElseThrow(() -> new BadInputException(
                            file, slot.name(), "wants " + wanted + ", the float model is fed " + v.shape()));
            inputs.add(network.quantized(i, ints(wanted), fitted.values()));
        }
        Map<Integer, IntegerTensor> all = network.runAll(inputs);
        Map<String, Values> found = new HashMap<>();
        for (Value v : values) {
            IntegerTensor t = all.get(slots.get(v.name()));
            if (t != null) {
                long[] dims = new long[t.shape().length];
                for (int i = 0; i < dims.length; i++) {
                    dims[i] = t.shape()[i];
                }
                found.put(v.name(), new Values(Shape.of(dims), t.values()));
            }
        }
        return found;
    }

    private static Shape shape(int[] slot, Shape fed) {
        long[] dims = new long[slot.length];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = slot[i] < 0 ? i < fed.rank() ? fed.dim(i) : 1 : slot[i];
        }
        return Shape.of(dims);
    }

    private static int[] ints(Shape shape) {
        int[] dims = new int[shape.rank()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = Math.toIntExact(shape.dim(i));
        }
        return dims;
    }

    @Override
    public void close() {
        // Nothing native is held.
    }
}
