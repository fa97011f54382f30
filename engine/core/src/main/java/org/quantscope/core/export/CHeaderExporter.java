package org.quantscope.core.export;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.WeightCodes;
import org.quantscope.core.tensor.TensorId;

/**
 * A C99 header for microcontrollers, with the arguments of the int8 kernels of TensorFlow Lite Micro for each layer:
 * weights of int8 in the order of the kernels (Conv [out, h, w, in], depthwise [1, h, w, out], matrices [out, in]),
 * biases of int32 in units of s_x·s_w, and the factor s_x·s_w/s_y as a multiplier in Q31 and a shift.
 */
public final class CHeaderExporter extends FileFormat {
    public static final String ID = "c-header";
    private static final Target TARGET = new Target(
            ID,
            "TFLite Micro",
            TargetSupport.affine(8)
                    .andFewerBits()
                    .andPerChannel()
                    .with(TargetSupport.Zero.ZERO)
                    .with(TargetSupport.Codes.SIGNED),
            TargetSupport.affine(8).withWholeType());
    private static final int PER_LINE = 16;

    public CHeaderExporter() {
        super(
                ID,
                "C header for microcontrollers",
                "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/kernels/internal/quantization_util.cc",
                ".h",
                EnumSet.of(Field.SIGN, Field.CODES, Field.CODEBOOK, Field.CHOICE));
    }

    /**
     * A positive factor as TFLite's kernels apply it: {@code m = multiplier/2^31 · 2^shift}.
     *
     * @param multiplier 2^30 to 2^31 − 1, or 0 for a factor too small to represent
     * @param shift −31 to 30; below 0 shifts right
     */
    record Multiplier(int multiplier, int shift) {
        private static final int MIN_SHIFT = -31;
        private static final int MAX_SHIFT = 30;

