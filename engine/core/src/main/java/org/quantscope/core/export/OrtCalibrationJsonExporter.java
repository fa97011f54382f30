package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import tools.jackson.core.JsonGenerator;

/** The file for {@code calibration_cache_path} of ONNX Runtime's quantize_static: the lowest and highest value of each activation that it asks for. */
public final class OrtCalibrationJsonExporter extends FileFormat {
    public static final String ID = "ort-calibration-json";
    public static final String SOURCE = OrtCalibration.SOURCE;
    /**
     * An extra member of the file, which the reader ignores: names of the values in it that are float or constant here.
     */
    public static final String UNQUANTIZED = "unquantized";

    private static final Target TARGET =
            new Target(ID, "ONNX Runtime's quantizer", TargetSupport.nothing(), TargetSupport.affine(4, 8, 16));

    public OrtCalibrationJsonExporter() {
        super(
                ID,
                "ONNX Runtime calibration cache",
                SOURCE,
                ".json",
                EnumSet.of(Field.WEIGHTS, Field.SCALE, Field.ZERO_POINT, Field.SIGN, Field.CODES, Field.CHOICE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return OrtCalibration.problems(TARGET, plan);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        OrtCalibration.Ranges ranges = OrtCalibration.ranges(TARGET, plan, cancel);
        PrettyJson.write(file, json -> {
            json.writeStartObject();
            json.writeStringProperty("CLS", "TensorsData");
            json.writeObjectPropertyStart("data");
            ranges.ranges().forEach((id, range) -> {
                json.writeObjectPropertyStart(id.name());
                array(json, "lowest", range.lo());
                array(json, "highest", range.hi());
                json.writeStringProperty("CLS", "TensorData");
                json.writeEndObject();
            });
            json.writeEndObject();
            json.writeObjectPropertyStart("calibration_method");
            json.writeStringProperty("CLS", "CalibrationMethod");
            json.writeStringProperty("value", "CalibrationMethod.MinMax");
            json.writeEndObject();
            json.writeBooleanProperty("smooth_quant", false);
            json.writeArrayPropertyStart(UNQUANTIZED);
            ranges.unquantized().forEach(id -> json.writeString(id.name()));
            json.writeEndArray();
            ProvenanceText.write(json, plan);
            json.writeEndObject();
        });
        return List.of(file);
    }

    /** Writes a numpy array without dimensions. */
    private static void array(JsonGenerator json, String name, float value) {
        json.writeObjectPropertyStart(name);
        json.writeName("data");
        PrettyJson.float32(json, value);
        json.writeStringProperty("dtype", "float32");
        json.writeStringProperty("CLS", "numpy.array");
        json.writeEndObject();
    }
}
