package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.export.Exporter.Field;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** Every export format, in the order in which they are offered. */
public final class Exporters {
    private static final List<Exporter> ALL = List.of(
            new QuantscopeJsonExporter(),
            new OnnxQdqExporter(),
            new OnnxMatMulNBitsExporter(),
            new OnnxFloatExporter(),
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
                .orElseThrow(() -> new IllegalArgumentException("format: unknown id " + id + "; known: "
                        + ALL.stream().map(Exporter::id).collect(Collectors.joining(", "))));
    }

    /**
     * Every problem of a plan in a format: those of the target and, if none of these is an error, one where nothing is
     * quantized, or no weight although weights were to be.
     */
    public static List<ExportProblem> problems(Exporter exporter, ExportPlan plan) {
        List<ExportProblem> found = new ArrayList<>(exporter.check(plan));
        masks(exporter, plan).ifPresent(found::add);
        deadChannels(exporter, plan).ifPresent(found::add);
        codes(exporter, plan).ifPresent(found::add);
        Optional<String> why = found.stream().anyMatch(p -> p.severity() == Severity.ERROR)
                ? Optional.empty()
                : emptiness(exporter, plan);
        if (why.isEmpty()) {
            return List.copyOf(found);
        }
        List<ExportProblem> all = new ArrayList<>();
        all.add(new ExportProblem(
                exporter.id(),
                "",
                why.get(),
                "look at the list of tensors for what stays float and why",
                Severity.ERROR));
        all.addAll(found);
        return all;
    }

    /** What becomes of mask values, if quantized activations have any and the format says anything of activations. */
    private static Optional<ExportProblem> masks(Exporter exporter, ExportPlan plan) {
        Map<TensorId, Double> shares = new TreeMap<>(plan.session().ranges().maskShares());
        shares.keySet().retainAll(plan.activations().keySet());
        if (shares.isEmpty() || exporter.loses().contains(Field.ACTIVATIONS)) {
            return Optional.empty();
        }
        Map.Entry<TensorId, Double> most = Collections.max(shares.entrySet(), Map.Entry.comparingByValue());
        String where = String.format(
                Locale.ROOT,
                "%s mask values, %s: ",
                shares.size() == 1 ? "an activation holds" : shares.size() + " activations hold",
                shares.size() == 1
                        ? percent(most.getValue()) + " of " + most.getKey()
                        : "most in " + most.getKey() + " with " + percent(most.getValue()));
        boolean own = exporter.loses().contains(Field.RANGE);
        return Optional.of(new ExportProblem(
                exporter.id(),
                "",
                where
                        + (own
                                ? "the target chooses its own ranges, and one that includes them has no levels for the"
                                        + " other values"
                                : "they lie outside the range and become its last level, which a Softmax gives next to"
                                        + " nothing"),
                own
                        ? "put a mask of a few tens in place of the saturating one, or keep these activations in float"
                        : "nothing has to be done; keep these activations in float where all positions may be masked",
                Severity.WARNING));
    }

    /** That codes other than the nearest do not get into the file, if it holds ranges at most. */
    private static Optional<ExportProblem> codes(Exporter exporter, ExportPlan plan) {
        List<TensorId> solved = plan.session().solved().entrySet().stream()
                .filter(e -> e.getValue() instanceof SolvedWeight.Solution)
                .map(Map.Entry::getKey)
                .toList();
        if (solved.isEmpty() || exporter.carriesCodes()) {
            return Optional.empty();
        }
        String which = solved.size() == 1 ? "of " + solved.getFirst() : "of " + solved.size() + " weights";
        return Optional.of(new ExportProblem(
                exporter.id(),
                "",
                "the codes " + which + " are not the nearest ones, and this file holds ranges only: its reader would"
                        + " round by itself",
                "give the reader the float model of format " + OnnxFloatExporter.ID
                        + " together with this file, or choose" + " rounding nearest",
                Severity.ERROR));
    }

    /** How many scales of dead channels were raised, if the format has room for scales of weights. */
    private static Optional<ExportProblem> deadChannels(Exporter exporter, ExportPlan plan) {
        Map<TensorId, Integer> raised = plan.resolved().raisedScales();
        if (raised.isEmpty()
                || exporter.loses().contains(Field.WEIGHTS)
                || exporter.loses().contains(Field.SCALE)) {
            return Optional.empty();
        }
        long scales = raised.values().stream().mapToLong(n -> n).sum();
        TensorId most =
                Collections.max(raised.entrySet(), Map.Entry.comparingByValue()).getKey();
        return Optional.of(new ExportProblem(
                exporter.id(),
                "",
                scales + (scales == 1 ? " scale of a dead channel is" : " scales of dead channels are")
                        + " raised, " + raised.get(most) + " of them in " + most
                        + ": their own would be too small for a bias of 32 bits and for some targets",
                "nothing has to be done; the evaluation uses the same scales",
                Severity.WARNING));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2g %%", 100 * share).replaceAll("^1e\\+02", "100");
    }

