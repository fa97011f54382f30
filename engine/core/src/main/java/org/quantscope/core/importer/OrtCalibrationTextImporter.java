package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.export.OrtCalibrationTextExporter;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.Quoted;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Reads ONNX Runtime's calibration table: the largest absolute value of each activation, for symmetric 8 bits. */
final class OrtCalibrationTextImporter implements Importer {
    private static final long MAX_BYTES = 64L << 20;
    private static final QuantSpec SPEC =
            QuantSpec.ACTIVATIONS.withSigned(true).withSymmetric(true).withRestrictedRange(true);

    @Override
    public String id() {
        return OrtCalibrationTextExporter.ID;
    }

    @Override
    public String title() {
        return "ONNX Runtime calibration table";
    }

    @Override
    public String source() {
        return OrtCalibrationTextExporter.SOURCE;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        int number = 0;
        for (String line : FileCheck.text(file, MAX_BYTES, title()).lines().toList()) {
            cancel.check();
            String field = "line " + ++number;
            if (line.isBlank()) {
                continue;
            }
            int space = line.strip().lastIndexOf(' ');
            if (space < 1) {
                throw new BadInputException(file, field, "<tensor> <largest value> is needed, got " + Quoted.of(line));
            }
            float absMax = number(line.strip().substring(space + 1), file, field);
            String name = line.strip().substring(0, space);
            QuantSpec spec = SPEC.withClip(new Clip.Manual(ClipRange.symmetric(absMax)));
            TensorInfo info = names.shares(name, spec) ? null : names.find(name).orElse(null);
            if (info == null) {
                continue;
            }
            if (info.kind() != TensorKind.ACTIVATION) {
                names.refuse(
                        info.id().name(), "it is a " + info.kind().id() + ", a calibration table is of activations");
            } else if (specs.put(info.id(), spec) != null) {
                throw new BadInputException(file, field, info.id() + " occurs twice");
            }
        }
        names.settle(specs);
        return new Imported(specs, names.unmatched(), List.of());
    }

    private static float number(String text, Path file, String field) {
        try {
            float value = Float.parseFloat(text);
            if (value >= 0 && Float.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new BadInputException(file, field, "a number is needed, got " + Quoted.of(text), e);
        }
        throw new BadInputException(
                file, field, "a finite number that is not negative is needed, got " + Quoted.of(text));
    }
}
