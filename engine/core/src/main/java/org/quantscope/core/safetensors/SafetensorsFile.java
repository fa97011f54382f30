package org.quantscope.core.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.json.Utf8Json;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * One safetensors file: the length of the header in 8 little-endian bytes, the header in JSON, the values.
 *
 * @param tensors in the order of the header
 * @param skipped tensors of a type we do not read, with the type
 * @param metadata texts by key: the content of {@code __metadata__}
 */
public record SafetensorsFile(List<Tensor> tensors, List<Skipped> skipped, Map<String, String> metadata) {
    /** The number of bytes before the header. */
    public static final int LENGTH_BYTES = 8;

    /** The longest header that the format allows, in bytes. */
    public static final long MAX_HEADER = 100_000_000;

    /** Files with more tensors are refused. The largest models have some ten thousand in a file. */
    public static final int MAX_TENSORS = 100_000;

    /** The most characters in all texts of the metadata; trainers store some million. */
    static final int MAX_METADATA = 10_000_000;

    static final int MAX_METADATA_KEYS = 100_000;

    /** More numbers in a list are no shape. */
    private static final int MAX_NUMBERS = 64;

    private static final Map<String, DType> DTYPES =
            Stream.of(DType.values()).collect(Collectors.toUnmodifiableMap(DType::name, Function.identity()));

    /** Types of the format that are not read. */
    private static final Set<String> UNREAD_DTYPES =
            Set.of("C64", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F6_E2M3", "F6_E3M2", "F4");

    /** A tensor that is left out. */
    public record Skipped(String name, String dtype) {}

    /** An entry of the header; offsets are in bytes from the end of the header. */
    private record Entry(String name, String dtype, Shape shape, long begin, long end) {}

    /**
     * Reads the header and maps the values.
     *
     * @param withData false reads no values
     * @throws BadInputException if the file is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static SafetensorsFile read(Path file, boolean withData) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        FileCheck.checkBinary(file, FileKind.Wanted.SAFETENSORS, "safetensors");
        if (mapped.size() < LENGTH_BYTES) {
            throw new BadInputException(file, "header length", "is cut off: the file has " + mapped.size() + " bytes");
        }
        long length = mapped.bytes().get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 0 || length > MAX_HEADER) {
            throw new BadInputException(
                    file, "header length", Long.toUnsignedString(length) + " is over the limit of " + MAX_HEADER);
        }
        if (length > mapped.size() - LENGTH_BYTES) {
            throw new BadInputException(
                    file, "header length", length + " ends behind the " + mapped.size() + " bytes of the file");
        }
        List<Entry> entries;
        Map<String, String> metadata = new HashMap<>();
        try {
            entries = header(
                    file, metadata, mapped.bytes().asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE));
        } catch (JacksonException e) {
            throw new BadInputException(
                    file, "header", "is not a UTF-8 JSON object with distinct keys: " + e.getOriginalMessage(), e);
        }
        MemorySegment values = mapped.bytes().asSlice(LENGTH_BYTES + length);
        checkLayout(file, entries, values.byteSize());

        List<Tensor> tensors = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>();
        for (Entry entry : entries) {
            DType dtype = DTYPES.get(entry.dtype);
            if (dtype == null) {
                skipped.add(new Skipped(entry.name, entry.dtype));
            } else {
                tensors.add(tensor(file, entry, dtype, values, withData));
            }
        }
        return new SafetensorsFile(tensors, skipped, metadata);
    }

    private static Tensor tensor(Path file, Entry entry, DType dtype, MemorySegment values, boolean withData) {
        Shape shape = entry.shape;
        long bytes;
        try {
            bytes = Math.multiplyExact(shape.count(), (long) dtype.bytes());
        } catch (ArithmeticException e) {
            throw new BadInputException(file, entry.name, "shape " + shape + " is too large", e);
        }
        if (bytes != entry.end - entry.begin) {
            throw new BadInputException(
                    file,
                    entry.name,
                    "data_offsets hold " + (entry.end - entry.begin) + " bytes, " + shape + " of " + dtype + " wants "
                            + bytes);
        }
        return new Tensor(
                TensorInfo.withoutGraph(new TensorId(entry.name), dtype, shape),
                withData
                        ? new TensorData(
                                dtype, values.asSlice(entry.begin, bytes), ByteOrder.LITTLE_ENDIAN, shape.count())
                        : TensorData.unread(dtype, shape.count()));
    }

    /**
     * Checks the layout: the format allows neither overlaps nor gaps, so the tensors, put in order, cover all bytes of
     * the values.
     */
    private static void checkLayout(Path file, List<Entry> entries, long size) {
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long at = 0;
        for (Entry e : sorted) {
            String offsets = "data_offsets [" + e.begin + ", " + e.end + "] ";
            if (e.begin > e.end) {
                throw new BadInputException(file, e.name, offsets + "end before they begin");
            }
            if (e.end > size) {
                throw new BadInputException(file, e.name, offsets + "end behind the " + size + " bytes of values");
            }
            if (e.begin < at) {
                throw new BadInputException(file, e.name, offsets + "overlap the tensor before, which ends at " + at);
            }
            if (e.begin > at) {
                throw new BadInputException(file, e.name, offsets + "leave a hole behind " + at);
            }
            at = e.end;
        }
        if (at != size) {
            throw new BadInputException(
                    file, "data_offsets", "end at " + at + ", the file holds " + size + " bytes of values");
        }
    }

    private static List<Entry> header(Path file, Map<String, String> metadata, byte[] json) {
        List<Entry> entries = new ArrayList<>();
        if (json.length == 0 || json[0] != '{') {
            throw new BadInputException(file, "header", "does not begin with '{'");
        }
        try (JsonParser in = Utf8Json.parser(json)) {
            in.nextToken();
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                if (name.equals("__metadata__")) {
                    metadata(file, metadata, in);
                } else {
                    entries.add(entry(file, name, in));
                    if (entries.size() > MAX_TENSORS) {
                        throw new BadInputException(file, "header", "lists more than " + MAX_TENSORS + " tensors");
                    }
                }
            }
            if (in.nextToken() != null) {
                throw new BadInputException(file, "header", "goes on after its object");
            }
        }
        return entries;
    }

