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

    /** As deep as the protobuf parser itself goes. */
    private static final int MAX_DEPTH = 100;

    private final Path file;
    private final CodedInputStream in;
    private int count;

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
            boolean delimited = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
            boolean number = field != null
                    && field.getJavaType() != FieldDescriptor.JavaType.MESSAGE
                    && field.getJavaType() != FieldDescriptor.JavaType.STRING
                    && field.getJavaType() != FieldDescriptor.JavaType.BYTE_STRING;
            if (!number && ++count > LIMIT) {
                throw new BadInputException(file, "protobuf", "holds more than " + LIMIT + " messages");
            }
            if (delimited && field != null && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                int outer = in.pushLimit(in.readRawVarint32());
                walk(field.getMessageType(), depth + 1);
                in.checkLastTagWas(0);
                in.popLimit(outer);
            } else if (!in.skipField(tag)) {
                return;
            }
        }
    }
}
