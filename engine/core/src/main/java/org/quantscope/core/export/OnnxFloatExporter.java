package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.rewrite.WrittenModel;
import org.quantscope.core.session.Provenance;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import tools.jackson.core.JsonGenerator;

/**
 * A float ONNX model in which each quantized weight has the values of its codes, for toolchains that take ranges and
 * round by themselves: with the ranges in the file beside it, rounding to nearest gives the same codes again. Biases
 * that moved with the codes are in it too.
 */
public final class OnnxFloatExporter extends FileFormat {
    /** What is appended to the file's name for the file of the ranges. */
    public static final String RANGES = ".ranges.json";

    static final String ID = "onnx-float";

    public OnnxFloatExporter() {
        super(
                ID,
                "Float ONNX model with the quantized weights in it, and their ranges",
                "https://onnx.ai/onnx/repo-docs/IR.html",
                ".onnx",
                EnumSet.of(Field.ACTIVATIONS, Field.CHOICE));
    }

    @Override
    public List<String> parts() {
        return List.of(WrittenModel.VALUES, RANGES);
    }

    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> found = new ArrayList<>();
        long slices = 0;
        long beyond = 0;
        for (Encoding e : weights(plan)) {
            Tensor weight = plan.model().find(e.id()).orElseThrow();
            if (weight.info().dtype() != DType.F32) {
                found.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "it is stored as " + weight.info().dtype() + ", which cannot hold the values of its levels"
                                + " exactly",
                        "keep it in float, or convert the model to float32 first",
                        Severity.ERROR));
                continue;
            }
            for (boolean reached : reached(weight, e.params())) {
                slices++;
                beyond += reached ? 0 : 1;
            }
        }
        if (beyond > 0) {
            found.add(new ExportProblem(
                    ID,
                    "",
                    beyond + " of " + slices + " ranges of weights end beyond the largest value in the file: a"
                            + " toolchain that takes min and max of the weights would choose other scales there",
                    "give it the ranges in the file " + RANGES + " beside the model",
                    Severity.WARNING));
        }
        return found;
    }

    private static List<Encoding> weights(ExportPlan plan) {
        return plan.encodings().stream().filter(e -> !e.isActivation()).toList();
    }

    /** For each slice, whether its values reach that end of the range from which min and max give the same scale. */
    private static boolean[] reached(Tensor weight, QuantParams params) {
        float[] values = ErrorPass.fakeQuantize(weight, params, new CancelToken());
        Slicing slicing = Slicing.of(weight.info(), params.granularity());
        float[] lo = new float[params.slices()];
        float[] hi = new float[params.slices()];
        for (int i = 0; i < values.length; i++) {
            int slice = slicing.sliceOf(i);
            lo[slice] = Math.min(lo[slice], values[i]);
            hi[slice] = Math.max(hi[slice], values[i]);
        }
        boolean[] reached = new boolean[params.slices()];
        List<ClipRange> effective = params.effective();
        for (int i = 0; i < reached.length; i++) {
            ClipRange range = effective.get(i);
            boolean symmetric = range.lo() <= 0 && range.hi() > 0 && -range.lo() >= range.hi();
            reached[i] = symmetric
                    ? lo[i] <= -range.hi() || hi[i] >= range.hi()
                    : lo[i] <= range.lo() && hi[i] >= range.hi();
        }
        return reached;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        ModelRewrite rewrite = new ModelRewrite(plan.model());
        for (Encoding e : weights(plan)) {
            Tensor weight = plan.model().find(e.id()).orElseThrow();
            if (weight.info().dtype() == DType.F32) {
                rewrite.values(e.id(), ErrorPass.fakeQuantize(weight, e.params(), cancel));
            }
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        Provenance.of(plan.state()).forEach((name, value) -> metadata.put("quantscope." + name, value));
        List<Path> files = new ArrayList<>(ModelRewrite.writeDirectly(rewrite.model(), metadata, file, cancel));
        Path ranges = file.resolveSibling(file.getFileName() + RANGES);
        PrettyJson.write(ranges, json -> ranges(json, plan));
        files.add(ranges);
        return files;
    }

    private static void ranges(JsonGenerator json, ExportPlan plan) {
        json.writeStartObject();
        json.writeStringProperty("format", "quantscope-ranges");
        json.writeNumberProperty("version", 1);
        json.writeArrayPropertyStart("tensors");
        for (Encoding e : plan.encodings()) {
            json.writeStartObject();
            json.writeStringProperty("name", e.id().name());
            json.writeStringProperty("kind", e.info().kind().id());
            json.writeStringProperty("scheme", e.spec().scheme());
            json.writeNumberProperty("bits", e.spec().bits());
            if (!e.isActivation()) {
                json.writeStringProperty("rounding", e.spec().rounding());
            }
            Granularity granularity = e.params().granularity();
            json.writeStringProperty("granularity", granularity.toString());
            numbers(json, "rmin", e.effective().stream().map(ClipRange::lo).toList());
            numbers(json, "rmax", e.effective().stream().map(ClipRange::hi).toList());
            json.writeArrayPropertyStart("scale");
            for (float scale : e.params().scales()) {
                PrettyJson.float32(json, scale);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeObjectPropertyStart("provenance");
        Provenance.of(plan.state()).forEach(json::writeStringProperty);
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void numbers(JsonGenerator json, String name, List<Float> values) {
        json.writeArrayPropertyStart(name);
        values.forEach(value -> PrettyJson.float32(json, value));
        json.writeEndArray();
    }
}
