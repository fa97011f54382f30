package org.quantscope.core.export;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.QdqGraph;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * An ONNX model with QuantizeLinear and DequantizeLinear nodes. Weights are stored as integers or small floating-point numbers with a
 * DequantizeLinear, activations get one pair for all consumers. The bias of a layer whose input and weight are both quantized is
 * stored as int32 in units of {@code s_x·s_w}, which is the unit an integer kernel accumulates in; every other bias stays float.
 *
 * <p>The operator set is raised to the first that can say what is wanted. Where an operator of the model stands in the way, 16 and 4
 * bits are said with the operators of ONNX Runtime's own domain; what those cannot say either is left out, with a problem.
 */
public final class OnnxQdqExporter implements Exporter {
    public static final String ID = "onnx-qdq";
    public static final String SOURCE = "https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html";
    /** The first operator set with QuantizeLinear. */
    private static final int MIN_OPSET = 10;
    /** The first operator set with an axis. */
    private static final int MIN_OPSET_PER_CHANNEL = 13;
    /** The first operator set with block sizes. */
    private static final int MIN_OPSET_PER_BLOCK = 21;

    private static final OptionDoc TWO_BITS = new OptionDoc(
            "two-bits", "choice:int4|int2", "int4", "How weights of at most 2 bits are stored: in 4 bits, which more programs read, or in 2 (operator set 25).");

    private static final Target TARGET = new Target(
            ID,
            "ONNX Runtime",
            Takes.affine(2, 4, 8, 16).andFewerBits().andPerChannel().andBlocks().andSchemes("fp8_e4m3fn", "fp8_e5m2", "mxfp8_e4m3", "mxfp8_e5m2"),
            Takes.affine(2, 4, 8, 16).withWholeType().andSchemes("fp8_e4m3fn", "fp8_e5m2"));

    @Override
    public String id() {
        return ID;
    }

    @Override
    public String title() {
        return "ONNX with QuantizeLinear/DequantizeLinear";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(TWO_BITS);
    }

    @Override
    public String source() {
        return SOURCE;
    }

    @Override
    public String extension() {
        return ".onnx";
    }

    @Override
    public Set<Field> loses() {
        return EnumSet.of(Field.CODES, Field.CHOICE);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return carried(plan).problems;
    }

    private Carried carried(ExportPlan plan) {
        boolean int2 = FormatOptions.of(this, plan.options()).choice(TWO_BITS).equals("int2");
        return new Carried(plan, int2);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Carried carried = carried(plan);
        QdqGraph graph = new QdqGraph(plan.model(), carried.opset);
        for (Stored s : carried.stored.values()) {
            if (!s.encoding.isActivation()) {
                Tensor t = plan.model().find(s.encoding.id()).orElseThrow();
                graph.weight(t.id(), s.type, s.encoding.params(), StoredCodes.packed(t, s.encoding.params(), s.type, cancel), s.contrib);
            }
        }
        for (IntegerBias b : carried.biases) {
            graph.bias(b.bias().id(), b.scales(), b.codes());
        }
        for (Stored s : carried.stored.values()) {
            if (s.encoding.isActivation()) {
                graph.activation(s.encoding.id(), s.type, s.encoding.params(), s.contrib);
            }
        }
        Provenance.of(plan).forEach(graph::metadata);
        cancel.check();
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            graph.write(out);
        }
        return List.of(file);
    }

    /**
     * A tensor in the file.
     *
     * @param opset the operator set that it needs
     * @param contrib said with an operator of ONNX Runtime's own domain
     */
    private record Stored(Encoding encoding, CodeType type, int opset, boolean contrib) {}

    /** What of a plan this format carries, and what not. */
    private static final class Carried {
        final List<ExportProblem> problems = new ArrayList<>();
        final Map<TensorId, Stored> stored = new LinkedHashMap<>();
        final List<IntegerBias> biases = new ArrayList<>();
        int opset;
        private final ExportPlan plan;
        private final Map<Integer, Optional<String>> obstacles = new HashMap<>();

        Carried(ExportPlan plan, boolean int2) {
            this.plan = plan;
            Optional<OnnxGraph> graph = plan.model().graph();
            if (graph.isEmpty()) {
                error("", "the model is bare weights without a graph", "export a format for weights, or open the ONNX model");
                return;
            }
            opset = graph.get().opset();
            if (opset < MIN_OPSET) {
                error("", "operator set " + opset + " has no QuantizeLinear, " + MIN_OPSET + " is the first", "convert the model to operator set " + MIN_OPSET_PER_CHANNEL + " or newer");
                return;
            }
            for (Encoding e : plan.encodings()) {
                List<ExportProblem> own = TARGET.problems(e);
                problems.addAll(own);
                if (own.stream().noneMatch(p -> p.severity() == Severity.ERROR)) {
                    store(e, int2);
                }
            }
            stored.values().stream().filter(s -> !s.contrib).forEach(s -> opset = Math.max(opset, s.opset));
            graph.get().biases().forEach(this::bias);
        }

        private void store(Encoding e, boolean int2) {
            String name = e.id().name();
            if (e.info().dtype() != DType.F32) {
                error(name, "it is " + e.info().dtype() + ", the scales here are for float32", "convert the model to float32");
                return;
            }
            CodeType type = CodeType.of(e.params(), e.isActivation() || int2 ? 2 : 4).orElse(null);
            if (type == null) {
                error(name, "its levels are not those that " + e.spec().scheme() + " has in ONNX", "choose the range again");
                return;
            }
            int needed = Math.max(type.opset(), switch (e.params().granularity()) {
                case Granularity.PerTensor _ -> MIN_OPSET;
                case Granularity.PerChannel _ -> MIN_OPSET_PER_CHANNEL;
                case Granularity.PerBlock _ -> MIN_OPSET_PER_BLOCK;
            });
            Optional<String> obstacle = obstacles.computeIfAbsent(needed, set -> QdqGraph.obstacle(plan.model(), set));
            boolean contrib = obstacle.isPresent() && type.hasContribOperator() && !(e.params().granularity() instanceof Granularity.PerBlock);
            if (obstacle.isPresent() && !contrib) {
                error(name, "its " + type.id() + " codes per " + e.params().granularity() + " need operator set " + needed + ", the model has " + plan.model().graph().orElseThrow().opset()
                                + " and cannot be raised because of " + obstacle.get(),
                        "quantize it per tensor with 8 bits, or convert the model");
                return;
            }
            stored.put(e.id(), new Stored(e, type, needed, contrib));
        }

        /** Adds the bias of a layer if everything that its unit rests on is quantized. */
        private void bias(OnnxGraph.BiasSite site) {
            Stored in = stored.get(site.activation());
            Stored weight = stored.get(site.weight());
            if (in == null || weight == null) {
                return;
            }
            IntegerBias.of(plan.model(), site, in.encoding.params(), weight.encoding.params()).ifPresent(b -> {
                if (b.fits()) {
                    biases.add(b);
                } else {
                    problems.add(new ExportProblem(
                            ID,
                            site.bias().name(),
                            "its value " + b.misfit() + " needs more than 32 bits, it stays float",
                            "widen the scale of " + site.weight(),
                            Severity.WARNING,
                            Remedy.scales(weight.encoding, b.wideEnough(in.encoding.params(), weight.encoding.params()))));
                }
            });
        }

        private void error(String tensor, String why, String remedy) {
            problems.add(new ExportProblem(ID, tensor, why, remedy, Severity.ERROR));
        }
    }
}
