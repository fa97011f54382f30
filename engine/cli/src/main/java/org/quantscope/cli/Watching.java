package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.datacheck.Drift;
import org.quantscope.core.datacheck.DriftAlarm;
import org.quantscope.core.datacheck.GrowingData;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;
import picocli.CommandLine.Option;

/** The options of a watch over data that grows, and the watch itself. */
final class Watching {
    /** Activations named in a line. */
    private static final int NAMED = 5;

    @Option(
            names = "--watch",
            paramLabel = "PLACE",
            description = {
                "Watch a data file that grows, or a folder into which .npz, .csv or .tsv files are put, and do nothing"
                        + " else: a line (with --json a",
                "JSON object) for each batch, and exit 1 at the first alarm."
            })
    private @Nullable Path place;

    @Option(
            names = "--once",
            description = "With --watch: look at what is there and end, with exit 1 if there was an alarm.")
    private boolean once;

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "With --watch: the newest N samples decide (default: " + DriftAlarm.WINDOW + ").")
    private @Nullable Integer window;

    @Option(
            names = "--false-alarms",
            paramLabel = "SHARE",
            description =
                    "With --watch: the share of looks without drift that may give an alarm, 0.001 to 0.5 (default: "
                            + DriftAlarm.FALSE_ALARMS + ").")
    private @Nullable Double falseAlarms;

    @Option(
            names = "--every",
            paramLabel = "SECONDS",
            description = "With --watch: the time between two looks at the place (default: ${DEFAULT-VALUE}).",
            defaultValue = "2")
    private int every = 2;

    boolean given() {
        return place != null;
    }

    /** What is wrong with the options, if anything is. */
    Optional<String> misuse() {
        if (place == null) {
            return once || window != null || falseAlarms != null
                    ? Optional.of("--once, --window and --false-alarms need --watch")
                    : Optional.empty();
        }
        if (window != null && window < 8) {
            return Optional.of("--window: at least 8, got " + window);
        }
        if (falseAlarms != null && !(falseAlarms >= 0.001 && falseAlarms <= 0.5)) {
            return Optional.of("--false-alarms: 0.001 to 0.5, got " + falseAlarms);
        }
        return every < 1 ? Optional.of("--every: at least 1, got " + every) : Optional.empty();
    }

    /**
     * Watches until there is an alarm, or, with {@code --once}, what is there has been looked at.
     *
     * @param known the activations on the calibration data
     * @return the exit code
     */
    int run(
            Model model,
            Dataset calibration,
            Map<TensorId, MomentSketch> known,
            ResolvedSettings settings,
            boolean json,
            Terminal terminal,
            CancelToken cancel)
            throws IOException {
        if (place == null) {
            throw new IllegalStateException("watch: there is no place");
        }
        GrowingData growing = new GrowingData(place, calibration);
        DriftAlarm rule;
        try (Terminal.Bar bar = terminal.progress("learn the rule")) {
            rule = DriftAlarm.learn(
                    model,
                    calibration,
                    known,
                    settings,
                    window == null ? DriftAlarm.WINDOW : window,
                    falseAlarms == null ? DriftAlarm.FALSE_ALARMS : falseAlarms,
                    Engine.EVALUATION_SEED,
                    bar,
                    cancel);
        }
        if (!json) {
            terminal.out()
                    .println("alarm beyond " + Text.number(rule.threshold()) + ", by " + rule.splits() + " windows of "
                            + rule.window() + " of the " + rule.samples() + " calibration samples");
            terminal.out().flush();
        }
        DriftAlarm.Stream stream = rule.stream();
        while (true) {
            GrowingData.Fresh fresh = growing.fresh(!once, cancel);
            for (GrowingData.Batch batch : fresh.batches()) {
                Optional<DriftAlarm.Look> look;
                try (Terminal.Bar bar = terminal.progress(batch.name())) {
                    look = stream.add(batch.data(), bar, cancel);
                }
                say(batch, look, rule, stream, json, terminal);
                if (look.filter(DriftAlarm.Look::alarm).isPresent()) {
                    return ExitCode.CHECK_FAILED;
                }
            }
            for (BadInputException problem : fresh.problems()) {
                if (once) {
                    throw problem;
                }
                terminal.warn(problem.getMessage() + " (passed by until it changes)");
            }
            if (once) {
                return ExitCode.DONE;
            }
            pause(cancel);
        }
    }

    private void pause(CancelToken cancel) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(every);
        while (System.nanoTime() < end) {
            cancel.check();
            try {
                TimeUnit.MILLISECONDS.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
        }
    }

    private static void say(
            GrowingData.Batch batch,
            Optional<DriftAlarm.Look> look,
            DriftAlarm rule,
            DriftAlarm.Stream stream,
            boolean json,
            Terminal terminal) {
        if (json) {
            Json line = new Json()
                    .put("batch", batch.name())
                    .put("samples", batch.data().size())
                    .put("seen", stream.seen())
                    .put("window", rule.window())
                    .put("threshold", rule.threshold())
                    .put("alarm", look.filter(DriftAlarm.Look::alarm).isPresent());
            look.ifPresent(l -> line.put("statistic", l.statistic())
                    .put(
                            "tensors",
                            l.tensors().stream()
                                    .limit(NAMED)
                                    .map(DataCheckCommand::json)
                                    .toList()));
            line.writeTo(terminal.out());
            terminal.out().println();
        } else {
            terminal.out()
                    .println(batch.name() + ": " + batch.data().size() + " samples, "
                            + look.map(l -> (l.alarm() ? terminal.strong("ALARM") : "no alarm") + " ("
                                            + Text.number(l.statistic()) + " of " + Text.number(rule.threshold())
                                            + "), most "
                                            + first(l.tensors().getFirst()))
                                    .orElse("the window is not full yet (" + stream.seen() + " of " + rule.window()
                                            + ")"));
        }
        terminal.out().flush();
    }

    private static String first(Drift.Of of) {
        return of.id() + ", divergence " + Text.number(of.divergence()) + " bits"
                + (of.outside().isPresent()
                        ? ", clipped " + Text.percent(of.outside().getAsDouble())
                        : "");
    }
}
