package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Computes those parts of a graph that do not depend on the data. These are the arithmetic on shapes that exporters
 * write out, as far as the declared dimensions are fixed; and a Transpose, Reshape, Squeeze, Unsqueeze or Identity of a
 * stored float32 tensor, which would hide that the tensor is a weight.
 *
 * <p>A free dimension stays free: {@code Concat(Shape(x)[0], 64)} is not computed unless the batch is fixed. A weight
 * that is read only through folded nodes keeps its name and gets the shape that its reader sees.
 */
public final class ConstantFolding {
    /** Longer lists of integers are data, not shapes. */
    private static final int LONGEST = 1024;

    private ConstantFolding() {}

    /**
     * The same function with fewer nodes; the model itself if there is nothing to compute, or if its values were not
     * read.
     */
    public static Model fold(Model model) {
        if (model.graph().isEmpty()
                || model.tensors().stream().anyMatch(t -> !t.data().isRead())) {
            return model;
        }
        Work work = new Work(model);
        return work.run() ? work.result() : model;
    }

    /** Reads an edited graph again, because the readers of tensors may have changed, and which tensors are weights. */
    static Model reread(Model model, ModelProto edited, List<String> more) {
        return reread(model, edited, more, model.own());
    }

    private static Model reread(Model model, ModelProto edited, List<String> more, Optional<OwnQuantization> own) {
        try {
            OnnxFile read = OnnxFile.of(model.file(), edited, true);
            List<String> notes = new ArrayList<>(read.notes());
            model.notes().stream().filter(n -> !notes.contains(n)).forEach(notes::add);
            notes.addAll(more);
            return new Model(
                    model.file(),
                    model.format(),
                    model.opset(),
                    read.tensors(),
                    Optional.of(read.graph()),
                    notes,
                    model.altered(),
                    own,
                    model.metadata(),
                    model.classNames());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A list of integers, or a single one, of which some may be unknown.
     *
     * @param scalar true for rank 0
     */
    private record Known(List<Long> values, boolean scalar) {
        static final long UNKNOWN = Long.MIN_VALUE + 1;

        boolean complete() {
            return !values.contains(UNKNOWN);
        }
    }

    /** The folding of one model. */
    private static final class Work {
        private final Model model;
        private final OnnxGraph graph;
        private final GraphProto proto;
        private final GraphEdit edit;
        private final Map<String, Known> known = new HashMap<>();
        private final Map<String, List<Long>> shapes = new HashMap<>();
        private final Map<String, Tensor> stored = new HashMap<>();
        private final Set<String> outputs;
        private final Set<Integer> dropped = new HashSet<>();
        /** Stored tensors that got other values or another shape under their own names. */
        private final Set<String> replaced = new HashSet<>();

        /** For each stored tensor whose axes were moved: where its axes were; empty where that is not known. */
        private final Map<String, Optional<int[]>> axes = new HashMap<>();

        /** Tensors to store in place of a node, if anything still reads them. */
        private final Map<String, TensorProto> results = new LinkedHashMap<>();

        private int computed;

        Work(Model model) {
            this.model = model;
            this.graph = model.graph().orElseThrow();
            this.proto = graph.proto().getGraph();
            this.edit = new GraphEdit(model);
            this.outputs = new HashSet<>(graph.outputNames());
            model.tensors().forEach(t -> stored.put(t.id().name(), t));
            for (List<ValueInfoProto> list :
                    List.of(proto.getValueInfoList(), proto.getInputList(), proto.getOutputList())) {
                for (ValueInfoProto v : list) {
                    if (v.getType().getTensorType().hasShape()) {
                        shapes.put(v.getName(), OnnxGraph.declaredShape(v));
                    }
                }
            }
            model.tensors().forEach(t -> {
                shapes.put(
                        t.id().name(),
                        Arrays.stream(t.info().shape().toArray()).boxed().toList());
                if (isInteger(t.info().dtype())
                        && t.info().shape().rank() <= 1
                        && t.data().count() <= LONGEST) {
                    List<Long> values = new ArrayList<>();
                    for (long i = 0; i < t.data().count(); i++) {
                        values.add(t.data().integer(i));
                    }
                    known.put(t.id().name(), new Known(values, t.info().shape().rank() == 0));
                }
            });
        }

        private static boolean isInteger(DType type) {
            return type == DType.I64 || type == DType.I32;
        }

        boolean run() {
            for (int i = 0; i < proto.getNodeCount(); i++) {
                NodeProto node = proto.getNode(i);
                if (ElementTypes.isDefaultDomain(node)
                        && node.getOutputCount() == 1
                        && !node.getOpType().equals("Constant")) {
                    moveStored(node, i);
                    Known result = dropped.contains(i) ? null : evaluate(node);
                    if (result != null && result.values.size() <= LONGEST) {
                        String out = node.getOutput(0);
                        known.put(out, result);
                        if (result.complete() && !outputs.contains(out)) {
                            results.put(out, integers(out, result));
                            drop(i);
                        }
                    }
                }
            }
            if (computed > 0) {
                dropUnread();
            }
            return computed > 0;
        }

        private void drop(int index) {
            edit.dropNode(index);
            dropped.add(index);
            computed++;
        }

        /** Replaces an operator that only moves the values of a stored tensor by the moved tensor. */
        private void moveStored(NodeProto node, int index) {
            Tensor t = node.getInputCount() == 0 ? null : stored.get(node.getInput(0));
            String out = node.getOutput(0);
            if (t == null
                    || t.info().dtype() != DType.F32
                    || graph.types().of(node.getInput(0)) != TensorProto.DataType.FLOAT_VALUE
                    || outputs.contains(out)
                    || outputs.contains(t.id().name())) {
                return;
            }
            Shape from = t.info().shape();
            float[] values = null;
            Shape to = from;
            switch (node.getOpType()) {
                case "Identity" -> values = t.data().toFloats();
                case "Transpose" -> {
                    int[] order = order(node, from.rank());
                    long[] dims = new long[from.rank()];
                    for (int i = 0; i < dims.length; i++) {
                        dims[i] = from.dim(order[i]);
                    }
                    to = Shape.of(dims);
                    values = transpose(t.data().toFloats(), from, order);
                }
                case "Reshape", "Squeeze", "Unsqueeze" -> {
                    List<Long> shape = moved(node, from);
                    if (shape != null) {
                        to = Shape.of(shape.stream().mapToLong(Long::longValue).toArray());
                        values = to.count() == from.count() ? t.data().toFloats() : null;
                    }
                }
                default -> {
                    // Any other operator computes values.
                }
            }
            if (values == null) {
                return;
            }
            boolean onlyUse = graph.isStored(t.id().name())
                    && graph.consumers(t.id().name()).size() == 1
                    && graph.consumers(node.getInput(0)).size() == 1;
            String name = onlyUse ? t.id().name() : out;
            TensorProto moved = TensorEncoding.floats(name, DType.F32, to, values);
            if (onlyUse) {
                edit.replaceStored(name, moved);
                replaced.add(name);
                edit.redirect(out, name);
                boolean turned = node.getOpType().equals("Transpose");
                if (!node.getOpType().equals("Identity")) {
                    Optional<int[]> order = turned ? Optional.of(order(node, from.rank())) : Optional.empty();
                    axes.merge(name, order, Work::behind);
                }
            } else {
                results.put(out, moved);
            }
            stored.put(
                    out,
                    new Tensor(
                            new TensorInfo(
                                    new TensorId(name), t.info().kind(), DType.F32, to, OptionalInt.empty(), List.of()),
                            TensorData.of(values)));
            shapes.put(out, Arrays.stream(to.toArray()).boxed().toList());
            drop(index);
        }

        private static int[] order(NodeProto transpose, int rank) {
            int[] order = new int[rank];
            for (int i = 0; i < rank; i++) {
                order[i] = rank - 1 - i;
            }
            for (AttributeProto a : transpose.getAttributeList()) {
                if (a.getName().equals("perm") && a.getIntsCount() == rank) {
                    for (int i = 0; i < rank; i++) {
                        order[i] = Math.floorMod((int) a.getInts(i), Math.max(1, rank));
                    }
                }
            }
            return order;
        }

        private static float[] transpose(float[] in, Shape from, int[] order) {
            int rank = order.length;
            long[] stride = new long[rank];
            for (int i = 0; i < rank; i++) {
                stride[i] = from.inner(order[i]);
            }
            long[] at = new long[rank];
            float[] out = new float[in.length];
            long source = 0;
            for (int i = 0; i < out.length; i++) {
                out[i] = in[(int) source];
                for (int d = rank - 1; d >= 0; d--) {
                    source += stride[d];
                    if (++at[d] < from.dim(order[d])) {
                        break;
                    }
                    source -= stride[d] * at[d];
                    at[d] = 0;
                }
            }
            return out;
        }

        /** The shape that a Reshape, Squeeze or Unsqueeze gives to a stored tensor; null if it is not known. */
        private @Nullable List<Long> moved(NodeProto node, Shape from) {
            List<Long> given = list(node, node.getOpType().equals("Reshape") ? "shape" : "axes", 1);
            List<Long> dims =
                    new ArrayList<>(Arrays.stream(from.toArray()).boxed().toList());
            if (node.getOpType().equals("Reshape")) {
                if (given == null || ElementTypes.intAttribute(node, "allowzero", 0) != 0) {
                    return null;
                }
                List<Long> shape = new ArrayList<>();
                long rest = from.count();
                for (int i = 0; i < given.size(); i++) {
                    long d = given.get(i) == 0 && i < dims.size() ? dims.get(i) : given.get(i);
                    shape.add(d);
                    rest = d > 0 ? rest / d : rest;
                }
                long free = rest;
                shape.replaceAll(d -> d == -1 ? free : d);
                return shape.stream().allMatch(d -> d >= 0) ? shape : null;
            }
            boolean squeeze = node.getOpType().equals("Squeeze");
            if (given == null) {
                return squeeze && node.getInputCount() < 2
                        ? dims.stream().filter(d -> d != 1).toList()
                        : null;
            }
            int rank = dims.size() + (squeeze ? 0 : given.size());
            List<Long> axes =
                    given.stream().map(a -> a < 0 ? a + rank : a).sorted().toList();
            if (axes.stream().anyMatch(a -> a < 0 || a >= rank)) {
                return null;
            }
            if (squeeze) {
                List<Long> kept = new ArrayList<>();
                for (int i = 0; i < dims.size(); i++) {
                    if (!axes.contains((long) i)) {
                        kept.add(dims.get(i));
                    }
                }
                return kept;
            }
            axes.forEach(a -> dims.add(a.intValue(), 1L));
            return dims;
        }

        /**
         * A list of integers that is an attribute in old operator sets and an input in new ones; null if it is not
         * known.
         */
        private @Nullable List<Long> list(NodeProto node, String attribute, int input) {
            if (node.getInputCount() > input && !node.getInput(input).isEmpty()) {
                Known k = known.get(node.getInput(input));
                return k != null && k.complete() ? k.values : null;
            }
            for (AttributeProto a : node.getAttributeList()) {
                if (a.getName().equals(attribute)) {
                    return a.getIntsList();
                }
            }
            return null;
        }

        /** The result of a node on integers; null if nothing is known of it. */
        private @Nullable Known evaluate(NodeProto node) {
            String op = node.getOpType();
            Known a = input(node, 0);
            Known b = input(node, 1);
            return switch (op) {
                case "Shape" -> {
                    List<Long> dims = shapes.get(node.getInput(0));
                    if (dims == null) {
                        yield null;
                    }
                    int rank = dims.size();
                    int from = bound(ElementTypes.intAttribute(node, "start", 0), rank);
                    int to = bound(ElementTypes.intAttribute(node, "end", rank), rank);
                    yield new Known(
                            dims.subList(from, Math.max(from, to)).stream()
                                    .map(d -> d < 0 ? Known.UNKNOWN : d)
                                    .toList(),
                            false);
                }
                case "Identity" -> a;
                case "Cast" -> {
                    long to = ElementTypes.intAttribute(node, "to", 0);
                    yield to == TensorProto.DataType.INT64_VALUE ? a : null;
                }
                case "Unsqueeze" -> a != null && a.scalar ? new Known(a.values, false) : null;
                case "Squeeze" -> a != null && a.values.size() == 1 ? new Known(a.values, true) : null;
                case "Gather" -> {
                    if (a == null
                            || a.scalar
                            || b == null
                            || !b.complete()
                            || ElementTypes.intAttribute(node, "axis", 0) != 0) {
                        yield null;
                    }
                    List<Long> picked = new ArrayList<>();
                    for (long i : b.values) {
                        long at = i < 0 ? i + a.values.size() : i;
                        if (at < 0 || at >= a.values.size()) {
                            yield null;
                        }
                        picked.add(a.values.get((int) at));
                    }
                    yield new Known(picked, b.scalar);
                }
                case "Concat" -> {
                    List<Long> all = new ArrayList<>();
                    for (String in : node.getInputList()) {
                        Known k = known.get(in);
                        if (k == null || k.scalar) {
                            yield null;
                        }
                        all.addAll(k.values);
                    }
                    yield new Known(all, false);
                }
                case "Slice" -> slice(node, a);
                case "Add", "Sub", "Mul", "Div" -> a == null || b == null ? null : arithmetic(op, a, b);
                default -> null;
            };
        }

        private @Nullable Known input(NodeProto node, int i) {
            return i < node.getInputCount() ? known.get(node.getInput(i)) : null;
        }

        private static int bound(long at, int size) {
            return (int) Math.clamp(at < 0 ? at + size : at, 0L, (long) size);
        }

        private @Nullable Known slice(NodeProto node, @Nullable Known a) {
            List<Long> starts = list(node, "starts", 1);
            List<Long> ends = list(node, "ends", 2);
            List<Long> steps = list(node, "steps", 4);
            if (a == null
                    || a.scalar
                    || starts == null
                    || ends == null
                    || starts.size() != 1
                    || ends.size() != 1
                    || (steps != null && !steps.equals(List.of(1L)))
                    || (steps == null && node.getInputCount() > 4)) {
                return null;
            }
            int from = bound(starts.getFirst(), a.values.size());
            int to = bound(ends.getFirst(), a.values.size());
            return new Known(a.values.subList(from, Math.max(from, to)), false);
        }

        private static @Nullable Known arithmetic(String op, Known a, Known b) {
            int n = Math.max(a.values.size(), b.values.size());
            if ((a.values.size() != n && a.values.size() != 1)
                    || (b.values.size() != n && b.values.size() != 1)
                    || n == 0) {
                return null;
            }
            List<Long> out = new ArrayList<>(Collections.nCopies(n, Known.UNKNOWN));
            for (int i = 0; i < n; i++) {
                long x = a.values.get(a.values.size() == 1 ? 0 : i);
                long y = b.values.get(b.values.size() == 1 ? 0 : i);
                if (x != Known.UNKNOWN && y != Known.UNKNOWN && !(op.equals("Div") && y == 0)) {
                    out.set(
                            i,
                            switch (op) {
                                case "Add" -> x + y;
                                case "Sub" -> x - y;
                                case "Mul" -> x * y;
                                default -> x / y;
                            });
                }
            }
            return new Known(out, a.scalar && b.scalar);
        }

        private TensorProto integers(String name, Known k) {
            boolean narrow = graph.types().of(name) == TensorProto.DataType.INT32_VALUE;
            Shape shape = k.scalar ? Shape.of() : Shape.of(k.values.size());
            return narrow
                    ? TensorEncoding.int32(
                            name,
                            shape,
                            k.values.stream().mapToInt(Long::intValue).toArray())
                    : TensorEncoding.int64(
                            name,
                            shape,
                            k.values.stream().mapToLong(Long::longValue).toArray());
        }

        /** Removes what only removed nodes read: other such nodes, and stored tensors. */
        private void dropUnread() {
            for (boolean more = true; more; ) {
                more = false;
                Set<String> read = new HashSet<>(outputs);
                for (int i = 0; i < proto.getNodeCount(); i++) {
                    if (!dropped.contains(i)) {
                        read.addAll(proto.getNode(i).getInputList());
                        addCaptured(proto.getNode(i), read);
                    }
                }
                for (int i = 0; i < proto.getNodeCount(); i++) {
                    NodeProto node = proto.getNode(i);
                    boolean shape = known.containsKey(node.getOutputCount() == 1 ? node.getOutput(0) : "")
                            || node.getOpType().equals("Shape");
                    if (!dropped.contains(i)
                            && !node.getOpType().equals("Constant")
                            && shape
                            && node.getOutputList().stream().noneMatch(read::contains)) {
                        edit.dropNode(i);
                        dropped.add(i);
                        more = true;
                    }
                }
                if (!more) {
                    results.forEach((name, values) -> {
                        if (read.contains(name)) {
                            edit.addInitializer(values);
                        }
                    });
                    for (Tensor t : model.tensors()) {
                        boolean wasRead = !graph.consumers(t.id().name()).isEmpty();
                        if (wasRead && !replaced.contains(t.id().name()) && !read.contains(t.id().name())) {
                            edit.removeStored(t.id().name());
                        }
                    }
                }
            }
        }

        private static void addCaptured(NodeProto node, Set<String> read) {
            for (AttributeProto a : node.getAttributeList()) {
                List<GraphProto> inner = new ArrayList<>(a.getGraphsList());
                if (a.hasG()) {
                    inner.add(a.getG());
                }
                for (GraphProto g : inner) {
                    g.getOutputList().forEach(o -> read.add(o.getName()));
                    g.getNodeList().forEach(n -> {
                        read.addAll(n.getInputList());
                        addCaptured(n, read);
                    });
                }
            }
        }

        /** Where axes were before two steps. */
        private static Optional<int[]> behind(Optional<int[]> first, Optional<int[]> second) {
            return first.flatMap(
                    a -> second.map(b -> Arrays.stream(b).map(i -> a[i]).toArray()));
        }

        Model result() {
            List<String> lost = new ArrayList<>();
            Optional<OwnQuantization> own = model.own().map(o -> moved(o, lost));
            return reread(
                    model,
                    edit.buildWithReferences(),
                    lost.isEmpty()
                            ? List.of()
                            : List.of(lost.size() + " of the file's own grids no longer fit, because the graph reshapes"
                                    + " what they are of: " + lost.getFirst() + (lost.size() > 1 ? ", …" : "")),
                    own);
        }

        /** The file's own grids, along the axes as they lie now. */
        private OwnQuantization moved(OwnQuantization own, List<String> lost) {
            Map<TensorId, OwnGrid> weights = new HashMap<>();
            own.weights().forEach((id, grid) -> {
                Optional<int[]> order = axes.get(id.name());
                if (order == null || grid.params().granularity() instanceof Granularity.PerTensor) {
                    weights.put(id, grid);
                } else if (order.isPresent() && grid.params().granularity() instanceof Granularity.PerChannel c) {
                    int at = 0;
                    while (order.get()[at] != c.axis()) {
                        at++;
                    }
                    weights.put(id, new OwnGrid(grid.params().along(new Granularity.PerChannel(at)), grid.type()));
                } else {
                    lost.add(id.name());
                }
            });
            return new OwnQuantization(own.way(), weights, own.activations(), own.kept());
        }
    }
}
