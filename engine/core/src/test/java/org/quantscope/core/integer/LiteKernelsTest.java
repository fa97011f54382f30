package org.quantscope.core.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;

/** Against what TensorFlow Lite itself computed of the same files (resources tflite-kernels, see the README there). */
class LiteKernelsTest {
    private static final int SAMPLES = 4;

    @TempDir
    Path folder;

    @Test
    void everyTensorOfEveryKernelEqualsTensorFlowLite() throws IOException {
        for (Map.Entry<String, byte[]> one : LiteCases.all().entrySet()) {
            IntegerGraph graph = read(one.getValue());
            IntegerNetwork network = new IntegerNetwork(graph, Arithmetic.TFLITE);
            List<Map<Integer, byte[]>> samples = samples(one.getKey());
            assertThat(samples).hasSize(SAMPLES);
            for (Map<Integer, byte[]> sample : samples) {
                Map<Integer, IntegerTensor> all = network.runAll(inputs(graph, sample));
                assertThat(all.keySet()).as(one.getKey()).containsAll(sample.keySet());
                sample.forEach((number, bytes) -> assertThat(bytes(all.get(number)))
                        .as(one.getKey() + " " + name(graph, number))
                        .isEqualTo(bytes));
            }
        }
    }

    /** CMSIS-NN's grids and accumulators are the same, so no code is further away than its rounding and its softmax explain. */
    @Test
    void cmsisDiffersInRoundingOnly() throws IOException {
        long differ = 0;
        for (String name : List.of("convolutions", "depthwise", "dense", "functions")) {
            IntegerGraph graph = read(LiteCases.all().get(name));
            IntegerNetwork lite = new IntegerNetwork(graph, Arithmetic.TFLITE);
            IntegerNetwork cmsis = new IntegerNetwork(graph, Arithmetic.CMSIS_NN);
            for (Map<Integer, byte[]> sample : samples(name)) {
                List<IntegerTensor> a = lite.run(inputs(graph, sample));
                List<IntegerTensor> b = cmsis.run(inputs(graph, sample));
                for (int i = 0; i < a.size(); i++) {
                    for (int k = 0; k < a.get(i).codes().length; k++) {
                        int gap = Math.abs(a.get(i).codes()[k] - b.get(i).codes()[k]);
                        assertThat(gap).isLessThanOrEqualTo(1);
                        differ += gap;
                    }
                }
            }
        }
        assertThat(differ).isPositive();
    }

    /** Line by line the same code comes out, and the lines themselves go together. */
    @Test
    void tracesOfLayersEndInTheCodesOfTheKernels() throws IOException {
        int traced = 0;
        for (String name : List.of("convolutions", "depthwise", "dense", "unsigned")) {
            IntegerGraph graph = read(LiteCases.all().get(name));
            Map<Integer, byte[]> sample = samples(name).getFirst();
            for (Arithmetic arithmetic : Arithmetic.values()) {
                IntegerNetwork network = new IntegerNetwork(graph, arithmetic);
                Map<Integer, IntegerTensor> all = network.runAll(inputs(graph, sample));
                for (Map.Entry<Integer, IntegerTensor> one : all.entrySet()) {
                    for (int i = 0; i < one.getValue().codes().length; i++) {
                        ElementTrace trace =
                                ElementTrace.of(network, all, one.getKey(), i).orElse(null);
                        if (trace == null) {
                            break;
                        }
                        traced++;
                        assertThat(trace.code())
                                .as("%s of %s in %s, element %d", name(graph, one.getKey()), name, arithmetic, i)
                                .isEqualTo(one.getValue().codes()[i]);
                        assertThat(trace.terms().stream()
                                                .mapToInt(ElementTrace.Term::product)
                                                .sum()
                                        + trace.bias())
                                .isEqualTo(trace.accumulator());
                        assertThat(trace.scaled())
                                .isCloseTo(
                                        (int) Math.rint(trace.accumulator()
                                                * trace.factor().value()),
                                        within(1));
                        assertThat(trace.value()).isEqualTo(one.getValue().values()[i]);
                    }
                }
            }
        }
        assertThat(traced).isGreaterThan(1000);
    }

