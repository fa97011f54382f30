package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Checks the graph of one model and finds its stored tensors and their readers. For one use. */
final class GraphReader {
    private final Path file;
    private final boolean withData;
    private final ExternalFiles external;
    /** Stored tensors of the main graph, by name, in the order of the file. */
    private final Map<String, Stored> stored = new LinkedHashMap<>();

    private final Map<String, List<String>> skippedByType = new TreeMap<>();
    private final Map<SmallType, List<String>> readAs = new EnumMap<>(SmallType.class);
    private final List<String> notes = new ArrayList<>();
    private int storedInSubgraphs;

    GraphReader(Path file, boolean withData) {
        this.file = file;
        this.withData = withData;
        this.external = new ExternalFiles(file);
    }

    /** A stored tensor and the uses found so far. */
    private record Stored(DType dtype, Shape shape, TensorData values, List<Use> uses) {}

    /**
     * A use of a tensor: whether it makes the tensor a weight, with the axis of its output channels where that is
     * known, and whether it makes it a bias.
     */
    private record Use(Consumer consumer, boolean isWeight, OptionalInt channelAxis, boolean isBias) {}

    /**
     * A stored tensor of the main graph that a value has the numbers of.
     *
     * @param axes for each axis of the value the axis of the stored tensor; empty if they are not the same axes
     */
    private record Behind(String stored, Optional<List<Integer>> axes) {
        static Behind itself(String name, int rank) {
            return new Behind(name, Optional.of(IntStream.range(0, rank).boxed().toList()));
        }
    }

    /**
     * The names visible in one graph. A name stands for a stored tensor of the main graph, directly or through
     * operators that only move or convert its numbers, or for another value (empty).
     */
    private record Scope(@Nullable Scope outer, Map<String, Optional<Behind>> values) {
        boolean knows(String name) {
            return values.containsKey(name) || (outer != null && outer.knows(name));
        }

        Optional<Behind> storedBehind(String name) {
            Optional<Behind> own = values.get(name);
            return own != null ? own : outer == null ? Optional.empty() : outer.storedBehind(name);
        }
    }

    /**
     * Reads everything. The result is the model with the nodes of its main graph sorted so that each value is computed
     * before it is used.
     */
    ModelProto read(ModelProto model) throws IOException {
        GraphProto graph = model.getGraph();
        List<NodeProto> sorted = readGraph(graph, null, "");
        if (storedInSubgraphs > 0) {
            notes.add("stored inside subgraphs (If, Loop, Scan) and left as they are: " + storedInSubgraphs);
        }
        if (model.getFunctionsCount() > 0) {
            notes.add("local functions that are not looked into: " + model.getFunctionsCount());
            model.getFunctionsList().forEach(f -> checkInside(f.getNodeList(), f.getName()));
        }
        readAs.forEach((type, names) ->
                notes.add(listed(names) + " of type " + type + " read as " + type.readAs() + ": " + first(names)));
        skippedByType.forEach((type, names) -> notes.add(skippedNote(type, names)));
        return sorted.equals(graph.getNodeList())
                ? model
                : model.toBuilder()
                        .setGraph(graph.toBuilder().clearNode().addAllNode(sorted))
                        .build();
    }

    List<String> notes() {
        return notes;
    }

    List<Tensor> tensors() {
        List<Tensor> out = new ArrayList<>(stored.size());
        stored.forEach((name, s) -> {
            List<Consumer> consumers = s.uses.stream().map(Use::consumer).toList();
            TensorKind kind = kind(s);
            OptionalInt axis = kind == TensorKind.WEIGHT
                    ? s.uses.stream()
                            .map(Use::channelAxis)
                            .filter(OptionalInt::isPresent)
                            .findFirst()
                            .orElseGet(OptionalInt::empty)
                    : OptionalInt.empty();
            out.add(new Tensor(new TensorInfo(new TensorId(name), kind, s.dtype, s.shape, axis, consumers), s.values));
        });
        return out;
    }

