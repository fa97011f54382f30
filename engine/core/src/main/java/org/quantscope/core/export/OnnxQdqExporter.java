package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.DynamicGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.rewrite.QdqGraph;
import org.quantscope.core.rewrite.WrittenModel;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * An ONNX model with QuantizeLinear and DequantizeLinear nodes. Weights are stored as integers or small floating-point
 * numbers with a DequantizeLinear, an activation gets one pair of nodes for all its readers. The bias of a layer whose
 * input and weight are both quantized is stored as int32 in units of {@code s_x·s_w}, which is the unit an integer
 * kernel accumulates in; every other bias stays float.
 *
 * <p>The operator set is raised to the first that can express the settings. If an operator of the model prevents that,
 * 16 and 4 bits are written with the operators of ONNX Runtime's own domain; what those cannot express is left out and
 * reported as a problem.
 *
 * <p>An activation whose range is found while the network runs gets a DynamicQuantizeLinear in place of the
 * QuantizeLinear: of all values that are fed at once, so that a range of each sample needs samples fed one by one.
 *
 * <p>ONNX Runtime replaces groups of these nodes by integer kernels. Where it has none that computes what the nodes say,
 * the group is written so that it computes the nodes.
 *
 * <p>For TensorRT the file is limited to what its parser accepts: standard operators and float biases.
 */
public final class OnnxQdqExporter extends FileFormat {
    public static final String ID = "onnx-qdq";
    public static final String SOURCE = "https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html";
    /** The first operator set with QuantizeLinear. */
    private static final int MIN_OPSET = 10;
    /** The first operator set with DynamicQuantizeLinear. */
    private static final int MIN_OPSET_DYNAMIC = 11;
    /** The first operator set with an axis. */
    private static final int MIN_OPSET_PER_CHANNEL = 13;
    /** The first operator set with block sizes. */
    private static final int MIN_OPSET_PER_BLOCK = 21;

    /** The first operator set whose QuantizeLinear names the type of its codes in an attribute. */
    private static final int FIRST_WITH_OUTPUT_TYPE = 21;

    private static final OptionDoc TWO_BITS = new OptionDoc(
            "two-bits",
            "choice:int4|int2",
            "int4",
            "How weights of at most 2 bits are stored: in 4 bits, which more programs read, or in 2 (operator set"
                    + " 25).");

    private static final OptionDoc OPERATORS = new OptionDoc(
            "operators",
            "choice:auto|onnx",
            "auto",
            "Whose operators quantize: ONNX's own, and ONNX Runtime's where it needs them (auto), or ONNX's alone"
                    + " (onnx), for other programs.");

    private static final OptionDoc RUNTIME = new OptionDoc(
            "runtime",
            "choice:onnxruntime|tensorrt",
            "onnxruntime",
            "Who is to run it: ONNX Runtime, or TensorRT from version 10 on, which takes signed codes with the zero"
                    + " point 0 and adds a bias in float.");

    private static final Target ONNX_RUNTIME = new Target(
            ID,
            "ONNX Runtime",
            TargetSupport.affine(2, 4, 8, 16)
                    .andFewerBits()
                    .andPerChannel()
                    .andBlocks()
                    .andSchemes("fp8_e4m3fn", "fp8_e5m2", "mxfp8_e4m3", "mxfp8_e5m2"),
            TargetSupport.affine(2, 4, 8, 16).withWholeType().andFoundRanges());

    /**
     * What TensorRT accepts, by its ONNX parser (QuantDequantLinearHelper in onnx-tensorrt) and the table of
     * granularities in its guide: int8, int4 and E4M3, no unsigned codes, only zero point 0, activations per tensor,
     * blocks for weights of 4 bits.
     */
    private static final Target TENSORRT = new Target(
            ID,
            "TensorRT",
            TargetSupport.affine(4, 8)
                    .andFewerBits()
                    .andPerChannel()
                    .andBlocks()
                    .andSchemes("fp8_e4m3fn")
                    .with(TargetSupport.Zero.ZERO)
                    .with(TargetSupport.Codes.SIGNED),
            TargetSupport.affine(8)
                    .with(TargetSupport.Zero.ZERO)
                    .with(TargetSupport.Codes.SIGNED)
                    .withWholeType());

