package org.quantscope.app.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.InputFit;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Reason;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.SketchFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens models, data and sessions, saves sessions, and keeps a copy of unsaved work against a crash. */
public final class SessionViewModel {
    /** What a session file ends in. */
    public static final String EXTENSION = ".quantscope.json";

    private static final Logger LOG = LoggerFactory.getLogger(SessionViewModel.class);

    /**
     * A bundled model with its data.
     *
     * @param start the choices that it opens with, on top of the defaults
     */
    public record Sample(String title, Path model, Path evaluation, Path calibration, Optional<Edit> start) {}

    private sealed interface Opened {
        /**
         * A model with what goes with it.
         *
         * @param notes what is wrong with the rest, a sentence each
         * @param unprepared data that came with it and does not fit as it is
         */
        record Bench(
                OpenModel model,
                Optional<Model> corrected,
                SessionState state,
                Optional<Path> file,
                List<Dataset> data,
                Seen seen,
                boolean unsaved,
                List<String> notes,
                Optional<Unprepared> unprepared)
                implements Opened {
            Bench without(String note, Optional<Unprepared> more) {
                List<String> all = new ArrayList<>(notes);
                all.add(note);
                return new Bench(model, corrected, state, file, data, seen, unsaved, all, more);
            }
        }

        record Missing(Resumption of, Role role) implements Opened {}

        record Changed(Resumption of, Role role, FileRef now) implements Opened {}

        record Data(Dataset dataset, Role role) implements Opened {}

        /** Data that does not fit as it is. */
        record Unprepared(Samples samples, Role role) implements Opened {}
    }

    /**
     * What is known of the activations before they are looked at.
     *
     * @param ranges what the session file says
     * @param activations what was seen of them, if it rests on what the session does
     * @param note why there is nothing, where there should be something
     */
    private record Seen(ActivationRanges ranges, Optional<ActivationSketches> activations, Optional<String> note) {
        static final Seen NOTHING = new Seen(ActivationRanges.NONE, Optional.empty(), Optional.empty());

        static Seen not(ActivationRanges ranges, String why) {
            return new Seen(ranges, Optional.empty(), Optional.of(why + ": the activations are looked at again"));
        }
    }

    private record Kept(ActivationSketches activations, Path file) {}

    /** Seconds that closing waits for what is being written. */
    private static final int PATIENCE = 20;

    /** What the copy of unsaved work is written under. */
    private static final String AUTOSAVE = "autosave";

    /**
     * A session on its way to the bench.
     *
     * @param unsaved true if the state is not what the file says
     * @param waived data to go on without
     */
    private record Resumption(
            Path file, SessionState state, ActivationRanges ranges, boolean unsaved, Set<Role> waived) {
        static Resumption of(Path file, Session session, boolean unsaved) {
            return new Resumption(file, session.state(), session.ranges(), unsaved, Set.of());
        }

        Resumption with(Role role, FileRef ref) {
            SessionState next = switch (role) {
                case MODEL -> state.withModel(ref);
                case EVALUATION -> state.withEvaluationData(Optional.of(ref));
                case CALIBRATION -> state.withCalibrationData(Optional.of(ref));
            };
            return new Resumption(file, next, ranges, true, waived);
        }

        Resumption without(Role role) {
            Set<Role> more = EnumSet.of(role);
            more.addAll(waived);
            return new Resumption(file, state, ranges, unsaved, more);
        }

        Optional<FileRef> ref(Role role) {
            return waived.contains(role)
                    ? Optional.empty()
                    : switch (role) {
                        case MODEL -> Optional.of(state.model());
                        case EVALUATION -> state.evaluationData();
                        case CALIBRATION -> state.calibrationData();
                    };
        }
    }

    private final Workbench bench;
    private final Questions questions;
    private final Background background;
    private final Settings settings;
    private final LatestWins<Opened> opening;
    private final Writer writer;
    private final LatestWins<List<Path>> pruning;
    private final LatestWins<Optional<Session>> looking;
    private final ReadOnlyObjectWrapper<List<Path>> recent;
    private Optional<Kept> kept = Optional.empty();

