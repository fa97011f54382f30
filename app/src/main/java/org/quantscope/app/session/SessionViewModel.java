package org.quantscope.app.session;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.InputFit;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.metric.NonFiniteWeights;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens models, data and sessions, saves sessions, and keeps a copy of unsaved work against a crash. */
public final class SessionViewModel {
    /** The ending of session files. */
    public static final String EXTENSION = ".quantscope.json";

    private static final Logger LOG = LoggerFactory.getLogger(SessionViewModel.class);

    /**
     * A bundled model with its data.
     *
     * @param start an edit of the default settings that it opens with; empty for none
     */
    public record Sample(String title, Path model, Path evaluation, Path calibration, Optional<Edit> start) {}

    /** How many seconds closing waits for files that are being written. */
    private static final int PATIENCE = 20;

    private final Workbench bench;
    private final Solutions solutions;
    private final Questions questions;
    private final Background background;
    private final LatestWins<Opened> opening;
    private final LatestWins<Optional<String>> looking;
    private final Writer writer;
    private final UnsavedCopy unsaved;
    private final SessionSaver saver;
    private final RecentFiles recent;

    public SessionViewModel(
            Workbench bench, Solutions solutions, Questions questions, Settings settings, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.questions = questions;
        this.background = background;
        this.opening = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.looking = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.writer = new Writer(background.work());
        settings.onChange(
                () -> writer.replace("settings", settings.save(), e -> LOG.warn("settings were not saved", e)));
        this.recent = new RecentFiles(settings, background);
        this.unsaved = new UnsavedCopy(
                settings.state().resolve("unsaved"),
                settings.folder().resolve("autosave" + EXTENSION),
                writer,
                background);
        this.saver = new SessionSaver(bench, solutions, writer, unsaved, background);
    }

    private Optional<Runnable> endOfLoan = Optional.empty();

    /**
     * Opens files: a session, a model, or data for the open model. Of several files, data is opened for the model or
     * session among them.
     */
    public void open(List<Path> files) {
        List<Path> data = new ArrayList<>();
        List<Path> others = new ArrayList<>();
        boolean hasGraph = bench.analysed().flatMap(Model::graph).isPresent();
        for (Path file : files) {
            (Opener.isData(file) && (hasGraph || files.size() > 1) ? data : others).add(file);
        }
        if (others.isEmpty()) {
            data.forEach(this::openEvaluationData);
            return;
        }
        // A window holds one model, so the last file counts.
        Path file = others.getLast();
        boolean session = Opener.isSession(file);
        replace(() -> submit(
                "Opening " + file.getFileName(),
                cancel -> Opener.withData(
                        session
                                ? Opener.resume(Resumption.of(file, SessionFile.read(file)), cancel)
                                : Opener.bench(Opener.readModel(file, cancel), Optional.empty(), List.of(), List.of()),
                        data,
                        cancel)));
    }

    /** Opens a model with the default settings, after asking about unsaved changes. */
    public void openModel(Path file) {
        replace(() -> submit(
                "Opening " + file.getFileName(),
                cancel -> Opener.bench(Opener.readModel(file, cancel), Optional.empty(), List.of(), List.of())));
    }

    /** Opens a bundled model with its data. */
    public void openSample(Sample sample) {
        replace(() -> submit("Opening " + sample.model().getFileName(), cancel -> {
            Dataset evaluation = Datasets.open(sample.evaluation());
            Dataset calibration = Datasets.open(sample.calibration());
            List<Edit> edits = new ArrayList<>();
            edits.add(new Edit.SetEvaluationData(Optional.of(Opener.ref(evaluation))));
            edits.add(new Edit.RelinkCalibrationData(Optional.of(Opener.ref(calibration))));
            sample.start().ifPresent(edits::add);
            return Opener.bench(
                    Opener.readModel(sample.model(), cancel),
                    Optional.empty(),
                    edits,
                    List.of(evaluation, calibration));
        }));
    }

    /** Opens a saved session with the model and the data that it names. */
    public void openSession(Path file) {
        replace(() -> submit(
                "Opening " + file.getFileName(),
                cancel -> Opener.resume(Resumption.of(file, SessionFile.read(file)), cancel)));
    }

