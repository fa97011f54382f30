package org.quantscope.app.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.workbench.Figures;
import org.quantscope.app.workbench.Measurements;
import org.quantscope.app.workbench.Notices;
import org.quantscope.app.workbench.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Fingerprint;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/** Writes the committed settings in a target's format, after listing what the target will not take. */
public final class ExportViewModel {
    /**
     * A file that was written.
     *
     * @param files the file itself first, then what belongs to it
     * @param bytes of all of them
     * @param sha256 of the first, lower-case hex
     * @param verified what came of looking at it again; empty if the format is to be run and there is no data
     */
    public record Result(Exporter exporter, List<Path> files, long bytes, String sha256, Optional<Verification> verified) {
        public Result {
            files = List.copyOf(files);
        }

        public Path file() {
            return files.getFirst();
        }

        /** All of it in one line. */
        public String summary() {
            return "Exported " + file().getFileName() + " (" + Figures.bytes(bytes) + ")" + verified.map(v -> switch (v) {
                case Verification.Ran ran -> "; ONNX Runtime on " + Figures.count(ran.samples()) + " samples: "
                        + (ran.accuracy().isPresent() ? "accuracy " + Figures.percent(ran.accuracy().getAsDouble()) + ", " : "")
                        + (ran.liveAgreement().isPresent() ? "agrees with what was shown here on " + Figures.percent(ran.liveAgreement().getAsDouble())
                                : String.format(Locale.ROOT, "at most %.3g from what was shown here", ran.maxAbsLogitDiff()));
                case Verification.ReRead read -> "; reads back as it was, " + Figures.count(read.tensors()) + " tensors";
                case Verification.WellFormed _ -> "";
            }).orElse("; not verified, there is no data");
        }

        /** What ONNX Runtime said of it; empty if it did not run it. */
        public Optional<Verification.Ran> ran() {
            return verified.filter(Verification.Ran.class::isInstance).map(Verification.Ran.class::cast);
        }
    }

    private final Workbench bench;
    private final Measurements measurements;
    private final Jobs jobs;
    private final Notices notices;
    private final LatestWins<Result> latest;
    private final ReadOnlyObjectWrapper<Optional<Result>> result = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<ExportPlan>> plan = new ReadOnlyObjectWrapper<>(Optional.empty());

    public ExportViewModel(Workbench bench, Measurements measurements, Executor work, Executor ui, Jobs jobs, Notices notices) {
        this.bench = bench;
        this.measurements = measurements;
        this.jobs = jobs;
        this.notices = notices;
        this.latest = new LatestWins<>(LatestWins.Mode.CONFLATE, work, ui);
        measurements.snapshotProperty().subscribe(x -> refresh());
    }

    private void refresh() {
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        plan.set(measured.complete() ? bench.analysed().flatMap(model -> bench.stateProperty().get().map(state -> {
            Map<TensorId, QuantParams> weights = new HashMap<>();
            Map<TensorId, QuantParams> activations = new HashMap<>();
            bench.weights().forEach(w -> Optional.ofNullable(measured.tensors().get(w.id())).ifPresent(m -> weights.put(w.id(), m.params())));
            bench.activations().forEach(a -> Optional.ofNullable(measured.tensors().get(a.id())).ifPresent(m -> activations.put(a.id(), m.params())));
            model.graph().ifPresent(graph -> activations.putAll(graph.placement().tied(activations)));
            return new ExportPlan(model, state, weights, activations);
        })) : Optional.empty());
    }

    /** A name for the file beside the model. */
    public Path suggestion(Exporter exporter) {
        Path model = bench.modelProperty().get().orElseThrow().file().path();
        String name = String.valueOf(model.getFileName());
        int dot = name.lastIndexOf('.');
        return model.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + "_quantized" + exporter.extension());
    }

    /** Writes with the default options of the format. */
    public void export(Exporter exporter, Path target) {
        export(exporter, Map.of(), target);
    }

    /** Writes in the background. What was at {@code target} stays unless all goes well. */
    public void export(Exporter exporter, Map<String, String> options, Path target) {
        ExportPlan ready = plan.get().map(p -> p.withOptions(options)).orElse(null);
        if (ready == null) {
            notices.problem("Export: the tensors are still being measured");
            return;
        }
        if (target.toAbsolutePath().normalize().equals(bench.modelProperty().get().orElseThrow().file().path())) {
            notices.problem("Export: " + target.getFileName() + " is the model itself; choose another name");
            return;
        }
        Optional<Dataset> data = bench.evaluationData().or(bench::calibrationData);
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = jobs.start("Exporting " + target.getFileName(), cancel)) {
                        job.report(0, 1, exporter.title());
                        List<Path> files = Exporters.export(exporter, ready, target, cancel);
                        return new Result(exporter, files, size(files), Fingerprint.sha256(files.getFirst(), cancel), Verifier.verify(exporter, ready, files, data, job, cancel));
                    }
                },
                written -> {
                    result.set(Optional.of(written));
                    notices.done(written.summary());
                },
                e -> notices.problem("Export: " + e.getMessage()));
    }

    private static long size(List<Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    /** The last file that was written since the program started. */
    public ReadOnlyObjectProperty<Optional<Result>> resultProperty() {
        return result.getReadOnlyProperty();
    }

    /** What would be exported; empty while tensors are being measured. */
    public ReadOnlyObjectProperty<Optional<ExportPlan>> planProperty() {
        return plan.getReadOnlyProperty();
    }
}
