package org.quantscope.core.io;

import java.util.Set;

/**
 * Tells protobuf messages from each other, which have no magic number: by the fields at their beginning. The field
 * numbers are those of the formats' published {@code .proto} files.
 */
final class ProtobufHead {
    private ProtobufHead() {}

    /** Core ML's Model: specificationVersion, description, and a kind of model with a number of at least 200. */
    static boolean isCoreMl(FileHead h) {
        int[] at = {1};
        if (h.isText() || h.at(0) != 0x08) {
            return false;
        }
        long version = h.varint(at);
        if (version < 1 || version > 20 || h.at(at[0]++) != 0x12) {
            return false;
        }
        long length = h.varint(at);
        boolean features = length > 2 && h.at(at[0]) == 0x0a;
        long end = at[0] + length;
        if (length < 0 || end >= h.size() || !features) {
            return false;
        }
        if (end >= h.length()) {
            return true;
        }
        at[0] = (int) end;
        long tag = h.varint(at);
        return tag >> 3 >= 200 || tag >> 3 == 10;
    }

    /** TensorFlow's SavedModel: its version, and one meta graph to the end of the file that begins with its own info. */
    static boolean isSavedModel(FileHead h) {
        int[] at = {3};
        if (h.isText() || h.at(0) != 0x08 || h.at(1) != 0x01 || h.at(2) != 0x12) {
            return false;
        }
        long length = h.varint(at);
        return length > 0 && h.at(at[0]) == 0x0a && at[0] + length <= h.size();
    }

    /** TensorFlow's GraphDef: nodes that begin with a name and an operator. */
    static boolean isGraphDef(FileHead h) {
        int[] at = {1};
        if (h.isText() || h.at(0) != 0x0a || h.varint(at) < 4 || h.at(at[0]) != 0x0a) {
            return false;
        }
        at[0]++;
        return isWord(h, at) && h.at(at[0]++) == 0x12 && isWord(h, at);
    }

    /** Caffe's NetParameter: a name, and then layers (field 2 or 100) or inputs. */
    static boolean isCaffe(FileHead h) {
        int[] at = {1};
        if (h.isText() || h.at(0) != 0x0a || !isWord(h, at)) {
            return false;
        }
        int tag = h.at(at[0]);
        return tag == 0x12 || tag == 0x1a || (tag == 0xa2 && h.at(at[0] + 1) == 0x06);
    }

    /** Paddle's ProgramDesc: a block with number 0 and no parent. */
    static boolean isPaddle(FileHead h) {
        int[] at = {1};
        return !h.isText()
                && h.at(0) == 0x0a
                && h.varint(at) > 4
                && h.at(at[0]) == 0x08
                && h.at(at[0] + 1) == 0
                && h.at(at[0] + 2) == 0x10;
    }

    /** ONNX's TensorProto: dimensions, a type, and values or a name. */
    static boolean isOnnxTensor(FileHead h) {
        int[] at = {0};
        boolean dims = false;
        while (h.at(at[0]) == 0x08) {
            at[0]++;
            if (h.varint(at) < 0) {
                return false;
            }
            dims = true;
        }
        if (h.isText() || !dims || h.at(at[0]++) != 0x10) {
            return false;
        }
        long type = h.varint(at);
        int next = h.at(at[0]);
        return type >= 1
                && type <= 30
                && (next == 0x42 || next == 0x4a || ((next & 0x07) == 2 && next >= 0x22 && next <= 0x5a));
    }

    /** ONNX's ModelProto: its version, and then one of its fields. */
    static boolean isOnnx(FileHead h) {
        int[] at = {1};
        if (h.at(0) != 0x08) {
            return false;
        }
        long version = h.varint(at);
        return version >= 1
                && version <= 30
                && Set.of(0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42, 0x72).contains(h.at(at[0]));
    }

    /** A length-delimited word of printable ASCII. */
    private static boolean isWord(FileHead h, int[] at) {
        long length = h.varint(at);
        if (length < 1 || length > 512 || at[0] + length > h.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            int c = h.at(at[0]++);
            if (c < ' ' || c > '~') {
                return false;
            }
        }
        return true;
    }
}
