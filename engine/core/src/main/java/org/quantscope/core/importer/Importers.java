package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;

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
            new TfliteImporter(),
            CodeArchiveImporter.safetensors(),
            CodeArchiveImporter.npz(),
            ProofImporter.gguf(),
            ProofImporter.packed());

    private Importers() {}

    public static List<Importer> all() {
        return ALL;
    }

    /**
     * Reads a file with one importer, unless it certainly holds no settings at all.
     *
     * @throws org.quantscope.core.io.BadInputException naming the file, the field and the value
     * @throws IOException if the file cannot be read at all
     */
    public static Imported read(Importer importer, Path file, Model model, CancelToken cancel) throws IOException {
        check(file);
        return importer.read(file, model, cancel);
    }

    /** Refuses a file that certainly holds no settings, saying what it is. */
    static void check(Path file) throws IOException {
        if (Files.isRegularFile(file)) {
            FileCheck.check(file, FileKind.Wanted.SETTINGS, "settings as other tools write them, see 'list importers'");
        }
    }

    /**
     * The importer that takes over the settings of a quantized model's file.
     *
     * @throws org.quantscope.core.io.BadInputException if the file is no model, or none whose settings can be taken over
     */
    public static Importer ofModel(Path file) throws IOException {
        String loader = ModelLoaders.loaderOf(file).id();
        return switch (loader) {
            case "onnx" -> byId("onnx-qdq");
            case "tflite", "gguf", "npz" -> byId(loader);
            case "safetensors" -> byId(ProofImporter.isOwn(file) ? loader : "packed-safetensors");
            default ->
                throw new BadInputException(
                        file, "format", "is " + loader + ": its settings cannot be taken over, only looked at");
        };
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
