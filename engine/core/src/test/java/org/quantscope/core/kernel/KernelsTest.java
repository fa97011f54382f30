package org.quantscope.core.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorData;

class KernelsTest {
    private static final List<UniformGrid> GRIDS = List.of(
            new UniformGrid(0.01f, 0, -127, 127),
            new UniformGrid(0.01f, 0, -128, 127),
            new UniformGrid(0.37f, 3, 0, 15),
            new UniformGrid(1, 0, 0, 3),
            new UniformGrid(1, 3, 0, 3),
            new UniformGrid(0.3f, 0, -1, 1),
            new UniformGrid(1e-4f, 32_768, 0, 65_535),
            new UniformGrid(Float.MIN_VALUE, 0, -32_767, 32_767),
            new UniformGrid(Float.MIN_NORMAL, 7, 0, 255),
            new UniformGrid(1e30f, 0, -127, 127),
            new UniformGrid(0.1f, 0, -(1 << 20), 1 << 20));

    record Case(int length, UniformGrid grid, int kind) {}

    static Stream<Case> cases() {
        return Stream.of(0, 1, 7, 63, 64, 65, 511, 512, 513, 1021)
                .flatMap(length ->
                        GRIDS.stream().flatMap(grid -> Stream.of(0, 1, 2).map(kind -> new Case(length, grid, kind))));
    }

    /** Values of all sizes, ties and their neighbours; kind 0 is bell-shaped, 1 adversarial and finite, 2 has NaN and infinities too. */
    private static float[] values(Case c) {
        var random = new Random(c.length * 31 + c.kind);
        float scale = c.grid.scale();
        float[] x = new float[c.length];
        for (int i = 0; i < x.length; i++) {
            float tie = (random.nextInt(2 * c.grid.size() + 3) - c.grid.size() - 0.5f) * scale;
            float bits = Float.intBitsToFloat(random.nextInt());
            x[i] = c.kind == 0
                    ? (float) (random.nextGaussian() * scale * c.grid.size() / 4)
                    : switch (random.nextInt(c.kind == 1 ? 9 : 12)) {
                        case 0 -> tie;
                        case 1 -> Math.nextUp(tie);
                        case 2 -> Math.nextDown(tie);
                        case 3 -> random.nextBoolean() ? 0f : -0f;
                        case 4 -> Float.MIN_VALUE * (random.nextInt(9) - 4);
                        case 5 -> random.nextBoolean() ? Float.MAX_VALUE : -Float.MAX_VALUE;
                        case 6 -> Float.isFinite(bits) ? bits : 1;
                        case 7 -> random.nextBoolean() ? c.grid.lo() : c.grid.hi();
                        case 8 -> random.nextBoolean() ? Math.nextDown(c.grid.lo()) : Math.nextUp(c.grid.hi());
                        case 9 -> Float.NaN;
                        case 10 -> Float.POSITIVE_INFINITY;
                        default -> Float.NEGATIVE_INFINITY;
                    };
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = c.kind < 2 && !Float.isFinite(x[i]) ? 0 : x[i];
        }
        return x;
    }

