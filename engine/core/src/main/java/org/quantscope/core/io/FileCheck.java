package org.quantscope.core.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.quantscope.core.io.FileKind.Wanted;

/**
 * Refuses files that cannot be what a person opens them as, and says what they are and what to do. A file of which
 * nothing is certain passes: what reads it finds out.
 */
public final class FileCheck {
    /** Kinds that stand for another file, or hold it: the advice is the same whatever was wanted. */
    private static final Set<FileKind> ANYWHERE = EnumSet.of(
            FileKind.GIT_LFS_POINTER,
            FileKind.GIT_ANNEX_POINTER,
            FileKind.DVC_POINTER,
            FileKind.LINK_AS_TEXT,
            FileKind.HTML,
            FileKind.DOWNLOAD_ERROR,
            FileKind.ZIP,
            FileKind.GZIP,
            FileKind.BZIP2,
            FileKind.XZ,
            FileKind.ZSTD,
            FileKind.LZ4,
            FileKind.SEVEN_ZIP,
            FileKind.RAR,
            FileKind.TAR,
            FileKind.MAC_FORK,
            FileKind.OFFICE);

    /** Kinds that a file of raw values may turn out to be. */
    private static final List<FileKind> POINTERS_AND_PAGES = List.of(
            FileKind.GIT_LFS_POINTER,
            FileKind.GIT_ANNEX_POINTER,
            FileKind.DVC_POINTER,
            FileKind.LINK_AS_TEXT,
            FileKind.HTML,
            FileKind.DOWNLOAD_ERROR);

    private static final int MOST_LISTED = 10_000;

    private static final Pattern MODEL_NAME = Pattern.compile("\\.(onnx|safetensors|safetensors\\.index\\.json)$");

    private FileCheck() {}

