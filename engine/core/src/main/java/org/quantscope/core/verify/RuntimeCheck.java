package org.quantscope.core.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.OutputChoice;
import org.quantscope.core.eval.PairedScores;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;

/**
 * Runs an exported ONNX file in ONNX Runtime and compares it with the float model and with our own evaluation of the
 * same settings.
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
     * @throws org.quantscope.core.io.BadInputException if ONNX Runtime refuses the file or the data does not fit the
     *     model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static Verification.Ran run(
            Path exported, ExportPlan plan, EvalRequest request, Dataset data, Progress progress, CancelToken cancel)
            throws IOException {
        Model model = OutputChoice.of(plan.model(), plan.state().scored(), data, cancel);
        SampleFeed feed = SampleFeed.of(model, data);
        String name = String.valueOf(exported.getFileName());
        QuantizedSession live = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, cancel);
        @Nullable PairedScores besideFloat = null;
        @Nullable PairedScores besideLive = null;
        double largest = 0;
        // Nodes are run as written. Fusing may round differently, which would not be the fault of the file.
        try (OrtModel _ = live.loaded().getFirst();
                OrtModel floatModel = OrtModel.load(InstrumentedGraph.plain(model), name, OrtModel.Options.DEFAULT);
                OrtModel file = OrtModel.load(
                        Files.readAllBytes(exported),
                        name,
                        new OrtModel.Options(OrtModel.Options.DEFAULT.threads(), false));
                QuantizedSession.Feeds feeds = live.feeds(request, cancel)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                progress.report(from, data.size(), "verifying sample " + (from + 1) + " of " + data.size());
                Logits ours = live.logits(feed, batch, feeds, cancel);
                Logits plain = Logits.of(floatModel, model, feed, batch, Map.of(), cancel);
                Logits theirs = Logits.of(file, model, feed, batch, Map.of(), cancel);
                if (besideFloat == null || besideLive == null) {
                    besideFloat = PairedScores.of(model, data, plan.state().metric(), plain);
                    besideLive = PairedScores.of(model, data, plan.state().metric(), plain);
                }
                besideFloat.add(batch, plain, theirs);
                besideLive.add(batch, ours, theirs);
                for (int i = 0; i < ours.values().length; i++) {
                    largest = Math.max(largest, Math.abs((double) ours.values()[i] - theirs.values()[i]));
                }
            }
        }
        if (besideFloat == null || besideLive == null) {
            throw new BadInputException(data.file(), "samples", "there are none to run the exported file on");
        }
        return new Verification.Ran(
                besideFloat.estimate(), besideLive.estimate().agreement(), largest);
    }
}
