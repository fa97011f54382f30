package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.TensorId;

/** Makes values inside a rewritten model outputs of the model. */
public final class GraphTaps {
    private GraphTaps() {}

    /**
     * The model with further outputs. A value with a quantizer of its own is tapped before the quantizer, unless it is
     * an output of the graph, which comes after it.
     *
     * @param of a graph from {@link InstrumentedGraph#graph}
     * @param graph the graph that it was made from
     * @param values computed by {@code graph}; values that are outputs already stay as they are
     */
    public static RunnableGraph add(RunnableGraph of, OnnxGraph graph, List<TensorId> values) {
        ModelProto.Builder proto = of.proto().toBuilder();
        Set<String> known = new HashSet<>(graph.outputNames());
        for (TensorId id : values) {
            if (known.add(id.name())) {
                proto.getGraphBuilder()
                        .addOutput(ValueInfoProto.newBuilder()
                                .setName(id.name())
                                .setType(TypeProto.newBuilder()
                                        .setTensorType(TypeProto.Tensor.newBuilder()
                                                .setElemType(graph.types().of(id.name())))));
            }
        }
        return of.with(proto.build());
    }
}
