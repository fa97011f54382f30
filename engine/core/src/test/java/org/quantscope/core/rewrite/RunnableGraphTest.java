package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.ort.OrtRuntime;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** A graph whose values are handed over beside its message computes what it computes in one piece, bit for bit. */
class RunnableGraphTest {
    private static final OrtModel.Options OPTIONS = new OrtModel.Options(1, false);

    @TempDir
    private Path folder;

    /** All tensors beside the message, however small. */
    private static RunnableGraph beside(RunnableGraph graph, Path file) {
        return new RunnableGraph(file, graph.proto(), 1);
    }

    private static float[] run(OrtModel loaded, float[] x, Shape shape) {
        try (loaded;
                NativeTensor in = NativeTensor.of(x, shape, DType.F32)) {
            return loaded.run(Map.of("x", in), List.of("y"), new CancelToken())
                    .getFirst()
                    .values();
        }
    }

    private static float[] sines(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) Math.sin(i);
        }
        return x;
    }

    private Model layers() throws IOException {
        Model inside = new TinyOnnx(17)
                .input("x", -1, 3, 8, 8)
                .output("y", -1, 5)
                .randomWeight("conv.weight", Shape.of(16, 3, 3, 3), -1, 1)
                .randomWeight("conv.bias", Shape.of(16), -1, 1)
                .weight64("shape", 0, -1)
                .constantNode("fc", Shape.of(576, 24), -1, 1)
                .randomWeight("head", Shape.of(24, 5), -1, 1)
                .node("Conv", List.of("x", "conv.weight", "conv.bias"), List.of("c"))
                .node("Relu", List.of("c"), List.of("r"))
                .node("Reshape", List.of("r", "shape"), List.of("f"))
                .node("MatMul", List.of("f", "fc"), List.of("h"))
                .node("MatMul", List.of("h", "head"), List.of("y"))
                .open(folder);
        return TinyOnnx.withExternal(TinyOnnx.withExternal(inside, "conv.weight", folder), "head", folder);
    }

    @Test
    void valuesBesideTheMessageChangeNoBit() throws IOException {
        Model model = layers();
        RunnableGraph plain = InstrumentedGraph.plain(model);
        RunnableGraph.Parts parts = beside(plain, model.file()).parts();
        assertThat(parts.values())
                .extracting(RunnableGraph.Values::name)
                .containsExactlyInAnyOrder("conv.weight", "conv.bias", "fc", "head");
        assertThat(parts.message()).hasSizeLessThan(2000);
        // Slices of the mapped files, and not copies of them.
        assertThat(parts.values())
                .allMatch(v -> v.bytes().isDirect() && v.bytes().isReadOnly());

        float[] x = sines(2 * 192);
        Shape shape = Shape.of(2, 3, 8, 8);
        float[] y = run(OrtModel.load(beside(plain, model.file()), "beside", OPTIONS), x, shape);
        assertThat(y).containsExactly(run(OrtModel.load(plain.message(), "whole", OPTIONS), x, shape));
        assertThat(y).doesNotContain(0f);
    }

    @Test
    void bakedWeightsOfTheHeapAreHandedOverToo() throws IOException {
        Model model = layers();
        float[] other = sines(24 * 5);
        RunnableGraph graph = InstrumentedGraph.build(
                        model, Optional.empty(), Map.of(new TensorId("head"), TensorData.of(other)), Map.of(), Set.of())
                .graph();
        float[] x = sines(192);
        Shape shape = Shape.of(1, 3, 8, 8);
        float[] y = run(OrtModel.load(beside(graph, model.file()), "beside", OPTIONS), x, shape);
        assertThat(y).containsExactly(run(OrtModel.load(graph.message(), "whole", OPTIONS), x, shape));
        assertThat(y).isNotEqualTo(run(OrtModel.load(InstrumentedGraph.plain(model), "plain", OPTIONS), x, shape));
    }

    /** Those that Java makes tensors of are handed over; the others stay in the message, and compute the same. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F8_E4M3", "F8_E5M2"})
    void eachElementTypeRuns(DType type) throws IOException {
        byte[] bytes = new byte[12 * type.bytes()];
        for (int i = 0; i < bytes.length; i++) {
            // The last byte of a floating number holds its sign and exponent.
            boolean last = i % type.bytes() == type.bytes() - 1;
            bytes[i] = (byte) (type == DType.BOOL ? i % 2 : type.isFloating() && last ? 0x3f : i * 5 % 61);
        }
        Path values = folder.resolve("values.bin");
        Files.write(values, bytes);
        Model stored = new TinyOnnx(17)
                .input("x", 12)
                .output("y", 12)
                .weight("w", Shape.of(12), new float[12])
                .node("Cast", List.of("w"), List.of("wide"), TinyOnnx.attribute("to", 1))
                .node("Add", List.of("x", "wide"), List.of("y"))
                .open(folder);
        var proto = stored.graph().orElseThrow().proto().toBuilder();
        proto.getGraphBuilder()
                .setInitializer(
                        0,
                        TensorEncoding.raw(
                                "w", type, Shape.of(12), com.google.protobuf.UnsafeByteOperations.unsafeWrap(bytes)));
        RunnableGraph graph = new RunnableGraph(stored.file(), proto.build(), 1);
        boolean unsigned = type == DType.U16 || type == DType.U32 || type == DType.U64;
        assertThat(graph.parts().values()).hasSize(unsigned ? 0 : 1);
        float[] y = run(OrtModel.load(graph, "beside", OPTIONS), new float[12], Shape.of(12));
        assertThat(y)
                .containsExactly(run(OrtModel.load(graph.message(), "whole", OPTIONS), new float[12], Shape.of(12)));
        assertThat(y[1]).isNotZero();
    }

    /** Values of four bits are read unpacked, and computed with packed. */
    @Test
    void fourBitsInAnotherFileStayFourBits() throws IOException {
        Model stored = new TinyOnnx(21)
                .input("x", 4)
                .output("y", 4)
                .weight("w", Shape.of(4), new float[4])
                .node("Cast", List.of("w"), List.of("wide"), TinyOnnx.attribute("to", 1))
                .node("Add", List.of("x", "wide"), List.of("y"))
                .open(folder);
        var proto = stored.graph().orElseThrow().proto().toBuilder();
        proto.getGraphBuilder().setInitializer(0, TensorEncoding.codes("w", CodeType.INT4, Shape.of(4), new byte[] {
            0x7f, (byte) 0x83
        }));
        Path file = folder.resolve("four.onnx");
        Files.write(file, proto.build().toByteArray());
        Model model = TinyOnnx.withExternal(ModelLoaders.open(file), "w", folder);
        float[] y = run(OrtModel.load(InstrumentedGraph.plain(model), "four", OPTIONS), new float[4], Shape.of(4));
        assertThat(y).containsExactly(-1, 7, 3, -8);
    }

    /** The session owns what it uses: nothing refers to the model any more when it runs, and freeing ends both. */
    @Test
    void valuesLiveAsLongAsTheSession() throws IOException {
        int before = OrtRuntime.liveSessions();
        float[] x = sines(192);
        Shape shape = Shape.of(1, 3, 8, 8);
        float[] expected = run(OrtModel.load(InstrumentedGraph.plain(layers()), "whole", OPTIONS), x, shape);
        OrtModel loaded = OrtModel.load(beside(InstrumentedGraph.plain(layers()), folder), "beside", OPTIONS);
        OrtModel.Lease lease = loaded.lease();
        loaded.retire();
        System.gc();
        assertThat(OrtRuntime.liveSessions()).isEqualTo(before + 1);
        try (NativeTensor in = NativeTensor.of(x, shape, DType.F32)) {
            assertThat(loaded.run(Map.of("x", in), List.of("y"), new CancelToken())
                            .getFirst()
                            .values())
                    .containsExactly(expected);
        }
        lease.close();
        assertThat(OrtRuntime.liveSessions()).isEqualTo(before);
    }

    /** A tensor of 3 GB, of which no byte is ever read. */
    @Test
    @SuppressWarnings("restricted")
    void aSingleTensorBeyondTwoGigabytesIsNamed() throws IOException {
        Model model = TinyOnnx.withExternal(
                new TinyOnnx(17)
                        .input("x", -1, 2)
                        .output("y", -1, 2)
                        .weight("embedding", Shape.of(2, 2), 1, 2, 3, 4)
                        .node("MatMul", List.of("x", "embedding"), List.of("y"))
                        .open(folder),
                "embedding",
                folder);
        List<Tensor> tensors = new ArrayList<>();
        for (Tensor t : model.tensors()) {
            TensorInfo i = t.info();
            long count = 3L << 28;
            tensors.add(new Tensor(
                    new TensorInfo(i.id(), i.kind(), i.dtype(), Shape.of(2, count / 2), i.channelAxis(), i.consumers()),
                    new TensorData(
                            DType.F32, MemorySegment.NULL.reinterpret(count * 4), ByteOrder.LITTLE_ENDIAN, count)));
        }
        Model large = new Model(model.file(), model.format(), model.opset(), tensors, model.graph(), model.notes());
        for (ThrowingCallable use : List.<ThrowingCallable>of(
                () -> RunnableGraph.checkTensors(large), () -> InstrumentedGraph.plain(large))) {
            assertThatThrownBy(use)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("embedding: has 3221225472 bytes in one tensor; a graph can be run or written"
                            + " with tensors of up to 2147483639 each");
        }
    }

    @Test
    void aModelBeyondOneFileIsWrittenToTwo() throws IOException {
        Model model = layers();
        Path one = folder.resolve("one.onnx");
        Path two = folder.resolve("two.onnx");
        ModelRewrite.write(model, Map.of(), one, new CancelToken());
        ModelRewrite.write(model, Map.of(), two, 1000, new CancelToken());
        assertThat(folder.resolve("one.onnx.data")).doesNotExist();
        assertThat(two).content(java.nio.charset.StandardCharsets.ISO_8859_1).hasSizeLessThan(2000);
        assertThat(ModelLoaders.companions(two)).containsOnlyKeys("two.onnx.data");
        Map<String, float[]> expected = values(ModelLoaders.open(one));
        Map<String, float[]> read = values(ModelLoaders.open(two));
        assertThat(read).containsOnlyKeys(expected.keySet().toArray(String[]::new));
        read.forEach((name, values) -> assertThat(values).containsExactly(expected.get(name)));

        float[] x = sines(192);
        Shape shape = Shape.of(1, 3, 8, 8);
        assertThat(run(OrtModel.loadOwn(two, OPTIONS), x, shape))
                .containsExactly(run(OrtModel.loadOwn(one, OPTIONS), x, shape));

        Map<String, String> ours = Map.of("quantscope.version", "1");
        assertThat(ModelRewrite.write(model, ours, two, 1000, new CancelToken()))
                .as("values that are replaced")
                .isEmpty();
        assertThat(ModelRewrite.write(model, ours, two, new CancelToken()).orElseThrow())
                .startsWith("two.onnx.data, the values of the file that was replaced, is deleted");
        assertThat(folder.resolve("two.onnx.data")).doesNotExist();
    }

    private static Map<String, float[]> values(Model model) {
        Map<String, float[]> all = new java.util.HashMap<>();
        model.tensors().forEach(t -> all.put(t.id().name(), t.data().toFloats()));
        return all;
    }

    @Test
    void aCancelledFileLeavesTheOldOneAndNothingElse() throws IOException {
        Model model = layers();
        Path target = Files.writeString(folder.resolve("old.onnx"), "old");
        CancelToken cancelled = new CancelToken();
        cancelled.cancel();
        List<Path> before = list();
        assertThatThrownBy(() -> ModelRewrite.write(model, Map.of(), target, 1000, cancelled))
                .isInstanceOf(java.util.concurrent.CancellationException.class);
        assertThat(list()).isEqualTo(before);
        assertThat(target).content().isEqualTo("old");
    }

    private List<Path> list() throws IOException {
        try (var files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }
}
