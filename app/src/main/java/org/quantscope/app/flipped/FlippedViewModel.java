package org.quantscope.app.flipped;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.SampleOutcomes.Change;
import org.quantscope.core.eval.SampleOutcomes.Outcome;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.LatestWins;

/**
 * The samples whose class changes under the shown settings, out of those evaluated so far. They are found, sorted and
 * counted in the background, because an evaluation may have many thousands of samples and reports each batch.
 */
public final class FlippedViewModel implements AutoCloseable {
    /** The most samples in {@link View.Found#surest}. */
    public static final int FIRST = 4;

    /** The most classes of one sample that are written out. */
    private static final int MOST_WORDS = 64;

    /** Which of the changed samples to list. */
    public enum Filter {
        CHANGED,
        LOST,
        GAINED,
        OTHER
    }

    /**
     * One cell of a confusion matrix.
     *
     * @param row the label, or the float model's class if there are no labels
     * @param column the class of the model that {@code kind} is about; for {@link Confusion.Kind#DIFFERENCE} that of
     *     either model
     */
    public record Cell(Confusion.Kind kind, int row, int column) {}

    /** What to show. */
    public sealed interface View {
        /** There are no evaluated samples with classes, so nothing can flip. */
        enum Nothing implements View {
            NOTHING
        }

        /**
         * Samples with classes. Two of these are equal only if they are the same object, so that thousands of samples
         * are never compared.
         *
         * @param surest the first {@value #FIRST} of all samples that changed, whatever the filter
         * @param confusion both models on the samples seen so far; empty while the matrix is not visible
         * @param classes the accuracy of each class on them, worst first; empty while the matrix is not visible, or
         *     without labels
         * @param previous true if everything here belongs to earlier settings
         */
        record Found(
                Tally tally,
                List<Outcome> surest,
                Listed listed,
                Optional<Confusion> confusion,
                List<ClassAccuracy> classes,
                boolean previous)
                implements View {
            public Found {
                surest = List.copyOf(surest);
                classes = List.copyOf(classes);
            }

            /** The same samples, of the shown settings or of earlier ones. */
            Found ofBefore(boolean before) {
                return new Found(tally, surest, listed, confusion, classes, before);
            }

            @Override
            public boolean equals(@Nullable Object other) {
                return this == other;
            }

            @Override
            public int hashCode() {
                return System.identityHashCode(this);
            }
        }

        /** The samples, if there are any. */
        default Optional<Found> found() {
            return this instanceof Found f ? Optional.of(f) : Optional.empty();
        }
    }

    /**
     * Counts of samples.
     *
     * @param lost how many were right before and are wrong now
     * @param gained how many were wrong before and are right now
     * @param other how many changed class otherwise
     * @param seen samples evaluated so far
     * @param total samples in the evaluation set
     */
    public record Tally(int lost, int gained, int other, int seen, int total) {
        static Tally of(SampleOutcomes of) {
            return new Tally(
                    of.count(Change.LOST), of.count(Change.GAINED), of.count(Change.OTHER), of.size(), of.total());
        }

        /** How many samples changed class. */
        public int changed() {
            return lost + gained + other;
        }
    }

    /**
     * The samples that were asked for.
     *
     * @param ofClass only those with this label that changed; empty for all
     * @param samples those that pass the filter, or are in the cell or of the class; those of which the float model was surest first;
     *     unmodifiable
     * @param chosen a sample of the list, or one that was chosen from an earlier list
     * @param chosenAt its index in the list; −1 if it is not in the list
     */
    public record Listed(
            Filter filter,
            Optional<Cell> cell,
            OptionalInt ofClass,
            List<Outcome> samples,
            Optional<Outcome> chosen,
            int chosenAt) {}

