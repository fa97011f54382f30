package org.quantscope.app.selected;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.ErrorFigures;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.layerwise.OpenLayer;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * Chooses the codes of the layer in hand again while its range moves. What the layer reads is summed up once, in the
 * background, and kept while its weight is selected; after that only the layer itself is solved, never more than one
 * range at a time, and the newest next.
 */
final class LiveRounding {
    /** Equal keys would mean equal values. */
    private static final AtomicLong NUMBER = new AtomicLong();

    private final Workbench bench;
    private final Measurements measurements;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<Opened> opening;
    private final LatestWins<Solved> solving;
    private @Nullable Asked asked;
    private @Nullable Opened opened;
    /** What to solve as soon as the layer is open. */
    private @Nullable Runnable waiting;

    /** What the layer in hand is to be opened under. */
    private record Asked(
            TensorId weight, Model model, SessionState state, ResolvedSettings resolved, SolvedModel solved) {}

    /** @param layer empty if no rounding can look at it */
    private record Opened(String key, Optional<OpenLayer> layer) {}

    /**
     * What there is to show for a range.
     *
     * @param measured the figures of the codes; those of nearest levels if none are chosen
     */
    record Solved(Measured measured, HandCodes codes) {}

    LiveRounding(Workbench bench, Measurements measurements, Solutions solutions, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.solutions = solutions;
        this.background = background;
        this.opening = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.solving = background.latest(LatestWins.Mode.CONFLATE);
    }

    /** Sums up what the layer of a weight reads, unless that is known or its codes are the nearest ones. */
    void prepare(QuantizableTensor subject, Optional<QuantSpec> spec) {
        Solutions.View codes = solutions.viewProperty().get();
        Model model = bench.analysed().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        SolvedModel solved = codes.solved().orElse(null);
        boolean asks = subject instanceof QuantizableTensor.Weight
                && spec.map(s -> !s.isNearest()).orElse(false);
        if (!asks || bench.calibrationData().isEmpty() || model == null || state == null) {
            forget();
            return;
        }
        ResolvedSettings resolved = measurements.snapshotProperty().get().resolved();
        if (codes.status() != Solutions.Status.HOLD || solved == null) {
            if (asked != null && !(asked.state.equals(state) && asked.weight.equals(subject.id()))) {
                // Of a layer whose own range has moved alone what is known still holds when all layers have their
                // codes.
                boolean holds = opened != null
                        && measurements.snapshotProperty().get().complete()
                        && opened.key.equals(key(model, state, resolved, subject.id()));
                if (!holds) {
                    forget();
                }
            }
            return;
        }
        Asked next = new Asked(subject.id(), model, state, resolved, solved);
        if (!next.equals(asked)) {
            asked = next;
            open(next, bench.calibrationData().get());
        }
    }

    private void open(Asked of, Dataset data) {
        String key = key(of.model, of.state, of.resolved, of.weight);
        if (opened != null && opened.key.equals(key)) {
            return;
        }
        opened = null;
        opening.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle _ = background.start("Inputs of the layer in hand", cancel)) {
                        return new Opened(
                                key,
                                RoundingPass.open(of.model, of.resolved, of.solved.solved(), of.weight, data, cancel));
                    } catch (CancellationException e) {
                        background.ui().execute(() -> giveUp(of, key));
                        throw e;
                    }
                },
                this::opened,
                e -> {
                    background.problem(e);
                    giveUp(of, key);
                });
    }

    private static String key(Model model, SessionState state, ResolvedSettings resolved, TensorId weight) {
        return weight.name() + " "
                + OpenLayer.key(model, state, resolved, weight).orElse("");
    }

    private void opened(Opened result) {
        opened = result;
        Runnable next = waiting;
        waiting = null;
        if (next != null) {
            next.run();
        }
    }

    /** It has failed, or a person has stopped it: the range moves with nearest levels. */
    private void giveUp(Asked of, String key) {
        if (of.equals(asked) && opened == null) {
            opened(new Opened(key, Optional.empty()));
        }
    }

    /**
     * Chooses the codes for another range.
     *
     * @param nearest the range, with what it does to nearest levels
     * @param taker takes what comes out, unless a newer range is asked for before it is begun
     * @return what is shown meanwhile
     */
    HandCodes solve(QuantizableTensor.Weight w, Measured nearest, Consumer<Solved> taker) {
        Asked of = asked;
        Dataset data = bench.calibrationData().orElse(null);
        if (of == null
                || data == null
                || !of.weight.equals(w.id())
                || nearest.spec().isNearest()) {
            return HandCodes.NEAREST;
        }
        Opened now = opened;
        if (now == null) {
            waiting = () -> {
                HandCodes then = solve(w, nearest, taker);
                if (then.state() != HandCodes.State.COMING) {
                    taker.accept(new Solved(nearest, then));
                }
            };
            return HandCodes.COMING;
        }
        OpenLayer layer = now.layer.orElse(null);
        ResolvedTensor committed = of.resolved.find(w.id()).orElse(null);
        if (layer == null || committed == null) {
            return HandCodes.NEAREST;
        }
        if (!layer.isQuick(nearest.spec().rounding())) {
            return HandCodes.ON_RELEASE;
        }
        ResolvedTensor as = new ResolvedTensor(
                committed.info(), committed.choice(), nearest.spec(), nearest.requested(), nearest.params());
        Importances importances = bench.importances();
        solving.submit(
                (cancel, partial) -> measured(w, nearest, layer.solve(of.resolved, as, cancel), importances, cancel),
                taker,
                background::problem);
        return HandCodes.COMING;
    }

    private Solved measured(
            QuantizableTensor.Weight w,
            Measured nearest,
            OpenLayer.Answer answer,
            Importances importances,
            CancelToken cancel) {
        ErrorFigures error = ErrorFigures.of(ErrorPass.measure(w.tensor(), answer.params(), answer.values(), cancel));
        Measured measured = new Measured(nearest.spec(), nearest.requested(), answer.params(), error)
                .withOutput(measurements
                        .outputs()
                        .of(w.tensor(), importances, cancel)
                        .map(output -> output.error(answer.values(), cancel)));
        String key = "in hand " + NUMBER.incrementAndGet() + ";";
        Map<TensorId, ChosenValues> values = new LinkedHashMap<>();
        values.put(w.id(), new ChosenValues(key, TensorData.of(answer.values())));
        answer.bias()
                .ifPresent(
                        bias -> values.put(bias.id(), new ChosenValues(key + " bias", TensorData.of(bias.values()))));
        return new Solved(measured, new HandCodes(HandCodes.State.CHOSEN, values));
    }

    /** Drops what is on its way; what is known of the layer stays. */
    void cancel() {
        waiting = null;
        solving.cancel();
    }

    private void forget() {
        if (asked != null) {
            asked = null;
            opened = null;
            opening.cancel();
            cancel();
        }
    }
}
