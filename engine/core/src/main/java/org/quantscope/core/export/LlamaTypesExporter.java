package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * The file for {@code --tensor-type-file} of llama-quantize: a line {@code name=type} for each weight, where the name
 * is a regular expression. It sets the type of each tensor; llama-quantize computes the scales itself, one for each 32
 * values of a row.
 */
public final class LlamaTypesExporter extends FileFormat {
    public static final String ID = "llama-tensor-types";
    private static final int BLOCK = 32;
    private static final Map<String, String> CODEBOOKS = Map.of("iq4_nl", "iq4_nl", "mxfp4", "mxfp4");
    private static final Target TARGET = new Target(
            ID,
            "llama.cpp",
            TargetSupport.affine(4, 5, 8)
                    .andSchemes("iq4_nl", "mxfp4")
                    .andPerChannel()
                    .andBlocks(BLOCK),
            TargetSupport.nothing());

    public LlamaTypesExporter() {
        super(
                ID,
                "llama.cpp tensor types",
                "https://github.com/ggml-org/llama.cpp/blob/master/tools/quantize/README.md",
                ".txt",
                EnumSet.complementOf(EnumSet.of(Field.WEIGHTS, Field.CODEBOOK)));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>();
        if (!plan.model().format().equals("gguf")) {
            problems.add(new ExportProblem(
                    ID,
                    "",
                    "names are those of " + plan.model().file().getFileName()
                            + ", llama-quantize looks for them in a GGUF file",
                    "rename those that the conversion to GGUF renames",
                    Severity.WARNING));
        }
        problems.addAll(TARGET.problems(plan));
        for (Encoding e : TARGET.carried(plan)) {
            problem(e).ifPresent(problems::add);
        }
        return problems;
    }

    /** The problem with the type of a tensor whose width and scheme are supported; empty if there is none. */
    private static Optional<ExportProblem> problem(Encoding e) {
        String name = e.id().name();
        Shape shape = e.info().shape();
        int last = shape.rank() - 1;
        if (!fitsInALine(name)) {
            return Optional.of(new ExportProblem(
                    ID,
                    name,
                    "its name holds '=', a space or a character that cannot be seen, an entry is name=type",
                    "rename it in the model",
                    Severity.ERROR));
        }
        if (last < 0 || shape.dim(last) % BLOCK != 0) {
            return Optional.of(new ExportProblem(
                    ID,
                    name,
                    "its rows have " + (last < 0 ? 1 : shape.dim(last)) + " values, which " + BLOCK
                            + " does not divide: llama-quantize takes another type for it",
                    "keep it float",
                    Severity.ERROR,
                    Optional.of(new org.quantscope.core.session.Edit.KeepFloat(e.id(), true))));
        }
        if (type(e).isEmpty()) {
            return Optional.of(new ExportProblem(
                    ID,
                    name,
                    "it has 8 bits and a zero point, llama.cpp has 8 bits only without",
                    "make it symmetric",
                    Severity.ERROR,
                    Remedy.symmetric(e)));
        }
        if (e.blockSize().isEmpty() || e.axis().orElseThrow() != last) {
            return Optional.of(new ExportProblem(
                    ID,
                    name,
                    "it has a scale "
                            + (e.axis().isEmpty()
                                    ? "for all values"
                                    : "along axis " + e.axis().getAsInt()) + ", " + type(e).orElseThrow()
                            + " has one for each " + BLOCK + " values of a row: the error there is another",
                    "choose blocks of " + BLOCK,
                    Severity.WARNING,
                    Remedy.blocks(e, last, BLOCK)));
        }
        return Optional.empty();
    }

    private static boolean fitsInALine(String name) {
        return name.codePoints().noneMatch(c -> c == '=' || c == ' ' || Invisible.is(c));
    }

    /** The GGML type for a width and scheme. Types {@code _0} have only a scale, types {@code _1} also a minimum. */
    private static Optional<String> type(Encoding e) {
        if (!e.isAffine()) {
            return Optional.ofNullable(CODEBOOKS.get(e.spec().scheme()));
        }
        boolean symmetric = e.isSymmetric();
        return e.bits() == Byte.SIZE && !symmetric
                ? Optional.empty()
                : Optional.of("q" + e.bits() + (symmetric ? "_0" : "_1"));
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Map<?, Encoding> carried = IntegerLayer.byId(TARGET.carried(plan).stream()
                .filter(e ->
                        problem(e).map(p -> p.severity() == Severity.WARNING).orElse(true))
                .toList());
        StringBuilder text = new StringBuilder();
        for (Tensor t : plan.model().tensors()) {
            cancel.check();
            Encoding e = carried.get(t.id());
            Optional<String> type =
                    e != null ? type(e) : plan.weights().containsKey(t.id()) ? Optional.empty() : asItIs(t);
            if (type.isPresent() && fitsInALine(t.id().name())) {
                text.append('^')
                        .append(LitertExporter.escaped(t.id().name()))
                        .append("$=")
                        .append(type.get())
                        .append('\n');
            }
        }
        Files.writeString(file, text, StandardCharsets.UTF_8);
        return List.of(file);
    }

    /** The type of a weight that is left as it is: in a file of blocks that of its blocks. */
    private static Optional<String> asItIs(Tensor t) {
        return t.info().kind() == TensorKind.WEIGHT && t.data().format().isPresent()
                ? t.data().format().map(f -> f.id().toLowerCase(java.util.Locale.ROOT))
                : floating(t.info());
    }

    /**
     * The type of a weight that stays float. It has to be named, because llama-quantize would give it the default type.
     */
    private static Optional<String> floating(TensorInfo info) {
        if (info.kind() != TensorKind.WEIGHT) {
            return Optional.empty();
        }
        return switch (info.dtype()) {
            case F64, F32 -> Optional.of("f32");
            case F16 -> Optional.of("f16");
            case BF16 -> Optional.of("bf16");
            case F8_E4M3, F8_E5M2 -> Optional.of("f16");
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL -> Optional.empty();
        };
    }
}