    public SessionViewModel(Workbench bench, Questions questions, Settings settings, Background background) {
        this.bench = bench;
        this.questions = questions;
        this.background = background;
        this.settings = settings;
        this.opening = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.pruning = background.latest(LatestWins.Mode.CONFLATE);
        this.looking = background.latest(LatestWins.Mode.CONFLATE);
        this.writer = new Writer(background.work());
        settings.onChange(
                () -> writer.replace("settings", settings.save(), e -> LOG.warn("settings were not saved", e)));
        this.recent = new ReadOnlyObjectWrapper<>(settings.recent());
        bench.stateProperty().subscribe(x -> autosave());
    }

    /**
     * Opens whatever the files are: a session, a model, or data for the model that is open. Of several files, data is for the
     * model or session among them.
     */
    public void open(List<Path> files) {
        List<Path> data = new ArrayList<>();
        List<Path> others = new ArrayList<>();
        boolean hasGraph = bench.analysed().flatMap(Model::graph).isPresent();
        for (Path file : files) {
            (isData(file) && (hasGraph || files.size() > 1) ? data : others).add(file);
        }
        if (others.isEmpty()) {
            data.forEach(this::openEvaluationData);
            return;
        }
        // One window holds one model: the last one named.
        Path file = others.getLast();
        boolean session = name(file).endsWith(".json") && !name(file).endsWith(".index.json");
        leave(() -> submit(
                "Opening " + file.getFileName(),
                cancel -> withData(
                        session
                                ? resume(Resumption.of(file, SessionFile.read(file), false), cancel)
                                : bench(readModel(file, cancel), Optional.empty(), List.of(), List.of()),
                        data,
                        cancel)));
    }

    /** By its name alone: what is dropped is asked about on the thread of the scene. */
    private static boolean isData(Path file) {
        String name = name(file);
        return Stream.of(".npz", ".csv", ".tsv", ".gz", "-ubyte", ".idx").anyMatch(name::endsWith)
                || Files.isDirectory(file);
    }

    /** Evaluates on the last of {@code files}, if there are any, instead of what was opened says. The model opens in any case. */
    private static Opened withData(Opened opened, List<Path> files, CancelToken cancel) {
        if (files.isEmpty() || !(opened instanceof Opened.Bench b)) {
            return opened;
        }
        Path file = files.getLast();
        Samples read;
        try {
            read = Datasets.samples(file, cancel);
        } catch (IOException | BadInputException e) {
            return b.without(reason(e), Optional.empty());
        }
        Optional<InputFit> wanted = wanted(b.corrected.orElse(b.model.folded()));
        Dataset dataset;
        try {
            dataset = Datasets.prepare(read);
        } catch (BadInputException e) {
            return b.without(reason(e), wanted.map(w -> new Opened.Unprepared(read, Role.EVALUATION)));
        }
        if (wanted.isPresent() && !wanted.get().takes(dataset.sampleShape())) {
            String note = file.getFileName() + " does not fit " + b.model.name() + ": it gives " + dataset.sampleShape()
                    + ", the model wants " + wanted.get().shape();
            return b.without(note, Optional.of(new Opened.Unprepared(read, Role.EVALUATION)));
        }
        List<Dataset> data = new ArrayList<>(b.data);
        data.add(dataset);
        boolean ofSession = b.file.isPresent();
        return new Opened.Bench(
                b.model,
                b.corrected,
                b.state.withEvaluationData(Optional.of(ref(dataset))),
                b.file,
                data,
                b.seen,
                b.unsaved || ofSession,
                b.notes,
                Optional.empty());
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    }

    /** Opens a model with the default settings, after asking about unsaved changes. */
    public void openModel(Path file) {
        leave(() -> submit(
                "Opening " + file.getFileName(),
                cancel -> bench(readModel(file, cancel), Optional.empty(), List.of(), List.of())));
    }

    /** Opens a bundled model with its data. */
    public void openSample(Sample sample) {
        leave(() -> submit("Opening " + sample.model().getFileName(), cancel -> {
            Dataset evaluation = Datasets.open(sample.evaluation());
            Dataset calibration = Datasets.open(sample.calibration());
            List<Edit> edits = new ArrayList<>();
            edits.add(new Edit.SetEvaluationData(Optional.of(ref(evaluation))));
            edits.add(new Edit.RelinkCalibrationData(Optional.of(ref(calibration))));
            sample.start().ifPresent(edits::add);
            return bench(readModel(sample.model(), cancel), Optional.empty(), edits, List.of(evaluation, calibration));
        }));
    }

