package org.quantscope.core.improve;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.ShellWords;

/**
 * A place where a quantized model is to run: which file is written for it, which settings are worth trying, and what to do
 * with the file. A table, used by the command line and the window alike.
 *
 * @param id on the command line
 * @param title for people
 * @param where what kind of machine or program, for people who do not know its name
 * @param format id of the exporter
 * @param options of the exporter that differ from its defaults
 * @param widths of weights to try, in bits
 * @param granularities to try
 * @param integer true if it computes in integers only, so that activations must be quantized
 * @param next the command to run next; {@code @FILE@}, {@code @STEM@} and {@code @MODEL@} stand for the written file, the
 *     same without its ending and the float model
 */
public record RunTarget(
        String id,
        String title,
        String where,
        String format,
        Map<String, String> options,
        List<Integer> widths,
        List<String> granularities,
        boolean integer,
        List<String> next) {
    private static final List<RunTarget> ALL = List.of(
            new RunTarget(
                    "onnx-runtime",
                    "ONNX Runtime",
                    "PC, server, phone or browser",
                    "onnx-qdq",
                    Map.of(),
                    List.of(4, 8),
                    List.of("tensor", "channel"),
                    false,
                    List.of("quantscope", "proof", "@FILE@", "--model", "@MODEL@")),
            new RunTarget(
                    "onnx-runtime-weights",
                    "ONNX Runtime, weights only",
                    "large matrices in little memory, computed in float",
                    "onnx-matmulnbits",
                    Map.of(),
                    List.of(4, 8),
                    List.of("channel", "block:32"),
                    false,
                    List.of("quantscope", "proof", "@FILE@", "--model", "@MODEL@")),
            new RunTarget(
                    "tensorrt",
                    "TensorRT",
                    "NVIDIA GPU",
                    "onnx-qdq",
                    Map.of("runtime", "tensorrt"),
                    List.of(8),
                    List.of("tensor", "channel"),
                    true,
                    List.of("trtexec", "--onnx=@FILE@", "--stronglyTyped", "--saveEngine=@STEM@.plan")),
            new RunTarget(
                    "litert",
                    "LiteRT",
                    "Android and other small devices",
                    "litert",
                    Map.of(),
                    List.of(4, 8),
                    List.of("tensor", "channel"),
                    true,
                    List.of("python3", "@FILE@.py", "model_float32.tflite", "@STEM@.tflite")),
            new RunTarget(
                    "qnn",
                    "Qualcomm QNN",
                    "Snapdragon, on its NPU",
                    "qnn-overrides",
                    Map.of(),
                    List.of(4, 8),
                    List.of("tensor", "channel"),
                    true,
                    List.of(
                            "qnn-onnx-converter",
                            "--input_network",
                            "@MODEL@",
                            "--quantization_overrides",
                            "@FILE@",
                            "--input_list",
                            "list.txt",
                            "--output_path",
                            "@STEM@.cpp")),
            new RunTarget(
                    "microcontroller",
                    "TensorFlow Lite Micro",
                    "microcontroller, weights as a C header",
                    "c-header",
                    Map.of(),
                    List.of(8),
                    List.of("tensor", "channel"),
                    true,
                    List.of("cc", "-fsyntax-only", "-x", "c", "@FILE@")),
            new RunTarget(
                    "config",
                    "A program of your own",
                    "every scale and zero point as JSON",
                    "quantscope-json",
                    Map.of(),
                    List.of(4, 8),
                    List.of("tensor", "channel"),
                    false,
                    List.of("python3", "-m", "json.tool", "@FILE@")));

    public RunTarget {
        options = Map.copyOf(options);
        widths = List.copyOf(widths);
        granularities = List.copyOf(granularities);
        next = List.copyOf(next);
    }

    /** All, in the order in which they are offered. */
    public static List<RunTarget> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static RunTarget byId(String id) {
        return ALL.stream()
                .filter(t -> t.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("target: " + id + " is not one of "
                        + ALL.stream().map(RunTarget::id).collect(Collectors.joining(", "))));
    }

    public Exporter exporter() {
        return Exporters.byId(format);
    }

    /** The command to run when {@code file} is written, quoted for a POSIX shell. */
    public String nextCommand(Path file, Path model) {
        String name = file.toString();
        int dot = name.lastIndexOf('.');
        String stem = dot > name.lastIndexOf('/') ? name.substring(0, dot) : name;
        return ShellWords.line(next.stream()
                .map(w -> w.replace("@FILE@", name).replace("@STEM@", stem).replace("@MODEL@", model.toString()))
                .toList());
    }
}