    /** The values off any alignment, with others around that must not be read. */
    private static MemorySegment memory(Arena arena, float[] x) {
        MemorySegment segment = arena.allocate(4L * x.length + 65, 64).fill((byte) 0x7f);
        MemorySegment.copy(x, 0, segment, ValueLayout.JAVA_FLOAT_UNALIGNED, 1, x.length);
        return segment.asReadOnly();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void bothVersionsQuantizeAsTheGridDoesBitForBit(Case c) {
        float[] x = values(c);
        int[] expected = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            expected[i] = Float.floatToIntBits(Float.isNaN(x[i]) ? Float.NaN : c.grid.quantize(x[i]));
        }
        try (Arena arena = Arena.ofConfined()) {
            for (Kernels kernels : Kernels.available()) {
                float[] out = new float[x.length + 3];
                Arrays.fill(out, 77);
                kernels.quantize(memory(arena, x), 1, x.length, AffineGrid.of(c.grid), out, 2);

                for (int i = 0; i < x.length; i++) {
                    assertThat(Float.floatToIntBits(out[2 + i]))
                            .as("%s of %s", kernels.name(), x[i])
                            .isEqualTo(expected[i]);
                }
                assertThat(out[0]).isEqualTo(77);
                assertThat(out[1]).isEqualTo(77);
                assertThat(out[x.length + 2]).isEqualTo(77);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void bothVersionsAddUpWhatTheGridSays(Case c) {
        float[] x = values(c);
        var expected = new ErrorSums();
        for (float v : x) {
            if (Float.isFinite(v)) {
                add(expected, v, c.grid.quantize(v), c.grid.lo(), c.grid.hi());
            } else if (Float.isNaN(v)) {
                expected.nan++;
            } else {
                expected.inf++;
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            for (Kernels kernels : Kernels.available()) {
                var sums = new ErrorSums();
                kernels.addErrors(memory(arena, x), 1, x.length, AffineGrid.of(c.grid), sums);

                compare(kernels, sums, expected);
                same(
                        kernels,
                        kernels.squaredError(memory(arena, x), 1, x.length, AffineGrid.of(c.grid)),
                        expected.squaredError());
            }
        }
    }

    record CodebookCase(int length, CodebookGrid grid, int kind) {}

    /** Few and many levels, evenly spread or not, on one side of 0 or both, with and without the level 0, some as close as floats can be. */
    private static final List<CodebookGrid> CODEBOOKS = List.of(
            new CodebookGrid(0.3f),
            new CodebookGrid(-1, 1),
            new CodebookGrid(-1, -0.25f, 0, 0.5f, 1),
            new CodebookGrid(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113),
            new CodebookGrid(0, Float.MIN_VALUE, 1e-30f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 1e30f),
            even(-4, 0.03125f, 256),
            even(3, 0.25f, 31),
            even(-9.5f, 1, 20),
            powers(),
            dense());

    private static CodebookGrid even(float from, float step, int n) {
        float[] levels = new float[n];
        for (int i = 0; i < n; i++) {
            levels[i] = from + i * step;
        }
        return new CodebookGrid(levels);
    }

    private static CodebookGrid powers() {
        float[] levels = new float[255];
        for (int i = 1; i <= 127; i++) {
            levels[127 + i] = Math.scalb(1f, i - 100);
            levels[127 - i] = -levels[127 + i];
        }
        return new CodebookGrid(levels);
    }

    /** So close together that a cell of the table holds many. */
    private static CodebookGrid dense() {
        float[] levels = new float[40];
        for (int i = 0; i < 38; i++) {
            levels[i + 1] = Float.intBitsToFloat(Float.floatToIntBits(1f) + 3 * i);
        }
        levels[0] = -2;
        levels[39] = 1000;
        return new CodebookGrid(levels);
    }

    static Stream<CodebookCase> codebookCases() {
        return Stream.of(0, 1, 63, 64, 65, 1021)
                .flatMap(length -> CODEBOOKS.stream()
                        .flatMap(grid -> Stream.of(0, 1, 2).map(kind -> new CodebookCase(length, grid, kind))));
    }

    private static float[] values(CodebookCase c) {
        var random = new Random(c.length * 31 + c.kind);
        CodebookGrid grid = c.grid;
        float[] x = new float[c.length];
        for (int i = 0; i < x.length; i++) {
            float level = grid.level(random.nextInt(grid.size()));
            float start = grid.size() == 1 ? 1 : grid.start(random.nextInt(grid.size() - 1));
            float bits = Float.intBitsToFloat(random.nextInt());
            x[i] = c.kind == 0
                    ? (float) (random.nextGaussian() * Math.max(Math.abs(grid.lo()), Math.abs(grid.hi())) / 2)
                    : switch (random.nextInt(c.kind == 1 ? 7 : 10)) {
                        case 0 -> start;
                        case 1 -> Math.nextDown(start);
                        case 2 -> level;
                        case 3 -> random.nextBoolean() ? 0f : -0f;
                        case 4 -> Float.isFinite(bits) ? bits : 1;
                        case 5 -> random.nextBoolean() ? Float.MAX_VALUE : -Float.MAX_VALUE;
                        case 6 -> Math.nextUp(level);
                        case 7 -> Float.NaN;
                        case 8 -> Float.POSITIVE_INFINITY;
                        default -> Float.NEGATIVE_INFINITY;
                    };
        }
        return x;
    }

    @ParameterizedTest
    @MethodSource("codebookCases")
    void bothVersionsGoThroughACodebookAsTheGridDoes(CodebookCase c) {
        float[] x = values(c);
        float[] expected = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            expected[i] = Float.isNaN(x[i]) ? x[i] : c.grid.quantize(x[i]);
        }
        float[] lo = new float[x.length];
        float[] hi = new float[x.length];
        Arrays.fill(lo, c.grid.lo());
        Arrays.fill(hi, c.grid.hi());
        try (Arena arena = Arena.ofConfined()) {
            for (Kernels kernels : Kernels.available()) {
                for (LevelTable table : List.of(
                        LevelTable.of(c.grid),
                        LevelTable.scaled(c.grid, 1),
                        LevelTable.scaled(c.grid.scaled(0.5f), 2))) {
                    float[] out = new float[x.length + 3];
                    Arrays.fill(out, 77);
                    kernels.quantize(memory(arena, x), 1, x.length, table, out, 2);

                    // The middle of two denormals moves when they are halved.
                    if (table.size == c.grid.size() && c.grid.level(1 % table.size) != Float.MIN_VALUE) {
                        assertThat(Arrays.copyOfRange(out, 2, x.length + 2))
                                .as(kernels.name())
                                .isEqualTo(expected);
                    }
                    assertThat(List.of(out[0], out[1], out[x.length + 2])).containsOnly(77f);
                }
                float[] y = new float[x.length];
                kernels.quantize(memory(arena, x), 1, x.length, LevelTable.of(c.grid), y, 0);
                assertThat(y).as(kernels.name()).isEqualTo(expected);
                checkSums(kernels, memory(arena, x), x, y, lo, hi);
            }
        }
    }

    /** Grids of their own for all values, neighbours as different as can be. */
    @ParameterizedTest
    @MethodSource("cases")
    void bothVersionsTakeAGridForEachValue(Case c) {
        float[] x = values(c);
        var random = new Random(5);
        float[] scale = new float[x.length];
        float[] loSteps = new float[x.length];
        float[] hiSteps = new float[x.length];
        float[] lo = new float[x.length];
        float[] hi = new float[x.length];
        int[] expected = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            UniformGrid grid = random.nextBoolean() ? c.grid : GRIDS.get(random.nextInt(GRIDS.size()));
            AffineGrid affine = AffineGrid.of(grid);
            scale[i] = affine.scale();
            loSteps[i] = affine.loSteps();
            hiSteps[i] = affine.hiSteps();
            lo[i] = grid.lo();
            hi[i] = grid.hi();
            expected[i] = Float.floatToIntBits(Float.isNaN(x[i]) ? Float.NaN : grid.quantize(x[i]));
        }
        try (Arena arena = Arena.ofConfined()) {
            for (Kernels kernels : Kernels.available()) {
                float[] y = new float[x.length];
                kernels.quantizeEach(memory(arena, x), 1, x.length, scale, loSteps, hiSteps, y);

                for (int i = 0; i < x.length; i++) {
                    assertThat(Float.floatToIntBits(y[i]))
                            .as("%s of %s", kernels.name(), x[i])
                            .isEqualTo(expected[i]);
                }
                checkSums(kernels, memory(arena, x), x, y, lo, hi);
            }
        }
    }

    private static void checkSums(Kernels kernels, MemorySegment memory, float[] x, float[] y, float[] lo, float[] hi) {
        var expected = new ErrorSums();
        for (int i = 0; i < x.length; i++) {
            if (Float.isNaN(x[i])) {
                expected.nan++;
            } else if (Float.isInfinite(x[i])) {
                expected.inf++;
            } else {
                add(expected, x[i], y[i], lo[i], hi[i]);
            }
        }
        var sums = new ErrorSums();
        kernels.addErrors(memory, 1, x.length, y, lo, hi, sums);
        compare(kernels, sums, expected);
        same(kernels, kernels.squaredError(memory, 1, x.length, y), expected.squaredError());
    }

    private static void add(ErrorSums sums, float v, double y, float lo, float hi) {
        double e = v - y;
        boolean low = v < lo;
        boolean high = v > hi;
        sums.count++;
        sums.clippedLow += low ? 1 : 0;
        sums.clippedHigh += high ? 1 : 0;
        sums.squares += (double) v * v;
        sums.quantizedSquares += y * y;
        sums.products += v * y;
        sums.maxAbsError = Math.max(sums.maxAbsError, Math.abs(e));
        sums.clippingError += low || high ? e * e : 0;
        sums.roundingError += low || high ? 0 : e * e;
    }

    private static void compare(Kernels kernels, ErrorSums sums, ErrorSums expected) {
        assertThat(List.of(sums.count, sums.nan, sums.inf, sums.clippedLow, sums.clippedHigh))
                .as(kernels.name())
                .isEqualTo(
                        List.of(expected.count, expected.nan, expected.inf, expected.clippedLow, expected.clippedHigh));
        assertThat(sums.maxAbsError).as(kernels.name()).isEqualTo(expected.maxAbsError);
        same(kernels, sums.squares, expected.squares);
        same(kernels, sums.quantizedSquares, expected.quantizedSquares);
        assertThat(sums.products)
                .as(kernels.name())
                .isCloseTo(expected.products, within(1e-12 * Math.sqrt(expected.squares * expected.quantizedSquares)));
        same(kernels, sums.roundingError, expected.roundingError);
        same(kernels, sums.clippingError, expected.clippingError);
    }

    private static void same(Kernels kernels, double actual, double expected) {
        assertThat(actual).as(kernels.name()).isCloseTo(expected, within(expected * 1e-12));
    }

    @Test
    void sumsAreAddedToWhatIsThere() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = memory(arena, new float[] {0.3f, 9});
            AffineGrid grid = AffineGrid.of(new UniformGrid(1, 0, -4, 4));
            for (Kernels kernels : Kernels.available()) {
                var twice = new ErrorSums();
                kernels.addErrors(one, 1, 2, grid, twice);
                kernels.addErrors(one, 1, 2, grid, twice);
                var once = new ErrorSums();
                kernels.addErrors(one, 1, 2, grid, once);
                assertThat(twice)
                        .usingRecursiveComparison()
                        .isEqualTo(new ErrorSums().add(once).add(once));
                assertThat(twice.clippedHigh()).isEqualTo(2);
                assertThat(twice.clippingSquaredError()).isEqualTo(50);
                assertThat(twice.maxAbsError()).isEqualTo(5);
            }
        }
    }