    /** Opens a saved session with the model and the data it names. */
    public void openSession(Path file) {
        leave(() -> submit(
                "Opening " + file.getFileName(),
                cancel -> resume(Resumption.of(file, SessionFile.read(file), false), cancel)));
    }

    /** Computes accuracy on this data from now on. */
    public void openEvaluationData(Path file) {
        openData(file, Role.EVALUATION);
    }

    /** Calibrates activations on this data from now on. */
    public void openCalibrationData(Path file) {
        openData(file, Role.CALIBRATION);
    }

    private void openData(Path file, Role role) {
        Optional<InputFit> wanted = wanted();
        submit("Reading " + file.getFileName(), cancel -> {
            Samples read = Datasets.samples(file, cancel);
            Dataset dataset;
            try {
                dataset = Datasets.prepare(read);
            } catch (BadInputException e) {
                if (wanted.isPresent()) {
                    return new Opened.Unprepared(read, role);
                }
                throw e;
            }
            return wanted.map(w -> w.takes(dataset.sampleShape())).orElse(true)
                    ? new Opened.Data(dataset, role)
                    : new Opened.Unprepared(read, role);
        });
    }

    /** What the open model is fed with; empty without a model that can be fed. */
    private Optional<InputFit> wanted() {
        return bench.analysed().flatMap(SessionViewModel::wanted);
    }

    private static Optional<InputFit> wanted(Model model) {
        try {
            return Optional.of(model).filter(m -> m.graph().isPresent()).map(SampleFeed::wanted);
        } catch (BadInputException e) {
            return Optional.empty();
        }
    }

    /**
     * Offers the work that an earlier run left unsaved, which is looked for in the background.
     *
     * @param otherwise what happens if there is none, or it is not wanted
     */
    public void restore(Runnable otherwise) {
        Path file = autosaveFile();
        looking.submit(
                (cancel, partial) -> Files.isRegularFile(file) ? Optional.of(SessionFile.read(file)) : Optional.empty(),
                found -> {
                    if (bench.modelProperty().get().isPresent() || opening.isBusy()) {
                        // A person was faster.
                        return;
                    }
                    found.ifPresentOrElse(session -> offer(file, session, otherwise), otherwise);
                },
                e -> {
                    LOG.warn("the copy of unsaved work is not readable", e);
                    forgetAutosave();
                    otherwise.run();
                });
    }

    private void offer(Path file, Session session, Runnable otherwise) {
        if (questions.restore(String.valueOf(session.state().model().path().getFileName()))) {
            submit("Restoring unsaved work", cancel -> resume(Resumption.of(file, session, true), cancel));
        } else {
            forgetAutosave();
            otherwise.run();
        }
    }

    /** Saves to where the session came from, or asks; in the background. */
    public void save() {
        save(() -> {});
    }

    private void save(Runnable then) {
        bench.sessionFileProperty().get().or(this::askWhere).ifPresent(file -> save(file, then));
    }

    /** Saves to a place that is asked for; in the background. */
    public void saveAs() {
        askWhere().ifPresent(file -> save(file, () -> {}));
    }

    /** @param then what happens once it is saved */
    private void save(Path file, Runnable then) {
        SessionState state = bench.stateProperty().get().orElse(null);
        OpenModel of = bench.modelProperty().get().orElse(null);
        if (state == null || of == null) {
            return;
        }
        Supplier<Session> session = session(state);
        writer.add(
                () -> {
                    SessionFile.write(session.get(), file);
                    background.ui().execute(() -> saved(of, state, file, then));
                },
                e -> background
                        .ui()
                        .execute(() -> background.problem(file.getFileName() + ": not saved, " + reason(e))));
    }

    private void saved(OpenModel of, SessionState state, Path file, Runnable then) {
        remember(file);
        // Another model may be open by now.
        if (bench.modelProperty().get().equals(Optional.of(of))) {
            bench.saved(state, file);
            keepActivations(file);
            autosave();
        }
        then.run();
    }

    /** Writes what was seen of the activations beside the session, so that opening it needs no run of the model. */
    private void keepActivations(Path session) {
        Path file = SketchFile.beside(session);
        Optional<Kept> now = bench.observed().map(seen -> new Kept(seen, file));
        if (now.isEmpty() || (now.equals(kept) && Files.isRegularFile(file))) {
            return;
        }
        kept = now;
        ActivationSketches seen = now.get().activations();
        writer.add(
                () -> SketchFile.write(seen, file),
                failure -> background.ui().execute(() -> {
                    kept = Optional.empty();
                    background.problem(file.getFileName() + ": not saved, " + reason(failure));
                }));
    }

