package org.quantscope.core.hdf5;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The names within a group and where their objects are: in a tree of symbols, as the library writes it by default, in
 * messages, or in a heap. Names that lead to a path or to another file are left out.
 */
final class Links {
    private static final String FIELD = "hdf5 group";
    private static final int MAX_DEPTH = 32;

    private final Hdf5Bytes bytes;
    private final Map<String, Long> links = new LinkedHashMap<>();

    private Links(Hdf5Bytes bytes) {
        this.bytes = bytes;
    }

    /** By name, in the order of the file; empty if the object is no group or has nothing in it. */
    static Map<String, Long> of(Hdf5Bytes bytes, ObjectHeader header) {
        Links links = new Links(bytes);
        header.first(ObjectHeader.SYMBOL_TABLE).ifPresent(m -> {
            long tree = bytes.address(m.at(), FIELD);
            long heap = bytes.address(m.at() + bytes.offsetSize(), FIELD);
            bytes.checkSigned(heap, "HEAP", FIELD);
            long size = bytes.length(heap + 8, FIELD);
            long at = bytes.address(heap + 8 + 2L * bytes.lengthSize(), FIELD);
            bytes.slice(at, size, FIELD);
            links.symbols(tree, at, at + size, MAX_DEPTH);
        });
        for (ObjectHeader.Message m : header.all(ObjectHeader.LINK)) {
            links.link(m.at());
        }
        header.first(ObjectHeader.LINK_INFO).ifPresent(m -> links.dense(m.at()));
        return links.links;
    }

    /** Walks a tree of symbols (III.A.1). */
    private void symbols(long at, long names, long namesEnd, int depth) {
        if (depth == 0) {
            throw bytes.bad(FIELD, "its tree is deeper than " + MAX_DEPTH);
        }
        bytes.checkSigned(at, "TREE", FIELD);
        int type = bytes.u8(at + 4, FIELD);
        int level = bytes.u8(at + 5, FIELD);
        int used = bytes.u16(at + 6, FIELD);
        if (type != 0) {
            throw bytes.bad(FIELD, "its tree at " + at + " is of type " + type + ", not of symbols");
        }
        long from = at + 8 + 2L * bytes.offsetSize() + bytes.lengthSize();
        for (int i = 0; i < used; i++) {
            long child = bytes.address(from, FIELD);
            if (level > 0) {
                symbols(child, names, namesEnd, depth - 1);
            } else {
                leaf(child, names, namesEnd);
            }
            from += bytes.offsetSize() + bytes.lengthSize();
        }
    }

    private void leaf(long at, long names, long namesEnd) {
        bytes.checkSigned(at, "SNOD", FIELD);
        int count = bytes.u16(at + 6, FIELD);
        long from = at + 8;
        for (int i = 0; i < count; i++) {
            long name = bytes.number(from, bytes.offsetSize(), FIELD);
            long object = bytes.address(from + bytes.offsetSize(), FIELD);
            long cache = bytes.u32(from + 2L * bytes.offsetSize(), FIELD);
            if (name < 0 || name >= namesEnd - names) {
                throw bytes.bad(FIELD, "a name at " + name + " of its heap lies behind the heap");
            }
            if (cache != 2) {
                add(bytes.nameUntil(names + name, namesEnd, FIELD), object);
            }
            from += 2L * bytes.offsetSize() + 24;
        }
    }

    /** Reads one link message (IV.A.2.g). */
    private void link(long at) {
        int flags = bytes.u8(at + 1, FIELD);
        long from = at + 2;
        int type = 0;
        if ((flags & 8) != 0) {
            type = bytes.u8(from++, FIELD);
        }
        from += ((flags & 4) != 0 ? 8 : 0) + ((flags & 0x10) != 0 ? 1 : 0);
        int width = 1 << (flags & 3);
        long length = bytes.number(from, width, FIELD);
        from += width;
        if (type == 0) {
            add(bytes.text(from, length, FIELD), bytes.address(from + length, FIELD));
        }
    }

    private void dense(long at) {
        int flags = bytes.u8(at + 1, FIELD);
        long from = at + 2 + ((flags & 1) != 0 ? 8 : 0);
        long heap = bytes.address(from, FIELD);
        if (heap == -1) {
            return;
        }
        long byName = bytes.address(from + bytes.offsetSize(), FIELD);
        long byOrder = (flags & 2) != 0 ? bytes.address(from + 2L * bytes.offsetSize(), FIELD) : -1;
        FractalHeap of = FractalHeap.read(bytes, heap);
        // A record is a hash or an order of creation, and the place in the heap.
        boolean ordered = byOrder != -1;
        RecordTree.forEach(bytes, ordered ? byOrder : byName, record -> {
            Optional<FractalHeap.Piece> piece = of.find(record + (ordered ? 8 : 4));
            piece.ifPresent(p -> link(p.at()));
        });
    }

    private void add(String name, long object) {
        if (name.isEmpty() || links.put(name, object) != null) {
            throw bytes.bad(FIELD, name.isEmpty() ? "has an object without a name" : name + " is there twice");
        }
    }
}
