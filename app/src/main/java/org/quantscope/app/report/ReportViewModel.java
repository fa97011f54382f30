package org.quantscope.app.report;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.io.Destination;
import org.quantscope.core.io.Reason;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.report.ModelReport;
import org.quantscope.core.report.Report;
import org.quantscope.core.report.ReportFile;
import org.quantscope.core.report.ReportInput;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;

/**
 * Writes the report of the committed settings, the same that the command {@code report} writes. The folder is
 * remembered, and no file is overwritten that the session was read from.
 */
public final class ReportViewModel {
    private static final String FOLDER = "report.folder";
    private static final String FORM = "report.form";

    /** The forms of a report. */
    public enum Form {
        HTML("Web page", ".html"),
        PDF("PDF", ".pdf");

        private final String title;
        private final String ending;

        Form(String title, String ending) {
            this.title = title;
            this.ending = ending;
        }

        public String title() {
            return title;
        }

        /** The ending of its files, with the dot. */
        public String ending() {
            return ending;
        }
    }

    /** The state of the last report. */
    public sealed interface Status {
        /** None has been written since the model was opened. */
        record None() implements Status {}

        /**
         * Figures are being measured, or the file is being written.
         *
         * @param what the present step, in a few words
         * @param fraction progress from 0 to 1; negative while it is unknown
         */
        record Running(Path target, String what, double fraction) implements Status {}

        /**
         * The file is there.
         *
         * @param figures how many figures it holds
         * @param samples how many samples its accuracy rests on; empty if it has none
         */
        record Written(Path file, int figures, OptionalInt samples) implements Status {
            /** In one line. */
            public String summary() {
                return "Wrote " + file.getFileName() + ": " + Figures.count(figures) + " figures, "
                        + (samples.isPresent()
                                ? "accuracy on " + Figures.count(samples.getAsInt()) + " samples"
                                : "no accuracy, for there is no evaluation data");
            }
        }

        /**
         * Nothing was written; existing files are unchanged.
         *
         * @param why a sentence with the name of the file
         */
        record Refused(String why) implements Status {}
    }

    /** What a report would be made of. */
    private record Ready(
            Model model,
            Model reference,
            SolvedModel solved,
            Session session,
            Optional<Dataset> data,
            List<Path> read) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final Solutions solutions;
    private final Settings settings;
    private final Background background;
    private final Clock clock;
    private final LatestWins<Status> latest;
    private final ReadOnlyObjectWrapper<Status> status = new ReadOnlyObjectWrapper<>(new Status.None());
    private final ReadOnlyObjectWrapper<String> waits = new ReadOnlyObjectWrapper<>("");
    private CancelToken byHand = new CancelToken();

    /** @param clock gives the report its date */
    public ReportViewModel(
            Workbench bench,
            Measurements measurements,
            Solutions solutions,
            Settings settings,
            Background background,
            Clock clock) {
        this.bench = bench;
        this.measurements = measurements;
        this.solutions = solutions;
        this.settings = settings;
        this.background = background;
        this.clock = clock;
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        bench.modelProperty().subscribe(x -> {
            byHand.cancel();
            status.set(new Status.None());
        });
        bench.changes().on(Changes.Stage.OTHERS, () -> waits.set(obstacle()));
    }

    private String obstacle() {
        if (bench.analysed().isEmpty()) {
            return "No model is open.";
        }
        if (bench.analysed().flatMap(Model::graph).isEmpty()) {
            return "This file holds weights without a graph: a report needs a model that can be run.";
        }
        if (!measurements.snapshotProperty().get().complete()) {
            return measurements.snapshotProperty().get().obstacle().orElse("The tensors are still being measured.");
        }
        return solutions
                        .viewProperty()
                        .get()
                        .solved()
                        .filter(s -> s.open().isEmpty())
                        .isEmpty()
                ? "The codes of weights are still being chosen."
                : "";
    }

    /** What the accuracy in a report would rest on, a sentence. */
    public String rests() {
        return bench.evaluationData()
                .map(data -> "Accuracy and flips on " + Figures.count(data.size()) + " samples of "
                        + data.file().getFileName() + ", error curves, targets, and the commands that give every figure"
                        + " again.")
                .orElse("Without evaluation data there is no accuracy in it: choose some under “Data…”.");
    }

    /** The form that was written last. */
    public Form form() {
        return settings.text(FORM).filter(Form.PDF.name()::equals).isPresent() ? Form.PDF : Form.HTML;
    }

    /** A suggested path: in the folder of the last report, else beside the model. */
    public Path suggestion(Form form) {
        Path model = bench.modelProperty().get().orElseThrow().file().path();
        String name = String.valueOf(model.getFileName());
        int dot = name.lastIndexOf('.');
        Path folder = settings.text(FOLDER).map(Path::of).orElse(model.resolveSibling(""));
        return folder.resolve((dot > 0 ? name.substring(0, dot) : name) + "_report" + form.ending());
    }

