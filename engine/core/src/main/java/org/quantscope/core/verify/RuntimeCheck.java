package org.quantscope.core.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.OutputChoice;
import org.quantscope.core.eval.PairedScores;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.rewrite.InstrumentedGraph;

/**
 * Runs an exported ONNX file in ONNX Runtime and compares it with the float model and with our own evaluation of the
 * same settings: once with every node as it is written, and once as a user runs it, with the default options of a
 * session, where ONNX Runtime replaces groups of nodes by integer kernels.
 */
final class RuntimeCheck {
    private RuntimeCheck() {}

    /**
     * Runs and compares.
     *
     * @param exported the written file
     * @param plan what it was written from
     * @param request those of its settings that the format can express
     * @param data all samples are run, in file order
     * @throws org.quantscope.core.io.BadInputException if ONNX Runtime refuses the file even as it is written, or the data does not fit the
     *     model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static Verification.Ran run(
            Path exported, ExportPlan plan, EvalRequest request, Dataset data, Progress progress, CancelToken cancel)
            throws IOException {
        Model model = OutputChoice.of(plan.model(), plan.state().scored(), data, cancel);
        SampleFeed feed = SampleFeed.of(model, data);
        String name = String.valueOf(exported.getFileName());
        byte[] bytes = Files.readAllBytes(exported);
        QuantizedSession live = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, cancel);
        Count asWritten = new Count();
        Count asRun = new Count();
        try (OrtModel _ = live.loaded().getFirst();
                OrtModel floatModel = OrtModel.load(InstrumentedGraph.plain(model), name, OrtModel.Options.DEFAULT);
                OrtModel written = OrtModel.load(bytes, name, OrtModel.Options.DEFAULT.withoutFusing());
                Attempted fused = Attempted.load(bytes, name);
                QuantizedSession.Feeds feeds = live.feeds(request, cancel)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                progress.report(from, data.size(), "verifying sample " + (from + 1) + " of " + data.size());
                Logits ours = live.logits(feed, batch, feeds, cancel);
                Logits plain = Logits.of(floatModel, model, feed, batch, Map.of(), cancel);
                asWritten.add(
                        model,
                        plan.state().metric(),
                        data,
                        batch,
                        plain,
                        ours,
                        Logits.of(written, model, feed, batch, Map.of(), cancel));
                Optional<Logits> theirs = fused.logits(model, feed, batch, cancel);
                if (theirs.isPresent()) {
                    asRun.add(model, plan.state().metric(), data, batch, plain, ours, theirs.get());
                }
            }
            return new Verification.Ran(
                    OrtRuntime.version(),
                    asWritten
                            .run()
                            .orElseThrow(() -> new BadInputException(
                                    data.file(), "samples", "there are none to run the exported file on")),
                    fused.refusal
                            .<Verification.Attempt>map(Verification.Refused::new)
                            .orElseGet(() -> asRun.run().orElseThrow()));
        }
    }

    /** The file in a session with default options, which may refuse it. */
    private static final class Attempted implements AutoCloseable {
        private final @Nullable OrtModel loaded;
        private Optional<String> refusal = Optional.empty();

        private Attempted(@Nullable OrtModel loaded) {
            this.loaded = loaded;
        }

        static Attempted load(byte[] bytes, String name) {
            try {
                return new Attempted(OrtModel.load(bytes, name, OrtModel.Options.DEFAULT));
            } catch (BadInputException e) {
                Attempted none = new Attempted(null);
                none.refusal = Optional.of(words(e));
                return none;
            }
        }

        /** Empty once ONNX Runtime has failed. */
        Optional<Logits> logits(Model model, SampleFeed feed, int[] batch, CancelToken cancel) {
            if (loaded == null || refusal.isPresent()) {
                return Optional.empty();
            }
            try {
                return Optional.of(Logits.of(loaded, model, feed, batch, Map.of(), cancel));
            } catch (BadInputException e) {
                refusal = Optional.of(words(e));
                return Optional.empty();
            }
        }

        private static String words(BadInputException e) {
            return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        }

        @Override
        public void close() {
            if (loaded != null) {
                loaded.close();
            }
        }
    }

    /** The figures of one way of running the file, sample by sample. */
    private static final class Count {
        private @Nullable PairedScores besideFloat;
        private @Nullable PairedScores besideLive;
        private double largest;
        private double evaluated;
        private double difference;
        private double error;

        void add(
                Model model,
                Optional<Task> metric,
                Dataset data,
                int[] batch,
                Logits plain,
                Logits ours,
                Logits theirs) {
            if (besideFloat == null || besideLive == null) {
                besideFloat = PairedScores.of(model, data, metric, plain);
                besideLive = PairedScores.of(model, data, metric, plain);
            }
            besideFloat.add(batch, plain, theirs);
            besideLive.add(batch, ours, theirs);
            for (int i = 0; i < ours.values().length; i++) {
                double e = ours.values()[i];
                double apart = Math.abs(e - theirs.values()[i]);
                largest = Math.max(largest, apart);
                evaluated += e * e;
                difference += apart * apart;
                error += (e - plain.values()[i]) * (e - plain.values()[i]);
            }
        }

        Optional<Verification.Run> run() {
            if (besideFloat == null || besideLive == null) {
                return Optional.empty();
            }
            return Optional.of(new Verification.Run(
                    besideFloat.estimate(),
                    besideLive.estimate().agreement(),
                    largest,
                    difference == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(evaluated / difference),
                    difference == 0 ? 0 : difference / error));
        }
    }
}
