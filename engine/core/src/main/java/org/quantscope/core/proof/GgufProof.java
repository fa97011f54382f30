package org.quantscope.core.proof;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.quantscope.core.gguf.GgmlType;
import org.quantscope.core.gguf.GgufFile;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.TensorKind;

/** The account of a GGUF file, all parts of it. It says how weights are stored, and nothing of how they are multiplied. */
final class GgufProof {
    private static final Pattern BITS = Pattern.compile("(?:IQ|TQ|Q)(\\d)");
    private static final Set<GgmlType> FLOATS = Set.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.F64);

    private GgufProof() {}

    static Proof of(Path file) throws IOException {
        List<Path> parts = new ArrayList<>(List.of(file));
        parts.addAll(ModelLoaders.companions(file).values());
        List<Proof.Entry> tensors = new ArrayList<>();
        List<Proof.Left> left = new ArrayList<>();
        Set<String> types = new java.util.TreeSet<>();
        for (Path part : parts) {
            for (GgufFile.Entry e : GgufFile.read(part, false).tensors()) {
                boolean coded = e.type().blockValues() > 1;
                if (!coded && (e.shape().rank() < 2 || !FLOATS.contains(e.type()))) {
                    continue;
                }
                long values = e.shape().count();
                if (coded) {
                    types.add(e.type().name());
                } else {
                    left.add(new Proof.Left(e.name(), "it is stored as " + e.type(), true));
                }
                tensors.add(new Proof.Entry(
                        e.name(),
                        TensorKind.WEIGHT,
                        coded,
                        coded ? bits(e.type()) : e.type().blockBytes() * Byte.SIZE,
                        coded ? scheme(e.type()) : e.type().name().toLowerCase(Locale.ROOT),
                        coded
                                ? "block:"
                                        + e.type()
                                                .format()
                                                .map(BlockFormat::group)
                                                .orElse(e.type().blockValues())
                                : "",
                        coded ? scales(e.type()) : "",
                        values,
                        Math.ceilDiv(values, e.type().blockValues()) * e.type().blockBytes(),
                        coded ? Computes.UNSAID : Computes.FLOAT,
                        coded
                                ? e.type() + ", " + e.type().bitsPerWeight() + " bits a weight with its scales"
                                        + e.type()
                                                .format()
                                                .map(f -> ": " + f.formula())
                                                .orElse("")
                                : "it is stored as " + e.type(),
                        OptionalDouble.empty()));
            }
        }
        return new Proof(
                "gguf",
                types.isEmpty() ? "" : "blocks of ggml: " + String.join(", ", types),
                tensors,
                left,
                List.of(),
                types.isEmpty()
                        ? List.of()
                        : List.of("a GGUF file says how weights are stored, not how they are multiplied: llama.cpp"
                                + " rounds what it multiplies them with to 8 bits as it comes on a CPU, and may"
                                + " dequantize them elsewhere"));
    }

    private static int bits(GgmlType type) {
        Matcher digit = BITS.matcher(type.name());
        // TQ1_0 and TQ2_0 hold the same three levels, packed in different ways.
        return type.name().startsWith("TQ") ? 2 : digit.lookingAt() ? Integer.parseInt(digit.group(1)) : 4;
    }

    private static String scheme(GgmlType type) {
        String name = type.name();
        String formula = type.format().map(BlockFormat::formula).orElse("");
        if (name.startsWith("TQ")) {
            return "ternary";
        }
        if (name.startsWith("IQ") || formula.contains("codebook") || formula.contains("E2M1")) {
            return formula.contains("E2M1") ? "fp4_e2m1" : "codebook";
        }
        return formula.contains("+ m") || formula.contains("dmin") ? "affine" : "symmetric";
    }

    private static String scales(GgmlType type) {
        return switch (type) {
            case MXFP4 -> "power of two";
            case NVFP4 -> "fp8_e4m3fn";
            case Q2_K -> "4 bits of float16";
            case Q3_K, Q4_K, Q5_K, IQ4_XS -> "6 bits of float16";
            case Q6_K -> "8 bits of float16";
            case Q8_K -> "float32";
            default -> "float16";
        };
    }
}
