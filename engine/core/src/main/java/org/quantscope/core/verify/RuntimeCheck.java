package org.quantscope.core.verify;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
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
import org.quantscope.core.eval.WeightMemory;
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
import org.quantscope.core.rewrite.RuntimeGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorId;

/**
 * Runs an exported ONNX file in ONNX Runtime and compares it with the float model and with our own evaluation of the
 * same settings: once with every node as it is written, and once as a user runs it, with the default options of a
 * session, where ONNX Runtime replaces groups of nodes by integer kernels.
 */
final class RuntimeCheck {
    /** Outputs of several batches are kept up to so many values of each model, 64 MB. */
    private static final long MOST_LOGITS = 1L << 24;

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
            CancelToken cancel) {
        Verification.Ran ran = run(
                exported,
                plan,
                request,
                leftOut,
                data,
                RuntimeGraph.LARGEST,
                OrtModel.Options.DEFAULT,
                progress,
                cancel);
        boolean departs = ran.asRun() instanceof Verification.Run run
                && !run.computesWhatItHolds()
                && ran.asWritten().computesWhatItHolds();
        if (!departs) {
            return ran;
        }
        // Is it the file, or this processor?
        Verification.Attempt exact = run(
                        exported,
                        plan,
                        request,
                        leftOut,
                        data,
                        RuntimeGraph.LARGEST,
                        OrtModel.Options.DEFAULT.withExactSums(),
                        progress,
                        cancel)
                .asRun();
        return new Verification.Ran(
                ran.version(),
                ran.output(),
                ran.outputs(),
                ran.asWritten(),
                ran.asRun(),
                exact instanceof Verification.Run run ? Optional.of(run) : Optional.empty());
    }

    /**
     * The same with another limit.
     *
     * @param inTurnFrom models with more bytes of tensors are opened one after the other, so that memory has to hold one
     *     at a time
     * @param asUser how the file is loaded as a user does it
     */
    static Verification.Ran run(
            Path exported,
            ExportPlan plan,
            EvalRequest request,
            Set<TensorId> leftOut,
            Dataset data,
            long inTurnFrom,
            OrtModel.Options asUser,
            Progress progress,
            CancelToken cancel) {
        WeightMemory.check(plan.model(), WeightMemory.QUANTIZED, "verification");
        Model model = OutputChoice.of(plan.model(), plan.state().scored(), data, cancel);
        SampleFeed feed = SampleFeed.of(model, data);
        String name = String.valueOf(exported.getFileName());
        String output = Logits.predictionOutput(model);
        List<String> outputs = model.graph().map(OnnxGraph::floatingOutputs).orElse(List.of(output));
        List<String> others = model.graph().map(OnnxGraph::numericOutputs).orElse(List.of()).stream()
                .filter(other -> !other.equals(output))
                .distinct()
                .toList();
        List<Beside> beside = others.stream()
                .map(other -> new Beside(other, !outputs.contains(other)))
                .toList();
        boolean wide = model.graph()
                .map(g -> g.values().stream().noneMatch(v -> v.dtype() == DType.F16 || v.dtype() == DType.BF16))
                .orElse(true);
        Count asWritten = new Count(beside, wide);
        Count asRun = new Count(beside, wide);
        OrtModel.Options options = OrtModel.Options.DEFAULT;
        boolean inTurn = InstrumentedGraph.plain(model).bytes() > inTurnFrom;
        try (Way floatModel = new Way(() -> new Plain(
                        OrtModel.load(InstrumentedGraph.plain(model), name, options), model, feed, others, cancel));
                @Nullable
                        Way original = isSame(plan.reference(), plan.model())
                                ? null
                                : new Way(() -> new Plain(
                                        OrtModel.load(InstrumentedGraph.plain(plan.reference()), name, options),
                                        model,
                                        feed,
                                        List.of(),
                                        cancel));
                Way live = new Way(() -> Evaluated.of(model, request, feed, others, cancel));
                @Nullable
                        Way holding = leftOut.isEmpty()
                                ? null
                                : new Way(() -> Evaluated.of(model, without(request, leftOut), feed, others, cancel));
                Way written = new Way(() ->
                        new Plain(OrtModel.loadOwn(exported, options.withoutFusing()), model, feed, others, cancel));
                Attempted fused = new Attempted(
                        new Way(() -> new Plain(OrtModel.loadOwn(exported, asUser), model, feed, others, cancel)))) {
            List<int[]> batches = new ArrayList<>();
            // The file finds ranges in all that it is fed at once.
            int together = request.runsApart() ? 1 : feed.batchSize();
            for (int from = 0; from < data.size(); from += together) {
                batches.add(IntStream.range(from, Math.min(data.size(), from + together))
                        .toArray());
            }
            for (int at = 0; at < batches.size(); ) {
                int first = batches.get(at)[0];
                progress.report(first, data.size(), "verifying sample " + (first + 1) + " of " + data.size());
                int fitting = (int) Math.max(1, MOST_LOGITS / count(floatModel.run(batches.get(at))));
                List<int[]> next = batches.subList(at, inTurn ? Math.min(batches.size(), at + fitting) : at + 1);
                at += next.size();
                List<Logits.WithOthers> plain = floatModel.all(next, inTurn);
                List<Logits.WithOthers> before = original == null ? plain : original.all(next, inTurn);
                List<Logits.WithOthers> ours = live.all(next, inTurn);
                List<Logits.WithOthers> held = holding == null ? ours : holding.all(next, inTurn);
                List<Logits.WithOthers> theirs = written.all(next, inTurn);
                Optional<List<Logits.WithOthers>> theirsAsRun = fused.all(next, inTurn);
                for (int i = 0; i < next.size(); i++) {
                    Batch batch =
                            new Batch(next.get(i), before.get(i).logits(), plain.get(i), ours.get(i), held.get(i));
                    asWritten.add(model, plan.state().metric(), data, batch, theirs.get(i));
                    if (theirsAsRun.isPresent()) {
                        asRun.add(
                                model,
                                plan.state().metric(),
                                data,
                                batch,
                                theirsAsRun.get().get(i));
                    }
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
                            .orElseGet(() -> asRun.run().orElseThrow()),
                    Optional.empty());
        }
    }

    /**
     * The outputs of one batch, of everything that a way of running the file is compared with.
     *
     * @param before of the float model before corrections
     * @param plain of the float model
     * @param ours of our own evaluation
     * @param held of our own evaluation of the tensors that the file holds
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on once and never compared
    private record Batch(
            int[] samples, Logits before, Logits.WithOthers plain, Logits.WithOthers ours, Logits.WithOthers held) {}

    /** An output beside the scored one. */
    private record Beside(String name, boolean whole) {}

    private static long count(Logits.WithOthers run) {
        return run.logits().values().length
                + run.others().stream().mapToLong(o -> o.values().length).sum();
    }

    /** One model in ONNX Runtime. */
    interface Session extends AutoCloseable {
        Logits.WithOthers run(int[] batch);

        @Override
        void close();
    }

    record Plain(OrtModel loaded, Model model, SampleFeed feed, List<String> others, CancelToken cancel)
            implements Session {
        @Override
        public Logits.WithOthers run(int[] batch) {
            return Logits.withOthers(loaded, model, feed, batch, Map.of(), others, cancel);
        }

        @Override
        public void close() {
            loaded.close();
        }
    }

    /** One of the models that are compared. It is opened when it is run. */
    private static final class Way implements AutoCloseable {
        private final Supplier<Session> source;
        private @Nullable Session opened;

        Way(Supplier<Session> source) {
            this.source = source;
        }

        Logits.WithOthers run(int[] batch) {
            if (opened == null) {
                opened = source.get();
            }
            return opened.run(batch);
        }

        /** @param inTurn true to close it afterwards */
        List<Logits.WithOthers> all(List<int[]> batches, boolean inTurn) {
            List<Logits.WithOthers> all = batches.stream().map(this::run).toList();
            if (inTurn) {
                close();
            }
            return all;
        }

        @Override
        public void close() {
            if (opened != null) {
                opened.close();
                opened = null;
            }
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
    record Evaluated(
            QuantizedSession session,
            QuantizedSession.Feeds feeds,
            SampleFeed feed,
            List<String> others,
            CancelToken cancel)
            implements Session {
        static Evaluated of(
                Model model, EvalRequest request, SampleFeed feed, List<String> others, CancelToken cancel) {
            QuantizedSession session = QuantizedSession.build(
                    model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, cancel);
            try {
                return new Evaluated(session, session.feeds(request, cancel), feed, others, cancel);
            } catch (RuntimeException e) {
                session.loaded().getFirst().close();
                throw e;
            }
        }

        @Override
        public Logits.WithOthers run(int[] batch) {
            return session.withOthers(feed, batch, feeds, others, cancel);
        }

        @Override
        public void close() {
            feeds.close();
            session.loaded().getFirst().close();
        }
    }

    /** The file in a session with default options, which may refuse it. */
    private static final class Attempted implements AutoCloseable {
        private final Way way;
        private Optional<String> refusal = Optional.empty();

        Attempted(Way way) {
            this.way = way;
        }

        /** Empty once ONNX Runtime has refused it or failed. */
        Optional<List<Logits.WithOthers>> all(List<int[]> batches, boolean inTurn) {
            if (refusal.isPresent()) {
                return Optional.empty();
            }
            try {
                return Optional.of(way.all(batches, inTurn));
            } catch (BadInputException e) {
                refusal = Optional.of(
                        String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
                return Optional.empty();
            }
        }

        @Override
        public void close() {
            way.close();
        }
    }

    /** The figures of one way of running the file, sample by sample. */
    private static final class Count {
        private @Nullable PairedScores besideFloat;
        private @Nullable PairedScores besideLive;
        private final Sums live;
        private final Sums held;
        private final List<Beside> beside;
        private final List<Sums> othersLive;
        private final List<Sums> othersHeld;
        private double largest;

        Count(List<Beside> beside, boolean wide) {
            this.beside = beside;
            live = new Sums(false, wide);
            held = new Sums(false, wide);
            othersLive = beside.stream().map(b -> new Sums(b.whole, wide)).toList();
            othersHeld = beside.stream().map(b -> new Sums(b.whole, wide)).toList();
        }

        void add(Model model, Optional<Task> metric, Dataset data, Batch batch, Logits.WithOthers given) {
            Logits theirs = given.logits();
            if (besideFloat == null || besideLive == null) {
                besideFloat = PairedScores.of(model, data, metric, batch.before);
                besideLive = PairedScores.of(model, data, metric, batch.plain.logits());
            }
            float[] ours = batch.ours.logits().values();
            besideFloat.add(batch.samples, batch.before, theirs);
            besideLive.add(batch.samples, batch.ours.logits(), theirs);
            for (int i = 0; i < ours.length; i++) {
                largest = Math.max(largest, Math.abs((double) ours[i] - theirs.values()[i]));
            }
            float[] plain = batch.plain.logits().values();
            live.add(plain, ours, theirs.values());
            held.add(plain, batch.held.logits().values(), theirs.values());
            for (int i = 0; i < beside.size(); i++) {
                float[] theirOther = given.others().get(i).values();
                float[] plainOther = batch.plain.others().get(i).values();
                othersLive.get(i).add(plainOther, batch.ours.others().get(i).values(), theirOther);
                othersHeld.get(i).add(plainOther, batch.held.others().get(i).values(), theirOther);
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
                    live.gap(),
                    held.gap(),
                    IntStream.range(0, beside.size())
                            .mapToObj(i -> new Verification.Other(
                                    beside.get(i).name,
                                    beside.get(i).whole,
                                    othersLive.get(i).differing(),
                                    othersLive.get(i).gap(),
                                    othersHeld.get(i).gap()))
                            .toList()));
        }
    }

    /**
     * Sums of squares over an output of an evaluation, and of its differences from a run and from float. Values that are
     * equal without being finite, such as those of a mask, add nothing. An output of whole numbers is an index or a
     * decision, so that its differences are counted. One that a run gives in another size is all difference.
     */
    private static final class Sums {
        private final boolean whole;
        private final boolean wide;
        private double evaluated;
        private double difference;
        private double error;
        private long values;
        private long differing;

        Sums(boolean whole, boolean wide) {
            this.whole = whole;
            this.wide = wide;
        }

        void add(float[] plain, float[] ours, float[] theirs) {
            values += Math.max(ours.length, theirs.length);
            for (int i = 0; i < ours.length; i++) {
                float t = theirs.length == ours.length ? theirs[i] : 0;
                float f = plain.length == ours.length ? plain[i] : 0;
                boolean other = theirs.length != ours.length || Float.compare(ours[i], t) != 0;
                differing += other ? 1 : 0;
                if (whole) {
                    evaluated++;
                    difference += other ? 1 : 0;
                    error += plain.length != ours.length || ours[i] != f ? 1 : 0;
                } else if (other || Float.isFinite(t)) {
                    double e = ours[i];
                    evaluated += e * e;
                    difference += (e - t) * (e - t);
                    error += (e - f) * (e - f);
                }
            }
            for (int i = ours.length; i < theirs.length; i++) {
                differing++;
                difference += whole ? 1 : (double) theirs[i] * theirs[i];
            }
        }

        /** The share of values that are not the same. */
        double differing() {
            return values == 0 ? 0 : (double) differing / values;
        }

        Verification.Gap gap() {
            return new Verification.Gap(
                    difference == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(evaluated / difference),
                    difference == 0 ? 0 : difference / error,
                    wide && !whole);
        }
    }

    /** True if a plan's reference is its model itself; two models that were read apart are never the same. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(Model a, Model b) {
        return a == b;
    }
}
