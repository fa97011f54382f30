package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.testkit.TinyModels;

/** Our scale, zero point and codes against DynamicQuantizeLinear in ONNX Runtime, bit for bit. */
class DynamicGridTest {
    private static final float TINY = Float.MIN_VALUE;
    private static final float NORMAL = Float.MIN_NORMAL;
    private static final float HUGE = Float.MAX_VALUE;

    @Test
    void everyOutputIsThatOfTheRuntime() throws OrtException {
        NodeProto.Builder node = TinyModels.node("DynamicQuantizeLinear", List.of("x"), "y")
                .addOutput("scale")
                .addOutput("zero");
        GraphProto.Builder graph = TinyModels.graph(node)
                .setOutput(0, bytes("y"))
                .addOutput(TinyModels.value("scale"))
                .addOutput(bytes("zero"));
        OrtRuntime.version();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
                OrtSession session = environment.createSession(
                        TinyModels.model(13, graph).build().toByteArray(), options)) {
            for (Map.Entry<String, float[]> input : inputs().entrySet()) {
                check(environment, session, input.getKey(), input.getValue());
            }
        }
    }

    private static ValueInfoProto.Builder bytes(String name) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.UINT8_VALUE)));
    }

    private static void check(OrtEnvironment environment, OrtSession session, String name, float[] x)
            throws OrtException {
        try (OnnxTensor fed = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), new long[] {x.length});
                OrtSession.Result out = session.run(Map.of("x", fed))) {
            DynamicGrid grid = DynamicGrid.of(x, DynamicGrid.BYTE);
            float scale = ((OnnxTensor) out.get("scale").orElseThrow())
                    .getFloatBuffer()
                    .get(0);
            int zero = Byte.toUnsignedInt(
                    ((OnnxTensor) out.get("zero").orElseThrow()).getByteBuffer().get(0));
            assertThat(Float.floatToRawIntBits(grid.scale()))
                    .as("scale of %s: %s, the runtime has %s", name, grid.scale(), scale)
                    .isEqualTo(Float.floatToRawIntBits(scale));
            assertThat(grid.zeroPoint()).as("zero point of %s", name).isEqualTo(zero);
            ByteBuffer codes = ((OnnxTensor) out.get("y").orElseThrow()).getByteBuffer();
            for (int i = 0; i < x.length; i++) {
                assertThat(grid.code(x[i], DynamicGrid.BYTE))
                        .as("code of %s in %s, %s", x[i], name, grid)
                        .isEqualTo(Byte.toUnsignedInt(codes.get(i)));
            }
        }
    }

    private static Map<String, float[]> inputs() {
        Random random = new Random(5);
        Map<String, float[]> all = new LinkedHashMap<>();
        all.put("zero", new float[37]);
        all.put("minus zero", new float[] {-0f, -0f, 0f, -0f});
        all.put("all positive", new float[] {1, 2, 3.5f, 255, 127.5f});
        all.put("all negative", new float[] {-1, -2, -3.5f, -255, -127.5f});
        all.put("one value", new float[] {0.3f});
        all.put("one negative value", new float[] {-0.3f});
        all.put("the smallest denormal", new float[] {TINY, 0});
        all.put("minus the smallest denormal", new float[] {-TINY, 0, TINY});
        all.put("denormals", new float[] {-40 * TINY, 100 * TINY, 3 * TINY, 0});
        all.put("a scale that is a denormal", new float[] {NORMAL, -NORMAL, NORMAL / 3});
        all.put("the smallest scale", new float[] {255 * TINY, 10 * TINY, 0});
        all.put("just no scale", new float[] {127 * TINY, 10 * TINY, 0});
        all.put("negative and just no scale", new float[] {-127 * TINY, -10 * TINY, 0});
        all.put("huge", new float[] {HUGE, HUGE / 2, 1});
        all.put("minus huge", new float[] {-HUGE, -HUGE / 2, -1, 0});
        all.put("huge on both sides", new float[] {HUGE, -HUGE, 1, 0});
        all.put("half of that", new float[] {HUGE / 2, -HUGE / 2, 1, 0});
        all.put("ties", ties());
        for (int n = 0; n < 300; n++) {
            float[] x = new float[1 + random.nextInt(200)];
            double size = Math.exp(40 * random.nextGaussian() / 3);
            double shift = random.nextInt(3) * random.nextGaussian();
            boolean bits = n % 10 == 0;
            for (int i = 0; i < x.length; i++) {
                float any = Float.intBitsToFloat(random.nextInt());
                x[i] = bits && Float.isFinite(any) ? any : (float) (size * (random.nextGaussian() + shift));
                x[i] = Float.isFinite(x[i]) ? x[i] : 0;
            }
            all.put("random " + n, x);
        }
        return all;
    }

    /** Scale 1, so that halves lie between two codes. */
    private static float[] ties() {
        List<Float> values = new ArrayList<>(List.of(-100f, 155f));
        for (int k = -100; k < 155; k++) {
            values.add(k + 0.5f);
            values.add(Math.nextUp(k + 0.5f));
            values.add(Math.nextDown(k + 0.5f));
        }
        float[] all = new float[values.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = values.get(i);
        }
        return all;
    }
}
