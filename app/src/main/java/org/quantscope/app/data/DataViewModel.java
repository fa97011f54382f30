package org.quantscope.app.data;

import java.nio.file.Path;
import java.util.ArrayList;
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
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.tensor.Shape;

/** Chooses data and its preprocessing, shows what the model gets of it, and takes it over as one step. For the thread of the scene only. */
public final class DataViewModel {
    /** Samples shown as thumbnails. */
    public static final int THUMBNAILS = 12;

    /** The longest side of a picture that is handed to the window, in pixels. */
    private static final int PICTURE_SIDE = 256;

    private static final int MAX_CHANNELS = 4;

    /** Values that many models are trained with; raw values are bytes. */
    public enum Preset {
        RAW("as stored"),
        UNIT("0 … 1"),
        SIGNED("−1 … 1"),
        /** Of torchvision's models. */
        IMAGENET("ImageNet");

        private final String title;

        Preset(String title) {
            this.title = title;
        }

        /** Scale, mean and std, and nothing else. */
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

    /** The values of one channel of what the model gets, over one sample: exact. */
    public record Channel(double min, double max, double mean) {}

    /** @param label the name of its class, or its number; empty without labels */
    public record Thumbnail(SamplePicture picture, String label) {}

    /**
     * What can be said of the prepared data.
     *
     * @param dataset empty if it cannot be prepared
     * @param problem why it cannot be prepared or does not fit the model
     * @param proposal what would fit
     * @param channels of the sample that is looked at, at most four
     */
    public record Prepared(
            Optional<Dataset> dataset,
            Optional<String> problem,
            Optional<Preprocessing> proposal,
            Optional<SamplePicture> picture,
            List<Channel> channels,
            List<Thumbnail> thumbnails,
            int sample) {
        static final Prepared NOTHING = new Prepared(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), List.of(), List.of(), 0);

        public boolean fits() {
            return dataset.isPresent() && problem.isEmpty();
        }
    }

    /**
     * What is on show.
     *
     * @param samples the opened data; empty before some is chosen
     * @param problems of the form, by field
     * @param guessed the form is a proposal of ours: neither the sidecar nor a person said so
     * @param previous true if {@code prepared} belongs to an earlier form
     * @param unreadable why the data that was chosen last cannot be opened
     */
    public record View(
            Role role,
            Optional<Samples> samples,
            PreprocessingForm form,
            Map<String, String> problems,
            boolean guessed,
            Prepared prepared,
            boolean previous,
            Optional<String> unreadable,
            Optional<InputFit> wanted) {
        /** What the model gets, for a person. */
        public String gets() {
            return prepared.dataset.map(d -> d.sampleShape().toString()).orElse("–");
        }

        /** What the model wants, for a person. */
        public String wants() {
            return wanted.map(InputFit::shape).orElse("–");
        }

        public boolean mayApply() {
            return prepared.fits() && !previous && problems.isEmpty();
        }

        /** The facts of the data in one line. */
        public String facts() {
            return samples.map(s -> Figures.count(s.size()) + (s.size() == 1 ? " sample, " : " samples, ")
                            + s.shape().map(Shape::toString).orElse("pictures of different sizes") + " "
                            + s.dtype().toString().toLowerCase(Locale.ROOT)
                            + (!s.hasLabels()
                                    ? ", no labels"
                                    : s.classes().isEmpty()
                                            ? ", labels without names"
                                            : ", " + s.classes().size() + " classes")
                            + (s.others().isEmpty()
                                    ? ""
                                    : "; beside them "
                                            + String.join(", ", s.others().keySet())))
                    .orElse("");
        }
    }

