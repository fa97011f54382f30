package org.quantscope.core.departure;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;

/** Small float models and what a toolchain makes of them. */
final class Twins {
    static final CancelToken NEVER = new CancelToken();
    static final Dataset PICTURES = MemoryData.unlabelled(12, Shape.of(3, 8, 8));

    private Twins() {}

    /** How a twin is quantized. */
    record Settings(int weightBits, boolean perChannel, int activationBits) {
        static final Settings W8 = new Settings(8, false, 8);
        static final Settings W8_CHANNEL = new Settings(8, true, 8);
        static final Settings W4 = new Settings(4, true, 8);
        /** Codes of values that ONNX Runtime does not hand out. */
        static final Settings W4A4 = new Settings(4, true, 4);
    }

    /** A net of two convolutions and a matrix that prepares its own input. */
    static Path smallNet(Path folder) throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 3, 8, 8)
                .output("scores", -1, 10)
                .weight("mean", Shape.of(1, 3, 1, 1), 0.4f, -0.3f, 0.5f)
                .weight("deviation", Shape.of(1, 3, 1, 1), 1.5f, 1.2f, 1.8f)
                .randomWeight("conv1_w", Shape.of(8, 3, 3, 3), -0.4f, 0.4f)
                .randomWeight("conv1_b", Shape.of(8), -0.5f, 0.5f)
                .randomWeight("conv2_w", Shape.of(12, 8, 3, 3), -0.2f, 0.2f)
                .randomWeight("conv2_b", Shape.of(12), -0.5f, 0.5f)
                .randomWeight("fc_w", Shape.of(10, 48), -0.3f, 0.3f)
                .randomWeight("fc_b", Shape.of(10), -0.4f, 0.4f)
                .node("Sub", List.of("x", "mean"), List.of("centred"))
                .node("Div", List.of("centred", "deviation"), List.of("prepared"))
                .named(
                        "conv1",
                        "Conv",
                        List.of("prepared", "conv1_w", "conv1_b"),
                        List.of("c1"),
                        TinyOnnx.attribute("pads", 1, 1, 1, 1))
                .named("relu1", "Relu", List.of("c1"), List.of("a1"))
                .named(
                        "pool",
                        "MaxPool",
                        List.of("a1"),
                        List.of("p1"),
                        TinyOnnx.attribute("kernel_shape", 2, 2),
                        TinyOnnx.attribute("strides", 2, 2))
                .named("conv2", "Conv", List.of("p1", "conv2_w", "conv2_b"), List.of("c2"))
                .named("relu2", "Relu", List.of("c2"), List.of("a2"))
                .named("flat", "Flatten", List.of("a2"), List.of("f"))
                .named("fc", "Gemm", List.of("f", "fc_w", "fc_b"), List.of("scores"), TinyOnnx.attribute("transB", 1))
                .write(folder);
    }

    static ModelProto qdq(Path file, Dataset calibration, Settings settings, Path folder) throws IOException {
        Model model = Engine.open(file, true);
        SessionState state = SessionState.of(new FileRef(file, "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS
                        .withBits(settings.weightBits)
                        .withGranularity(settings.perChannel ? Granularity.CHANNEL : Granularity.TENSOR)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(settings.activationBits)));
        Calibration seen = Calibration.of(Engine.observe(model, calibration, Progress.NONE, NEVER));
        ExportPlan plan =
                new ExportPlan(model, Session.of(state), Engine.resolve(model, state, seen, Progress.NONE, NEVER));
        Path out = Files.createTempFile(folder, "qdq", ".onnx");
        Files.delete(out);
        Exporters.byId("onnx-qdq").write(plan, out, NEVER);
        return ModelProto.parseFrom(Files.readAllBytes(out));
    }

    static Path write(ModelProto model, Path folder) throws IOException {
        Path file = Files.createTempFile(folder, "deployed", ".onnx");
        Files.write(file, model.toByteArray());
        return file;
    }

    static NetworkComparison compare(Path floats, Path deployed, Dataset data) throws IOException {
        return NetworkComparison.of(
                new NetworkComparison.Task(ModelLoaders.open(floats), deployed, data, Map.of()), Progress.NONE, NEVER);
    }

    /** The same model with operators on integers, as ONNX Runtime's quantizer joins them. */
    static ModelProto qOperator(ModelProto qdq) {
        GraphProto g = qdq.getGraph();
        Map<String, NodeProto> reader = new HashMap<>();
        g.getNodeList().forEach(n -> n.getInputList().forEach(i -> reader.putIfAbsent(i, n)));
        // Codes, scale and zero point of each value that has them.
        Map<String, List<String>> coded = new HashMap<>();
        Set<String> gone = new HashSet<>();
        GraphProto.Builder out = g.toBuilder().clearNode().clearValueInfo();
        for (NodeProto node : g.getNodeList()) {
            String op = node.getOpType();
            List<String> x = coded.get(node.getInput(0));
            if (gone.contains(node.getOutput(0))) {
                continue;
            }
            if (op.equals("DequantizeLinear")) {
                coded.put(node.getOutput(0), node.getInputList());
                out.addNode(node);
            } else if (x != null && (op.equals("MaxPool") || op.equals("Flatten"))) {
                String codes = node.getOutput(0) + "_quantized";
                out.addNode(node.toBuilder().setInput(0, x.get(0)).setOutput(0, codes));
                coded.put(node.getOutput(0), List.of(codes, x.get(1), x.get(2)));
            } else if (x != null && (op.equals("Conv") || op.equals("Gemm"))) {
                NodeProto behind = Objects.requireNonNull(reader.get(node.getOutput(0)));
                if (behind.getOpType().equals("Relu")) {
                    gone.add(behind.getOutput(0));
                    behind = Objects.requireNonNull(reader.get(behind.getOutput(0)));
                }
                gone.add(behind.getOutput(0));
                boolean gemm = op.equals("Gemm");
                List<String> w = coded.get(node.getInput(1));
                Optional<String> bias = Optional.ofNullable(
                                node.getInputCount() > 2 ? coded.get(node.getInput(2)) : null)
                        .map(List::getFirst);
                NodeProto.Builder made = NodeProto.newBuilder()
                        .setName(node.getName())
                        .setOpType(gemm ? "QGemm" : "QLinearConv")
                        .setDomain(gemm ? "com.microsoft" : "")
                        .addAllAttribute(node.getAttributeList())
                        .addAllInput(x)
                        .addAllInput(w);
                if (gemm) {
                    made.addInput(bias.orElse(""));
                }
                made.addInput(behind.getInput(1)).addInput(behind.getInput(2));
                if (!gemm) {
                    bias.ifPresent(made::addInput);
                }
                out.addNode(made.addOutput(behind.getOutput(0)));
            } else {
                out.addNode(node);
            }
        }
        return qdq.toBuilder()
                .setGraph(alive(out))
                .addOpsetImport(OperatorSetIdProto.newBuilder()
                        .setDomain("com.microsoft")
                        .setVersion(1))
                .build();
    }

    /** The same model with one value left float. */
    static ModelProto withoutQuantizer(ModelProto qdq, String value) {
        GraphProto.Builder g = qdq.getGraph().toBuilder();
        for (int i = 0; i < g.getNodeCount(); i++) {
            NodeProto.Builder node = g.getNodeBuilder(i);
            for (int k = 0; k < node.getInputCount(); k++) {
                if (node.getInput(k).equals(value + "_DequantizeLinear_Output")) {
                    node.setInput(k, value);
                }
            }
        }
        return qdq.toBuilder().setGraph(alive(g)).build();
    }

    /** Without nodes that nothing reads. */
    private static GraphProto alive(GraphProto.Builder g) {
        Set<String> read = new HashSet<>();
        g.getOutputList().forEach(o -> read.add(o.getName()));
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : g.getNodeList().reversed()) {
            if (node.getOutputList().stream().anyMatch(read::contains)) {
                nodes.add(node);
                read.addAll(node.getInputList());
            }
        }
        return g.clearNode().addAllNode(nodes.reversed()).build();
    }
}