    /** What the view is to be computed from. */
    private record Question(
            SampleOutcomes outcomes,
            Filter filter,
            Optional<Cell> cell,
            OptionalInt ofClass,
            int chosen,
            boolean matrix) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<View.Found> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.Nothing.NOTHING);
    private @Nullable Evaluation shown;
    private boolean previous;
    private Filter filter = Filter.CHANGED;
    private Optional<Cell> cell = Optional.empty();
    private OptionalInt ofClass = OptionalInt.empty();
    private int chosen = -1;
    private boolean matrix;

    public FlippedViewModel(Workbench bench, AccuracyViewModel accuracy, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        accuracy.viewProperty().subscribe(this::take);
    }

    private void take(AccuracyState v) {
        Evaluation now = v.evaluation().orElse(null);
        previous = v.previous();
        if (isShown(now)) {
            // The samples are the same, so there is nothing to compute.
            view.get().found().filter(f -> f.previous() != previous).ifPresent(f -> view.set(f.ofBefore(previous)));
            return;
        }
        if (now == null
                || shown == null
                || now.outcomes().total() != shown.outcomes().total()) {
            chosen = -1;
            cell = Optional.empty();
            ofClass = OptionalInt.empty();
            filter = Filter.CHANGED;
        }
        shown = now;
        refresh();
    }

    /** True if this evaluation is shown already. Evaluations are immutable, so it is enough to compare references. */
    @SuppressWarnings("ReferenceEquality")
    private boolean isShown(@Nullable Evaluation now) {
        return now == shown;
    }

    private void refresh() {
        if (shown == null || shown.outcomes().classes() == 0) {
            latest.cancel();
            view.set(View.Nothing.NOTHING);
            return;
        }
        Question question = new Question(shown.outcomes(), filter, cell, ofClass, chosen, matrix);
        latest.submit(
                (cancel, partial) -> answer(question),
                found -> view.set(found.ofBefore(previous)),
                e -> background.problem("Flipped samples: " + e));
    }

    private static View.Found answer(Question q) {
        SampleOutcomes of = q.outcomes;
        OutcomeList changed = OutcomeList.of(of, i -> of.change(i) != Change.NONE);
        OutcomeList list;
        if (q.cell.isPresent()) {
            Cell c = q.cell.get();
            list = OutcomeList.of(of, i -> isIn(c, of, i));
        } else if (q.ofClass.isPresent()) {
            int label = q.ofClass.getAsInt();
            list = changed.filtered(i -> hasFlipped(label, of, i));
        } else {
            list = switch (q.filter) {
                case CHANGED -> changed;
                case LOST -> changed.filtered(i -> of.change(i) == Change.LOST);
                case GAINED -> changed.filtered(i -> of.change(i) == Change.GAINED);
                case OTHER -> changed.filtered(i -> of.change(i) == Change.OTHER);
            };
        }
        return new View.Found(
                Tally.of(of),
                changed.subList(0, Math.min(FIRST, changed.size())),
                new Listed(q.filter, q.cell, q.ofClass, list, outcome(of, q.chosen), list.indexOfSample(q.chosen)),
                q.matrix ? Optional.of(Confusion.of(of)) : Optional.empty(),
                q.matrix ? ClassAccuracy.of(of) : List.of(),
                false);
    }

    /** True if a sample of that label, or one of its positions, has another class than in float. */
    private static boolean hasFlipped(int label, SampleOutcomes outcomes, int i) {
        if (outcomes.positions() <= 1) {
            return Confusion.row(outcomes, i) == label;
        }
        return outcomes.sequence(i)
                .map(s -> IntStream.range(0, s.labels().size())
                        .anyMatch(p -> s.labels().get(p) == label
                                && !s.ofFloat().get(p).equals(s.quantized().get(p))))
                .orElse(false);
    }

    private static boolean isIn(Cell c, SampleOutcomes outcomes, int i) {
        if (outcomes.positions() > 1) {
            return outcomes.sequence(i).map(s -> isIn(c, s)).orElse(false);
        }
        boolean was = outcomes.floatClass(i) == c.column;
        boolean is = outcomes.quantizedClass(i) == c.column;
        return Confusion.row(outcomes, i) == c.row
                && switch (c.kind) {
                    case BEFORE -> was;
                    case AFTER -> is;
                    case DIFFERENCE -> was != is;
                };
    }

    /** True if any scored position belongs to the cell. */
    private static boolean isIn(Cell c, SampleOutcomes.Sequence s) {
        for (int p = 0; p < s.labels().size(); p++) {
            boolean was = s.ofFloat().get(p) == c.column;
            boolean is = s.quantized().get(p) == c.column;
            boolean there = switch (c.kind) {
                case BEFORE -> was;
                case AFTER -> is;
                case DIFFERENCE -> was != is;
            };
            if (s.labels().get(p) == c.row && there) {
                return true;
            }
        }
        return false;
    }

    private static Optional<Outcome> outcome(SampleOutcomes of, int sample) {
        for (int i = 0; sample >= 0 && i < of.size(); i++) {
            if (of.sample(i) == sample) {
                return of.outcome(i);
            }
        }
        return Optional.empty();
    }

    /** Says whether the confusion matrix or the list of classes is visible; they are counted only then. */
    public void setShowing(boolean on) {
        if (matrix != on) {
            matrix = on;
            if (on) {
                refresh();
            }
        }
    }

    /** Lists one kind of change, and deselects the cell of the confusion matrix or the class. */
    public void filter(Filter kind) {
        filter = kind;
        cell = Optional.empty();
        ofClass = OptionalInt.empty();
        refresh();
    }

    /** Lists the samples of one cell of the confusion matrix. Choosing the same cell again deselects it. */
    public void choose(Cell one) {
        cell = cell.equals(Optional.of(one)) ? Optional.empty() : Optional.of(one);
        ofClass = OptionalInt.empty();
        refresh();
    }

    /** Lists the samples with this label that changed class. Choosing the same class again deselects it. */
    public void chooseClass(int label) {
        OptionalInt one = OptionalInt.of(label);
        ofClass = ofClass.equals(one) ? OptionalInt.empty() : one;
        cell = Optional.empty();
        refresh();
    }

    /** Selects a sample, by its index in the data set. */
    public void choose(int sample) {
        if (chosen != sample) {
            chosen = sample;
            refresh();
        }
    }

    /** The name of a class, or its number if it has none. */
    public String className(int c) {
        List<String> ofData = data().map(Dataset::classes).orElse(List.of());
        List<String> names = ofData.isEmpty()
                ? bench.modelProperty().get().map(o -> o.source().classNames()).orElse(List.of())
                : ofData;
        return c < 0 ? "none" : c < names.size() ? Invisible.escaped(names.get(c)) : Integer.toString(c);
    }

    /** The float model's answer for a sample: its class, or the text of its classes at the scored positions. */
    public String floatAnswer(Outcome o) {
        return o.sequence().map(s -> text(s, s.ofFloat())).orElseGet(() -> className(o.floatClass()));
    }

    /** The quantized model's answer, likewise. */
    public String quantizedAnswer(Outcome o) {
        return o.sequence().map(s -> text(s, s.quantized())).orElseGet(() -> className(o.quantizedClass()));
    }

    /** What the labels say, likewise; empty if there is no label. */
    public Optional<String> labelled(Outcome o) {
        return o.sequence()
                .map(s -> text(s, s.labels()))
                .or(() ->
                        o.label().isPresent() ? Optional.of(className(o.label().getAsInt())) : Optional.empty());
    }

    /**
     * A sample as a text, if it is a row of class numbers as its labels are; empty for anything else. Reads one sample
     * from memory.
     */
    public Optional<String> inputText(Outcome o) {
        Optional<Dataset> data = data();
        if (o.sequence().isEmpty()
                || data.isEmpty()
                || data.get().classes().isEmpty()
                || data.get().sampleShape().rank() != 1
                || data.get().sampleShape().count()
                        != o.sequence().get().labels().size()) {
            return Optional.empty();
        }
        float[] values = new float[(int) data.get().sampleShape().count()];
        data.get().fill(new int[] {o.sample()}, values);
        List<String> names = data.get().classes();
        List<String> words = new ArrayList<>();
        for (float v : values) {
            if (v != (int) v || v < 0 || v >= names.size()) {
                return Optional.empty();
            }
            words.add(className((int) v));
        }
        return Optional.of(joined(words));
    }

    private String text(SampleOutcomes.Sequence s, List<Integer> classes) {
        List<String> words = new ArrayList<>();
        for (int p = 0; p < classes.size() && words.size() <= MOST_WORDS; p++) {
            if (s.labels().get(p) != Dataset.UNSCORED) {
                words.add(words.size() == MOST_WORDS ? "…" : className(classes.get(p)));
            }
        }
        return joined(words);
    }

    /** Letters as one word, words with spaces between them. */
    private static String joined(List<String> words) {
        return String.join(words.stream().allMatch(w -> w.length() == 1) ? "" : " ", words);
    }

    /** The data that the samples are from. */
    public Optional<Dataset> data() {
        return bench.evaluationData();
    }

    /** Cancels the search for samples. */
    @Override
    public void close() {
        latest.cancel();
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
