package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.TensorProtos;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;

/**
 * A graph to be run, of any size: a message of nodes and small tensors, which must stay below 2 GB, and the values of
 * the large tensors beside it. The values are not copied: mostly they are slices of a mapped file, which Java has
 * bounded. So the runtime never opens a file that a model names.
 */
public final class RunnableGraph {
    /** Tensors with at least this many bytes are handed over beside the message; smaller ones cost less inside it. */
    static final int LARGE = 1 << 16;

    /** The most bytes of the tensors in one message: 2 GB without room for nodes and names. */
    public static final long MOST_IN_MESSAGE = Integer.MAX_VALUE - (64L << 20);

    /** The most bytes of one tensor: what Java puts into one buffer. */
    private static final long LARGEST_TENSOR = Integer.MAX_VALUE - 8;

    /** Stands where the name of a file would; nothing is ever opened. */
    private static final String NOWHERE = "values-are-handed-over";

    private final Path file;
    private final ModelProto proto;
    private final int large;

    RunnableGraph(Path file, ModelProto proto) {
        this(file, proto, LARGE);
    }

    /** @param large the fewest bytes of a tensor that is handed over beside the message */
    RunnableGraph(Path file, ModelProto proto, int large) {
        this.file = file;
        this.proto = proto;
        this.large = large;
    }

    /**
     * The values of one initializer.
     *
     * @param name of the initializer
     * @param bytes little-endian, row-major, from position to limit; read-only
     */
    public record Values(String name, DType dtype, Shape shape, ByteBuffer bytes) {}

    /**
     * What a runtime takes.
     *
     * @param message the serialized model without the values that are beside it; not copied
     * @param values those values; every one has to be handed over
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on once and never compared
    public record Parts(byte[] message, List<Values> values) {
        public Parts {
            values = List.copyOf(values);
        }
    }

    /** True for the element types that ONNX Runtime's Java interface makes tensors of. */
    private static boolean isHandedOver(DType type) {
        return switch (type) {
            case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL -> true;
            case F8_E4M3, F8_E5M2, U64, U32, U16 -> false;
        };
    }

    /**
     * The graph in two parts.
     *
     * @throws BadInputException if its small tensors, and those of types that cannot be handed over, exceed one message
     */
    public Parts parts() {
        BesideMessage parted = BesideMessage.of(
                proto,
                NOWHERE,
                t -> t.getRawData().size() >= large
                        && TensorProtos.dtype(t.getDataType())
                                .filter(RunnableGraph::isHandedOver)
                                .isPresent());
        checkSize(parted.message());
        return new Parts(
                parted.message().toByteArray(),
                parted.values().stream().map(v -> values(v.tensor())).toList());
    }

    private static Values values(TensorProto t) {
        return new Values(
                t.getName(),
                TensorProtos.dtype(t.getDataType()).orElseThrow(),
                Shape.of(t.getDimsList().stream().mapToLong(d -> d).toArray()),
                t.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN));
    }

    private void checkSize(ModelProto message) {
        long bytes = BesideMessage.bytes(message);
        if (bytes > MOST_IN_MESSAGE) {
            throw new BadInputException(
                    file,
                    "tensors",
                    "have " + bytes + " bytes in small tensors, or in types that can only be run from within a model;"
                            + " that is possible up to " + MOST_IN_MESSAGE);
        }
    }

    /**
     * To be called before work that ends with running a model.
     *
     * @throws BadInputException naming the first tensor that is too large to be handed over
     */
    public static void checkTensors(Model model) {
        model.tensors().forEach(t -> checkTensor(t, model.file()));
    }

    /** Java's buffers, by which ONNX Runtime takes values, end at 2 GB. */
    static void checkTensor(Tensor t, Path file) {
        long bytes = t.data().segment().byteSize();
        if (bytes > LARGEST_TENSOR) {
            throw new BadInputException(
                    file,
                    t.id().name(),
                    "has " + bytes + " bytes in one tensor; a graph can be run or written with tensors of up to "
                            + LARGEST_TENSOR + " each");
        }
    }

    /** The size of the tensors in bytes. */
    public long bytes() {
        return BesideMessage.bytes(proto);
    }

    /**
     * The serialized model in one piece.
     *
     * @throws BadInputException if it is too large for one message
     */
    public byte[] message() {
        checkSize(proto);
        return proto.toByteArray();
    }

    ModelProto proto() {
        return proto;
    }

    /** Another graph of the same model. */
    RunnableGraph with(ModelProto other) {
        return new RunnableGraph(file, other, large);
    }
}
