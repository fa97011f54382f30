package org.quantscope.core.export;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * Writes a calibration table, which is a FlatBuffers message:
 * {@code TrtTable {dict: [KeyValue {key: string; value: string}]}} (onnxruntime/core/flatbuffers, caltable.fbs;
 * flatbuffers.dev/internals). It is laid out from front to back: an offset points forward from its own position, and a
 * table points back to its vtable.
 */
final class CalibrationFlatBuffer {
    /**
     * A vtable: the size of the vtable, the size of the table, and the positions of the fields in the table, in bytes.
     */
    private static final short[] TABLE_OF_TWO = {8, 12, 4, 8};

    private static final short[] TABLE_OF_ONE = {6, 8, 4};

    private CalibrationFlatBuffer() {}

    /** The message, keys in ascending order. */
    static byte[] of(SortedMap<String, String> table) {
        List<byte[]> strings = new ArrayList<>();
        table.forEach((key, value) -> {
            strings.add(key.getBytes(StandardCharsets.UTF_8));
            strings.add(value.getBytes(StandardCharsets.UTF_8));
        });
        int n = table.size();
        // The order: root offset, two vtables (with two bytes of padding), the root table, the vector, the entries;
        // then the strings.
        int vtableOfOne = 4;
        int vtableOfTwo = 12;
        int root = 20;
        int vector = root + 8;
        int entries = vector + 4 + 4 * n;
        int end = entries + 12 * n;
        int[] places = new int[strings.size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = end;
            end = Math.addExact(end, padded(strings.get(i).length));
        }
        ByteBuffer out = ByteBuffer.allocate(end).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(root);
        put(out, vtableOfOne, TABLE_OF_ONE);
        put(out, vtableOfTwo, TABLE_OF_TWO);
        out.putInt(root, root - vtableOfOne);
        out.putInt(root + 4, vector - (root + 4));
        out.putInt(vector, n);
        for (int i = 0; i < n; i++) {
            int slot = vector + 4 + 4 * i;
            int entry = entries + 12 * i;
            out.putInt(slot, entry - slot);
            out.putInt(entry, entry - vtableOfTwo);
            out.putInt(entry + 4, places[2 * i] - (entry + 4));
            out.putInt(entry + 8, places[2 * i + 1] - (entry + 8));
        }
        for (int i = 0; i < places.length; i++) {
            out.putInt(places[i], strings.get(i).length);
            out.put(places[i] + 4, strings.get(i));
        }
        return out.array();
    }

    private static void put(ByteBuffer out, int at, short[] values) {
        for (int i = 0; i < values.length; i++) {
            out.putShort(at + 2 * i, values[i]);
        }
    }

    /** The bytes that a string takes: length, bytes, a zero byte, padding to a multiple of four. */
    private static int padded(int length) {
        return (4 + length + 1 + 3) / 4 * 4;
    }
}
