package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.quantscope.core.job.CancelToken;

/** The file for {@code --quantization_overrides} of the QNN and SNPE converters. */
public final class QnnOverridesExporter extends FileFormat {
    public static final String ID = "qnn-overrides";
    /** The smallest width of a range: the converter silently widens narrower ones. */
    private static final double MINIMUM_SPAN = 1e-4;

    private static final Target TARGET = new Target(
            ID,
            "QNN",
            TargetSupport.affine(4, 8, 16).andPerChannel().withWholeType(),
            TargetSupport.affine(8, 16).withWholeType(),
            MINIMUM_SPAN);

    public QnnOverridesExporter() {
        super(
                ID,
                "Qualcomm QNN / SNPE quantization overrides",
                "https://docs.qualcomm.com/bundle/publicresource/topics/80-63442-50/quantization.html",
                ".json",
                EnumSet.of(Field.SIGN, Field.CODES, Field.CHOICE, Field.PROVENANCE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return Aimet.withAxis(TARGET, plan);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        return Aimet.write(file, json -> {
            json.writeStartObject();
            Aimet.legacySections(json, TARGET.carried(plan), cancel);
            json.writeEndObject();
        });
    }
}
