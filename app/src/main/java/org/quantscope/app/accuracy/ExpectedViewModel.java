package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.ExpectedGain;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionState;

/**
 * What each correction is expected to bring under the present settings, measured on calibration data before any is
 * applied. Corrections that train are left out: they measure themselves while they run.
 */
public final class ExpectedViewModel {
    /**
     * One correction.
     *
     * @param why it cannot be measured; empty if it can
     */
    public record Row(Correction correction, Optional<ExpectedGain> gain, String why) {}

    /**
     * What to show.
     *
     * @param said what the figures come to, or what is missing: one sentence
     */
    public record View(List<Row> rows, boolean running, boolean mayRun, String said) {
        public View {
            rows = List.copyOf(rows);
        }
    }

    private record Measured(Map<String, ExpectedGain> gains, Map<String, String> failed) {
        Measured {
            gains = Map.copyOf(gains);
            failed = Map.copyOf(failed);
        }
    }

    private static final Measured NOTHING = new Measured(Map.of(), Map.of());

    private final Workbench bench;
    private final Background background;
    private final Function<Correction, Optional<String>> refusal;
    private final LatestWins<Measured> latest;
    private final ReadOnlyObjectWrapper<View> view;
    private Measured measured = NOTHING;
    private boolean running;
    private Optional<SessionState> measuredFor = Optional.empty();

    /** @param refusal why a correction cannot be applied now */
    ExpectedViewModel(Workbench bench, Background background, Function<Correction, Optional<String>> refusal) {
        this.bench = bench;
        this.background = background;
        this.refusal = refusal;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.view = new ReadOnlyObjectWrapper<>(new View(List.of(), false, false, ""));
        bench.modelProperty().subscribe(x -> forget());
        bench.changes().on(Changes.Stage.OTHERS, this::follow);
    }

    private static List<Correction> corrections() {
        return Corrections.all().stream()
                .filter(c -> !(c instanceof TrainedCorrection))
                .toList();
    }

    private void forget() {
        latest.cancel();
        running = false;
        measured = NOTHING;
        measuredFor = Optional.empty();
        refresh();
    }

    /** Other settings make the figures old. */
    private void follow() {
        if (measuredFor.isPresent() && !measuredFor.equals(bench.stateProperty().get())) {
            forget();
        } else {
            refresh();
        }
    }

    /** Why nothing can be measured; empty if something can. */
    private Optional<String> obstacle() {
        SessionState state = bench.stateProperty().get().orElse(null);
        if (state == null || bench.analysed().flatMap(Model::graph).isEmpty()) {
            return Optional.of("A model with a graph is needed.");
        }
        if (bench.calibrationData().isEmpty()) {
            return Optional.of("Calibration data is needed: samples like those of later use, without labels.");
        }
        if (bench.calibrationData().get().size() < 2) {
            return Optional.of("At least two samples are needed: one half to choose on, the other to measure on.");
        }
        return state.weights().isEmpty()
                        && state.overrides().isEmpty()
                        && state.activations().isEmpty()
                ? Optional.of("Nothing is quantized, so nothing is lost.")
                : Optional.empty();
    }

    /** Measures all corrections, one after the other. */
    public void start() {
        SessionState state = bench.stateProperty().get().orElse(null);
        Model model = bench.analysed().orElse(null);
        Dataset data = bench.calibrationData().orElse(null);
        if (state == null || model == null || data == null || obstacle().isPresent()) {
            refresh();
            return;
        }
        List<Correction> wanted =
                corrections().stream().filter(c -> refusal.apply(c).isEmpty()).toList();
        Model reference = bench.reference().orElse(model);
        measured = NOTHING;
        measuredFor = Optional.of(state);
        running = true;
        refresh();
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Expected gain of corrections", cancel)) {
                        ExpectedGain.Measure measure = new ExpectedGain.Measure(model, reference, state, data);
                        Map<String, ExpectedGain> gains = new LinkedHashMap<>();
                        Map<String, String> failed = new LinkedHashMap<>();
                        for (Correction correction : wanted) {
                            one(measure, correction, gains, failed, job, cancel);
                            partial.accept(new Measured(gains, failed));
                        }
                        return new Measured(gains, failed);
                    }
                },
                found -> {
                    measured = found;
                    running = found.gains().size() + found.failed().size() < wanted.size();
                    refresh();
                },
                failure -> {
                    running = false;
                    refresh();
                    background.problem(failure);
                });
    }

    private static void one(
            ExpectedGain.Measure measure,
            Correction correction,
            Map<String, ExpectedGain> gains,
            Map<String, String> failed,
            Jobs.Handle job,
            CancelToken cancel) {
        try {
            gains.put(correction.id(), measure.of(correction, Map.of(), job, cancel));
        } catch (IllegalArgumentException | CorrectionUnavailableException | BadInputException e) {
            failed.put(correction.id(), String.valueOf(e.getMessage()));
        }
    }

    /** Ends a measurement; what was found so far stays. */
    public void stop() {
        latest.cancel();
        running = false;
        refresh();
    }

    private void refresh() {
        Optional<String> obstacle = obstacle();
        List<Row> rows = new ArrayList<>();
        for (Correction correction : corrections()) {
            Optional<String> refused =
                    bench.stateProperty().get().isEmpty() ? Optional.of("no model is open") : refusal.apply(correction);
            rows.add(new Row(
                    correction,
                    Optional.ofNullable(measured.gains().get(correction.id())),
                    refused.orElse(measured.failed().getOrDefault(correction.id(), ""))));
        }
        view.set(new View(rows, running, obstacle.isEmpty(), obstacle.orElseGet(this::said)));
    }

    private String said() {
        List<ExpectedGain> all = List.copyOf(measured.gains().values());
        if (running || all.isEmpty()) {
            return running ? "Measuring…" : "";
        }
        ExpectedGain any = all.getFirst();
        String on = " on " + any.samples() + " calibration samples that no correction has seen.";
        return measured.gains().entrySet().stream()
                .filter(e -> e.getValue().helps())
                .min(Comparator.comparingDouble(e -> e.getValue().after()))
                .map(e -> Corrections.byId(e.getKey()).title() + " helps most" + on)
                .orElse("None of these helps: the " + any.unit() + " of the present settings gets no smaller" + on);
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
