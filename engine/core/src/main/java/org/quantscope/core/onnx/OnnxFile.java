package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.tensor.Tensor;

/**
 * The content of an ONNX file: IR version 3 and newer, opsets {@value #MIN_OPSET} to {@value #MAX_OPSET}.
 *
 * <p>The file is mapped and parsed in place, so that raw values are slices of the mapping and not copies.
 *
 * @param opset version of the default operator set
 * @param tensors stored tensors in the order of the file
 * @param notes what was skipped or assumed, one sentence each, for a person
 */
public record OnnxFile(int opset, OnnxGraph graph, List<Tensor> tensors, List<String> notes) {
    static final int MIN_OPSET = 7;
    static final int MAX_OPSET = 26;

    /** IR version 3 is the first with operator set imports. */
    private static final int MIN_IR = 3;

    /** Field numbers of ModelProto whose values are messages or strings. */
    private static final Set<Integer> DELIMITED_FIELDS = Set.of(2, 3, 4, 6, 7, 8, 14, 20, 25, 26);

    /** Field numbers of ModelProto that are integers: ir_version and model_version. */
    private static final Set<Integer> VARINT_FIELDS = Set.of(1, 5);

    /** Fields of which every model has at least one near its beginning: ir_version, graph, opset_import. */
    private static final Set<Integer> TELLING_FIELDS = Set.of(1, 7, 8);

    public OnnxFile {
        tensors = List.copyOf(tensors);
        notes = List.copyOf(notes);
    }

    /**
     * True if these may be the first bytes of an ONNX model: they are read as fields of a ModelProto, as far as they
     * go. A file that is cut off still matches, because it is a damaged ONNX file.
     */
    public static boolean matches(byte[] head) {
        CodedInputStream in = CodedInputStream.newInstance(head);
        boolean telling = false;
        try {
            while (!in.isAtEnd()) {
                int tag = in.readTag();
                int field = WireFormat.getTagFieldNumber(tag);
                int wire = WireFormat.getTagWireType(tag);
                if (wire == WireFormat.WIRETYPE_VARINT && VARINT_FIELDS.contains(field)) {
                    in.readRawVarint64();
                } else if (wire == WireFormat.WIRETYPE_LENGTH_DELIMITED && DELIMITED_FIELDS.contains(field)) {
                    int length = in.readRawVarint32();
                    if (length < 0) {
                        return false;
                    }
                    telling |= TELLING_FIELDS.contains(field);
                    if (length > head.length - in.getTotalBytesRead()) {
                        return telling;
                    }
                    in.skipRawBytes(length);
                } else {
                    return false;
                }
                telling |= TELLING_FIELDS.contains(field);
            }
            return telling;
        } catch (IOException e) {
            // The head ends within a number, or holds none.
            return false;
        }
    }

    /**
     * Reads a file and checks all of it.
     *
     * @param withData false reads no values
     * @throws BadInputException if the file is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static OnnxFile read(Path file, boolean withData) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        if (mapped.size() > Integer.MAX_VALUE) {
            throw new BadInputException(
                    file,
                    "file",
                    "has " + mapped.size()
                            + " bytes; protobuf ends at 2147483647, larger models keep their tensors in external"
                            + " files");
        }
        return of(file, parse(mapped), withData);
    }

    /**
     * The same for a message that is in memory already, for example one that has been edited.
     *
     * @param file the model file; external tensors are looked for beside it
     * @param withData false reads no values
     * @throws BadInputException if it contradicts itself or holds something unsupported
     * @throws IOException if an external file cannot be read
     */
    public static OnnxFile of(Path file, ModelProto proto, boolean withData) throws IOException {
        int opset = opset(proto, file);
        NodeArity.check(file, proto);
        GraphReader reader = new GraphReader(file, withData);
        BodyWeights.Lifted plain =
                BodyWeights.lifted(FusedOperators.unfused(LocalFunctions.inline(file, proto), opset));
        OnnxGraph graph = new OnnxGraph(reader.read(plain.model()));
        return new OnnxFile(
                opset,
                graph,
                reader.tensors(),
                Stream.concat(plain.note().stream(), reader.notes().stream()).toList());
    }

    /**
     * A file that is quantized already.
     *
     * @param floats the float model behind it
     * @param own how it is quantized
     * @param codes the name that the codes of a value of the float model have in the file, by the name of the value
     */
    public record Quantized(OnnxFile floats, OwnQuantization own, Map<String, String> codes) {
        public Quantized {
            codes = Map.copyOf(codes);
        }
    }

    /**
     * The float model behind this one, if this one is quantized already. Without values it is not looked for.
     *
     * @param file the model file
     */
    public Optional<Quantized> floatForm(Path file) throws IOException {
        if (tensors.stream().anyMatch(t -> !t.data().isRead())) {
            return Optional.empty();
        }
        Optional<FloatForm.Result> form = FloatForm.of(graph.proto(), tensors);
        return form.isEmpty()
                ? Optional.empty()
                : Optional.of(new Quantized(
                        of(file, form.get().model(), true),
                        form.get().own(),
                        form.get().codes()));
    }

    /**
     * The files that hold external values of the model, by the path that it gives, with {@code /}.
     *
     * @throws BadInputException if the model is damaged, or a file is missing or lies elsewhere
     */
    public static SortedMap<String, Path> companions(Path file) throws IOException {
        return ExternalFiles.of(file, proto(file));
    }

    /** The message of a file, bounded and parsed, but with its graph unchecked. */
    static ModelProto proto(Path file) throws IOException {
        FileCheck.checkBinary(file, FileKind.Wanted.ONNX, "onnx");
        MappedFile mapped = MappedFile.map(file);
        if (mapped.size() > Integer.MAX_VALUE) {
            throw new BadInputException(file, "file", "has " + mapped.size() + " bytes; protobuf ends at 2147483647");
        }
        ModelProto proto = parse(mapped);
        opset(proto, file);
        return proto;
    }

    private static ModelProto parse(MappedFile mapped) throws IOException {
        // Aliasing is safe because the mapped file never changes; a plain buffer would be copied.
        ByteString bytes = UnsafeByteOperations.unsafeWrap(mapped.bytes().asByteBuffer());
        try {
            MessageBudget.check(mapped.path(), bytes, ModelProto.getDescriptor());
            CodedInputStream in = bytes.newCodedInput();
            in.enableAliasing(true);
            in.setSizeLimit(Integer.MAX_VALUE);
            ModelProto proto = ModelProto.parseFrom(in);
            in.checkLastTagWas(0);
            return proto;
        } catch (InvalidProtocolBufferException e) {
            throw new BadInputException(mapped.path(), "protobuf", "is damaged or cut off", e);
        }
    }

    private static int opset(ModelProto proto, Path file) {
        if (proto.getIrVersion() < MIN_IR) {
            throw new BadInputException(
                    file, "ir_version", proto.getIrVersion() + " is not supported, " + MIN_IR + " is the oldest");
        }
        if (!proto.hasGraph()) {
            throw new BadInputException(file, "graph", "is missing");
        }
        for (OperatorSetIdProto set : proto.getOpsetImportList()) {
            if (ElementTypes.isDefaultDomain(set.getDomain())) {
                if (set.getVersion() < MIN_OPSET || set.getVersion() > MAX_OPSET) {
                    throw new BadInputException(
                            file,
                            "opset_import",
                            "version " + set.getVersion() + " is not supported, " + MIN_OPSET + " to " + MAX_OPSET
                                    + " are");
                }
                return (int) set.getVersion();
            }
        }
        throw new BadInputException(file, "opset_import", "does not name the default domain");
    }
}
