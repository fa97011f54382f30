package org.quantscope.core.hdf5;

import java.util.Optional;

/**
 * The place of many names or attributes of one object (fractal heap, III.G). Pieces in its blocks are found; large ones
 * with a place of their own, and filtered ones, are refused by name.
 */
final class FractalHeap {
    private static final String FIELD = "hdf5 heap";
    private static final int MAX_DEPTH = 32;

    private final Hdf5Bytes bytes;
    private final int offsetWidth;
    private final int lengthWidth;
    private final int width;
    private final long startSize;
    private final int directRows;
    private final long root;
    private final int rootRows;

    /** A piece of the heap. */
    record Piece(long at, long size) {}

    private FractalHeap(
            Hdf5Bytes bytes,
            int offsetWidth,
            int lengthWidth,
            int width,
            long startSize,
            int directRows,
            long root,
            int rootRows) {
        this.bytes = bytes;
        this.offsetWidth = offsetWidth;
        this.lengthWidth = lengthWidth;
        this.width = width;
        this.startSize = startSize;
        this.directRows = directRows;
        this.root = root;
        this.rootRows = rootRows;
    }

    static FractalHeap read(Hdf5Bytes bytes, long at) {
        bytes.checkSigned(at, "FRHP", FIELD);
        int filters = bytes.u16(at + 7, FIELD);
        if (filters != 0) {
            throw bytes.bad(FIELD, "is filtered, which is not supported");
        }
        long maxManaged = bytes.u32(at + 10, FIELD);
        int o = bytes.offsetSize();
        int l = bytes.lengthSize();
        // Behind it: 10 lengths and 2 addresses that only writers need.
        long from = at + 14 + 10L * l + 2L * o;
        int width = bytes.u16(from, FIELD);
        long start = bytes.length(from + 2, FIELD);
        long direct = bytes.length(from + 2 + l, FIELD);
        int bits = bytes.u16(from + 2 + 2L * l, FIELD);
        long root = bytes.address(from + 6 + 2L * l, FIELD);
        int rows = bytes.u16(from + 6 + 2L * l + o, FIELD);
        if (width == 0 || Long.bitCount(start) != 1 || Long.bitCount(direct) != 1 || direct < start || bits > 64) {
            throw bytes.bad(
                    FIELD, "has blocks of " + start + " to " + direct + " bytes, " + width + " in a row, of 2^" + bits);
        }
        int directRows = Long.numberOfTrailingZeros(direct) - Long.numberOfTrailingZeros(start) + 2;
        return new FractalHeap(
                bytes,
                (bits + 7) / 8,
                Math.min(RecordTree.width(direct), RecordTree.width(maxManaged)),
                width,
                start,
                directRows,
                root,
                rows);
    }

    /** The piece that an identity at that place of the file names; empty if the heap has no blocks. */
    Optional<Piece> find(long id) {
        int first = bytes.u8(id, FIELD);
        int type = first >> 4 & 3;
        if (first >> 6 != 0 || type == 3) {
            throw bytes.bad(FIELD, "an identity begins with " + first + ", which is none");
        }
        if (type == 2) {
            return Optional.of(new Piece(id + 1, (first & 0xf) + 1));
        }
        if (type == 1) {
            throw bytes.bad(FIELD, "holds an object larger than its blocks, which is not supported");
        }
        if (root == -1) {
            return Optional.empty();
        }
        long offset = bytes.number(id + 1, offsetWidth, FIELD);
        long size = bytes.number(id + 1 + offsetWidth, lengthWidth, FIELD);
        long at = rootRows == 0 ? within(root, offset) : indirect(root, offset, rootRows, MAX_DEPTH);
        bytes.slice(at, size, FIELD);
        return Optional.of(new Piece(at, size));
    }

    private long within(long block, long offset) {
        bytes.checkSigned(block, "FHDB", FIELD);
        if (offset < 0 || offset > bytes.size()) {
            throw bytes.bad(FIELD, "offset " + Long.toUnsignedString(offset) + " is behind its blocks");
        }
        return block + offset;
    }

    private long sizeOf(int row) {
        long size = row < 2 ? startSize : startSize << Math.min(62, row - 1);
        return size <= 0 ? Long.MAX_VALUE / width : Math.min(size, Long.MAX_VALUE / width);
    }

    private long indirect(long block, long offset, int rows, int depth) {
        if (depth == 0) {
            throw bytes.bad(FIELD, "is deeper than " + MAX_DEPTH + " blocks");
        }
        bytes.checkSigned(block, "FHIB", FIELD);
        long children = block + 5 + bytes.offsetSize() + offsetWidth;
        long begin = 0;
        for (int row = 0; row < rows; row++) {
            long size = sizeOf(row);
            if (offset >= 0 && offset - begin < size * width) {
                long column = (offset - begin) / size;
                long child = bytes.address(children + (row * (long) width + column) * bytes.offsetSize(), FIELD);
                long inner = offset - begin - column * size;
                return row < directRows ? within(child, inner) : indirect(child, inner, rowsOf(size), depth - 1);
            }
            begin += size * width;
            if (begin < 0) {
                break;
            }
        }
        throw bytes.bad(FIELD, "offset " + Long.toUnsignedString(offset) + " is behind its blocks");
    }

    /** How many rows an indirect block has that covers {@code size} bytes. */
    private int rowsOf(long size) {
        return Long.numberOfTrailingZeros(size)
                - Long.numberOfTrailingZeros(startSize)
                - (63 - Long.numberOfLeadingZeros(width))
                + 1;
    }
}
