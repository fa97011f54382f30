package org.quantscope.core.model;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * An opened model: its stored tensors, and its graph if the file has one. Immutable; values are read from the mapped file.
 *
 * @param file where it came from
 * @param format id of the loader that read it
 * @param opset version of the default ONNX operator set; empty without a graph
 * @param tensors stored tensors in the order of the file
 * @param graph empty for bare weights
 * @param notes what the loader skipped or assumed, one sentence each, for a person
 */
public record Model(Path file, String format, OptionalInt opset, List<Tensor> tensors, Optional<OnnxGraph> graph, List<String> notes) {
    public Model {
        tensors = List.copyOf(tensors);
        notes = List.copyOf(notes);
    }

    /** The same file with another view of its graph. */
    public Model withGraph(OnnxGraph other) {
        return new Model(file, format, opset, tensors, Optional.of(other), notes);
    }

    /** The tensor of that name, if it is stored. */
    public Optional<Tensor> find(TensorId id) {
        return tensors.stream().filter(t -> t.id().equals(id)).findFirst();
    }
}
