package org.quantscope.core.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorId;

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
     * @param leftOut tensors of the request that the file does not hold, for which there are problems
     * @param data all samples are run, in file order
     * @throws org.quantscope.core.io.BadInputException if ONNX Runtime refuses the file even as it is written, or the data does not fit the
     *     model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static Verification.Ran run(
            Path exported,
            ExportPlan plan,
            EvalRequest request,
            Set<TensorId> leftOut,
            Dataset data,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        Model model = OutputChoice.of(plan.model(), plan.state().scored(), data, cancel);
        SampleFeed feed = SampleFeed.of(model, data);
        String name = String.valueOf(exported.getFileName());
        byte[] bytes = Files.readAllBytes(exported);
        String output = Logits.predictionOutput(model);
        List<String> outputs = model.graph().map(OnnxGraph::floatingOutputs).orElse(List.of(output));
        boolean wide = model.graph()
                .map(g -> g.values().stream().noneMatch(v -> v.dtype() == DType.F16 || v.dtype() == DType.BF16))
                .orElse(true);
        Count asWritten = new Count(wide);
        Count asRun = new Count(wide);
        try (Evaluated live = Evaluated.of(model, request, cancel);
                @Nullable
                        Evaluated holding =
                                leftOut.isEmpty() ? null : Evaluated.of(model, without(request, leftOut), cancel);
                OrtModel floatModel = OrtModel.load(InstrumentedGraph.plain(model), name, OrtModel.Options.DEFAULT);
                @Nullable
                        OrtModel original = isSame(plan.reference(), plan.model())
                                ? null
                                : OrtModel.load(
                                        InstrumentedGraph.plain(plan.reference()), name, OrtModel.Options.DEFAULT);
                OrtModel written = OrtModel.load(bytes, name, OrtModel.Options.DEFAULT.withoutFusing());
                Attempted fused = Attempted.load(bytes, name)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                progress.report(from, data.size(), "verifying sample " + (from + 1) + " of " + data.size());
                Logits ours = live.logits(feed, batch, cancel);
                Logits held = holding == null ? ours : holding.logits(feed, batch, cancel);
                Logits plain = Logits.of(floatModel, model, feed, batch, Map.of(), cancel);
                Logits before = original == null ? plain : Logits.of(original, model, feed, batch, Map.of(), cancel);
                asWritten.add(
                        model,
                        plan.state().metric(),
                        data,
                        batch,
                        before,
                        plain,
                        ours,
                        held,
                        Logits.of(written, model, feed, batch, Map.of(), cancel));
                Optional<Logits> theirs = fused.logits(model, feed, batch, cancel);
                if (theirs.isPresent()) {
                    asRun.add(model, plan.state().metric(), data, batch, before, plain, ours, held, theirs.get());
                }
            }
            return new Verification.Ran(
                    OrtRuntime.version(),
                    output,
                    outputs,
                    asWritten
                            .run()
                            .orElseThrow(() -> new BadInputException(
                                    data.file(), "samples", "there are none to run the exported file on")),
                    fused.refusal
                            .<Verification.Attempt>map(Verification.Refused::new)
                            .orElseGet(() -> asRun.run().orElseThrow()));
        }
    }

    private static EvalRequest without(EvalRequest request, Set<TensorId> leftOut) {
        Map<TensorId, QuantParams> weights = new HashMap<>(request.weights());
        Map<TensorId, QuantParams> activations = new HashMap<>(request.activations());
        weights.keySet().removeAll(leftOut);
        activations.keySet().removeAll(leftOut);
        return new EvalRequest(request.selected(), weights, activations);
    }

    /** Our own evaluation of a request. */
    private record Evaluated(QuantizedSession session, QuantizedSession.Feeds feeds) implements AutoCloseable {
        static Evaluated of(Model model, EvalRequest request, CancelToken cancel) throws IOException {
            QuantizedSession session = QuantizedSession.build(
                    model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, cancel);
            try {
                return new Evaluated(session, session.feeds(request, cancel));
            } catch (RuntimeException e) {
                session.loaded().getFirst().close();
                throw e;
            }
        }

        Logits logits(SampleFeed feed, int[] batch, CancelToken cancel) {
            return session.logits(feed, batch, feeds, cancel);
        }

        @Override
        public void close() {
            feeds.close();
            session.loaded().getFirst().close();
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
        private final Sums live;
        private final Sums held;
        private double largest;

        Count(boolean wide) {
            live = new Sums(wide);
            held = new Sums(wide);
        }

        void add(
                Model model,
                Optional<Task> metric,
                Dataset data,
                int[] batch,
                Logits before,
                Logits plain,
                Logits ours,
                Logits holding,
                Logits theirs) {
            if (besideFloat == null || besideLive == null) {
                besideFloat = PairedScores.of(model, data, metric, before);
                besideLive = PairedScores.of(model, data, metric, plain);
            }
            besideFloat.add(batch, before, theirs);
            besideLive.add(batch, ours, theirs);
            for (int i = 0; i < ours.values().length; i++) {
                largest = Math.max(largest, Math.abs((double) ours.values()[i] - theirs.values()[i]));
            }
            live.add(plain, ours, theirs);
            held.add(plain, holding, theirs);
        }

        Optional<Verification.Run> run() {
            if (besideFloat == null || besideLive == null) {
                return Optional.empty();
            }
            return Optional.of(new Verification.Run(
                    besideFloat.estimate(), besideLive.estimate().agreement(), largest, live.gap(), held.gap()));
        }
    }

    /** Sums of squares over outputs of an evaluation, and of their differences from a run and from float. */
    private static final class Sums {
        private final boolean wide;
        private double evaluated;
        private double difference;
        private double error;

        Sums(boolean wide) {
            this.wide = wide;
        }

        void add(Logits plain, Logits ours, Logits theirs) {
            for (int i = 0; i < ours.values().length; i++) {
                double e = ours.values()[i];
                evaluated += e * e;
                difference += (e - theirs.values()[i]) * (e - theirs.values()[i]);
                error += (e - plain.values()[i]) * (e - plain.values()[i]);
            }
        }

        Verification.Gap gap() {
            return new Verification.Gap(
                    difference == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(evaluated / difference),
                    difference == 0 ? 0 : difference / error,
                    wide);
        }
    }

    /** True if a plan's reference is its model itself; two models that were read apart are never the same. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(Model a, Model b) {
        return a == b;
    }
}
