package org.quantscope.core.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.OneSample;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.rewrite.RuntimeOperators;

/**
 * How long the float model and the exported one take for a sample, measured on this machine, in turn. Says nothing about
 * another machine.
 *
 * @param processor this machine's, as the system names it
 * @param threads that one operator may use
 * @param runtime what ran the models, with its version
 * @param runs of each model
 * @param ofFloat the float model's times
 * @param quantized the exported model's, opened with default options
 * @param remarks why it may not be faster: layers that still compute in float, and conversions that are left
 */
public record MeasuredSpeed(
        String processor, int threads, String runtime, int runs, Times ofFloat, Times quantized, List<String> remarks) {
    /** Runs before any is counted. */
    private static final int WARM_UP = 5;

    /** Runs of each model at least, and at most. */
    private static final int LEAST_RUNS = 15;

    private static final int MOST_RUNS = 301;
    /** The time that all counted runs should take together. */
    private static final long ENOUGH_NANOS = 2_000_000_000L;

    public MeasuredSpeed {
        remarks = List.copyOf(remarks);
    }

    /**
     * Milliseconds for one run.
     *
     * @param median half of the runs took less
     * @param low a quarter of the runs took less
     * @param high a quarter of the runs took more
     */
    public record Times(double median, double low, double high) {
        static Times of(long[] nanos) {
            long[] sorted = nanos.clone();
            Arrays.sort(sorted);
            return new Times(at(sorted, 2), at(sorted, 1), at(sorted, 3));
        }

        private static double at(long[] sorted, int quarter) {
            return sorted[(sorted.length - 1) * quarter / 4] / 1e6;
        }
    }

    /** True if even a slow run of the exported model takes less time than a quick one of the float model. */
    public boolean isFaster() {
        return quantized.high < ofFloat.low;
    }

    /** What was found, in one sentence. */
    public String sentence() {
        double ratio = ofFloat.median / quantized.median;
        if (isFaster()) {
            return String.format(
                    Locale.ROOT, "Here the exported model is %.2f times as fast as the float model.", ratio);
        }
        return ofFloat.high < quantized.low
                ? String.format(
                        Locale.ROOT,
                        "Not faster here: the exported model takes %.2f times as long as float.",
                        1 / ratio)
                : "Not faster here: both take the same time within the spread.";
    }

    /**
     * Exports a model to a temporary file and measures both.
     *
     * @param plan the settings as they are exported
     * @param data its first sample is run; empty for numbers drawn at random in the shapes that the model declares
     * @throws org.quantscope.core.io.BadInputException if the settings cannot be exported for ONNX Runtime, or it
     *     refuses the file
     * @throws CancellationException if cancelled
     */
    public static MeasuredSpeed of(
            ExportPlan plan, Optional<Dataset> data, int threads, Progress progress, CancelToken cancel)
            throws IOException {
        OrtModel.Options options = new OrtModel.Options(threads, true);
        Model model = plan.model();
        Path folder = Temporaries.folder("measure");
        Map<String, NativeTensor> inputs = new LinkedHashMap<>();
        try {
            Path written = folder.resolve("model.onnx");
            Exporters.export(Exporters.byId("onnx-qdq"), plan, written, cancel);
            inputs.putAll(OneSample.of(model, data).tensors());
            String origin = String.valueOf(model.file().getFileName());
            List<String> outputs =
                    List.of(model.graph().orElseThrow().outputNames().getFirst());
            List<String> remarks = remarks(written, options);
            try (OrtModel plain = OrtModel.load(InstrumentedGraph.plain(model), origin, options);
                    OrtModel exported = OrtModel.loadOwn(written, options)) {
                List<OrtModel> both = List.of(plain, exported);
                for (int i = 0; i < WARM_UP; i++) {
                    both.forEach(one -> one.run(fed(one, inputs), outputs, cancel));
                }
                List<long[]> nanos = measured(both, inputs, outputs, progress, cancel);
                return new MeasuredSpeed(
                        thisProcessor(),
                        threads,
                        "ONNX Runtime " + OrtRuntime.version(),
                        nanos.size(),
                        Times.of(nanos.stream().mapToLong(n -> n[0]).toArray()),
                        Times.of(nanos.stream().mapToLong(n -> n[1]).toArray()),
                        remarks);
            }
        } finally {
            inputs.values().forEach(NativeTensor::close);
            delete(folder);
        }
    }

    private static List<long[]> measured(
            List<OrtModel> both,
            Map<String, NativeTensor> inputs,
            List<String> outputs,
            Progress progress,
            CancelToken cancel) {
        List<long[]> nanos = new ArrayList<>();
        long begin = System.nanoTime();
        while (nanos.size() < LEAST_RUNS || (nanos.size() < MOST_RUNS && System.nanoTime() - begin < ENOUGH_NANOS)) {
            cancel.check();
            progress.report(nanos.size(), MOST_RUNS, "run " + (nanos.size() + 1));
            long[] pair = new long[both.size()];
            for (int m = 0; m < pair.length; m++) {
                Map<String, NativeTensor> feeds = fed(both.get(m), inputs);
                long from = System.nanoTime();
                both.get(m).run(feeds, outputs, cancel);
                pair[m] = System.nanoTime() - from;
            }
            nanos.add(pair);
        }
        return nanos;
    }

    private static Map<String, NativeTensor> fed(OrtModel model, Map<String, NativeTensor> inputs) {
        Map<String, NativeTensor> feeds = new LinkedHashMap<>(inputs);
        feeds.keySet().retainAll(model.inputNames());
        return feeds;
    }

    private static List<String> remarks(Path written, OrtModel.Options options) throws IOException {
        List<String> remarks = new ArrayList<>();
        if (Files.size(written) > RunnableGraph.MOST_IN_MESSAGE) {
            remarks.add("The file is too large to look at what ONNX Runtime makes of it.");
            return remarks;
        }
        byte[] optimized = OrtModel.optimized(Files.readAllBytes(written), "the exported model", options);
        RuntimeOperators found = RuntimeOperators.of(optimized, "the exported model");
        int layers = found.floatLayers().values().stream().mapToInt(n -> n).sum();
        if (layers > 0) {
            String kinds = found.floatLayers().entrySet().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .map(e -> e.getValue() + " " + e.getKey())
                    .collect(Collectors.joining(", "));
            remarks.add("ONNX Runtime has no integer kernel for " + kinds
                    + " as quantized here: it converts their values back and computes in float.");
        }
        if (found.conversions() > 0) {
            remarks.add(found.conversions() + " operators that only convert between integers and float are left.");
        }
        return remarks;
    }

    /** This machine's processor as the system names it. */
    private static String thisProcessor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            Optional<String> name = lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
            if (name.isPresent()) {
                return name.get();
            }
        } catch (IOException | UncheckedIOException e) {
            // Only Linux has this file; elsewhere the environment or the architecture says it.
        }
        return Optional.ofNullable(System.getenv("PROCESSOR_IDENTIFIER")).orElse(System.getProperty("os.arch"));
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
