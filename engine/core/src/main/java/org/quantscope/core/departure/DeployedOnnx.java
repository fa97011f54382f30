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
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A deployed ONNX file, with QuantizeLinear and DequantizeLinear or with operators on integers, run in ONNX Runtime. The
 * codes of a value are read and decoded here, with the parameters by which its readers decode them.
 */
final class DeployedOnnx implements Deployed {
    /** How a file is run. */
    enum Run {
        /** Every node as it is written. */
        AS_WRITTEN(OrtModel.Options.DEFAULT.withoutFusing()),
        /**
         * As a user runs it, with the kernels that ONNX Runtime puts in the place of groups of nodes; then only codes and
         * outputs can be read.
         */
        AS_RUN(OrtModel.Options.DEFAULT),
        /** The same with sums of integers that do not saturate. */
        EXACT(OrtModel.Options.DEFAULT.withExactSums());

        private final OrtModel.Options options;

        Run(OrtModel.Options options) {
            this.options = options;
        }
    }

    private final Path file;
    private final Model raw;
    private final Model floats;
    private final List<Value> values;
    /** The name in the file of each value; if the value has a grid its codes, or what a reader makes of them. */
    private final Map<String, String> taps;

    private final Map<String, QuantParams> inputGrids;
    private final OrtModel.Options options;
    private @Nullable OrtModel loaded;

    private DeployedOnnx(
            Path file,
            Model raw,
            Model floats,
            List<Value> values,
            Map<String, String> taps,
            Map<String, QuantParams> inputGrids,
            OrtModel.Options options) {
        this.file = file;
        this.raw = raw;
        this.floats = floats;
        this.values = values;
        this.taps = taps;
        this.inputGrids = inputGrids;
        this.options = options;
    }

    /**
     * Opens a file.
     *
     * @throws BadInputException if it is no ONNX file with a graph
     */
    static DeployedOnnx open(Path file, Run run) throws IOException {
        OnnxFile read = OnnxFile.read(file, true);
        Model raw = model(file, read);
        Optional<OnnxFile.Quantized> form = read.floatForm(file);
        Model floats = form.map(f -> model(file, f.floats())).orElse(raw);
        Map<String, String> codes = form.map(OnnxFile.Quantized::codes).orElse(Map.of());
        Map<String, QuantParams> grids = new HashMap<>();
        form.ifPresent(f -> f.own().activations().forEach((id, grid) -> grids.put(id.name(), grid.params())));
        Model withOwn = form.map(f -> new Model(
                        file,
                        "onnx",
                        OptionalInt.of(read.opset()),
                        floats.tensors(),
                        floats.graph(),
                        List.of(),
                        Set.of(),
                        Optional.of(f.own())))
                .orElse(floats);
        return of(file, raw, withOwn, codes, grids, run);
    }

    private static Model model(Path file, OnnxFile read) {
        return new Model(
                file, "onnx", OptionalInt.of(read.opset()), read.tensors(), Optional.of(read.graph()), read.notes());
    }

