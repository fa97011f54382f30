package org.quantscope.core.sensitivity;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.AccuracyEstimate.Details;
import org.quantscope.core.eval.AccuracyEstimate.Exact;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.Spread;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;

/**
 * The file format for the figures of one scope, as {@link DataOutputStream} writes it: {@code QSENSIT\n}, an int
 * version, the 32 bytes of the scope, an int count; for each figure the 32 bytes of its setting, the id of its task,
 * the score and the float model's score, three ints (samples seen, samples in all, samples that agree; −1: none), the
 * ends of the interval, the SQNR of the outputs and their divergence (NaN: none); at the end an int with the CRC-32C of
 * all bytes before it.
 */
final class SensitivityFile {
    static final String EXTENSION = ".sensitivity";

    private static final int VERSION = 2;
    private static final byte[] MAGIC = "QSENSIT\n".getBytes(StandardCharsets.US_ASCII);
    private static final int SHA_BYTES = 32;
    private static final int MOST_BYTES = 16 << 20;

    private SensitivityFile() {}

    /** Replaces {@code file} as a whole. */
    static void write(Map<String, AccuracyEstimate> figures, SensitivityScope scope, Path file) throws IOException {
        AtomicFile.write(file, to -> {
            CheckedOutputStream summed = new CheckedOutputStream(to, new CRC32C());
            DataOutputStream out = new DataOutputStream(summed);
            out.write(MAGIC);
            out.writeInt(VERSION);
            out.write(scope.bytes());
            out.writeInt(figures.size());
            for (Map.Entry<String, AccuracyEstimate> entry : figures.entrySet()) {
                AccuracyEstimate e = entry.getValue();
                out.write(HexFormat.of().parseHex(entry.getKey()));
                out.writeUTF(e.task().id());
                out.writeDouble(e.score());
                out.writeDouble(e.floatScore());
                out.writeInt(e.seen());
                out.writeInt(e.total());
                out.writeInt(e.agree().orElse(-1));
                out.writeDouble(e.deltaLo());
                out.writeDouble(e.deltaHi());
                out.writeDouble(e.logitSqnrDb());
                out.writeDouble(e.klDivergence().orElse(Double.NaN));
                Details details = e.details();
                out.writeLong(details.scored());
                out.writeDouble(details.worst());
                out.writeDouble(details.floatWorst());
                out.writeBoolean(details.exact().isPresent());
                out.writeInt(details.exact().map(Exact::quantized).orElse(0));
                out.writeInt(details.exact().map(Exact::ofFloat).orElse(0));
                out.writeInt(details.exact().map(Exact::of).orElse(0));
                out.writeBoolean(details.bernoulli());
                out.writeBoolean(details.spread().isPresent());
                out.writeDouble(details.spread().map(Spread::kept).orElse(0.0));
                out.writeInt(details.spread().map(Spread::axis).orElse(0));
                out.writeInt(details.spread().map(Spread::index).orElse(0));
                out.writeInt(details.notFinite());
            }
            out.writeInt((int) summed.getChecksum().getValue());
            out.flush();
        });
    }

    /**
     * Reads the file of a scope.
     *
     * @return figures by their setting, in the order in which they were written
     * @throws BadInputException if it is damaged, or belongs to another scope or version
     */
    static Map<String, AccuracyEstimate> read(Path file, SensitivityScope scope) throws IOException {
        long size = Files.size(file);
        if (size > MOST_BYTES || size < MAGIC.length + Integer.BYTES) {
            throw new BadInputException(file, "length", "no file of figures has " + size + " bytes");
        }
        byte[] bytes = Files.readAllBytes(file);
        if (!Arrays.equals(bytes, 0, Math.min(bytes.length, MAGIC.length), MAGIC, 0, MAGIC.length)) {
            throw new BadInputException(file, "magic", "this is not a file of figures");
        }
        int body = bytes.length - Integer.BYTES;
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, body);
        int stored = ByteBuffer.wrap(bytes).getInt(body);
        if (stored != (int) crc.getValue()) {
            throw new BadInputException(
                    file,
                    "checksum",
                    String.format(
                            Locale.ROOT, "%08x is needed for this content, got %08x", (int) crc.getValue(), stored));
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, MAGIC.length, body - MAGIC.length));
        try {
            return read(in, file, scope);
        } catch (EOFException | UTFDataFormatException e) {
            throw new BadInputException(
                    file, "figures", "the file ends before them or holds no text where there should be one", e);
        }
    }

    private static Map<String, AccuracyEstimate> read(DataInputStream in, Path file, SensitivityScope scope)
            throws IOException {
        int version = in.readInt();
        if (version != VERSION) {
            throw new BadInputException(file, "version", VERSION + " is needed, got " + version);
        }
        String of = HexFormat.of().formatHex(in.readNBytes(SHA_BYTES));
        if (!of.equals(scope.sha256())) {
            throw new BadInputException(file, "scope", scope.sha256() + " is needed, got " + of);
        }
        int count = in.readInt();
        Map<String, AccuracyEstimate> figures = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String setting = HexFormat.of().formatHex(in.readNBytes(SHA_BYTES));
            String task = in.readUTF();
            String field = "figures[" + i + "].task";
            AccuracyEstimate e = figure(
                    in, Task.byId(task).orElseThrow(() -> new BadInputException(file, field, "no such task: " + task)));
            if (e.seen() < 1 || e.seen() > e.total()) {
                throw new BadInputException(
                        file, "figures[" + i + "].seen", "1 to " + e.total() + " is needed, got " + e.seen());
            }
            figures.put(setting, e);
        }
        if (in.available() > 0) {
            throw new BadInputException(file, "count", in.available() + " bytes follow " + count + " figures");
        }
        return figures;
    }

    private static AccuracyEstimate figure(DataInputStream in, Task task) throws IOException {
        double score = in.readDouble();
        double floatScore = in.readDouble();
        int seen = in.readInt();
        int total = in.readInt();
        int agree = in.readInt();
        PairedInterval interval = new PairedInterval(in.readDouble(), in.readDouble());
        double sqnr = in.readDouble();
        double klDivergence = in.readDouble();
        long scored = in.readLong();
        double worst = in.readDouble();
        double floatWorst = in.readDouble();
        boolean hasExact = in.readBoolean();
        Exact exact = new Exact(in.readInt(), in.readInt(), in.readInt());
        boolean bernoulli = in.readBoolean();
        boolean hasSpread = in.readBoolean();
        Spread spread = new Spread(in.readDouble(), in.readInt(), in.readInt());
        int notFinite = in.readInt();
        return new AccuracyEstimate(
                task,
                score,
                floatScore,
                seen,
                total,
                agree < 0 ? OptionalInt.empty() : OptionalInt.of(agree),
                interval,
                sqnr,
                Double.isNaN(klDivergence) ? OptionalDouble.empty() : OptionalDouble.of(klDivergence),
                new Details(
                        scored,
                        worst,
                        floatWorst,
                        hasExact ? Optional.of(exact) : Optional.empty(),
                        bernoulli,
                        hasSpread ? Optional.of(spread) : Optional.empty(),
                        notFinite));
    }
}
