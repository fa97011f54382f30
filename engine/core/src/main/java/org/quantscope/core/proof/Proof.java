package org.quantscope.core.proof;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorKind;

/**
 * What in a file is truly quantized, by which rule, and what is float and why.
 *
 * @param format id of the loader
 * @param way how the file quantizes, for a person; empty if it does not
 * @param tensors weights, and values with a grid in the file, in its order
 * @param floatLeft weights that are float, with the reason
 * @param operators those with weights, and those in float that lie between quantized ones
 * @param notes what could not be looked at, one sentence each
 */
public record Proof(
        String format,
        String way,
        List<Entry> tensors,
        List<Left> floatLeft,
        List<Operator> operators,
        List<String> notes) {
    public Proof {
        tensors = List.copyOf(tensors);
        floatLeft = List.copyOf(floatLeft);
        operators = List.copyOf(operators);
        notes = List.copyOf(notes);
    }

    /**
     * A weight, or a value with a grid.
     *
     * @param bits of a code, or of a number if it is float
     * @param scheme {@code symmetric}, {@code affine}, a codebook's name, or the float type
     * @param granularity as on the command line: {@code tensor}, {@code channel:AXIS}, {@code block:SIZE}; empty for float
     * @param scaleType of its scales; empty for float
     * @param bytes that it takes in the file, with its scales; 0 for a value that is computed
     * @param computes what the operators that read it compute in
     * @param why what a person should know, such as why it is float; may be empty
     * @param macs multiplications with it for one sample; empty if they are not known
     */
    public record Entry(
            String name,
            TensorKind kind,
            boolean quantized,
            int bits,
            String scheme,
            String granularity,
            String scaleType,
            long values,
            long bytes,
            Computes computes,
            String why,
            OptionalDouble macs) {
        /** True for what a layer multiplies by, or looks up. */
        public boolean isWeight() {
            return kind == TensorKind.WEIGHT;
        }
    }

    /**
     * A weight that is float.
     *
     * @param couldBe true if a toolchain could have quantized it: it belongs to a layer
     */
    public record Left(String name, String why, boolean couldBe) {}

    /** An operator. */
    public record Operator(String name, String type, Computes computes, String why) {}

    /**
     * Looks at a file.
     *
     * @throws org.quantscope.core.io.BadInputException if it cannot be read
     */
    public static Proof of(Path file, CancelToken cancel) throws IOException {
        return switch (ModelLoaders.loaderOf(file).id()) {
            case "onnx" -> OnnxProof.of(file, cancel);
            case "tflite" -> TfliteProof.of(file);
            case "gguf" -> GgufProof.of(file);
            default -> PackedProof.of(ModelLoaders.open(file));
        };
    }

    /** The rule of a grid. */
    static String scheme(QuantParams params) {
        if (!params.isAffine()) {
            return "codebook";
        }
        long middle = params.qmin() < 0 ? 0 : (params.qmin() + (long) params.qmax() + 1) / 2;
        for (int i = 0; i < params.slices(); i++) {
            if (params.zeroPoint(i) != middle) {
                return "affine";
            }
        }
        return "symmetric";
    }

    static String said(Granularity granularity) {
        return switch (granularity) {
            case Granularity.PerTensor _ -> "tensor";
            case Granularity.PerChannel c -> "channel:" + c.axis();
            case Granularity.PerBlock b -> "block:" + b.size() + ":" + b.axis();
        };
    }

    /** The notes of a loader, but for what this account says better. */
    static List<String> notes(Model model) {
        return model.notes().stream()
                .filter(n -> !n.startsWith("already quantized"))
                .toList();
    }

    public List<Entry> weights() {
        return tensors.stream().filter(Entry::isWeight).toList();
    }

    /** The share of the weights' bytes that are codes with their scales; NaN without weights. */
    public double quantizedBytes() {
        return share(
                weights().stream().mapToDouble(Entry::bytes).sum(),
                weights().stream()
                        .filter(Entry::quantized)
                        .mapToDouble(Entry::bytes)
                        .sum());
    }

    /** The share of the weights' values that are codes; NaN without weights. */
    public double quantizedValues() {
        return share(
                weights().stream().mapToDouble(Entry::values).sum(),
                weights().stream()
                        .filter(Entry::quantized)
                        .mapToDouble(Entry::values)
                        .sum());
    }

    /** The share of the multiplications with weights that are computed in integers; NaN if none are known. */
    public double integerMacs() {
        double all = weights().stream().mapToDouble(e -> e.macs().orElse(0)).sum();
        return share(
                all,
                weights().stream()
                        .filter(e -> e.computes() == Computes.INTEGERS || e.computes() == Computes.DYNAMIC)
                        .mapToDouble(e -> e.macs().orElse(0))
                        .sum());
    }

    private static double share(double all, double part) {
        return all > 0 ? part / all : Double.NaN;
    }

    /** Weights whose multiplications are not counted, because the file does not tell their shapes. */
    public long uncounted() {
        return weights().stream().filter(e -> e.macs().isEmpty()).count();
    }

    /** Operators that compute in float between quantized ones, or with weights. */
    public List<Operator> fallbacks() {
        return operators.stream().filter(o -> o.computes() == Computes.FLOAT).toList();
    }

    /** What a check complains of: weights that are float although they could be codes. */
    public List<Left> unquantized() {
        return floatLeft.stream().filter(Left::couldBe).toList();
    }

    /** The answer in one or two sentences. */
    public String verdict() {
        List<Entry> weights = weights();
        if (weights.isEmpty()) {
            return "The file holds no weights that could be quantized.";
        }
        List<Entry> coded = weights.stream().filter(Entry::quantized).toList();
        if (coded.isEmpty()) {
            return "Nothing is quantized: all " + weights.size() + " weights are " + floats(weights) + ".";
        }
        String bits = coded.stream()
                .collect(Collectors.groupingBy(Entry::bits, TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(b -> b.getValue() + " with " + b.getKey() + " bits")
                .collect(Collectors.joining(", "));
        List<String> parts = new ArrayList<>();
        parts.add(coded.size() + " of " + weights.size() + " weights are codes (" + bits + "), "
                + percent(quantizedBytes()) + " of the bytes of weights");
        if (!Double.isNaN(integerMacs())) {
            parts.add(percent(integerMacs()) + " of the multiplications are in integers"
                    + (uncounted() > 0 ? ", not counting " + uncounted() + " weights of unknown shape" : ""));
        }
        return String.join("; ", parts) + ".";
    }

    private static String floats(List<Entry> weights) {
        return weights.stream().map(Entry::scheme).distinct().sorted().collect(Collectors.joining(", "));
    }

    private static String percent(double share) {
        // Rounded down, so that 100 % means all.
        return String.format(Locale.ROOT, "%.1f %%", Math.floor(share * 1000) / 10);
    }
}