    private final long mostInOneFile;

    public OnnxQdqExporter() {
        this(WrittenModel.MOST_IN_ONE_FILE);
    }

    /** @param mostInOneFile the most bytes of tensors in one file */
    OnnxQdqExporter(long mostInOneFile) {
        super(
                ID,
                "ONNX with QuantizeLinear/DequantizeLinear",
                SOURCE,
                ".onnx",
                EnumSet.of(Field.CODES, Field.CHOICE),
                RUNTIME,
                TWO_BITS,
                OPERATORS);
        this.mostInOneFile = mostInOneFile;
    }

    /** Of a model that is too large for one file. */
    @Override
    public List<String> parts() {
        return List.of(WrittenModel.VALUES);
    }

    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return carried(plan).problems;
    }

    private Carried carried(ExportPlan plan) {
        FormatOptions options = FormatOptions.of(this, plan.options());
        return new Carried(
                plan,
                options.choice(RUNTIME).equals("tensorrt"),
                options.choice(TWO_BITS).equals("int2"),
                options.choice(OPERATORS).equals("auto"));
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Carried carried = carried(plan);
        QdqGraph graph = new QdqGraph(plan.model(), carried.opset);
        for (Stored s : carried.stored.values()) {
            if (!s.encoding.isActivation()) {
                Tensor t = plan.model().find(s.encoding.id()).orElseThrow();
                graph.weight(
                        t.id(),
                        s.type,
                        s.encoding.params(),
                        StoredCodes.packed(t, s.encoding.params(), s.type, cancel),
                        s.contrib);
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
        for (ResolvedTensor t : plan.resolved().tensors()) {
            if (t.choice() instanceof Choice.Tied(TensorId owner)) {
                Stored s = carried.stored.get(owner);
                if (s != null) {
                    graph.activation(t.id(), s.type, s.encoding.params(), s.contrib);
                }
            }
        }
        graph.connect(!carried.tensorRt);
        ProvenanceText.of(plan).forEach(graph::metadata);
        cancel.check();
        return graph.written(mostInOneFile).write(file, cancel);
    }

    /**
     * How a tensor is stored in the file.
     *
     * @param opset the operator set that it needs
     * @param contrib true if it needs an operator of ONNX Runtime's own domain
     */
    private record Stored(Encoding encoding, CodeType type, int opset, boolean contrib) {}

    /** The part of a plan that this format carries, and the problems with the rest. */
    private static final class Carried {
        final List<ExportProblem> problems = new ArrayList<>();
        final Map<TensorId, Stored> stored = new LinkedHashMap<>();
        final List<IntegerBias> biases = new ArrayList<>();
        int opset;
        private final ExportPlan plan;
        private final boolean tensorRt;
        private final boolean contrib;
        private final Map<Integer, Optional<String>> obstacles = new HashMap<>();

        Carried(ExportPlan plan, boolean tensorRt, boolean int2, boolean ownOperators) {
            this.plan = plan;
            this.tensorRt = tensorRt;
            this.contrib = ownOperators && !tensorRt;
            Optional<OnnxGraph> graph = plan.model().graph();
            if (graph.isEmpty()) {
                error(
                        "",
                        "the model is bare weights without a graph",
                        "export a format for weights, or open the ONNX model");
                return;
            }
            opset = graph.get().opset();
            if (opset < MIN_OPSET) {
                error(
                        "",
                        "operator set " + opset + " has no QuantizeLinear, " + MIN_OPSET + " is the first",
                        "convert the model to operator set " + MIN_OPSET_PER_CHANNEL + " or newer");
                return;
            }
            for (Encoding e : plan.encodings()) {
                List<ExportProblem> own = (tensorRt ? TENSORRT : ONNX_RUNTIME).problems(e);
                problems.addAll(own);
                if (own.stream().noneMatch(p -> p.severity() == Severity.ERROR)) {
                    store(e, int2);
                }
            }
            stored.values().stream().filter(s -> !s.contrib).forEach(s -> opset = Math.max(opset, s.opset));
            stored.replaceAll((id, s) -> forRuntime(s));
            leaveOutBesideBytes();
            // Its parser does not support DequantizeLinear of int32.
            if (!tensorRt) {
                graph.get().biases().forEach(this::bias);
            }
        }

        private void store(Encoding e, boolean int2) {
            String name = e.id().name();
            CodeType type =
                    CodeType.of(e.params(), e.isActivation() || int2 ? 2 : 4).orElse(null);
            if (type == null) {
                error(
                        name,
                        "its levels are not those that " + e.spec().scheme() + " has in ONNX",
                        "choose the range again");
                return;
            }
            if (tensorRt && !e.isActivation() && !fitsTensorRt(e, type)) {
                return;
            }
            boolean found = e.params().runRange().isPresent();
            if (found && !fitsDynamic(e)) {
                return;
            }
            int needed = Math.max(
                    found ? MIN_OPSET_DYNAMIC : type.opset(),
                    switch (e.params().granularity()) {
                        case Granularity.PerTensor _ -> MIN_OPSET;
                        case Granularity.PerChannel _ -> MIN_OPSET_PER_CHANNEL;
                        case Granularity.PerBlock _ -> MIN_OPSET_PER_BLOCK;
                    });
            Optional<String> obstacle = obstacles.computeIfAbsent(needed, set -> QdqGraph.obstacle(plan.model(), set));
            boolean own = contrib
                    && obstacle.isPresent()
                    && !found
                    && type.hasContribOperator()
                    && !(e.params().granularity() instanceof Granularity.PerBlock);
            if (obstacle.isPresent() && !own) {
                error(
                        name,
                        "its " + type.id() + " codes per " + e.params().granularity() + " need operator set " + needed
                                + ", the model has "
                                + plan.model().graph().orElseThrow().opset() + " and cannot be raised because of "
                                + obstacle.get(),
                        "quantize it per tensor with 8 bits, or convert the model");
                return;
            }
            stored.put(e.id(), new Stored(e, type, needed, own));
        }

        /** Checks what DynamicQuantizeLinear can express. */
        private boolean fitsDynamic(Encoding e) {
            boolean fits = e.params().runRange().orElseThrow() instanceof RunRange.Dynamic(var _, boolean symmetric)
                    && !symmetric
                    && e.params().qmin() == 0
                    && e.params().qmax() == DynamicGrid.BYTE;
            if (!fits) {
                error(
                        e,
                        "its range is found while the network runs, and DynamicQuantizeLinear has 8-bit unsigned codes"
                                + " and no symmetric range",
                        "choose 8 bits, unsigned and asymmetric",
                        Optional.of(new Edit.SetOverride(
                                e.id(),
                                e.spec()
                                        .withBits(Byte.SIZE)
                                        .withSigned(false)
                                        .withSymmetric(false)
                                        .withRestrictedRange(false))));
            }
            return fits;
        }

        /** Checks the conditions that involve more than one property of a weight. */
        private boolean fitsTensorRt(Encoding e, CodeType type) {
            if (type.bits() < 4) {
                error(
                        e,
                        "its codes are stored in " + type.bits() + " bits, TensorRT takes 4 or 8",
                        "choose the option two-bits=int4",
                        Optional.empty());
                return false;
            }
            if (e.params().granularity() instanceof Granularity.PerBlock b) {
                if (type.bits() != 4) {
                    error(
                            e,
                            "it has a scale for each " + b.size() + " values and " + type.id()
                                    + " codes, TensorRT takes blocks of 4 bits only",
                            "choose another granularity",
                            Remedy.perChannel(e));
                    return false;
                }
                long length = e.info().shape().dim(b.axis());
                if (length % b.size() != 0) {
                    error(
                            e,
                            "its " + length + " values along axis " + b.axis() + " are not whole blocks of " + b.size()
                                    + ", as TensorRT wants them",
                            "choose another granularity",
                            Remedy.perChannel(e));
                    return false;
                }
            }
            if (type.bits() == 4 && e.info().shape().count() % 2 != 0) {
                error(
                        e,
                        "it has " + e.info().shape().count() + " values, TensorRT wants an even number of 4 bits",
                        "choose 8 bits",
                        Remedy.bits(e, Byte.SIZE));
                return false;
            }
            return true;
        }

        private void error(Encoding e, String why, String remedy, Optional<Edit> fix) {
            problems.add(new ExportProblem(ID, e.id().name(), why, remedy, Severity.ERROR, fix));
        }

        /**
         * The form in which ONNX Runtime accepts an activation. On x86 it turns signed codes into unsigned ones, and
         * from operator set 21 on it forgets to change the attribute that names their type (seen in 1.29 and 1.30).
         */
        private Stored forRuntime(Stored s) {
            String name = s.encoding.id().name();
            if (!contrib
                    || s.contrib
                    || !s.encoding.isActivation()
                    || s.type != CodeType.INT8
                    || opset < FIRST_WITH_OUTPUT_TYPE) {
                return s;
            }
            problems.add(new ExportProblem(
                    ID,
                    name,
                    "its int8 codes are written with ONNX Runtime's own operators, because it misreads the standard"
                            + " ones from operator set "
                            + FIRST_WITH_OUTPUT_TYPE + " on",
                    "choose unsigned codes, or for other programs the option operators=onnx",
                    Severity.WARNING,
                    Remedy.signed(s.encoding, false)));
            return new Stored(s.encoding, s.type, s.opset, true);
        }

        /**
         * Leaves out activations of 2 and 4 bits that ONNX Runtime would overwrite memory for. It takes their codes for
         * bytes when it gives their memory, once they are read, to a value of the same shape and of one byte for each
         * element, which needs two or four times as much (1.29 and 1.30, whatever the options are: wrong outputs, or
         * the end of the process).
         */
        private void leaveOutBesideBytes() {
            List<Stored> narrow = stored.values().stream()
                    .filter(s -> s.encoding.isActivation() && s.type.bits() < Byte.SIZE)
                    .toList();
            if (narrow.isEmpty()) {
                return;
            }
            Optional<String> computed = QdqGraph.valueOfBytes(plan.model());
            for (Stored s : narrow) {
                computed.or(() -> stored.values().stream()
                                .filter(b -> b.encoding.isActivation()
                                        && b.type.bits() == Byte.SIZE
                                        && mayBeOfOneShape(
                                                b.encoding.info().shape(),
                                                s.encoding.info().shape()))
                                .map(b -> b.encoding.id().name())
                                .findFirst())
                        .ifPresent(beside -> {
                            stored.remove(s.encoding.id());
                            error(
                                    s.encoding,
                                    "its codes of " + s.type.bits() + " bits may lie in the same memory as " + beside
                                            + ", whose elements are bytes; ONNX Runtime then overwrites what lies"
                                            + " behind",
                                    "choose 8 bits",
                                    Remedy.bits(s.encoding, Byte.SIZE));
                        });
            }
        }

        /** True if the shapes are equal, or one is not known. */
        private static boolean mayBeOfOneShape(Shape a, Shape b) {
            return a.rank() == 0 || b.rank() == 0 || a.equals(b);
        }

        /** Adds the bias of a layer, if the tensors that its unit is computed from are quantized and it has no setting of its own. */
        private void bias(OnnxGraph.BiasSite site) {
            Stored in = stored.get(site.activation());
            Stored weight = stored.get(site.weight());
            if (in == null || weight == null || stored.containsKey(site.bias())) {
                return;
            }
            // A bias that needs more than 32 bits stays float, here as in the evaluation.
            IntegerBias.of(plan.model(), site, in.encoding.params(), weight.encoding.params())
                    .filter(IntegerBias::fits)
                    .ifPresent(biases::add);
        }

        private void error(String tensor, String why, String remedy) {
            problems.add(new ExportProblem(ID, tensor, why, remedy, Severity.ERROR));
        }
    }
}
