package org.quantscope.bench;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.quantscope.core.Engine;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/**
 * Runs ONNX's backend test cases (folders with {@code model.onnx} and {@code test_data_set_0/input_0.pb …}) through the
 * loader and the rewritten graph, with nothing quantized. Compares the outputs with the expected ones, within the
 * tolerance of ONNX's own runner: {@code |y − e| ≤ 1e-7 + 1e-3·|e|}. Writes the counts as Markdown.
 *
 * <p>Arguments: the folder of cases, and the file to write.
 */
public final class Conformance {
    private static final double RELATIVE = 1e-3;
    private static final double ABSOLUTE = 1e-7;

    private final OrtEnvironment environment = quiet();
    private final Map<String, List<String>> passed = new TreeMap<>();
    private final Map<String, List<String>> failed = new TreeMap<>();
    private final Map<String, List<String>> skipped = new TreeMap<>();

    private Conformance() {}

    /** The environment of this process, made by the engine: its telemetry is off. */
    private static OrtEnvironment quiet() {
        OrtRuntime.version();
        return OrtEnvironment.getEnvironment();
    }

    /** The reason why a case cannot test this program. */
    private static final class Skip extends Exception {
        private static final long serialVersionUID = 1;

        Skip(String reason) {
            super(reason);
        }
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            throw new IllegalArgumentException("args: the folder of cases and the file to write, got " + args.length);
        }
        Conformance run = new Conformance();
        Path folder = Path.of(args[0]);
        List<Path> cases;
        try (Stream<Path> listed = Files.list(folder)) {
            cases = listed.filter(c -> Files.isRegularFile(c.resolve("model.onnx")))
                    .sorted()
                    .toList();
        }
        for (Path c : cases) {
            run.run(c);
        }
        String text = run.markdown(folder, cases.size());
        Files.writeString(Path.of(args[1]), text.stripTrailing() + "\n");
        System.out.print(text);
    }

    private void run(Path folder) {
        String name = String.valueOf(folder.getFileName());
        try {
            ModelProto proto = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
            for (ValueInfoProto v : Stream.concat(
                            proto.getGraph().getInputList().stream(), proto.getGraph().getOutputList().stream())
                    .toList()) {
                if (!v.getType().hasTensorType()) {
                    throw new Skip("an input or output is a sequence, a map or an optional value");
                }
            }
            Map<String, OnnxTensor> feeds = feeds(folder, proto);
            try {
                compare(folder, name, proto, feeds);
            } finally {
                feeds.values().forEach(OnnxTensor::close);
            }
        } catch (Skip e) {
            skipped.computeIfAbsent(e.getMessage(), k -> new ArrayList<>()).add(name);
        } catch (OrtException e) {
            failed.computeIfAbsent("the test program: " + e.getMessage(), k -> new ArrayList<>())
                    .add(name);
        } catch (IOException e) {
            failed.computeIfAbsent("unreadable: " + e.getMessage(), k -> new ArrayList<>())
                    .add(name);
        }
    }

    private void compare(Path folder, String name, ModelProto proto, Map<String, OnnxTensor> feeds)
            throws IOException, Skip {
        List<String> outputs = proto.getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .toList();
        List<TensorProto> expected = new ArrayList<>();
        for (int i = 0; i < outputs.size(); i++) {
            TensorProto t =
                    TensorProto.parseFrom(Files.readAllBytes(folder.resolve("test_data_set_0/output_" + i + ".pb")));
            if (t.getDataType() != TensorProto.DataType.STRING_VALUE) {
                javaType(t.getDataType());
            }
            expected.add(t);
        }
        byte[] original = Files.readAllBytes(folder.resolve("model.onnx"));
        try {
            String wrong = difference(original, feeds, outputs, expected);
            if (!wrong.isEmpty()) {
                throw new Skip("ONNX Runtime by itself gives another result");
            }
        } catch (OrtException e) {
            throw new Skip(refusal(e));
        }
        Model model;
        try {
            model = ModelLoaders.open(folder.resolve("model.onnx"));
        } catch (BadInputException e) {
            if (String.valueOf(e.getMessage()).contains("opset_import")) {
                throw new Skip("its operator set is older than 7, or it has none of the standard domain");
            }
            failed.computeIfAbsent("the loader refuses it", k -> new ArrayList<>())
                    .add(name + " (" + e.getMessage() + ")");
            return;
        }
        String way = "rewritten";
        try {
            String wrong = rewritten(model, feeds, outputs, expected);
            if (wrong.isEmpty()) {
                way = "folded and rewritten";
                wrong = rewritten(Engine.analysed(model), feeds, outputs, expected);
            }
            if (wrong.isEmpty()) {
                passed.computeIfAbsent("", k -> new ArrayList<>()).add(name);
            } else {
                failed.computeIfAbsent("another result, " + way, k -> new ArrayList<>())
                        .add(name + " (" + wrong + ")");
            }
        } catch (OrtException | BadInputException e) {
            failed.computeIfAbsent("does not run, " + way, k -> new ArrayList<>())
                    .add(name + " (" + e.getMessage() + ")");
        }
    }

    /**
     * Runs the graph in the form that settings with nothing quantized give: one weight becomes an input, the other
     * weights are written anew. Returns the difference from the expected outputs.
     */
    private String rewritten(
            Model model, Map<String, OnnxTensor> feeds, List<String> outputs, List<TensorProto> expected)
            throws OrtException {
        List<Tensor> weights = model.tensors().stream()
                .filter(t ->
                        t.info().kind() == TensorKind.WEIGHT && t.info().dtype().isFloating())
                .toList();
        Optional<TensorId> selected = weights.stream().map(Tensor::id).findFirst();
        Map<TensorId, TensorData> baked = new LinkedHashMap<>();
        weights.stream()
                .skip(1)
                .forEach(t -> baked.put(t.id(), TensorData.of(t.data().toFloats())));
        InstrumentedGraph graph = InstrumentedGraph.build(model, selected, baked, Map.of(), Set.of());
        Map<String, OnnxTensor> all = new LinkedHashMap<>(feeds);
        if (selected.isPresent()) {
            float[] values = weights.getFirst().data().toFloats();
            ByteBuffer bytes =
                    ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
            bytes.asFloatBuffer().put(values);
            all.put(
                    graph.weightFeed().orElseThrow(),
                    OnnxTensor.createTensor(
                            environment,
                            bytes,
                            weights.getFirst().info().shape().toArray(),
                            OnnxJavaType.FLOAT));
        }
        return difference(graph.graph().message(), all, outputs, expected);
    }

    /** The difference from the expected outputs; empty if there is none. */
    private String difference(
            byte[] model, Map<String, OnnxTensor> feeds, List<String> outputs, List<TensorProto> expected)
            throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            try (OrtSession session = environment.createSession(model, options)) {
                Map<String, OnnxTensorLike> wanted = new LinkedHashMap<>();
                feeds.forEach((k, v) -> {
                    if (session.getInputNames().contains(k)) {
                        wanted.put(k, v);
                    }
                });
                try (OrtSession.Result result = session.run(wanted)) {
                    for (int i = 0; i < outputs.size(); i++) {
                        OnnxValue value = result.get(outputs.get(i)).orElseThrow();
                        String wrong = difference((OnnxTensor) value, expected.get(i));
                        if (!wrong.isEmpty()) {
                            return outputs.get(i) + ": " + wrong;
                        }
                    }
                    return "";
                }
            }
        }
    }

    private static String difference(OnnxTensor value, TensorProto expected) throws OrtException {
        TensorInfo info = value.getInfo();
        long[] dims = expected.getDimsList().stream().mapToLong(Long::longValue).toArray();
        if (!Arrays.equals(info.getShape(), dims)) {
            return "shape " + Arrays.toString(info.getShape()) + " in place of " + Arrays.toString(dims);
        }
        if (info.type == OnnxJavaType.STRING) {
            Object got = value.getValue();
            String[] flat = got instanceof String s ? new String[] {s} : flatten(got);
            for (int i = 0; i < flat.length; i++) {
                if (!flat[i].equals(expected.getStringData(i).toStringUtf8())) {
                    return "\"" + flat[i] + "\" in place of \""
                            + expected.getStringData(i).toStringUtf8() + "\"";
                }
            }
            return "";
        }
        double[] y = numbers(value, info);
        double[] e = numbers(expected);
        for (int i = 0; i < y.length; i++) {
            boolean close = y[i] == e[i]
                    || (Double.isNaN(y[i]) && Double.isNaN(e[i]))
                    || Math.abs(y[i] - e[i]) <= ABSOLUTE + RELATIVE * Math.abs(e[i]);
            if (!close) {
                return y[i] + " in place of " + e[i];
            }
        }
        return "";
    }

    private static String[] flatten(Object nested) {
        List<String> out = new ArrayList<>();
        for (Object o : (Object[]) nested) {
            if (o instanceof String s) {
                out.add(s);
            } else {
                out.addAll(List.of(flatten(o)));
            }
        }
        return out.toArray(String[]::new);
    }

    private static double[] numbers(OnnxTensor value, TensorInfo info) throws OrtException {
        int n = Math.toIntExact(info.getNumElements());
        double[] out = new double[n];
        switch (info.type) {
            case FLOAT, FLOAT16, BFLOAT16 -> {
                var b = value.getFloatBuffer();
                for (int i = 0; i < n; i++) {
                    out[i] = b.get(i);
                }
            }
            case DOUBLE -> {
                var b = value.getDoubleBuffer();
                for (int i = 0; i < n; i++) {
                    out[i] = b.get(i);
                }
            }
            case INT64 -> {
                var b = value.getLongBuffer();
                for (int i = 0; i < n; i++) {
                    out[i] = b.get(i);
                }
            }
            case INT32 -> {
                var b = value.getIntBuffer();
                for (int i = 0; i < n; i++) {
                    out[i] = b.get(i);
                }
            }
            case INT16 -> {
                var b = value.getShortBuffer();
                for (int i = 0; i < n; i++) {
                    out[i] = b.get(i);
                }
            }
            case INT8, UINT8, BOOL -> {
                var b = value.getByteBuffer();
                for (int i = 0; i < n; i++) {
                    out[i] = info.type == OnnxJavaType.INT8 ? b.get(i) : b.get(i) & 0xff;
                }
            }
            default -> throw new OrtException("no reader for " + info.type);
        }
        return out;
    }

    private Map<String, OnnxTensor> feeds(Path folder, ModelProto proto) throws IOException, OrtException, Skip {
        Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
        for (int i = 0; i < proto.getGraph().getInputCount(); i++) {
            Path file = folder.resolve("test_data_set_0/input_" + i + ".pb");
            if (Files.isRegularFile(file)) {
                TensorProto t = TensorProto.parseFrom(Files.readAllBytes(file));
                long[] dims =
                        t.getDimsList().stream().mapToLong(Long::longValue).toArray();
                String name = proto.getGraph().getInput(i).getName();
                if (t.getDataType() == TensorProto.DataType.STRING_VALUE) {
                    feeds.put(
                            name,
                            OnnxTensor.createTensor(
                                    environment,
                                    t.getStringDataList().stream()
                                            .map(b -> b.toStringUtf8())
                                            .toArray(String[]::new),
                                    dims));
                } else {
                    OnnxJavaType type = javaType(t.getDataType());
                    ByteBuffer from = bytes(t);
                    ByteBuffer direct = ByteBuffer.allocateDirect(Math.max(1, from.remaining()))
                            .order(ByteOrder.nativeOrder());
                    int n = from.remaining();
                    direct.put(from).flip().limit(n);
                    feeds.put(name, OnnxTensor.createTensor(environment, direct, dims, type));
                }
            }
        }
        for (ValueInfoProto v : proto.getGraph().getOutputList()) {
            int type = v.getType().getTensorType().getElemType();
            if (type != TensorProto.DataType.STRING_VALUE) {
                javaType(type);
            }
        }
        return feeds;
    }

    private static OnnxJavaType javaType(int type) throws Skip {
        return switch (type) {
            case TensorProto.DataType.FLOAT_VALUE -> OnnxJavaType.FLOAT;
            case TensorProto.DataType.DOUBLE_VALUE -> OnnxJavaType.DOUBLE;
            case TensorProto.DataType.INT8_VALUE -> OnnxJavaType.INT8;
            case TensorProto.DataType.UINT8_VALUE -> OnnxJavaType.UINT8;
            case TensorProto.DataType.INT16_VALUE -> OnnxJavaType.INT16;
            case TensorProto.DataType.INT32_VALUE -> OnnxJavaType.INT32;
            case TensorProto.DataType.INT64_VALUE -> OnnxJavaType.INT64;
            case TensorProto.DataType.BOOL_VALUE -> OnnxJavaType.BOOL;
            case TensorProto.DataType.FLOAT16_VALUE -> OnnxJavaType.FLOAT16;
            case TensorProto.DataType.BFLOAT16_VALUE -> OnnxJavaType.BFLOAT16;
            default ->
                throw new Skip(
                        "an element type that ONNX Runtime's Java interface does not have (uint16, uint32, uint64,"
                                + " complex)");
        };
    }

    /** The values of a tensor in little-endian bytes, as in raw_data. */
    private static ByteBuffer bytes(TensorProto t) {
        if (!t.getRawData().isEmpty()) {
            return t.getRawData().asReadOnlyByteBuffer();
        }
        int n = (int) t.getDimsList().stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
        ByteBuffer out = ByteBuffer.allocate(n * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        t.getFloatDataList().forEach(out::putFloat);
        t.getDoubleDataList().forEach(out::putDouble);
        t.getInt64DataList().forEach(out::putLong);
        t.getInt32DataList().forEach(v -> {
            switch (t.getDataType()) {
                case TensorProto.DataType.INT32_VALUE -> out.putInt(v);
                case TensorProto.DataType.INT8_VALUE,
                        TensorProto.DataType.UINT8_VALUE,
                        TensorProto.DataType.BOOL_VALUE -> out.put(v.byteValue());
                default -> out.putShort(v.shortValue());
            }
        });
        return out.flip();
    }

    private static double[] numbers(TensorProto t) {
        ByteBuffer b = bytes(t).order(ByteOrder.LITTLE_ENDIAN);
        int n = (int) t.getDimsList().stream().mapToLong(Long::longValue).reduce(1, (x, y) -> x * y);
        double[] out = new double[n];
        for (int i = 0; i < n; i++) {
            out[i] = switch (t.getDataType()) {
                case TensorProto.DataType.FLOAT_VALUE -> b.getFloat();
                case TensorProto.DataType.DOUBLE_VALUE -> b.getDouble();
                case TensorProto.DataType.INT64_VALUE -> b.getLong();
                case TensorProto.DataType.INT32_VALUE -> b.getInt();
                case TensorProto.DataType.INT16_VALUE -> b.getShort();
                case TensorProto.DataType.INT8_VALUE -> b.get();
                case TensorProto.DataType.UINT8_VALUE, TensorProto.DataType.BOOL_VALUE -> b.get() & 0xff;
                case TensorProto.DataType.FLOAT16_VALUE -> Float.float16ToFloat(b.getShort());
                case TensorProto.DataType.BFLOAT16_VALUE -> Float.intBitsToFloat(b.getShort() << 16);
                default -> throw new IllegalArgumentException("no reader for type " + t.getDataType());
            };
        }
        return out;
    }

    private static String refusal(OrtException e) {
        String text = String.valueOf(e.getMessage());
        if (text.contains("ai.onnx.preview.training") || text.contains("training")) {
            return "ONNX Runtime by itself refuses it: an operator of the training domain";
        }
        if (text.contains("NOT_IMPLEMENTED") || text.contains("Could not find an implementation")) {
            return "ONNX Runtime by itself refuses it: no kernel for its types";
        }
        return "ONNX Runtime by itself refuses it: invalid to it, or fails while it runs";
    }

    private String markdown(Path folder, int cases) {
        StringBuilder out = new StringBuilder();
        out.append("# Conformance\n\n");
        out.append("Generated by `mvn -o -q -Pbench -pl engine/bench -am process-classes"
                        + " -Dbench.main=org.quantscope.bench.Conformance ")
                .append("-Dbench.args=\"")
                .append(folder)
                .append(" ../../docs/conformance.md\"`.\n\n");
        out.append("The backend test cases that ONNX publishes (Debian: `libonnx-testdata`), each through the"
                        + " loader, the folding and the rewritten graph with ")
                .append("nothing quantized: one weight fed, the others written anew. An output counts as equal within"
                        + " |y − e| ≤ 1e-7 + 1e-3·|e|, ")
                .append("the tolerances of ONNX's own runner.\n\n");
        out.append("| | cases |\n|---|---:|\n");
        out.append("| all | ").append(cases).append(" |\n");
        out.append("| passed | ").append(count(passed)).append(" |\n");
        out.append("| failed | ").append(count(failed)).append(" |\n");
        out.append("| skipped | ").append(count(skipped)).append(" |\n\n");
        section(out, "Failed", failed, true);
        section(out, "Skipped, by reason", skipped, false);
        return out.toString();
    }

    private static void section(StringBuilder out, String title, Map<String, List<String>> groups, boolean named) {
        if (groups.isEmpty()) {
            return;
        }
        out.append("## ").append(title).append("\n\n| reason | cases |\n|---|---:|\n");
        groups.forEach((reason, names) -> out.append("| ")
                .append(reason)
                .append(" | ")
                .append(names.size())
                .append(" |\n"));
        out.append('\n');
        if (named) {
            groups.forEach((reason, names) -> names.forEach(
                    n -> out.append("- ").append(n.replace('\n', ' ')).append('\n')));
            out.append('\n');
        }
    }

    private static int count(Map<String, List<String>> groups) {
        return groups.values().stream().mapToInt(List::size).sum();
    }
}
