package org.quantscope.app.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
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
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Original;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.SketchFile;

/**
 * Reads models, data and sessions from files, in the background. The result can be shown, or needs an answer from the
 * user.
 */
final class Opener {
    private Opener() {}

    /** True if the file is data, judged by its name only, because this runs on the FX thread. */
    static boolean isData(Path file) {
        String name = name(file);
        return Stream.of(".npz", ".csv", ".tsv", ".gz", "-ubyte", ".idx").anyMatch(name::endsWith)
                || Files.isDirectory(file);
    }

    /**
     * True if the file is a session, judged by its name only. A file that ends in {@code .index.json} lists the parts
     * of a model instead.
     */
    static boolean isSession(Path file) {
        return name(file).endsWith(".json") && !name(file).endsWith(".index.json");
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    }

    /**
     * Replaces the evaluation data of what was opened by the last of {@code files}, if there are any. The model is
     * opened in any case.
     */
    static Opened withData(Opened opened, List<Path> files, CancelToken cancel) {
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
        Optional<InputFit> wanted = wanted(b.corrected().orElse(b.model().folded()));
        Dataset dataset;
        try {
            dataset = Datasets.prepare(read);
        } catch (BadInputException e) {
            return b.without(reason(e), wanted.map(w -> new Opened.Unprepared(read, Role.EVALUATION)));
        }
        if (wanted.isPresent() && !wanted.get().takes(dataset.sampleShape())) {
            String note =
                    file.getFileName() + " does not fit " + b.model().name() + ": it gives " + dataset.sampleShape()
                            + ", the model wants " + wanted.get().shape();
            return b.without(note, Optional.of(new Opened.Unprepared(read, Role.EVALUATION)));
        }
        List<Dataset> data = new ArrayList<>(b.data());
        data.add(dataset);
        boolean ofSession = b.file().isPresent();
        return new Opened.Bench(
                b.model(),
                b.corrected(),
                b.reference(),
                b.state().withEvaluationData(Optional.of(ref(dataset))),
                b.file(),
                b.saveTo(),
                data,
                b.seen(),
                b.unsaved() || ofSession,
                b.notes(),
                Optional.empty());
    }

    /** What the inputs of a model need; empty for a model that cannot be run. */
    static Optional<InputFit> wanted(Model model) {
        try {
            return Optional.of(model).filter(m -> m.graph().isPresent()).map(SampleFeed::wanted);
        } catch (BadInputException e) {
            return Optional.empty();
        }
    }

    /** Opens the files of a session, after asking about each one that is missing or has changed. */
    static Opened resume(Resumption session, CancelToken cancel) throws IOException {
        List<String> notes = new ArrayList<>(session.notes());
        FileRef model = session.state().model();
        for (Role role : Role.values()) {
            FileRef ref = session.ref(role).orElse(null);
            if (ref == null) {
                continue;
            }
            if (role.isModel() ? !Files.isRegularFile(ref.path()) : !Files.exists(ref.path())) {
                return new Opened.Missing(session, role);
            }
            FileRef now = role.isModel()
                    ? FileRef.ofModel(ref.path(), cancel)
                    : FileRef.ofData(ref.path(), cancel).withPreprocessing(ref.preprocessing());
            Optional<String> changed = now.differsFrom(ref);
            if (changed.isPresent()) {
                return new Opened.Changed(session, role, now, changed.get());
            }
            if (ref.lacksCompanionsOf(now)) {
                notes.add("the session does not record what was in "
                        + String.join(", ", now.companions().keySet()) + ": whether it has changed is not known");
            }
            model = role == Role.MODEL ? now : model;
        }
        List<Dataset> data = new ArrayList<>();
        for (Role role : List.of(Role.EVALUATION, Role.CALIBRATION)) {
            if (session.ref(role).isPresent()) {
                FileRef ref = session.ref(role).get();
                try {
                    data.add(ref.withoutLeftOut(Datasets.open(ref.path(), ref.preprocessing(), cancel), role.title()));
                } catch (IOException | BadInputException e) {
                    notes.add("without " + role.title() + ": " + reason(e));
                }
            }
        }
        OpenModel opened = readModel(model, cancel);
        Optional<OpenModel> reference = Optional.empty();
        if (session.state().reference().isPresent()) {
            try {
                FileRef ref = session.ref(Role.REFERENCE).orElse(null);
                reference = ref == null ? Optional.empty() : Optional.of(readReference(ref.path(), opened, cancel));
            } catch (IOException | BadInputException e) {
                notes.add(reason(e));
            }
            if (reference.isEmpty()) {
                notes.add("without the " + Role.REFERENCE.title() + ": accuracy is compared with the model itself");
            }
        }
        SessionState state = session.state().withModel(opened.file()).withReference(reference.map(OpenModel::file));
        Optional<Model> corrected = state.corrections().isEmpty()
                ? Optional.empty()
                : Optional.of(Engine.analysed(opened.source(), state, Progress.NONE, cancel));
        return new Opened.Bench(
                opened,
                corrected,
                reference,
                state,
                Optional.of(session.file()),
                session.saveTo(),
                data,
                seen(session.saveTo().orElse(session.file()), session.session(), data, cancel),
                session.unsaved() || !state.reference().equals(session.state().reference()),
                notes,
                Optional.empty());
    }

