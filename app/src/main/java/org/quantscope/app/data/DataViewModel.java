package org.quantscope.app.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.InputFit;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;

/**
 * Lets the user choose data and its preprocessing, shows what the model would get, and applies both as one undo step.
 * Used on the FX thread only.
 */
public final class DataViewModel {
    /** The number of samples that are shown as thumbnails. */
    public static final int THUMBNAILS = 12;

    /** Common normalizations; raw values are taken as bytes, 0 to 255. */
    public enum Preset {
        RAW("as stored"),
        UNIT("0 … 1"),
        SIGNED("−1 … 1"),
        /** The normalization of torchvision's models. */
        IMAGENET("ImageNet");

        private final String title;

        Preset(String title) {
            this.title = title;
        }

        /** A preprocessing with only scale, mean and std. */
        Preprocessing valuesOnly() {
            return switch (this) {
                case RAW -> Preprocessing.NONE;
                case UNIT -> Preprocessing.NONE.withValues(1 / 255.0, List.of(0.0), List.of(1.0));
                case SIGNED -> Preprocessing.NONE.withValues(1 / 255.0, List.of(0.5), List.of(0.5));
                case IMAGENET ->
                    Preprocessing.NONE.withValues(
                            1 / 255.0, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));
            };
        }

        public String title() {
            return title;
        }
    }

    /**
     * What to show.
     *
     * @param wanted what the model needs; empty if it cannot be run
     */
    public record View(Role role, Optional<InputFit> wanted, Source source, Entered entered, Result result) {
        /** The opened data; empty before any was chosen. */
        public Optional<Samples> samples() {
            return source.samples;
        }

        public PreprocessingForm form() {
            return entered.form;
        }

        /** What the model would get. */
        public Prepared prepared() {
            return result.prepared;
        }

        /** The shape and range that the model gets, as text for the user. */
        public String gets() {
            return prepared().dataset().map(d -> d.sampleShape().toString()).orElse("–");
        }

        /** The shape that the model needs, as text for the user. */
        public String wants() {
            return wanted.map(InputFit::shape).orElse("–");
        }

        public boolean mayApply() {
            return prepared().fits() && !result.previous && entered.problems.isEmpty();
        }

        /** The facts about the data in one line. */
        public String facts() {
            return samples()
                    .map(s -> Figures.count(s.size()) + (s.size() == 1 ? " sample, " : " samples, ")
                            + s.shape().map(Shape::toString).orElse("pictures of different sizes") + " "
                            + s.dtype().toString().toLowerCase(Locale.ROOT)
                            + labels(s)
                            + (s.others().isEmpty()
                                    ? ""
                                    : "; beside them "
                                            + String.join(", ", s.others().keySet())))
                    .orElse("");
        }

        private static String labels(Samples s) {
            if (s.labels().isEmpty()) {
                return s.targetShape().isPresent() ? ", floating labels" : ", no labels";
            }
            String names =
                    s.classes().isEmpty() ? "labels without names" : s.classes().size() + " classes";
            return ", " + names
                    + (s.hasLabels() ? "" : ", labels of " + s.labels().get().shape() + " a sample");
        }

        View withSamples(Optional<Samples> other) {
            return new View(role, wanted, new Source(other, source.unreadable), entered, result);
        }

        View withUnreadable(Optional<String> why) {
            return new View(role, wanted, new Source(source.samples, why), entered, result);
        }

        /** This view with another form, whose data has not been prepared yet. */
        View withForm(PreprocessingForm other, Map<String, String> itsProblems, boolean itIsGuessed) {
            return new View(
                    role,
                    wanted,
                    source,
                    new Entered(other, itsProblems, itIsGuessed),
                    new Result(result.prepared, true));
        }

        View withProblems(Map<String, String> others) {
            return withForm(entered.form, others, entered.guessed);
        }

        /** This view with the data that the present form gives. */
        View withPrepared(Prepared other) {
            return new View(role, wanted, source, entered, new Result(other, false));
        }
    }

    /**
     * Where the data comes from.
     *
     * @param samples the opened data; empty before any was chosen
     * @param unreadable why the data that was chosen last cannot be opened
     */
    public record Source(Optional<Samples> samples, Optional<String> unreadable) {}

    /**
     * How the data is to be prepared.
     *
     * @param problems what is wrong in the form, by field
     * @param guessed true if the form is a proposal of the program: neither the sidecar nor the user said so
     */
    public record Entered(PreprocessingForm form, Map<String, String> problems, boolean guessed) {}

    /** @param previous true if {@code prepared} belongs to an earlier content of the form */
    public record Result(Prepared prepared, boolean previous) {}

    private record Asked(Samples samples, Preprocessing how, int sample) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Samples> opening;
    private final LatestWins<Prepared> preparing;
    private final ReadOnlyObjectWrapper<View> view;
    private @Nullable Asked asked;
    /** The label column that the samples were opened with, if it is not the one from their sidecar. */
    private Optional<String> labelColumn = Optional.empty();

    private int sample;

    public DataViewModel(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.opening = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.preparing = background.latest(LatestWins.Mode.CONFLATE);
        this.view = new ReadOnlyObjectWrapper<>(empty(Role.EVALUATION, Optional.empty()));
    }

    private static View empty(Role role, Optional<InputFit> wanted) {
        return new View(
                role,
                wanted,
                new Source(Optional.empty(), Optional.empty()),
                new Entered(PreprocessingForm.of(Preprocessing.NONE), Map.of(), false),
                new Result(Prepared.NOTHING, false));
    }

    /** Starts with the data that is used for {@code role} at present. */
    public void show(Role role) {
        opening.cancel();
        sample = 0;
        asked = null;
        view.set(empty(role, wanted()));
        Optional<Dataset> data = role == Role.CALIBRATION ? bench.calibrationData() : bench.evaluationData();
        labelColumn = data.flatMap(Dataset::preprocessing).flatMap(Preprocessing::labelColumn);
        data.flatMap(Dataset::samples)
                .ifPresent(s -> take(s, data.flatMap(Dataset::preprocessing).orElse(s.stated()), false));
    }

    /**
     * Starts with data that was opened elsewhere: with the preprocessing of its sidecar if that fits the model,
     * otherwise with a proposal.
     */
    public void show(Role role, Samples samples) {
        show(role);
        offer(samples);
    }

    /** Opens other data. */
    public void load(Path file) {
        opening.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Reading " + file.getFileName(), cancel)) {
                        job.report(0, 1, "");
                        return Datasets.samples(file, cancel);
                    }
                },
                this::offer,
                e -> {
                    View v = view.get();
                    String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
                    view.set(v.withUnreadable(Optional.of(why)));
                });
    }

    private void offer(Samples samples) {
        sample = 0;
        Preprocessing stated = samples.stated();
        labelColumn = stated.labelColumn();
        Optional<Preprocessing> proposal = wanted().flatMap(w -> w.propose(samples));
        boolean silent = stated.equals(Preprocessing.NONE);
        boolean fits = wanted().map(w -> fits(w, samples, stated)).orElse(true);
        boolean guess =
                proposal.isPresent() && (silent || !fits) && !proposal.get().equals(stated);
        take(samples, guess ? proposal.get() : stated, guess);
    }

    private static boolean fits(InputFit wanted, Samples samples, Preprocessing how) {
        try {
            return wanted.takes(Datasets.prepare(samples, how).sampleShape());
        } catch (BadInputException e) {
            return false;
        }
    }

    private void take(Samples samples, Preprocessing how, boolean guessed) {
        View v = view.get();
        asked = null;
        view.set(empty(v.role, wanted())
                .withSamples(Optional.of(samples))
                .withForm(PreprocessingForm.of(how), Map.of(), guessed));
        prepare(samples, how);
    }

    /** Takes what the user typed. */
    public void edit(PreprocessingForm form) {
        View v = view.get();
        if (form.equals(v.entered.form)) {
            return;
        }
        PreprocessingForm.Parsed parsed = form.parse();
        view.set(v.withForm(form, parsed.problems(), false));
        if (parsed.preprocessing().isPresent() && v.source.samples.isPresent()) {
            Preprocessing how = parsed.preprocessing().get();
            if (how.labelColumn().equals(labelColumn)) {
                opening.cancel();
                prepare(v.source.samples.get(), how);
            } else {
                readAgain(v.source.samples.get(), how);
            }
        }
    }

    /** Opens the table again, because its labels are in another column now. */
    private void readAgain(Samples samples, Preprocessing how) {
        preparing.cancel();
        asked = null;
        opening.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job =
                            background.start("Reading " + samples.file().getFileName(), cancel)) {
                        job.report(0, 0, "");
                        return Datasets.samples(samples.file(), how.labelColumn(), cancel);
                    }
                },
                read -> {
                    View v = view.get();
                    if (!v.entered
                            .form
                            .labels()
                            .column()
                            .strip()
                            .equals(how.labelColumn().orElse(""))) {
                        return;
                    }
                    labelColumn = how.labelColumn();
                    view.set(v.withSamples(Optional.of(read))
                            .withProblems(v.entered.form.parse().problems()));
                    prepare(read, how);
                },
                e -> {
                    View v = view.get();
                    // By the time this fails, the user may have chosen another column.
                    if (!v.entered
                            .form
                            .labels()
                            .column()
                            .strip()
                            .equals(how.labelColumn().orElse(""))) {
                        return;
                    }
                    Map<String, String> problems = new TreeMap<>(v.entered.problems);
                    problems.put("label", String.valueOf(e.getMessage()).replaceFirst("^.*label_column: ", ""));
                    view.set(v.withProblems(problems));
                });
    }

    /** Fills in the values of a preset; size, colours and layout stay as they are. */
    public void preset(Preset preset) {
        PreprocessingForm.Values values =
                PreprocessingForm.of(preset.valuesOnly()).values();
        edit(view.get().entered.form.withValues(values));
    }

    /** Fills the form with the proposal. */
    public void adoptProposal() {
        View v = view.get();
        v.source.samples.ifPresent(
                s -> v.wanted.flatMap(w -> w.propose(s)).ifPresent(p -> take(s, p.withLabelColumn(labelColumn), true)));
    }

    /** Shows another sample. */
    public void look(int index) {
        View v = view.get();
        if (v.source.samples.isPresent()
                && index >= 0
                && index < v.source.samples.get().size()
                && index != sample) {
            sample = index;
            v.entered.form.parse().preprocessing().ifPresent(how -> prepare(v.source.samples.get(), how));
        }
    }

    private void prepare(Samples samples, Preprocessing how) {
        Asked question = new Asked(samples, how, sample);
        if (question.equals(asked)) {
            View v = view.get();
            view.set(v.withPrepared(v.result.prepared));
            return;
        }
        asked = question;
        Optional<InputFit> wanted = wanted();
        preparing.submit(
                (cancel, partial) -> Prepared.of(question.samples, question.how, question.sample, wanted),
                ready -> {
                    if (question.equals(asked)) {
                        View v = view.get();
                        view.set(v.withPrepared(ready));
                    }
                },
                e -> {
                    if (question.equals(asked)) {
                        View v = view.get();
                        Prepared none =
                                Prepared.failed(String.valueOf(e.getMessage()), Optional.empty(), question.sample);
                        view.set(v.withPrepared(none));
                    }
                });
    }

    private Optional<InputFit> wanted() {
        try {
            return bench.analysed().filter(m -> m.graph().isPresent()).map(SampleFeed::wanted);
        } catch (BadInputException e) {
            return Optional.empty();
        }
    }

    /**
     * Applies the data with its preprocessing as one undo step.
     *
     * @return false if the data does not fit
     */
    public boolean apply() {
        View v = view.get();
        if (!v.mayApply()) {
            return false;
        }
        Dataset data = v.result.prepared.dataset().orElseThrow();
        // The same file prepared in another way: what was left out of it stays left out.
        Optional<FileRef> before = bench.stateProperty()
                .get()
                .flatMap(SessionState::calibrationData)
                .filter(old -> v.role == Role.CALIBRATION && old.sha256().equals(data.sha256()));
        Dataset used = before.isPresent() ? before.get().withoutLeftOut(data, v.role.title()) : data;
        Optional<FileRef> ref = Optional.of(bench.keep(used));
        bench.apply(v.role == Role.CALIBRATION ? new Edit.RelinkCalibrationData(ref) : new Edit.SetEvaluationData(ref));
        return true;
    }

    /** Calls {@code listener} now and whenever something changes. */
    public void onChange(Consumer<View> listener) {
        view.subscribe(listener);
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
