package org.quantscope.app.flipped;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.workbench.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.SampleOutcomes.Change;
import org.quantscope.core.eval.SampleOutcomes.Outcome;

/** The samples whose class the setting on show changes, of those that were evaluated so far. */
public final class FlippedViewModel {
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
     * What is on show.
     *
     * @param changed how many samples changed class
     * @param lost of those, right before and wrong now
     * @param gained wrong before and right now
     * @param other neither
     * @param seen evaluated so far
     * @param total in the evaluation set
     * @param hasClasses false if the outputs are no classes, and nothing can change
     * @param previous true if all this belongs to an earlier setting
     * @param list those that pass the filter, the ones that the float model was surest of first
     * @param chosen one of them, or one that was chosen before
     */
    public record View(
            int changed, int lost, int gained, int other, int seen, int total, boolean hasClasses, boolean previous, Filter filter, Optional<Cell> cell, List<Outcome> list,
            Optional<Outcome> chosen) {
        static final View NOTHING = new View(0, 0, 0, 0, 0, 0, false, false, Filter.CHANGED, Optional.empty(), List.of(), Optional.empty());

        public View {
            list = List.copyOf(list);
        }
    }

    private static final Comparator<Outcome> SUREST = Comparator.comparingDouble(Outcome::floatMargin).reversed().thenComparingInt(Outcome::sample);

    private final Workbench bench;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private @Nullable Evaluation shown;
    private boolean previous;
    private List<Outcome> changed = List.of();
    private Filter filter = Filter.CHANGED;
    private Optional<Cell> cell = Optional.empty();
    private int chosen = -1;

    public FlippedViewModel(Workbench bench, AccuracyViewModel accuracy) {
        this.bench = bench;
        accuracy.viewProperty().subscribe(this::take);
    }

    private void take(AccuracyViewModel.View v) {
        Evaluation now = v.evaluation().orElse(null);
        if (isShown(now) && v.previous() == previous) {
            return;
        }
        if (now == null || shown == null || now.outcomes().total() != shown.outcomes().total()) {
            chosen = -1;
            cell = Optional.empty();
            filter = Filter.CHANGED;
        }
        shown = now;
        previous = v.previous();
        List<Outcome> found = new ArrayList<>();
        if (now != null) {
            SampleOutcomes outcomes = now.outcomes();
            for (int i = 0; i < outcomes.size(); i++) {
                if (outcomes.change(i) != Change.NONE) {
                    outcomes.outcome(i).ifPresent(found::add);
                }
            }
        }
        found.sort(SUREST);
        changed = List.copyOf(found);
        publish();
    }

    /** The same object means nothing new: an evaluation is immutable, and equal ones need not be compared sample by sample. */
    @SuppressWarnings("ReferenceEquality")
    private boolean isShown(@Nullable Evaluation now) {
        return now == shown;
    }

    private void publish() {
        Evaluation now = shown;
        if (now == null) {
            view.set(View.NOTHING);
            return;
        }
        SampleOutcomes outcomes = now.outcomes();
        view.set(new View(
                changed.size(), count(Change.LOST), count(Change.GAINED), count(Change.OTHER), outcomes.size(), outcomes.total(), outcomes.classes() > 0, previous, filter, cell, list(), chosenOutcome()));
    }

    private int count(Change change) {
        return (int) changed.stream().filter(o -> o.change() == change).count();
    }

    private List<Outcome> list() {
        SampleOutcomes outcomes = shown == null ? null : shown.outcomes();
        if (cell.isPresent() && outcomes != null) {
            Cell c = cell.get();
            List<Outcome> inside = new ArrayList<>();
            for (int i = 0; i < outcomes.size(); i++) {
                boolean was = outcomes.floatClass(i) == c.column;
                boolean is = outcomes.quantizedClass(i) == c.column;
                boolean in = Confusion.row(outcomes, i) == c.row && switch (c.kind) {
                    case BEFORE -> was;
                    case AFTER -> is;
                    case DIFFERENCE -> was != is;
                };
                if (in) {
                    outcomes.outcome(i).ifPresent(inside::add);
                }
            }
            inside.sort(SUREST);
            return inside;
        }
        return switch (filter) {
            case CHANGED -> changed;
            case LOST -> changed.stream().filter(o -> o.change() == Change.LOST).toList();
            case GAINED -> changed.stream().filter(o -> o.change() == Change.GAINED).toList();
            case OTHER -> changed.stream().filter(o -> o.change() == Change.OTHER).toList();
        };
    }

    private Optional<Outcome> chosenOutcome() {
        Evaluation now = shown;
        if (now == null || chosen < 0) {
            return Optional.empty();
        }
        SampleOutcomes outcomes = now.outcomes();
        for (int i = 0; i < outcomes.size(); i++) {
            if (outcomes.sample(i) == chosen) {
                return outcomes.outcome(i);
            }
        }
        return Optional.empty();
    }

    /** Lists one kind of change; takes a chosen cell back. */
    public void filter(Filter kind) {
        filter = kind;
        cell = Optional.empty();
        publish();
    }

    /** Lists the samples of one cell of the confusion matrix; the same cell again takes it back. */
    public void choose(Cell one) {
        cell = cell.equals(Optional.of(one)) ? Optional.empty() : Optional.of(one);
        publish();
    }

    /** Takes a sample in hand, by its index in the data set. */
    public void choose(int sample) {
        if (chosen != sample) {
            chosen = sample;
            publish();
        }
    }

    /** All samples that changed class, whatever the filter, the ones that the float model was surest of first. */
    public List<Outcome> changed() {
        return changed;
    }

    /** The confusion of both models on the samples seen so far; empty without classes. */
    public Optional<Confusion> confusion() {
        return Optional.ofNullable(shown).map(Evaluation::outcomes).filter(o -> o.classes() > 0).map(Confusion::of);
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

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
