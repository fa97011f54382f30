package org.quantscope.core.metric;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.TinyModels;

/** Our fake quantization against QuantizeLinear followed by DequantizeLinear in ONNX Runtime, bit for bit. */
class OnnxRuntimeParityTest {
    private static final int ROWS = 257;
    private static final int CHANNELS = 13;

    @ParameterizedTest
    @CsvSource({
        "UINT8, 0, 255, 0.0117647061, 85",
        "INT8, -128, 127, 0.0157480314, 0",
        "INT8, -128, 127, 1e-30, -43",
        "UINT8, 0, 255, 1e30, 128",
        "INT16, -32768, 32767, 0.001, 17",
        "UINT16, 0, 65535, 3.0517578e-5, 32768",
    })
    void perTensor(String type, int qmin, int qmax, float scale, int zeroPoint) throws OrtException {
        var params = new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
        check(type, params, new long[0]);
    }

    @ParameterizedTest
    @CsvSource({"UINT8, 0, 255", "INT8, -128, 127"})
    void perChannel(String type, int qmin, int qmax) throws OrtException {
        var random = new Random(4);
        float[] scales = new float[CHANNELS];
        int[] zeroPoints = new int[CHANNELS];
        for (int c = 0; c < CHANNELS; c++) {
            scales[c] = (float) Math.exp(4 * random.nextGaussian());
            zeroPoints[c] = random.nextInt(qmin, qmax + 1);
        }
        check(type, new QuantParams(new Granularity.PerChannel(1), scales, zeroPoints, qmin, qmax), new long[] {CHANNELS
        });
    }

    private static void check(String type, QuantParams params, long[] dims) throws OrtException {
        float[] x = values(params);
        long[] shape = {ROWS, CHANNELS};
        float[] expected = runtime(type, params, dims, x, shape);
        var info = new TensorInfo(
                new TensorId("x"), TensorKind.WEIGHT, DType.F32, Shape.of(shape), OptionalInt.empty(), List.of());
        float[] actual = ErrorPass.fakeQuantize(new Tensor(info, TensorData.of(x)), params, new CancelToken());
        for (int i = 0; i < x.length; i++) {
            assertThat(Float.floatToRawIntBits(actual[i]))
                    .as("x = %s", x[i])
                    .isEqualTo(Float.floatToRawIntBits(expected[i]));
        }
    }

    /** Inside and outside the range, on levels, on ties and a float beside them, infinities and arbitrary bits. */
    private static float[] values(QuantParams params) {
        var random = new Random(8);
        float[] x = new float[ROWS * CHANNELS];
        for (int i = 0; i < x.length; i++) {
            float scale = params.scale(params.slices() == 1 ? 0 : i % CHANNELS);
            int steps = random.nextInt(params.qmin() - 20, params.qmax() + 20);
            float bits = Float.intBitsToFloat(random.nextInt());
            x[i] = switch (random.nextInt(7)) {
                case 0 -> (steps + 0.5f) * scale;
                case 1 -> Math.nextUp((steps + 0.5f) * scale);
                case 2 -> Math.nextDown((steps + 0.5f) * scale);
                case 3 -> steps * scale;
                case 4 -> Float.isNaN(bits) ? -0f : bits;
                case 5 -> random.nextInt(50) == 0 ? Float.NEGATIVE_INFINITY : Float.MIN_VALUE;
                default -> (float) (scale * 100 * random.nextGaussian());
            };
        }
        return x;
    }

    private static float[] runtime(String type, QuantParams params, long[] dims, float[] x, long[] shape)
            throws OrtException {
        NodeProto.Builder quantize = TinyModels.node("QuantizeLinear", List.of("x", "scale", "zero"), "q");
        NodeProto.Builder dequantize = TinyModels.node("DequantizeLinear", List.of("q", "scale", "zero"), "y");
        if (dims.length > 0) {
            quantize.addAttribute(TinyModels.attribute("axis", 1));
            dequantize.addAttribute(TinyModels.attribute("axis", 1));
        }
        GraphProto.Builder graph = TinyModels.graph(quantize, dequantize)
                .addInitializer(TinyModels.floats("scale", dims, params.scales()))
                .addInitializer(TinyModels.raw(
                        "zero", TensorProto.DataType.valueOf(type).getNumber(), dims, zeroPoints(type, params)));
        graph.setInput(0, TinyModels.value("x", shape)).setOutput(0, TinyModels.value("y", shape));
        byte[] model = TinyModels.model(21, graph).setIrVersion(10).build().toByteArray();
        OrtRuntime.version();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (var options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            try (OrtSession session = environment.createSession(model, options);
                    OnnxTensor input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), shape);
                    OrtSession.Result result = session.run(Map.of("x", input))) {
                float[] y = new float[x.length];
                ((OnnxTensor) result.get(0)).getFloatBuffer().get(y);
                return y;
            }
        }
    }

    private static byte[] zeroPoints(String type, QuantParams params) {
        boolean wide = type.endsWith("16");
        ByteBuffer bytes = ByteBuffer.allocate(params.slices() * (wide ? 2 : 1)).order(ByteOrder.LITTLE_ENDIAN);
        for (int zero : params.zeroPoints()) {
            if (wide) {
                bytes.putShort((short) zero);
            } else {
                bytes.put((byte) zero);
            }
        }
        return bytes.array();
    }
}
