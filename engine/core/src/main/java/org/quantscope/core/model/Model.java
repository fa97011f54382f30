package org.quantscope.core.model;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * An opened model: its stored tensors, and its graph if the file has one. Immutable; values are read from the mapped
 * file.
 *
 * @param file the file that it was read from
 * @param format id of the loader that read it
 * @param opset version of the default ONNX operator set; empty without a graph
 * @param tensors stored tensors in the order of the file
 * @param graph empty for bare weights
 * @param notes what the loader skipped or assumed, one sentence each, for a person
 * @param own how the file itself quantizes its tensors; empty for a float model
 * @param altered stored tensors that differ from the file or are not in it, because folding or a correction made them
 * @param metadata what the file says of itself, as text by key, in its order
 * @param classNames what the file calls the classes of its output, in their order; empty if it does not say
 */
public record Model(
        Path file,
        String format,
        OptionalInt opset,
        List<Tensor> tensors,
        Optional<OnnxGraph> graph,
        List<String> notes,
        Set<TensorId> altered,
        Optional<OwnQuantization> own,
        Map<String, String> metadata,
        List<String> classNames) {
    public Model {
        tensors = List.copyOf(tensors);
        notes = List.copyOf(notes);
        altered = Collections.unmodifiableSet(new TreeSet<>(altered));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        classNames = List.copyOf(classNames);
    }

    /** A model whose file says nothing of itself that is kept. */
    public Model(
            Path file,
            String format,
            OptionalInt opset,
            List<Tensor> tensors,
            Optional<OnnxGraph> graph,
            List<String> notes,
            Set<TensorId> altered,
            Optional<OwnQuantization> own) {
        this(file, format, opset, tensors, graph, notes, altered, own, Map.of(), List.of());
    }

    /** A model as it is in the file. */
    public Model(
            Path file,
            String format,
            OptionalInt opset,
            List<Tensor> tensors,
            Optional<OnnxGraph> graph,
            List<String> notes) {
        this(file, format, opset, tensors, graph, notes, Set.of(), Optional.empty());
    }

    /** The same file with another view of its graph. */
    public Model withGraph(OnnxGraph other) {
        return new Model(file, format, opset, tensors, Optional.of(other), notes, altered, own, metadata, classNames);
    }

    /** The tensor of that name, if it is stored. */
    public Optional<Tensor> find(TensorId id) {
        return tensors.stream().filter(t -> t.id().equals(id)).findFirst();
    }

    /** The same model, with more tensors known to differ from the file. */
    public Model withAltered(Set<TensorId> more) {
        Set<TensorId> all = new TreeSet<>(altered);
        all.addAll(more);
        return new Model(file, format, opset, tensors, graph, notes, all, own, metadata, classNames);
    }

    /** The same model with what its file says of itself. */
    public Model withMetadata(Map<String, String> texts) {
        return withMetadata(texts, classNames);
    }

    /** The same model with what its file says of itself and of its classes. */
    public Model withMetadata(Map<String, String> texts, List<String> names) {
        return new Model(file, format, opset, tensors, graph, notes, altered, own, texts, names);
    }
}
