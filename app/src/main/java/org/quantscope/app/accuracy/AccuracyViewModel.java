package org.quantscope.app.accuracy;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.workbench.InHand;
import org.quantscope.app.workbench.Measured;
import org.quantscope.app.workbench.Measurements;
import org.quantscope.app.workbench.Notices;
import org.quantscope.app.workbench.Subject;
import org.quantscope.app.workbench.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * The accuracy of the settings on show, previews included, batch by batch, and of the float model. Only the newest setting
 * is evaluated; a setting that was evaluated before answers at once.
 */
public final class AccuracyViewModel implements AutoCloseable {
    /** Why there is, or is not, a figure. */
    public enum Status {
        /** No model is open. */
        NO_MODEL,
        /** The file has weights only: there is nothing to run. */
        NO_GRAPH,
        /** Accuracy needs labelled data. */
        NO_DATA,
        /** The figure, if there is one, belongs to an earlier setting. */
        WAITING,
        /** The figure grows batch by batch. */
        RUNNING,
        /** The figure stands for all samples. */
        DONE,
        /** Cancelled before the last batch. */
        STOPPED
    }

    /**
     * What is on show.
     *
     * @param quantized accuracy of the setting; of an earlier one if {@code previous}
     * @param baseline the float model's accuracy so far
     * @param previous true if {@code quantized} belongs to an earlier setting
     */
    public record View(Status status, Optional<AccuracyEstimate> quantized, Optional<AccuracyEstimate> baseline, boolean previous, Optional<ModelSize> size) {
        static final View NOTHING = new View(Status.NO_MODEL, Optional.empty(), Optional.empty(), false, Optional.empty());
    }

