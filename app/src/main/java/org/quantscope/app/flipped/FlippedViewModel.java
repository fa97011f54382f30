package org.quantscope.app.flipped;

import java.util.List;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.SampleOutcomes.Change;
import org.quantscope.core.eval.SampleOutcomes.Outcome;
import org.quantscope.core.job.LatestWins;

/**
 * The samples whose class the setting on show changes, of those that were evaluated so far. They are looked for, sorted and
 * counted in the background: an evaluation may have many thousands, and tells of each batch.
 */
public final class FlippedViewModel implements AutoCloseable {
    /** Samples of {@link View#surest}. */
    public static final int FIRST = 4;

    /** Which of them. */
    public enum Filter {
        CHANGED,
        LOST,
        GAINED,
        OTHER
    }

    /**
     * One cell of a confusion matrix.
     *
     * @param row label, or the float model's class where there is none
     * @param column class of the model that {@code kind} is about; of either for {@link Confusion.Kind#DIFFERENCE}
     */
    public record Cell(Confusion.Kind kind, int row, int column) {}

    /**
     * What is on show. Two views are equal only if they are the same: nobody is to compare thousands of samples for that.
     *
     * @param changed how many samples changed class
     * @param lost of those, right before and wrong now
     * @param gained wrong before and right now
     * @param other neither
     * @param seen evaluated so far
     * @param total in the evaluation set
     * @param hasClasses false if the outputs are no classes, and nothing can change
     * @param previous true if all this belongs to an earlier setting
     * @param surest the first {@value #FIRST} of all that changed, whatever the filter
     * @param list those that pass the filter, the ones that the float model was surest of first; unmodifiable
     * @param chosen one of them, or one that was chosen before
     * @param chosenAt its place in the list; −1 if it is not in it
     * @param confusion of both models on the samples seen so far; empty without classes, and while nobody looks
     */
    public record View(
            int changed,
            int lost,
            int gained,
            int other,
            int seen,
            int total,
            boolean hasClasses,
            boolean previous,
            Filter filter,
            Optional<Cell> cell,
            List<Outcome> surest,
            List<Outcome> list,
            Optional<Outcome> chosen,
            int chosenAt,
            Optional<Confusion> confusion) {
        static final View NOTHING = new View(
                0,
                0,
                0,
                0,
                0,
                0,
                false,
                false,
                Filter.CHANGED,
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                -1,
                Optional.empty());

        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** What to show of an evaluation. */
    private record Question(
            SampleOutcomes outcomes,
            boolean previous,
            Filter filter,
            Optional<Cell> cell,
            int chosen,
            boolean matrix) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<View> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private @Nullable Evaluation shown;
    private boolean previous;
    private Filter filter = Filter.CHANGED;
    private Optional<Cell> cell = Optional.empty();
    private int chosen = -1;
    private boolean matrix;

    public FlippedViewModel(Workbench bench, AccuracyViewModel accuracy, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        accuracy.viewProperty().subscribe(this::take);
    }

    private void take(AccuracyViewModel.View v) {
        Evaluation now = v.evaluation().orElse(null);
        if (isShown(now) && v.previous() == previous) {
            return;
        }
        if (now == null
                || shown == null
                || now.outcomes().total() != shown.outcomes().total()) {
            chosen = -1;
            cell = Optional.empty();
            filter = Filter.CHANGED;
        }
        shown = now;
        previous = v.previous();
        refresh();
    }

    /** The same object means nothing new: an evaluation is immutable, and equal ones need not be compared sample by sample. */
    @SuppressWarnings("ReferenceEquality")
    private boolean isShown(@Nullable Evaluation now) {
        return now == shown;
    }

    private void refresh() {
        if (shown == null) {
            latest.cancel();
            view.set(View.NOTHING);
            return;
        }
        Question question = new Question(shown.outcomes(), previous, filter, cell, chosen, matrix);
        latest.submit(
                (cancel, partial) -> answer(question), view::set, e -> background.problem("Flipped samples: " + e));
    }

    private static View answer(Question q) {
        SampleOutcomes of = q.outcomes;
        OutcomeList changed = OutcomeList.of(of, i -> of.change(i) != Change.NONE);
        OutcomeList list = q.cell.map(c -> OutcomeList.of(of, i -> isIn(c, of, i)))
                .orElseGet(() -> switch (q.filter) {
                    case CHANGED -> changed;
                    case LOST -> changed.filtered(i -> of.change(i) == Change.LOST);
                    case GAINED -> changed.filtered(i -> of.change(i) == Change.GAINED);
                    case OTHER -> changed.filtered(i -> of.change(i) == Change.OTHER);
                });
        return new View(
                changed.size(),
                of.count(Change.LOST),
                of.count(Change.GAINED),
                of.count(Change.OTHER),
                of.size(),
                of.total(),
                of.classes() > 0,
                q.previous,
                q.filter,
                q.cell,
                List.copyOf(changed.subList(0, Math.min(FIRST, changed.size()))),
                list,
                outcome(of, q.chosen),
                list.indexOfSample(q.chosen),
                q.matrix && of.classes() > 0 ? Optional.of(Confusion.of(of)) : Optional.empty());
    }

    private static boolean isIn(Cell c, SampleOutcomes outcomes, int i) {
        boolean was = outcomes.floatClass(i) == c.column;
        boolean is = outcomes.quantizedClass(i) == c.column;
        return Confusion.row(outcomes, i) == c.row
                && switch (c.kind) {
                    case BEFORE -> was;
                    case AFTER -> is;
                    case DIFFERENCE -> was != is;
                };
    }

    private static Optional<Outcome> outcome(SampleOutcomes of, int sample) {
        for (int i = 0; sample >= 0 && i < of.size(); i++) {
            if (of.sample(i) == sample) {
                return of.outcome(i);
            }
        }
        return Optional.empty();
    }

    /** Whether anybody looks at the confusion matrix: it is not counted while nobody does. */
    public void setShowing(boolean on) {
        if (matrix != on) {
            matrix = on;
            if (on) {
                refresh();
            }
        }
    }

    /** Lists one kind of change; takes a chosen cell back. */
    public void filter(Filter kind) {
        filter = kind;
        cell = Optional.empty();
        refresh();
    }

    /** Lists the samples of one cell of the confusion matrix; the same cell again takes it back. */
    public void choose(Cell one) {
        cell = cell.equals(Optional.of(one)) ? Optional.empty() : Optional.of(one);
        refresh();
    }

    /** Takes a sample in hand, by its index in the data set. */
    public void choose(int sample) {
        if (chosen != sample) {
            chosen = sample;
            refresh();
        }
    }

    /** The name of a class, or its number. */
    public String className(int c) {
        List<String> names = data().map(Dataset::classes).orElse(List.of());
        return c < 0 ? "none" : c < names.size() ? names.get(c) : Integer.toString(c);
    }

    /** The data that the samples are from. */
    public Optional<Dataset> data() {
        return bench.evaluationData();
    }

    /** Drops what is still to be looked for. */
    @Override
    public void close() {
        latest.cancel();
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
