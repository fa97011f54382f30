package org.quantscope.core.hdf5;

import java.util.function.LongConsumer;

/** A tree of records of equal size (version 2 B-tree, III.A.2). */
final class RecordTree {
    private static final String FIELD = "hdf5 tree";
    private static final int MAX_DEPTH = 32;
    private static final int NODE_HEAD = 10;

    private final Hdf5Bytes bytes;
    private final int recordSize;
    /** Bytes of a child's number of records. */
    private final int countWidth;
    /** Bytes of the number of records in and below a child, by the child's level. */
    private final int[] totalWidths;

    private final LongConsumer taker;

    private RecordTree(Hdf5Bytes bytes, long nodeSize, int recordSize, int depth, LongConsumer taker) {
        this.bytes = bytes;
        this.recordSize = recordSize;
        this.taker = taker;
        long most = Math.max(0, (nodeSize - NODE_HEAD) / recordSize);
        this.countWidth = width(most);
        this.totalWidths = new int[depth + 1];
        long total = most;
        for (int level = 1; level <= depth; level++) {
            int pointer = bytes.offsetSize() + countWidth + (level > 1 ? totalWidths[level - 1] : 0);
            long here = Math.max(0, (nodeSize - NODE_HEAD - pointer) / (recordSize + pointer));
            total = here >= Long.MAX_VALUE / Math.max(1, total + 1) - 1
                    ? Long.MAX_VALUE / 2
                    : (here + 1) * total + here;
            totalWidths[level] = width(total);
        }
    }

    /** Bytes of a number up to {@code most}. */
    static int width(long most) {
        return (63 - Long.numberOfLeadingZeros(Math.max(1, most))) / 8 + 1;
    }

    /** Calls {@code taker} with the place of each record, in the order of the tree. */
    static void forEach(Hdf5Bytes bytes, long at, LongConsumer taker) {
        bytes.checkSigned(at, "BTHD", FIELD);
        long nodeSize = bytes.u32(at + 6, FIELD);
        int recordSize = bytes.u16(at + 10, FIELD);
        int depth = bytes.u16(at + 12, FIELD);
        long root = bytes.address(at + 16, FIELD);
        int records = bytes.u16(at + 16 + bytes.offsetSize(), FIELD);
        if (recordSize == 0 || depth > MAX_DEPTH) {
            throw bytes.bad(FIELD, "has records of " + recordSize + " bytes and a depth of " + depth);
        }
        if (root != -1) {
            new RecordTree(bytes, nodeSize, recordSize, depth, taker).node(root, records, depth);
        }
    }

    private void node(long at, long records, int level) {
        bytes.checkSigned(at, level == 0 ? "BTLF" : "BTIN", FIELD);
        bytes.slice(at, NODE_HEAD - 4 + records * recordSize, FIELD);
        long first = at + 6;
        if (level == 0) {
            for (long i = 0; i < records; i++) {
                taker.accept(first + i * recordSize);
            }
            return;
        }
        long child = first + records * recordSize;
        int pointer = bytes.offsetSize() + countWidth + (level > 1 ? totalWidths[level - 1] : 0);
        for (long i = 0; i <= records; i++) {
            node(bytes.address(child, FIELD), bytes.number(child + bytes.offsetSize(), countWidth, FIELD), level - 1);
            if (i < records) {
                taker.accept(first + i * recordSize);
            }
            child += pointer;
        }
    }
}
