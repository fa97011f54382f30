package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.tensor.Shape;
import tools.jackson.core.JsonGenerator;

/**
 * AIMET encodings of version 2.0.0: for each tensor, by name, the fields of ONNX QuantizeLinear. QAIRT reads them as
 * overrides too.
 */
public final class Aimet2Exporter extends FileFormat {
    public static final String ID = "aimet-2.0.0";
    /** The floating-point format for each scheme whose levels are those of the format times a scale. */
    static final Map<String, String> FLOATS = Map.of(
            "fp8_e4m3fn", "float8e4m3fn",
            "mxfp8_e4m3", "float8e4m3fn",
            "fp8_e5m2", "float8e5m2",
            "mxfp8_e5m2", "float8e5m2",
            "fp4_e2m1", "float4e2m1",
            "mxfp4", "float4e2m1");

    private static final String[] SCHEMES = FLOATS.keySet().stream().sorted().toArray(String[]::new);
    private static final Target TARGET = new Target(
            ID,
            "AIMET 2.0.0",
            TargetSupport.affine(2, 4, 8, 16)
                    .andPerChannel()
                    .andBlocks()
                    .andSchemes(SCHEMES)
                    .withWholeType(),
            TargetSupport.affine(2, 4, 8, 16).andSchemes(SCHEMES).withWholeType());

    public Aimet2Exporter() {
        super(
                ID,
                "AIMET encodings 2.0.0",
                Aimet.SOURCE,
                ".encodings",
                EnumSet.of(Field.CODES, Field.CHOICE, Field.PROVENANCE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return TARGET.problems(plan);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        return Aimet.write(file, json -> {
            json.writeStartObject();
            json.writeStringProperty("version", "2.0.0");
            json.writeArrayPropertyStart("encodings");
            for (Encoding e : TARGET.carried(plan)) {
                cancel.check();
                entry(json, e);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private static void entry(JsonGenerator json, Encoding e) {
        json.writeStartObject();
        json.writeStringProperty("name", e.id().name());
        json.writeStringProperty(
                "output_dtype",
                e.isAffine()
                        ? (e.isSigned() ? "int" : "uint") + e.bits()
                        : FLOATS.get(e.spec().scheme()));
        json.writeName("y_scale");
        nested(json, e, i -> PrettyJson.float32(json, e.params().scale(i)));
        if (e.isAffine()) {
            json.writeName("y_zero_point");
            nested(json, e, i -> json.writeNumber(e.params().zeroPoint(i)));
        }
        e.axis().ifPresent(axis -> json.writeNumberProperty("axis", axis));
        e.blockSize().ifPresent(size -> json.writeNumberProperty("block_size", size));
        json.writeEndObject();
    }

    /**
     * Writes one number per tensor, a list per channel, or nested lists per block: in the shape of the tensor, with
     * blocks in place of values along the axis.
     */
    private static void nested(JsonGenerator json, Encoding e, IntConsumer value) {
        if (e.axis().isEmpty()) {
            value.accept(0);
        } else if (e.blockSize().isEmpty()) {
            json.writeStartArray();
            for (int i = 0; i < e.params().slices(); i++) {
                value.accept(i);
            }
            json.writeEndArray();
        } else {
            Shape shape = e.info().shape();
            int[] dims = new int[shape.rank()];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = Math.toIntExact(
                        i == e.axis().getAsInt()
                                ? Math.ceilDiv(
                                        shape.dim(i), (long) e.blockSize().getAsInt())
                                : shape.dim(i));
            }
            nested(json, dims, 0, 0, value);
        }
    }

    private static int nested(JsonGenerator json, int[] dims, int depth, int from, IntConsumer value) {
        json.writeStartArray();
        int next = from;
        for (int i = 0; i < dims[depth]; i++) {
            if (depth == dims.length - 1) {
                value.accept(next++);
            } else {
                next = nested(json, dims, depth + 1, next, value);
            }
        }
        json.writeEndArray();
        return next;
    }
}
