package org.quantscope.app.recover;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.CorrectionsViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/**
 * Trains the model in the background and shows how the loss on held-out samples goes. Stopping keeps the best, which is
 * then applied as one undo step: the corrected model and the learned ranges together. Cancelling changes nothing.
 */
public final class RecoverViewModel {
    /** A training, finished or not. */
    private record Run(
            String doing,
            Optional<TrainedCorrection.Course> course,
            List<TrainedCorrection.Point> points,
            Optional<TrainedCorrection.Training> done) {}

    private final Workbench bench;
    private final CorrectionsViewModel corrections;
    private final Settings settings;
    private final Background background;
    private final TrainedCorrection correction;
    private final LatestWins<Run> latest;
    private final Map<String, String> options = new LinkedHashMap<>();
    private final ReadOnlyObjectWrapper<RecoverState> view;
    private AtomicBoolean stop = new AtomicBoolean();
    private boolean running;
    private @Nullable Run run;
    private String outcome = "";

    public RecoverViewModel(
            Workbench bench, CorrectionsViewModel corrections, Settings settings, Background background) {
        this.bench = bench;
        this.corrections = corrections;
        this.settings = settings;
        this.background = background;
        this.correction = Corrections.all().stream()
                .filter(TrainedCorrection.class::isInstance)
                .map(TrainedCorrection.class::cast)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("corrections: none trains"));
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        for (OptionDoc option : correction.options()) {
            options.put(option.name(), settings.text(key(option)).orElse(option.defaultValue()));
        }
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(x -> forget());
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    private static String key(OptionDoc option) {
        return "recover." + option.name();
    }

    /** What is trained with. */
    TrainedCorrection correction() {
        return correction;
    }

    /** Chooses an option; remembered. */
    void setOption(OptionDoc option, String value) {
        options.put(option.name(), value.strip());
        settings.setText(key(option), value.strip());
        refresh();
    }

    /** Forgets the last outcome, for a dialog that opens anew. */
    public void fresh() {
        if (!running) {
            run = null;
            outcome = "";
            refresh();
        }
    }

    private void forget() {
        latest.cancel();
        running = false;
        run = null;
        outcome = "";
        refresh();
    }

    private String badOption() {
        for (OptionDoc option : correction.options()) {
            String value = options.getOrDefault(option.name(), "");
            boolean number = option.type().equals("int") || option.type().equals("float");
            OptionalDouble parsed = number ? Figures.parse(value) : OptionalDouble.empty();
            if (number
                    && (parsed.isEmpty()
                            || parsed.getAsDouble() < 0
                            || (option.type().equals("int")
                                    && parsed.getAsDouble() != Math.rint(parsed.getAsDouble())))) {
                return option.name() + ": "
                        + (option.type().equals("int") ? "a whole number is needed" : "a number is needed");
            }
        }
        return "";
    }

    private String why() {
        if (bench.analysed().isEmpty()) {
            return "No model is open.";
        }
        return corrections
                .refusal(correction)
                .map(why -> capitalized(why) + ".")
                .orElse("");
    }

    /** Begins to train. Does nothing while that is impossible. */
    public void start() {
        SessionState was = bench.stateProperty().get().orElse(null);
        Model model = bench.analysed().orElse(null);
        Dataset data = bench.calibrationData().orElse(null);
        if (!view.get().mayRun() || was == null || model == null || data == null) {
            return;
        }
        Session session = corrections.session(was);
        Map<String, String> chosen = Map.copyOf(options);
        Correction.Input input = new Correction.Input(model, chosen, Optional.of(data), Optional.of(session));
        AtomicBoolean wanted = new AtomicBoolean();
        stop = wanted;
        running = true;
        outcome = "";
        run = new Run("preparing", Optional.empty(), List.of(), Optional.empty());
        refresh();
        latest.submit(
                (cancel, partial) -> train(input, wanted, cancel, partial),
                made -> {
                    run = made;
                    made.done().ifPresent(training -> finished(was, session, chosen, training));
                    refresh();
                },
                e -> {
                    running = false;
                    run = null;
                    outcome = String.valueOf(e.getMessage());
                    background.problem(correction.title() + ": " + e.getMessage());
                    refresh();
                });
    }

    private Run train(Correction.Input input, AtomicBoolean wanted, CancelToken cancel, Consumer<Run> partial) {
        List<TrainedCorrection.Point> points = new ArrayList<>();
        TrainedCorrection.Course[] course = new TrainedCorrection.Course[1];
        try (Jobs.Handle job = background.start(correction.title(), cancel)) {
            TrainedCorrection.Watch watch = new TrainedCorrection.Watch() {
                @Override
                public void begun(TrainedCorrection.Course begun) {
                    course[0] = begun;
                }

                @Override
                public void measured(TrainedCorrection.Point point) {
                    points.add(point);
                }

                @Override
                public boolean stopped() {
                    return wanted.get();
                }
            };
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, Optional.ofNullable(course[0]), List.copyOf(points), Optional.empty()));
            };
            TrainedCorrection.Training training = correction.train(input, watch, progress, cancel);
            return new Run("", Optional.of(training.course()), training.points(), Optional.of(training));
        } catch (CancellationException e) {
            // From the list of jobs.
            background.ui().execute(() -> {
                if (running && !latest.isBusy()) {
                    cancelled();
                }
            });
            throw e;
        }
    }

    /** Ends the training with the best that it has found; before its first step there is nothing to keep. */
    public void stop() {
        if (!running) {
            return;
        }
        if (view.get().begun()) {
            stop.set(true);
        } else {
            cancel();
        }
    }

    /** Ends the training and keeps nothing. */
    public void cancel() {
        if (running) {
            latest.cancel();
            cancelled();
        }
    }

    private void cancelled() {
        running = false;
        run = null;
        outcome = "Cancelled: nothing was changed.";
        refresh();
    }

    private void finished(
            SessionState was, Session session, Map<String, String> chosen, TrainedCorrection.Training training) {
        running = false;
        outcome = training.outcome() + "."
                + training.comparison()
                        .map(text -> "\n" + capitalized(text) + ".")
                        .orElse("");
        outcome = capitalized(outcome);
        if (!bench.stateProperty().get().equals(Optional.of(was))) {
            outcome = "The settings were changed meanwhile: nothing was taken over.";
            background.problem(correction.title() + ": the settings were changed meanwhile; nothing was taken over");
            return;
        }
        if (training.best().step() == 0) {
            outcome += "\nTraining made nothing better: nothing was changed.";
            return;
        }
        corrections.adopt(correction, chosen, session, training.output());
    }

    private static String capitalized(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    private void refresh() {
        RecoverState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private RecoverState state() {
        Run shown = run;
        return new RecoverState(
                why(),
                options,
                badOption(),
                running,
                shown != null && shown.course().isPresent(),
                running && shown != null ? shown.doing() : "",
                shown == null ? Optional.empty() : shown.course(),
                shown == null ? List.of() : shown.points(),
                outcome);
    }

    public boolean isRunning() {
        return view.get().running();
    }

    /** True once stopping would keep something. */
    public boolean hasBegun() {
        return view.get().begun();
    }

    /** True if {@link #start} would begin. */
    public boolean mayRun() {
        return view.get().mayRun();
    }

    /** Calls {@code listener} now and after each change. */
    public Subscription onChange(Runnable listener) {
        return view.subscribe(v -> listener.run());
    }

    ReadOnlyObjectProperty<RecoverState> stateProperty() {
        return view.getReadOnlyProperty();
    }
}
