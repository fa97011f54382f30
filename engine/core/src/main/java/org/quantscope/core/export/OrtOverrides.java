package org.quantscope.core.export;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.onnx.CodeType;

/** What the two forms of ONNX Runtime's tensor overrides have in common. */
final class OrtOverrides {
    static final String SOURCE =
            "https://onnxruntime.ai/docs/execution-providers/QNN-ExecutionProvider.html#generating-a-quantized-model-with-tensor-quantization-overrides";

    private OrtOverrides() {}

    static Target target(String id) {
        return new Target(
                id,
                "ONNX Runtime's quantizer",
                TargetSupport.affine(4, 8, 16).andFewerBits().andPerChannel(),
                TargetSupport.affine(4, 8, 16).withWholeType());
    }

    /** The code type of a tensor that the target carries. */
    static CodeType type(Encoding e) {
        return CodeType.of(e.params(), 4).orElseThrow();
    }

    /** The constant of {@code QuantType} for a type: QInt8, QUInt8 and so on. */
    static String quantType(CodeType type) {
        return (type.isSigned() ? "QInt" : "QUInt") + type.bits();
    }

    /** The spelling of a type in the runner's arguments. */
    static String argument(CodeType type) {
        return quantType(type).toLowerCase(Locale.ROOT);
    }

    /** The type that most tensors have, the smallest of equally common ones; empty if there are none. */
    static Optional<CodeType> commonest(List<Encoding> encodings) {
        Map<CodeType, Integer> counts = new EnumMap<>(CodeType.class);
        encodings.forEach(e -> counts.merge(type(e), 1, Integer::sum));
        return counts.entrySet().stream()
                .max(Map.Entry.<CodeType, Integer>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey);
    }

    /** Of each kind the tensors that have its most common type. Every other tensor is added to the problems. */
    static List<Encoding> ofOneType(Target target, List<Encoding> carried, List<ExportProblem> problems) {
        List<Encoding> kept = new ArrayList<>();
        for (boolean activations : new boolean[] {true, false}) {
            List<Encoding> kind = carried.stream()
                    .filter(e -> e.isActivation() == activations)
                    .toList();
            CodeType common = commonest(kind).orElse(null);
            for (Encoding e : kind) {
                if (type(e) == common) {
                    kept.add(e);
                } else if (common != null) {
                    problems.add(new ExportProblem(
                            target.id(),
                            e.id().name(),
                            "its codes are " + type(e).id() + ", the file has one type for all "
                                    + (activations ? "activations" : "weights") + ", " + common.id(),
                            "choose " + common.bits() + " bits, " + (common.isSigned() ? "signed" : "unsigned")
                                    + ", or the Python form",
                            Severity.ERROR,
                            Remedy.type(e, common.bits(), common.isSigned())));
                }
            }
        }
        return kept;
    }
}
