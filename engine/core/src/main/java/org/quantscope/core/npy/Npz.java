package org.quantscope.core.npy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.ZipArchive;
import org.quantscope.core.io.ZipArchive.Member;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The arrays of an .npz archive, in the order of its directory.
 *
 * <p>Stored members are used in place in the mapped file, without computing their checksum. Deflated members are
 * unpacked, to exactly the size that their own header states and within a budget for the whole file. The name of a
 * member is never used as a path: nothing is written.
 *
 * @param arrays named like their members, without {@code .npy}
 * @param ignored names of the members that are not {@code .npy} files
 * @param others the NumPy type of each array that does not hold numbers, such as text or dates, by its name
 */
public record Npz(List<Tensor> arrays, List<String> ignored, Map<String, String> others) {
    /** The longest text of an array, in bytes. */
    private static final int MAX_TEXT_BYTES = 1 << 16;

    /** NumPy's types of text: byte order, kind and length. */
    private static final Pattern TEXT = Pattern.compile("([<>|]?)([US])(\\d{1,6})");

    public Npz {
        arrays = List.copyOf(arrays);
        ignored = List.copyOf(ignored);
        others = Collections.unmodifiableMap(new LinkedHashMap<>(others));
    }

    /**
     * True if a file that begins with these bytes may be an archive: a zip begins with a member, or with the end of an
     * empty directory.
     */
    public static boolean matches(byte[] head) {
        return head.length >= 4
                && head[0] == 'P'
                && head[1] == 'K'
                && ((head[2] == 3 && head[3] == 4) || (head[2] == 5 && head[3] == 6));
    }

    /**
     * @param withData true for the arrays whose values are to be read; of the others only the header is read
     * @throws BadInputException if the archive is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static Npz read(Path file, Predicate<String> withData) throws IOException {
        return open(file, zip -> new Reader(file, zip, withData, false).read());
    }

    /** As {@link #read}, but arrays that do not hold numbers are named in {@link #others} instead of refused. */
    public static Npz readNumbers(Path file, Predicate<String> withData) throws IOException {
        return open(file, zip -> new Reader(file, zip, withData, true).read());
    }

    /**
     * The texts in an array of text ({@code U} or {@code S} in NumPy's types) with one dimension.
     *
     * @param name of the array, one of {@link #others}
     * @return empty if it holds something else, has more dimensions, or more than {@code most} texts
     * @throws BadInputException if it is damaged
     */
    public static Optional<List<String>> texts(Path file, String name, int most) throws IOException {
        return open(file, zip -> new Reader(file, zip, n -> false, true).texts(name, most));
    }

    private static <R> R open(Path file, ZipArchive.Reading<R> reading) throws IOException {
        if (Files.isRegularFile(file)) {
            FileCheck.checkBinary(file, FileKind.Wanted.NPZ, "npz");
        }
        return ZipArchive.open(file, reading);
    }

    /** Reads one archive. */
    private static final class Reader {
        private final Path file;
        private final ZipArchive zip;
        private final Predicate<String> withData;
        /** True if arrays that do not hold numbers are named instead of refused. */
        private final boolean lenient;

        Reader(Path file, ZipArchive zip, Predicate<String> withData, boolean lenient) {
            this.file = file;
            this.zip = zip;
            this.withData = withData;
            this.lenient = lenient;
        }

        Npz read() throws IOException {
            List<Tensor> arrays = new ArrayList<>();
            List<String> ignored = new ArrayList<>();
            Map<String, String> others = new LinkedHashMap<>();
            for (Member entry : zip.members().values()) {
                String member = entry.name();
                if (entry.isFolder() || Npy.nameOf(member).equals(member)) {
                    ignored.add(member);
                    continue;
                }
                Optional<NpyHeader.Other> other = lenient ? other(entry, member) : Optional.empty();
                if (other.isPresent()) {
                    others.put(Npy.nameOf(member), other.get().descr());
                } else {
                    arrays.add(array(entry, member));
                }
            }
            if (arrays.isEmpty() && others.isEmpty() && !zip.members().isEmpty()) {
                throw new BadInputException(
                        file,
                        "zip",
                        "holds no .npy array, only '" + ignored.getFirst() + "'"
                                + (ignored.size() > 1 ? " and more" : ""));
            }
            return new Npz(arrays, ignored, others);
        }

        /** The header of an array that does not hold numbers; empty if it does. */
        private Optional<NpyHeader.Other> other(Member entry, String member) throws IOException {
            try (InputStream in = zip.stream(entry)) {
                byte[] prefix = in.readNBytes(NpyHeader.PREFIX_BYTES);
                int start = NpyHeader.startOf(MemorySegment.ofArray(prefix), file, member);
                byte[] head = Arrays.copyOf(prefix, Math.max(start, prefix.length));
                if (in.readNBytes(head, prefix.length, head.length - prefix.length) < head.length - prefix.length) {
                    throw new BadInputException(file, member, "header of " + start + " bytes is cut off");
                }
                return NpyHeader.other(MemorySegment.ofArray(head), file, member);
            }
        }

