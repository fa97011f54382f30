package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.proof.FloatTwin;
import org.quantscope.core.proof.Proof;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "proof",
        description = "Says what in a file is truly quantized, by which rule, what is float and why.",
        footer = {
            "",
            "Examples:",
            "  quantscope proof model.qdq.onnx --check",
            "  quantscope proof model_int8.tflite --require-bits 8 --require-integers",
            "  quantscope proof model_int8.tflite --model model.onnx"
        })
final class ProofCommand extends EngineCommand {
    private static final int SHOWN = 10;
    private static final int LONGEST = 56;

    @Parameters(
            paramLabel = "FILE",
            description = "A quantized model: ONNX, TensorFlow Lite, GGUF, or safetensors of GPTQ, AWQ,"
                    + " compressed-tensors, bitsandbytes or float8.")
    private Path file;

    @Option(
            names = {"--model", "--float"},
            paramLabel = "FLOAT",
            description = "The float model that it was made from: adds the error of each weight's grid.")
    private @Nullable Path original;

    @Option(names = "--check", description = "Exit with 1 if a weight that could be quantized is float.")
    private boolean check;

    @Option(
            names = "--require-bits",
            paramLabel = "B",
            description = "Exit with 1 if a weight has more than B bits, or is float.")
    private @Nullable Integer requireBits;

    @Option(
            names = "--require-integers",
            description =
                    "Exit with 1 if a multiplication with a weight is not in integers, or an operator in float lies"
                            + " between quantized ones.")
    private boolean requireIntegers;

    ProofCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (requireBits != null && (requireBits < 1 || requireBits > 32)) {
            throw usage("--require-bits: " + requireBits + " is not from 1 to 32");
        }
        Proof proof = Proof.of(file, cancel());
        Optional<FloatTwin> twin = Optional.empty();
        if (original != null) {
            Model quantized = ModelLoaders.open(file);
            Model floats = Engine.open(original, true);
            List<String> names = proof.weights().stream()
                    .filter(Proof.Entry::quantized)
                    .map(Proof.Entry::name)
                    .toList();
            twin = Optional.of(FloatTwin.of(quantized, names, floats, cancel()));
        }
        Set<String> broken = broken(proof);
        Json json = json(proof, twin, broken);
        Optional<FloatTwin> shown = twin;
        print(json, () -> show(proof, shown, broken));
        return broken.isEmpty() ? ExitCode.DONE : ExitCode.CHECK_FAILED;
    }

    /** What the checks that were asked for complain of, a sentence each. */
    private Set<String> broken(Proof proof) {
        Set<String> broken = new LinkedHashSet<>();
        if (check) {
            complain(
                    broken,
                    proof.unquantized(),
                    l -> true,
                    l -> l.name() + ": " + l.why(),
                    "float that could be quantized");
        }
        Integer most = requireBits;
        if (most != null) {
            complain(
                    broken,
                    proof.weights(),
                    e -> !e.quantized() || e.bits() > most,
                    e -> e.name() + ": " + e.bits() + " bits, " + (e.quantized() ? "codes" : e.scheme()),
                    "of more than " + most + " bits");
        }
        if (requireIntegers) {
            complain(
                    broken,
                    proof.weights(),
                    e -> e.computes() != Computes.INTEGERS && e.computes() != Computes.DYNAMIC,
                    e -> e.name() + ": multiplied " + e.computes().said(),
                    "not multiplied in integers");
            complain(
                    broken,
                    proof.fallbacks(),
                    o -> true,
                    o -> o.type() + " " + o.name() + ": " + o.why(),
                    "computed in float between quantized ones");
        }
        return broken;
    }

    private static <T> void complain(
            Set<String> broken,
            List<T> all,
            Predicate<T> wrong,
            java.util.function.Function<T, String> said,
            String what) {
        all.stream().filter(wrong).forEach(t -> broken.add(what + ": " + said.apply(t)));
    }

    private Json json(Proof proof, Optional<FloatTwin> twin, Set<String> broken) {
        Json json = new Json().put("format", proof.format());
        if (!proof.way().isEmpty()) {
            json.put("way", proof.way());
        }
        json.put("verdict", proof.verdict());
        Json summary = new Json()
                .put("weights", proof.weights().size())
                .put(
                        "quantized",
                        proof.weights().stream().filter(Proof.Entry::quantized).count())
                .put("quantized_values", proof.quantizedValues())
                .put("quantized_bytes", proof.quantizedBytes())
                .put("integer_macs", proof.integerMacs())
                .put("uncounted", proof.uncounted());
        json.put("summary", summary);
        List<Json> tensors = new ArrayList<>();
        for (Proof.Entry e : proof.tensors()) {
            Json tensor = new Json()
                    .put("name", e.name())
                    .put("kind", e.kind().id())
                    .put("quantized", e.quantized())
                    .put("bits", e.bits())
                    .put("scheme", e.scheme());
            if (!e.granularity().isEmpty()) {
                tensor.put("granularity", e.granularity());
            }
            if (!e.scaleType().isEmpty()) {
                tensor.put("scale_type", e.scaleType());
            }
            if (e.isWeight()) {
                tensor.put("values", e.values())
                        .put("bytes", e.bytes())
                        .put("computes", e.computes().id())
                        .put("macs", e.macs());
            }
            if (!e.why().isEmpty()) {
                tensor.put("why", e.why());
            }
            twin.map(t -> t.matches().get(e.name()))
                    .ifPresent(m -> tensor.put(
                            "float",
                            new Json()
                                    .put("name", m.original().name())
                                    .put("by", m.byName() ? "name" : "values")
                                    .put("axes", IntStream.of(m.axes()).boxed().toList())
                                    .put("mse", m.mse())
                                    .put("sqnr_db", m.sqnr())
                                    .put("max_abs_err", m.maxError())
                                    .put("nearest", m.nearest())));
            tensors.add(tensor);
        }
        json.put("tensors", tensors);
        json.put(
                "float_left",
                proof.floatLeft().stream()
                        .map(l -> new Json()
                                .put("name", l.name())
                                .put("why", l.why())
                                .put("could_be_quantized", l.couldBe()))
                        .toList());
        json.put(
                "operators",
                proof.operators().stream()
                        .map(o -> {
                            Json operator = new Json()
                                    .put("name", o.name())
                                    .put("type", o.type())
                                    .put("computes", o.computes().id());
                            return o.why().isEmpty() ? operator : operator.put("why", o.why());
                        })
                        .toList());
        twin.ifPresent(t -> json.put(
                "unmatched",
                t.unmatched().entrySet().stream()
                        .map(u -> new Json().put("name", u.getKey()).put("why", u.getValue()))
                        .toList()));
        if (check || requireBits != null || requireIntegers) {
            json.put("broken", List.copyOf(broken));
        }
        return json.put("notes", proof.notes());
    }

    private void show(Proof proof, Optional<FloatTwin> twin, Set<String> broken) {
        var out = terminal().out();
        Table table = twin.isPresent()
                ? new Table(
                        "weight",
                        ">bits",
                        "scheme",
                        "granularity",
                        "computes",
                        "float weight",
                        ">SQNR (dB)",
                        ">max error",
                        ">nearest")
                : new Table("weight", ">bits", "scheme", "granularity", "scales", ">bytes", "computes", ">MACs", "why");
        for (Proof.Entry e : proof.weights()) {
            if (twin.isPresent()) {
                Optional<FloatTwin.Match> m =
                        Optional.ofNullable(twin.get().matches().get(e.name()));
                table.row(
                        cut(e.name()),
                        Integer.toString(e.bits()),
                        e.scheme(),
                        e.granularity(),
                        e.computes().id(),
                        m.map(f -> cut(f.original().name())).orElse("–"),
                        m.map(f -> Text.number(f.sqnr())).orElse("–"),
                        m.map(f -> Text.number(f.maxError())).orElse("–"),
                        m.flatMap(f -> f.nearest().stream()
                                        .mapToObj(Text::percent)
                                        .findFirst())
                                .orElse("–"));
            } else {
                table.row(
                        cut(e.name()),
                        Integer.toString(e.bits()),
                        e.scheme(),
                        e.granularity(),
                        e.scaleType(),
                        Long.toString(e.bytes()),
                        e.computes().id(),
                        macs(e.macs()),
                        e.why());
            }
        }
        out.println(proof.verdict());
        if (!proof.way().isEmpty()) {
            out.println(proof.way());
        }
        table.print(terminal());
        list(
                "in float",
                proof.floatLeft().stream().map(l -> l.name() + ": " + l.why()).toList());
        list(
                "operators in float, with weights or between quantized ones",
                proof.fallbacks().stream()
                        .map(o -> o.type() + " " + o.name() + ": " + o.why())
                        .toList());
        twin.ifPresent(t -> list(
                "without a float weight",
                t.unmatched().entrySet().stream()
                        .map((Map.Entry<String, String> u) -> u.getKey() + ": " + u.getValue())
                        .toList()));
        proof.notes().forEach(n -> out.println("note: " + n));
        broken.forEach(b -> out.println("failed: " + b));
    }

    /** A name of at most some fifty characters; JSON has all of it. */
    private static String cut(String name) {
        return name.length() <= LONGEST ? name : name.substring(0, LONGEST - 1) + "…";
    }

    private static String macs(OptionalDouble macs) {
        return macs.stream()
                .mapToObj(m -> String.format(java.util.Locale.ROOT, "%.0f", m))
                .collect(Collectors.joining());
    }

    private void list(String what, List<String> lines) {
        if (lines.isEmpty()) {
            return;
        }
        terminal().out().println(what + ": " + lines.size());
        lines.stream().limit(SHOWN).forEach(l -> terminal().out().println("  " + l));
        if (lines.size() > SHOWN) {
            terminal().out().println("  and " + (lines.size() - SHOWN) + " more, see --json");
        }
    }
}
