package org.quantscope.core.hdf5;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** What a file says of one of its objects, a group or an array: a list of messages (HDF5 File Format Specification 3.0, IV.A). */
record ObjectHeader(List<Message> messages) {
    static final int DATASPACE = 0x1;
    static final int LINK_INFO = 0x2;
    static final int DATATYPE = 0x3;
    static final int LINK = 0x6;
    static final int EXTERNAL_FILES = 0x7;
    static final int LAYOUT = 0x8;
    static final int FILTERS = 0xb;
    static final int ATTRIBUTE = 0xc;
    static final int SYMBOL_TABLE = 0x11;
    static final int ATTRIBUTE_INFO = 0x15;
    private static final int CONTINUATION = 0x10;

    private static final String FIELD = "hdf5 object header";
    private static final int MAX_MESSAGES = 100_000;

    ObjectHeader {
        messages = List.copyOf(messages);
    }

    /**
     * One message.
     *
     * @param at where its content begins
     * @param size bytes of the content
     * @param shared true if the content lies elsewhere
     */
    record Message(int type, long at, int size, boolean shared) {}

    private record Block(long at, long end) {}

    static ObjectHeader read(Hdf5Bytes bytes, long at) {
        List<Message> messages = new ArrayList<>();
        Deque<Block> blocks = new ArrayDeque<>();
        boolean second = bytes.isSigned(at, "OHDR", FIELD);
        int order = 0;
        if (second) {
            int version = bytes.u8(at + 4, FIELD);
            int flags = bytes.u8(at + 5, FIELD);
            if (version != 2) {
                throw bytes.bad(FIELD, "version " + version + " at " + at + " is not supported, 1 and 2 are");
            }
            long from = at + 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
            int width = 1 << (flags & 3);
            long size = bytes.number(from, width, FIELD);
            order = (flags & 4) != 0 ? 2 : 0;
            blocks.add(block(bytes, from + width, size));
        } else {
            int version = bytes.u8(at, FIELD);
            if (version != 1) {
                throw bytes.bad(FIELD, "version " + version + " at " + at + " is not supported, 1 and 2 are");
            }
            blocks.add(block(bytes, at + 16, bytes.u32(at + 8, FIELD)));
        }
        int head = second ? 4 + order : 8;
        int read = 0;
        while (!blocks.isEmpty()) {
            Block block = blocks.poll();
            long from = block.at;
            while (from + head <= block.end) {
                if (++read > MAX_MESSAGES) {
                    throw bytes.bad(FIELD, "has more than " + MAX_MESSAGES + " messages at " + at);
                }
                int type = second ? bytes.u8(from, FIELD) : bytes.u16(from, FIELD);
                int size = bytes.u16(from + (second ? 1 : 2), FIELD);
                int flags = bytes.u8(from + (second ? 3 : 4), FIELD);
                long content = from + head;
                if (size > block.end - content) {
                    throw bytes.bad(FIELD, "a message of " + size + " bytes at " + from + " ends behind its block");
                }
                if (type == CONTINUATION) {
                    long next = bytes.address(content, FIELD);
                    long length = bytes.length(content + bytes.offsetSize(), FIELD);
                    if (second) {
                        bytes.checkSigned(next, "OCHK", FIELD);
                        blocks.add(block(bytes, next + 4, length - 8));
                    } else {
                        blocks.add(block(bytes, next, length));
                    }
                } else if (type != 0) {
                    messages.add(new Message(type, content, size, (flags & 2) != 0));
                }
                from = content + size;
            }
        }
        return new ObjectHeader(messages);
    }

    private static Block block(Hdf5Bytes bytes, long at, long size) {
        bytes.slice(at, size, FIELD);
        return new Block(at, at + size);
    }

    Optional<Message> first(int type) {
        return messages.stream().filter(m -> m.type == type).findFirst();
    }

    List<Message> all(int type) {
        return messages.stream().filter(m -> m.type == type).toList();
    }
}
