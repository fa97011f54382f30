package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import org.quantscope.core.job.CancelToken;

/**
 * AIMET encodings of version 0.6.1, for older releases and for tools that read nothing newer. Their readers ignore
 * unknown members.
 */
public final class AimetLegacyExporter extends FileFormat {
    public static final String ID = "aimet-0.6.1";
    private static final Integer[] BITS = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    private static final Target TARGET = new Target(
            ID,
            "AIMET 0.6.1",
            TargetSupport.affine(BITS).andPerChannel().withWholeType(),
            TargetSupport.affine(BITS).withWholeType());

    public AimetLegacyExporter() {
        super(
                ID,
                "AIMET encodings 0.6.1",
                Aimet.SOURCE,
                ".encodings",
                EnumSet.of(Field.SIGN, Field.CODES, Field.CHOICE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return Aimet.withAxis(TARGET, plan);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        return Aimet.write(file, json -> {
            json.writeStartObject();
            json.writeStringProperty("version", "0.6.1");
            Aimet.legacySections(json, TARGET.carried(plan), cancel);
            Aimet.quantizerArgs(json, plan.state());
            ProvenanceText.write(json, plan);
            json.writeEndObject();
        });
    }
}