    private static void metadata(Path file, Map<String, String> into, JsonParser in) {
        expect(file, "__metadata__", in.nextToken(), JsonToken.START_OBJECT, "is no object");
        long characters = 0;
        for (String key = in.nextName(); key != null; key = in.nextName()) {
            expect(file, "__metadata__", in.nextToken(), JsonToken.VALUE_STRING, "value of '" + key + "' is no text");
            into.put(key, in.getString());
            characters += key.length() + in.getStringLength();
            if (characters > MAX_METADATA || into.size() > MAX_METADATA_KEYS) {
                throw new BadInputException(
                        file,
                        "__metadata__",
                        "holds more than " + MAX_METADATA + " characters or " + MAX_METADATA_KEYS + " keys");
            }
        }
    }

    private static Entry entry(Path file, String name, JsonParser in) {
        if (name.isEmpty()) {
            throw new BadInputException(file, "header", "a tensor has an empty name");
        }
        expect(file, name, in.nextToken(), JsonToken.START_OBJECT, "is no object");
        String dtype = null;
        long[] dims = null;
        long[] offsets = null;
        for (String key = in.nextName(); key != null; key = in.nextName()) {
            switch (key) {
                case "dtype" -> {
                    expect(file, name, in.nextToken(), JsonToken.VALUE_STRING, "dtype is no text");
                    dtype = in.getString();
                }
                case "shape" -> dims = sizes(file, name, key, in);
                case "data_offsets" -> offsets = sizes(file, name, key, in);
                default -> throw new BadInputException(file, name, "unknown field '" + key + "'");
            }
        }
        if (dtype == null || dims == null || offsets == null) {
            throw new BadInputException(
                    file, name, (dtype == null ? "dtype" : dims == null ? "shape" : "data_offsets") + " is missing");
        }
        if (!DTYPES.containsKey(dtype) && !UNREAD_DTYPES.contains(dtype)) {
            throw new BadInputException(file, name, "dtype '" + dtype + "' is unknown");
        }
        if (offsets.length != 2) {
            throw new BadInputException(file, name, "data_offsets are " + offsets.length + " numbers, not 2");
        }
        try {
            return new Entry(name, dtype, Shape.of(dims), offsets[0], offsets[1]);
        } catch (IllegalArgumentException e) {
            throw new BadInputException(file, name, Objects.requireNonNull(e.getMessage()), e);
        }
    }

    private static long[] sizes(Path file, String name, String key, JsonParser in) {
        expect(file, name, in.nextToken(), JsonToken.START_ARRAY, key + " is no list");
        Stream.Builder<Long> all = Stream.builder();
        int count = 0;
        for (JsonToken t = in.nextToken(); t != JsonToken.END_ARRAY; t = in.nextToken()) {
            expect(file, name, t, JsonToken.VALUE_NUMBER_INT, key + " holds something that is no integer");
            String text = in.getString();
            long value;
            try {
                value = Long.parseLong(text);
            } catch (NumberFormatException e) {
                throw new BadInputException(file, name, key + " holds " + text + ", which is too large", e);
            }
            if (value < 0) {
                throw new BadInputException(file, name, key + " holds " + text + ", which is negative");
            }
            all.add(value);
            if (++count > MAX_NUMBERS) {
                throw new BadInputException(file, name, key + " holds more than " + MAX_NUMBERS + " numbers");
            }
        }
        return all.build().mapToLong(Long::longValue).toArray();
    }

    private static void expect(Path file, String field, JsonToken is, JsonToken wanted, String problem) {
        if (is != wanted) {
            throw new BadInputException(file, field, problem);
        }
    }
}
