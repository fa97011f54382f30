package org.quantscope.core.verify;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.OutputChoice;
import org.quantscope.core.eval.PairedScores;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.Task;
import org.quantscope.core.eval.WeightMemory;
import org.quantscope.core.export.Encoding;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.integer.IntegerGraph;
import org.quantscope.core.integer.IntegerNetwork;
import org.quantscope.core.integer.IntegerTensor;
import org.quantscope.core.integer.OnnxIntegers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.Shape;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The settings in hand computed in whole numbers, as a runtime computes them, beside the float model and beside our own
 * evaluation, which simulates the grids in float32.
 */
public final class IntegerEvaluation {
    private static final Logger LOG = LoggerFactory.getLogger(IntegerEvaluation.class);
    private static final String FORMAT = "onnx-qdq";

    private IntegerEvaluation() {}

    /**
     * What came of it.
     *
     * @param besideFloat the whole-number network scored against the float model
     * @param besideSimulation the same against our own evaluation, which stands in the place of the float model
     */
    public record Result(Arithmetic arithmetic, AccuracyEstimate besideFloat, AccuracyEstimate besideSimulation) {
        /** Samples on which whole numbers and the simulation give another class; 0 where there are no classes. */
        public int flips() {
            return besideSimulation.agree().isPresent()
                    ? besideSimulation.seen() - besideSimulation.agree().getAsInt()
                    : 0;
        }
    }

    /**
     * Why settings cannot be computed in whole numbers: each reason with the number of tensors that it is about and the first
     * of them. Empty if nothing is in the way so far; operators are looked at when the network is read.
     */
    public static List<String> obstacles(ExportPlan plan) {
        Map<String, List<String>> reasons = new LinkedHashMap<>();
        for (Encoding encoding : plan.encodings()) {
            reason(encoding)
                    .ifPresent(why -> reasons.computeIfAbsent(why, _ -> new ArrayList<>())
                            .add(encoding.id().name()));
        }
        if (reasons.isEmpty()) {
            for (ExportProblem problem : Exporters.problems(Exporters.byId(FORMAT), plan)) {
                if (problem.severity() == ExportProblem.Severity.ERROR) {
                    reasons.computeIfAbsent(problem.why(), _ -> new ArrayList<>())
                            .add(problem.tensor());
                }
            }
        }
        if (plan.activations().isEmpty()) {
            reasons.put("activations are in float", List.of());
        }
        if (plan.weights().isEmpty()) {
            reasons.put("weights are in float", List.of());
        }
        return reasons.entrySet().stream()
                .map(e -> e.getKey()
                        + switch (e.getValue().size()) {
                            case 0 -> "";
                            case 1 -> ": " + e.getValue().getFirst();
                            default ->
                                ": " + e.getValue().getFirst() + " and "
                                        + (e.getValue().size() - 1) + " more";
                        })
                .toList();
    }

    private static Optional<String> reason(Encoding encoding) {
        QuantParams params = encoding.params();
        String what = encoding.isActivation() ? "activations" : "weights";
        if (params.runRange().isPresent()) {
            return Optional.of("ranges of activations that are found while the network runs");
        }
        if (!params.isAffine()) {
            return Optional.of(what + " on levels of " + encoding.spec().scheme()
                    + ", which no multiplication of whole numbers takes");
        }
        int codes = params.qmax() - params.qmin() + 1;
        if (encoding.spec().bits() != 8 || codes < 255) {
            return Optional.of(what + " of " + encoding.spec().bits() + " bits where the kernels take 8");
        }
        if (!encoding.isActivation()) {
            boolean centred = IntStream.range(0, params.slices())
                    .allMatch(i -> params.qmin() - params.zeroPoint(i) >= Byte.MIN_VALUE
                            && params.qmax() - params.zeroPoint(i) <= Byte.MAX_VALUE);
            if (!centred) {
                return Optional.of("asymmetric weights");
            }
        }
        return Optional.empty();
    }

    /**
     * Evaluates all samples.
     *
     * @param plan the model and its settings
     * @param data in file order
     * @throws BadInputException naming and counting what cannot be computed in whole numbers
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Result of(
            ExportPlan plan,
            Arithmetic arithmetic,
            Dataset data,
            Optional<Task> metric,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        checked(plan, arithmetic);
        WeightMemory.check(plan.model(), WeightMemory.QUANTIZED, "evaluation in whole numbers");
        IntegerNetwork network = network(plan, arithmetic, cancel).network;
        return run(plan, network, data, metric, progress, cancel);
    }

    /** @throws BadInputException naming what is in the way */
    static void checked(ExportPlan plan, Arithmetic arithmetic) {
        List<String> obstacles = obstacles(plan);
        if (!obstacles.isEmpty()) {
            throw new BadInputException(
                    plan.model().file(),
                    arithmetic.title(),
                    "these settings are not computed in whole numbers: " + String.join("; ", obstacles));
        }
    }

