package org.quantscope.core.budget;

import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.quant.QuantSpec;

/**
 * What runs a model, as far as the widths of weights go: a table, used by the command line and the window alike.
 *
 * @param id on the command line
 * @param title for people
 * @param widths bits that it takes for weights, ascending
 * @param exporter id of the format that is written for it; empty for none in particular
 * @param source where the widths are stated
 */
public record BitTarget(String id, String title, List<Integer> widths, String exporter, String source) {
    /** No target in particular. */
    public static final BitTarget FREE = new BitTarget(
            "free",
            "any widths",
            List.of(2, 3, 4, 6, 8),
            "",
            "Widths at which a step changes much: below 4 bits each, above it every second one");

    private static final List<BitTarget> ALL = List.of(
            FREE,
            new BitTarget(
                    "onnx-runtime",
                    "ONNX Runtime",
                    List.of(4, 8),
                    "onnx-qdq",
                    "https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html"),
            new BitTarget(
                    "qnn",
                    "Qualcomm QNN",
                    List.of(4, 8, 16),
                    "qnn-overrides",
                    "https://docs.qualcomm.com/bundle/publicresource/topics/80-63442-50/quantization.html"),
            new BitTarget(
                    "litert", "LiteRT", List.of(4, 8), "litert", "https://github.com/google-ai-edge/ai-edge-quantizer"),
            // Codes of 4 bits are for weights whose activations stay in float.
            new BitTarget(
                    "tensorrt",
                    "TensorRT",
                    List.of(4, 8),
                    "onnx-qdq",
                    "https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/work-with-quantized-types.html"));

    public BitTarget {
        widths = List.copyOf(new TreeSet<>(widths));
        if (widths.isEmpty() || widths.getFirst() < 1 || widths.getLast() > QuantSpec.MAX_BITS) {
            throw new IllegalArgumentException("widths: 1 to " + QuantSpec.MAX_BITS + " bits, got " + widths);
        }
    }

    /** All, that of no target in particular first. */
    public static List<BitTarget> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static BitTarget byId(String id) {
        return ALL.stream()
                .filter(t -> t.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("target: " + id + " is not one of "
                        + ALL.stream().map(BitTarget::id).collect(Collectors.joining(", "))));
    }

    /** The widths that all weights together could have: those of the target; for none in particular all in between. */
    public List<Integer> uniforms() {
        return equals(FREE)
                ? IntStream.rangeClosed(widths.getFirst(), widths.getLast())
                        .boxed()
                        .toList()
                : widths;
    }
}
