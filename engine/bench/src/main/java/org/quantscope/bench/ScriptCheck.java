package org.quantscope.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.quantscope.core.Engine;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/**
 * Writes every Python script and every C header of the exporters, for every sample model and for one with hostile
 * names, in several settings. Then has them compiled by {@code python3 -m py_compile} and by
 * {@code cc -std=c99 -Wall -Wextra -Werror}. Prints the counts as Markdown; prints the errors in full and fails if a
 * file does not compile.
 *
 * <p>Arguments, all optional: {@code python=PATH}, {@code cc=PATH}. A missing compiler is skipped, and the table says
 * so.
 */
public final class ScriptCheck {
    private static final CancelToken NEVER = new CancelToken();
    private static final String PYTHON = ".py";
    private static final String HEADER = ".h";
    /**
     * Characters that would break a literal, a comment, a C identifier or a regular expression if they were not
     * escaped; the line break ends a comment.
     */
    private static final String HOSTILE = " \"'\\ */ /* ' {x} $1 % ü\u2028\n#";

    private final Map<String, Integer> written = new TreeMap<>();
    private final Map<String, Integer> refused = new TreeMap<>();
    private final Map<String, List<String>> commands = new HashMap<>();
    private final List<String> failures = new ArrayList<>();

    private ScriptCheck(String python, String cc) {
        commands.put(PYTHON, List.of(python, "-m", "py_compile"));
        commands.put(HEADER, List.of(cc, "-std=c99", "-Wall", "-Wextra", "-Werror", "-c", "-o", "/dev/null"));
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> options = new HashMap<>(Map.of("python", "python3", "cc", "cc"));
        for (String arg : args) {
            int at = arg.indexOf('=');
            if (at < 0 || options.replace(arg.substring(0, at), arg.substring(at + 1)) == null) {
                throw new IllegalArgumentException("args: python=PATH or cc=PATH, got " + arg);
            }
        }
        new ScriptCheck(String.valueOf(options.get("python")), String.valueOf(options.get("cc")))
                .run(Path.of(System.getProperty("quantscope.samples", "sample-models")));
    }

    private void run(Path samples) throws IOException, InterruptedException {
        Map<String, String> versions = new TreeMap<>();
        commands.forEach((kind, command) -> versions.put(kind, version(command.getFirst())));
        Path folder = Files.createTempDirectory("quantscope-scripts");
        try {
            List<Path> models;
            try (Stream<Path> files = Files.list(samples)) {
                models = new ArrayList<>(files.filter(f -> f.toString().endsWith(".onnx"))
                        .sorted()
                        .toList());
            }
            models.add(renamed(models.getFirst(), folder.resolve("hostile \" * name.onnx")));
            for (Path file : models) {
                Model model = Engine.open(file, true);
                int n = 0;
                for (SessionState state : settings(model)) {
                    check(
                            model,
                            state,
                            Files.createDirectory(folder.resolve(file.getFileName() + "." + n++)),
                            versions);
                }
            }
            System.out.println(models.size() + " models, "
                    + settings(Engine.open(models.getFirst(), true)).size() + " settings each.\n");
        } finally {
            delete(folder);
        }
        System.out.println("| files of | compiled by | files | refused |\n|---|---|--:|--:|");
        written.forEach((what, n) -> {
            String kind = what.substring(what.lastIndexOf('.'));
            String by = versions.getOrDefault(kind, "");
            System.out.println("| `" + what.substring(0, what.lastIndexOf('.')) + "` (" + kind + ") | "
                    + (by.isEmpty() ? "not installed" : by) + " | " + n + " | "
                    + (by.isEmpty() ? "–" : refused.getOrDefault(what, 0)) + " |");
        });
        failures.forEach(System.out::println);
        if (!failures.isEmpty()) {
            throw new IllegalStateException(failures.size() + " files were refused");
        }
    }

