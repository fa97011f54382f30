package org.quantscope.core.export;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.SafetensorsLoader;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Codes, scales and zero points as tensors of a safetensors file, with their meaning in {@code __metadata__}; see
 * {@link CodeArchive}.
 */
public final class SafetensorsExporter extends FileFormat {
    public static final String ID = "safetensors";
    /** Values begin at a multiple of this many bytes. */
    private static final int ALIGNMENT = 8;

    public SafetensorsExporter() {
        super(
                ID,
                "Quantized safetensors: codes, scales, zero points",
                "https://huggingface.co/docs/safetensors/index#format",
                ".safetensors",
                EnumSet.of(Field.CHOICE));
    }

    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return CodeArchive.problems(plan, ID);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        CodeArchive archive = new CodeArchive(plan);
        List<CodeArchive.Array> arrays = new ArrayList<>(archive.arrays());
        // Wide elements come first, as in the reference writer; then each array begins at a multiple of its element
        // size.
        arrays.sort(Comparator.<CodeArchive.Array>comparingInt(a -> -a.dtype().bytes())
                .thenComparing(CodeArchive.Array::name));
        byte[] header = header(archive, arrays);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            out.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(header.length)
                    .array());
            out.write(header);
            for (CodeArchive.Array array : arrays) {
                array.values().write(out, cancel);
            }
        }
        archive.verify(new SafetensorsLoader().load(file, true), cancel);
        return List.of(file);
    }

    private static byte[] header(CodeArchive archive, List<CodeArchive.Array> arrays) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            json.writeObjectPropertyStart("__metadata__");
            archive.metadata().forEach(json::writeStringProperty);
            json.writeEndObject();
            long at = 0;
            for (CodeArchive.Array array : arrays) {
                json.writeObjectPropertyStart(array.name());
                json.writeStringProperty("dtype", array.dtype().name());
                json.writeArrayPropertyStart("shape");
                for (long d : array.shape().toArray()) {
                    json.writeNumber(d);
                }
                json.writeEndArray();
                json.writeArrayPropertyStart("data_offsets");
                json.writeNumber(at);
                at += array.bytes();
                json.writeNumber(at);
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        while (bytes.size() % ALIGNMENT != 0) {
            bytes.write(' ');
        }
        return bytes.toByteArray();
    }
}