    /** Uses this data for evaluation from now on. */
    public void openEvaluationData(Path file) {
        Optional<InputFit> wanted = wanted();
        submit("Reading " + file.getFileName(), cancel -> {
            Samples read = Datasets.samples(file, cancel);
            Dataset dataset;
            try {
                dataset = Datasets.prepare(read);
            } catch (BadInputException e) {
                if (wanted.isPresent()) {
                    return new Opened.Unprepared(read, Role.EVALUATION);
                }
                throw e;
            }
            return wanted.map(w -> w.takes(dataset.sampleShape())).orElse(true)
                    ? new Opened.Data(dataset)
                    : new Opened.Unprepared(read, Role.EVALUATION);
        });
    }

    /** Lets the user choose the float model to compare with, as one undo step. */
    public void chooseReference() {
        bench.modelProperty()
                .get()
                .filter(m -> m.source().graph().isPresent())
                .ifPresent(m -> questions
                        .whichReference(m.file().path())
                        .ifPresent(file -> submit(
                                "Opening " + file.getFileName(),
                                cancel -> new Opened.Reference(Opener.readReference(file, m, cancel)))));
    }

    /** What the inputs of the open model need; empty if there is no model that can be run. */
    private Optional<InputFit> wanted() {
        return bench.analysed().flatMap(Opener::wanted);
    }

    /**
     * Offers unsaved work of earlier runs, which is searched in the background.
     *
     * @param otherwise runs if there is none or the user wants none now, unless something has been opened meanwhile
     */
    public void restore(Runnable otherwise) {
        unsaved.find(found -> {
            if (!found.problems().isEmpty()) {
                background.problem(String.join("; ", found.problems()));
            }
            offer(found.works(), () -> {
                unsaved.release();
                if (bench.modelProperty().get().isEmpty() && !opening.isBusy()) {
                    otherwise.run();
                }
            });
        });
    }

    /** Offers what is left of unsaved work when the user asks for it. */
    public void showUnsaved() {
        unsaved.find(found -> {
            if (!found.problems().isEmpty()) {
                background.problem(String.join("; ", found.problems()));
            } else if (found.works().isEmpty()) {
                background.notices().done("No run that has ended left unsaved work");
            }
            offer(found.works(), unsaved::release);
        });
    }

    private void offer(Map<UnsavedWork, Session> works, Runnable otherwise) {
        if (works.isEmpty()) {
            otherwise.run();
            return;
        }
        switch (questions.resume(List.copyOf(works.keySet()))) {
            case Questions.Resume.Restore(UnsavedWork work) -> {
                unsaved.releaseAllBut(work.file());
                Session session = Objects.requireNonNull(works.get(work));
                replace(() -> submit(
                        "Restoring unsaved work", cancel -> Opener.resume(Resumption.of(work, session), cancel)));
            }
            case Questions.Resume.Discard(UnsavedWork work) -> {
                unsaved.discard(work);
                Map<UnsavedWork, Session> rest = new LinkedHashMap<>(works);
                rest.remove(work);
                offer(rest, otherwise);
            }
            case Questions.Resume.Later() -> otherwise.run();
        }
    }

    /** Saves to the file of the session, or asks for one; in the background. */
    public void save() {
        save(() -> {});
    }

    private void save(Runnable then) {
        bench.sessionFileProperty().get().or(this::askWhere).ifPresent(file -> save(file, then));
    }

    /** Asks for a file and saves to it; in the background. */
    public void saveAs() {
        askWhere().ifPresent(file -> save(file, () -> {}));
    }

    private void save(Path file, Runnable then) {
        saver.save(file, () -> {
            recent.remember(file);
            then.run();
        });
    }

    /**
     * Says that something else than the user's own session is open for a while, such as a lesson. No copy of unsaved work
     * is written of it, and {@code end} is run before something is opened or the window is closed.
     *
     * @param end gives the session back; empty if that is done
     */
    public void borrow(Optional<Runnable> end) {
        saver.pause(end.isPresent());
        endOfLoan = end;
    }

    /**
     * Runs {@code then} if the window may be closed: nothing is unsaved, or the changes have been saved, or the user
     * discards them.
     */
    public void leave(Runnable then) {
        replace(() -> {
            unsaved.forget();
            then.run();
        });
    }

    /**
     * Runs {@code then}, which opens something else, if the open session may be given up for it. Until something else is
     * open the copy of unsaved work stays, because opening may fail.
     */
    private void replace(Runnable then) {
        endOfLoan.ifPresent(Runnable::run);
        if (!bench.dirtyProperty().get()) {
            then.run();
            return;
        }
        switch (questions.unsaved(
                bench.modelProperty().get().map(OpenModel::name).orElse(""))) {
            case SAVE -> save(then);
            case DISCARD -> then.run();
            case STAY -> {}
        }
    }