    @Test
    void operatorsThatAreNotComputedAreNamedAndCounted() {
        org.quantscope.core.tflite.TinyTflite tiny = new org.quantscope.core.tflite.TinyTflite();
        int x = tiny.quantized("x", 9, new byte[0], new float[] {1}, new long[] {0}, 0, 1, 4);
        int y = tiny.quantized("y", 9, new byte[0], new float[] {1}, new long[] {0}, 0, 1, 4);
        int z = tiny.quantized("z", 9, new byte[0], new float[] {1}, new long[] {0}, 0, 1, 4);
        tiny.operator(123, y, x).operator(123, z, y).inputs(x).outputs(z);

        assertThatThrownBy(() -> read(tiny.build()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("operators: not computed in whole numbers here: ")
                .hasMessageContaining("(2)");
    }

    @Test
    void damagedFilesAreRefusedWithASentence() throws IOException {
        Random random = new Random(5);
        int refused = 0;
        for (Map.Entry<String, byte[]> one : LiteCases.all().entrySet()) {
            for (int i = 0; i < 25; i++) {
                byte[] bytes = one.getValue().clone();
                for (int k = random.nextInt(3); k >= 0; k--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                try {
                    IntegerGraph graph = read(bytes);
                    new IntegerNetwork(graph, Arithmetic.TFLITE)
                            .runAll(inputs(graph, samples(one.getKey()).getFirst()));
                } catch (BadInputException e) {
                    refused++;
                }
            }
        }
        assertThat(refused).isPositive();
    }

    private IntegerGraph read(byte[] bytes) throws IOException {
        return TfliteIntegers.read(Files.write(folder.resolve("m.tflite"), bytes));
    }

    private static String name(IntegerGraph graph, int number) {
        return graph.steps().stream()
                .filter(s -> s.output() == number)
                .findFirst()
                .map(IntegerGraph.Step::name)
                .orElse("input " + number);
    }

    /** The samples of a file of vectors: their number, then for each tensors as number, length and bytes up to a −1. */
    private static List<Map<Integer, byte[]>> samples(String name) throws IOException {
        try (InputStream stream = LiteKernelsTest.class.getResourceAsStream("/tflite-kernels/" + name + ".bin");
                DataInputStream in = new DataInputStream(new ByteArrayInputStream(stream.readAllBytes()))) {
            List<Map<Integer, byte[]>> samples = new ArrayList<>();
            for (int count = in.readInt(); count > 0; count--) {
                Map<Integer, byte[]> tensors = new LinkedHashMap<>();
                for (int number = in.readInt(); number >= 0; number = in.readInt()) {
                    tensors.put(number, in.readNBytes(in.readInt()));
                }
                samples.add(tensors);
            }
            return samples;
        }
    }

    private static List<IntegerTensor> inputs(IntegerGraph graph, Map<Integer, byte[]> sample) {
        List<IntegerTensor> inputs = new ArrayList<>();
        Map<Integer, byte[]> given = new HashMap<>(sample);
        for (int number : graph.inputs()) {
            IntegerGraph.Slot slot = graph.slots().get(number);
            byte[] bytes = given.getOrDefault(number, new byte[0]);
            try {
                inputs.add(tensor(slot, bytes));
            } catch (IllegalArgumentException e) {
                throw new BadInputException(graph.file(), slot.name(), String.valueOf(e.getMessage()));
            }
        }
        return inputs;
    }

    private static IntegerTensor tensor(IntegerGraph.Slot slot, byte[] bytes) {
        if (slot.type() == DType.F32) {
            float[] reals = new float[bytes.length / 4];
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(reals);
            return IntegerTensor.reals(slot.shape().orElseThrow(), reals);
        }
        int[] codes = new int[bytes.length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = slot.type() == DType.U8 ? Byte.toUnsignedInt(bytes[i]) : bytes[i];
        }
        return IntegerTensor.codes(slot.type(), slot.shape().orElseThrow(), slot.grid(), codes);
    }

    private static byte[] bytes(IntegerTensor tensor) {
        if (tensor.isReal()) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * tensor.reals().length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(tensor.reals());
            return bytes.array();
        }
        byte[] bytes = new byte[tensor.codes().length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) tensor.codes()[i];
        }
        return bytes;
    }
}
