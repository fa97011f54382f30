package org.quantscope.core.export;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.WeightCodes;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A quantized model as named arrays: what {@link SafetensorsExporter} and {@link NpzExporter} put into their
 * containers. For a quantized tensor {@code t}: {@code t.codes}, {@code t.scales}, and {@code t.zero_points}, or
 * {@code t.codebook}, or {@code t.codebooks}, all in one array, with {@code t.codebook_sizes}. An activation has no
 * codes. Every other tensor is stored unchanged.
 *
 * <p>Codes of up to 4 bits are packed, two in a byte, the first in the low nibble, signed ones in two's complement. The
 * metadata describes this for each tensor, under {@code tensor:t}.
 */
public final class CodeArchive {
    public static final String FORMAT = "quantscope-codes";
    public static final String VERSION = "1";
    /** The beginning of the keys under which the metadata describes tensors. */
    public static final String PREFIX = "tensor:";

    public static final String CODES = ".codes";
    public static final String SCALES = ".scales";
    public static final String ZERO_POINTS = ".zero_points";
    public static final String CODEBOOK = ".codebook";
    public static final String CODEBOOKS = ".codebooks";
    public static final String CODEBOOK_SIZES = ".codebook_sizes";
    private static final List<String> SUFFIXES =
            List.of(CODES, SCALES, ZERO_POINTS, CODEBOOK, CODEBOOKS, CODEBOOK_SIZES);

    private static final int PACKED_BITS = 4;
    private static final int CHUNK = 1 << 16;

    private final ExportPlan plan;
    private final List<Encoding> carried = new ArrayList<>();
    private final List<Array> arrays = new ArrayList<>();
    private final Map<String, String> metadata = new TreeMap<>();

    /** Writes the values of an array, little-endian. */
    @FunctionalInterface
    interface Values {
        void write(OutputStream out, CancelToken cancel) throws IOException;
    }

    /** An array of the archive. */
    record Array(String name, DType dtype, Shape shape, Values values) {
        long bytes() {
            return shape.count() * dtype.bytes();
        }
    }

    CodeArchive(ExportPlan plan) {
        this.plan = plan;
        metadata.put("format", FORMAT);
        metadata.put("version", VERSION);
        metadata.putAll(ProvenanceText.of(plan));
        Set<String> refused = new HashSet<>();
        problems(plan, "").forEach(p -> refused.add(p.tensor()));
        Set<TensorId> coded = new HashSet<>();
        for (Encoding e : plan.encodings()) {
            if (!refused.contains(e.id().name())) {
                carried.add(e);
                coded.add(e.id());
                add(e);
            }
        }
        for (Tensor t : plan.model().tensors()) {
            if (!coded.contains(t.id())) {
                arrays.add(new Array(
                        t.id().name(),
                        t.data().dtype(),
                        t.info().shape(),
                        (out, cancel) -> copy(t.data(), out, cancel)));
            }
        }
    }

    /** A problem for each tensor that is left out: its arrays would have the name of another, or its range is not fixed. */
    static List<ExportProblem> problems(ExportPlan plan, String target) {
        Set<String> names = new HashSet<>();
        plan.model().tensors().forEach(t -> names.add(t.id().name()));
        plan.encodings().forEach(e -> names.add(e.id().name()));
        List<ExportProblem> problems = new ArrayList<>();
        for (Encoding e : plan.encodings()) {
            if (e.params().runRange().isPresent()) {
                problems.add(new ExportProblem(
                        target,
                        e.id().name(),
                        "its range is found while the network runs, the file holds ranges that are known beforehand",
                        "choose the range on calibration data",
                        Severity.ERROR,
                        Remedy.calibrator(e, "minmax")));
                continue;
            }
            for (String suffix : SUFFIXES) {
                if (names.contains(e.id().name() + suffix)) {
                    problems.add(new ExportProblem(
                            target,
                            e.id().name(),
                            "the model has a tensor " + e.id().name() + suffix
                                    + ", which is the name of an array that belongs to this one",
                            "rename that one in the model",
                            Severity.ERROR));
                    break;
                }
            }
        }
        return problems;
    }

    List<Array> arrays() {
        return arrays;
    }