    /** Settings that combine several schemes for weights with several for activations. */
    private static List<SessionState> settings(Model model) {
        QuantSpec w = QuantSpec.WEIGHTS;
        List<QuantSpec> weights = List.of(
                w,
                w.withGranularity(Granularity.CHANNEL),
                w.withSigned(false).withSymmetric(false),
                w.withBits(5).withRestrictedRange(true),
                w.withBits(4).withGranularity(Granularity.parse("block:32")),
                w.withBits(16),
                Quantizers.byId("nf4").adapt(w));
        QuantSpec a = QuantSpec.ACTIVATIONS;
        List<Optional<QuantSpec>> activations = List.of(
                Optional.empty(),
                Optional.of(a.withClip(new Clip.Manual(new ClipRange(-1.5f, 6)))),
                Optional.of(
                        a.withSigned(true).withSymmetric(true).withClip(new Clip.Manual(ClipRange.symmetric(1e-30f)))),
                Optional.of(a.withBits(16).withClip(new Clip.Manual(new ClipRange(0, 3e30f)))));
        List<SessionState> states = new ArrayList<>();
        SessionState start = SessionState.of(new FileRef(model.file(), "0".repeat(64)));
        for (QuantSpec weight : weights) {
            for (Optional<QuantSpec> activation : activations) {
                states.add(start.withWeights(Optional.of(weight)).withActivations(activation));
            }
        }
        return states;
    }

    private void check(Model model, SessionState state, Path folder, Map<String, String> versions)
            throws IOException, InterruptedException {
        ResolvedSettings resolved = Engine.resolve(model, state, Progress.NONE, NEVER);
        ExportPlan plan = new ExportPlan(model, Session.of(state), resolved);
        for (Exporter exporter : Exporters.all()) {
            boolean writes = List.of(PYTHON, HEADER).contains(exporter.extension())
                    || exporter.id().equals("litert");
            for (Path file : writes
                    ? Exporters.export(exporter, plan, folder.resolve(exporter.id() + exporter.extension()), NEVER)
                    : List.<Path>of()) {
                String name = file.getFileName().toString();
                String kind = name.substring(name.lastIndexOf('.'));
                if (commands.containsKey(kind)) {
                    String what = exporter.id() + kind;
                    written.merge(what, 1, Integer::sum);
                    if (!versions.getOrDefault(kind, "").isEmpty()) {
                        compile(kind, what, file, state);
                    }
                }
            }
        }
        delete(folder);
    }

    private void compile(String kind, String what, Path file, SessionState state)
            throws IOException, InterruptedException {
        Path source = file;
        if (kind.equals(HEADER)) {
            source = file.resolveSibling("main.c");
            Files.writeString(
                    source,
                    "#include \"" + file.getFileName() + "\"\n#include \"" + file.getFileName()
                            + "\"\nint main(void) { return 0; }\n");
        }
        List<String> command = new ArrayList<>(commands.getOrDefault(kind, List.of()));
        command.add(source.toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            refused.merge(what, 1, Integer::sum);
            failures.add(what + " of " + state.model().path().getFileName() + ", weights " + state.weights()
                    + ", activations " + state.activations() + ":\n" + said);
        }
    }

    /** The first line that a program prints about its version; empty if there is no such program. */
    private static String version(String program) {
        try {
            Process process = new ProcessBuilder(program, "--version")
                    .redirectErrorStream(true)
                    .start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .findFirst()
                    .orElse(program);
        } catch (IOException e) {
            System.out.println(program + " cannot be started: " + e.getMessage());
            return "";
        }
    }

    /** Writes the model with names that have to be escaped. */
    private static Path renamed(Path model, Path to) throws IOException {
        ModelProto.Builder proto = ModelProto.parseFrom(Files.readAllBytes(model)).toBuilder();
        GraphProto.Builder graph = proto.getGraphBuilder();
        UnaryOperator<String> hostile = name -> name.isEmpty() ? name : name + HOSTILE;
        graph.getInitializerBuilderList().forEach(t -> t.setName(hostile.apply(t.getName())));
        graph.getInputBuilderList().forEach(v -> v.setName(hostile.apply(v.getName())));
        graph.getOutputBuilderList().forEach(v -> v.setName(hostile.apply(v.getName())));
        graph.getValueInfoBuilderList().forEach(v -> v.setName(hostile.apply(v.getName())));
        for (NodeProto.Builder node : graph.getNodeBuilderList()) {
            List<String> inputs = node.getInputList().stream().map(hostile).toList();
            List<String> outputs = node.getOutputList().stream().map(hostile).toList();
            node.clearInput()
                    .addAllInput(inputs)
                    .clearOutput()
                    .addAllOutput(outputs)
                    .setName(hostile.apply(node.getName()));
        }
        return Files.write(to, proto.build().toByteArray());
    }

    private static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walked = Files.walk(folder)) {
            all = walked.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