    private static DeployedOnnx of(
            Path file, Model raw, Model floats, Map<String, String> codes, Map<String, QuantParams> grids, Run run) {
        boolean asRun = run != Run.AS_WRITTEN;
        OnnxGraph graph = floats.graph().orElseThrow();
        OnnxGraph rawGraph = raw.graph().orElseThrow();
        Set<String> computed = new HashSet<>(rawGraph.requiredInputs());
        rawGraph.nodes().forEach(n -> computed.addAll(n.outputs()));
        Map<String, String> valueOf = new HashMap<>();
        codes.forEach((value, code) -> valueOf.put(code, value));
        Map<String, String> reader = new HashMap<>();
        rawGraph.nodes().stream()
                .filter(n -> n.opType().endsWith("DequantizeLinear"))
                .forEach(n ->
                        reader.putIfAbsent(n.input(0).orElse(""), n.outputs().getFirst()));
        Map<String, List<String>> readUnder = new HashMap<>();
        Map<String, QuantParams> readAs = new HashMap<>();
        Map<String, QuantParams> inputGrids = new HashMap<>();
        Set<String> coding = new HashSet<>();
        Set<String> relus = new HashSet<>();
        for (OnnxNode node : graph.nodes()) {
            String op = node.opType();
            if (op.equals("Relu")) {
                relus.addAll(node.outputs());
            }
            if (op.endsWith("QuantizeLinear")) {
                coding.addAll(node.outputs());
            } else if (op.endsWith("DequantizeLinear")) {
                String from = node.input(0).orElse("");
                String value = valueOf.get(from);
                Optional<QuantParams> params = params(floats, node);
                if (value != null) {
                    coding.addAll(node.outputs());
                    readUnder.computeIfAbsent(value, k -> new ArrayList<>()).addAll(node.outputs());
                    params.ifPresent(p -> readAs.putIfAbsent(value, p));
                } else if (graph.requiredInputs().contains(from)) {
                    params.ifPresent(p -> inputGrids.put(from, p));
                }
            }
        }
        List<String> order = new ArrayList<>(graph.requiredInputs());
        graph.nodes().forEach(n -> order.addAll(n.outputs()));
        Set<String> outputs = Set.copyOf(graph.outputNames());
        List<Value> values = new ArrayList<>();
        Map<String, String> taps = new LinkedHashMap<>();
        for (String name : order) {
            if (name.isEmpty() || coding.contains(name) || graph.isStored(name)) {
                continue;
            }
            String code = codes.get(name);
            QuantParams grid = grids.get(name);
            // Codes of less than 8 bits are not handed out: what their first reader makes of them is.
            String decoded = grid == null || code == null || dtype(grid).isPresent() ? null : reader.get(code);
            boolean coded = code != null
                    && grid != null
                    && grid.isAffine()
                    && (decoded != null || dtype(grid).isPresent());
            boolean readable = coded
                    || (computed.contains(name)
                            && graph.types().isFloating(name)
                            && (!asRun
                                    || outputs.contains(name)
                                    || graph.requiredInputs().contains(name)));
            if (!readable) {
                continue;
            }
            List<String> aliases = new ArrayList<>();
            if (coded && code != null) {
                aliases.add(plainName(code));
            }
            aliases.add(plainName(name));
            List<String> inFloats = new ArrayList<>(List.of(name));
            inFloats.addAll(readUnder.getOrDefault(name, List.of()));
            Optional<QuantParams> own = Optional.ofNullable(coded ? grid : null);
            values.add(new Value(
                    name,
                    aliases,
                    own,
                    Optional.ofNullable(coded ? readAs.getOrDefault(name, grid) : null),
                    inFloats,
                    coded && !computed.contains(name) && relus.contains(name),
                    false));
            taps.put(name, decoded != null ? decoded : coded ? code : name);
        }
        return new DeployedOnnx(file, raw, floats, List.copyOf(values), taps, inputGrids, run.options);
    }

