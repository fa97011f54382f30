package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import tools.jackson.core.JsonGenerator;

/**
 * Custom node data for Model Explorer: for each node the signal-to-quantization-noise ratio in dB of the weight that it
 * reads (the worst, if it reads several), coloured from red to green. A weight without error gets no number and no
 * colour.
 */
public final class ModelExplorerExporter extends FileFormat {
    public static final String ID = "model-explorer";
    private static final OptionDoc GRAPH = new OptionDoc(
            "graph", "text", "main", "The id of the graph in Model Explorer: its name in the drop-down list.");
    /** Colours by upper bound in dB; one bit is about 6 dB. */
    private static final Map<Integer, String> COLOURS = new LinkedHashMap<>();

    static {
        COLOURS.put(10, "#d73027");
        COLOURS.put(20, "#fc8d59");
        COLOURS.put(30, "#fee08b");
        COLOURS.put(40, "#d9ef8b");
        COLOURS.put(1000, "#91cf60");
    }

    public ModelExplorerExporter() {
        // It loses every part of the settings: the file is an overlay of errors.
        super(
                ID,
                "Model Explorer: error of each node",
                "https://github.com/google-ai-edge/model-explorer/wiki/2.-User-Guide#custom-node-data",
                ".json",
                EnumSet.allOf(Field.class),
                GRAPH);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return plan.model().graph().isPresent()
                ? List.of()
                : List.of(new ExportProblem(
                        ID,
                        "",
                        "the model is bare weights without a graph, there are no nodes to colour",
                        "open the ONNX model",
                        Severity.ERROR));
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        String graph = FormatOptions.of(this, plan.options()).text(GRAPH);
        Map<String, Double> values = values(plan, cancel);
        PrettyJson.write(file, json -> json(json, graph, values));
        return List.of(file);
    }

    /** The value in dB for each node, by the name of its first output. */
    private static Map<String, Double> values(ExportPlan plan, CancelToken cancel) {
        Map<String, Double> values = new LinkedHashMap<>();
        Map<String, OptionalDouble> measured = new LinkedHashMap<>();
        for (OnnxNode node : plan.model().graph().map(OnnxGraph::nodes).orElse(List.of())) {
            for (String input : node.inputs()) {
                QuantParams params = plan.weights().get(new TensorId(input));
                if (params != null) {
                    Tensor tensor = plan.model().find(new TensorId(input)).orElseThrow();
                    OptionalDouble db = measured.computeIfAbsent(
                            input,
                            k -> ErrorPass.measure(tensor, params, cancel).sqnrDb());
                    db.ifPresent(v -> values.merge(node.outputs().getFirst(), v, Math::min));
                }
            }
        }
        return values;
    }

    private static void json(JsonGenerator json, String graph, Map<String, Double> values) {
        json.writeStartObject();
        json.writeObjectPropertyStart(graph);
        json.writeStringProperty("name", "SQNR of weights, dB");
        json.writeObjectPropertyStart("results");
        values.forEach((node, db) -> {
            json.writeObjectPropertyStart(node);
            json.writeNumberProperty("value", Math.rint(db * 1000) / 1000);
            json.writeEndObject();
        });
        json.writeEndObject();
        json.writeArrayPropertyStart("thresholds");
        COLOURS.forEach((upTo, colour) -> {
            json.writeStartObject();
            json.writeNumberProperty("value", upTo);
            json.writeStringProperty("bgColor", colour);
            json.writeEndObject();
        });
        json.writeEndArray();
        json.writeEndObject();
        json.writeEndObject();
    }
}