    /** Why the file would hold less than what was asked for. */
    private static Optional<String> emptiness(Exporter exporter, ExportPlan plan) {
        ModelSize size = ModelSize.of(plan.model(), plan.resolved());
        String bytes = size.floatBytes() + " B of tensors stay " + size.quantizedBytes() + " B";
        if (plan.encodings().isEmpty()) {
            return Optional.of("nothing is quantized: " + bytes);
        }
        return plan.state().weights().isPresent()
                        && !exporter.loses().contains(Field.WEIGHTS)
                        && plan.encodings().stream().allMatch(Encoding::isActivation)
                ? Optional.of("weights are to be quantized, and none is: " + bytes)
                : Optional.empty();
    }

    /**
     * The constants that the file leaves in float although values are multiplied with them: those of the settings, and
     * weights that this format cannot carry.
     *
     * @param problems of the plan in this format
     */
    public static List<LeftFloat> leftFloat(ExportPlan plan, List<ExportProblem> problems) {
        List<LeftFloat> all = new ArrayList<>(LeftFloat.of(plan.model(), plan.state()));
        problems.stream()
                .filter(p -> p.severity() == Severity.ERROR && !p.tensor().isEmpty())
                .forEach(p -> plan.model()
                        .find(new TensorId(p.tensor()))
                        .filter(t -> t.info().kind() == TensorKind.WEIGHT
                                && all.stream().noneMatch(l -> l.id().equals(t.id())))
                        .ifPresent(t -> all.add(new LeftFloat(t.id(), p.why(), true))));
        return List.copyOf(all);
    }

    /** Checks files before they are moved into place. */
    @FunctionalInterface
    public interface Inspection {
        /**
         * Checks the files.
         *
         * @param plan what was written, with its final path
         * @param written the files, under their final names in a temporary folder; the target comes first
         */
        void inspect(ExportPlan plan, List<Path> written) throws IOException;
    }

    /** Writes without a check of the files. */
    public static List<Path> export(Exporter exporter, ExportPlan plan, Path target, CancelToken cancel)
            throws IOException {
        return export(exporter, plan, target, (placed, written) -> {}, cancel);
    }

    /**
     * Writes into a temporary folder beside {@code target}, checks the files, and then moves them into place; after a
     * failure or a cancel the old files are still there. If a format has several files, {@code target} is moved last,
     * so that it never lacks its parts.
     *
     * @param inspection checks the files; whatever it throws stops the export
     * @return every file written, {@code target} first
     * @throws org.quantscope.core.io.BadInputException if the plan cannot be written in this format
     * @throws org.quantscope.core.io.OverwritesInputException if a file of the model or the data would be overwritten
     * @throws java.util.concurrent.CancellationException if cancelled before the first file was moved
     */
    public static List<Path> export(
            Exporter exporter, ExportPlan plan, Path target, Inspection inspection, CancelToken cancel)
            throws IOException {
        InputFiles.of(plan.model(), plan.state()).keep(files(exporter, target));
        Path real = Destination.of(target);
        SequencedMap<String, Path> places = new LinkedHashMap<>();
        for (Path file : files(exporter, real)) {
            places.put(String.valueOf(file.getFileName()), Destination.of(file));
        }
        Path folder = Files.createDirectory(AtomicFile.temporaryBeside(real));
        try {
            ExportPlan placed = plan.placedAt(real);
            List<Path> written;
            try {
                written = exporter.write(placed, folder.resolve(real.getFileName()), cancel);
                for (Path file : written) {
                    AtomicFile.force(file);
                }
            } catch (IOException e) {
                throw AtomicFile.about(target, folder, e);
            }
            inspection.inspect(placed, written);
            cancel.check();
            List<Path> moved = new ArrayList<>();
            for (Path file : written.reversed()) {
                Path place = places.get(String.valueOf(file.getFileName()));
                if (place == null) {
                    throw new IllegalStateException(exporter.id() + " does not announce " + file.getFileName());
                }
                Destination.replace(file, place);
                String part = file.getFileName()
                        .toString()
                        .substring(real.getFileName().toString().length());
                // The parts of a link's file lie beside that file.
                moved.addFirst(
                        part.isEmpty()
                                ? target
                                : Files.isSymbolicLink(target)
                                        ? real.resolveSibling(file.getFileName())
                                        : target.resolveSibling(target.getFileName() + part));
            }
            return List.copyOf(moved);
        } finally {
            delete(folder);
        }
    }

    /** Every file that an export to {@code target} writes, {@code target} first. */
    public static List<Path> files(Exporter exporter, Path target) {
        List<Path> files = new ArrayList<>(List.of(target));
        exporter.parts().forEach(part -> files.add(target.resolveSibling(target.getFileName() + part)));
        return files;
    }

    private static void delete(Path folder) throws IOException {
        List<Path> left;
        try (Stream<Path> files = Files.list(folder)) {
            left = files.toList();
        }
        for (Path file : left) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(folder);
    }
}