    /** The parameters of a node per tensor, as its stored inputs give them. */
    private static Optional<QuantParams> params(Model model, OnnxNode node) {
        Optional<Tensor> scale = node.input(1).flatMap(n -> model.find(new TensorId(n)));
        Optional<Tensor> zero = node.input(2).flatMap(n -> model.find(new TensorId(n)));
        if (scale.isEmpty() || scale.get().data().count() != 1) {
            return Optional.empty();
        }
        DType type = zero.map(z -> z.info().dtype()).orElse(DType.U8);
        boolean signed = type == DType.I8 || type == DType.I16;
        int bits = type == DType.I16 || type == DType.U16 ? 16 : 8;
        int qmin = signed ? -(1 << (bits - 1)) : 0;
        try {
            return Optional.of(new QuantParams(
                    Granularity.TENSOR,
                    scale.get().data().toFloats(),
                    new int[] {zero.map(z -> (int) z.data().integer(0)).orElse(0)},
                    qmin,
                    qmin + (1 << bits) - 1));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The type that codes of a grid have in a file, if the runtime hands it out; empty for others. */
    private static Optional<DType> dtype(QuantParams grid) {
        if (grid.qmin() == 0 && grid.qmax() == 255) {
            return Optional.of(DType.U8);
        }
        if (grid.qmin() == -128 && grid.qmax() == 127) {
            return Optional.of(DType.I8);
        }
        return grid.qmin() == -32768 && grid.qmax() == 32767 ? Optional.of(DType.I16) : Optional.empty();
    }

    private static final List<String> ADDED = List.of(
            "_QuantizeLinear_Output",
            "_QuantizeLinear_Input",
            "_DequantizeLinear_Output",
            "_quantized",
            "_float",
            "_requantized");

    /** A name without what quantizers add to it. */
    static String plainName(String name) {
        String plain = name;
        for (boolean more = true; more; ) {
            more = false;
            for (String suffix : ADDED) {
                if (plain.endsWith(suffix) && plain.length() > suffix.length()) {
                    plain = plain.substring(0, plain.length() - suffix.length());
                    more = true;
                }
            }
        }
        return plain;
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
    public int fixedBatch() {
        return raw.graph().orElseThrow().inputs().stream()
                .flatMap(i -> i.shape().stream())
                .filter(s -> !s.isEmpty() && s.getFirst() > 0)
                .mapToInt(s -> Math.toIntExact(s.getFirst()))
                .findFirst()
                .orElse(0);
    }

    @Override
    public int samples() {
        return Integer.MAX_VALUE;
    }

    private OrtModel loaded() {
        if (loaded == null) {
            Map<TensorId, DType> wanted = new LinkedHashMap<>();
            values.forEach(v -> wanted.put(
                    new TensorId(String.valueOf(taps.get(v.name()))),
                    v.grid().flatMap(DeployedOnnx::dtype).orElse(DType.F32)));
            loaded = OrtModel.load(InstrumentedGraph.tapped(raw, wanted), String.valueOf(file.getFileName()), options);
        }
        return loaded;
    }

    @Override
    public Map<String, Values> run(Map<String, Values> fed, int[] samples, CancelToken cancel) {
        Map<String, NativeTensor> feeds = new HashMap<>();
        try {
            Map<String, Values> inputs = inputs(fed);
            OnnxGraph graph = raw.graph().orElseThrow();
            for (OnnxGraph.Input input : graph.inputs()) {
                Values v = inputs.get(input.name());
                DType type = input.type().filter(NativeTensor::canHold).orElse(DType.F32);
                QuantParams grid = inputGrids.get(input.name());
                if (v != null) {
                    float[] x = grid == null || type.isFloating() ? v.values() : codes(v.values(), grid);
                    feeds.put(input.name(), NativeTensor.of(x, v.shape(), type));
                }
            }
            List<String> computed = values.stream()
                    .map(v -> String.valueOf(taps.get(v.name())))
                    .filter(name -> !graph.requiredInputs().contains(name))
                    .distinct()
                    .toList();
            Map<String, FloatOutput> outputs = new HashMap<>();
            loaded().runNumbers(feeds, computed, cancel).forEach(out -> outputs.put(out.name(), out));
            Map<String, Values> found = new LinkedHashMap<>();
            for (Value v : values) {
                FloatOutput out = outputs.get(String.valueOf(taps.get(v.name())));
                Values plain = out == null
                        ? inputs.get(v.name())
                        : new Values(
                                out.shape(),
                                v.readAs()
                                        .filter(g -> dtype(g).isPresent())
                                        .map(g -> decoded(out.values(), g))
                                        .orElse(out.values()));
                if (plain != null) {
                    found.put(v.name(), plain);
                }
            }
            return found;
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    /** What the inputs of the file take, in its own names and order of axes. */
    private Map<String, Values> inputs(Map<String, Values> fed) {
        List<OnnxGraph.Input> own = raw.graph().orElseThrow().inputs();
        Map<String, Values> inputs = new LinkedHashMap<>();
        List<String> names = List.copyOf(fed.keySet());
        for (int i = 0; i < own.size(); i++) {
            OnnxGraph.Input input = own.get(i);
            String from = fed.containsKey(input.name()) || own.size() != names.size() ? input.name() : names.get(i);
            Values v = fed.get(from);
            if (v == null) {
                throw new BadInputException(
                        file, input.name(), "is an input that the float model does not have; it has " + names);
            }
            inputs.put(input.name(), fitted(v, input));
        }
        return inputs;
    }

    private Values fitted(Values v, OnnxGraph.Input input) {
        if (input.shape().isEmpty()) {
            return v;
        }
        long[] dims = input.shape().get().stream().mapToLong(Long::longValue).toArray();
        if (dims.length == 0) {
            return v;
        }
        dims[0] = v.shape().rank() > 0 ? v.shape().dim(0) : 1;
        for (int i = 1; i < dims.length; i++) {
            dims[i] = dims[i] < 0 && dims.length == v.shape().rank() ? v.shape().dim(i) : Math.max(1, dims[i]);
        }
        Shape wanted = Shape.of(dims);
        return Values.layout(v.shape(), wanted)
                .map(layout -> v.in(layout, wanted))
                .orElseThrow(() -> new BadInputException(
                        file, input.name(), "wants " + wanted + ", the float model is fed " + v.shape()));
    }

    private static float[] codes(float[] x, QuantParams grid) {
        Grid g = grid.grid(0);
        float[] codes = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            codes[i] = g.index(x[i]) + grid.qmin();
        }
        return codes;
    }

    private static float[] decoded(float[] codes, QuantParams grid) {
        float[] x = new float[codes.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = (codes[i] - grid.zeroPoint(0)) * grid.scale(0);
        }
        return x;
    }

    @Override
    public void close() {
        if (loaded != null) {
            loaded.close();
            loaded = null;
        }
    }
}
