package org.quantscope.core.tflite;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.io.ZipArchive;

/**
 * The files that a model carries behind its tables, as a zip archive (TensorFlow Lite Metadata, "associated files"), such as
 * the labels of its classes.
 *
 * @param sizes bytes of each file, by its name, in their order
 * @param texts the lines of those that are texts, without those that are blank at the end
 */
public record AttachedFiles(Map<String, Long> sizes, Map<String, List<String>> texts) {
    /** Longer texts are not read. */
    private static final long MAX_TEXT = 1 << 20;

    /** The end of an archive without a comment, which is what the tools write. */
    private static final int END_BYTES = 22;

    private static final byte[] END = {'P', 'K', 5, 6};

    public AttachedFiles {
        sizes = Collections.unmodifiableMap(new LinkedHashMap<>(sizes));
        texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
    }

    /**
     * Reads what is behind a model.
     *
     * @return empty if there is nothing
     * @throws BadInputException if the archive is damaged
     * @throws IOException if the file cannot be read at all
     */
    public static Optional<AttachedFiles> of(Path file) throws IOException {
        MemorySegment bytes = MappedFile.map(file).bytes();
        long end = bytes.byteSize() - END_BYTES;
        if (end < 0 || bytes.asSlice(end, END.length).mismatch(MemorySegment.ofArray(END)) >= 0) {
            return Optional.empty();
        }
        return Optional.of(ZipArchive.open(file, AttachedFiles::read));
    }

    private static AttachedFiles read(ZipArchive archive) throws IOException {
        Map<String, Long> sizes = new LinkedHashMap<>();
        Map<String, List<String>> texts = new LinkedHashMap<>();
        for (ZipArchive.Member member : archive.members().values()) {
            if (!member.isFolder()) {
                sizes.put(member.name(), member.size());
                if (member.size() <= MAX_TEXT && member.name().endsWith(".txt")) {
                    lines(archive.content(member)).ifPresent(lines -> texts.put(member.name(), lines));
                }
            }
        }
        return new AttachedFiles(sizes, texts);
    }

    /** The lines of a text in UTF-8; empty if it is none. */
    private static Optional<List<String>> lines(MemorySegment text) {
        try {
            List<String> lines = new ArrayList<>(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text.toArray(ValueLayout.JAVA_BYTE)))
                    .toString()
                    .lines()
                    .map(String::strip)
                    .toList());
            while (!lines.isEmpty() && lines.getLast().isEmpty()) {
                lines.removeLast();
            }
            return Optional.of(List.copyOf(lines));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /** The labels of an output with that many classes: the first text with as many lines; empty if there is none. */
    public List<String> labels(long classes) {
        return texts.values().stream()
                .filter(lines -> lines.size() == classes)
                .findFirst()
                .orElse(List.of());
    }
}
