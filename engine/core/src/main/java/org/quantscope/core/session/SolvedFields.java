package org.quantscope.core.session;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;
import tools.jackson.core.JsonGenerator;

/** The members of a {@link SolvedWeight} in a session file. Bytes are written as base64, in lines of bounded length. */
final class SolvedFields {
    private static final int LINE = 12 << 10;

    private SolvedFields() {}

    static void write(JsonGenerator json, SolvedWeight solved, Consumer<QuantParams> params) {
        json.writeStringProperty("made_from", solved.madeFrom());
        switch (solved) {
            case SolvedWeight.Nearest nearest -> json.writeStringProperty("nearest", nearest.why());
            case SolvedWeight.Solution solution -> {
                params.accept(solution.params());
                json.writeNumberProperty("width", solution.codes().width());
                lines(json, "packed", solution.codes().bytes());
                solution.bias().ifPresent(bias -> {
                    json.writeObjectPropertyStart("bias");
                    json.writeStringProperty("name", bias.id().name());
                    ByteBuffer bytes = ByteBuffer.allocate(bias.values().length * Float.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN);
                    bytes.asFloatBuffer().put(bias.values());
                    lines(json, "values", bytes.array());
                    json.writeEndObject();
                });
            }
        }
    }

    /** Writes bytes as base64, in lines of bounded length. */
    static void lines(JsonGenerator json, String name, byte[] bytes) {
        json.writeArrayPropertyStart(name);
        for (int from = 0; from < bytes.length; from += LINE) {
            byte[] line = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + LINE));
            json.writeString(Base64.getEncoder().encodeToString(line));
        }
        json.writeEndArray();
    }

    static SolvedWeight read(StrictJson json) {
        var read = new Object() {
            @Nullable
            String madeFrom;

            @Nullable
            String why;

            @Nullable
            Integer width;

            byte @Nullable [] packed;

            SolvedWeight.@Nullable MovedBias bias;

            boolean parameters;
        };
        SpecReader.Parameters parameters = new SpecReader.Parameters();
        json.object(name -> {
            switch (name) {
                case "made_from" -> read.madeFrom = json.string();
                case "nearest" -> read.why = json.string();
                case "width" -> read.width = json.integer(1, Short.SIZE);
                case "packed" -> read.packed = bytes(json);
                case "bias" -> read.bias = bias(json);
                default -> {
                    if (!parameters.member(json, name)) {
                        throw json.unknown(
                                "made_from",
                                "nearest",
                                "granularity",
                                "scale",
                                "zero_point",
                                "qmin",
                                "qmax",
                                "codebooks",
                                "width",
                                "packed",
                                "bias");
                    }
                    read.parameters = true;
                }
            }
        });
        String at = json.path();
        String madeFrom = json.required(at, "made_from", read.madeFrom);
        if (read.why != null) {
            if (read.parameters || read.width != null || read.packed != null || read.bias != null) {
                throw json.bad("a weight that keeps its nearest levels has no codes of its own");
            }
            return new SolvedWeight.Nearest(madeFrom, read.why);
        }
        QuantParams params = parameters.build(json);
        int width = json.required(at, "width", read.width);
        byte[] packed = json.required(at, "packed", read.packed);
        return new SolvedWeight.Solution(
                madeFrom, params, json.make(() -> new PackedCodes(width, packed)), Optional.ofNullable(read.bias));
    }

    private static SolvedWeight.MovedBias bias(StrictJson json) {
        var read = new Object() {
            @Nullable
            TensorId id;

            byte @Nullable [] values;
        };
        json.object(name -> {
            switch (name) {
                case "name" -> read.id = json.make(() -> new TensorId(json.string()));
                case "values" -> read.values = bytes(json);
                default -> throw json.unknown("name", "values");
            }
        });
        String at = json.path();
        TensorId id = json.required(at, "name", read.id);
        byte[] bytes = json.required(at, "values", read.values);
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw json.bad("a bias is finite, got " + value);
            }
        }
        if (bytes.length % Float.BYTES != 0) {
            throw json.bad(bytes.length + " bytes are no whole number of float32");
        }
        return new SolvedWeight.MovedBias(id, values);
    }

    /** Bytes that {@link #lines} wrote. */
    static byte[] bytes(StrictJson json) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        json.array(() -> {
            String line = json.string();
            all.writeBytes(json.make(() -> Base64.getDecoder().decode(line)));
        });
        return all.toByteArray();
    }
}
