package org.quantscope.app.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.io.Reason;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.session.Session;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/** Exports the committed settings in the format of a target, and lists what the target does not accept. */
public final class ExportViewModel {
    /**
     * The files of a finished export.
     *
     * @param files the file itself first, then those that belong to it
     * @param bytes size of all files together
     * @param sha256 digest of the first file, lower-case hex
     * @param problems what running the file has shown against it
     * @param verified the result of the verification; empty if the format has to be run and there is no data to run it
     *     on
     */
    public record Result(
            Exporter exporter,
            List<Path> files,
            long bytes,
            String sha256,
            List<ExportProblem> problems,
            Optional<Verification> verified) {
        public Result {
            files = List.copyOf(files);
            problems = List.copyOf(problems);
        }

        public Path file() {
            return files.getFirst();
        }

        /** The result in one line. */
        public String summary() {
            return "Exported " + file().getFileName() + " (" + Figures.bytes(bytes) + ")"
                    + verified.map(v -> switch (v) {
                                case Verification.Ran ran -> "; " + ways(ran);
                                case Verification.ReRead read ->
                                    "; reads back as it was, " + Figures.count(read.tensors()) + " tensors";
                                case Verification.WellFormed _ -> "";
                            })
                            .orElse("; not verified, there is no data");
        }

        private static String ways(Verification.Ran ran) {
            String runtime = "ONNX Runtime " + ran.version();
            return switch (ran.asRun()) {
                case Verification.Refused _ ->
                    runtime + " does not run it with default options; node by node on "
                            + Figures.count(ran.asWritten().samples()) + " samples: " + figures(ran.asWritten());
                case Verification.Run run ->
                    runtime + " on " + Figures.count(run.samples()) + " samples: " + figures(run) + "; node by node: "
                            + figures(ran.asWritten());
            };
        }

        private static String figures(Verification.Run run) {
            return (run.accuracy().isPresent()
                            ? "accuracy " + Figures.percent(run.accuracy().getAsDouble()) + ", "
                            : "")
                    + (run.liveAgreement().isPresent()
                            ? "agrees with what was shown here on "
                                    + Figures.percent(run.liveAgreement().getAsDouble())
                            : String.format(
                                    Locale.ROOT, "at most %.3g from what was shown here", run.maxAbsLogitDiff()));
        }

        /** The result of running the file in ONNX Runtime; empty if it was not run. */
        public Optional<Verification.Ran> ran() {
            return verified.filter(Verification.Ran.class::isInstance).map(Verification.Ran.class::cast);
        }
    }

    /** The state of the last export. */
    public sealed interface Status {
        /** Nothing has been exported since the model was opened. */
        record None() implements Status {}

        /**
         * A file is being written or verified.
         *
         * @param what the present step, in a few words
         * @param fraction progress from 0 to 1; negative while it is unknown
         */
        record Running(Path target, String what, double fraction) implements Status {}

        record Written(Result result) implements Status {}

        /**
         * Nothing was written; existing files are unchanged.
         *
         * @param why a sentence with the name of the file
         */
        record Refused(String why) implements Status {}
    }

    private final Workbench bench;
    private final Measurements measurements;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<Status> latest;
    private final ReadOnlyObjectWrapper<Status> status = new ReadOnlyObjectWrapper<>(new Status.None());
    private CancelToken byHand = new CancelToken();
    private final ReadOnlyObjectWrapper<Optional<ExportPlan>> plan = new ReadOnlyObjectWrapper<>(Optional.empty());

    public ExportViewModel(Workbench bench, Measurements measurements, Solutions solutions, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.solutions = solutions;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
        background
                .jobs()
                .onChange(running -> running.stream()
                        .filter(job -> job.cancel().equals(byHand))
                        .findFirst()
                        .ifPresent(this::progress));
        bench.modelProperty().subscribe(x -> {
            if (!(status.get() instanceof Status.Running)) {
                status.set(new Status.None());
            }
        });
    }

    private void progress(Jobs.Job job) {
        if (status.get() instanceof Status.Running(Path target, var what, var fraction)) {
            status.set(new Status.Running(target, job.what(), job.fraction()));
        }
    }

