package org.quantscope.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;

/**
 * Finds where a QDQ model run with int8 kernels first differs from the same model run node by node. For each
 * QuantizeLinear, its codes are compared for those samples for which all earlier quantizers gave the same codes both
 * ways. A difference there comes from that one kernel.
 */
final class KernelDifferences {
    static final String HEADER =
            "| model, weights | node | run by | codes compared | other code | by at most | as written, farthest from a"
                    + " tie |\n"
                    + "|---|---|---|--:|--:|--:|--:|";

    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 500;

    private KernelDifferences() {}

    /**
     * An activation quantizer of the file.
     *
     * @param value the name of its input
     * @param codes the name of its output
     * @param node the operator that computes its input
     * @param before the outputs of all earlier quantizers that it depends on
     */
    private record Site(String value, String codes, float scale, String node, Set<String> before) {}

    private static final class Tally {
        private long compared;
        private long other;
        private double most;
        private double farthest;
    }

    static List<String> rows(String what, byte[] qdq, SampleFeed feed) throws IOException {
        ModelProto proto = ModelProto.parseFrom(qdq);
        List<Site> sites = sites(proto.getGraph());
        byte[] tapped = tapped(proto, sites);
        Map<String, String> kernels = kernels(tapped);
        Map<String, Tally> tallies = new TreeMap<>();
        List<String> values = sites.stream().map(s -> "value of " + s.codes).toList();
        List<String> codes = sites.stream().map(s -> "codes of " + s.codes).toList();
        try (OrtModel written = OrtModel.load(tapped, what, new OrtModel.Options(2, false));
                OrtModel fused = OrtModel.load(codesOnly(tapped), what, new OrtModel.Options(2, true))) {
            int count = Math.min(SAMPLES, feed.data().size());
            for (int from = 0; from < count; from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(count, from + feed.batchSize()))
                        .toArray();
                try (SampleFeed.Batch in = feed.load(batch)) {
                    List<String> wanted = new ArrayList<>(codes);
                    wanted.addAll(values);
                    List<FloatOutput> a = written.run(in.byInput(), wanted, NEVER);
                    List<FloatOutput> b = fused.run(in.byInput(), codes, NEVER);
                    compare(sites, kernels, a, b, batch.length, tallies);
                }
            }
        }
        return tallies.entrySet().stream()
                .map(e -> String.format(
                        Locale.ROOT,
                        "| %s | %s | %d | %s |",
                        what,
                        e.getKey(),
                        e.getValue().compared,
                        e.getValue().other == 0
                                ? "0 | – | –"
                                : String.format(
                                        Locale.ROOT,
                                        "%d (%.2g %%) | %.0f | %.3g",
                                        e.getValue().other,
                                        100.0 * e.getValue().other / e.getValue().compared,
                                        e.getValue().most,
                                        e.getValue().farthest)))
                .toList();
    }

    private static void compare(
            List<Site> sites,
            Map<String, String> kernels,
            List<FloatOutput> a,
            List<FloatOutput> b,
            int rows,
            Map<String, Tally> tallies) {
        Map<String, boolean[]> same = new HashMap<>();
        for (int s = 0; s < sites.size(); s++) {
            Site site = sites.get(s);
            float[] written = a.get(s).values();
            float[] fused = b.get(s).values();
            float[] values = a.get(sites.size() + s).values();
            Tally tally = tallies.computeIfAbsent(
                    site.node + " | " + kernels.getOrDefault(site.codes, "–"), k -> new Tally());
            boolean[] equal = new boolean[rows];
            int each = written.length / rows;
            for (int row = 0; row < rows; row++) {
                boolean inputs = true;
                for (String before : site.before) {
                    inputs &= Objects.requireNonNull(same.get(before))[row];
                }
                equal[row] = inputs;
                for (int i = row * each; inputs && i < (row + 1) * each; i++) {
                    tally.compared++;
                    if (written[i] != fused[i]) {
                        equal[row] = false;
                        tally.other++;
                        tally.most = Math.max(tally.most, Math.abs(written[i] - fused[i]));
                        float quotient = values[i] / site.scale;
                        tally.farthest =
                                Math.max(tally.farthest, Math.abs(Math.abs(quotient - Math.rint(quotient)) - 0.5));
                    }
                }
            }
            same.put(site.codes, equal);
        }
    }

    /** The activation quantizers in graph order, each with all quantizers that its codes depend on. */
    private static List<Site> sites(GraphProto graph) {
        Map<String, TensorProto> constants = new HashMap<>();
        graph.getInitializerList().forEach(t -> constants.put(t.getName(), t));
        Map<String, NodeProto> makers = new HashMap<>();
        Map<String, Set<String>> behind = new HashMap<>();
        List<Site> sites = new ArrayList<>();
        for (NodeProto node : graph.getNodeList()) {
            Set<String> before = new HashSet<>();
            node.getInputList().forEach(in -> before.addAll(behind.getOrDefault(in, Set.of())));
            if (node.getOpType().equals("QuantizeLinear") && !constants.containsKey(node.getInput(0))) {
                NodeProto maker = makers.get(node.getInput(0));
                sites.add(new Site(
                        node.getInput(0),
                        node.getOutput(0),
                        scalar(Objects.requireNonNull(constants.get(node.getInput(1)))),
                        maker == null ? "the input" : maker.getOpType(),
                        Set.copyOf(before)));
                before.add(node.getOutput(0));
            }
            node.getOutputList().forEach(out -> {
                behind.put(out, before);
                makers.put(out, node);
            });
        }
        return sites;
    }

    private static float scalar(TensorProto scale) {
        return scale.getFloatDataCount() > 0
                ? scale.getFloatData(0)
                : scale.getRawData()
                        .asReadOnlyByteBuffer()
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getFloat();
    }

    /**
     * The model with the codes, and the values that are rounded to them, as additional outputs. Nodes that are not
     * quantized read both, so that earlier nodes are computed as before.
     */
    private static byte[] tapped(ModelProto proto, List<Site> sites) {
        GraphProto.Builder graph = proto.getGraph().toBuilder();
        for (Site site : sites) {
            graph.addNode(NodeProto.newBuilder()
                    .setOpType("Cast")
                    .addInput(site.codes)
                    .addOutput("codes of " + site.codes)
                    .addAttribute(AttributeProto.newBuilder()
                            .setName("to")
                            .setType(AttributeProto.AttributeType.INT)
                            .setI(TensorProto.DataType.FLOAT_VALUE)));
            graph.addOutput(floats("codes of " + site.codes));
        }
        for (Site site : sites) {
            graph.addNode(NodeProto.newBuilder()
                    .setOpType("Identity")
                    .addInput(site.value)
                    .addOutput("value of " + site.codes));
            graph.addOutput(floats("value of " + site.codes));
        }
        return proto.toBuilder().setGraph(graph).build().toByteArray();
    }

    /** The model without the outputs in float, which an int8 kernel does not compute. */
    private static byte[] codesOnly(byte[] tapped) throws IOException {
        ModelProto proto = ModelProto.parseFrom(tapped);
        GraphProto.Builder graph = proto.getGraph().toBuilder().clearNode().clearOutput();
        proto.getGraph().getNodeList().stream()
                .filter(n -> !n.getOutput(0).startsWith("value of "))
                .forEach(graph::addNode);
        proto.getGraph().getOutputList().stream()
                .filter(o -> !o.getName().startsWith("value of "))
                .forEach(graph::addOutput);
        return proto.toBuilder().setGraph(graph).build().toByteArray();
    }

    private static ValueInfoProto floats(String name) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.FLOAT_VALUE)))
                .build();
    }

    /** The operators that the optimizer puts in place of the nodes, by the name of the codes that they compute. */
    private static Map<String, String> kernels(byte[] tapped) throws IOException {
        ModelProto optimized =
                ModelProto.parseFrom(OrtModel.optimized(codesOnly(tapped), "optimized", new OrtModel.Options(2, true)));
        Map<String, NodeProto> makers = new HashMap<>();
        for (NodeProto node : optimized.getGraph().getNodeList()) {
            node.getOutputList().forEach(out -> makers.put(out, node));
        }
        Map<String, String> kernels = new HashMap<>();
        makers.forEach((value, node) -> {
            NodeProto kernel = behindTransposes(node, makers);
            if (kernel.getOpType().equals("QuantizeLinear")) {
                NodeProto maker = makers.get(kernel.getInput(0));
                kernels.put(
                        value,
                        (maker == null ? "" : behindTransposes(maker, makers).getOpType() + ", then ")
                                + "QuantizeLinear");
            } else {
                kernels.put(value, kernel.getOpType());
            }
        });
        return kernels;
    }

    /**
     * The node before the transposes that the optimizer puts around a convolution, because it computes in another
     * layout.
     */
    private static NodeProto behindTransposes(NodeProto node, Map<String, NodeProto> makers) {
        NodeProto at = node;
        while (at.getOpType().equals("Transpose") && makers.containsKey(at.getInput(0))) {
            at = Objects.requireNonNull(makers.get(at.getInput(0)));
        }
        return at;
    }

    /**
     * The model with the results of these operators as additional outputs. A node whose result is an output in float is
     * not replaced by an int8 kernel. Empty if the model has no such operator.
     */
    static Optional<byte[]> kept(byte[] qdq, String operator) throws IOException {
        ModelProto proto = ModelProto.parseFrom(qdq);
        GraphProto.Builder graph = proto.getGraph().toBuilder();
        proto.getGraph().getNodeList().stream()
                .filter(n -> n.getOpType().equals(operator))
                .forEach(n -> graph.addOutput(floats(n.getOutput(0))));
        return graph.getOutputCount() == proto.getGraph().getOutputCount()
                ? Optional.empty()
                : Optional.of(proto.toBuilder().setGraph(graph).build().toByteArray());
    }
}