    private static TensorKind kind(Stored s) {
        if (s.uses.stream().anyMatch(Use::isWeight)) {
            return TensorKind.WEIGHT;
        }
        return s.uses.stream().anyMatch(Use::isBias) ? TensorKind.BIAS : TensorKind.CONSTANT;
    }

    private static String skippedNote(String type, List<String> names) {
        return listed(names) + " of type " + type + " skipped: " + first(names);
    }

    private static String listed(List<String> names) {
        return names.size() + (names.size() == 1 ? " tensor" : " tensors");
    }

    private static String first(List<String> names) {
        int shown = Math.min(names.size(), 3);
        return String.join(", ", names.subList(0, shown)) + (names.size() > shown ? ", …" : "");
    }

    /** @return the nodes in an order in which each value is computed before it is used; the given order if it is one */
    private List<NodeProto> readGraph(GraphProto graph, @Nullable Scope outer, String prefix) throws IOException {
        boolean main = outer == null;
        Scope scope = new Scope(outer, new HashMap<>());
        Set<String> fed = new LinkedHashSet<>();
        for (ValueInfoProto input : graph.getInputList()) {
            String name = text(input.getNameBytes(), prefix + "graph input");
            if (name.isEmpty() || !fed.add(name)) {
                throw new BadInputException(file, prefix + "graph input", "'" + name + "' is empty or there twice");
            }
        }
        for (TensorProto tensor : graph.getInitializerList()) {
            String name = text(tensor.getNameBytes(), prefix + "initializer name");
            if (name.isEmpty()) {
                throw new BadInputException(file, prefix + "initializer", "has no name");
            }
            define(scope, name, main ? store(tensor, name) : inSubgraph(tensor, name));
        }
        for (SparseTensorProto sparse : graph.getSparseInitializerList()) {
            String name = text(sparse.getValues().getNameBytes(), prefix + "sparse_initializer name");
            checkSparse(sparse, name);
            define(scope, name, Optional.empty());
            skip("sparse", name);
        }
        fed.forEach(name -> scope.values.putIfAbsent(name, Optional.empty()));
        for (NodeProto node : graph.getNodeList()) {
            checkInside(node, prefix + "node " + node.getName());
            for (int i = 0; i < node.getOutputCount(); i++) {
                String name = text(node.getOutputBytes(i), prefix + "node output");
                if (!name.isEmpty()) {
                    define(
                            scope,
                            name,
                            i == 0 && isOp(node, "Constant") ? constant(node, name, main) : Optional.empty());
                }
            }
        }
        List<NodeProto> sorted = sort(graph, prefix, scope);
        for (int i = 0; i < sorted.size(); i++) {
            readNode(sorted.get(i), i, scope, prefix);
        }
        for (ValueInfoProto output : graph.getOutputList()) {
            String name = text(output.getNameBytes(), prefix + "graph output");
            if (!scope.knows(name)) {
                throw new BadInputException(file, prefix + "graph output", "nothing computes '" + name + "'");
            }
        }
        return sorted;
    }

    private void define(Scope scope, String name, Optional<Behind> value) {
        if (scope.values.putIfAbsent(name, value) != null) {
            throw new BadInputException(file, name, "is defined twice");
        }
    }

    private Optional<Behind> inSubgraph(TensorProto tensor, String name) {
        checkInside(tensor, name);
        storedInSubgraphs++;
        return Optional.empty();
    }

    /**
     * Only initializers of the main graph may be external: those are read here, and no path from a model is ever passed
     * to a runtime.
     */
    private void checkInside(TensorProto tensor, String where) {
        if (TensorProtos.isExternal(tensor) || tensor.getExternalDataCount() > 0) {
            throw new BadInputException(
                    file, where, "has external_data, which only initializers of the main graph may have");
        }
    }

    private void checkSparse(SparseTensorProto sparse, String where) {
        checkInside(sparse.getValues(), where);
        checkInside(sparse.getIndices(), where);
    }

