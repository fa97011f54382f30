package org.quantscope.core.departure;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;

/** Faults planted in deployed twins are named at the tensor where they begin, with their cause. */
class PlantedFaultsTest {
    @TempDir
    private Path folder;

    private final List<String> wrong = new ArrayList<>();

    private static TensorProto stored(GraphProto.Builder g, String name) {
        return g.getInitializerList().stream()
                .filter(t -> t.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name));
    }

    private static void store(GraphProto.Builder g, TensorProto now) {
        for (int i = 0; i < g.getInitializerCount(); i++) {
            if (g.getInitializer(i).getName().equals(now.getName())) {
                g.setInitializer(i, now);
                return;
            }
        }
        g.addInitializer(now);
    }

    private static ByteBuffer bytes(TensorProto t) {
        return ByteBuffer.wrap(t.getRawData().toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Changes element i of a float tensor. */
    static void scale(GraphProto.Builder g, String name, int i, float factor) {
        TensorProto t = stored(g, name);
        ByteBuffer b = bytes(t);
        for (int k = 0; k < b.capacity() / 4; k++) {
            if (i < 0 || k == i) {
                b.putFloat(4 * k, b.getFloat(4 * k) * factor);
            }
        }
        store(g, t.toBuilder().setRawData(ByteString.copyFrom(b.array())).build());
    }

    private static void codes(GraphProto.Builder g, String name, IntUnaryOperator from) {
        TensorProto t = stored(g, name);
        byte[] old = t.getRawData().toByteArray();
        byte[] now = new byte[old.length];
        for (int i = 0; i < now.length; i++) {
            now[i] = old[from.applyAsInt(i)];
        }
        store(g, t.toBuilder().setRawData(ByteString.copyFrom(now)).build());
    }

    private static void add(GraphProto.Builder g, String name, int by) {
        add(g, name, i -> by);
    }

    /** Adds to each code; codes at the ends stay. */
    static void add(GraphProto.Builder g, String name, IntUnaryOperator by) {
        TensorProto t = stored(g, name);
        byte[] b = t.getRawData().toByteArray();
        for (int i = 0; i < b.length; i++) {
            if (b[i] != Byte.MAX_VALUE || by.applyAsInt(i) <= 0) {
                b[i] += (byte) by.applyAsInt(i);
            }
        }
        store(g, t.toBuilder().setRawData(ByteString.copyFrom(b)).build());
    }

    private static int node(GraphProto.Builder g, String op, String output) {
        for (int i = 0; i < g.getNodeCount(); i++) {
            if (g.getNode(i).getOpType().equals(op)
                    && (output.isEmpty() || g.getNode(i).getOutputList().contains(output))) {
                return i;
            }
        }
        throw new IllegalArgumentException(op + " " + output);
    }

    /** A copy of a stored tensor under another name, for one reader. */
    private static void ownCopy(GraphProto.Builder g, int node, int input, String name) {
        store(
                g,
                stored(g, g.getNode(node).getInput(input)).toBuilder()
                        .setName(name)
                        .build());
        g.setNode(node, g.getNode(node).toBuilder().setInput(input, name));
    }

    private void expect(String what, Path floats, Path deployed, String tensor, Cause cause) throws IOException {
        Optional<Departure> found =
                Twins.compare(floats, deployed, Twins.PICTURES).first();
        String told = found.map(d -> d.name() + " " + d.cause()).orElse("nothing");
        if (!told.equals(tensor + " " + cause)) {
            wrong.add(what + ": " + found + " and not " + tensor + " " + cause);
        }
    }

    private void expect(
            String what, Path floats, ModelProto twin, Consumer<GraphProto.Builder> fault, String tensor, Cause cause)
            throws IOException {
        GraphProto.Builder g = twin.getGraph().toBuilder();
        fault.accept(g);
        expect(what, floats, Twins.write(twin.toBuilder().setGraph(g).build(), folder), tensor, cause);
    }

    @Test
    void faultsInFilesAreNamed() throws IOException {
        Path floats = Twins.smallNet(folder);
        ModelProto qdq = Twins.qdq(floats, Twins.PICTURES, Twins.Settings.W8, folder);
        ModelProto channels = Twins.qdq(floats, Twins.PICTURES, Twins.Settings.W8_CHANNEL, folder);
        expect("scale of a weight x2", floats, qdq, g -> scale(g, "conv1_w_scale", -1, 2), "c1", Cause.RANGE);
        expect("scale of a channel x2", floats, channels, g -> scale(g, "conv2_w_scale", 3, 2), "c2", Cause.RANGE);
        expect("scale of an activation x2", floats, qdq, g -> scale(g, "a1_scale", -1, 2), "a1", Cause.RANGE);
        expect("clip range halved", floats, qdq, g -> scale(g, "a2_scale", -1, 0.5f), "a2", Cause.RANGE);
        expect(
                "read with another scale",
                floats,
                qdq,
                g -> {
                    ownCopy(g, node(g, "DequantizeLinear", "a1_DequantizeLinear_Output"), 1, "other");
                    scale(g, "other", -1, 1.5f);
                },
                "a1",
                Cause.RANGE);
        expect("zero point off", floats, qdq, g -> add(g, "prepared_zero_point", 40), "prepared", Cause.ZERO_POINT);
        expect(
                "read with another zero point",
                floats,
                qdq,
                g -> {
                    ownCopy(g, node(g, "DequantizeLinear", "prepared_DequantizeLinear_Output"), 2, "other");
                    add(g, "other", 3);
                },
                "prepared",
                Cause.ZERO_POINT);
        expect("zero point of a weight off", floats, qdq, g -> add(g, "conv1_w_zero_point", 5), "c1", Cause.ZERO_POINT);
        expect(
                "weight with height and width exchanged",
                floats,
                qdq,
                g -> codes(g, "conv1_w_quantized", i -> i / 9 * 9 + i % 3 * 3 + i % 9 / 3),
                "c1",
                Cause.LAYOUT);
        expect(
                "two channels exchanged",
                floats,
                qdq,
                g -> codes(g, "conv2_w_quantized", i -> i / 72 == 2 ? i + 3 * 72 : i / 72 == 5 ? i - 3 * 72 : i),
                "c2",
                Cause.LAYOUT);
        expect(
                "colours in the other order",
                floats,
                qdq,
                g -> codes(g, "conv1_w_quantized", i -> i + (2 - 2 * (i / 9 % 3)) * 9),
                "c1",
                Cause.LAYOUT);
        expect(
                "bias wrapped at 16 bits",
                floats,
                qdq,
                g -> {
                    TensorProto t = stored(g, "conv2_b_quantized");
                    ByteBuffer b = bytes(t);
                    b.putInt(4, b.getInt(4) - (1 << 16));
                    store(
                            g,
                            t.toBuilder()
                                    .setRawData(ByteString.copyFrom(b.array()))
                                    .build());
                },
                "c2",
                Cause.BIAS);
        expect("scale of a bias x2", floats, qdq, g -> scale(g, "conv1_b_scale", -1, 2), "c1", Cause.BIAS);
        expect("no bias", floats, qdq, g -> scale(g, "fc_b_scale", -1, 1e-9f), "scores", Cause.BIAS);
        expect(
                "Relu skipped",
                floats,
                qdq,
                g -> {
                    int q = node(g, "QuantizeLinear", "a1_QuantizeLinear_Output");
                    g.setNode(q, g.getNode(q).toBuilder().setInput(0, "c1"));
                    g.removeNode(node(g, "Relu", "a1"));
                    scale(g, "a1_scale", -1, 2);
                    add(g, "a1_zero_point", 128);
                },
                "a1",
                Cause.OPERATOR);
        expect(
                "input without mean",
                floats,
                qdq,
                g -> {
                    int div = node(g, "Div", "prepared");
                    g.setNode(div, g.getNode(div).toBuilder().setInput(0, "x"));
                    g.removeNode(node(g, "Sub", "centred"));
                },
                "prepared",
                Cause.PREPROCESSING);
        expect("another mean", floats, qdq, g -> scale(g, "mean", 1, -1), "centred", Cause.PREPROCESSING);
        expect(
                "another pad",
                floats,
                qdq,
                g -> {
                    int conv = node(g, "Conv", "c1");
                    NodeProto.Builder n = g.getNode(conv).toBuilder();
                    n.getAttributeBuilderList().stream()
                            .filter(a -> a.getName().equals("pads"))
                            .forEach(a ->
                                    a.setInts(0, 0).setInts(1, 0).setInts(2, 2).setInts(3, 2));
                    g.setNode(conv, n);
                },
                "c1",
                Cause.OPERATOR);
        expect(
                "averages in place of maxima",
                floats,
                qdq,
                g -> {
                    int pool = node(g, "MaxPool", "p1");
                    g.setNode(pool, g.getNode(pool).toBuilder().setOpType("AveragePool"));
                },
                "p1",
                Cause.OPERATOR);
        Random random = new Random(5);
        expect(
                "other weights",
                floats,
                qdq,
                g -> {
                    TensorProto t = stored(g, "conv1_w_quantized");
                    byte[] b = new byte[t.getRawData().size()];
                    random.nextBytes(b);
                    store(g, t.toBuilder().setRawData(ByteString.copyFrom(b)).build());
                },
                "c1",
                Cause.WEIGHTS);
        expect("codes rounded down", floats, qdq, g -> roundedDown(g, floats), "c2", Cause.ROUNDING);
        expect(
                "a layer left float",
                floats,
                qdq,
                g -> {
                    int dq = node(g, "DequantizeLinear", "conv2_w_DequantizeLinear_Output");
                    g.removeNode(dq);
                    store(
                            g,
                            floatWeight(floats)
                                    .setName("conv2_w_DequantizeLinear_Output")
                                    .build());
                },
                "c2",
                Cause.OPERATOR);
        expect(
                "flattened with the channels last",
                floats,
                qdq,
                g -> {
                    int flat = node(g, "Flatten", "f");
                    NodeProto.Builder move =
                            TinyModels.node("Transpose", List.of(g.getNode(flat).getInput(0)), "moved");
                    move.addAttribute(TinyModels.attribute("perm", 0)
                            .setType(ai.onnx.proto.OnnxMl.AttributeProto.AttributeType.INTS)
                            .clearI()
                            .addAllInts(List.of(0L, 2L, 3L, 1L)));
                    g.setNode(flat, g.getNode(flat).toBuilder().setInput(0, "moved"));
                    g.addNode(flat, move);
                },
                "f",
                Cause.LAYOUT);
        ModelProto integers = Twins.qOperator(qdq);
        expect(
                "on integers: read with another scale",
                floats,
                integers,
                g -> {
                    int conv = node(g, "QLinearConv", "a2_QuantizeLinear_Output");
                    ownCopy(g, conv, 1, "other");
                    scale(g, "other", -1, 2);
                },
                "p1",
                Cause.RANGE);
        expect(
                "on integers: scale of a weight",
                floats,
                integers,
                g -> scale(g, "conv2_w_scale", -1, 3),
                "a2",
                Cause.RANGE);
        expect(
                "on integers: a bias in another unit",
                floats,
                integers,
                g -> {
                    TensorProto t = stored(g, "conv1_b_quantized");
                    ByteBuffer b = bytes(t);
                    for (int i = 0; i < 8; i++) {
                        b.putInt(4 * i, b.getInt(4 * i) / 3);
                    }
                    store(
                            g,
                            t.toBuilder()
                                    .setRawData(ByteString.copyFrom(b.array()))
                                    .build());
                },
                "a1",
                Cause.BIAS);
        assertThat(wrong).isEmpty();
    }

    private static TensorProto.Builder floatWeight(Path floats) {
        try {
            return ModelProto.parseFrom(Files.readAllBytes(floats)).getGraph().getInitializerList().stream()
                    .filter(t -> t.getName().equals("conv2_w"))
                    .findFirst()
                    .orElseThrow()
                    .toBuilder();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void roundedDown(GraphProto.Builder g, Path floats) {
        float step = bytes(stored(g, "conv2_w_scale")).getFloat();
        ByteBuffer w = bytes(floatWeight(floats).build());
        byte[] codes = new byte[w.capacity() / 4];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) Math.floor(w.getFloat(4 * i) / step);
        }
        store(
                g,
                stored(g, "conv2_w_quantized").toBuilder()
                        .setRawData(ByteString.copyFrom(codes))
                        .build());
    }

    @Test
    void faultsInDumpedValuesAreNamed() throws IOException {
        Path floats = Twins.smallNet(folder);
        Path deployed = Twins.write(Twins.qdq(floats, Twins.PICTURES, Twins.Settings.W8, folder), folder);
        Map<String, Values> clean = new LinkedHashMap<>();
        try (DeployedOnnx run = DeployedOnnx.open(deployed, DeployedOnnx.Run.AS_WRITTEN)) {
            int[] samples = java.util.stream.IntStream.range(0, 12).toArray();
            float[] x = new float[12 * 192];
            Twins.PICTURES.fill(samples, x);
            clean.putAll(run.run(Map.of("x", new Values(Shape.of(12, 3, 8, 8), x)), samples, Twins.NEVER));
        }
        expectDumped("nothing planted", floats, clean, "", v -> v, "", null);
        expectDumped(
                "sums that saturate",
                floats,
                clean,
                "a1",
                v -> mapped(v, (x, i) -> Math.min(x, 1.2f)),
                "a1",
                Cause.SATURATION);
        expectDumped("values x2", floats, clean, "a1", v -> mapped(v, (x, i) -> 2 * x), "a1", Cause.RANGE);
        expectDumped(
                "height and width exchanged",
                floats,
                clean,
                "a1",
                v -> new Values(v.shape(), v.transposed(new int[] {0, 1, 3, 2}).values()),
                "a1",
                Cause.LAYOUT);
        expectDumped(
                "a bias per channel",
                floats,
                clean,
                "c2",
                v -> mapped(v, (x, i) -> i / 4 % 12 == 5 ? x + 1 : x),
                "c2",
                Cause.BIAS);
        expectDumped("no Relu", floats, clean, "a1", v -> clean.get("c1"), "a1", Cause.OPERATOR);
        expectDumped("no mean", floats, clean, "prepared", v -> withoutMean(clean), "prepared", Cause.PREPROCESSING);
        Random random = new Random(8);
        expectDumped(
                "noise",
                floats,
                clean,
                "c2",
                v -> mapped(v, (x, i) -> x + (float) random.nextGaussian()),
                "c2",
                Cause.KERNEL);
        assertThat(wrong).isEmpty();
    }

    private static Values withoutMean(Map<String, Values> clean) {
        float[] by = {1.5f, 1.2f, 1.8f};
        return mapped(clean.get("x"), (x, i) -> x / by[i / 64 % 3]);
    }

    private interface Change {
        float of(float x, int i);
    }

    private static Values mapped(Values v, Change change) {
        float[] out = new float[v.values().length];
        for (int i = 0; i < out.length; i++) {
            out[i] = change.of(v.values()[i], i);
        }
        return new Values(v.shape(), out);
    }

    private void expectDumped(
            String what,
            Path floats,
            Map<String, Values> clean,
            String name,
            java.util.function.UnaryOperator<Values> fault,
            String tensor,
            Cause cause)
            throws IOException {
        Path dump = Files.createTempDirectory(folder, "dump");
        for (Map.Entry<String, Values> e : clean.entrySet()) {
            Values v = e.getKey().equals(name) ? fault.apply(e.getValue()) : e.getValue();
            StringBuilder shape = new StringBuilder("(");
            for (long d : v.shape().toArray()) {
                shape.append(d).append(", ");
            }
            Files.write(
                    dump.resolve(e.getKey() + ".npy"), ArrayFiles.npy("<f4", shape + ")", ArrayFiles.f4(v.values())));
        }
        if (cause == null) {
            NetworkComparison found = Twins.compare(floats, dump, Twins.PICTURES);
            if (found.first().isPresent()) {
                wrong.add(what + ": " + found.first());
            }
        } else {
            expect(what, floats, dump, new TensorId(tensor).name(), cause);
        }
    }
}
