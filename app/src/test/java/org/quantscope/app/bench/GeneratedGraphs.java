package org.quantscope.app.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.quantscope.testkit.TinyModels;

/** Models of thousands of nodes. */
public final class GeneratedGraphs {
    private static final int CHANNELS = 8;
    /** Each so many blocks one value is read again far below. */
    private static final int SKIP_EVERY = 40;

    private GeneratedGraphs() {}

    /** Residual blocks of two convolutions of 1×1, with a sum, and a long way round now and then. */
    public static Path deep(int nodes, Path folder) throws IOException {
        Random random = new Random(nodes);
        GraphProto.Builder graph = graph();
        String now = "x";
        String far = "x";
        for (int block = 0; graph.getNodeCount() + 4 <= nodes; block++) {
            String name = "stage" + block / 50 + ".block" + block;
            for (String conv : List.of("conv1", "conv2")) {
                weight(graph, name + "." + conv + ".weight", CHANNELS, random);
            }
            boolean round = block % SKIP_EVERY == SKIP_EVERY - 1;
            graph.addNode(named("Conv", name + ".conv1", List.of(now, name + ".conv1.weight"), name + ".a"))
                    .addNode(named("Relu", name + ".relu", List.of(name + ".a"), name + ".b"))
                    .addNode(named("Conv", name + ".conv2", List.of(name + ".b", name + ".conv2.weight"), name + ".c"))
                    .addNode(named("Add", name + ".add", List.of(name + ".c", round ? far : now), name + ".d"));
            now = name + ".d";
            far = round ? now : far;
        }
        graph.addNode(named("Relu", "last", List.of(now), "y"));
        return Files.write(
                folder.resolve("deep" + nodes + ".onnx"),
                TinyModels.model(17, graph).build().toByteArray());
    }

    /** Blocks of convolutions side by side that are put together and brought back to the width of before: nearly as many weights as nodes. */
    public static Path wide(int nodes, int branches, Path folder) throws IOException {
        Random random = new Random(nodes);
        GraphProto.Builder graph = graph();
        String now = "x";
        for (int block = 0; graph.getNodeCount() + branches + 2 < nodes; block++) {
            String name = "block" + block;
            List<String> side = new ArrayList<>();
            for (int branch = 0; branch < branches; branch++) {
                weight(graph, name + ".branch" + branch + ".weight", CHANNELS, random);
                side.add(name + ".b" + branch);
                graph.addNode(named(
                        "Conv",
                        name + ".branch" + branch,
                        List.of(now, name + ".branch" + branch + ".weight"),
                        side.getLast()));
            }
            weight(graph, name + ".back.weight", CHANNELS * branches, random);
            graph.addNode(named("Concat", name + ".concat", side, name + ".c").toBuilder()
                    .addAttribute(TinyModels.attribute("axis", 1))
                    .build());
            graph.addNode(named("Conv", name + ".back", List.of(name + ".c", name + ".back.weight"), name + ".d"));
            now = name + ".d";
        }
        graph.addNode(named("Relu", "last", List.of(now), "y"));
        return Files.write(
                folder.resolve("wide" + nodes + ".onnx"),
                TinyModels.model(17, graph).build().toByteArray());
    }

    private static GraphProto.Builder graph() {
        return GraphProto.newBuilder()
                .setName("g")
                .addInput(TinyModels.value("x", 1, CHANNELS, 4, 4))
                .addOutput(TinyModels.value("y", 1, CHANNELS, 4, 4));
    }

    /** Of some the first value is far out, so that losses of all levels is there at 8 bits. */
    private static void weight(GraphProto.Builder graph, String name, int inputs, Random random) {
        float[] values = new float[CHANNELS * inputs];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (i == 0 ? 3 + random.nextInt(400) : 0.3));
        }
        graph.addInitializer(TinyModels.floats(name, new long[] {CHANNELS, inputs, 1, 1}, values));
    }

    private static NodeProto named(String operator, String name, List<String> inputs, String output) {
        return TinyModels.node(operator, inputs, output).setName(name).build();
    }
}