    private record Asked(Samples samples, Preprocessing how, int sample) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Samples> opening;
    private final LatestWins<Prepared> preparing;
    private final ReadOnlyObjectWrapper<View> view;
    private @Nullable Asked asked;
    /** What the samples were opened with in place of what their sidecar says. */
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
                Optional.empty(),
                PreprocessingForm.of(Preprocessing.NONE),
                Map.of(),
                false,
                Prepared.NOTHING,
                false,
                Optional.empty(),
                wanted);
    }

    /** Starts with what the bench has for {@code role}. */
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

    /** Starts with data that was opened elsewhere: as its sidecar says if that fits, else with a proposal. */
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
                    view.set(new View(
                            v.role,
                            v.samples,
                            v.form,
                            v.problems,
                            v.guessed,
                            v.prepared,
                            v.previous,
                            Optional.of(why),
                            v.wanted));
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
        view.set(new View(
                v.role,
                Optional.of(samples),
                PreprocessingForm.of(how),
                Map.of(),
                guessed,
                Prepared.NOTHING,
                true,
                Optional.empty(),
                wanted()));
        prepare(samples, how);
    }

    /** What the person has typed. */
    public void edit(PreprocessingForm form) {
        View v = view.get();
        if (form.equals(v.form)) {
            return;
        }
        PreprocessingForm.Parsed parsed = form.parse();
        view.set(new View(v.role, v.samples, form, parsed.problems(), false, v.prepared, true, v.unreadable, v.wanted));
        if (parsed.preprocessing().isPresent() && v.samples.isPresent()) {
            Preprocessing how = parsed.preprocessing().get();
            if (how.labelColumn().equals(labelColumn)) {
                opening.cancel();
                prepare(v.samples.get(), how);
            } else {
                readAgain(v.samples.get(), how);
            }
        }
    }

    /** The labels are another column from now on. */
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
                    if (!v.form.labelColumn().strip().equals(how.labelColumn().orElse(""))) {
                        return;
                    }
                    labelColumn = how.labelColumn();
                    view.set(new View(
                            v.role,
                            Optional.of(read),
                            v.form,
                            v.form.parse().problems(),
                            v.guessed,
                            v.prepared,
                            true,
                            v.unreadable,
                            v.wanted));
                    prepare(read, how);
                },
                e -> {
                    View v = view.get();
                    // A failure may be told when the next column has been asked for already.
                    if (!v.form.labelColumn().strip().equals(how.labelColumn().orElse(""))) {
                        return;
                    }
                    Map<String, String> problems = new TreeMap<>(v.problems);
                    problems.put("label", String.valueOf(e.getMessage()).replaceFirst("^.*label_column: ", ""));
                    view.set(new View(
                            v.role, v.samples, v.form, problems, v.guessed, v.prepared, true, v.unreadable, v.wanted));
                });
    }

    /** Values of a preset; size, colours and layout stay. */
    public void preset(Preset preset) {
        PreprocessingForm values = PreprocessingForm.of(preset.valuesOnly());
        edit(view.get().form.withValues(values.scale(), values.mean(), values.std()));
    }

    /** Takes the proposal over into the form. */
    public void adoptProposal() {
        View v = view.get();
        v.samples.ifPresent(
                s -> v.wanted.flatMap(w -> w.propose(s)).ifPresent(p -> take(s, p.withLabelColumn(labelColumn), true)));
    }

    /** Looks at another sample. */
    public void look(int index) {
        View v = view.get();
        if (v.samples.isPresent() && index >= 0 && index < v.samples.get().size() && index != sample) {
            sample = index;
            v.form.parse().preprocessing().ifPresent(how -> prepare(v.samples.get(), how));
        }
    }

    private void prepare(Samples samples, Preprocessing how) {
        Asked question = new Asked(samples, how, sample);
        if (question.equals(asked)) {
            View v = view.get();
            view.set(new View(
                    v.role, v.samples, v.form, v.problems, v.guessed, v.prepared, false, v.unreadable, v.wanted));
            return;
        }
        asked = question;
        Optional<InputFit> wanted = wanted();
        preparing.submit(
                (cancel, partial) -> prepared(question, wanted),
                ready -> {
                    if (question.equals(asked)) {
                        View v = view.get();
                        view.set(new View(
                                v.role,
                                v.samples,
                                v.form,
                                v.problems,
                                v.guessed,
                                ready,
                                false,
                                v.unreadable,
                                v.wanted));
                    }
                },
                e -> {
                    if (question.equals(asked)) {
                        View v = view.get();
                        Prepared none = new Prepared(
                                Optional.empty(),
                                Optional.of(String.valueOf(e.getMessage())),
                                Optional.empty(),
                                Optional.empty(),
                                List.of(),
                                List.of(),
                                question.sample);
                        view.set(new View(
                                v.role, v.samples, v.form, v.problems, v.guessed, none, false, v.unreadable, v.wanted));
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

    private static Prepared prepared(Asked q, Optional<InputFit> wanted) {
        Dataset data;
        try {
            data = Datasets.prepare(q.samples, q.how);
        } catch (BadInputException e) {
            return new Prepared(
                    Optional.empty(),
                    Optional.of(String.valueOf(e.getMessage())),
                    wanted.flatMap(w -> w.propose(q.samples)),
                    Optional.empty(),
                    List.of(),
                    List.of(),
                    q.sample);
        }
        boolean fits = wanted.map(w -> w.takes(data.sampleShape())).orElse(true);
        Optional<String> problem = fits
                ? Optional.empty()
                : Optional.of("The model gets " + data.sampleShape() + " and wants "
                        + wanted.map(InputFit::shape).orElse("") + ".");
        float[] values = new float[Math.toIntExact(data.sampleShape().count())];
        data.fill(new int[] {q.sample}, values);
        List<Thumbnail> thumbnails = new ArrayList<>();
        for (int i = 0; i < Math.min(THUMBNAILS, data.size()); i++) {
            Optional<SamplePicture> picture = data.picture(i);
            if (picture.isEmpty()) {
                break;
            }
            thumbnails.add(new Thumbnail(small(picture.get()), label(data, i)));
        }
        return new Prepared(
                Optional.of(data),
                problem,
                fits ? Optional.empty() : wanted.flatMap(w -> w.propose(q.samples)),
                data.picture(q.sample).map(DataViewModel::small),
                channels(data.sampleShape(), q.how, values),
                thumbnails,
                q.sample);
    }

    private static String label(Dataset data, int i) {
        if (!data.hasLabels()) {
            return "";
        }
        int label = data.label(i);
        return label < data.classes().size() ? data.classes().get(label) : Integer.toString(label);
    }

    private static List<Channel> channels(Shape shape, Preprocessing how, float[] values) {
        boolean last =
                how.outputLayout().or(how::layout).filter(l -> l == Layout.NHWC).isPresent();
        int axis = shape.rank() == 3 ? last ? 2 : 0 : -1;
        int count = axis < 0 ? 1 : (int) shape.dim(axis);
        if (count > MAX_CHANNELS) {
            axis = -1;
            count = 1;
        }
        int inner = axis < 0 ? values.length : (int) shape.inner(axis);
        List<Channel> out = new ArrayList<>();
        for (int c = 0; c < count; c++) {
            double min = Double.POSITIVE_INFINITY;
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            int n = 0;
            for (int i = 0; i < values.length; i++) {
                if (i / inner % count == c) {
                    min = Math.min(min, values[i]);
                    max = Math.max(max, values[i]);
                    sum += values[i];
                    n++;
                }
            }
            out.add(new Channel(min, max, sum / n));
        }
        return out;
    }

    /** Every n-th pixel, so that photographs do not fill the memory of the window. */
    private static SamplePicture small(SamplePicture p) {
        int step = (Math.max(p.width(), p.height()) + PICTURE_SIDE - 1) / PICTURE_SIDE;
        if (step <= 1) {
            return p;
        }
        int w = Math.max(1, p.width() / step);
        int h = Math.max(1, p.height() / step);
        int[] out = new int[w * h];
        for (int i = 0; i < out.length; i++) {
            out[i] = p.argb()[i / w * step * p.width() + i % w * step];
        }
        return new SamplePicture(w, h, out);
    }

    /** Takes the data over with its preprocessing: one step. False if it does not fit. */
    public boolean apply() {
        View v = view.get();
        if (!v.mayApply()) {
            return false;
        }
        Optional<FileRef> ref = Optional.of(bench.keep(v.prepared.dataset.orElseThrow()));
        bench.apply(v.role == Role.CALIBRATION ? new Edit.RelinkCalibrationData(ref) : new Edit.SetEvaluationData(ref));
        return true;
    }

    /** Tells {@code listener} now and whenever something changes. */
    public void onChange(Consumer<View> listener) {
        view.subscribe(listener);
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
