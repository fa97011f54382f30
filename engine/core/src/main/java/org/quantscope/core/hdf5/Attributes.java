package org.quantscope.core.hdf5;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.tensor.Shape;

/** Texts that are attached to an object (attribute messages, IV.A.2.m). Numbers are passed over. */
final class Attributes {
    private static final String FIELD = "hdf5 attribute";
    private static final int MAX_TEXTS = 1_000_000;

    private final Hdf5Bytes bytes;
    private final String wanted;

    private Attributes(Hdf5Bytes bytes, String wanted) {
        this.bytes = bytes;
        this.wanted = wanted;
    }

    /** The texts of an attribute; empty if there is none of that name, or it is no text. */
    static Optional<List<String>> texts(Hdf5Bytes bytes, ObjectHeader header, String name) {
        Attributes of = new Attributes(bytes, name);
        for (ObjectHeader.Message m : header.all(ObjectHeader.ATTRIBUTE)) {
            Optional<List<String>> found = of.read(m.at(), m.size());
            if (found.isPresent()) {
                return found;
            }
        }
        Optional<ObjectHeader.Message> info = header.first(ObjectHeader.ATTRIBUTE_INFO);
        List<List<String>> found = new ArrayList<>();
        if (info.isPresent()) {
            int flags = bytes.u8(info.get().at() + 1, FIELD);
            long from = info.get().at() + 2 + ((flags & 1) != 0 ? 2 : 0);
            long heap = bytes.address(from, FIELD);
            if (heap != -1) {
                FractalHeap pieces = FractalHeap.read(bytes, heap);
                RecordTree.forEach(
                        bytes,
                        bytes.address(from + bytes.offsetSize(), FIELD),
                        record -> pieces.find(record)
                                .flatMap(p -> of.read(p.at(), p.size()))
                                .ifPresent(found::add));
            }
        }
        return found.stream().findFirst();
    }

    private Optional<List<String>> read(long at, long size) {
        int version = bytes.u8(at, FIELD);
        if (version < 1 || version > 3) {
            throw bytes.bad(FIELD, "version " + version + " is not supported, 1 to 3 are");
        }
        int flags = version == 1 ? 0 : bytes.u8(at + 1, FIELD);
        int nameSize = bytes.u16(at + 2, FIELD);
        int typeSize = bytes.u16(at + 4, FIELD);
        int extentSize = bytes.u16(at + 6, FIELD);
        long name = at + (version == 3 ? 9 : 8);
        if (!bytes.text(name, nameSize, FIELD).equals(wanted)) {
            return Optional.empty();
        }
        if (flags != 0) {
            throw bytes.bad(wanted, "has a type that lies elsewhere, which is not supported");
        }
        long type = name + padded(nameSize, version);
        long extent = type + padded(typeSize, version);
        long data = extent + padded(extentSize, version);
        Hdf5Type of = Hdf5Type.read(bytes, type);
        Shape shape = Extent.read(bytes, extent);
        if (of.text().isEmpty()) {
            return Optional.empty();
        }
        if (shape.count() > MAX_TEXTS || shape.count() * of.bytes() > at + size - data) {
            throw bytes.bad(
                    wanted, shape.count() + " texts of " + of.bytes() + " bytes do not fit the " + size + " it has");
        }
        List<String> texts = new ArrayList<>();
        for (long i = 0; i < shape.count(); i++) {
            long from = data + i * of.bytes();
            texts.add(
                    switch (of.text().get()) {
                        case FIXED -> bytes.text(from, of.bytes(), wanted);
                        case OF_ANY_LENGTH -> inHeap(from);
                    });
        }
        return Optional.of(texts);
    }

    private static long padded(int size, int version) {
        return version == 1 ? (size + 7L) / 8 * 8 : size;
    }

    /** A text in a heap of the whole file (III.E). */
    private String inHeap(long at) {
        long length = bytes.u32(at, wanted);
        long heap = bytes.address(at + 4, wanted);
        long index = bytes.u32(at + 4 + bytes.offsetSize(), wanted);
        if (length == 0) {
            return "";
        }
        bytes.checkSigned(heap, "GCOL", wanted);
        long end = heap + bytes.length(heap + 8, wanted);
        long from = heap + 8 + bytes.lengthSize();
        while (from >= 0 && from + 8 + bytes.lengthSize() <= end) {
            int id = bytes.u16(from, wanted);
            long size = bytes.length(from + 8, wanted);
            long content = from + 8 + bytes.lengthSize();
            if (id == index) {
                if (length > size) {
                    throw bytes.bad(wanted, "a text of " + length + " bytes has a place of " + size);
                }
                return bytes.text(content, length, wanted);
            }
            if (id == 0 || size > bytes.size()) {
                break;
            }
            from = content + (size + 7) / 8 * 8;
        }
        throw bytes.bad(wanted, "its text " + index + " is not in the heap at " + heap);
    }
}