    @Test
    void bothVersionsWidenBfloat16() {
        short[] halves = new short[65_536 + 5];
        int[] expected = new int[halves.length];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = (short) i;
            expected[i] = i << 16;
        }
        for (Kernels kernels : Kernels.available()) {
            int[] out = new int[halves.length];
            kernels.widen(halves, out, halves.length);
            assertThat(out).isEqualTo(expected);
        }
    }

    /** Decoded or in place, the window shows what the tensor says. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F64", "F32", "F16", "BF16", "I8"})
    void theWindowShowsEveryTypeAndOrder(DType dtype) {
        var random = new Random(3);
        try (Arena arena = Arena.ofConfined()) {
            for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
                MemorySegment bytes = arena.allocate(1021L * dtype.bytes() + 1).asSlice(1);
                for (long i = 0; i < bytes.byteSize(); i++) {
                    bytes.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
                }
                var data = new TensorData(dtype, bytes, order, 1021);
                float[] expected = new float[900];
                data.read(11, expected, 0, 900);
                ValueWindow window = ValueWindow.ofThread();
                window.show(data, 11, 900);

                assertThat(window.segment().asSlice(window.offset(), 3600).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
                        .containsExactly(expected);
            }
        }
    }

    @Test
    void theChoiceFollowsThePropertyAndTheModule() {
        assertThat(Kernels.available()).extracting(Kernels::name).containsExactly("scalar", "vector");
        assertThat(KernelChoice.choose("scalar", true).name()).isEqualTo("scalar");
        assertThat(KernelChoice.choose("vector", true).name()).isEqualTo("vector");
        assertThat(KernelChoice.choose("vector", false).name()).isEqualTo("scalar");
        assertThat(KernelChoice.choose("auto", false).name()).isEqualTo("scalar");
        assertThat(KernelChoice.choose("auto", true).name())
                .isEqualTo(VectorKernels.bits() >= 256 ? "vector" : "scalar");
    }

    @Test
    void moreStepsThanAFloatCanRoundAreRefused() {
        assertThatThrownBy(() -> AffineGrid.of(new UniformGrid(1, 0, 0, (1 << 20) + 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1048576");
    }

    /** Every version gives the same, bit for bit: that of plain sums in order. */
    @Test
    void panelsAreMultipliedInOrder() {
        var random = new Random(3);
        int rows = 37;
        float[] panel = new float[5 + rows * Kernels.PANEL];
        float[] x = new float[3 + Kernels.VECTORS * 41];
        for (float[] a : List.of(panel, x)) {
            for (int i = 0; i < a.length; i++) {
                a[i] = (float) random.nextGaussian();
            }
        }
        float[] wanted = new float[Kernels.VECTORS * Kernels.PANEL];
        for (int v = 0; v < Kernels.VECTORS; v++) {
            for (int j = 0; j < rows; j++) {
                for (int c = 0; c < Kernels.PANEL; c++) {
                    wanted[v * Kernels.PANEL + c] += x[3 + v * 41 + j] * panel[5 + j * Kernels.PANEL + c];
                }
            }
        }
        for (Kernels kernels : Kernels.available()) {
            float[] out = new float[wanted.length];
            kernels.multiplyPanel(panel, 5, rows, x, 3, 41, out);
            assertThat(out).as(kernels.name()).isEqualTo(wanted);
        }
    }
}