    /** The metadata, in the order of its keys. */
    Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    private void add(Encoding e) {
        QuantParams params = e.params();
        String name = e.id().name();
        Shape slices = slices(e);
        int bits = codeBits(params);
        if (!e.isActivation()) {
            Tensor tensor = plan.model().find(e.id()).orElseThrow();
            boolean packed = bits <= PACKED_BITS;
            DType dtype = packed
                    ? DType.U8
                    : e.isSigned()
                            ? (bits <= Byte.SIZE ? DType.I8 : DType.I16)
                            : bits <= Byte.SIZE ? DType.U8 : DType.U16;
            long count = tensor.data().count();
            arrays.add(new Array(
                    name + CODES,
                    dtype,
                    packed ? Shape.of(Math.ceilDiv(count, 2L)) : e.info().shape(),
                    (out, cancel) -> codes(tensor, params, dtype, packed, out, cancel)));
        }
        arrays.add(new Array(name + SCALES, DType.F32, slices, (out, cancel) -> floats(params.scales(), out)));
        if (params.isAffine()) {
            arrays.add(
                    new Array(name + ZERO_POINTS, DType.I32, slices, (out, cancel) -> ints(params.zeroPoints(), out)));
        } else if (params.codebooks().size() == 1) {
            CodebookGrid codebook = params.codebooks().getFirst();
            arrays.add(new Array(
                    name + CODEBOOK,
                    DType.F32,
                    Shape.of(codebook.size()),
                    (out, cancel) -> floats(codebook.levels(), out)));
        } else {
            int[] sizes =
                    params.codebooks().stream().mapToInt(CodebookGrid::size).toArray();
            long levels =
                    params.codebooks().stream().mapToLong(CodebookGrid::size).sum();
            arrays.add(new Array(name + CODEBOOKS, DType.F32, Shape.of(levels), (out, cancel) -> {
                for (CodebookGrid codebook : params.codebooks()) {
                    cancel.check();
                    floats(codebook.levels(), out);
                }
            }));
            arrays.add(new Array(
                    name + CODEBOOK_SIZES, DType.I32, Shape.of(sizes.length), (out, cancel) -> ints(sizes, out)));
        }
        metadata.put(PREFIX + name, describe(e, bits));
    }

