package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sweep.SweepRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "sweep",
        description = {
            "Evaluates every point of a plan: models × corrections × parts of the data × tensors × bits × schemes ×"
                    + " granularities ×",
            "calibrators × roundings. DIR/points.jsonl gets one line of JSON for each point, with the figures that eval"
                    + " gives.",
            "A run that was stopped or killed goes on from DIR. Settings that cannot be are a row with the reason."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope sweep plan.json -o results",
            "  quantscope sweep plan.json -o results --master spark://host:7077"
        })
final class SweepCommand extends EngineCommand {
    @Parameters(paramLabel = "PLAN.json", description = "The plan: see docs/schemas/sweep.schema.json.")
    private Path plan;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "DIR",
            required = true,
            description = "The folder of the results; one that holds results of this plan is gone on with.")
    private Path output;

    @Option(
            names = "--master",
            paramLabel = "URL",
            description = {
                "Run on Spark: spark://HOST:PORT or local[N]. Starts the launcher of engine/spark: $QUANTSCOPE_SPARK,",
                "or spark/bin/quantscope-spark beside this program."
            })
    private @Nullable String master;

    SweepCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        String url = master;
        if (url != null) {
            SparkLauncher launcher = SparkLauncher.find().orElseThrow(() -> usage(SparkLauncher.ABSENT));
            return launcher.run(url, plan, output, json(), terminal(), cancel());
        }
        SweepRun.Outcome outcome;
        try (Terminal.Bar bar = terminal().progress("sweep")) {
            outcome = SweepRun.run(
                    plan,
                    output,
                    SweepRun.here(Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4), cancel()),
                    bar,
                    cancel());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        print(
                new Json()
                        .put("points", outcome.points())
                        .put("done", outcome.done())
                        .put("skipped", outcome.skipped())
                        .put("refused", outcome.refused())
                        .put("seconds", seconds),
                () -> terminal().out().println(outcome.said() + ", " + Text.number(seconds) + " s"));
        return ExitCode.DONE;
    }
}
