package org.quantscope.core.tflite;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.tensor.Shape;

/**
 * A TensorFlow Lite model (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3): its first subgraph.
 *
 * @param description what the converter says of the model
 * @param tensors of the first subgraph, by their index
 * @param operators of the first subgraph, in the order in which they run
 * @param inputs indices of the tensors that are fed
 * @param outputs indices of the tensors that are the result
 * @param subgraphs how many there are
 * @param metadata names of the entries of metadata, with their bytes
 */
public record TfliteFile(
        String description,
        List<LiteTensor> tensors,
        List<LiteOperator> operators,
        List<Integer> inputs,
        List<Integer> outputs,
        int subgraphs,
        Map<String, MemorySegment> metadata) {
    /** Files with more tensors or operators are refused. */
    private static final int MAX_TABLES = 1_000_000;

    private static final int VERSION = 3;

    public TfliteFile {
        tensors = List.copyOf(tensors);
        operators = List.copyOf(operators);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        metadata = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /** True if a file begins as such a model does. */
    public static boolean matches(byte[] head) {
        return head.length >= 8 && head[4] == 'T' && head[5] == 'F' && head[6] == 'L' && head[7] == '3';
    }

    /**
     * Reads the structure and maps the values.
     *
     * @throws BadInputException if the file is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static TfliteFile read(Path file) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        FlatTable model = FlatTable.root(file, mapped.bytes(), "model");
        if (model.int32(0) != VERSION) {
            throw new BadInputException(file, "version", model.int32(0) + " is unknown, 3 is read");
        }
        List<Code> codes = new ArrayList<>();
        for (FlatTable code : model.tables(1, "operator code", MAX_TABLES)) {
            // The first field holds codes up to 127 only; newer ones stand in the second.
            int builtin = Math.max(code.int8(0), code.int32(3));
            codes.add(new Code(
                    builtin == LiteOps.CUSTOM ? "custom " + code.text(1) : LiteOps.name(builtin), code.int32(2, 1)));
        }
        List<FlatTable> subgraphs = model.tables(2, "subgraph", MAX_TABLES);
        if (subgraphs.isEmpty()) {
            throw new BadInputException(file, "subgraphs", "there is none");
        }
        List<FlatTable> buffers = model.tables(4, "buffer", MAX_TABLES);
        List<LiteTensor> tensors = new ArrayList<>();
        int index = 0;
        for (FlatTable tensor : subgraphs.getFirst().tables(0, "tensor", MAX_TABLES)) {
            tensors.add(tensor(file, mapped.bytes(), tensor, buffers, index++));
        }
        List<LiteOperator> operators = new ArrayList<>();
        FlatTable graph = subgraphs.getFirst();
        for (FlatTable operator : graph.tables(3, "operator", MAX_TABLES)) {
            int code = operator.int32(0);
            if (code < 0 || code >= codes.size()) {
                throw new BadInputException(
                        file, operator.what(), "its code " + Integer.toUnsignedString(code) + " is not in the list");
            }
            String name = codes.get(code).name;
            operators.add(new LiteOperator(
                    operators.size(),
                    name,
                    codes.get(code).version,
                    indices(file, operator, 1, tensors.size()),
                    indices(file, operator, 2, tensors.size()),
                    LiteOptionsReader.of(
                            file,
                            operator.what() + " (" + name + ")",
                            name,
                            operator.int8(3),
                            operator.table(4, operator.what() + " (" + name + ")"))));
        }
        Map<String, MemorySegment> metadata = new LinkedHashMap<>();
        for (FlatTable entry : model.tables(6, "metadata", MAX_TABLES)) {
            buffer(file, mapped.bytes(), buffers, entry.int32(1), entry.what())
                    .ifPresent(bytes -> metadata.put(entry.text(0), bytes));
        }
        return new TfliteFile(
                model.text(3),
                tensors,
                operators,
                indices(file, graph, 1, tensors.size()),
                indices(file, graph, 2, tensors.size()),
                subgraphs.size(),
                metadata);
    }

    /** What an operator is by its number in the file's own list. */
    private record Code(String name, int version) {}

    private static List<Integer> indices(Path file, FlatTable table, int field, int tensors) {
        List<Integer> all = new ArrayList<>();
        for (int index : table.ints(field)) {
            if (index < -1 || index >= tensors) {
                throw new BadInputException(
                        file, table.what(), "tensor " + index + " is none of the " + tensors + " of the subgraph");
            }
            all.add(index);
        }
        return all;
    }

    private static LiteTensor tensor(
            Path file, MemorySegment bytes, FlatTable tensor, List<FlatTable> buffers, int index) {
        String name = tensor.text(3);
        String field = name.isEmpty() ? tensor.what() : name;
        int number = tensor.int8(1);
        LiteType type = LiteType.of(number)
                .orElseThrow(() -> new BadInputException(file, field, "type " + number + " is unknown"));
        int[] dims = tensor.ints(0);
        long[] shape = new long[dims.length];
        for (int i = 0; i < dims.length; i++) {
            shape[i] = dims[i];
        }
        Shape made;
        long bits;
        try {
            made = Shape.of(shape);
            bits = Math.multiplyExact(made.count(), (long) type.bits());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new BadInputException(file, field, "shape is none: " + e.getMessage(), e);
        }
        Optional<MemorySegment> stored = buffer(file, bytes, buffers, tensor.int32(2), field);
        if (stored.isPresent() && tensor.table(6, field).isPresent()) {
            throw new BadInputException(file, field, "is stored sparse; only dense tensors are read");
        }
        if (stored.isPresent() && type.bits() > 0 && stored.get().byteSize() != Math.ceilDiv(bits, 8L)) {
            throw new BadInputException(
                    file,
                    field,
                    made + " of " + type + " wants " + Math.ceilDiv(bits, 8L) + " bytes, its buffer has "
                            + stored.get().byteSize());
        }
        return new LiteTensor(
                index,
                name,
                type,
                stored.isPresent() ? made : declared(dims, tensor.ints(7)),
                quantization(file, tensor, field, made),
                stored,
                tensor.int8(5) != 0);
    }

    /** The shape, with the axes free whose length the signature leaves open. */
    private static Shape declared(int[] dims, int[] signature) {
        long[] declared = new long[dims.length];
        for (int i = 0; i < dims.length; i++) {
            declared[i] = signature.length == dims.length && signature[i] < 0 ? -1 : dims[i];
        }
        return Shape.declared(declared);
    }

    /** The bytes of a buffer: in place, or behind the tables in files over 2 GB; empty if it has none. */
    private static Optional<MemorySegment> buffer(
            Path file, MemorySegment bytes, List<FlatTable> buffers, int index, String field) {
        if (index < 0 || index >= buffers.size()) {
            throw new BadInputException(
                    file, field, "buffer " + Integer.toUnsignedString(index) + " is none of the " + buffers.size());
        }
        FlatTable buffer = buffers.get(index);
        MemorySegment data = buffer.segment(0);
        if (data.byteSize() > 0) {
            return Optional.of(data);
        }
        long offset = buffer.int64(1);
        long size = buffer.int64(2);
        // Writers put 1 there where the offset is still unknown.
        if (offset <= 1 || size <= 0) {
            return Optional.empty();
        }
        if (offset > bytes.byteSize() || size > bytes.byteSize() - offset) {
            throw new BadInputException(
                    file,
                    field,
                    size + " bytes at " + offset + " lie outside the " + bytes.byteSize() + " of the file");
        }
        return Optional.of(bytes.asSlice(offset, size));
    }

    private static Optional<LiteQuantization> quantization(Path file, FlatTable tensor, String field, Shape shape) {
        Optional<FlatTable> table = tensor.table(4, field);
        if (table.isEmpty() || table.get().size(2, Float.BYTES) == 0) {
            return Optional.empty();
        }
        FlatTable quantization = table.get();
        float[] scales = quantization.floats(2);
        long[] zeroPoints = quantization.longs(3);
        int axis = quantization.int32(6);
        if (zeroPoints.length == 0) {
            zeroPoints = new long[scales.length];
        }
        if (zeroPoints.length != scales.length) {
            throw new BadInputException(
                    file, field, scales.length + " scales and " + zeroPoints.length + " zero points do not agree");
        }
        if (scales.length > 1 && (axis < 0 || axis >= shape.rank() || shape.dim(axis) != scales.length)) {
            throw new BadInputException(
                    file, field, scales.length + " scales do not fit axis " + axis + " of " + shape);
        }
        return Optional.of(new LiteQuantization(scales, zeroPoints, axis));
    }
}