        Optional<List<String>> texts(String name, int most) throws IOException {
            for (Member entry : zip.members().values()) {
                String member = entry.name();
                if (!Npy.nameOf(member).equals(name) || member.equals(name)) {
                    continue;
                }
                Optional<NpyHeader.Other> found = other(entry, member);
                Matcher type = TEXT.matcher(found.map(NpyHeader.Other::descr).orElse(""));
                if (found.isEmpty()
                        || !type.matches()
                        || found.get().shape().size() != 1
                        || found.get().shape().getFirst() > most) {
                    return Optional.empty();
                }
                NpyHeader.Other other = found.get();
                boolean wide = type.group(2).equals("U");
                long each = Long.parseLong(type.group(3)) * (wide ? 4 : 1);
                int count = Math.toIntExact(other.shape().getFirst());
                if (each > MAX_TEXT_BYTES || each * count + other.start() != entry.size()) {
                    throw new BadInputException(
                            file, member, count + " texts of " + each + " bytes do not fill its " + entry.size());
                }
                zip.budget().take(each * count, member);
                try (InputStream in = zip.stream(entry)) {
                    in.skipNBytes(other.start());
                    Charset set = !wide
                            ? StandardCharsets.UTF_8
                            : Charset.forName(type.group(1).equals(">") ? "UTF-32BE" : "UTF-32LE");
                    List<String> texts = new ArrayList<>();
                    for (int i = 0; i < count; i++) {
                        String text = new String(in.readNBytes((int) each), set);
                        int end = text.indexOf('\0');
                        texts.add(end < 0 ? text : text.substring(0, end));
                    }
                    return Optional.of(texts);
                }
            }
            return Optional.empty();
        }

        private Tensor array(Member entry, String member) throws IOException {
            return entry.isStored() ? stored(entry, member) : deflated(entry, member);
        }

        private Tensor stored(Member entry, String member) throws IOException {
            MemorySegment content = zip.content(entry);
            NpyHeader header = NpyHeader.parse(content, file, member);
            checkSize(header, entry, member);
            if (!isWanted(member)) {
                return unread(header, member);
            }
            if (header.isReordered()) {
                zip.budget().take(header.valueBytes(), member);
            }
            return tensor(header, member, header.data(content.asSlice(header.start(), header.valueBytes())));
        }

        private Tensor deflated(Member entry, String member) throws IOException {
            try (InputStream in = zip.stream(entry)) {
                CRC32 crc = new CRC32();
                byte[] prefix = in.readNBytes(NpyHeader.PREFIX_BYTES);
                int start = NpyHeader.startOf(MemorySegment.ofArray(prefix), file, member);
                byte[] head = new byte[Math.max(start, prefix.length)];
                System.arraycopy(prefix, 0, head, 0, prefix.length);
                if (in.readNBytes(head, prefix.length, head.length - prefix.length) < head.length - prefix.length) {
                    throw new BadInputException(file, member, "header of " + start + " bytes is cut off");
                }
                NpyHeader header = NpyHeader.parse(MemorySegment.ofArray(head), file, member);
                checkSize(header, entry, member);
                if (!isWanted(member)) {
                    return unread(header, member);
                }
                zip.budget().take(header.valueBytes(), member);
                if (header.isReordered()) {
                    zip.budget().take(header.valueBytes(), member);
                }
                crc.update(head);
                byte[] values = new byte[(int) header.valueBytes()];
                int read = in.readNBytes(values, 0, values.length);
                crc.update(values, 0, read);
                zip.checkEnd(entry, read == values.length && in.read() < 0, crc);
                return tensor(header, member, header.data(MemorySegment.ofArray(values)));
            }
        }

        private void checkSize(NpyHeader header, Member entry, String member) {
            if (header.totalBytes() != entry.size()) {
                throw new BadInputException(
                        file,
                        member,
                        header.shape() + " of " + header.dtype() + " wants " + header.totalBytes()
                                + " bytes with its header, the member has " + entry.size());
            }
        }

        private boolean isWanted(String member) {
            return withData.test(Npy.nameOf(member));
        }

        private static Tensor unread(NpyHeader header, String member) {
            return tensor(
                    header,
                    member,
                    TensorData.unread(header.dtype(), header.shape().count()));
        }

        private static Tensor tensor(NpyHeader header, String member, TensorData values) {
            return new Tensor(
                    TensorInfo.withoutGraph(new TensorId(Npy.nameOf(member)), header.dtype(), header.shape()), values);
        }
    }
}
