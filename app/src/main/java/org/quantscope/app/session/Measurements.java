package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Resolves and measures all quantized tensors under the committed settings, in the background. Each result is kept for
 * its exact setting, so that returning to a setting shows its results at once.
 */
public final class Measurements {
    /** The number of results to keep; the least recently used ones are dropped first. */
    private static final int KEPT = 16_384;

    /** The most partial results of one run, because followers list all tensors again at each of them. */
    private static final int PARTIALS = 32;

    /** After this time without a partial result another one is delivered in any case. */
    private static final long PARTIAL_NANOS = 250_000_000;

    /**
     * What is known about the present settings.
     *
     * @param tensors results by tensor; tensors that stay in float are not included
     * @param complete true if all quantized tensors have been measured
     * @param resolved the parameters of all tensors, once complete
     * @param ranges the calibrated ranges for a session file, once complete
     * @param size size of the model under these settings, once complete
     * @param obstacles why tensors cannot be resolved, in a sentence without its full stop, by their names; while there is any,
     *     no snapshot is complete
     */
    public record Snapshot(
            Map<TensorId, Measured> tensors,
            boolean complete,
            ResolvedSettings resolved,
            ActivationRanges ranges,
            ModelSize size,
            Map<TensorId, String> obstacles) {
        static final Snapshot EMPTY = partial(Map.of(), Map.of());

        public Snapshot {
            obstacles = Collections.unmodifiableMap(new TreeMap<>(obstacles));
        }

        static Snapshot partial(Map<TensorId, Measured> known, Map<TensorId, String> obstacles) {
            return new Snapshot(
                    Map.copyOf(known),
                    false,
                    ResolvedSettings.NONE,
                    ActivationRanges.NONE,
                    new ModelSize(0, 0),
                    obstacles);
        }

        /** The first obstacle, and how many more tensors have one. */
        public Optional<String> obstacle() {
            int more = obstacles.size() - 1;
            return obstacles.values().stream()
                    .findFirst()
                    .map(why -> why + (more > 0 ? " (and " + more + " more)" : ""));
        }
    }

    /**
     * @param sketch the sketch from which the error of an activation is estimated
     * @param reads what the layer of a weight reads
     */
    private record Key(Request request, Optional<MomentSketch> sketch, Optional<LayerMoments> reads) {
        static Key of(QuantizableTensor subject, Request request, Importances known) {
            return switch (subject) {
                case QuantizableTensor.Activation a -> new Key(request, a.sketch(), Optional.empty());
                case QuantizableTensor.Weight w -> new Key(request, Optional.empty(), known.moments(w.id()));
            };
        }
    }

    private record Task(QuantizableTensor subject, QuantizedTensor tensor) {}

    /** Everything that a snapshot of the present settings depends on. */
    private record Asked(
            Model model, SessionState state, Calibration calibration, Resolver resolver, List<Task> tasks) {}

    private final Workbench bench;
    private final Background background;
    private final LatestWins<Snapshot> latest;
    private final ReadOnlyObjectWrapper<Snapshot> snapshot = new ReadOnlyObjectWrapper<>(Snapshot.EMPTY);
    private final LruCache<Key, Measured> kept = LruCache.ofEntries(KEPT);

    private final LayerOutputs outputs = new LayerOutputs();

    private Set<TensorId> saidLacking = Set.of();

