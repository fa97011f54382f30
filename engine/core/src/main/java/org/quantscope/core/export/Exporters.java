package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.job.CancelToken;

/** Every export format, in the order in which they are offered. */
public final class Exporters {
    private static final List<Exporter> ALL = List.of(
            new QuantscopeJsonExporter(),
            new OnnxQdqExporter(),
            new OnnxMatMulNBitsExporter(),
            new OrtOverridesExporter(),
            new OrtOverridesPythonExporter(),
            new OrtCalibrationJsonExporter(),
            new OrtCalibrationTextExporter(),
            new TensorRtCacheExporter(),
            new AimetLegacyExporter(),
            new Aimet1Exporter(),
            new Aimet2Exporter(),
            new QnnOverridesExporter(),
            new LitertExporter(),
            new Pt2eExporter(),
            new NncfExporter(),
            new LlamaTypesExporter(),
            new ModelExplorerExporter(),
            new SafetensorsExporter(),
            new NpzExporter(),
            new CHeaderExporter());

    private Exporters() {}

    public static List<Exporter> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Exporter byId(String id) {
        return ALL.stream()
                .filter(e -> e.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "format: unknown id " + id + "; known: " + ALL.stream().map(Exporter::id).collect(Collectors.joining(", "))));
    }

    /** @throws IllegalArgumentException naming an option that the exporter does not have, or a value that is none of the option's type */
    public static void checkOptions(Exporter exporter, Map<String, String> options) {
        FormatOptions given = FormatOptions.of(exporter, options);
        exporter.options().forEach(given::checkType);
    }

    /**
     * Writes to a temporary file beside {@code target}, then moves it into place: a failure or a cancel leaves what was there.
     * A format of several files has its other parts beside it; they are moved first, so that a new {@code target} has its parts.
     *
     * @return every file written, {@code target} first
     * @throws org.quantscope.core.BadInputException if the plan cannot be written in this format
     * @throws java.util.concurrent.CancellationException if cancelled before the first file was moved
     */
    public static List<Path> export(Exporter exporter, ExportPlan plan, Path target, CancelToken cancel) throws IOException {
        Path real = AtomicFile.destination(target);
        Path temporary = AtomicFile.temporaryBeside(real);
        String prefix = temporary.getFileName().toString();
        try {
            List<Path> written = exporter.write(plan, temporary, cancel);
            for (Path file : written) {
                AtomicFile.force(file);
            }
            cancel.check();
            List<Path> moved = new ArrayList<>();
            for (Path file : written.reversed()) {
                String part = file.getFileName().toString().substring(prefix.length());
                Path place = real.resolveSibling(real.getFileName() + part);
                AtomicFile.replace(file, place);
                moved.addFirst(part.isEmpty() ? target : target.resolveSibling(target.getFileName() + part));
            }
            return List.copyOf(moved);
        } finally {
            deleteAll(temporary, prefix);
        }
    }

    private static void deleteAll(Path temporary, String prefix) throws IOException {
        List<Path> left;
        try (Stream<Path> files = Files.list(temporary.toAbsolutePath().getParent())) {
            left = files.filter(f -> f.getFileName().toString().startsWith(prefix)).toList();
        }
        for (Path file : left) {
            Files.deleteIfExists(file);
        }
    }
}