    /** Goes on with {@code then} if what is open may be left: nothing is unsaved, or it has been saved, or may be lost. */
    public void leave(Runnable then) {
        if (!bench.dirtyProperty().get()) {
            then.run();
            return;
        }
        switch (questions.unsaved(
                bench.modelProperty().get().map(OpenModel::name).orElse(""))) {
            case SAVE -> save(then);
            case DISCARD -> {
                forgetAutosave();
                then.run();
            }
            case STAY -> {}
        }
    }

    /** Ends background reading and waits for what is being written; work that was given up on purpose is not offered again. */
    public void close() {
        opening.cancel();
        if (!writer.drain(PATIENCE)) {
            LOG.warn("closed before everything was written");
        }
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
                e -> background.problem(reason(e)));
    }

    private void opened(Opened result) {
        switch (result) {
            case Opened.Bench b -> {
                b.corrected.ifPresent(model -> bench.keepCorrected(b.state, model));
                bench.show(
                        b.model,
                        b.state,
                        b.seen.ranges,
                        b.unsaved ? Optional.empty() : b.file,
                        b.data,
                        b.seen.activations);
                kept = b.seen.activations.flatMap(
                        seen -> b.file.map(session -> new Kept(seen, SketchFile.beside(session))));
                List<String> notes = new ArrayList<>(b.notes);
                b.seen.note.ifPresent(notes::add);
                if (!notes.isEmpty()) {
                    background.problem(String.join("; ", notes));
                }
                if (b.unsaved) {
                    bench.markUnsaved();
                    autosave();
                }
                b.model.source().notes().forEach(LOG::info);
                if (!b.unsaved) {
                    remember(b.file.orElse(b.model.file().path()));
                }
                b.unprepared.ifPresent(u -> questions.howToPrepare(u.role, u.samples));
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
            case Opened.Changed(var of, var role, var now) -> {
                if (questions.acceptChanged(role, now.path())) {
                    resume(of.with(role, now));
                } else if (role != Role.MODEL) {
                    resume(of.without(role));
                }
            }
            case Opened.Unprepared(var read, var role) -> questions.howToPrepare(role, read);
            case Opened.Data(var dataset, var role) -> {
                Optional<FileRef> ref = Optional.of(bench.keep(dataset));
                bench.apply(
                        role == Role.CALIBRATION
                                ? new Edit.RelinkCalibrationData(ref)
                                : new Edit.SetEvaluationData(ref));
            }
        }
    }

    private void resume(Resumption session) {
        submit("Opening " + session.file.getFileName(), cancel -> resume(session, cancel));
    }

    /** Whatever is not where it was, or not what it was, is asked about before anything is opened. */
    private static Opened resume(Resumption session, CancelToken cancel) throws IOException {
        for (Role role : Role.values()) {
            FileRef ref = session.ref(role).orElse(null);
            if (ref == null) {
                continue;
            }
            if (role == Role.MODEL ? !Files.isRegularFile(ref.path()) : !Files.exists(ref.path())) {
                return new Opened.Missing(session, role);
            }
            FileRef now = FileRef.ofData(ref.path(), cancel).withPreprocessing(ref.preprocessing());
            if (!now.sha256().equals(ref.sha256())) {
                return new Opened.Changed(session, role, now);
            }
        }
        List<Dataset> data = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Role role : List.of(Role.EVALUATION, Role.CALIBRATION)) {
            if (session.ref(role).isPresent()) {
                FileRef ref = session.ref(role).get();
                try {
                    data.add(Datasets.open(ref.path(), ref.preprocessing(), cancel));
                } catch (IOException | BadInputException e) {
                    notes.add("without " + role.title() + ": " + reason(e));
                }
            }
        }
        OpenModel model = readModel(session.state.model().path(), cancel);
        SessionState state = session.state.withModel(model.file());
        Optional<Model> corrected = state.corrections().isEmpty()
                ? Optional.empty()
                : Optional.of(Engine.analysed(model.source(), state, Progress.NONE, cancel));
        return new Opened.Bench(
                model,
                corrected,
                state,
                Optional.of(session.file),
                data,
                seen(session.file, session.state, session.ranges, data, cancel),
                session.unsaved,
                notes,
                Optional.empty());
    }

    /** Reads what was seen of the activations; what cannot be used is passed over, since it can be seen again. */
    private static Seen seen(
            Path session, SessionState state, ActivationRanges ranges, List<Dataset> data, CancelToken cancel) {
        Path file = SketchFile.beside(session);
        if (!Files.isRegularFile(file)) {
            return new Seen(ranges, Optional.empty(), Optional.empty());
        }
        try {
            ActivationSketches read = SketchFile.read(file, cancel);
            Optional<FileRef> ref = state.calibrationData();
            long samples = data.stream()
                    .filter(d -> ref.equals(Optional.of(ref(d))))
                    .mapToLong(Dataset::size)
                    .findFirst()
                    .orElse(read.samples());
            boolean fits = ref.isPresent()
                    && read.restsOn(state.modelKey(), ref.get().digest(), state.foldBatchNorm(), samples);
            return fits
                    ? new Seen(ranges, Optional.of(read), Optional.empty())
                    : Seen.not(
                            ranges,
                            file.getFileName() + " was made with another model, other data or another fold flag");
        } catch (IOException | BadInputException e) {
            return Seen.not(ranges, reason(e));
        }
    }

    private static OpenModel readModel(Path file, CancelToken cancel) throws IOException {
        Model source = Engine.open(file, false);
        cancel.check();
        return new OpenModel(source, Engine.analysed(source), FileRef.of(file, cancel));
    }

    private static Opened bench(OpenModel model, Optional<Path> file, List<Edit> edits, List<Dataset> data) {
        SessionState state = SessionState.of(model.file());
        for (Edit edit : edits) {
            state = edit.apply(state);
        }
        return new Opened.Bench(
                model, Optional.empty(), state, file, data, Seen.NOTHING, false, List.of(), Optional.empty());
    }

    private static FileRef ref(Dataset data) {
        return FileRef.of(data);
    }

    private void remember(Path file) {
        settings.addRecent(file);
        recent.set(settings.recent());
    }

    /** Takes files that are not there any more out of the recent ones; a little later. */
    public void forgetMissing() {
        List<Path> known = recent.get();
        pruning.submit(
                (cancel, partial) ->
                        known.stream().filter(file -> !Files.exists(file)).toList(),
                missing -> {
                    if (!missing.isEmpty()) {
                        missing.forEach(settings::removeRecent);
                        recent.set(settings.recent());
                    }
                },
                e -> LOG.warn("recent files could not be looked at", e));
    }

    /** Empties the list of recent files. */
    public void clearRecent() {
        recent.get().forEach(settings::removeRecent);
        recent.set(settings.recent());
    }

    private void autosave() {
        Optional<SessionState> state = bench.stateProperty().get();
        if (state.isEmpty()) {
            return;
        }
        SessionState now = state.get();
        if (!bench.dirtyProperty().get()) {
            forgetAutosave();
            return;
        }
        Supplier<Session> session = session(now);
        writer.replace(
                AUTOSAVE,
                () -> {
                    Files.createDirectories(settings.folder());
                    SessionFile.write(session.get(), autosaveFile());
                },
                e -> LOG.warn("no copy of the unsaved work could be written", e));
    }

    /** A state with what calibration comes to for it, which is put together on the thread that writes. */
    private Supplier<Session> session(SessionState state) {
        Resolver resolver = bench.resolver();
        Calibration calibration = bench.calibration();
        return () -> new Session(state, resolver.ranges(state, calibration, new CancelToken()));
    }

    private Path autosaveFile() {
        return settings.folder().resolve("autosave" + EXTENSION);
    }

    private void forgetAutosave() {
        writer.replace(
                AUTOSAVE,
                () -> Files.deleteIfExists(autosaveFile()),
                e -> LOG.warn("the copy of the saved work is still there", e));
    }

    private static String reason(Throwable e) {
        return e instanceof NoSuchFileException missing
                ? Path.of(missing.getFile()).getFileName() + ": there is no such file"
                : Reason.of(e);
    }

    /** Recently opened files, newest first. */
    public ReadOnlyObjectProperty<List<Path>> recentProperty() {
        return recent.getReadOnlyProperty();
    }
}
