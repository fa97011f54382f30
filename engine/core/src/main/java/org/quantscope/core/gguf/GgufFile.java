package org.quantscope.core.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.io.Quoted;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * One GGUF file, version 2 or 3 (github.com/ggml-org/ggml, docs/gguf.md): metadata, descriptions of tensors, values. Every
 * length is compared with the file before anything is made of it.
 *
 * @param version 2 or 3
 * @param metadata by key, in the order of the file
 * @param tensors in the order of the file
 * @param unused bytes between or behind the tensors that belong to none, beyond what aligns them
 */
public record GgufFile(int version, Map<String, GgufValue> metadata, List<Entry> tensors, long unused) {
    private static final byte[] MAGIC = {'G', 'G', 'U', 'F'};

    /** Files with more tensors are refused. The largest models have some thousand. */
    static final int MAX_TENSORS = 100_000;

    static final int MAX_KEYS = 100_000;

    /** The most dimensions of a tensor; ggml has 4. */
    private static final int MAX_DIMS = 4;

    private static final String ALIGNMENT = "general.alignment";

    private static final long DEFAULT_ALIGNMENT = 32;

    /** No alignment is larger than the pages of any machine. */
    private static final long MAX_ALIGNMENT = 1 << 20;

    public GgufFile {
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        tensors = List.copyOf(tensors);
    }

    /**
     * A tensor of the file.
     *
     * @param shape with the slowest dimension first, the reverse of the file's order
     * @param data empty if the type is not decoded
     */
    public record Entry(String name, GgmlType type, Shape shape, Optional<TensorData> data) {}

    /** A description as it is read; the offset is in bytes from the begin of the values. */
    private record Described(String name, GgmlType type, Shape shape, long offset, long bytes) {
        long end() {
            return offset + bytes;
        }
    }

    /** True if a file begins as GGUF does. */
    public static boolean matches(byte[] head) {
        return head.length >= MAGIC.length + Integer.BYTES
                && head[0] == MAGIC[0]
                && head[1] == MAGIC[1]
                && head[2] == MAGIC[2]
                && head[3] == MAGIC[3];
    }