    private void refresh() {
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        Optional<SolvedModel> solved = solutions
                .viewProperty()
                .get()
                .solved()
                .filter(codes -> measured.complete() && codes.open().isEmpty());
        Optional<ExportPlan> next = solved.flatMap(codes -> bench.analysed()
                .flatMap(model -> bench.stateProperty()
                        .get()
                        .map(state -> new ExportPlan(
                                        codes.model(),
                                        new Session(state, measured.ranges(), codes.solved()),
                                        codes.settings())
                                .withReference(bench.reference().orElse(model)))));
        if (!next.equals(plan.get())) {
            plan.set(next);
        }
    }

    /** A suggested path: beside the model, with a different name for each format. */
    public Path suggestion(Exporter exporter) {
        Path model = bench.modelProperty().get().orElseThrow().file().path();
        String name = String.valueOf(model.getFileName());
        int dot = name.lastIndexOf('.');
        return model.resolveSibling(
                (dot > 0 ? name.substring(0, dot) : name) + "_" + withoutEnding(exporter) + exporter.extension());
    }

    /** The id of the format, without the part that the file ending repeats. */
    private static String withoutEnding(Exporter exporter) {
        String ending = exporter.extension().replace('.', '-');
        return ending.equals("-" + exporter.id())
                ? "quantized"
                : exporter.id().endsWith(ending)
                        ? exporter.id().substring(0, exporter.id().length() - ending.length())
                        : exporter.id();
    }

    /** Why there is no plan, in a sentence without its full stop. */
    String waitsFor() {
        Solutions.View codes = solutions.viewProperty().get();
        return switch (codes.status()) {
            case WORKING -> "the codes of weights are still being chosen";
            case STOPPED, FAILED ->
                codes.open() + " weights have not the codes that their rounding would choose; let it go on, or round"
                        + " them to nearest";
            case NO_DATA ->
                codes.open() + " weights are to be rounded on calibration data, and there is none; open it, or round"
                        + " them to nearest";
            case WAITING, NEAREST, HOLD ->
                measurements.snapshotProperty().get().obstacle().orElse("the tensors are still being measured");
        };
    }

    /** Exports with the default options of the format. */
    public void export(Exporter exporter, Path target) {
        export(exporter, Map.of(), target);
    }

    /**
     * Exports and verifies in the background. An existing file at {@code target} is replaced only if everything
     * succeeds.
     */
    public void export(Exporter exporter, Map<String, String> options, Path target) {
        ExportPlan ready = plan.get().map(p -> p.withOptions(options)).orElse(null);
        if (ready == null) {
            tell(new Status.Refused(waitsFor()));
            return;
        }
        Optional<Dataset> data = bench.evaluationData().or(bench::calibrationData);
        String name = String.valueOf(target.getFileName());
        CancelToken stop = new CancelToken();
        byHand = stop;
        status.set(new Status.Running(target, "writing", -1));
        latest.submit(
                (cancel, partial) -> {
                    // The job has its own token, so that a user who cancels it is told what happened to the file.
                    try (Jobs.Handle job = background.start("Exporting " + name, stop)) {
                        job.report(0, 0, "writing");
                        Verifier.Exported done = Verifier.export(
                                exporter,
                                ready,
                                target,
                                data,
                                job,
                                CancelToken.when(() -> cancel.isCancelled() || stop.isCancelled()));
                        return new Status.Written(new Result(
                                exporter,
                                done.files(),
                                size(done.files()),
                                Fingerprint.sha256(done.files().getFirst(), cancel),
                                Stream.concat(
                                                Verifier.nonFinite(exporter, ready, cancel).stream(),
                                                done.verified().stream()
                                                        .flatMap(v -> Verifier.problems(exporter, v).stream()))
                                        .toList(),
                                done.verified()));
                    } catch (CancellationException e) {
                        cancel.check();
                        return new Status.Refused("Cancelled: " + name + " was not written");
                    }
                },
                this::tell,
                e -> tell(new Status.Refused(name + " was not written: " + Reason.of(e))));
    }

    private void tell(Status outcome) {
        status.set(outcome);
        if (outcome instanceof Status.Written(Result result)) {
            background.notices().done(result.summary());
        } else if (outcome instanceof Status.Refused(String why)) {
            background.problem("Export: " + why);
        }
    }

    /** Cancels the running export, which then writes nothing. */
    public void cancel() {
        byHand.cancel();
    }

    private static long size(List<Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    public ReadOnlyObjectProperty<Status> statusProperty() {
        return status.getReadOnlyProperty();
    }

    /** What would be exported now; empty while tensors are being measured. */
    public ReadOnlyObjectProperty<Optional<ExportPlan>> planProperty() {
        return plan.getReadOnlyProperty();
    }
}
