package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.CodedOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;

/**
 * A model to be written: to one file, or, if its tensors are too large for one message, to two, of which the second
 * holds the values of the large tensors, each from a multiple of 4096 bytes on. The same model gives the same bytes.
 */
public final class WrittenModel {
    /** What is appended to a file's name for the file of the values. */
    public static final String VALUES = ".data";

    /** The most bytes of tensors in one file. */
    public static final long MOST_IN_ONE_FILE = RunnableGraph.MOST_IN_MESSAGE;

    /** Values are written in pieces of this size, and a cancel is heeded after each. */
    private static final int PIECE = 1 << 24;

    private final Path source;
    private final ModelProto model;
    private final long mostInOneFile;

    WrittenModel(Path source, ModelProto model, long mostInOneFile) {
        this.source = source;
        this.model = model;
        this.mostInOneFile = mostInOneFile;
    }

    private Optional<BesideMessage> parted(Path file) {
        if (BesideMessage.bytes(model) <= mostInOneFile) {
            return Optional.empty();
        }
        BesideMessage parted = BesideMessage.of(
                model,
                file.getFileName() + VALUES,
                t -> t.getRawData().size() >= Math.min(RunnableGraph.LARGE, mostInOneFile));
        long left = BesideMessage.bytes(parted.message());
        if (left > RunnableGraph.MOST_IN_MESSAGE) {
            throw new BadInputException(
                    source,
                    "tensors",
                    "have " + left + " bytes in small tensors; one message holds up to "
                            + RunnableGraph.MOST_IN_MESSAGE);
        }
        return Optional.of(parted);
    }

    /**
     * Writes to {@code file} directly, and beside it if needed.
     *
     * @return every file written, {@code file} first
     * @throws BadInputException if it is too large even with its large tensors beside it
     */
    public List<Path> write(Path file, CancelToken cancel) throws IOException {
        List<Path> files = new ArrayList<>(List.of(file));
        Optional<BesideMessage> parted = parted(file);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW))) {
            message(parted.map(BesideMessage::message).orElse(model), out);
        }
        if (parted.isPresent()) {
            Path values = file.resolveSibling(file.getFileName() + VALUES);
            files.add(values);
            try (OutputStream out = Files.newOutputStream(values, StandardOpenOption.CREATE_NEW)) {
                values(parted.get(), out, cancel);
            }
        }
        return files;
    }

    /**
     * Writes to {@code target}, and beside it if needed, atomically.
     *
     * @return every file written
     * @throws BadInputException if it is too large even with its large tensors beside it
     */
    public List<Path> writeAtomically(Path target, CancelToken cancel) throws IOException {
        // The values of a link's file lie beside that file.
        Path real = Destination.of(target);
        Optional<BesideMessage> parted = parted(real);
        SequencedMap<Path, AtomicFile.Content> files = new LinkedHashMap<>();
        files.put(
                parted.isEmpty() ? target : real,
                out -> message(parted.map(BesideMessage::message).orElse(model), out));
        parted.ifPresent(
                p -> files.put(real.resolveSibling(real.getFileName() + VALUES), out -> values(p, out, cancel)));
        AtomicFile.write(files);
        return List.copyOf(files.keySet());
    }

    private static void message(ModelProto model, OutputStream out) throws IOException {
        CodedOutputStream coded = CodedOutputStream.newInstance(out, 1 << 16);
        coded.useDeterministicSerialization();
        model.writeTo(coded);
        coded.flush();
    }

    private static void values(BesideMessage parted, OutputStream out, CancelToken cancel) throws IOException {
        byte[] piece = new byte[PIECE];
        long end = 0;
        for (BesideMessage.Values v : parted.values()) {
            out.write(new byte[Math.toIntExact(v.offset() - end)]);
            ByteBuffer bytes = v.bytes().asReadOnlyByteBuffer();
            end = v.offset() + bytes.remaining();
            while (bytes.hasRemaining()) {
                cancel.check();
                int n = Math.min(piece.length, bytes.remaining());
                bytes.get(piece, 0, n);
                out.write(piece, 0, n);
            }
        }
    }
}
