package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.FittedLevels;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Resolves and measures every quantized tensor under the committed settings, in the background. Results are kept under the
 * exact setting that made them, so that a setting seen before answers at once.
 */
public final class Measurements {
    /** Results kept; the least recently used ones go first. */
    private static final int KEPT = 16_384;

    /** Whoever lists all tensors does so anew at each partial result: at most so many, however many tensors there are, */
    private static final int PARTIALS = 32;

    /** and one more whenever so much time has passed without any. */
    private static final long PARTIAL_NANOS = 250_000_000;

    /**
     * What is known of the present settings.
     *
     * @param tensors measured tensors, by their names; tensors that stay float are not in it
     * @param complete true if every quantized tensor has been measured
     */
    public record Snapshot(Map<TensorId, Measured> tensors, boolean complete) {
        static final Snapshot EMPTY = new Snapshot(Map.of(), false);
    }

    /** @param importances where the setting rests on them, else {@link Importances#NONE} */
    private record Key(
            int opened,
            TensorId id,
            String variant,
            QuantSpec spec,
            Optional<ClipRange> observed,
            Optional<FittedLevels> fitted,
            Importances importances) {}

    private record Task(QuantizableTensor subject, Key key, SessionState state) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Snapshot> latest;
    private final ReadOnlyObjectWrapper<Snapshot> snapshot = new ReadOnlyObjectWrapper<>(Snapshot.EMPTY);
    private final LruCache<Key, Measured> kept = LruCache.ofEntries(KEPT);

    private int opened;
    private Set<TensorId> saidLacking = Set.of();

