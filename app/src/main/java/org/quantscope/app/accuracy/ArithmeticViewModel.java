package org.quantscope.app.accuracy;

import java.util.Optional;
import java.util.concurrent.CancellationException;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.verify.IntegerEvaluation;

/**
 * The settings in hand in whole numbers, as a runtime computes them, beside the simulation in float32. It follows each edit, not
 * each frame of a gesture. Used on the FX thread.
 */
public final class ArithmeticViewModel {
    /** The first samples of the data, so many at most: whole numbers in Java take milliseconds for each. */
    private static final int MOST_SAMPLES = 1000;

    private static final int KEPT = 20;

    /** What is shown. */
    public sealed interface View {
        /** Nothing but the simulation was asked for. */
        record Simulated() implements View {}

        /** It is on its way, or waits for ranges or data. */
        record Waiting(Arithmetic arithmetic, String what) implements View {}

        /** The figures. */
        record Done(IntegerEvaluation.Result result) implements View {}

        /** Whole numbers do not express it. */
        record Refused(Arithmetic arithmetic, String why) implements View {}
    }

    private record Key(Arithmetic arithmetic, ExportPlan plan, Dataset data) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<View> latest;
    private final LruCache<Key, View> kept = LruCache.ofEntries(KEPT);
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(new View.Simulated());
    private Optional<Arithmetic> chosen = Optional.empty();
    private @Nullable Key asked;

    public ArithmeticViewModel(Workbench bench, Solutions solutions, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** Chooses an arithmetic; empty for the simulation alone. */
    public void choose(Optional<Arithmetic> arithmetic) {
        chosen = arithmetic;
        refresh();
    }

    private void refresh() {
        if (chosen.isEmpty() || bench.analysed().isEmpty()) {
            stop();
            view.set(new View.Simulated());
            return;
        }
        Arithmetic arithmetic = chosen.get();
        Optional<Dataset> data = bench.evaluationData();
        if (data.isEmpty()) {
            stop();
            view.set(new View.Waiting(arithmetic, "needs data"));
            return;
        }
        Optional<ExportPlan> plan = solutions.plan();
        if (plan.isEmpty()) {
            stop();
            view.set(new View.Waiting(arithmetic, "…"));
            return;
        }
        Key key = new Key(arithmetic, plan.get(), data.get());
        if (key.equals(asked)) {
            return;
        }
        asked = key;
        View known = kept.get(key);
        if (known != null) {
            latest.cancel();
            view.set(known);
            return;
        }
        view.set(new View.Waiting(arithmetic, "…"));
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Whole numbers " + arithmetic.title(), cancel)) {
                        Dataset first = key.data.limit(Math.min(MOST_SAMPLES, key.data.size()));
                        return new View.Done(IntegerEvaluation.of(
                                key.plan, arithmetic, first, key.plan.state().metric(), job, cancel));
                    } catch (BadInputException e) {
                        return new View.Refused(arithmetic, String.valueOf(e.getMessage()));
                    }
                },
                answer -> {
                    kept.put(key, answer);
                    if (key.equals(asked)) {
                        view.set(answer);
                    }
                },
                failure -> {
                    if (key.equals(asked)) {
                        view.set(
                                failure instanceof CancellationException
                                        ? new View.Waiting(arithmetic, "stopped; choose it again to go on")
                                        : new View.Refused(arithmetic, String.valueOf(failure.getMessage())));
                        asked = null;
                    }
                });
    }

    private void stop() {
        asked = null;
        latest.cancel();
    }
}
