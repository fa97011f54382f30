package org.quantscope.core.hdf5;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/** An array of a file: its description, and the way to its values (layout and filter messages, IV.A.2.i and IV.A.2.l). */
public final class Hdf5Array {
    private final MappedFile mapped;
    private final Hdf5Bytes bytes;
    private final ObjectHeader header;
    private final Hdf5Type type;
    private final Shape shape;
    private final String field;

    private Hdf5Array(
            MappedFile mapped, Hdf5Bytes bytes, ObjectHeader header, Hdf5Type type, Shape shape, String field) {
        this.mapped = mapped;
        this.bytes = bytes;
        this.header = header;
        this.type = type;
        this.shape = shape;
        this.field = field;
    }

    static Hdf5Array of(
            MappedFile mapped, Hdf5Bytes bytes, ObjectHeader header, Hdf5Type type, Shape shape, String field) {
        return new Hdf5Array(mapped, bytes, header, type, shape, field);
    }

    /** Empty if its elements are of no type that tensors have. */
    public Optional<DType> dtype() {
        return type.dtype();
    }

    /** What its elements are, for a person. */
    public String said() {
        return type.said();
    }

    /** Bytes of an element. */
    public long elementBytes() {
        return type.bytes();
    }

    public Shape shape() {
        return shape;
    }

    /**
     * Its values as they lie in the file if they are in one piece, else put together.
     *
     * @param as the type that they are read as, of as many bytes as an element has
     * @param budget for the memory of those that are in chunks
     * @throws BadInputException if they do not lie in the file, or are stored in a way that is not supported
     */
    public TensorData values(DType as, CopyBudget budget) {
        if (as.bytes() != type.bytes()) {
            throw new IllegalArgumentException("as: " + as + " has not the " + type.bytes() + " bytes of an element");
        }
        long wanted;
        try {
            wanted = Math.multiplyExact(shape.count(), type.bytes());
        } catch (ArithmeticException e) {
            throw new BadInputException(mapped.path(), field, "shape " + shape + " is too large", e);
        }
        return new TensorData(as, stored(wanted, budget), type.order(), shape.count());
    }

    /** The order of the bytes of an element. */
    public ByteOrder order() {
        return type.order();
    }

    private MemorySegment stored(long wanted, CopyBudget budget) {
        if (header.first(ObjectHeader.EXTERNAL_FILES).isPresent()) {
            throw bytes.bad(field, "its values lie in another file, which is not supported");
        }
        long at = header.first(ObjectHeader.LAYOUT).orElseThrow().at();
        int version = bytes.u8(at, field);
        int kind = bytes.u8(at + 1, field);
        if (version != 3 && version != 4) {
            throw bytes.bad(field, "a layout of version " + version + " is not supported, 3 and 4 are");
        }
        int o = bytes.offsetSize();
        List<Filter> filters = filters();
        if (wanted == 0) {
            return MemorySegment.ofArray(new byte[0]);
        }
        return switch (kind) {
            case 0 -> inOnePiece(at + 4, bytes.u16(at + 2, field), wanted);
            case 1 -> {
                long from = bytes.address(at + 2, field);
                yield from == -1 ? unwritten() : inOnePiece(from, bytes.length(at + 2 + o, field), wanted);
            }
            case 2 -> {
                if (version == 4) {
                    yield singleChunk(at, wanted, filters, budget);
                }
                int rank = bytes.u8(at + 2, field);
                long[] chunk = new long[rank];
                for (int i = 0; i < rank; i++) {
                    chunk[i] = bytes.u32(at + 3 + o + 4L * i, field);
                }
                long tree = bytes.address(at + 3, field);
                if (tree == -1) {
                    yield unwritten();
                }
                budget.take(wanted, field);
                yield MemorySegment.ofArray(
                        new Chunks(bytes, shape, type.bytes(), chunk, filters, budget, field).read(tree, wanted));
            }
            default -> throw bytes.bad(field, "a layout of class " + kind + " is not supported");
        };
    }

    private MemorySegment unwritten() {
        throw bytes.bad(field, "has a shape and no values: they were never written");
    }

    private MemorySegment inOnePiece(long at, long size, long wanted) {
        if (size != wanted) {
            throw bytes.bad(
                    field, size + " bytes are stored, " + shape + " of " + type.bytes() + " bytes wants " + wanted);
        }
        return bytes.slice(at, size, field);
    }

    /** Of the newer layout only an array that is a single chunk (VII.B). */
    private MemorySegment singleChunk(long at, long wanted, List<Filter> filters, CopyBudget budget) {
        int flags = bytes.u8(at + 2, field);
        int rank = bytes.u8(at + 3, field);
        int width = bytes.u8(at + 4, field);
        long index = at + 5 + (long) rank * width;
        int kind = bytes.u8(index, field);
        if (kind != 1 || width > 8) {
            throw bytes.bad(
                    field,
                    "chunks with an index of type " + kind + " are not supported; write it without"
                            + " libver='latest', or in one piece");
        }
        long from = index + 1;
        long size = wanted;
        if ((flags & 2) != 0) {
            size = bytes.length(from, field);
            from += bytes.lengthSize() + 4L;
        }
        long place = bytes.address(from, field);
        if (place == -1) {
            return unwritten();
        }
        if (filters.isEmpty()) {
            return inOnePiece(place, size, wanted);
        }
        // What is stored, what it unpacks to, and a copy on the way.
        budget.take(Math.multiplyExact(3, wanted), field);
        return MemorySegment.ofArray(Chunks.unpacked(bytes, field, place, size, wanted, type.bytes(), filters, 0));
    }

    /** One step of a chunk's way from the file to values, in the order in which a writer took them. */
    record Filter(int id) {
        static final int DEFLATE = 1;
        static final int SHUFFLE = 2;
        static final int FLETCHER = 3;
    }

    private List<Filter> filters() {
        List<Filter> filters = new ArrayList<>();
        Optional<ObjectHeader.Message> message = header.first(ObjectHeader.FILTERS);
        if (message.isEmpty()) {
            return filters;
        }
        long at = message.get().at();
        int version = bytes.u8(at, field);
        int count = bytes.u8(at + 1, field);
        if (version != 1 && version != 2) {
            throw bytes.bad(field, "filters of version " + version + " are not supported, 1 and 2 are");
        }
        long from = at + (version == 1 ? 8 : 2);
        for (int i = 0; i < count; i++) {
            int id = bytes.u16(from, field);
            boolean named = version == 1 || id >= 256;
            int name = named ? bytes.u16(from + 2, field) : 0;
            long next = from + (named ? 4 : 2);
            int values = bytes.u16(next + 2, field);
            from = next
                    + 4
                    + (version == 1 ? (name + 7) / 8 * 8 : name)
                    + 4L * (values + (version == 1 ? values & 1 : 0));
            if (id < Filter.DEFLATE || id > Filter.FLETCHER) {
                throw bytes.bad(
                        field, "is compressed by filter " + id + ", which is not supported: gzip and shuffle are");
            }
            filters.add(new Filter(id));
        }
        return filters;
    }
}
