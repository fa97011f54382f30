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
 * The samples whose class changes under the shown settings, out of those evaluated so far. They are found, sorted and
 * counted in the background, because an evaluation may have many thousands of samples and reports each batch.
 */
public final class FlippedViewModel implements AutoCloseable {
    /** The most samples in {@link View#surest}. */
    public static final int FIRST = 4;

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

    /**
     * What to show. Two views are equal only if they are the same object, so that thousands of samples are never
     * compared.
     *
     * @param changed how many samples changed class
     * @param lost how many of those were right before and are wrong now
     * @param gained how many were wrong before and are right now
     * @param other how many were wrong before and are wrong in another way now
     * @param seen samples evaluated so far
     * @param total samples in the evaluation set
     * @param hasClasses false if the outputs are not classes, so that nothing can flip
     * @param previous true if everything here belongs to earlier settings
     * @param surest the first {@value #FIRST} of all samples that changed, whatever the filter
     * @param list the samples that pass the filter, those of which the float model was surest first; unmodifiable
     * @param chosen a sample of the list, or one that was chosen from an earlier list
     * @param chosenAt its index in the list; −1 if it is not in the list
     * @param confusion both models on the samples seen so far; empty without classes, and while the matrix is not
     *     visible
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

    /** What the view is to be computed from. */
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

    /** True if this evaluation is shown already. Evaluations are immutable, so it is enough to compare references. */
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

    /** Says whether the confusion matrix is visible; it is counted only then. */
    public void setShowing(boolean on) {
        if (matrix != on) {
            matrix = on;
            if (on) {
                refresh();
            }
        }
    }

    /** Lists one kind of change, and deselects the cell of the confusion matrix. */
    public void filter(Filter kind) {
        filter = kind;
        cell = Optional.empty();
        refresh();
    }

    /** Lists the samples of one cell of the confusion matrix. Choosing the same cell again deselects it. */
    public void choose(Cell one) {
        cell = cell.equals(Optional.of(one)) ? Optional.empty() : Optional.of(one);
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
        List<String> names = data().map(Dataset::classes).orElse(List.of());
        return c < 0 ? "none" : c < names.size() ? names.get(c) : Integer.toString(c);
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