    private void checkInside(List<NodeProto> nodes, String where) {
        for (NodeProto node : nodes) {
            checkInside(node, where);
            for (AttributeProto a : node.getAttributeList()) {
                for (GraphProto subgraph : subgraphs(a)) {
                    subgraph.getInitializerList().forEach(t -> checkInside(t, where));
                    subgraph.getSparseInitializerList().forEach(t -> checkSparse(t, where));
                    checkInside(subgraph.getNodeList(), where);
                }
            }
        }
    }

    private void checkInside(NodeProto node, String where) {
        for (AttributeProto a : node.getAttributeList()) {
            checkInside(a.getT(), where);
            a.getTensorsList().forEach(t -> checkInside(t, where));
            checkSparse(a.getSparseTensor(), where);
            a.getSparseTensorsList().forEach(t -> checkSparse(t, where));
        }
    }

    private void skip(String type, String name) {
        skippedByType.computeIfAbsent(type, t -> new ArrayList<>()).add(name);
    }

    /** Stores a tensor of the main graph; empty if its type is not read. */
    private Optional<Behind> store(TensorProto tensor, String name) throws IOException {
        Optional<DType> dtype = TensorProtos.dtype(tensor.getDataType());
        Optional<SmallType> small = SmallType.of(tensor.getDataType());
        if (small.isPresent()) {
            Shape shape = TensorProtos.shape(tensor, name, file);
            readAs.computeIfAbsent(small.get(), t -> new ArrayList<>()).add(name);
            return store(
                    name, small.get().readAs(), shape, small.get().data(tensor, shape, name, file, external, withData));
        }
        if (dtype.isEmpty()) {
            skip(
                    TensorProtos.typeName(tensor.getDataType())
                            .orElseThrow(() -> new BadInputException(
                                    file, name, "data_type " + tensor.getDataType() + " is not an ONNX element type")),
                    name);
            return Optional.empty();
        }
        Shape shape = TensorProtos.shape(tensor, name, file);
        TensorData values;
        if (withData) {
            values = TensorProtos.data(tensor, dtype.get(), shape, name, file, external);
        } else {
            if (TensorProtos.isExternal(tensor)) {
                external.place(tensor, name);
            } else {
                TensorProtos.checkLength(tensor, dtype.get(), shape, name, file);
            }
            values = TensorData.unread(dtype.get(), shape.count());
        }
        return store(name, dtype.get(), shape, values);
    }

    private Optional<Behind> store(String name, DType dtype, Shape shape, TensorData values) {
        if (stored.putIfAbsent(name, new Stored(dtype, shape, values, new ArrayList<>())) != null) {
            throw new BadInputException(file, name, "is defined twice");
        }
        return Optional.of(Behind.itself(name, shape.rank()));
    }

    /** The output of a Constant node, which is stored in one of its attributes. */
    private Optional<Behind> constant(NodeProto node, String name, boolean main) throws IOException {
        if (!main) {
            storedInSubgraphs++;
            return Optional.empty();
        }
        for (AttributeProto a : node.getAttributeList()) {
            switch (a.getName()) {
                case "value" -> {
                    return store(a.getT(), name);
                }
                case "value_float" -> {
                    return store(name, DType.F32, Shape.of(), floats(new float[] {a.getF()}));
                }
                case "value_floats" -> {
                    float[] values = new float[a.getFloatsCount()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = a.getFloats(i);
                    }
                    return store(name, DType.F32, Shape.of(values.length), floats(values));
                }
                case "value_int" -> {
                    return store(name, DType.I64, Shape.of(), longs(new long[] {a.getI()}));
                }
                case "value_ints" -> {
                    long[] values = new long[a.getIntsCount()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = a.getInts(i);
                    }
                    return store(name, DType.I64, Shape.of(values.length), longs(values));
                }
                case "value_string", "value_strings" -> {
                    skip("STRING", name);
                    return Optional.empty();
                }
                case "sparse_value" -> {
                    skip("sparse", name);
                    return Optional.empty();
                }
                default -> {
                    // An attribute of the program that wrote the file; it holds no value.
                }
            }
        }
        throw new BadInputException(file, name, "its Constant node has no value");
    }