    public Measurements(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> {
            kept.clear();
            outputs.clear();
        });
        bench.changes().on(Changes.Stage.MEASUREMENTS, this::refresh);
    }

    /** The outputs of the layers of weights. */
    public LayerOutputs outputs() {
        return outputs;
    }

    /** The result of a setting, which need not be the committed one, if it is known. */
    public Optional<Measured> find(QuantizableTensor subject, QuantSpec spec) {
        return kept.find(Key.of(subject, request(subject, spec), bench.importances()));
    }

    /** The request to the resolver for a tensor under a setting, which need not be the committed one. */
    public Request request(QuantizableTensor subject, QuantSpec spec) {
        Calibration calibration = bench.calibration();
        return switch (subject) {
            case QuantizableTensor.Weight(var tensor) -> Request.of(tensor, spec, calibration.importances());
            case QuantizableTensor.Activation a -> Request.of(a.id(), spec, calibration);
        };
    }

    /** Keeps a result with exact figures that was computed elsewhere. */
    public void keep(QuantizableTensor subject, Measured measured) {
        kept.put(Key.of(subject, request(subject, measured.spec()), bench.importances()), measured);
    }

    /**
     * Resolves and measures one tensor, and keeps the result. Weights are measured exactly, activations from their
     * sketches. May be called on any thread.
     *
     * @throws IllegalArgumentException if the spec does not fit the tensor, or there is an {@link Request#obstacle}
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Measured measure(
            QuantizableTensor subject, Request request, Importances known, Resolver resolver, CancelToken cancel) {
        Resolution made = raised(subject, request.spec(), resolver.resolve(request, cancel));
        ErrorFigures error = switch (subject) {
            case QuantizableTensor.Weight(var tensor) -> ErrorFigures.of(Engine.measure(tensor, made.params(), cancel));
            case QuantizableTensor.Activation(var _, var sketch) ->
                ErrorFigures.of(sketch.map(s -> List.of(s.estimate(made.params().grid(0))))
                        .orElse(List.of()));
        };
        Measured measured = new Measured(request.spec(), made.requested(), made.params(), error)
                .withOutput(
                        subject instanceof QuantizableTensor.Weight(var tensor)
                                ? outputs.of(tensor, known, cancel).map(layer -> layer.error(made.params(), cancel))
                                : Optional.empty());
        kept.put(Key.of(subject, request, known), measured);
        return measured;
    }

    /** The parameters that evaluation and exports have: with the scales of dead channels raised. */
    public static Resolution raised(QuantizableTensor subject, QuantSpec spec, Resolution made) {
        if (!(subject instanceof QuantizableTensor.Weight)) {
            return made;
        }
        ResolvedTensor tensor = new ResolvedTensor(
                subject.info(),
                new Choice.Quantized(spec, Choice.Source.DEFAULT),
                spec,
                made.requested(),
                made.params());
        return new Resolution(made.requested(), tensor.withDeadRaised().params());
    }

    private void refresh() {
        Optional<SessionState> state = bench.stateProperty().get();
        Optional<Model> model = bench.analysed();
        if (state.isEmpty() || model.isEmpty()) {
            latest.cancel();
            show(Snapshot.EMPTY);
            return;
        }
        Map<TensorId, Measured> known = new LinkedHashMap<>();
        List<Task> tasks = new ArrayList<>();
        List<Task> missing = new ArrayList<>();
        Map<TensorId, String> lacking = new TreeMap<>();
        boolean waits = false;
        for (QuantizedTensor tensor : QuantizedTensor.of(model.get(), state.get(), bench.calibration())) {
            TensorId id = tensor.info().id();
            Task task = new Task(bench.subject(id).orElseThrow(), tensor);
            Measured measured = kept.get(Key.of(task.subject, tensor.request(), bench.importances()));
            if (measured != null) {
                known.put(id, measured);
                tasks.add(task);
            } else if (tensor.request().obstacle().isEmpty()) {
                missing.add(task);
                tasks.add(task);
            } else {
                // With data the activations are looked at in the background, and what is lacking comes in a moment.
                boolean lasts = bench.calibrationData().isEmpty()
                        || (task.subject instanceof QuantizableTensor.Weight
                                && bench.observed().isPresent()
                                && (!Calibrators.needsMoments(
                                                tensor.request().spec().clip())
                                        || bench.calibration().moments().isPresent()));
                if (lasts) {
                    lacking.put(id, tensor.request().obstacle().get());
                }
                waits |= !lasts;
            }
        }
        if (!lacking.isEmpty() && !lacking.keySet().equals(saidLacking)) {
            background.problem(Snapshot.partial(known, lacking).obstacle().orElseThrow());
        }
        saidLacking = Set.copyOf(lacking.keySet());
        boolean whole = lacking.isEmpty() && !waits;
        Asked asked = new Asked(model.get(), state.get(), bench.calibration(), bench.resolver(), tasks);
        if (missing.isEmpty() && !whole) {
            latest.cancel();
            show(Snapshot.partial(known, lacking));
            return;
        }
        Optional<ActivationRanges> ranges = asked.resolver.knownRanges(asked.state, asked.calibration);
        if (missing.isEmpty() && ranges.isPresent()) {
            latest.cancel();
            show(complete(asked, known, ranges.get()));
            return;
        }
        show(Snapshot.partial(known, lacking));
        AtomicBoolean underWay = new AtomicBoolean();
        latest.submit(
                (cancel, partial) -> run(asked, known, missing, whole, lacking, underWay, cancel, partial),
                result -> {
                    show(result);
                    underWay.set(false);
                },
                e -> background.problem(e));
    }

    private static Snapshot complete(Asked asked, Map<TensorId, Measured> measured, ActivationRanges ranges) {
        List<ResolvedTensor> all = asked.tasks.stream()
                .map(task -> {
                    Measured m = Objects.requireNonNull(
                            measured.get(task.tensor.info().id()));
                    return task.tensor.resolved(new Resolution(m.requested(), m.params()));
                })
                .toList();
        ResolvedSettings resolved = ResolvedSettings.of(asked.model, all);
        return new Snapshot(
                Map.copyOf(measured), true, resolved, ranges, ModelSize.of(asked.model, resolved), Map.of());
    }

    private void show(Snapshot next) {
        snapshot.set(next);
        bench.changes().behind(Changes.Stage.MEASUREMENTS);
    }

    /** @param underWay true while a partial result has not been shown yet; no other one is delivered meanwhile */
    private Snapshot run(
            Asked asked,
            Map<TensorId, Measured> known,
            List<Task> missing,
            boolean complete,
            Map<TensorId, String> lacking,
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
                Measured measured = measure(
                        task.subject, task.tensor.request(), asked.calibration.importances(), asked.resolver, cancel);
                all.put(task.subject.id(), measured);
                boolean due = (done - told) * PARTIALS >= missing.size() || System.nanoTime() - toldAt >= PARTIAL_NANOS;
                if (due && done < missing.size() && underWay.compareAndSet(false, true)) {
                    told = done;
                    toldAt = System.nanoTime();
                    partial.accept(Snapshot.partial(all, lacking));
                }
            }
        }
        return complete
                ? complete(asked, all, asked.resolver.ranges(asked.state, asked.calibration, cancel))
                : Snapshot.partial(all, lacking);
    }

    /** The results for the present settings. */
    public ReadOnlyObjectProperty<Snapshot> snapshotProperty() {
        return snapshot.getReadOnlyProperty();
    }
}
