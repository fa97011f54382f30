package org.quantscope.core.npy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.MappedFile;
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
    /** The longest zip directory we read, in bytes: some ten thousand members. */
    static final long MAX_DIRECTORY = 8 << 20;

    /** Deflate never compresses better than this (RFC 1951: 258 bytes from two bits). */
    private static final long MAX_DEFLATE_RATIO = 1032;

    /** The longest text of an array, in bytes. */
    private static final int MAX_TEXT_BYTES = 1 << 16;

    /** NumPy's types of text: byte order, kind and length. */
    private static final Pattern TEXT = Pattern.compile("([<>|]?)([US])(\\d{1,6})");

    private static final int END_RECORD_BYTES = 22;
    private static final int END_RECORD = 0x06054b50;
    private static final int ZIP64_LOCATOR = 0x07064b50;
    private static final int ZIP64_LOCATOR_BYTES = 20;
    private static final int ZIP64_END_RECORD_BYTES = 56;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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
        return open(file, (mapped, zip) -> new Reader(mapped, zip, withData, false).read());
    }

    /** As {@link #read}, but arrays that do not hold numbers are named in {@link #others} instead of refused. */
    public static Npz readNumbers(Path file, Predicate<String> withData) throws IOException {
        return open(file, (mapped, zip) -> new Reader(mapped, zip, withData, true).read());
    }

    /**
     * The texts in an array of text ({@code U} or {@code S} in NumPy's types) with one dimension.
     *
     * @param name of the array, one of {@link #others}
     * @return empty if it holds something else, has more dimensions, or more than {@code most} texts
     * @throws BadInputException if it is damaged
     */
    public static Optional<List<String>> texts(Path file, String name, int most) throws IOException {
        return open(file, (mapped, zip) -> new Reader(mapped, zip, n -> false, true).texts(name, most));
    }

    @FunctionalInterface
    private interface Reading<R> {
        R read(MappedFile mapped, ZipFile zip) throws IOException;
    }

    private static <R> R open(Path file, Reading<R> reading) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        FileCheck.checkBinary(file, FileKind.Wanted.NPZ, "npz");
        checkDirectory(mapped);
        try (ZipFile zip = ZipFile.builder().setPath(file).get()) {
            return reading.read(mapped, zip);
        } catch (IOException | IllegalArgumentException e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new BadInputException(file, "zip", "is damaged: " + cause.getMessage(), e);
        }
    }

    /** Limits what the zip library will read into memory. */
    private static void checkDirectory(MappedFile mapped) {
        MemorySegment bytes = mapped.bytes();
        long end = endRecord(bytes);
        if (end < 0) {
            throw new BadInputException(mapped.path(), "zip", "has no directory: the file is cut off");
        }
        long start = Integer.toUnsignedLong(bytes.get(INT, end + 16));
        long locator = end - ZIP64_LOCATOR_BYTES;
        if (locator >= 0 && bytes.get(INT, locator) == ZIP64_LOCATOR) {
            long end64 = bytes.get(LONG, locator + 8);
            if (end64 < 0 || end64 > locator - ZIP64_END_RECORD_BYTES) {
                throw new BadInputException(
                        mapped.path(), "zip", "zip64 directory end " + end64 + " is outside the file");
            }
            start = bytes.get(LONG, end64 + 48);
        }
        if (start < 0 || start > end) {
            throw new BadInputException(mapped.path(), "zip", "directory offset " + start + " is outside the file");
        }
        if (end - start > MAX_DIRECTORY) {
            throw new BadInputException(
                    mapped.path(),
                    "zip",
                    "directory of " + (end - start) + " bytes is over the limit of " + MAX_DIRECTORY);
        }
    }

    /** The offset of the end record, which is followed by a comment of at most 65535 bytes. */
    private static long endRecord(MemorySegment bytes) {
        long last = bytes.byteSize() - END_RECORD_BYTES;
        for (long at = last; at >= 0 && at >= last - 0xffff; at--) {
            if (bytes.get(INT, at) == END_RECORD) {
                return at;
            }
        }
        return -1;
    }

    /** Reads one archive. */
    private static final class Reader {
        private final MappedFile mapped;
        private final Path file;
        private final ZipFile zip;
        private final Predicate<String> withData;
        private final CopyBudget budget;
        /** True if arrays that do not hold numbers are named instead of refused. */
        private final boolean lenient;

        Reader(MappedFile mapped, ZipFile zip, Predicate<String> withData, boolean lenient) {
            this.lenient = lenient;
            this.mapped = mapped;
            this.file = mapped.path();
            this.zip = zip;
            this.withData = withData;
            this.budget = new CopyBudget(file);
        }

        Npz read() throws IOException {
            List<ZipArchiveEntry> entries = Collections.list(zip.getEntries());
            checkPlaces(entries);
            List<Tensor> arrays = new ArrayList<>();
            List<String> ignored = new ArrayList<>();
            Map<String, String> others = new LinkedHashMap<>();
            Set<String> names = new HashSet<>();
            for (ZipArchiveEntry entry : entries) {
                String member = memberName(entry);
                if (!names.add(member)) {
                    throw new BadInputException(file, member, "is there twice");
                }
                if (entry.isDirectory() || Npy.nameOf(member).equals(member)) {
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
            if (arrays.isEmpty() && others.isEmpty() && !entries.isEmpty()) {
                throw new BadInputException(
                        file,
                        "zip",
                        "holds no .npy array, only '" + ignored.getFirst() + "'"
                                + (ignored.size() > 1 ? " and more" : ""));
            }
            return new Npz(arrays, ignored, others);
        }

        /** The header of an array that does not hold numbers; empty if it does, or cannot be unpacked. */
        private Optional<NpyHeader.Other> other(ZipArchiveEntry entry, String member) throws IOException {
            if (!zip.canReadEntryData(entry)) {
                return Optional.empty();
            }
            try (InputStream in = zip.getInputStream(entry)) {
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
            for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
                String member = memberName(entry);
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
                if (each > MAX_TEXT_BYTES || each * count + other.start() != entry.getSize()) {
                    throw new BadInputException(
                            file, member, count + " texts of " + each + " bytes do not fill its " + entry.getSize());
                }
                budget.take(each * count, member);
                try (InputStream in = zip.getInputStream(entry)) {
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

        private String memberName(ZipArchiveEntry entry) {
            byte[] raw = entry.getRawName();
            try {
                String name = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(raw))
                        .toString();
                if (name.isEmpty()) {
                    throw new BadInputException(file, "zip", "a member has an empty name");
                }
                return name;
            } catch (CharacterCodingException e) {
                throw new BadInputException(
                        file,
                        "zip",
                        "member name '" + new String(raw, StandardCharsets.ISO_8859_1) + "' is not UTF-8",
                        e);
            }
        }

        /** Checks that members lie within the file and do not overlap. */
        private void checkPlaces(List<ZipArchiveEntry> entries) {
            List<ZipArchiveEntry> sorted = new ArrayList<>(entries);
            sorted.sort(Comparator.comparingLong(ZipArchiveEntry::getDataOffset));
            long free = 0;
            for (ZipArchiveEntry e : sorted) {
                long begin = e.getDataOffset();
                long size = e.getCompressedSize();
                if (begin < 0 || size < 0 || begin > mapped.size() || size > mapped.size() - begin) {
                    throw new BadInputException(
                            file,
                            e.getName(),
                            size + " bytes at " + begin + " end behind the " + mapped.size() + " bytes of the file");
                }
                if (size > 0 && begin < free) {
                    throw new BadInputException(file, e.getName(), "overlaps another member, which ends at " + free);
                }
                free = Math.max(free, begin + size);
            }
        }

        private Tensor array(ZipArchiveEntry entry, String member) throws IOException {
            if (entry.getGeneralPurposeBit().usesEncryption()) {
                throw new BadInputException(file, member, "is encrypted");
            }
            return switch (entry.getMethod()) {
                case ZipEntry.STORED -> stored(entry, member);
                case ZipEntry.DEFLATED -> deflated(entry, member);
                default ->
                    throw new BadInputException(
                            file,
                            member,
                            "compression method " + entry.getMethod() + " is not supported, stored and deflated are");
            };
        }

        private Tensor stored(ZipArchiveEntry entry, String member) {
            if (entry.getSize() != entry.getCompressedSize()) {
                throw new BadInputException(
                        file,
                        member,
                        "is stored, but its size " + entry.getSize() + " is not the " + entry.getCompressedSize()
                                + " bytes it takes");
            }
            MemorySegment content = mapped.bytes().asSlice(entry.getDataOffset(), entry.getSize());
            NpyHeader header = NpyHeader.parse(content, file, member);
            checkSize(header, entry, member);
            if (!isWanted(member)) {
                return unread(header, member);
            }
            if (header.isReordered()) {
                budget.take(header.valueBytes(), member);
            }
            return tensor(header, member, header.data(content.asSlice(header.start(), header.valueBytes())));
        }

        private Tensor deflated(ZipArchiveEntry entry, String member) throws IOException {
            if (entry.getSize() / MAX_DEFLATE_RATIO > entry.getCompressedSize()) {
                throw new BadInputException(
                        file, member, entry.getCompressedSize() + " bytes cannot unpack to " + entry.getSize());
            }
            try (InputStream in = zip.getInputStream(entry)) {
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
                budget.take(header.valueBytes(), member);
                if (header.isReordered()) {
                    budget.take(header.valueBytes(), member);
                }
                crc.update(head);
                byte[] values = new byte[(int) header.valueBytes()];
                int read = in.readNBytes(values, 0, values.length);
                crc.update(values, 0, read);
                if (read < values.length || in.read() >= 0) {
                    throw new BadInputException(
                            file, member, "does not unpack to the " + entry.getSize() + " bytes it promises");
                }
                if (crc.getValue() != entry.getCrc()) {
                    throw new BadInputException(file, member, "checksum is wrong: the member is damaged");
                }
                return tensor(header, member, header.data(MemorySegment.ofArray(values)));
            }
        }

        private void checkSize(NpyHeader header, ZipArchiveEntry entry, String member) {
            if (header.totalBytes() != entry.getSize()) {
                throw new BadInputException(
                        file,
                        member,
                        header.shape() + " of " + header.dtype() + " wants " + header.totalBytes()
                                + " bytes with its header, the member has " + entry.getSize());
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