    /**
     * Reads metadata and descriptions, and maps the values.
     *
     * @param withData false reads no values
     * @throws BadInputException if the file is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static GgufFile read(Path file, boolean withData) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        GgufReader in = new GgufReader(file, mapped.bytes());
        in.skip("magic", MAGIC.length);
        int version = in.int32("version");
        if ((version & 0xffff) == 0) {
            throw new BadInputException(file, "version", "the file is big-endian, only little-endian files are read");
        }
        if (version != 2 && version != 3) {
            throw new BadInputException(
                    file, "version", Integer.toUnsignedString(version) + " is unknown, 2 and 3 are read");
        }
        int count = in.count("tensor count", MAX_TENSORS, GgufReader.LEAST_DESCRIPTION);
        int keys = in.count("metadata count", MAX_KEYS, GgufReader.LEAST_ENTRY);
        Map<String, GgufValue> metadata = metadata(in, file, keys);
        long alignment = alignment(file, metadata);
        List<Described> described = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < count; i++) {
            Described tensor = describe(in, file, i);
            if (!names.add(tensor.name)) {
                throw new BadInputException(file, tensor.name, "is there twice");
            }
            described.add(tensor);
        }
        long start = Math.ceilDiv(in.position(), alignment) * alignment;
        long size = Math.max(0, mapped.size() - start);
        long unused = checkLayout(file, described, alignment, size);
        List<Entry> entries = described.stream()
                .map(d -> new Entry(d.name, d.type, d.shape, data(d, mapped.bytes(), start, withData)))
                .toList();
        return new GgufFile(version, metadata, entries, unused);
    }

    private static Map<String, GgufValue> metadata(GgufReader in, Path file, int keys) {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        for (int i = 0; i < keys; i++) {
            String key = in.string("key " + i + " of the metadata");
            if (key.isEmpty()) {
                throw new BadInputException(file, "metadata", "key " + i + " is empty");
            }
            if (metadata.put(key, in.value("metadata " + Quoted.of(key))) != null) {
                throw new BadInputException(file, key, "is there twice");
            }
        }
        return metadata;
    }

    private static long alignment(Path file, Map<String, GgufValue> metadata) {
        GgufValue value = metadata.get(ALIGNMENT);
        if (value == null) {
            return DEFAULT_ALIGNMENT;
        }
        long alignment = value.unsigned().orElse(-1);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw new BadInputException(
                    file, ALIGNMENT, value.text() + " is no power of two from 1 to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    private static Described describe(GgufReader in, Path file, int index) {
        String name = in.string("name of tensor " + index);
        if (name.isEmpty()) {
            throw new BadInputException(file, "tensor " + index, "has an empty name");
        }
        int rank = in.int32(name);
        if (rank < 0 || rank > MAX_DIMS) {
            throw new BadInputException(
                    file,
                    name,
                    "has " + Integer.toUnsignedString(rank) + " dimensions, the format has at most " + MAX_DIMS);
        }
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[rank - 1 - i] = in.int64(name);
        }
        long values = 1;
        for (long dim : dims) {
            if (dim < 0 || Math.multiplyHigh(values, dim) != 0 || values * dim < 0) {
                throw new BadInputException(
                        file,
                        name,
                        "its dimensions "
                                + LongStream.of(dims)
                                        .mapToObj(Long::toUnsignedString)
                                        .collect(Collectors.joining(" × "))
                                + " are too large");
            }
            values *= dim;
        }
        int number = in.int32(name);
        GgmlType type = GgmlType.of(number)
                .orElseThrow(() ->
                        new BadInputException(file, name, "type " + Integer.toUnsignedString(number) + " is unknown"));
        long columns = rank == 0 ? 1 : dims[rank - 1];
        if (columns % type.blockValues() != 0) {
            throw new BadInputException(
                    file,
                    name,
                    "its rows of " + columns + " values are no whole blocks of " + type.blockValues() + ", as " + type
                            + " needs them");
        }
        long bytes;
        Shape shape;
        try {
            bytes = Math.multiplyExact(values / type.blockValues(), (long) type.blockBytes());
            shape = Shape.of(dims);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new BadInputException(file, name, "is too large: " + e.getMessage(), e);
        }
        return new Described(name, type, shape, in.int64(name), bytes);
    }

    /**
     * Tensors lie within the file, at multiples of the alignment, and none within another.
     *
     * @return the bytes that belong to no tensor
     */
    private static long checkLayout(Path file, List<Described> tensors, long alignment, long size) {
        List<Described> sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparingLong(Described::offset).thenComparingLong(Described::bytes));
        long at = 0;
        long unused = 0;
        for (Described t : sorted) {
            String offset = "offset " + Long.toUnsignedString(t.offset) + " ";
            if (t.offset < 0 || t.offset > size || t.bytes > size - t.offset) {
                throw new BadInputException(
                        file,
                        t.name,
                        offset + "with " + t.bytes + " bytes ends behind the " + size + " bytes of values in the file");
            }
            if (t.offset % alignment != 0) {
                throw new BadInputException(file, t.name, offset + "is no multiple of the alignment " + alignment);
            }
            if (t.offset < at && t.bytes > 0) {
                throw new BadInputException(
                        file, t.name, offset + "lies within the tensor before, which ends at " + at);
            }
            unused += Math.max(0, t.offset - Math.ceilDiv(at, alignment) * alignment);
            at = Math.max(at, t.end());
        }
        return unused + Math.max(0, size - Math.ceilDiv(at, alignment) * alignment);
    }

    private static Optional<TensorData> data(Described d, MemorySegment file, long start, boolean withData) {
        if (!d.type.isRead()) {
            return Optional.empty();
        }
        long count = d.shape.count();
        if (!withData) {
            return Optional.of(d.type.format()
                    .map(f -> TensorData.unread(f, count))
                    .orElseGet(() -> TensorData.unread(dtype(d), count)));
        }
        MemorySegment values =
                d.bytes == 0 ? MemorySegment.ofArray(new byte[0]) : file.asSlice(start + d.offset, d.bytes);
        return Optional.of(d.type.format()
                .map(f -> TensorData.coded(f, values, 1, count))
                .orElseGet(() -> new TensorData(dtype(d), values, ByteOrder.LITTLE_ENDIAN, count)));
    }

    private static DType dtype(Described d) {
        return d.type.dtype().orElseThrow();
    }
}