    /** A setting of the whole model: which tensor is in hand makes no difference to it. */
    private record Setting(Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {}

    /** Of the evaluation order, so that figures on part of the samples are comparable. */
    private static final long SEED = 0;

    private static final int KEPT = 500;

    private final Workbench bench;
    private final Measurements measurements;
    private final InHand inHand;
    private final Executor work;
    private final Executor ui;
    private final Jobs jobs;
    private final Notices notices;
    private final LatestWins<AccuracyEstimate> baselines;
    private final LatestWins<AccuracyEstimate> evaluations;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private final Map<Setting, AccuracyEstimate> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Setting, AccuracyEstimate> eldest) {
            return size() > KEPT;
        }
    };
    private @Nullable LiveEvaluator evaluator;
    private @Nullable Model evaluatedModel;
    private @Nullable Dataset evaluatedData;
    private @Nullable Setting asked;
    private Optional<TensorId> askedInHand = Optional.empty();
    private boolean closed;

    public AccuracyViewModel(Workbench bench, Measurements measurements, InHand inHand, Executor work, Executor ui, Jobs jobs, Notices notices) {
        this.bench = bench;
        this.measurements = measurements;
        this.inHand = inHand;
        this.work = work;
        this.ui = ui;
        this.jobs = jobs;
        this.notices = notices;
        this.baselines = new LatestWins<>(LatestWins.Mode.CANCEL_STALE, work, ui);
        this.evaluations = new LatestWins<>(LatestWins.Mode.CANCEL_STALE, work, ui);
        bench.stateProperty().subscribe(x -> refresh());
        measurements.snapshotProperty().subscribe(x -> refresh());
        inHand.viewProperty().subscribe(x -> refresh());
    }

    private void refresh() {
        if (closed) {
            return;
        }
        Optional<Model> model = bench.analysed();
        if (model.isEmpty()) {
            open(null, null);
            view.set(View.NOTHING);
            return;
        }
        Status missing = model.get().graph().isEmpty() ? Status.NO_GRAPH : bench.evaluationData().isEmpty() ? Status.NO_DATA : Status.WAITING;
        boolean evaluable = missing == Status.WAITING;
        open(evaluable ? model.get() : null, evaluable ? bench.evaluationData().orElse(null) : null);

        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        Optional<InHand.View> hand = inHand.viewProperty().get();
        boolean settled = measured.complete() && hand.map(h -> !h.previous()).orElse(true);
        if (!settled) {
            waitFor(evaluable ? Status.WAITING : missing);
            return;
        }
        Setting setting = setting(measured, hand);
        Optional<ModelSize> size = Optional.of(ModelSize.of(model.get(), specs(measured, hand), setting.weights));
        if (!evaluable) {
            view.set(new View(missing, Optional.empty(), Optional.empty(), false, size));
            return;
        }
        if (evaluator != null) {
            ask(setting, hand, size);
        }
    }

    private void waitFor(Status status) {
        View now = view.get();
        if (status != Status.WAITING) {
            view.set(new View(status, Optional.empty(), Optional.empty(), false, now.size()));
        } else if (asked != null || now.status() != Status.WAITING) {
            asked = null;
            evaluations.cancel();
            view.set(new View(Status.WAITING, now.quantized(), now.baseline(), now.quantized().isPresent(), now.size()));
        }
    }

    private void ask(Setting setting, Optional<InHand.View> hand, Optional<ModelSize> size) {
        Optional<TensorId> weight = hand.filter(h -> h.subject() instanceof Subject.Weight).map(h -> h.subject().id());
        boolean same = setting.equals(asked);
        View now = view.get();
        if (same) {
            if (!weight.equals(askedInHand)) {
                askedInHand = weight;
                if (now.status() == Status.DONE) {
                    prepare(new EvalRequest(weight, setting.weights, setting.activations));
                }
            }
            return;
        }
        asked = setting;
        askedInHand = weight;
        AccuracyEstimate known = kept.get(setting);
        if (known != null) {
            evaluations.cancel();
            view.set(new View(Status.DONE, Optional.of(known), now.baseline(), false, size));
            return;
        }
        view.set(new View(Status.WAITING, now.quantized(), now.baseline(), now.quantized().isPresent(), size));
        EvalRequest request = new EvalRequest(weight, setting.weights, setting.activations);
        LiveEvaluator on = evaluator;
        if (on == null) {
            return;
        }
        evaluations.submit(
                (cancel, partial) -> evaluate(on, setting, request, cancel, partial),
                estimate -> {
                    if (evaluator != on) {
                        return;
                    }
                    if (estimate.isComplete()) {
                        kept.put(setting, estimate);
                    }
                    view.set(new View(
                            estimate.isComplete() ? Status.DONE : Status.RUNNING, Optional.of(estimate), view.get().baseline(), false, size));
                },
                this::failed);
    }

    private AccuracyEstimate evaluate(LiveEvaluator on, Setting setting, EvalRequest request, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        try (Jobs.Handle job = jobs.start("Accuracy", cancel)) {
            return on.evaluate(request, cancel, estimate -> {
                job.report(estimate.seen(), estimate.total(), estimate.seen() + " of " + estimate.total() + " samples");
                if (!estimate.isComplete()) {
                    partial.accept(estimate);
                }
            });
        } catch (CancellationException e) {
            ui.execute(() -> stopped(setting));
            throw e;
        }
    }

    /** A cancel by hand: nothing newer is waiting, so what there is stays, marked. */
    private void stopped(Setting setting) {
        View now = view.get();
        if (setting.equals(asked) && (now.status() == Status.RUNNING || now.status() == Status.WAITING)) {
            view.set(new View(Status.STOPPED, now.quantized(), now.baseline(), now.previous(), now.size()));
        }
    }

    /** Evaluates the setting on show again after a cancel. */
    public void restart() {
        asked = null;
        refresh();
    }

    private void prepare(EvalRequest request) {
        LiveEvaluator on = evaluator;
        if (on == null) {
            return;
        }
        evaluations.submit(
                (cancel, partial) -> {
                    on.prepare(request, cancel);
                    throw new CancellationException();
                },
                estimate -> {},
                this::failed);
    }

    private void failed(Throwable e) {
        notices.problem("Accuracy: " + e.getMessage());
        view.set(new View(Status.STOPPED, Optional.empty(), view.get().baseline(), false, view.get().size()));
    }

    private Setting setting(Measurements.Snapshot measured, Optional<InHand.View> hand) {
        Map<TensorId, QuantParams> weights = new HashMap<>();
        Map<TensorId, QuantParams> activations = new HashMap<>();
        bench.weights().forEach(w -> put(weights, w, measured, hand));
        bench.activations().forEach(a -> put(activations, a, measured, hand));
        return new Setting(Map.copyOf(weights), Map.copyOf(activations));
    }

    private static void put(Map<TensorId, QuantParams> into, Subject subject, Measurements.Snapshot measured, Optional<InHand.View> hand) {
        Optional<Measured> previewed = hand.filter(h -> h.preview() && h.subject().id().equals(subject.id())).flatMap(InHand.View::measured);
        previewed.or(() -> Optional.ofNullable(measured.tensors().get(subject.id()))).ifPresent(m -> into.put(subject.id(), m.params()));
    }

    private static Map<TensorId, QuantSpec> specs(Measurements.Snapshot measured, Optional<InHand.View> hand) {
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        measured.tensors().forEach((id, m) -> specs.put(id, m.spec()));
        hand.filter(InHand.View::preview).flatMap(InHand.View::measured).ifPresent(m -> specs.put(hand.get().subject().id(), m.spec()));
        return specs;
    }

    private void open(@Nullable Model model, @Nullable Dataset data) {
        if (Objects.equals(model, evaluatedModel) && Objects.equals(data, evaluatedData)) {
            return;
        }
        evaluatedModel = model;
        evaluatedData = data;
        asked = null;
        kept.clear();
        baselines.cancel();
        evaluations.cancel();
        LiveEvaluator old = evaluator;
        evaluator = null;
        if (old != null) {
            work.execute(old::close);
        }
        view.set(View.NOTHING);
        if (model == null || data == null) {
            return;
        }
        work.execute(() -> {
            try {
                LiveEvaluator fresh = new LiveEvaluator(model, data, SEED);
                ui.execute(() -> opened(fresh, model, data));
            } catch (RuntimeException e) {
                ui.execute(() -> failed(e));
            }
        });
    }

    private void opened(LiveEvaluator fresh, Model model, Dataset data) {
        if (closed || !model.equals(evaluatedModel) || !data.equals(evaluatedData)) {
            work.execute(fresh::close);
            return;
        }
        evaluator = fresh;
        baselines.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = jobs.start("Float accuracy", cancel)) {
                        return fresh.floatBaseline(cancel, estimate -> {
                            job.report(estimate.seen(), estimate.total(), estimate.seen() + " of " + estimate.total() + " samples");
                            partial.accept(estimate);
                        });
                    }
                },
                estimate -> {
                    View now = view.get();
                    view.set(new View(now.status(), now.quantized(), Optional.of(estimate), now.previous(), now.size()));
                },
                this::failed);
        refresh();
    }

    /** Stops what runs and waits for it. */
    @Override
    public void close() {
        closed = true;
        baselines.cancel();
        evaluations.cancel();
        if (evaluator != null) {
            evaluator.close();
            evaluator = null;
        }
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