    private TensorData floats(float[] values) {
        return withData ? TensorData.of(values) : TensorData.unread(DType.F32, values.length);
    }

    private TensorData longs(long[] values) {
        return withData
                ? new TensorData(DType.I64, MemorySegment.ofArray(values), ByteOrder.nativeOrder(), values.length)
                : TensorData.unread(DType.I64, values.length);
    }

    private void readNode(NodeProto node, int index, Scope scope, String prefix) throws IOException {
        String name = node.getName().isEmpty() ? prefix + node.getOpType() + "_" + index : node.getName();
        if (WeightChains.moves(node)) {
            // A reader of the moved numbers counts as a reader of the tensor.
            scope.values.put(
                    node.getOutput(0),
                    scope.storedBehind(node.getInput(0))
                            .filter(b -> WeightChains.keeps(node, dtypeOf(b)))
                            .map(b -> new Behind(b.stored, WeightChains.axes(node, b.axes))));
            if (scope.values.get(node.getOutput(0)).isPresent() && isOp(node, "Identity")) {
                return;
            }
        }
        for (int i = 0; i < node.getInputCount(); i++) {
            Behind behind = scope.storedBehind(node.getInput(i)).orElse(null);
            Stored tensor = behind == null ? null : stored.get(behind.stored);
            if (behind == null || tensor == null) {
                continue;
            }
            boolean itself = behind.stored.equals(node.getInput(i));
            if (itself || !WeightChains.moves(node)) {
                tensor.uses.add(use(node, name, i, tensor, behind.axes, scope.outer == null));
            }
        }
        for (AttributeProto a : node.getAttributeList()) {
            for (GraphProto subgraph : subgraphs(a)) {
                readGraph(subgraph, scope, name + "/" + a.getName() + "/");
            }
        }
    }

    private DType dtypeOf(Behind behind) {
        return Objects.requireNonNull(stored.get(behind.stored)).dtype;
    }

    /**
     * @param axes the axes of the tensor that are those of the input
     * @param main false inside a subgraph, whose values stay in float: its reads make a tensor a weight, but not a bias
     */
    private Use use(NodeProto node, String name, int input, Stored tensor, Optional<List<Integer>> axes, boolean main) {
        long groups = 1;
        boolean bias = false;
        if (ElementTypes.isDefaultDomain(node)) {
            switch (node.getOpType()) {
                case "Conv", "ConvTranspose" -> {
                    groups = intAttribute(node, "group", 1);
                    if (groups < 1) {
                        throw new BadInputException(file, name, "group " + groups + " is not positive");
                    }
                    bias = main && input == 2;
                }
                case "Gemm" -> bias = main && input == 2;
                default -> {
                    // Other operators have neither groups nor a bias.
                }
            }
        }
        OptionalInt axis = tensor.dtype.isFloating() && tensor.shape.rank() >= 2
                ? WeightInputs.channelAxis(node, input, axes.map(List::size).orElse(tensor.shape.rank()))
                : OptionalInt.empty();
        boolean weight = axis.isPresent();
        OptionalInt stored = weight
                ? axes.map(a -> OptionalInt.of(a.get(axis.getAsInt()))).orElse(OptionalInt.empty())
                : OptionalInt.empty();
        return new Use(new Consumer(name, node.getOpType(), input, groups), weight, stored, bias);
    }

    private static long intAttribute(NodeProto node, String name, long otherwise) {
        for (AttributeProto a : node.getAttributeList()) {
            if (a.getName().equals(name)) {
                return a.getI();
            }
        }
        return otherwise;
    }

    private static boolean isOp(NodeProto node, String opType) {
        return node.getOpType().equals(opType) && ElementTypes.isDefaultDomain(node);
    }