    /**
     * Reads the sketches of the activations. A file that cannot be used is ignored, because they can be computed again.
     */
    private static Opened.Seen seen(Path file, Session session, List<Dataset> data, CancelToken cancel) {
        SessionState state = session.state();
        Path sketches = SketchFile.beside(file);
        if (!Files.isRegularFile(sketches)) {
            return Opened.Seen.of(session);
        }
        try {
            ActivationSketches read = SketchFile.read(sketches, cancel);
            Optional<FileRef> ref = state.calibrationData();
            long samples = data.stream()
                    .filter(d -> ref.equals(Optional.of(ref(d))))
                    .mapToLong(Dataset::size)
                    .findFirst()
                    .orElse(read.samples());
            boolean fits = ref.isPresent()
                    && read.restsOn(state.modelKey(), ref.get().digest(), state.foldBatchNorm(), samples);
            return fits
                    ? new Opened.Seen(
                            session.ranges(), session.solved(), Optional.of(read), Optional.empty(), session.scores())
                    : Opened.Seen.not(
                            session,
                            sketches.getFileName() + " was made with another model, other data or another fold flag");
        } catch (IOException | BadInputException e) {
            return Opened.Seen.not(session, reason(e));
        }
    }

    /**
     * Reads a float model to compare {@code model} with.
     *
     * @throws BadInputException also if it has other inputs or outputs
     */
    static OpenModel readReference(Path file, OpenModel model, CancelToken cancel) throws IOException {
        OpenModel read = readModel(file, cancel);
        Original.obstacle(model.source(), read.source()).ifPresent(why -> {
            throw new BadInputException(file, "reference", "cannot be compared with " + model.name() + ": " + why);
        });
        return read;
    }

    /** Reads a model in its stored form and in its folded one. */
    static OpenModel readModel(Path file, CancelToken cancel) throws IOException {
        return readModel(FileRef.ofModel(file, cancel), cancel);
    }

    private static OpenModel readModel(FileRef known, CancelToken cancel) throws IOException {
        Model source = Engine.open(known.path(), false);
        cancel.check();
        Model folded = Engine.analysed(source);
        Optional<OpenModel> original = Optional.empty();
        Optional<Path> beside = Original.beside(source, cancel);
        if (beside.isPresent()) {
            Model before = Engine.open(beside.get(), false);
            if (Original.obstacle(source, before).isEmpty()) {
                original = Optional.of(
                        new OpenModel(before, Engine.analysed(before), FileRef.ofModel(beside.get(), cancel)));
            }
        }
        return new OpenModel(source, folded, known, original);
    }

    /** A model with the default settings, changed by {@code edits}. */
    static Opened bench(OpenModel model, Optional<Path> file, List<Edit> edits, List<Dataset> data) {
        SessionState state = SessionState.of(model.file(), model.folded());
        for (Edit edit : edits) {
            state = edit.apply(state);
        }
        return new Opened.Bench(
                model,
                Optional.empty(),
                Optional.empty(),
                state,
                file,
                file,
                data,
                Opened.Seen.NOTHING,
                false,
                List.of(),
                Optional.empty());
    }

    static FileRef ref(Dataset data) {
        return FileRef.of(data);
    }

    /** Why something could not be read or written, as text for the user. */
    static String reason(Throwable e) {
        return e instanceof NoSuchFileException missing
                ? Path.of(missing.getFile()).getFileName() + ": there is no such file"
                : Reason.of(e);
    }
}