    /** What a folder holds that could be opened in its place, or that is a model of another format; a clause. */
    public static Optional<String> ofFolder(Path folder) throws IOException {
        if (Files.isRegularFile(folder.resolve("saved_model.pb"))) {
            return Optional.of(", a TensorFlow SavedModel; " + FileKind.TENSORFLOW_ADVICE);
        }
        if (String.valueOf(folder.getFileName()).endsWith(".mlpackage")) {
            return Optional.of(", a Core ML package; " + FileKind.ORIGINAL_ADVICE);
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.limit(MOST_LISTED)
                    .map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> MODEL_NAME.matcher(name).find())
                    // The index of a model in shards comes before the shards.
                    .min(Comparator.comparing((String name) -> !name.endsWith(".index.json"))
                            .thenComparing(Comparator.naturalOrder()))
                    .map(name -> ", a model is one file; open " + Quoted.of(name) + " in it");
        }
    }

    /**
     * Refuses a file that is certainly not what is wanted.
     *
     * @param supported what could be read in its place, for the message
     * @throws BadInputException saying what it is and what to do
     * @throws IOException if it cannot be read
     */
    public static void check(Path file, Wanted wanted, String supported) throws IOException {
        check(FileHead.of(file), file, wanted, supported);
    }

    private static void check(FileHead head, Path file, Wanted wanted, String supported) throws IOException {
        Optional<FileKind> kind = FileKind.of(head).filter(k -> k != FileKind.GZIP && !k.isReadAs(wanted));
        if (kind.isPresent()) {
            throw refusal(kind.get(), file, head, wanted, supported);
        }
    }

    /**
     * Says what a file is that nothing could read.
     *
     * @param supported what could be read in its place
     */
    public static BadInputException unreadable(Path file, Wanted wanted, String supported) throws IOException {
        FileHead head = FileHead.of(file);
        Optional<FileKind> kind = FileKind.of(head).filter(k -> !k.isReadAs(wanted));
        if (kind.isPresent()) {
            return refusal(kind.get(), file, head, wanted, supported);
        }
        String is = head.length() == 0
                ? "is empty"
                : head.isZeros()
                        ? "begins with zeros only, as a file does whose download or copy did not finish"
                        : head.isText() ? "is a text file" : "is not recognised";
        return new BadInputException(
                file, "format", is + companionOf(file, wanted).orElse("") + "; supported: " + supported);
    }

    /**
     * Refuses a file of raw values that a model names, if it holds a pointer or a page. Nothing else is looked for,
     * because values may look like anything.
     *
     * @param name of the file, for the message
     * @throws BadInputException naming the model, the field and the file
     */
    public static void checkValues(Path model, String field, Path name, MemorySegment content) {
        FileHead head = FileHead.of(content);
        for (FileKind kind : POINTERS_AND_PAGES) {
            if (kind.fits(head)) {
                throw new BadInputException(
                        model, field, "'" + name + "' is " + kind.what(head) + "; " + kind.advice());
            }
        }
    }

    /**
     * Refuses a file that is certainly not what is wanted, or no text at all. An empty file passes.
     *
     * @param supported what could be read in its place, for the message
     * @throws BadInputException saying what it is and what to do
     * @throws IOException if it cannot be read
     */
    public static void checkText(Path file, Wanted wanted, String supported) throws IOException {
        FileHead head = FileHead.of(file);
        check(head, file, wanted, supported);
        boolean damagedJson = wanted == Wanted.JSON && (head.at(0) == '{' || head.at(0) == '[');
        if (head.length() > 0 && !head.isText() && !damagedJson) {
            throw unreadable(file, wanted, supported);
        }
    }

    /** As {@link #checkText}, of a file that cannot be a text. */
    public static void checkBinary(Path file, Wanted wanted, String supported) throws IOException {
        FileHead head = FileHead.of(file);
        check(head, file, wanted, supported);
        if (head.length() > 0 && head.isText()) {
            throw unreadable(file, wanted, supported);
        }
    }

    /**
     * Reads a file of lines of text.
     *
     * @param maxBytes the file is refused if it is longer
     * @param supported what it should be, for the message
     * @throws BadInputException if it is longer, or certainly no text
     */
    public static String text(Path file, long maxBytes, String supported) throws IOException {
        long size = Files.size(file);
        if (size > maxBytes) {
            throw new BadInputException(file, "size", size + " bytes; at most " + maxBytes + " are read");
        }
        checkText(file, Wanted.TEXT, supported);
        return new String(InputFile.bytes(file, Math.toIntExact(maxBytes), "a file of text"), StandardCharsets.UTF_8);
    }

    private static BadInputException refusal(FileKind kind, Path file, FileHead head, Wanted wanted, String supported) {
        String said = "is " + kind.what(head);
        String more;
        if (ANYWHERE.contains(kind) || (wanted == Wanted.MODEL && !kind.advice().isEmpty())) {
            more = "; " + kind.advice();
        } else if (wanted == Wanted.DATA && kind.holdsArrays()) {
            more = "; " + kind.advice();
        } else {
            more = "; supported: " + supported;
        }
        return new BadInputException(file, "format", said + more);
    }

    /** For raw values, which no content tells: the file beside it that they belong to. */
    private static Optional<String> companionOf(Path file, Wanted wanted) {
        if (wanted != Wanted.MODEL) {
            return Optional.empty();
        }
        String name = String.valueOf(file.getFileName());
        String stem = name.replaceFirst("[._](onnx_data|data|bin|weights)(-\\d+-of-\\d+)?$", "");
        for (String owner : List.of(stem, stem + ".onnx", stem + ".xml")) {
            Path beside = file.resolveSibling(owner);
            if (!owner.equals(name) && !stem.equals(name) && Files.isRegularFile(beside)) {
                return Optional.of("; it may hold the values of " + owner + " beside it"
                        + (owner.endsWith(".onnx") ? ": open that" : ", the graph of an OpenVINO model"));
            }
        }
        return Optional.empty();
    }
}
