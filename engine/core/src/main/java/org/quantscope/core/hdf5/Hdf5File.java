package org.quantscope.core.hdf5;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.tensor.Shape;

/**
 * An HDF5 file: groups, arrays of numbers and texts attached to them, as h5py and Keras write them (HDF5 File Format
 * Specification 3.0). Arrays in one piece are used where they lie in the mapped file; those in chunks are put together within
 * a budget. What the format has besides and models have not is refused or left out by name.
 */
public final class Hdf5File {
    /** Files with more groups and arrays are refused. */
    public static final int MAX_OBJECTS = 200_000;

    private static final byte[] SIGNATURE = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    private static final String FIELD = "hdf5";

    private final MappedFile mapped;
    private final Hdf5Bytes bytes;
    private final long root;
    private int opened;

    private Hdf5File(MappedFile mapped, Hdf5Bytes bytes, long root) {
        this.mapped = mapped;
        this.bytes = bytes;
        this.root = root;
    }

    /** True if a file begins as this format does. */
    public static boolean matches(byte[] head) {
        if (head.length < SIGNATURE.length) {
            return false;
        }
        for (int i = 0; i < SIGNATURE.length; i++) {
            if (head[i] != SIGNATURE[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Reads where the outermost group is.
     *
     * @param mapped the file, or the bytes of a file within another one
     * @throws BadInputException if it is damaged or of a version that is not supported
     */
    public static Hdf5File read(MappedFile mapped) {
        Hdf5Bytes head = new Hdf5Bytes(mapped, 0, 8, 8);
        int version = head.u8(8, FIELD);
        boolean first = version <= 1;
        if (version > 3) {
            throw head.bad(FIELD, "version " + version + " is not supported, 0 to 3 are");
        }
        int offsetSize = head.u8(first ? 13 : 9, FIELD);
        int lengthSize = head.u8(first ? 14 : 10, FIELD);
        if (!List.of(2, 4, 8).contains(offsetSize) || !List.of(2, 4, 8).contains(lengthSize)) {
            throw head.bad(FIELD, "addresses of " + offsetSize + " and lengths of " + lengthSize + " bytes");
        }
        long from = first ? 24 + 4L * version : 12;
        long base = head.number(from, offsetSize, FIELD);
        if (base < 0 || base > mapped.size()) {
            throw head.bad(FIELD, "begins at " + Long.toUnsignedString(base) + ", behind its end");
        }
        Hdf5Bytes bytes = new Hdf5Bytes(mapped, base, offsetSize, lengthSize);
        long end = head.number(from + 2L * offsetSize, offsetSize, FIELD);
        if (end < 0 || end > mapped.size() - base) {
            throw head.bad(
                    FIELD,
                    "is cut off: it should have " + Long.toUnsignedString(end) + " bytes and has "
                            + (mapped.size() - base));
        }
        // In the old form the outermost group is described as an entry of a group.
        long root = head.number(from + (first ? 5L : 3L) * offsetSize, offsetSize, FIELD);
        return new Hdf5File(mapped, bytes, root);
    }

    /** The outermost group. */
    public Node root() {
        return node(root);
    }

    private Node node(long at) {
        if (++opened > MAX_OBJECTS) {
            throw bytes.bad(FIELD, "has more than " + MAX_OBJECTS + " groups and arrays");
        }
        return new Node(at, ObjectHeader.read(bytes, at));
    }

    /** A group or an array. */
    public final class Node {
        private final long at;
        private final ObjectHeader header;
        private final Map<String, Long> links;

        private Node(long at, ObjectHeader header) {
            this.at = at;
            this.header = header;
            this.links = isArray() ? Map.of() : Links.of(bytes, header);
        }

        /** Where it is described in the file; two names may lead to one object. */
        public long address() {
            return at;
        }

        public boolean isArray() {
            return header.first(ObjectHeader.LAYOUT).isPresent();
        }

        /** The names in a group, in the order of the file; none of an array. */
        public List<String> names() {
            return new ArrayList<>(links.keySet());
        }

        /**
         * What a group holds under a name.
         *
         * @throws BadInputException if it is damaged
         */
        public Optional<Node> child(String name) {
            return Optional.ofNullable(links.get(name)).map(address -> node(address));
        }

        /** What lies at the end of names with {@code /} between them. */
        public Optional<Node> find(String path) {
            Optional<Node> found = Optional.of(this);
            int from = 0;
            while (from <= path.length() && found.isPresent()) {
                int end = path.indexOf('/', from);
                String name = path.substring(from, end < 0 ? path.length() : end);
                found = name.isEmpty() ? found : found.get().child(name);
                from = end < 0 ? path.length() + 1 : end + 1;
            }
            return found;
        }

        /** The texts that are attached under a name; empty if there are none. */
        public Optional<List<String>> texts(String name) {
            return Attributes.texts(bytes, header, name);
        }

        /**
         * The array that this is.
         *
         * @param field its name, for messages
         * @throws BadInputException if it is damaged
         * @throws IllegalStateException if it is a group
         */
        public Hdf5Array array(String field) {
            if (!isArray()) {
                throw new IllegalStateException("node: is a group");
            }
            ObjectHeader.Message type = needed(ObjectHeader.DATATYPE, field, "type");
            ObjectHeader.Message extent = needed(ObjectHeader.DATASPACE, field, "shape");
            Shape shape = Extent.read(bytes, extent.at());
            return Hdf5Array.of(mapped, bytes, header, Hdf5Type.read(bytes, type.at()), shape, field);
        }

        private ObjectHeader.Message needed(int type, String field, String what) {
            ObjectHeader.Message message =
                    header.first(type).orElseThrow(() -> bytes.bad(field, "has values without a " + what));
            if (message.shared()) {
                throw bytes.bad(field, "its " + what + " lies elsewhere in the file, which is not supported");
            }
            return message;
        }
    }
}