        /**
         * {@code m = q·2^shift} with q in [½, 1), and q·2^31 rounded half away from zero; if that is 2^31 it is halved and the shift
         * is one more (Jacob et al. 2018, arXiv 1712.05877, equations 5 and 6; QuantizeMultiplier in TFLite's quantization_util).
         *
         * @param m finite, at least 0
         */
        static Multiplier of(double m) {
            if (m == 0) {
                return new Multiplier(0, 0);
            }
            int shift = Math.getExponent(m) + 1;
            long q = Math.round(Math.scalb(m, 31 - shift));
            if (q == 1L << 31) {
                q /= 2;
                shift++;
            }
            if (shift < MIN_SHIFT) {
                return new Multiplier(0, 0);
            }
            return shift > MAX_SHIFT ? new Multiplier(Integer.MAX_VALUE, MAX_SHIFT) : new Multiplier((int) q, shift);
        }
    }

    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(TARGET.tensorProblems(plan));
        List<Encoding> carried = TARGET.carried(plan);
        for (Encoding e : carried) {
            if (e.isActivation()) {
                continue;
            }
            if (!Aimet.followsConsumer(e)) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "its scales lie along axis " + e.axis().orElseThrow()
                                + ", the kernels have one for each output channel",
                        "quantize it per channel",
                        Severity.ERROR,
                        Remedy.perChannel(e)));
            }
            if (e.params().qmin() == Byte.MIN_VALUE) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "its codes begin at " + Byte.MIN_VALUE + ", those of the kernels at " + -Byte.MAX_VALUE,
                        "choose the restricted range",
                        Severity.WARNING,
                        Remedy.restricted(e)));
            }
        }
        problems.addAll(IntegerLayer.overflows(ID, plan, carried));
        Map<TensorId, Encoding> byId = IntegerLayer.byId(carried);
        Set<TensorId> read = new HashSet<>();
        for (IntegerLayer layer : IntegerLayer.of(plan.model())) {
            Encoding weight = byId.get(layer.weight().id());
            read.add(layer.weight().id());
            layer.bias().ifPresent(read::add);
            if (weight == null || !Aimet.followsConsumer(weight)) {
                continue;
            }
            switch (KernelLayer.of(plan, layer, weight)) {
                case KernelLayer.Refused(String why, String remedy) -> {
                    problems.add(new ExportProblem(
                            ID,
                            weight.id().name(),
                            why + ": no kernel computes the layer, only codes and scales are written",
                            remedy,
                            Severity.ERROR));
                    continue;
                }
                case KernelLayer.Taken(KernelLayer kernel) -> {
                    Encoding in = layer.input().map(byId::get).orElse(null);
                    boolean said = layer.integerBias(plan, byId).isPresent();
                    if (in != null
                            && !said
                            && !kernel.biasCodes(in, weight)
                                    .map(KernelLayer::fits)
                                    .orElse(true)) {
                        problems.add(new ExportProblem(
                                ID,
                                layer.bias().orElseThrow().name(),
                                "its values need more than 32 bits in units of the scales of " + in.id() + " and "
                                        + weight.id(),
                                "widen the scale of " + weight.id() + " or of " + in.id(),
                                Severity.ERROR));
                    }
                }
            }
            boolean ends = layer.input().map(byId::containsKey).orElse(false)
                    && layer.output().map(byId::containsKey).orElse(false);
            if (!ends) {
                problems.add(new ExportProblem(
                        ID,
                        layer.weight().id().name(),
                        "the input or output of " + layer.node() + " has no 8-bit scale: its multiplier is left out",
                        "quantize both with 8 bits",
                        Severity.WARNING));
            }
        }
        for (Encoding e : carried) {
            if (!e.isActivation() && !read.contains(e.id())) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "no kernel of the header reads it, only its codes and scales are written",
                        "keep it in float, or read the codes with code of your own",
                        Severity.WARNING));
            }
        }
        return problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        try (Writer out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            new Header(plan, out, cancel).write();
        }
        return List.of(file);
    }

    /** What follows the name of a tensor in the names of its values. */
    private static final List<String> ENDINGS = List.of(
            "",
            "_scale",
            "_zero_point",
            "_bias",
            "_multiplier",
            "_shift",
            "_input_scale",
            "_input_zero_point",
            "_output_scale",
            "_output_zero_point",
            "_activation_min",
            "_activation_max");

    /** Words of C and C++, and names of stdint.h, that a file's name and a tensor's could make up together. */
    private static final Pattern RESERVED =
            Pattern.compile("(int|uint)(_least|_fast)?(8|16|32|64)_t|(size|ptrdiff|wchar|max_align|nullptr"
                + "|char8|char16|char32)_t|u?int(max|ptr)_t|thread_local|(static|const|dynamic|reinterpret)_cast|static_assert"
                + "|(and|or|xor|not)_eq|co_(await|return|yield)|atomic_.*|typeof_unqual");

    /** C identifiers that are in use; a name that is taken, or of which an ending is, gets a number. */
    private static final class Identifiers {
        private final Set<String> used = new HashSet<>();

        String of(String name) {
            String legal = legal(name);
            String unique = legal;
            for (int i = 2; isTaken(unique); i++) {
                unique = legal + "_" + i;
            }
            for (String ending : ENDINGS) {
                used.add(unique + ending);
            }
            return unique;
        }

        private boolean isTaken(String name) {
            return ENDINGS.stream()
                    .map(ending -> name + ending)
                    .anyMatch(n -> used.contains(n) || RESERVED.matcher(n).matches());
        }
    }

    /** The name as a C identifier: ASCII letters, digits and underscores, beginning with a letter. */
    private static String legal(String name) {
        String legal = name.replaceAll("[^A-Za-z0-9_]", "_").replaceAll("^_+", "");
        return legal.isEmpty() || Character.isDigit(legal.charAt(0)) ? "m_" + legal : legal;
    }

    /** The text of one header. */
    private static final class Header {
        private final ExportPlan plan;
        private final Writer out;
        private final CancelToken cancel;
        private final Identifiers identifiers = new Identifiers();
        private final Map<TensorId, Encoding> carried;
        private final String prefix;

        Header(ExportPlan plan, Writer out, CancelToken cancel) {
            this.plan = plan;
            this.out = out;
            this.cancel = cancel;
            this.carried = new LinkedHashMap<>();
            TARGET.carried(plan).stream()
                    .filter(e -> e.isActivation() || Aimet.followsConsumer(e))
                    .forEach(e -> carried.put(e.id(), e));
            this.prefix = legal(
                            String.valueOf(plan.model().file().getFileName()).replaceAll("\\.[A-Za-z]+$", ""))
                    .toLowerCase(Locale.ROOT);
        }

        void write() throws IOException {
            String guard = "QUANTSCOPE_" + prefix.toUpperCase(Locale.ROOT) + "_H";
            line("/* Quantized parameters of "
                    + comment(String.valueOf(plan.model().file().getFileName())) + ", sha256 "
                    + comment(ProvenanceText.modelSha256(plan)) + ".");
            line(" * Written by Quantscope " + comment(ProvenanceText.version(plan))
                    + ". value = (code - zero_point) * scale; weights have zero_point 0.");
            out.write(ProvenanceText.comments(plan, " * ", Header::comment));
            line(" * A layer: acc = bias + sum((input - input_zero_point) * weight), then");
            line(" * output = clamp(output_zero_point + acc * multiplier / 2^31 * 2^shift, activation_min,"
                    + " activation_max). */");
            line("#ifndef " + guard);
            line("#define " + guard);
            line("");
            line("#include <stdint.h>");
            Set<TensorId> written = new LinkedHashSet<>();
            for (IntegerLayer layer : IntegerLayer.of(plan.model())) {
                Encoding weight = carried.get(layer.weight().id());
                // A weight that two layers read is written once for each layer, because their multipliers differ.
                if (weight != null
                        && KernelLayer.of(plan, layer, weight) instanceof KernelLayer.Taken(KernelLayer kernel)) {
                    written.add(weight.id());
                    layer.bias().ifPresent(written::add);
                    layer(kernel, weight);
                }
            }
            for (Encoding e : carried.values()) {
                if (!e.isActivation() && !written.contains(e.id())) {
                    line("");
                    line("/* " + comment(e.id().name()) + " " + e.info().shape() + ", in the order of the model */");
                    String name = identifier(e.id().name());
                    codes(name, new WeightCodes(plan.model().find(e.id()).orElseThrow(), e.params()).all(cancel));
                    floats(name + "_scale", e.params().scales());
                }
            }
            line("");
            line("/* Activations */");
            for (Encoding e : carried.values()) {
                if (e.isActivation()) {
                    String name = identifier(e.id().name());
                    line("static const float " + name + "_scale = " + e.params().scale(0) + "f;");
                    line("static const int32_t " + name + "_zero_point = " + zeroPoint(e) + ";");
                }
            }
            line("");
            line("#endif /* " + guard + " */");
        }

        private void layer(KernelLayer kernel, Encoding weight) throws IOException {
            cancel.check();
            IntegerLayer layer = kernel.layer();
            Encoding in = layer.input().map(carried::get).orElse(null);
            Encoding result = layer.output().map(carried::get).orElse(null);
            String name = identifier(layer.weight().id().name());
            line("");
            line("/* " + comment(layer.node().toString()) + ": "
                    + comment(layer.weight().id().name()) + " [" + kernel.axes() + "] = " + kernel.shape()
                    + (kernel.groups() > 1 ? ", " + kernel.groups() + " groups" : "")
                    + (layer.relu() ? ", ReLU" : ""));
            line(" * from " + comment(layer.node().input(0).orElseThrow()) + " to "
                    + comment(layer.result().name()) + " */");
            codes(name, kernel.weightCodes(weight, cancel));
            floats(name + "_scale", weight.params().scales());
            if (in == null) {
                return;
            }
            Optional<double[]> bias = kernel.biasCodes(in, weight);
            if (bias.isPresent()) {
                double[] codes = bias.get();
                if (!KernelLayer.fits(codes)) {
                    // A problem says so; a layer without its bias computes something else.
                    return;
                }
                array("int32_t", name + "_bias", codes.length, i -> Integer.toString((int) codes[i]));
            }
            if (result == null) {
                return;
            }
            Multiplier[] multipliers = new Multiplier[weight.params().slices()];
            for (int i = 0; i < multipliers.length; i++) {
                multipliers[i] = Multiplier.of((double) in.params().scale(0)
                        * weight.params().scale(i)
                        * kernel.alpha()
                        / result.params().scale(0));
            }
            // The kernels of convolutions take one multiplier for each output channel.
            int n = kernel.convolution() ? kernel.channels() : multipliers.length;
            array(
                    "int32_t",
                    name + "_multiplier",
                    n,
                    i -> Integer.toString(multipliers[multipliers.length > 1 ? i : 0].multiplier));
            array(
                    "int32_t",
                    name + "_shift",
                    n,
                    i -> Integer.toString(multipliers[multipliers.length > 1 ? i : 0].shift));
            line("static const float " + name + "_input_scale = " + in.params().scale(0) + "f;");
            line("static const int32_t " + name + "_input_zero_point = " + zeroPoint(in) + ";");
            line("static const float " + name + "_output_scale = "
                    + result.params().scale(0) + "f;");
            line("static const int32_t " + name + "_output_zero_point = " + zeroPoint(result) + ";");
            line("static const int32_t " + name + "_activation_min = " + code(layer.least(), result) + ";");
            line("static const int32_t " + name + "_activation_max = " + code(layer.most(), result) + ";");
        }

        /** The int8 code of a bound of the result; the lowest or highest code for one beyond them. */
        private static long code(float bound, Encoding result) {
            return (long) Math.clamp(
                    Math.rint((double) bound / result.params().scale(0)) + zeroPoint(result),
                    Byte.MIN_VALUE,
                    Byte.MAX_VALUE);
        }

        /** The zero point as int8: codes of uint8 are 128 lower there. */
        private static int zeroPoint(Encoding e) {
            return e.params().zeroPoint(0) - (e.isSigned() ? 0 : -Byte.MIN_VALUE);
        }

        private String identifier(String tensor) {
            return identifiers.of(prefix + "_" + tensor.replaceAll("[^A-Za-z0-9_]", "_"));
        }

        /** Text for a comment: it neither ends it, begins another, nor joins lines. */
        private static String comment(String s) {
            return Python.comment(s).replace("\\", "/").replace("*/", "* /").replace("/*", "/ *");
        }

        private void codes(String name, int[] codes) throws IOException {
            array("int8_t", name, codes.length, i -> Integer.toString(codes[i]));
        }

        private void floats(String name, float[] values) throws IOException {
            array("float", name, values.length, i -> values[i] + "f");
        }

        private void array(String type, String name, int n, IntFunction<String> value) throws IOException {
            // C has no arrays of length 0.
            out.write("static const " + type + " " + name + "[" + Math.max(1, n) + "] = {");
            for (int i = 0; i < n; i++) {
                if (i % PER_LINE == 0) {
                    cancel.check();
                    out.write("\n    ");
                } else {
                    out.write(' ');
                }
                out.write(value.apply(i));
                out.write(i < n - 1 ? "," : "");
            }
            line(n == 0 ? "0};" : "\n};");
        }

        private void line(String text) throws IOException {
            out.write(text);
            out.write('\n');
        }
    }
}
