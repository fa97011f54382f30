package org.quantscope.core.io;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * A zip archive whose stored members are used in place in the mapped file, without computing their checksum. Deflated ones
 * are unpacked to exactly the size that they promise, within a budget for the whole file. The name of a member is never used
 * as a path: nothing is written.
 */
public final class ZipArchive {
    /** The longest directory that is read, in bytes: some ten thousand members. */
    public static final long MAX_DIRECTORY = 8 << 20;

    /** Deflate never compresses better than this (RFC 1951: 258 bytes from two bits). */
    private static final long MAX_DEFLATE_RATIO = 1032;

    private static final int END_RECORD_BYTES = 22;
    private static final int END_RECORD = 0x06054b50;
    private static final int ZIP64_LOCATOR = 0x07064b50;
    private static final int ZIP64_LOCATOR_BYTES = 20;
    private static final int ZIP64_END_RECORD_BYTES = 56;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MappedFile mapped;
    private final ZipFile zip;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final CopyBudget budget;

    /** A member of the archive. */
    public static final class Member {
        private final String name;
        private final ZipArchiveEntry entry;

        private Member(String name, ZipArchiveEntry entry) {
            this.name = name;
            this.entry = entry;
        }

        public String name() {
            return name;
        }

        /** Its size in bytes when it is unpacked, as it says itself. */
        public long size() {
            return entry.getSize();
        }

        public boolean isFolder() {
            return entry.isDirectory();
        }

        /** True if it is not compressed. */
        public boolean isStored() {
            return entry.getMethod() == ZipEntry.STORED;
        }

        /** The checksum that it should have. */
        public long crc() {
            return entry.getCrc();
        }
    }

    /** What is done with an open archive. */
    @FunctionalInterface
    public interface Reading<R> {
        R read(ZipArchive archive) throws IOException;
    }

    private ZipArchive(MappedFile mapped, ZipFile zip, CopyBudget budget) {
        this.mapped = mapped;
        this.zip = zip;
        this.budget = budget;
        List<ZipArchiveEntry> entries = Collections.list(zip.getEntries());
        checkPlaces(entries);
        for (ZipArchiveEntry entry : entries) {
            String name = name(entry);
            if (members.put(name, new Member(name, entry)) != null) {
                throw new BadInputException(mapped.path(), name, "is there twice");
            }
        }
    }

    /**
     * Opens an archive, with limits on its directory, for as long as it is read.
     *
     * @throws BadInputException if it is damaged or contradicts itself
     * @throws IOException if it cannot be read at all
     */
    public static <R> R open(Path file, Reading<R> reading) throws IOException {
        return open(MappedFile.map(file), new CopyBudget(file), reading);
    }

    /**
     * Opens a member that is an archive itself, for as long as it is read.
     *
     * @throws BadInputException if it is damaged or contradicts itself
     */
    public <R> R inner(Member member, Reading<R> reading) throws IOException {
        return open(new MappedFile(mapped.path(), content(member)), budget, reading);
    }

    private static <R> R open(MappedFile mapped, CopyBudget budget, Reading<R> reading) throws IOException {
        Path file = mapped.path();
        checkDirectory(mapped);
        try (ZipFile zip = ZipFile.builder()
                .setSeekableByteChannel(new SegmentChannel(mapped.bytes()))
                .get()) {
            return reading.read(new ZipArchive(mapped, zip, budget));
        } catch (IOException | IllegalArgumentException e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new BadInputException(file, "zip", "is damaged: " + cause.getMessage(), e);
        }
    }

    /** The members by their name, in the order of the directory. */
    public Map<String, Member> members() {
        return Collections.unmodifiableMap(members);
    }

    /** What is left for copies of members that cannot be used in place. */
    public CopyBudget budget() {
        return budget;
    }

    /**
     * The bytes of a member, in place if it is stored.
     *
     * @throws BadInputException if it is damaged, compressed in a way that is not read, or too large to unpack
     */
    public MemorySegment content(Member member) throws IOException {
        check(member);
        if (member.isStored()) {
            return mapped.bytes().asSlice(member.entry.getDataOffset(), member.size());
        }
        budget.take(member.size(), member.name);
        byte[] bytes = new byte[(int) member.size()];
        try (InputStream in = zip.getInputStream(member.entry)) {
            int read = in.readNBytes(bytes, 0, bytes.length);
            CRC32 crc = new CRC32();
            crc.update(bytes, 0, read);
            checkEnd(member, read == bytes.length && in.read() < 0, crc);
        }
        return MemorySegment.ofArray(bytes);
    }

    /** Unpacks a member as it is read; the caller closes it. */
    public InputStream stream(Member member) throws IOException {
        check(member);
        return zip.getInputStream(member.entry);
    }

    /**
     * Says what is wrong with a member that has been read to its end.
     *
     * @param whole true if it had the bytes that it promises and no more
     */
    public void checkEnd(Member member, boolean whole, CRC32 crc) {
        if (!whole) {
            throw new BadInputException(
                    mapped.path(), member.name, "does not unpack to the " + member.size() + " bytes it promises");
        }
        if (crc.getValue() != member.crc()) {
            throw new BadInputException(mapped.path(), member.name, "checksum is wrong: the member is damaged");
        }
    }

    private void check(Member member) {
        ZipArchiveEntry entry = member.entry;
        if (entry.getGeneralPurposeBit().usesEncryption()) {
            throw new BadInputException(mapped.path(), member.name, "is encrypted");
        }
        switch (entry.getMethod()) {
            case ZipEntry.STORED -> {
                if (entry.getSize() != entry.getCompressedSize()) {
                    throw new BadInputException(
                            mapped.path(),
                            member.name,
                            "is stored, but its size " + entry.getSize() + " is not the " + entry.getCompressedSize()
                                    + " bytes it takes");
                }
            }
            case ZipEntry.DEFLATED -> {
                if (entry.getSize() / MAX_DEFLATE_RATIO > entry.getCompressedSize()) {
                    throw new BadInputException(
                            mapped.path(),
                            member.name,
                            entry.getCompressedSize() + " bytes cannot unpack to " + entry.getSize());
                }
            }
            default ->
                throw new BadInputException(
                        mapped.path(),
                        member.name,
                        "compression method " + entry.getMethod() + " is not supported, stored and deflated are");
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

    private String name(ZipArchiveEntry entry) {
        byte[] raw = entry.getRawName();
        try {
            String name = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(raw))
                    .toString();
            if (name.isEmpty()) {
                throw new BadInputException(mapped.path(), "zip", "a member has an empty name");
            }
            return name;
        } catch (CharacterCodingException e) {
            throw new BadInputException(
                    mapped.path(),
                    "zip",
                    "member name '" + new String(raw, StandardCharsets.ISO_8859_1) + "' is not UTF-8",
                    e);
        }
    }

    /** Checks that members lie within the file and do not overlap. */
    private void checkPlaces(Collection<ZipArchiveEntry> entries) {
        List<ZipArchiveEntry> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(ZipArchiveEntry::getDataOffset));
        long free = 0;
        for (ZipArchiveEntry e : sorted) {
            long begin = e.getDataOffset();
            long size = e.getCompressedSize();
            if (begin < 0 || size < 0 || begin > mapped.size() || size > mapped.size() - begin) {
                throw new BadInputException(
                        mapped.path(),
                        e.getName(),
                        size + " bytes at " + begin + " end behind the " + mapped.size() + " bytes of the file");
            }
            if (size > 0 && begin < free) {
                throw new BadInputException(
                        mapped.path(), e.getName(), "overlaps another member, which ends at " + free);
            }
            free = Math.max(free, begin + size);
        }
    }
}
