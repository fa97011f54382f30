package org.quantscope.app.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
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
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.OnnxQdqExporter;
import org.quantscope.core.export.QdqVerification;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/** Writes the committed settings in a target's format, after listing what the target will not take. */
public final class ExportViewModel {
    private final Workbench bench;
    private final Measurements measurements;
    private final Jobs jobs;
    private final Notices notices;
    private final LatestWins<String> latest;
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
            return new ExportPlan(model, state, weights, activations);
        })) : Optional.empty());
    }

    /** What {@code exporter} will not take of the present settings; empty if it is ready, or nothing is open. */
    public List<ExportProblem> problems(Exporter exporter) {
        return plan.get().map(exporter::check).orElse(List.of());
    }

    /** A name for the file beside the model. */
    public Path suggestion(Exporter exporter) {
        Path model = bench.modelProperty().get().orElseThrow().file().path();
        String name = String.valueOf(model.getFileName());
        int dot = name.lastIndexOf('.');
        return model.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + "_quantized" + exporter.extension());
    }

    /** Writes in the background. What was at {@code target} stays unless all goes well. */
    public void export(Exporter exporter, Path target) {
        ExportPlan ready = plan.get().orElse(null);
        if (ready == null) {
            notices.problem("Export: the tensors are still being measured");
            return;
        }
        Optional<Dataset> data = bench.evaluationData().or(bench::calibrationData);
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = jobs.start("Exporting " + target.getFileName(), cancel)) {
                        job.report(0, 1, exporter.title());
                        List<Path> files = Exporters.export(exporter, ready, target, cancel);
                        return "Exported " + files.getFirst().getFileName() + " (" + size(files) + ")" + verify(exporter, ready, files.getFirst(), data, job, cancel);
                    }
                },
                notices::done,
                e -> notices.problem("Export: " + e.getMessage()));
    }

    /** What ONNX Runtime says of the written model, on the evaluation data or else the calibration data. */
    private static String verify(Exporter exporter, ExportPlan plan, Path file, Optional<Dataset> data, Progress progress, CancelToken cancel)
            throws IOException {
        if (!(exporter instanceof OnnxQdqExporter)) {
            return "";
        }
        if (data.isEmpty()) {
            return "; not verified, there is no data";
        }
        QdqVerification.Verified verified = QdqVerification.verify(file, plan, data.get(), progress, cancel);
        return "; ONNX Runtime on " + Figures.count(verified.samples()) + " samples: "
                + (verified.accuracy().isPresent() ? "accuracy " + Figures.percent(verified.accuracy().getAsDouble()) + ", " : "")
                + "agrees with what was shown here on " + Figures.percent(verified.liveAgreement());
    }

    private static String size(List<Path> files) {
        long bytes = 0;
        for (Path file : files) {
            try {
                bytes += Files.size(file);
            } catch (IOException e) {
                return files.size() + " files";
            }
        }
        return Figures.bytes(bytes);
    }

    /** What would be exported; empty while tensors are being measured. */
    public ReadOnlyObjectProperty<Optional<ExportPlan>> planProperty() {
        return plan.getReadOnlyProperty();
    }
}
