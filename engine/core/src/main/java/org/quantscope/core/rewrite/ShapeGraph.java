package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;

/**
 * A graph whose only purpose is to be loaded: every computed value is an output, the inputs have the shapes of certain
 * samples, and large weights are inputs without values. ONNX Runtime then tells the shape of each value, and nothing is
 * computed or copied.
 */
public final class ShapeGraph {
    /**
     * From this many values on a floating tensor is a weight, on whose values no shape depends: the factors of a Resize,
     * the longest that one does, are twice as many as axes.
     */
    private static final long LARGE = 64;

    private ShapeGraph() {}

    /** @param fed the shapes of the inputs, by name */
    public static byte[] of(Model model, Map<String, Shape> fed) {
        GraphEdit edit = new GraphEdit(model);
        for (Tensor tensor : model.tensors()) {
            TensorInfo info = tensor.info();
            String name = info.id().name();
            int type = edit.graph().types().of(name);
            if (edit.graph().isStored(name)
                    && info.dtype().isFloating()
                    && info.shape().count() >= LARGE
                    && type != 0) {
                edit.removeStored(name);
                edit.addInput(name, type, info.shape());
            }
        }
        Set<String> known = new HashSet<>(edit.graph().outputNames());
        for (OnnxNode node : edit.graph().nodes()) {
            for (String value : node.outputs()) {
                int type = value.isEmpty() || edit.graph().isStored(value)
                        ? 0
                        : edit.graph().types().of(value);
                if (type != 0 && known.add(value)) {
                    edit.addOutput(value, type);
                }
            }
        }
        ModelProto built = edit.build();
        GraphProto.Builder graph = built.getGraph().toBuilder();
        for (int i = 0; i < graph.getInputCount(); i++) {
            ValueInfoProto input = graph.getInput(i);
            Shape shape = fed.get(input.getName());
            if (shape != null) {
                graph.setInput(
                        i,
                        GraphEdit.valueInfo(
                                input.getName(), input.getType().getTensorType().getElemType(), shape));
            }
        }
        // What a file declares of values inside may be of another batch size.
        graph.clearValueInfo();
        for (int i = 0; i < graph.getOutputCount(); i++) {
            ValueInfoProto output = graph.getOutput(i);
            graph.setOutput(
                    i,
                    GraphEdit.unshaped(
                            output.getName(), output.getType().getTensorType().getElemType()));
        }
        return new RunnableGraph(model.file(), built.toBuilder().setGraph(graph).build()).message();
    }
}
