package org.quantscope.parity;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.integer.IntegerGraph;
import org.quantscope.core.integer.IntegerNetwork;
import org.quantscope.core.integer.IntegerTensor;
import org.quantscope.core.integer.TfliteIntegers;
import org.quantscope.core.tensor.DType;

/**
 * Runs quantized models in TensorFlow Lite's built-in kernels and in ours, and counts the elements of all tensors that
 * differ; and the outputs that differ between TensorFlow Lite's default, XNNPACK, and its built-in kernels.
 *
 * <p>Arguments: files or folders of .tflite; {@code --samples N} (10); {@code --seed S} (7); {@code --write FOLDER} keeps what
 * the built-in kernels computed, as the tests of the core read it.
 */
public final class TfliteParity {
    private TfliteParity() {}

    /** See the class. Exit code 1 if an element of ours differs from the built-in kernels'. */
    public static void main(String[] arguments) throws IOException {
        int samples = 10;
        long seed = 7;
        Path write = null;
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--samples" -> samples = Integer.parseInt(arguments[++i]);
                case "--seed" -> seed = Long.parseLong(arguments[++i]);
                case "--write" -> write = Path.of(arguments[++i]);
                default -> files.addAll(models(Path.of(arguments[i])));
            }
        }
        long differ = 0;
        for (Path file : files) {
            differ += compare(file, samples, seed, write);
        }
        System.out.flush();
        // Some libraries of TensorFlow Lite do not like to be unloaded.
        Runtime.getRuntime().halt(differ == 0 ? 0 : 1);
    }

    private static List<Path> models(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> all = Files.list(path)) {
            return all.filter(p -> p.toString().endsWith(".tflite")).sorted().toList();
        }
    }

    private static long compare(Path file, int samples, long seed, @Nullable Path write) throws IOException {
        IntegerGraph graph = TfliteIntegers.read(file);
        IntegerNetwork network = new IntegerNetwork(graph, Arithmetic.TFLITE);
        LiteRuntime builtIn = new LiteRuntime(file, false, graph.slots().size());
        LiteRuntime xnnpack = new LiteRuntime(file, true, graph.slots().size());
        Random random = new Random(seed);
        long values = 0;
        long differ = 0;
        long outputs = 0;
        long apart = 0;
        List<Map<Integer, byte[]>> kept = new ArrayList<>();
        for (int s = 0; s < samples; s++) {
            Map<Integer, byte[]> inputs = new LinkedHashMap<>();
            for (int number : graph.inputs()) {
                inputs.put(number, drawn(graph.slots().get(number), random, s % 2 == 1));
            }
            builtIn.run(inputs);
            Map<Integer, byte[]> theirs = builtIn.tensors();
            kept.add(theirs);
            Map<Integer, IntegerTensor> ours = network.runAll(graph.inputs().stream()
                    .map(n -> tensor(graph.slots().get(n), inputs.get(n)))
                    .toList());
            for (Map.Entry<Integer, IntegerTensor> one : ours.entrySet()) {
                byte[] bytes = bytes(one.getValue());
                values += bytes.length;
                differ += different(bytes, theirs.get(one.getKey()));
            }
            xnnpack.run(inputs);
            for (int number : graph.outputs()) {
                byte[] built = theirs.get(number);
                outputs += built.length;
                apart += different(built, xnnpack.tensor(number));
            }
        }
        System.out.printf(
                "%s: %d bytes of all tensors, %d differ from the built-in kernels; XNNPACK: %d of %d bytes of outputs"
                        + " differ from the built-in kernels%n",
                file.getFileName(), values, differ, apart, outputs);
        if (write != null) {
            write(write.resolve(file.getFileName().toString().replace(".tflite", ".bin")), kept);
        }
        return differ;
    }

    /** Codes of all sizes, or codes around one, as pictures have them; floats are Gaussian. */
    private static byte[] drawn(IntegerGraph.Slot slot, Random random, boolean around) {
        int count = 1;
        for (int length : slot.shape().orElseThrow()) {
            count *= length;
        }
        if (slot.type() == DType.F32) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                bytes.putFloat((float) random.nextGaussian());
            }
            return bytes.array();
        }
        byte[] bytes = new byte[count * slot.type().bytes()];
        random.nextBytes(bytes);
        if (around) {
            int middle = random.nextInt(256) - 128;
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) Math.max(-128, Math.min(127, middle + (int) (random.nextGaussian() * 30)));
            }
        }
        return bytes;
    }

    private static IntegerTensor tensor(IntegerGraph.Slot slot, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (slot.type() == DType.F32) {
            float[] reals = new float[bytes.length / 4];
            buffer.asFloatBuffer().get(reals);
            return IntegerTensor.reals(slot.shape().orElseThrow(), reals);
        }
        int[] codes = new int[bytes.length / slot.type().bytes()];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = switch (slot.type()) {
                case U8 -> Byte.toUnsignedInt(bytes[i]);
                case I16 -> buffer.getShort(2 * i);
                default -> bytes[i];
            };
        }
        return IntegerTensor.codes(slot.type(), slot.shape().orElseThrow(), slot.grid(), codes);
    }

    private static byte[] bytes(IntegerTensor tensor) {
        int width = tensor.type().bytes();
        int count = tensor.isReal() ? tensor.reals().length : tensor.codes().length;
        ByteBuffer bytes = ByteBuffer.allocate(width * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            switch (width) {
                case 1 -> bytes.put((byte) tensor.codes()[i]);
                case 2 -> bytes.putShort((short) tensor.codes()[i]);
                default ->
                    bytes.putInt(tensor.isReal() ? Float.floatToRawIntBits(tensor.reals()[i]) : tensor.codes()[i]);
            }
        }
        return bytes.array();
    }

    private static long different(byte[] a, byte @Nullable [] b) {
        if (b == null || a.length != b.length) {
            return a.length;
        }
        long count = 0;
        for (int i = 0; i < a.length; i++) {
            count += a[i] == b[i] ? 0 : 1;
        }
        return count;
    }

    private static void write(Path file, List<Map<Integer, byte[]>> samples) throws IOException {
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.writeInt(samples.size());
            for (Map<Integer, byte[]> sample : samples) {
                for (Map.Entry<Integer, byte[]> tensor : sample.entrySet()) {
                    out.writeInt(tensor.getKey());
                    out.writeInt(tensor.getValue().length);
                    out.write(tensor.getValue());
                }
                out.writeInt(-1);
            }
        }
    }
}