    /**
     * Cancels background reading and waits for files being written. Changes that the user discarded are not offered
     * again.
     */
    public void close() {
        opening.cancel();
        looking.cancel();
        if (!writer.drain(PATIENCE)) {
            LOG.warn("closed before everything was written");
        }
        unsaved.close();
    }

    private Optional<Path> askWhere() {
        return bench.modelProperty().get().flatMap(m -> {
            Path model = m.file().path();
            String name = m.name();
            int dot = name.lastIndexOf('.');
            return questions.whereToSave(model.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + EXTENSION));
        });
    }

    @FunctionalInterface
    private interface Reading {
        Opened run(CancelToken cancel) throws IOException;
    }

    private void submit(String title, Reading reading) {
        opening.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start(title, cancel)) {
                        job.report(0, 1, "");
                        return reading.run(cancel);
                    }
                },
                this::opened,
                e -> background.problem(Opener.reason(e)));
    }

    /** Says of a model that is open now if weights of it are no numbers. */
    private void lookAtWeights(Model source) {
        looking.submit(
                (cancel, partial) -> NonFiniteWeights.sentence(NonFiniteWeights.in(source.tensors(), cancel)),
                said -> said.ifPresent(background::problem),
                e -> background.problem(Opener.reason(e)));
    }

    private void opened(Opened result) {
        switch (result) {
            case Opened.Bench b -> {
                b.reference().ifPresent(bench::keepReference);
                b.corrected().ifPresent(model -> bench.keepCorrected(b.state(), model));
                solutions.know(b.seen().codes());
                bench.show(
                        b.model(),
                        b.state(),
                        b.seen().ranges(),
                        b.saveTo(),
                        b.data(),
                        b.seen().activations());
                bench.know(b.seen().scores());
                saver.opened(b);
                List<String> notes = new ArrayList<>(b.notes());
                b.seen().note().ifPresent(notes::add);
                if (!notes.isEmpty()) {
                    background.problem(String.join("; ", notes));
                }
                List<String> said = b.model().source().notes();
                if (!said.isEmpty()) {
                    background.notices().done(Invisible.escaped(String.join("; ", said)));
                }
                lookAtWeights(b.model().source());
                if (b.unsaved()) {
                    b.file().ifPresent(unsaved::take);
                    bench.markUnsaved();
                    saver.copy();
                    if (b.isCopy()) {
                        b.saveTo()
                                .ifPresent(file -> background
                                        .notices()
                                        .done("Unsaved work is back; Save writes it to "
                                                + Invisible.escaped(file.toString())));
                    }
                }
                b.model().source().notes().forEach(LOG::info);
                if (!b.unsaved()) {
                    recent.remember(b.file().orElse(b.model().file().path()));
                }
                b.unprepared().ifPresent(u -> questions.howToPrepare(u.role(), u.samples()));
            }
            case Opened.Missing(var of, var role) -> {
                Optional<Path> found = questions.whereIs(role, of.ref(role).orElseThrow());
                if (found.isPresent()) {
                    FileRef was = of.ref(role).orElseThrow();
                    resume(of.with(
                            role, was.withPath(found.get().toAbsolutePath().normalize())));
                } else if (role != Role.MODEL) {
                    resume(of.without(role));
                }
            }
            case Opened.Changed(var of, var role, var now, var name) -> {
                if (questions.acceptChanged(role, name)) {
                    resume(of.with(role, now));
                } else if (role != Role.MODEL) {
                    resume(of.without(role));
                }
            }
            case Opened.Unprepared(var read, var role) -> questions.howToPrepare(role, read);
            case Opened.Reference(var model) -> {
                bench.keepReference(model);
                bench.apply(new Edit.SetReference(Optional.of(model.file())));
            }
            case Opened.Data(var dataset) -> bench.apply(new Edit.SetEvaluationData(Optional.of(bench.keep(dataset))));
        }
    }

    private void resume(Resumption session) {
        submit("Opening " + session.file().getFileName(), cancel -> Opener.resume(session, cancel));
    }

    /** Removes missing files from the list of recent files, in the background. */
    public void forgetMissing() {
        recent.forgetMissing();
    }

    /** Empties the list of recent files. */
    public void clearRecent() {
        recent.clear();
    }

    /** Recently opened files, newest first. */
    public ReadOnlyObjectProperty<List<Path>> recentProperty() {
        return recent.filesProperty();
    }
}