    private static List<GraphProto> subgraphs(AttributeProto attribute) {
        if (!attribute.hasG()) {
            return attribute.getGraphsList();
        }
        List<GraphProto> all = new ArrayList<>(attribute.getGraphsList());
        all.addFirst(attribute.getG());
        return all;
    }

    /** Orders nodes so that each value is computed before it is used, keeping the given order if it is one. */
    private List<NodeProto> sort(GraphProto graph, String prefix, Scope scope) {
        List<NodeProto> nodes = graph.getNodeList();
        Map<String, Integer> producer = new HashMap<>();
        for (int i = 0; i < nodes.size(); i++) {
            for (String output : nodes.get(i).getOutputList()) {
                if (!output.isEmpty()) {
                    producer.put(output, i);
                }
            }
        }
        List<List<Integer>> followers = new ArrayList<>(Collections.nCopies(nodes.size(), List.of()));
        int[] waiting = new int[nodes.size()];
        boolean inOrder = true;
        for (int i = 0; i < nodes.size(); i++) {
            NodeProto node = nodes.get(i);
            Set<String> reads = new LinkedHashSet<>();
            addReads(node, reads);
            for (String name : reads) {
                Integer from = producer.get(name);
                if (from == null) {
                    if (!scope.knows(name)) {
                        throw new BadInputException(
                                file,
                                prefix + (node.getName().isEmpty() ? node.getOpType() + "_" + i : node.getName()),
                                "nothing computes its input '" + name + "'");
                    }
                    continue;
                }
                inOrder &= from < i;
                if (followers.get(from).isEmpty()) {
                    followers.set(from, new ArrayList<>());
                }
                followers.get(from).add(i);
                waiting[i]++;
            }
        }
        if (inOrder) {
            return nodes;
        }
        PriorityQueue<Integer> ready = new PriorityQueue<>();
        for (int i = 0; i < waiting.length; i++) {
            if (waiting[i] == 0) {
                ready.add(i);
            }
        }
        List<NodeProto> sorted = new ArrayList<>(nodes.size());
        for (Integer next = ready.poll(); next != null; next = ready.poll()) {
            sorted.add(nodes.get(next));
            for (int follower : followers.get(next)) {
                if (--waiting[follower] == 0) {
                    ready.add(follower);
                }
            }
        }
        if (sorted.size() < nodes.size()) {
            for (int i = 0; i < waiting.length; i++) {
                if (waiting[i] > 0) {
                    throw new BadInputException(
                            file,
                            prefix + "node " + nodes.get(i).getName(),
                            nodes.get(i).getOpType() + " needs its own output: the graph has a cycle");
                }
            }
        }
        return sorted;
    }

    /** Adds the names that a node reads from its own graph: its inputs, and what its subgraphs take from outside. */
    private void addReads(NodeProto node, Set<String> reads) {
        for (int i = 0; i < node.getInputCount(); i++) {
            String name = text(node.getInputBytes(i), "node input");
            if (!name.isEmpty()) {
                reads.add(name);
            }
        }
        for (AttributeProto a : node.getAttributeList()) {
            for (GraphProto subgraph : subgraphs(a)) {
                Set<String> inner = new LinkedHashSet<>();
                subgraph.getNodeList().forEach(n -> addReads(n, inner));
                subgraph.getOutputList().forEach(o -> inner.add(o.getName()));
                subgraph.getInputList().forEach(v -> inner.remove(v.getName()));
                subgraph.getInitializerList().forEach(t -> inner.remove(t.getName()));
                subgraph.getSparseInitializerList()
                        .forEach(t -> inner.remove(t.getValues().getName()));
                subgraph.getNodeList().forEach(n -> n.getOutputList().forEach(inner::remove));
                reads.addAll(inner);
            }
        }
    }

    private String text(ByteString bytes, String field) {
        if (!bytes.isValidUtf8()) {
            throw new BadInputException(file, field, "'" + bytes.toStringUtf8() + "' is not UTF-8");
        }
        return bytes.toStringUtf8();
    }
}
