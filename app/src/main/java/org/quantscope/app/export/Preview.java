package org.quantscope.app.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.export.Encoding;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.TensorId;

/** What a format would write: the text of its files, or a description of a binary file. */
public record Preview(List<Part> parts) {
    /** How many bytes of each file are written for a preview. */
    static final long MOST_BYTES = 4L << 20;

    static final Preview NONE = new Preview(List.of());

    private static final Set<String> BINARY = Set.of(".onnx", ".safetensors", ".npz", ".npy", ".bin");
    private static final int LOOKED_AT = 8192;
    private static final int NAMED = 3;

    /**
     * One file of the preview.
     *
     * @param name the name of the file
     * @param text false if {@code lines} describe a binary file
     * @param cut true if the file continues after these lines
     * @param marked indices of the lines that belong to the selected tensor
     */
    public record Part(String name, boolean text, List<String> lines, boolean cut, SortedSet<Integer> marked) {
        public Part {
            lines = List.copyOf(lines);
        }

        Part marked(String tensor) {
            if (text) {
                return new Part(name, true, lines, cut, TensorLines.of(lines, tensor));
            }
            int described = IntStream.range(0, lines.size())
                    .filter(i -> lines.get(i).startsWith(tensor + "  "))
                    .findFirst()
                    .orElse(-1);
            SortedSet<Integer> one = new TreeSet<>(described < 0 ? Set.of() : Set.of(described));
            return new Part(name, false, lines, cut, one);
        }

        /** All lines as one text. */
        public String whole() {
            return String.join("\n", lines) + "\n";
        }

        /** The marked lines as one text; empty if none is marked. */
        public String snippet() {
            return marked.stream().map(i -> lines.get(i) + "\n").collect(Collectors.joining());
        }
    }

    public Preview {
        parts = List.copyOf(parts);
    }

    /** This preview with the lines of another tensor marked. */
    Preview marked(TensorId tensor) {
        return new Preview(parts.stream().map(p -> p.marked(tensor.name())).toList());
    }

    /**
     * Writes the beginning of the files into a temporary folder, reads it and deletes it.
     *
     * @param name name of the file
     * @throws org.quantscope.core.io.BadInputException if the plan cannot be written in this format
     */
    static Preview of(Exporter exporter, ExportPlan plan, String name, List<ExportProblem> problems, CancelToken cancel)
            throws IOException {
        if (BINARY.contains(exporter.extension())) {
            return new Preview(List.of(description(exporter, plan, name, problems)));
        }
        Path folder = Temporaries.folder("preview");
        try {
            Path file = folder.resolve(name);
            List<Path> written;
            boolean cut = false;
            try {
                written = exporter.write(
                        plan, file, CancelToken.when(() -> cancel.isCancelled() || size(folder) > MOST_BYTES));
            } catch (CancellationException e) {
                cancel.check();
                cut = true;
                written = List.of(file);
            }
            List<Part> parts = new ArrayList<>();
            for (Path each : written) {
                parts.add(part(exporter, plan, each, problems, cut));
            }
            return new Preview(parts);
        } finally {
            delete(folder);
        }
    }

    private static Part part(
            Exporter exporter, ExportPlan plan, Path file, List<ExportProblem> problems, boolean unfinished)
            throws IOException {
        byte[] bytes;
        try (var in = Files.newInputStream(file)) {
            bytes = in.readNBytes(Math.toIntExact(MOST_BYTES));
        }
        String name = String.valueOf(file.getFileName());
        if (IntStream.range(0, Math.min(LOOKED_AT, bytes.length)).anyMatch(i -> bytes[i] == 0)) {
            return description(exporter, plan, name, problems);
        }
        List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
        return new Part(name, true, lines, unfinished || Files.size(file) > bytes.length, new TreeSet<>());
    }

    private static long size(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(f -> f.toFile().length()).sum();
        } catch (IOException e) {
            // It is looked at again at the next step.
            return 0;
        }
    }

    private static void delete(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(folder);
    }

    private static Part description(Exporter exporter, ExportPlan plan, String name, List<ExportProblem> problems) {
        Set<String> left = problems.stream()
                .filter(p -> p.severity() == Severity.ERROR)
                .map(ExportProblem::tensor)
                .collect(Collectors.toCollection(TreeSet::new));
        List<Encoding> all = plan.encodings();
        List<Encoding> carried = left.contains("")
                ? List.of()
                : all.stream().filter(e -> !left.contains(e.id().name())).toList();
        boolean weights = !exporter.loses().contains(Exporter.Field.WEIGHTS);
        boolean activations = !exporter.loses().contains(Exporter.Field.ACTIVATIONS);
        List<String> lines = new ArrayList<>();
        lines.add("A binary file.");
        if (weights) {
            lines.add(holds(carried, all, false));
        }
        if (activations) {
            lines.add(holds(carried, all, true));
        }
        List<String> names = all.stream()
                .map(e -> e.id().name())
                .filter(left::contains)
                .map(Invisible::escaped)
                .toList();
        if (!names.isEmpty()) {
            lines.add("Left as in the model: " + String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
                    + (names.size() > NAMED ? " and " + (names.size() - NAMED) + " more" : ""));
        }
        lines.add("");
        for (Encoding e : carried) {
            if (e.isActivation() ? activations : weights) {
                lines.add(Invisible.escaped(e.id().name()) + "  " + described(e));
            }
        }
        SortedSet<Integer> none = new TreeSet<>();
        return new Part(name, false, lines, false, none);
    }

    private static String holds(List<Encoding> carried, List<Encoding> all, boolean activations) {
        long some =
                carried.stream().filter(e -> e.isActivation() == activations).count();
        long n = all.stream().filter(e -> e.isActivation() == activations).count();
        return Figures.count(some) + " of " + Figures.count(n) + " quantized "
                + (activations ? "activations" : "weights");
    }

    /** Bit width, grid and range of a tensor in one line. */
    static String described(Encoding e) {
        float lo = Float.POSITIVE_INFINITY;
        float hi = Float.NEGATIVE_INFINITY;
        for (ClipRange r : e.effective()) {
            lo = Math.min(lo, r.lo());
            hi = Math.max(hi, r.hi());
        }
        String grid = e.isAffine()
                ? (e.isSigned() ? "int" : "uint") + e.bits()
                : e.spec().scheme();
        String grain = switch (e.params().granularity()) {
            case Granularity.PerTensor _ ->
                "scale " + Figures.small(e.params().scale(0))
                        + (e.isAffine() ? ", zero point " + e.params().zeroPoint(0) : "");
            case Granularity.PerChannel c -> Figures.count(e.params().slices()) + " scales along axis " + c.axis();
            case Granularity.PerBlock b -> Figures.count(e.params().slices()) + " blocks of " + b.size();
        };
        return grid + ", " + grain + ", " + Figures.value(lo) + " … " + Figures.value(hi);
    }
}
