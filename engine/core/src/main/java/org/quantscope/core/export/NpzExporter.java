package org.quantscope.core.export;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.NpzLoader;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Codes, scales and zero points as arrays of a compressed NumPy archive. Their meaning is described in JSON, in UTF-8,
 * in the array {@value #METADATA}; see {@link CodeArchive}.
 */
public final class NpzExporter extends FileFormat {
    public static final String ID = "npz";
    public static final String METADATA = "__metadata__";
    private static final int ALIGNMENT = 64;
    private static final int PREFIX = 10;
    /** The earliest date of the zip format. A fixed date makes equal content give equal bytes. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    public NpzExporter() {
        super(
                ID,
                "Quantized NumPy archive: codes, scales, zero points",
                "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
                ".npz",
                EnumSet.of(Field.CHOICE));
    }

    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new java.util.ArrayList<>(CodeArchive.problems(plan, ID));
        for (var tensor : plan.model().tensors()) {
            if (!plan.weights().containsKey(tensor.id())
                    && descr(tensor.data().dtype()).isEmpty()) {
                problems.add(new ExportProblem(
                        ID,
                        tensor.id().name(),
                        "it stays float and is " + tensor.data().dtype() + ", NumPy has no such type",
                        "read its bytes as unsigned integers",
                        Severity.WARNING));
            }
        }
        return problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        CodeArchive archive = new CodeArchive(plan);
        byte[] metadata = metadata(archive);
        try (ZipOutputStream zip =
                new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16))) {
            // More effort makes codes hardly smaller, but takes three times as long.
            zip.setLevel(Deflater.BEST_SPEED);
            put(
                    zip,
                    new CodeArchive.Array(
                            METADATA, DType.U8, Shape.of(metadata.length), (out, c) -> out.write(metadata)),
                    cancel);
            for (CodeArchive.Array array : archive.arrays()) {
                put(zip, array, cancel);
            }
        }
        archive.verify(new NpzLoader().load(file, true), cancel);
        return List.of(file);
    }

    private static byte[] metadata(CodeArchive archive) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            archive.metadata().forEach(json::writeStringProperty);
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void put(ZipOutputStream zip, CodeArchive.Array array, CancelToken cancel) throws IOException {
        ZipEntry entry = new ZipEntry(array.name() + ".npy");
        entry.setTimeLocal(NO_TIME);
        zip.putNextEntry(entry);
        String descr = descr(array.dtype());
        zip.write(header(descr.isEmpty() ? "<u" + array.dtype().bytes() : descr, array.shape()));
        BufferedOutputStream values = new BufferedOutputStream(zip, 1 << 16);
        array.values().write(values, cancel);
        values.flush();
        zip.closeEntry();
    }

    private static String descr(DType dtype) {
        return switch (dtype) {
            case F64 -> "<f8";
            case F32 -> "<f4";
            case F16 -> "<f2";
            case BF16, F8_E4M3, F8_E5M2 -> "";
            case I64 -> "<i8";
            case I32 -> "<i4";
            case I16 -> "<i2";
            case I8 -> "|i1";
            case U64 -> "<u8";
            case U32 -> "<u4";
            case U16 -> "<u2";
            case U8 -> "|u1";
            case BOOL -> "|b1";
        };
    }

    /**
     * The header: magic, version 1.0, the length of the text, and the text, padded so that values begin at a multiple
     * of 64 bytes.
     */
    private static byte[] header(String descr, Shape shape) {
        String dims = LongStream.of(shape.toArray()).mapToObj(Long::toString).collect(Collectors.joining(", "));
        String dict = "{'descr': '" + descr.replace("<u1", "|u1") + "', 'fortran_order': False, 'shape': (" + dims
                + (shape.rank() == 1 ? "," : "") + "), }";
        int length = Math.ceilDiv(PREFIX + dict.length() + 1, ALIGNMENT) * ALIGNMENT - PREFIX;
        byte[] header = new byte[PREFIX + length];
        byte[] text = (dict + " ".repeat(length - dict.length() - 1) + "\n").getBytes(StandardCharsets.ISO_8859_1);
        byte[] prefix = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) length, (byte) (length >> Byte.SIZE)};
        System.arraycopy(prefix, 0, header, 0, PREFIX);
        System.arraycopy(text, 0, header, PREFIX, length);
        return header;
    }
}
