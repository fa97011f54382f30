package org.quantscope.core.export;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.ProductVersion;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.QdqGraph;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * An ONNX model with QuantizeLinear and DequantizeLinear nodes for 8-bit settings. Weights are stored as int8 or uint8 with a
 * DequantizeLinear, activations get one pair for all consumers. The bias of a layer whose input and weight are both
 * quantized is stored as int32 in units of {@code s_x·s_w}, which is the unit an integer kernel accumulates in; every
 * other bias stays float.
 */
public final class OnnxQdqExporter implements Exporter {
    static final String ID = "onnx-qdq";
    /** The first operator set with QuantizeLinear. */
    private static final int MIN_OPSET = 10;
    /** The first operator set with an axis. */
    private static final int MIN_OPSET_PER_CHANNEL = 13;

    private static final int CODES = 256;
    private static final int CHUNK = 1 << 16;

    @Override
    public String id() {
        return ID;
    }

    @Override
    public String title() {
        return "ONNX with QuantizeLinear/DequantizeLinear";
    }

    @Override
    public String source() {
        return "https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html";
    }

    @Override
    public String extension() {
        return ".onnx";
    }

    @Override
    public Set<Field> loses() {
        return EnumSet.of(Field.CHOICE);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return new Carried(plan).problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Carried carried = new Carried(plan);
        QdqGraph graph = new QdqGraph(plan.model());
        for (var entry : carried.weights.entrySet()) {
            graph.weight(entry.getKey().id(), entry.getValue(), codes(entry.getKey(), entry.getValue(), cancel));
        }
        for (IntegerBias b : carried.biases) {
            graph.bias(b.bias().id(), b.scales(), b.codes());
        }
        carried.activations.forEach(graph::activation);
        graph.metadata("quantscope.version", ProductVersion.current());
        graph.metadata("quantscope.model_sha256", plan.state().model().sha256());
        if (!plan.state().corrections().isEmpty()) {
            graph.metadata("quantscope.corrections", AppliedCorrection.ids(plan.state().corrections()));
        }
        cancel.check();
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            graph.write(out);
        }
        return List.of(file);
    }

    private static byte[] codes(Tensor t, QuantParams params, CancelToken cancel) {
        byte[] codes = new byte[Math.toIntExact(t.data().count())];
        Slicing slicing = Slicing.of(t.info(), params.granularity());
        UniformGrid[] grids = new UniformGrid[params.slices()];
        for (int i = 0; i < grids.length; i++) {
            grids[i] = new UniformGrid(params.scale(i), params.zeroPoint(i), params.qmin(), params.qmax());
        }
        float[] chunk = new float[CHUNK];
        for (int from = 0; from < codes.length; from += CHUNK) {
            cancel.check();
            int n = Math.min(CHUNK, codes.length - from);
            t.data().read(from, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                codes[from + i] = (byte) grids[slicing.sliceOf(from + i)].code(chunk[i]);
            }
        }
        return codes;
    }

    /** What of a plan this format carries, and what not. */
    private static final class Carried {
        final List<ExportProblem> problems = new ArrayList<>();
        final Map<Tensor, QuantParams> weights = new LinkedHashMap<>();
        final Map<TensorId, QuantParams> activations = new LinkedHashMap<>();
        final List<IntegerBias> biases = new ArrayList<>();
        private final ExportPlan plan;

        Carried(ExportPlan plan) {
            this.plan = plan;
            Optional<OnnxGraph> graph = plan.model().graph();
            if (graph.isEmpty()) {
                error("", "the model is bare weights without a graph", "export a format for weights, or open the ONNX model");
                return;
            }
            int opset = graph.get().opset();
            if (opset < MIN_OPSET) {
                error("", "operator set " + opset + " has no QuantizeLinear, " + MIN_OPSET + " is the first", "convert the model to operator set " + MIN_OPSET_PER_CHANNEL + " or newer");
                return;
            }
            for (Tensor t : plan.model().tensors()) {
                QuantParams params = plan.weights().get(t.id());
                if (params != null && fits(t.info(), params, opset)) {
                    weights.put(t, params);
                }
            }
            for (TensorInfo activation : graph.get().values()) {
                QuantParams params = plan.activations().get(activation.id());
                if (params != null && fits(activation, params, opset)) {
                    activations.put(activation.id(), params);
                    int codes = params.qmax() - params.qmin() + 1;
                    if (codes < CODES) {
                        warning(
                                activation.id().name(),
                                "its codes end at " + params.qmin() + " and " + params.qmax() + ", the file's at those of 8 bits: a value just outside the range gets one more step",
                                "choose the full range, or accept it");
                    }
                }
            }
            graph.get().biases().forEach(this::bias);
        }

        private boolean fits(TensorInfo info, QuantParams params, int opset) {
            String name = info.id().name();
            if (info.dtype() != DType.F32) {
                error(name, "it is " + info.dtype() + ", the scales here are for float32", "convert the model to float32");
                return false;
            }
            if (!params.isAffine()) {
                error(name, "its levels are a codebook, this export has a scale and a zero point", "choose the scheme uniform or keep the tensor float");
                return false;
            }
            int codes = params.qmax() - params.qmin() + 1;
            boolean range = (params.qmin() >= Byte.MIN_VALUE && params.qmax() <= Byte.MAX_VALUE) || (params.qmin() >= 0 && params.qmax() < CODES);
            if (codes > CODES || codes <= CODES / 2 || !range) {
                int bits = Integer.SIZE - Integer.numberOfLeadingZeros(params.qmax() - params.qmin());
                error(name, "its codes " + params.qmin() + " to " + params.qmax() + " need " + bits + " bits, this export has 8", "choose 8 bits or keep the tensor float");
                return false;
            }
            return switch (params.granularity()) {
                case Granularity.PerTensor _ -> true;
                case Granularity.PerChannel c -> {
                    if (opset < MIN_OPSET_PER_CHANNEL) {
                        error(name, "it has a scale for each index of axis " + c.axis() + ", which operator set " + opset + " cannot say, " + MIN_OPSET_PER_CHANNEL + " is the first",
                                "quantize it per tensor or convert the model to operator set " + MIN_OPSET_PER_CHANNEL);
                        yield false;
                    }
                    yield true;
                }
                case Granularity.PerBlock b -> {
                    error(name, "its granularity " + b + " cannot be said with 8-bit codes here", "quantize it per channel");
                    yield false;
                }
            };
        }

        /** Adds the bias of a layer if everything that its unit rests on is quantized. */
        private void bias(OnnxGraph.BiasSite site) {
            QuantParams in = activations.get(site.activation());
            QuantParams weight = plan.model().find(site.weight()).map(weights::get).orElse(null);
            if (in == null || weight == null) {
                return;
            }
            IntegerBias.of(plan.model(), site, in, weight).ifPresent(b -> {
                if (b.fits()) {
                    biases.add(b);
                } else {
                    warning(site.bias().name(), "its value " + b.misfit() + " needs more than 32 bits, it stays float", "widen the range of " + site.weight() + " or of " + site.activation());
                }
            });
        }

        private void error(String tensor, String why, String remedy) {
            problems.add(new ExportProblem(ID, tensor, why, remedy, Severity.ERROR));
        }

        private void warning(String tensor, String why, String remedy) {
            problems.add(new ExportProblem(ID, tensor, why, remedy, Severity.WARNING));
        }
    }
}
