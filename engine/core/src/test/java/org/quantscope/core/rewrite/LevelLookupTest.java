package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.LevelLookup.Method;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

class LevelLookupTest {
    @TempDir
    private Path folder;

    static Stream<Quantizer> codebooks() {
        return Quantizers.all().stream()
                .filter(q -> !q.traits().isAffine() && q.traits().blockSize() == 0);
    }

    /** At every width and for both signs where they can be chosen, at each start of a level, its neighbours, and far out. */
    @ParameterizedTest
    @MethodSource("codebooks")
    void everySchemeRoundsAsTheEngineDoes(Quantizer scheme) throws IOException {
        int most = Math.min(8, scheme.traits().maxBits());
        for (int bits : new TreeSet<>(
                List.of(scheme.traits().minBits(), Math.clamp(5, scheme.traits().minBits(), most), most))) {
            for (boolean signed :
                    scheme.traits().choosesSigned() ? new boolean[] {true, false} : new boolean[] {true}) {
                QuantSpec spec = scheme.adapt(QuantSpec.WEIGHTS
                        .withBits(bits)
                        .withGranularity(Granularity.TENSOR)
                        .withSigned(signed));
                for (ClipRange range :
                        List.of(ClipRange.symmetric(3.3f), ClipRange.symmetric(0.0172f), ClipRange.symmetric(1e5f))) {
                    QuantParams params = scheme.resolve(spec, Granularity.TENSOR, List.of(range));
                    CodebookGrid grid = (CodebookGrid) params.grid(0);
                    check(grid, LevelLookup.method(grid, 13), 13, params.qmax() + 1);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 11, 13, 21})
    void theSameLevelsInEveryOperatorSet(int opset) throws IOException {
        float[] levels = new float[70];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (i - 30) * Math.abs(i - 30) / 7f;
        }
        CodebookGrid grid = new CodebookGrid(levels);

        check(grid, LevelLookup.method(grid, opset), opset, levels.length);
        assertThat(LevelLookup.method(grid, opset)).isEqualTo(opset < 12 ? Method.STEPS : Method.BENT_TABLE);
    }

    /** Ends that no table resolves: levels one ulp apart, and levels over the whole range of float32. */
    @Test
    void levelsThatNoTableHoldsApartAreFoundStepByStep() throws IOException {
        List<Float> close = new ArrayList<>();
        for (float v = 1; close.size() < 40; v = Math.nextUp(Math.nextUp(v))) {
            close.add(v);
        }
        List<Float> wide = new ArrayList<>();
        for (int e = -126; e < 127; e += 6) {
            wide.add(Math.scalb(1f, e));
        }
        for (List<Float> levels : List.of(close, wide)) {
            float[] values = new float[levels.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = levels.get(i);
            }
            CodebookGrid grid = new CodebookGrid(values);
            assertThat(LevelLookup.method(grid, 13)).isEqualTo(Method.STEPS);
            check(grid, Method.STEPS, 13, values.length);
        }
    }

    /** 8 bits of powers of two: 127 octaves on both sides, down to where float32 is subnormal. */
    @Test
    void aTableReachesOverAllOctavesOfLog2() throws IOException {
        Quantizer log2 = Quantizers.byId("log2");
        for (float absMax : new float[] {1, 6.7f, 0.3f, 900}) {
            QuantParams params = log2.resolve(
                    log2.adapt(QuantSpec.WEIGHTS), Granularity.TENSOR, List.of(ClipRange.symmetric(absMax)));
            CodebookGrid grid = (CodebookGrid) params.grid(0);
            if (absMax >= 1) {
                assertThat(LevelLookup.method(grid, 13)).isEqualTo(Method.BENT_TABLE);
            }
            check(grid, LevelLookup.method(grid, 13), 13, params.qmax() + 1);
        }
    }

    /** A value that overflowed upstream must not stop a run. */
    @Test
    void infinitiesSaturateAndNaNGoesToSomeLevel() throws IOException {
        CodebookGrid grid = new CodebookGrid(-4, -2, -1, 0, 1, 2, 4);
        for (Method method : Method.values()) {
            float[] y =
                    run(grid, method, 13, 7, new float[] {Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.NaN});
            assertThat(y[0]).as("%s", method).isEqualTo(-4);
            assertThat(y[1]).as("%s", method).isEqualTo(4);
            assertThat(grid.quantize(y[2])).as("%s", method).isEqualTo(y[2]);
        }
    }

    @Test
    void fewerLevelsThanInputsAndASingleLevelWork() throws IOException {
        check(new CodebookGrid(-1, 0, 1), Method.STEPS, 13, 9);
        check(new CodebookGrid(0.5f), Method.STEPS, 13, 2);
    }

    @Test
    void anOperatorSetWithoutChoiceIsRefused() {
        assertThatThrownBy(() -> LevelLookup.method(new CodebookGrid(0, 1), 8)).hasMessageContaining("operator set 9");
    }

    private void check(CodebookGrid grid, Method method, int opset, int levels) throws IOException {
        float[] x = adversarial(grid);
        float[] y = run(grid, method, opset, levels, x);
        float[] expected = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            expected[i] = grid.quantize(x[i]);
        }
        assertThat(y).as("%s of %d levels", method, grid.size()).containsExactly(expected);
    }

    private float[] run(CodebookGrid grid, Method method, int opset, int levels, float[] x) throws IOException {
        GraphEdit edit = new GraphEdit(new TinyOnnx(opset)
                .input("x", x.length)
                .output("y", x.length)
                .node("Identity", List.of("x"), List.of("y"))
                .open(folder));
        GraphEdit.Splice splice = edit.splice("x", "_float", "_levels_of");
        LevelLookup.declare(edit, method, "gain", "starts", "values", levels);
        edit.addBehind(
                "x",
                LevelLookup.nodes(edit, "x", splice.from(), splice.to(), method, "gain", "starts", "values", levels));
        Map<String, NativeTensor> feeds = new HashMap<>();
        feeds.put("x", NativeTensor.of(x, Shape.of(x.length), DType.F32));
        LevelLookup.tables(
                method,
                "gain",
                "starts",
                "values",
                grid,
                levels,
                (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
        try (OrtModel loaded = OrtModel.load(edit.build().toByteArray(), "levels", OrtModel.Options.DEFAULT)) {
            return loaded.run(feeds, List.of("y"), new CancelToken()).getFirst().values();
        } finally {
            feeds.values().forEach(NativeTensor::close);
        }
    }

    private static float[] adversarial(CodebookGrid grid) {
        List<Float> x = new ArrayList<>(List.of(
                0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE));
        for (int i = 0; i < grid.size(); i++) {
            x.add(grid.level(i));
            if (i + 1 < grid.size()) {
                float start = grid.start(i);
                x.addAll(List.of(start, Math.nextDown(start), Math.nextUp(start), start * 1.0001f, start * 0.9999f));
            }
        }
        Random random = new Random(5);
        double widest = Math.max(Math.abs(grid.lo()), Math.abs(grid.hi()));
        for (int i = 0; i < 500; i++) {
            x.add((float) (random.nextGaussian() * widest * Math.scalb(1.0, -random.nextInt(20))));
        }
        float[] values = new float[x.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.isFinite(x.get(i)) ? x.get(i) : 0;
        }
        return values;
    }
}
