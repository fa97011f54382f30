package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CompanionFile;
import org.quantscope.core.io.Destination;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.MappedFile;

/**
 * The files beside a model that hold the values of its large tensors (onnx {@code docs/ExternalData.md}). Nothing outside the model's folder is opened.
 * Each file is mapped once.
 */
final class ExternalFiles {
    private final Path model;
    private final Map<Path, MappedFile> mapped = new HashMap<>();

    ExternalFiles(Path model) {
        this.model = model;
    }

    /**
     * The place of an external tensor's bytes.
     *
     * @param location relative to the model's folder
     * @param offset from the start of the file, at least 0
     * @param length in bytes; -1 if not given
     */
    record Place(Path location, long offset, long length) {}

    /** Reads and checks the place that a tensor gives for its bytes; opens nothing. */
    Place place(TensorProto tensor, String name) {
        Path location = null;
        long offset = 0;
        long length = -1;
        for (StringStringEntryProto entry : tensor.getExternalDataList()) {
            switch (entry.getKey()) {
                case "location" -> location = CompanionFile.relative(model, name, entry.getValue());
                case "offset" -> offset = size(entry, name);
                case "length" -> length = size(entry, name);
                default -> {
                    // "checksum", "basepath" and other entries do not change where the bytes are.
                }
            }
        }
        if (location == null) {
            throw new BadInputException(model, name, "external_data has no location");
        }
        return new Place(location, offset, length);
    }

    /**
     * The bytes of an external tensor.
     *
     * @param bytes how many it needs
     */
    MemorySegment bytes(TensorProto tensor, String name, long bytes) throws IOException {
        Place place = place(tensor, name);
        if (place.length >= 0 && place.length != bytes) {
            throw new BadInputException(
                    model,
                    name,
                    "external_data length " + place.length + " is not the " + bytes + " bytes of its type and dims");
        }
        Path real = CompanionFile.resolve(model, name, place.location);
        MappedFile content = mapped.get(real);
        if (content == null) {
            if (Destination.names(real) > 1) {
                // As ONNX's own checker: a second name may lie anywhere, so the folder would not bound what is read.
                throw new BadInputException(
                        model,
                        name,
                        "location '" + place.location + "' has " + Destination.names(real)
                                + " names (hard links); copy the file instead");
            }
            content = MappedFile.map(real);
            FileCheck.checkValues(model, name, place.location, content.bytes());
            mapped.put(real, content);
        }
        if (place.offset > content.size() || bytes > content.size() - place.offset) {
            throw new BadInputException(
                    model,
                    name,
                    "external_data offset " + place.offset + " and " + bytes + " bytes end behind the " + content.size()
                            + " bytes of " + place.location);
        }
        return content.bytes().asSlice(place.offset, bytes);
    }

    /** The files that any message within {@code model} names for external values, by the path it gives. */
    static SortedMap<String, Path> of(Path file, MessageOrBuilder model) throws IOException {
        ExternalFiles files = new ExternalFiles(file);
        SortedMap<String, Path> found = new TreeMap<>();
        List<Message> open = new ArrayList<>();
        children(model, open);
        while (!open.isEmpty()) {
            Message message = open.removeLast();
            if (message instanceof TensorProto tensor) {
                if (TensorProtos.isExternal(tensor)) {
                    Path relative = files.place(tensor, tensor.getName()).location;
                    String name = relative.toString().replace('\\', '/');
                    if (!found.containsKey(name)) {
                        found.put(name, CompanionFile.resolve(file, tensor.getName(), relative));
                    }
                }
            } else {
                children(message, open);
            }
        }
        return found;
    }

    private static void children(MessageOrBuilder message, List<Message> to) {
        message.getAllFields().forEach((field, value) -> {
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                if (field.isRepeated()) {
                    ((List<?>) value).forEach(v -> to.add((Message) v));
                } else {
                    to.add((Message) value);
                }
            }
        });
    }

    private long size(StringStringEntryProto entry, String name) {
        try {
            long value = Long.parseLong(entry.getValue().strip());
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    model,
                    name,
                    "external_data " + entry.getKey() + " '" + entry.getValue() + "' is no number of bytes",
                    e);
        }
        throw new BadInputException(
                model, name, "external_data " + entry.getKey() + " " + entry.getValue() + " is negative");
    }
}
