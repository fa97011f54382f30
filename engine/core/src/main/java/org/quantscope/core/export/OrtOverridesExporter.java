package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.quant.Granularity;

/**
 * The file for {@code --tensor_quant_overrides} of ONNX Runtime's static_quantize_runner: a scale and a zero point in
 * every entry, and no types, because the program takes those as arguments. They are written to a second file,
 * {@code .args}.
 */
public final class OrtOverridesExporter extends FileFormat {
    public static final String ID = "ort-overrides";
    public static final String SOURCE = OrtOverrides.SOURCE;
    /** Extension of the second file. */
    public static final String ARGUMENTS = ".args";

    private static final Target TARGET = OrtOverrides.target(ID);

    public OrtOverridesExporter() {
        super(
                ID,
                "ONNX Runtime tensor overrides, for its runner",
                SOURCE,
                ".json",
                EnumSet.of(Field.CODES, Field.CHOICE, Field.PROVENANCE));
    }

    @Override
    public List<String> parts() {
        return List.of(ARGUMENTS);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(TARGET.problems(plan));
        OrtOverrides.ofOneType(TARGET, TARGET.carried(plan), problems);
        return problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        List<Encoding> carried = OrtOverrides.ofOneType(TARGET, TARGET.carried(plan), new ArrayList<>());
        PrettyJson.write(file, json -> {
            json.writeStartObject();
            for (Encoding e : carried) {
                cancel.check();
                json.writeArrayPropertyStart(e.id().name());
                for (int i = 0; i < e.params().slices(); i++) {
                    json.writeStartObject();
                    if (i == 0 && e.params().granularity() instanceof Granularity.PerChannel c) {
                        json.writeNumberProperty("axis", c.axis());
                    }
                    json.writeName("scale");
                    PrettyJson.float32(json, e.params().scale(i));
                    json.writeNumberProperty("zero_point", e.params().zeroPoint(i));
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        });
        Path arguments = file.resolveSibling(file.getFileName() + ARGUMENTS);
        Files.writeString(arguments, arguments(carried), StandardCharsets.UTF_8);
        return List.of(file, arguments);
    }

    private static String arguments(List<Encoding> carried) {
        Optional<CodeType> activations = OrtOverrides.commonest(
                carried.stream().filter(Encoding::isActivation).toList());
        Optional<CodeType> weights = OrtOverrides.commonest(
                carried.stream().filter(e -> !e.isActivation()).toList());
        boolean perChannel = carried.stream().anyMatch(e -> e.params().granularity() instanceof Granularity.PerChannel);
        return "--activation_type " + OrtOverrides.argument(activations.orElse(CodeType.UINT8)) + " --weight_type "
                + OrtOverrides.argument(weights.orElse(CodeType.INT8)) + (perChannel ? " --per_channel" : "") + "\n";
    }
}
