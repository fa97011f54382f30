package org.quantscope.core.hdf5;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.tensor.Shape;

/** Puts an array together whose values lie in chunks, found through a tree (version 1 B-tree of type 1, III.A.1). */
final class Chunks {
    private static final int MAX_DEPTH = 32;

    private final Hdf5Bytes bytes;
    private final Shape shape;
    private final int elementBytes;
    private final long[] chunk;
    private final List<Hdf5Array.Filter> filters;
    private final String field;
    private final long chunkBytes;
    /** How many chunks cover the array. */
    private final long most;

    private long read;

    /** @param chunk the extents of a chunk, and the bytes of an element behind them */
    Chunks(
            Hdf5Bytes bytes,
            Shape shape,
            long elementBytes,
            long[] chunk,
            List<Hdf5Array.Filter> filters,
            CopyBudget budget,
            String field) {
        this.bytes = bytes;
        this.shape = shape;
        this.elementBytes = (int) elementBytes;
        this.chunk = chunk;
        this.filters = filters;
        this.field = field;
        if (chunk.length != shape.rank() + 1 || chunk[shape.rank()] != elementBytes) {
            throw bytes.bad(field, "its chunks have " + (chunk.length - 1) + " dimensions, it has " + shape.rank());
        }
        long size = 1;
        for (long extent : chunk) {
            if (extent <= 0 || size > CopyBudget.LIMIT / extent) {
                throw bytes.bad(field, "a chunk with an extent of " + extent + " is too large or empty");
            }
            size *= extent;
        }
        this.chunkBytes = size;
        long count = 1;
        for (int axis = 0; axis < shape.rank(); axis++) {
            count *= Math.ceilDiv(shape.dim(axis), chunk[axis]);
        }
        this.most = count;
        budget.take(filters.isEmpty() ? 0 : 2 * size, field);
    }

    byte[] read(long tree, long wanted) {
        byte[] out = new byte[(int) wanted];
        node(tree, out, MAX_DEPTH);
        return out;
    }

    private void node(long at, byte[] out, int depth) {
        if (depth == 0) {
            throw bytes.bad(field, "the tree of its chunks is deeper than " + MAX_DEPTH);
        }
        bytes.checkSigned(at, "TREE", field);
        int type = bytes.u8(at + 4, field);
        int level = bytes.u8(at + 5, field);
        int used = bytes.u16(at + 6, field);
        if (type != 1) {
            throw bytes.bad(field, "the tree of its chunks is of type " + type);
        }
        int rank = shape.rank();
        long keyBytes = 8 + 8L * (rank + 1);
        long from = at + 8 + 2L * bytes.offsetSize();
        for (int i = 0; i < used; i++) {
            long child = bytes.address(from + keyBytes, field);
            if (level > 0) {
                node(child, out, depth - 1);
            } else {
                if (++read > most) {
                    throw bytes.bad(field, "has more than the " + most + " chunks that cover it");
                }
                long size = bytes.u32(from, field);
                int mask = (int) bytes.u32(from + 4, field);
                long[] begin = new long[rank];
                for (int axis = 0; axis < rank; axis++) {
                    begin[axis] = bytes.number(from + 8 + 8L * axis, 8, field);
                    if (begin[axis] < 0 || begin[axis] >= shape.dim(axis)) {
                        throw bytes.bad(field, "a chunk begins at " + begin[axis] + ", outside of " + shape);
                    }
                }
                place(unpacked(bytes, field, child, size, chunkBytes, elementBytes, filters, mask), begin, out);
            }
            from += keyBytes + bytes.offsetSize();
        }
    }

    /** Copies the part of a chunk that lies within the array. */
    private void place(byte[] content, long[] begin, byte[] out) {
        int rank = shape.rank();
        if (rank == 0) {
            System.arraycopy(content, 0, out, 0, out.length);
            return;
        }
        int last = rank - 1;
        int run = (int) Math.min(chunk[last], shape.dim(last) - begin[last]) * elementBytes;
        long rows = 1;
        for (int axis = 0; axis < last; axis++) {
            rows *= chunk[axis];
        }
        for (long row = 0; row < rows; row++) {
            long rest = row;
            long target = begin[last];
            boolean inside = true;
            for (int axis = last - 1; axis >= 0; axis--) {
                long index = begin[axis] + rest % chunk[axis];
                rest /= chunk[axis];
                inside &= index < shape.dim(axis);
                target += index * shape.inner(axis);
            }
            if (inside) {
                System.arraycopy(
                        content, (int) (row * chunk[last] * elementBytes), out, (int) (target * elementBytes), run);
            }
        }
    }

    /** Takes back the filters of one chunk, from the last to the first; a bit of the mask says that one was not used. */
    static byte[] unpacked(
            Hdf5Bytes bytes,
            String field,
            long at,
            long stored,
            long wanted,
            long elementBytes,
            List<Hdf5Array.Filter> filters,
            int mask) {
        // What a filter makes of a chunk is hardly longer than the chunk.
        if (stored > wanted + wanted / 8 + 1024) {
            throw bytes.bad(field, "a chunk of " + wanted + " bytes is stored in " + stored);
        }
        byte[] content = bytes.slice(at, stored, field).toArray(ValueLayout.JAVA_BYTE);
        int length = content.length;
        for (int i = filters.size() - 1; i >= 0; i--) {
            if ((mask >> i & 1) != 0) {
                continue;
            }
            switch (filters.get(i).id()) {
                case Hdf5Array.Filter.DEFLATE -> {
                    content = inflated(bytes, field, content, length, (int) wanted);
                    length = content.length;
                }
                case Hdf5Array.Filter.SHUFFLE -> content = unshuffled(content, length, (int) elementBytes);
                default -> length = Math.max(0, length - 4);
            }
        }
        if (length != wanted) {
            throw bytes.bad(field, "a chunk has " + length + " bytes unpacked, not " + wanted);
        }
        return length == content.length
                ? content
                : MemorySegment.ofArray(content).asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }

    private static byte[] inflated(Hdf5Bytes bytes, String field, byte[] packed, int length, int wanted) {
        // A checksum of four bytes may lie within.
        byte[] out = new byte[wanted + 4];
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(packed, 0, length);
            int n = 0;
            while (n < out.length && !inflater.finished()) {
                int read = inflater.inflate(out, n, out.length - n);
                if (read == 0) {
                    break;
                }
                n += read;
            }
            return n == out.length
                    ? out
                    : MemorySegment.ofArray(out).asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
        } catch (DataFormatException e) {
            throw bytes.bad(field, "a chunk is damaged: " + e.getMessage());
        } finally {
            inflater.end();
        }
    }

    /** The bytes of each element stand together again. */
    private static byte[] unshuffled(byte[] content, int length, int elementBytes) {
        int count = length / elementBytes;
        byte[] out = content.clone();
        for (int b = 0; b < elementBytes; b++) {
            for (int i = 0; i < count; i++) {
                out[i * elementBytes + b] = content[b * count + i];
            }
        }
        return out;
    }
}