    public Measurements(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> {
            opened++;
            kept.clear();
        });
        bench.stateProperty().subscribe(state -> refresh());
        bench.seenProperty().subscribe(map -> refresh());
    }

    /** What is known of a tensor under a setting that need not be the committed one. */
    public Optional<Measured> find(QuantizableTensor subject, QuantSpec spec) {
        return kept.find(key(subject, spec));
    }

    /** Keeps a result that was computed elsewhere, with exact figures. */
    public void keep(QuantizableTensor subject, Measured measured) {
        kept.put(key(subject, measured.spec()), measured);
    }

    /**
     * Resolves and measures one tensor. Weights are measured exactly, activations from what was seen of them.
     *
     * @param state what it keeps of activations is used; what it lacks is chosen from what was seen of the activation
     */
    public static Measured measure(
            QuantizableTensor subject,
            QuantSpec spec,
            SessionState state,
            Importances importances,
            CancelToken cancel) {
        return switch (subject) {
            case QuantizableTensor.Weight(var tensor) -> {
                var resolution = RangeResolver.resolve(tensor, spec, importances, cancel);
                yield new Measured(
                        spec,
                        resolution.requested(),
                        resolution.params(),
                        ErrorFigures.of(Engine.measure(tensor, resolution.params(), cancel)));
            }
            case QuantizableTensor.Activation(var info, var sketch) -> {
                ClipRange range = spec.clip() instanceof Clip.Manual(ClipRange byHand)
                        ? byHand
                        : spec.clip() instanceof Clip.Auto
                                ? state.activationRanges().get(info.id())
                                : null;
                FittedLevels fitted = state.activationLevels().get(info.id());
                if (range != null && fitted != null && fitted.answer(spec, range)) {
                    yield new Measured(spec, List.of(range), fitted.params(), estimate(sketch, fitted.params()));
                }
                if (range != null && spec.clip() instanceof Clip.Auto && !FittedLevels.neededBy(spec)) {
                    QuantParams params =
                            Quantizers.byId(spec.scheme()).resolve(spec, Granularity.TENSOR, List.of(range));
                    yield new Measured(spec, List.of(range), params, estimate(sketch, params));
                }
                QuantSpec chosen = range == null ? spec : spec.withClip(new Clip.Manual(range));
                var resolution = RangeResolver.resolve(sketch.orElseGet(MomentSketch::new), chosen, cancel);
                yield new Measured(
                        spec, resolution.requested(), resolution.params(), estimate(sketch, resolution.params()));
            }
        };
    }

    private static ErrorFigures estimate(Optional<MomentSketch> sketch, QuantParams params) {
        return ErrorFigures.of(
                sketch.map(s -> List.of(s.estimate(params.grid(0)))).orElse(List.of()));
    }

    private void refresh() {
        Optional<SessionState> state = bench.stateProperty().get();
        if (state.isEmpty()) {
            latest.cancel();
            snapshot.set(Snapshot.EMPTY);
            return;
        }
        Map<TensorId, Measured> known = new LinkedHashMap<>();
        List<Task> missing = new ArrayList<>();
        Set<TensorId> lacking = new TreeSet<>();
        List<QuantizableTensor> subjects = new ArrayList<>(bench.weights());
        subjects.addAll(bench.activations());
        for (QuantizableTensor subject : subjects) {
            bench.spec(subject).ifPresent(spec -> {
                Key key = key(subject, spec);
                Measured measured = kept.get(key);
                if (measured != null) {
                    known.put(subject.id(), measured);
                } else if (lacksImportance(subject, spec)) {
                    lacking.add(subject.id());
                } else if (subject instanceof QuantizableTensor.Weight
                        || key.observed.isPresent()
                        || !(spec.clip() instanceof Clip.Auto)) {
                    missing.add(new Task(subject, key, state.get()));
                }
            });
        }
        if (!lacking.isEmpty() && !lacking.equals(saidLacking)) {
            background.problem("Range of " + lacking.iterator().next()
                    + (lacking.size() > 1 ? " and " + (lacking.size() - 1) + " more" : "")
                    + ": weighted by importances that calibration data shows; there is none");
        }
        saidLacking = lacking;
        if (missing.isEmpty()) {
            latest.cancel();
            snapshot.set(new Snapshot(Map.copyOf(known), lacking.isEmpty()));
            return;
        }
        snapshot.set(new Snapshot(Map.copyOf(known), false));
        AtomicBoolean underWay = new AtomicBoolean();
        latest.submit(
                (cancel, partial) -> run(known, missing, lacking.isEmpty(), underWay, cancel, partial),
                result -> {
                    snapshot.set(result);
                    underWay.set(false);
                },
                e -> background.problem(e));
    }

    /** @param underWay while a partial result has not been taken over, no other is handed over */
    private Snapshot run(
            Map<TensorId, Measured> known,
            List<Task> missing,
            boolean complete,
            AtomicBoolean underWay,
            CancelToken cancel,
            Consumer<Snapshot> partial) {
        Map<TensorId, Measured> all = new LinkedHashMap<>(known);
        try (Jobs.Handle job = background.start("Measuring tensors", cancel)) {
            int done = 0;
            int told = 0;
            long toldAt = System.nanoTime();
            for (Task task : missing) {
                cancel.check();
                job.report(done++, missing.size(), "tensor " + done + " of " + missing.size());
                Measured measured = measure(task.subject, task.key.spec, task.state, task.key.importances, cancel);
                kept.put(task.key, measured);
                all.put(task.subject.id(), measured);
                boolean due = (done - told) * PARTIALS >= missing.size() || System.nanoTime() - toldAt >= PARTIAL_NANOS;
                if (due && done < missing.size() && underWay.compareAndSet(false, true)) {
                    told = done;
                    toldAt = System.nanoTime();
                    partial.accept(new Snapshot(Map.copyOf(all), false));
                }
            }
        }
        return new Snapshot(Map.copyOf(all), complete);
    }

    private Key key(QuantizableTensor subject, QuantSpec spec) {
        Optional<SessionState> state =
                bench.stateProperty().get().filter(s -> subject instanceof QuantizableTensor.Activation);
        return new Key(
                opened,
                subject.id(),
                bench.variant(),
                spec,
                state.map(s -> s.activationRanges().get(subject.id())),
                state.map(s -> s.activationLevels().get(subject.id()))
                        .filter(f -> f.scheme().equals(spec.scheme())),
                needsImportance(spec) ? bench.importances() : Importances.NONE);
    }

    private static boolean needsImportance(QuantSpec spec) {
        return spec.clip() instanceof Clip.Auto auto
                && Calibrators.byId(auto.calibratorId()).needsImportance();
    }

    /** True while the setting of a weight rests on importances that nobody has observed; those of a file are the file's matter. */
    private boolean lacksImportance(QuantizableTensor subject, QuantSpec spec) {
        return subject instanceof QuantizableTensor.Weight w
                && needsImportance(spec)
                && spec.clip() instanceof Clip.Auto auto
                && auto.options().isEmpty()
                && bench.importances().of(w.info()).isEmpty();
    }

    /** The present settings' results. */
    public ReadOnlyObjectProperty<Snapshot> snapshotProperty() {
        return snapshot.getReadOnlyProperty();
    }
}