    private static String describe(Encoding e, int codeBits) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            json.writeStringProperty("kind", e.info().kind().id());
            json.writeStringProperty("scheme", e.spec().scheme());
            json.writeNumberProperty("bits", e.bits());
            json.writeBooleanProperty(
                    "signed", e.isAffine() ? e.isSigned() : e.spec().signed());
            json.writeBooleanProperty("symmetric", e.spec().symmetric());
            json.writeBooleanProperty("narrow_range", e.spec().restrictedRange());
            json.writeStringProperty("granularity", e.params().granularity().toString());
            e.axis().ifPresent(axis -> json.writeNumberProperty("axis", axis));
            e.blockSize().ifPresent(size -> json.writeNumberProperty("block_size", size));
            if (e.isAffine()) {
                json.writeNumberProperty("qmin", e.params().qmin());
                json.writeNumberProperty("qmax", e.params().qmax());
            }
            if (!e.isActivation()) {
                json.writeArrayPropertyStart("shape");
                for (long d : e.info().shape().toArray()) {
                    json.writeNumber(d);
                }
                json.writeEndArray();
                json.writeStringProperty(
                        "packing",
                        codeBits > PACKED_BITS
                                ? "none"
                                : "two codes a byte, first in the low nibble, "
                                        + (e.isSigned() ? "two's complement" : "unsigned"));
            }
            json.writeStringProperty("value", e.isAffine() ? "(code - zero_point) * scale" : "codebook[code] * scale");
            json.writeEndObject();
        }
        return text.toString();
    }

    /** The width of a stored code: 1 to 16 bits. */
    private static int codeBits(QuantParams params) {
        return Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(params.qmax() - params.qmin()));
    }

    /**
     * The shape of the scales: one value, one for each channel, or the shape of the tensor with blocks in place of
     * values along the axis.
     */
    private static Shape slices(Encoding e) {
        return switch (e.params().granularity()) {
            case Granularity.PerTensor _ -> Shape.of(1);
            case Granularity.PerChannel _ -> Shape.of(e.params().slices());
            case Granularity.PerBlock b -> {
                long[] dims = e.info().shape().toArray();
                dims[b.axis()] = Math.ceilDiv(dims[b.axis()], (long) b.size());
                yield Shape.of(dims);
            }
        };
    }

    private static void codes(
            Tensor tensor, QuantParams params, DType dtype, boolean packed, OutputStream out, CancelToken cancel)
            throws IOException {
        byte[] bytes = new byte[CHUNK];
        int[] state = {0, -1};
        new WeightCodes(tensor, params).each(cancel, code -> {
            if (!packed) {
                bytes[state[0]++] = (byte) code;
                if (dtype.bytes() > 1) {
                    bytes[state[0]++] = (byte) (code >> Byte.SIZE);
                }
            } else if (state[1] < 0) {
                state[1] = code & 0xf;
            } else {
                bytes[state[0]++] = (byte) (state[1] | code << PACKED_BITS);
                state[1] = -1;
            }
            if (state[0] == CHUNK) {
                out.write(bytes);
                state[0] = 0;
            }
        });
        if (state[1] >= 0) {
            bytes[state[0]++] = (byte) state[1];
        }
        out.write(bytes, 0, state[0]);
    }

    /** The code at an index of a stored array. */
    private static int code(TensorData stored, boolean packed, boolean signed, long index) {
        if (!packed) {
            return (int) stored.integer(index);
        }
        int nibble = (int) (stored.integer(index / 2) >> (index % 2 * PACKED_BITS)) & 0xf;
        return signed && nibble > 7 ? nibble - 16 : nibble;
    }

    private static void floats(float[] values, OutputStream out) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        out.write(bytes.array());
    }

    private static void ints(int[] values, OutputStream out) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        out.write(bytes.array());
    }

    /** Writes the stored bytes, swapped if they are in the other byte order, and decoded if they are coded in blocks. */
    private static void copy(TensorData data, OutputStream out, CancelToken cancel) throws IOException {
        if (data.format().isPresent()) {
            float[] chunk = new float[CHUNK / Float.BYTES];
            for (long from = 0; from < data.count(); from += chunk.length) {
                cancel.check();
                int n = (int) Math.min(chunk.length, data.count() - from);
                data.read(from, chunk, 0, n);
                floats(n == chunk.length ? chunk : java.util.Arrays.copyOf(chunk, n), out);
            }
            return;
        }
        int width = data.dtype().bytes();
        boolean turn = data.order() != ByteOrder.LITTLE_ENDIAN && width > 1;
        long size = data.count() * width;
        for (long from = 0; from < size; from += CHUNK) {
            cancel.check();
            byte[] bytes = data.segment()
                    .asSlice(from, Math.min(CHUNK, size - from))
                    .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
            for (int i = 0; turn && i < bytes.length; i += width) {
                for (int a = i, b = i + width - 1; a < b; a++, b--) {
                    byte held = bytes[a];
                    bytes[a] = bytes[b];
                    bytes[b] = held;
                }
            }
            out.write(bytes);
        }
    }

    /**
     * Compares what was read back with what was to be written: each code, decoded with the scales of the file, must be
     * the fake-quantized value, and scales and zero points must be equal.
     *
     * @throws IllegalStateException if it is not
     */
    void verify(Model read, CancelToken cancel) {
        Map<String, Tensor> stored = new HashMap<>();
        read.tensors().forEach(t -> stored.put(t.id().name(), t));
        for (Encoding e : carried) {
            QuantParams params = e.params();
            String name = e.id().name();
            expect(java.util.Arrays.equals(need(stored, name + SCALES).toFloats(), params.scales()), name + SCALES);
            for (int i = 0; params.isAffine() && i < params.slices(); i++) {
                expect(need(stored, name + ZERO_POINTS).integer(i) == params.zeroPoint(i), name + ZERO_POINTS);
            }
            if (e.isActivation()) {
                continue;
            }
            Tensor tensor = plan.model().find(e.id()).orElseThrow();
            TensorData codes = need(stored, name + CODES);
            float[] wanted = ErrorPass.fakeQuantize(tensor, params, cancel);
            boolean packed = codeBits(params) <= PACKED_BITS;
            Slicing slicing = Slicing.of(e.info(), params.granularity());
            for (int i = 0; i < wanted.length; i++) {
                if ((i & (CHUNK - 1)) == 0) {
                    cancel.check();
                }
                float y = WeightCodes.value(params, slicing.sliceOf(i), code(codes, packed, e.isSigned(), i));
                expect(y == wanted[i] || Float.isNaN(wanted[i]), name + CODES);
            }
        }
    }

    private static TensorData need(Map<String, Tensor> stored, String name) {
        Tensor tensor = stored.get(name);
        expect(tensor != null, name);
        return java.util.Objects.requireNonNull(tensor).data();
    }

    private static void expect(boolean same, String array) {
        if (!same) {
            throw new IllegalStateException("the array " + array + " does not read back as what was written");
        }
    }
}
