package org.quantscope.core.sketch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.InputFile;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.TensorId;

/**
 * Reads and writes {@link ActivationSketches}. What is read equals what was written in every count and sum, so merging
 * continues as if nothing had been saved. The bytes are described in {@code docs/config-schema.md}.
 */
public final class SketchFile {
    /** The extension of such files. */
    public static final String EXTENSION = ".sketches";

    /** The version that is written. Every version from 1 on can be read. */
    public static final int VERSION = 3;

    /** Longer files are refused, in bytes. */
    public static final long MAX_BYTES = 512L << 20;

    /** Files whose sketches would take more heap, in bytes, are refused. */
    static final long MAX_HEAP = Math.min(512L << 20, Runtime.getRuntime().maxMemory() / 4);

    static final String MAGIC = "QSKETCH\n";

    private static final int MAX_NAME = 65_536;

    private SketchFile() {}

    /** The file that goes with a session file: {@code a.quantscope.sketches} beside {@code a.quantscope.json}. */
    public static Path beside(Path session) {
        String name = String.valueOf(session.getFileName());
        return session.resolveSibling(
                (name.endsWith(".json") ? name.substring(0, name.length() - ".json".length()) : name) + EXTENSION);
    }

    /**
     * Replaces {@code file} as a whole.
     *
     * @throws IOException if it cannot be written, or the sketches exceed the limits of {@link #read}; {@code file} is
     *     then unchanged
     */
    public static void write(ActivationSketches seen, Path file) throws IOException {
        AtomicFile.write(file, content(seen));
    }

    /** What {@link #write(ActivationSketches, Path)} writes; it throws if the sketches exceed the limits of {@link #read}. */
    public static AtomicFile.Content content(ActivationSketches seen) {
        return out -> {
            long heap = seen.sketches().values().stream()
                    .mapToLong(MomentSketch::bytes)
                    .sum();
            if (heap > MAX_HEAP) {
                throw new IOException(
                        "the sketches take " + heap + " bytes, at most " + MAX_HEAP + " are kept in a file");
            }
            write(seen, out);
        };
    }

    static void write(ActivationSketches seen, OutputStream to) throws IOException {
        var out = new SketchOutput(to);
        out.ascii(MAGIC);
        out.fixed32(VERSION);
        out.hex(seen.modelSha256());
        out.hex(seen.dataSha256());
        out.octet(seen.foldBatchNorm() ? 1 : 0);
        out.number(seen.samples());
        out.number(seen.sketches().size());
        for (Map.Entry<TensorId, MomentSketch> entry : seen.sketches().entrySet()) {
            out.text(entry.getKey().name());
            entry.getValue().write(out);
        }
        out.number(seen.inputs().size());
        for (Map.Entry<TensorId, InputPower> entry : seen.inputs().entrySet()) {
            out.text(entry.getKey().name());
            entry.getValue().write(out);
        }
        out.checksum();
    }

    /**
     * Reads a file; memory is taken only for what its length and {@link #MAX_BYTES} allow.
     *
     * @throws BadInputException naming the file, the field and the value
     * @throws IOException if the file cannot be read at all
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static ActivationSketches read(Path file, CancelToken cancel) throws IOException {
        if (Files.isDirectory(file)) {
            throw new BadInputException(file, "file", "is a folder");
        }
        long length = Files.size(file);
        if (length > MAX_BYTES) {
            throw new BadInputException(file, "length", "at most " + MAX_BYTES + " bytes are read, got " + length);
        }
        try (var stream = InputFile.open(file)) {
            return read(new SketchInput(file, stream, length, MAX_HEAP), cancel);
        }
    }

    private static ActivationSketches read(SketchInput in, CancelToken cancel) throws IOException {
        in.ascii("magic", MAGIC);
        int version = in.fixed32("version");
        if (version < 1 || version > VERSION) {
            throw in.bad(
                    "version",
                    "this program reads versions 1 to " + VERSION + ", got " + Integer.toUnsignedString(version));
        }
        String model = in.hex("model_sha256");
        String data = in.hex("data_sha256");
        int fold = in.octet("fold_batch_norm");
        if (fold > 1) {
            throw in.bad("fold_batch_norm", "0 or 1 is needed, got " + fold);
        }
        long samples = in.number("samples", 0, Long.MAX_VALUE);
        Map<TensorId, MomentSketch> sketches =
                map(in, "activations", cancel, field -> MomentSketch.read(in, field, version));
        Map<TensorId, InputPower> inputs =
                version == 1 ? Map.of() : map(in, "inputs", cancel, field -> InputPower.read(in, field));
        in.checksum("checksum");
        return new ActivationSketches(model, data, fold == 1, samples, sketches, inputs);
    }

    @FunctionalInterface
    private interface Entry<T> {
        T read(String field) throws IOException;
    }

    /** Reads a map from tensor to entry; its keys must ascend. */
    private static <T> Map<TensorId, T> map(SketchInput in, String name, CancelToken cancel, Entry<T> entry)
            throws IOException {
        long count = in.number(name, 0, in.left());
        Map<TensorId, T> map = new TreeMap<>();
        TensorId before = null;
        for (long i = 0; i < count; i++) {
            cancel.check();
            String field = name + "[" + i + "]";
            String text = in.text(field + ".name", MAX_NAME);
            if (text.isEmpty()) {
                throw in.bad(field + ".name", "a tensor has a name, got an empty one");
            }
            TensorId id = new TensorId(text);
            if (before != null && before.compareTo(id) >= 0) {
                throw in.bad(field + ".name", "names ascend, got \"" + text + "\" after \"" + before + '"');
            }
            before = id;
            map.put(id, entry.read(field));
        }
        return map;
    }
}
