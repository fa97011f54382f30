package org.quantscope.app.selected;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.metric.CodePass;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.sketch.MomentSketch;

/**
 * How the selected tensor uses its codes. This needs a pass over the values. It runs in the background, only while
 * somebody needs the result, and during a drag only for the newest setting.
 */
public final class CodeUse {
    private static final int KEPT = 64;

    /**
     * What to show.
     *
     * @param params the parameters that the report belongs to
     * @param exact false if the figures are estimates from a sketch
     * @param chosen true if they count the codes that a rounding has chosen, false for nearest levels
     * @param previous true if they belong to earlier settings
     */
    public record View(QuantParams params, CodeReport report, boolean exact, boolean chosen, boolean previous) {}

    private record Key(QuantizableTensor subject, QuantParams params, Optional<ChosenValues> chosen) {}

    private final SelectedTensor selected;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<CodeReport> passes;
    private final Set<String> watchers = new HashSet<>();
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private @Nullable Key shown;
    private @Nullable Key asked;
    private final LruCache<Key, CodeReport> known = LruCache.ofEntries(KEPT);

    public CodeUse(Workbench bench, SelectedTensor selected, Solutions solutions, Background background) {
        this.selected = selected;
        this.solutions = solutions;
        this.background = background;
        this.passes = background.latest(LatestWins.Mode.CONFLATE);
        bench.modelProperty().subscribe(x -> known.clear());
        selected.viewProperty().subscribe(v -> refresh());
    }

    /** Says whether {@code who} needs the figures; they are computed only while somebody does. */
    public void watch(String who, boolean looking) {
        if (looking ? watchers.add(who) : watchers.remove(who)) {
            refresh();
        }
    }

    private void refresh() {
        SelectedTensor.View v = selected.viewProperty().get().orElse(null);
        if (watchers.isEmpty()
                || v == null
                || v.spec().isEmpty()
                || v.measured().isEmpty()) {
            passes.cancel();
            asked = null;
            shown = null;
            view.set(Optional.empty());
            return;
        }
        QuantParams params = v.measured().get().params();
        Key now = new Key(v.subject(), params, chosen(v));
        if (shown != null && !shown.subject.id().equals(v.subject().id())) {
            shown = null;
            view.set(Optional.empty());
        }
        CodeReport report = now.equals(shown) ? view.get().map(View::report).orElse(null) : known.get(now);
        if (report != null) {
            show(now, report, v.previous());
            return;
        }
        view.set(view.get().map(old -> new View(old.params, old.report, old.exact, old.chosen, true)));
        if (now.equals(asked)) {
            return;
        }
        asked = now;
        MomentSketch sketch = v.sketch().orElse(null);
        passes.submit(
                (cancel, partial) -> switch (now.subject) {
                    case QuantizableTensor.Weight w ->
                        now.chosen.isPresent()
                                ? CodePass.measure(w.tensor(), now.chosen.get().data(), params, cancel)
                                : CodePass.measure(w.tensor(), params, cancel);
                    case QuantizableTensor.Activation a ->
                        CodePass.estimate(sketch == null ? new MomentSketch() : sketch, params);
                },
                made -> {
                    known.put(now, made);
                    arrived(now, made);
                },
                e -> background.problem(e));
    }

    /** Shows a result for a setting that has changed again since, marked as previous. */
    private void arrived(Key of, CodeReport made) {
        if (of.equals(asked)) {
            asked = null;
        }
        selected.viewProperty()
                .get()
                .filter(v -> !watchers.isEmpty() && v.subject().id().equals(of.subject.id()))
                .ifPresent(v -> {
                    boolean current =
                            v.measured().map(m -> m.params().equals(of.params)).orElse(false)
                                    && chosen(v).equals(of.chosen);
                    show(of, made, v.previous() || !current);
                });
    }

    private void show(Key of, CodeReport report, boolean previous) {
        shown = of;
        view.set(Optional.of(new View(
                of.params, report, of.subject instanceof QuantizableTensor.Weight, of.chosen.isPresent(), previous)));
    }

    /** The values of the codes that the view's figures are of; empty if those are nearest levels. */
    private Optional<ChosenValues> chosen(SelectedTensor.View v) {
        if (v.codes().state() != HandCodes.State.CHOSEN) {
            return Optional.empty();
        }
        ChosenValues previewed = v.codes().values().get(v.subject().id());
        return previewed != null
                ? Optional.of(previewed)
                : solutions
                        .viewProperty()
                        .get()
                        .solved()
                        .map(solved -> solved.values().get(v.subject().id()));
    }

    /**
     * Empty while nobody needs the figures, if no quantized tensor is selected, or before the first pass is finished.
     */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
