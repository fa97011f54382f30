package org.quantscope.core.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.DType;

/** The float model that a file with corrections was made from. A corrected file names its SHA-256. */
public final class Original {
    private static final String SHA256 = "quantscope.model_sha256";
    private static final String CORRECTIONS = "quantscope.corrections";
    private static final String SUFFIX = ".onnx";
    /** Files of a folder that are looked at. */
    private static final int MOST = 64;

    private Original() {}

    /**
     * The file that a corrected file was made from, if it lies in the same folder; empty if the model was not corrected
     * in its file, or its original is not found.
     *
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<Path> beside(Model source, CancelToken cancel) throws IOException {
        Map<String, String> said = source.graph().map(OnnxGraph::metadata).orElse(Map.of());
        String sha256 = said.getOrDefault(SHA256, "");
        Path folder = source.file().toAbsolutePath().getParent();
        if (sha256.isEmpty() || said.getOrDefault(CORRECTIONS, "").isEmpty() || folder == null) {
            return Optional.empty();
        }
        List<Path> candidates;
        try (Stream<Path> files = Files.list(folder)) {
            candidates = files.filter(f -> f.toString().endsWith(SUFFIX) && Files.isRegularFile(f))
                    .filter(f -> !f.getFileName().equals(source.file().getFileName()))
                    .sorted()
                    .limit(MOST)
                    .toList();
        }
        for (Path file : candidates) {
            if (FileRef.of(file, cancel).sha256().equals(sha256)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** Why {@code reference} cannot be compared with {@code model}; empty if it can. */
    public static Optional<String> obstacle(Model model, Model reference) {
        OnnxGraph ours = model.graph().orElseThrow();
        OnnxGraph theirs = reference.graph().orElse(null);
        if (theirs == null) {
            return Optional.of("it has no graph");
        }
        List<String> outputs = ours.floatingOutputs().stream()
                .filter(o -> !theirs.floatingOutputs().contains(o))
                .toList();
        List<String> inputs = theirs.requiredInputs().stream()
                .filter(i -> !ours.requiredInputs().contains(i))
                .toList();
        return !outputs.isEmpty()
                ? Optional.of("it has no output " + outputs.getFirst())
                : inputs.isEmpty()
                        ? anotherForm(ours, theirs)
                        : Optional.of("it needs another input, " + inputs.getFirst());
    }

    /** An input or output of the same name with another form; free dimensions fit any. */
    private static Optional<String> anotherForm(OnnxGraph ours, OnnxGraph theirs) {
        for (OnnxGraph.Input input : theirs.inputs()) {
            OnnxGraph.Input own = ours.inputs().stream()
                    .filter(i -> i.name().equals(input.name()))
                    .findFirst()
                    .orElseThrow();
            if (!input.type().equals(own.type())) {
                return Optional.of("its input " + input.name() + " has another type, " + said(input.type())
                        + " instead of " + said(own.type()));
            }
            if (!fit(input.shape(), own.shape())) {
                return Optional.of("its input " + input.name() + " is "
                        + said(input.shape().orElseThrow()) + " instead of "
                        + said(own.shape().orElseThrow()));
            }
        }
        for (String output : ours.floatingOutputs()) {
            if (!fit(theirs.outputShape(output), ours.outputShape(output))) {
                return Optional.of("its output " + output + " is "
                        + said(theirs.outputShape(output).orElseThrow()) + " instead of "
                        + said(ours.outputShape(output).orElseThrow()));
            }
        }
        return Optional.empty();
    }

    /** True unless both shapes are known and part in rank or in a fixed dimension. */
    private static boolean fit(Optional<List<Long>> one, Optional<List<Long>> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return true;
        }
        List<Long> a = one.get();
        List<Long> b = other.get();
        return a.size() == b.size()
                && IntStream.range(0, a.size())
                        .allMatch(i -> a.get(i) < 0 || b.get(i) < 0 || a.get(i).equals(b.get(i)));
    }

    private static String said(Optional<DType> type) {
        return type.map(Object::toString).orElse("something that is no number");
    }

    private static String said(List<Long> shape) {
        return shape.stream().map(d -> d < 0 ? "N" : d.toString()).collect(Collectors.joining("×", "[", "]"));
    }
}
