package org.quantscope.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The arrays and figures of {@code src/test/resources/oracles}. */
public final class Oracles {
    public static final List<String> ARRAYS =
            List.of("gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant", "zeros");
    public static final JsonNode FIGURES = JsonMapper.shared().readTree(bytes("oracles.json"));

    private Oracles() {}

    /** The values of {@code name.npy}: version 1, little-endian float32, C order. */
    public static float[] array(String name) {
        ByteBuffer file = ByteBuffer.wrap(bytes(name + ".npy")).order(ByteOrder.LITTLE_ENDIAN);
        int start = 10 + file.getShort(8);
        var floats = file.position(start).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        float[] values = new float[floats.remaining()];
        floats.get(values);
        return values;
    }

    /** A weight of the given shape, or of rank 1. */
    public static Tensor tensor(float[] values, long... dims) {
        Shape shape = dims.length == 0 ? Shape.of(values.length) : Shape.of(dims);
        return new Tensor(
                new TensorInfo(new TensorId("w"), TensorKind.WEIGHT, DType.F32, shape, OptionalInt.empty(), List.of()),
                TensorData.of(values));
    }

    /** The figures of another file. */
    public static JsonNode json(String file) {
        return JsonMapper.shared().readTree(bytes(file));
    }

    /** A file that is opened by its path. */
    public static Path path(String file) {
        try {
            return Path.of(Oracles.class.getResource("/oracles/" + file).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(String file) {
        try (InputStream in = Oracles.class.getResourceAsStream("/oracles/" + file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
