package org.quantscope.core.importer;

import java.util.List;
import java.util.stream.Collectors;

/** Every format that settings can be read from, in the order in which they are offered. */
public final class Importers {
    private static final List<Importer> ALL = List.of(
            new SessionImporter(),
            new OnnxQdqImporter(),
            new OrtOverridesImporter(),
            new OrtCalibrationJsonImporter(),
            new OrtCalibrationTextImporter(),
            new TensorRtCacheImporter(),
            new AimetImporter("aimet-0.6.1", "AIMET encodings 0.6.1"),
            new AimetImporter("aimet-1.0.0", "AIMET encodings 1.0.0"),
            new AimetImporter("aimet-2.0.0", "AIMET encodings 2.0.0 or 2.1.0"),
            new AimetImporter("qnn-overrides", "Qualcomm QNN / SNPE quantization overrides"),
            new LitertImporter(),
            CodeArchiveImporter.safetensors(),
            CodeArchiveImporter.npz());

    private Importers() {}

    public static List<Importer> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Importer byId(String id) {
        return ALL.stream()
                .filter(i -> i.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("format: unknown id " + id + "; known: "
                        + ALL.stream().map(Importer::id).collect(Collectors.joining(", "))));
    }
}
