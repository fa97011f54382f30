package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.ForcedGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorId;

/** A model in ONNX Runtime whose nodes compute from given values. */
final class ForcedRun implements AutoCloseable {
    private final ForcedGraph graph;
    private final OrtModel loaded;
    private final Map<String, DType> inputTypes = new HashMap<>();

    /**
     * @param given values that are given, each under all the names that it has in the graph
     * @param wanted values to compute
     */
    ForcedRun(Model model, Map<TensorId, List<String>> given, List<String> wanted) {
        graph = ForcedGraph.of(model, given, wanted);
        model.graph()
                .orElseThrow()
                .inputs()
                .forEach(i -> inputTypes.put(i.name(), i.type().orElse(DType.F32)));
        loaded = OrtModel.load(
                graph.graph(), String.valueOf(model.file().getFileName()), OrtModel.Options.DEFAULT.withoutFusing());
    }

    /**
     * Computes.
     *
     * @param fed what the model is fed, by input
     * @param given the given values, by the name that they were announced under
     */
    Map<String, Values> run(
            Map<String, Values> fed, Map<TensorId, Values> given, List<String> wanted, CancelToken cancel) {
        Map<String, NativeTensor> feeds = new HashMap<>();
        try {
            graph.feeds().forEach((id, input) -> {
                Values v = given.get(id);
                if (v != null) {
                    feeds.put(
                            input,
                            NativeTensor.of(v.values(), v.shape(), graph.types().getOrDefault(input, DType.F32)));
                }
            });
            for (String input : graph.inputs()) {
                Values v = fed.get(input);
                if (v != null && !feeds.containsKey(input)) {
                    feeds.put(input, NativeTensor.of(v.values(), v.shape(), inputTypes.getOrDefault(input, DType.F32)));
                }
            }
            List<FloatOutput> outputs = loaded.run(feeds, wanted, cancel);
            Map<String, Values> found = new LinkedHashMap<>();
            outputs.forEach(out -> found.put(out.name(), new Values(out.shape(), out.values())));
            return found;
        } finally {
            new ArrayList<>(feeds.values()).forEach(NativeTensor::close);
        }
    }

    @Override
    public void close() {
        loaded.close();
    }
}