    /** @param written the file that the network was read from */
    record Written(IntegerNetwork network, OnnxFile written) {}

    /** The network of settings without obstacles, by way of the file that they are exported to. */
    static Written network(ExportPlan plan, Arithmetic arithmetic, CancelToken cancel) throws IOException {
        Exporter exporter = Exporters.byId(FORMAT);
        Path folder = Temporaries.folder("integers");
        try {
            Path file = folder.resolve(String.valueOf(plan.model().file().getFileName()));
            Exporters.export(exporter, plan.withOptions(Map.of()), file, cancel);
            OnnxFile written = OnnxFile.read(file, true);
            return new Written(new IntegerNetwork(OnnxIntegers.of(file, written, arithmetic), arithmetic), written);
        } finally {
            discard(folder);
        }
    }

    private static void discard(Path folder) throws IOException {
        try (Stream<Path> left = Files.list(folder)) {
            for (Path each : left.toList()) {
                Files.delete(each);
            }
            Files.delete(folder);
        } catch (AccessDeniedException | DirectoryNotEmptyException e) {
            // Windows keeps a file while it is mapped; the sweep of a later start finds it.
            LOG.debug("{} is still in use", folder, e);
        }
    }

    private static Result run(
            ExportPlan plan,
            IntegerNetwork network,
            Dataset data,
            Optional<Task> metric,
            Progress progress,
            CancelToken cancel) {
        Model model = OutputChoice.of(plan.model(), plan.state().scored(), data, cancel);
        SampleFeed feed = SampleFeed.of(model, data);
        String output = Logits.predictionOutput(model);
        EvalRequest request = new EvalRequest(Optional.empty(), plan.weights(), plan.activations());
        String name = String.valueOf(model.file().getFileName());
        Optional<PairedScores> besideFloat = Optional.empty();
        Optional<PairedScores> besideSimulation = Optional.empty();
        try (RuntimeCheck.Session floats = new RuntimeCheck.Plain(
                        OrtModel.load(InstrumentedGraph.plain(plan.reference()), name, OrtModel.Options.DEFAULT),
                        model,
                        feed,
                        List.of(),
                        cancel);
                RuntimeCheck.Session simulation = RuntimeCheck.Evaluated.of(model, request, feed, List.of(), cancel)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                cancel.check();
                progress.report(from, data.size(), "whole numbers, sample " + (from + 1) + " of " + data.size());
                int[] samples = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                Logits plain = floats.run(samples).logits();
                Logits simulated = simulation.run(samples).logits();
                Logits whole = whole(network, output, model, feed, samples);
                if (besideFloat.isEmpty()) {
                    besideFloat = Optional.of(PairedScores.of(model, data, metric, plain));
                    besideSimulation = Optional.of(PairedScores.of(model, data, metric, plain));
                }
                besideFloat.get().add(samples, plain, whole);
                besideSimulation.orElseThrow().add(samples, simulated, whole);
            }
        }
        return new Result(
                network.arithmetic(),
                besideFloat
                        .orElseThrow(() -> new BadInputException(data.file(), "samples", "there are none"))
                        .estimate(),
                besideSimulation.orElseThrow().estimate());
    }

    private static Logits whole(IntegerNetwork network, String output, Model model, SampleFeed feed, int[] samples) {
        List<IntegerTensor> outputs = network.run(inputs(network, feed, samples));
        int at = model.graph().orElseThrow().outputNames().indexOf(output);
        IntegerTensor scored = outputs.get(Math.max(at, 0));
        long[] shape = IntStream.of(scored.shape()).asLongStream().toArray();
        return Logits.read(FloatOutput.of(output, Shape.of(shape), scored.values()), model, feed, samples);
    }

    static List<IntegerTensor> inputs(IntegerNetwork network, SampleFeed feed, int[] samples) {
        IntegerGraph graph = network.graph();
        List<IntegerTensor> inputs = new ArrayList<>();
        for (int i = 0; i < graph.inputs().size(); i++) {
            String input = graph.slots().get(graph.inputs().get(i)).name();
            int[] shape = lengths(feed.shape(input, samples.length));
            inputs.add(network.quantized(i, shape, feed.values(input, samples)));
        }
        return inputs;
    }

    private static int[] lengths(Shape shape) {
        return IntStream.range(0, shape.rank())
                .map(i -> Math.toIntExact(shape.dim(i)))
                .toArray();
    }
}