    /** Measures and writes in the background. An existing file is replaced only if everything succeeds. */
    public void write(Form form, Path target) {
        if (!waits.get().isEmpty() || status.get() instanceof Status.Running) {
            return;
        }
        Ready of = ready();
        String date = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'", Locale.ROOT)
                .withZone(ZoneOffset.UTC)
                .format(clock.instant());
        Optional<Path> config = bench.dirtyProperty().get()
                ? Optional.empty()
                : bench.sessionFileProperty().get();
        CancelToken stop = new CancelToken();
        byHand = stop;
        String name = String.valueOf(target.getFileName());
        status.set(new Status.Running(target, "measuring", -1));
        settings.setText(FORM, form.name());
        Optional.ofNullable(target.toAbsolutePath().getParent())
                .ifPresent(folder -> settings.setText(FOLDER, folder.toString()));
        latest.submit(
                (cancel, partial) -> {
                    // The job has its own token, so that a user who cancels it is told what happened to the file.
                    try (Jobs.Handle job = background.start("Report", stop)) {
                        Progress progress = (done, total, what) -> {
                            job.report(done, total, what);
                            partial.accept(new Status.Running(target, what, total > 0 ? (double) done / total : -1));
                        };
                        return write(of, config, target, date, progress, stop);
                    } catch (CancellationException e) {
                        cancel.check();
                        return new Status.Refused("Cancelled: " + name + " was not written");
                    }
                },
                next -> tell(stop, next),
                e -> tell(stop, new Status.Refused(name + " was not written: " + Reason.of(e))));
    }

    private Ready ready() {
        Model model = bench.analysed().orElseThrow();
        SessionState state = bench.stateProperty().get().orElseThrow();
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        SolvedModel solved = solutions.viewProperty().get().solved().orElseThrow();
        return new Ready(
                Engine.scored(model, state.scored()),
                bench.reference().orElse(model),
                solved,
                new Session(
                        state,
                        measured.ranges(),
                        solved.solved(),
                        bench.scoresProperty().get()),
                bench.evaluationData(),
                bench.sessionFileProperty()
                        .get()
                        .map(f -> List.of(f, SketchFile.beside(f)))
                        .orElse(List.of()));
    }

    private static Status write(
            Ready of, Optional<Path> config, Path target, String date, Progress progress, CancelToken cancel)
            throws IOException {
        SessionState state = of.session().state();
        ReportFile.checked(target);
        Destination.of(target);
        InputFiles inputs = InputFiles.of(of.model(), state);
        of.read().forEach(inputs::file);
        inputs.keep(List.of(target));
        Report report;
        try (LiveEvaluator evaluator = of.data()
                .map(on -> Engine.evaluatorBesideWindow(
                        Engine.scored(of.solved().model(), state.scored()), of.reference(), on, state.metric(), 0))
                .orElse(null)) {
            report = ModelReport.of(
                    new ReportInput(
                            of.model(),
                            of.reference(),
                            of.solved(),
                            of.session(),
                            evaluator == null
                                    ? Optional.empty()
                                    : of.data().map(on -> new ReportInput.Data(on, evaluator)),
                            config,
                            limit(state, of.data()),
                            date),
                    progress,
                    cancel);
        }
        cancel.check();
        ReportFile.write(report, target);
        return new Status.Written(
                target.toAbsolutePath().normalize(),
                report.figures().size(),
                of.data().map(d -> OptionalInt.of(d.size())).orElse(OptionalInt.empty()));
    }

    /** How many of the first samples are used, if the file holds more. */
    private static OptionalInt limit(SessionState state, Optional<Dataset> data) {
        OptionalInt used = state.evaluationData().map(FileRef::samples).orElse(OptionalInt.empty());
        boolean all = data.flatMap(Dataset::samples)
                .filter(s -> used.isPresent()
                        && used.getAsInt() + data.get().dropped().size() < s.size())
                .isEmpty();
        return all ? OptionalInt.empty() : used;
    }

    private void tell(CancelToken of, Status outcome) {
        // Another model may be open by now.
        if (!of.equals(byHand) || status.get() instanceof Status.None) {
            return;
        }
        status.set(outcome);
        if (outcome instanceof Status.Written written) {
            background.notices().done(written.summary());
        } else if (outcome instanceof Status.Refused(String why)) {
            background.problem("Report: " + why);
        }
    }

    /** Cancels the report in work; nothing is written. */
    public void cancel() {
        byHand.cancel();
    }

    public ReadOnlyObjectProperty<Status> statusProperty() {
        return status.getReadOnlyProperty();
    }

    /** Why no report can be written now, a sentence; empty if one can. */
    public ReadOnlyObjectProperty<String> waitsForProperty() {
        return waits.getReadOnlyProperty();
    }
}
