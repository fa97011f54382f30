package org.quantscope.core.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.file.Path;
import org.quantscope.core.io.BadInputException;

/**
 * Limits the number of objects that a protobuf file will become, before it is parsed: an empty message takes two bytes
 * in the file and some two hundred on the heap. Values are skipped, not read.
 */
final class MessageBudget {
    /**
     * The most messages, strings and unknown fields together: at worst half a gigabyte of heap. A large language model
     * has some hundred thousand.
     */
    static final int LIMIT = 1_000_000;

    /** Numbers outside raw_data take 8 bytes in the parser's lists, which are copied as they grow. */
    private static final long MAX_NUMBERS = Runtime.getRuntime().maxMemory() / 40;

    /** As deep as the protobuf parser itself goes. */
    private static final int MAX_DEPTH = 100;

    private final Path file;
    private final CodedInputStream in;
    private int count;
    private long numbers;

    private MessageBudget(Path file, CodedInputStream in) {
        this.file = file;
        this.in = in;
    }

    /**
     * @throws BadInputException if there are more than {@link #LIMIT}
     * @throws IOException if this is not protobuf
     */
    static void check(Path file, ByteString bytes, Descriptor type) throws IOException {
        CodedInputStream in = bytes.newCodedInput();
        in.setSizeLimit(Integer.MAX_VALUE);
        new MessageBudget(file, in).walk(type, 0);
    }

    private void walk(Descriptor type, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw new BadInputException(file, "protobuf", "is nested deeper than " + MAX_DEPTH);
        }
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            FieldDescriptor field = type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
            int wire = WireFormat.getTagWireType(tag);
            boolean delimited = wire == WireFormat.WIRETYPE_LENGTH_DELIMITED;
            if (wire == WireFormat.WIRETYPE_START_GROUP || wire == WireFormat.WIRETYPE_END_GROUP) {
                // Each member of a group would become an object, and no version of ONNX has any.
                throw new BadInputException(
                        file, "protobuf", "field " + WireFormat.getTagFieldNumber(tag) + " is a group, ONNX has none");
            }
            if (field == null || !fits(field, wire)) {
                object();
                skip(tag);
            } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                object();
                int outer = in.pushLimit(in.readRawVarint32());
                walk(field.getMessageType(), depth + 1);
                in.checkLastTagWas(0);
                in.popLimit(outer);
            } else if (delimited && isNumber(field)) {
                int length = in.readRawVarint32();
                numbers(field, length);
                in.skipRawBytes(length);
            } else if (field.getJavaType() == FieldDescriptor.JavaType.ENUM) {
                // A value that the enumeration does not have is kept as an object.
                if (field.getEnumType().findValueByNumber(in.readRawVarint32()) == null) {
                    object();
                }
            } else {
                if (isNumber(field)) {
                    numbers(field, field.isRepeated() ? 1 : 0);
                } else {
                    object();
                }
                skip(tag);
            }
        }
    }

    private void skip(int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw new IOException("a tag ends what has not begun");
        }
    }

    private void object() {
        if (++count > LIMIT) {
            throw new BadInputException(file, "protobuf", "holds more than " + LIMIT + " messages");
        }
    }

    /** @param most how many values there can be: as many as bytes, where they have a variable length */
    private void numbers(FieldDescriptor field, int most) {
        boolean fixed = field.getLiteType().getWireType() != WireFormat.WIRETYPE_VARINT;
        numbers += fixed ? most / Float.BYTES : most;
        if (numbers > MAX_NUMBERS) {
            throw new BadInputException(
                    file,
                    field.getName(),
                    "up to " + numbers + " numbers are stored one by one, " + MAX_NUMBERS
                            + " fit into the memory of this program; store them as raw_data, or give it more memory");
        }
    }

    private static boolean isNumber(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case INT, LONG, FLOAT, DOUBLE, BOOLEAN, ENUM -> true;
            case STRING, BYTE_STRING, MESSAGE -> false;
        };
    }

    /** True if the field may be written like this; else the parser keeps what is there as an unknown field, an object. */
    private static boolean fits(FieldDescriptor field, int wire) {
        return wire == field.getLiteType().getWireType()
                || (wire == WireFormat.WIRETYPE_LENGTH_DELIMITED && field.isRepeated() && isNumber(field));
    }
}
