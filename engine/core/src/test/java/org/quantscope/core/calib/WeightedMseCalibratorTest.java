package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

class WeightedMseCalibratorTest {
    private static final Clip.Auto WEIGHTED = new Clip.Auto("weighted-mse");
    private static final QuantSpec FOUR_BITS = QuantSpec.WEIGHTS.withBits(4).withClip(WEIGHTED);

    private final CancelToken cancel = new CancelToken();

    @TempDir
    private Path folder;

    private static Importances of(float... h) {
        return tensor -> Optional.of(Importance.ofValues(TensorData.of(h)));
    }

    /** Σh·(w−Q(w))², value by value. */
    private static double error(float[] w, float[] h, Grid grid) {
        double sum = 0;
        for (int i = 0; i < w.length; i++) {
            double e = (double) w[i] - grid.quantize(w[i]);
            sum += Float.isFinite(w[i]) ? h[i] * e * e : 0;
        }
        return sum;
    }

    /** Importances over six orders of magnitude, a tenth of them 0. */
    private static float[] importances(int count, long seed) {
        var random = new Random(seed);
        float[] h = new float[count];
        for (int i = 0; i < count; i++) {
            h[i] = random.nextInt(10) == 0 ? 0 : (float) Math.pow(10, 6 * random.nextDouble() - 3);
        }
        return h;
    }

    private static double bruteForce(float[] w, float[] h, QuantSpec spec, float absMax) {
        double best = Double.POSITIVE_INFINITY;
        for (int i = 1; i <= 300; i++) {
            Grid grid = Quantizers.byId(spec.scheme())
                    .resolve(spec, Granularity.TENSOR, List.of(ClipRange.symmetric(absMax * i / 300)))
                    .grid(0);
            best = Math.min(best, error(w, h, grid));
        }
        return best;
    }

    /** Against 300 clips in small steps, on all arrays of the oracles. */
    @ParameterizedTest
    @ValueSource(strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3"})
    void theClipIsAsGoodAsTheBestOfAllThatAreTried(String name) {
        float[] w = Oracles.array(name);
        float[] h = importances(w.length, 1);
        float absMax = MomentSketch.of(w, 0, w.length).absMax();
        for (int bits : new int[] {2, 4, 8}) {
            QuantSpec spec = FOUR_BITS.withBits(bits);
            var found = RangeResolver.resolve(Oracles.tensor(w), spec, of(h), cancel);

            assertThat(error(w, h, found.params().grid(0))).isLessThanOrEqualTo(1.005 * bruteForce(w, h, spec, absMax));
            assertThat(found.requested().getFirst().hi()).isPositive().isLessThanOrEqualTo(absMax);
        }
    }

    /** More values than are searched one by one: bins give the curve. NaN and infinities do not count, whatever their importance. */
    @ParameterizedTest
    @CsvSource({"uniform, 4", "uniform, 8", "nf4, 4", "log2, 4"})
    void binsLeadToTheBestClipToo(String scheme, int bits) {
        var random = new Random(2);
        float[] w = new float[30_000];
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) Math.pow(random.nextGaussian(), 3);
        }
        w[17] = Float.NaN;
        w[18] = Float.NEGATIVE_INFINITY;
        float[] h = importances(w.length, 3);
        h[17] = 1e9f;
        h[18] = 1e9f;
        QuantSpec spec = Quantizers.byId(scheme)
                .adapt(FOUR_BITS)
                .withGranularity(Granularity.TENSOR)
                .withBits(bits)
                .withClip(WEIGHTED);
        var found = RangeResolver.resolve(Oracles.tensor(w), spec, of(h), cancel);

        assertThat(error(w, h, found.params().grid(0)))
                .isLessThanOrEqualTo(1.005
                        * bruteForce(w, h, spec, MomentSketch.of(w, 0, w.length).absMax()));
    }

    /** Asymmetric grids move both ends. */
    @Test
    void bothEndsOfAnAsymmetricGridAreSearched() {
        float[] w = Oracles.array("skewed");
        float[] h = importances(w.length, 4);
        QuantSpec spec = FOUR_BITS.withSymmetric(false).withRestrictedRange(false);
        double best = Double.POSITIVE_INFINITY;
        for (int lo = 0; lo <= 60; lo++) {
            for (int hi = 0; hi <= 60; hi++) {
                Grid grid = Quantizers.byId("uniform")
                        .resolve(
                                spec,
                                Granularity.TENSOR,
                                List.of(new ClipRange(-12.368454f * lo / 60, 0.98703593f * hi / 60)))
                        .grid(0);
                best = Math.min(best, error(w, h, grid));
            }
        }

        assertThat(error(
                        w,
                        h,
                        RangeResolver.resolve(Oracles.tensor(w), spec, of(h), cancel)
                                .params()
                                .grid(0)))
                .isLessThanOrEqualTo(1.005 * best);
    }

    /** Small weights on a channel that carries nearly everything: the range is theirs, not that of the large ones. */
    @Test
    void oneImportantChannelHasTheRangeOfThatChannel() {
        var random = new Random(5);
        int in = 16;
        float[] w = new float[64 * in];
        float[] only = new float[64];
        for (int i = 0; i < w.length; i++) {
            boolean important = i % in == 3;
            w[i] = (float) (random.nextGaussian() * (important ? 0.01 : 1));
            if (important) {
                only[i / in] = w[i];
            }
        }
        InputPower power = new InputPower(in);
        float[] x = new float[in];
        Arrays.fill(x, 1e-3f);
        x[3] = 100;
        power.add(x, in, Shape.of(1, in), 1);
        Tensor tensor = new Tensor(
                new TensorInfo(
                        new TensorId("w"),
                        TensorKind.WEIGHT,
                        DType.F32,
                        Shape.of(64, in),
                        OptionalInt.of(0),
                        List.of(new Consumer("g", "Gemm", 1, 1))),
                TensorData.of(w));
        Importances observed = Importances.observed(Map.of(tensor.id(), power));
        float weighted = RangeResolver.resolve(tensor, FOUR_BITS, observed, cancel)
                .requested()
                .getFirst()
                .hi();
        QuantSpec plain = FOUR_BITS.withClip(new Clip.Auto("mse"));

        assertThat(weighted)
                .isCloseTo(
                        RangeResolver.resolve(Oracles.tensor(only), plain, cancel)
                                .requested()
                                .getFirst()
                                .hi(),
                        within(0.002f));
        assertThat(RangeResolver.resolve(tensor, plain, cancel)
                        .requested()
                        .getFirst()
                        .hi())
                .isGreaterThan(20 * weighted);
    }

    /** Every slice sees its own values' importances, contiguous or not: against the same on a copy of the slice. */
    @ParameterizedTest
    @ValueSource(strings = {"channel:0", "channel:1", "channel:2", "block:4:1", "block:4:2", "block:3:0"})
    void slicesSeeTheirOwnImportances(String granularity) {
        var random = new Random(6);
        float[] w = new float[5 * 6 * 7];
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) random.nextGaussian();
        }
        float[] h = importances(w.length, 7);
        Tensor tensor = Oracles.tensor(w, 5, 6, 7);
        QuantParams params = RangeResolver.resolve(
                        tensor, FOUR_BITS.withGranularity(Granularity.parse(granularity)), of(h), cancel)
                .params();
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        for (int s = 0; s < params.slices(); s++) {
            float[] slice = new float[w.length];
            float[] own = new float[w.length];
            int n = 0;
            for (int e = 0; e < w.length; e++) {
                if (slicing.sliceOf(e) == s) {
                    assertThat(slicing.element(s, n)).isEqualTo(e);
                    slice[n] = w[e];
                    own[n++] = h[e];
                }
            }
            Tensor copy = Oracles.tensor(Arrays.copyOf(slice, n));

            assertThat(params.scale(s))
                    .isEqualTo(RangeResolver.resolve(copy, FOUR_BITS, of(Arrays.copyOf(own, n)), cancel)
                            .params()
                            .scale(0));
        }
    }

    @Test
    void whereNothingMattersEverythingMattersAlike() {
        float[] w = Oracles.array("heavy_t3");
        ClipRange plain = RangeResolver.resolve(Oracles.tensor(w), FOUR_BITS.withClip(new Clip.Auto("mse")), cancel)
                .requested()
                .getFirst();

        assertThat(RangeResolver.resolve(Oracles.tensor(w), FOUR_BITS, of(new float[w.length]), cancel)
                        .requested())
                .containsExactly(plain);
        float[] ones = new float[w.length];
        Arrays.fill(ones, 3);
        assertThat(RangeResolver.resolve(Oracles.tensor(w), FOUR_BITS, of(ones), cancel)
                        .requested())
                .containsExactly(plain);
    }

    /** A scheme that fits its levels counts the values by their importance: k-means of values that are repeated as often. */
    @Test
    void fittedLevelsGoWhereTheImportantValuesAre() {
        float[] w = {0, 1, 2, 3, 10, 11, 12, 13};
        float[] h = {1, 1, 1, 1, 0, 0, 0, 5};
        QuantSpec spec =
                Quantizers.byId("lloyd-max").adapt(FOUR_BITS).withBits(2).withClip(WEIGHTED);
        Grid grid = RangeResolver.resolve(Oracles.tensor(w), spec, of(h), cancel)
                .params()
                .grid(0);
        float[] levels = new float[grid.size()];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = grid.level(i);
        }

        assertThat(levels).hasSize(4).contains(13f);
        assertThat(error(w, h, grid)).isCloseTo(0.5, within(1e-6));
    }

    @Test
    void withoutImportancesItIsRefused() {
        Tensor tensor = Oracles.tensor(new float[] {1, 2});

        assertThatThrownBy(() -> RangeResolver.resolve(tensor, FOUR_BITS, cancel))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weighted-mse")
                .hasMessageContaining("importance of w is not known")
                .hasMessageContaining("importance=FILE");
        assertThatThrownBy(() -> RangeResolver.resolve(new MomentSketch(), FOUR_BITS, cancel))
                .hasMessageContaining("weights only");
    }

    private Clip.Auto file(String shape, float... values) throws IOException {
        return file("w.npy", shape, values);
    }

    private Clip.Auto file(String member, String shape, float... values) throws IOException {
        byte[] dict = ("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n")
                .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        ByteBuffer npy =
                ByteBuffer.allocate(10 + dict.length + 4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        npy.put((byte) 0x93)
                .put("NUMPY".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) dict.length)
                .put(dict);
        for (float v : values) {
            npy.putFloat(v);
        }
        Path npz = folder.resolve("fisher.npz");
        try (var zip = new java.util.zip.ZipOutputStream(Files.newOutputStream(npz))) {
            zip.putNextEntry(new java.util.zip.ZipEntry(member));
            zip.write(npy.array());
            zip.closeEntry();
        }
        return new Clip.Auto("weighted-mse", Map.of("importance", npz.toString()));
    }

    /** One value for each weight, or for each input channel ([out, in] without a graph). */
    @Test
    void importancesComeFromAFile() throws IOException {
        Tensor tensor = Oracles.tensor(new float[] {0.1f, 5, -0.07f, 3, 0.03f, -4}, 3, 2);
        float[] full = {1, 0, 1, 0, 1, 0};
        List<ClipRange> expected =
                RangeResolver.resolve(tensor, FOUR_BITS, of(full), cancel).requested();

        assertThat(expected.getFirst().hi()).isLessThan(0.2f);
        assertThat(RangeResolver.resolve(tensor, FOUR_BITS.withClip(file("(3, 2)", full)), cancel)
                        .requested())
                .isEqualTo(expected);
        assertThat(RangeResolver.resolve(tensor, FOUR_BITS.withClip(file("(2,)", 1, 0)), cancel)
                        .requested())
                .isEqualTo(expected);
        // A file that is named counts before what was observed.
        assertThat(RangeResolver.resolve(tensor, FOUR_BITS.withClip(file("(2,)", 1, 0)), of(0, 1, 0, 1, 0, 1), cancel)
                        .requested())
                .isEqualTo(expected);
    }

    @Test
    void aFileThatDoesNotFitIsRefusedByNameAndValue() throws IOException {
        Tensor tensor = Oracles.tensor(new float[6], 3, 2);

        refused(tensor, file("(3,)", 1, 2, 3), "fisher.npz", "w", "3×2", "2 (one value an input channel)", "got 3");
        refused(tensor, file("(2,)", 1, -2), "fisher.npz", "w[1]", "-2.0");
        refused(tensor, file("(2,)", Float.NaN, 2), "w[0]", "NaN");
        refused(tensor, file("(2,)", 1, Float.POSITIVE_INFINITY), "w[1]", "Infinity");
        refused(tensor, file("v.npy", "(2,)", 1, 2), "fisher.npz", "no importance of that name");
        refused(
                tensor,
                new Clip.Auto(
                        "weighted-mse",
                        Map.of("importance", folder.resolve("none.npz").toString())),
                "none.npz",
                "importance");
        refused(tensor, new Clip.Auto("weighted-mse", Map.of("importance", "a\0b")), "importance");
    }

    private void refused(Tensor tensor, Clip.Auto clip, String... parts) {
        assertThatThrownBy(() -> RangeResolver.resolve(tensor, FOUR_BITS.withClip(clip), cancel))
                .isInstanceOf(BadInputException.class)
                .message()
                .contains(parts);
    }

    /** Of the layer's channels, not of another number of them. */
    @Test
    void observedImportancesHaveToFitTheLayer() {
        TensorInfo info = Oracles.tensor(new float[6], 3, 2).info();
        InputPower unseen = new InputPower(2);
        InputPower other = new InputPower(3);
        other.add(new float[3], 3, Shape.of(1, 3), 1);

        assertThat(Importances.observed(Map.of()).of(info)).isEmpty();
        assertThat(Importances.observed(Map.of(info.id(), unseen)).of(info)).isEmpty();
        assertThat(Importances.observed(Map.of(info.id(), other)).of(info)).isEmpty();
    }

    @Test
    void theCurveHasTheWeightedErrorForItsCost() {
        float[] w = Oracles.array("laplace");
        float[] h = importances(w.length, 8);
        double total = 0;
        for (float v : h) {
            total += v;
        }
        var curve = RangeResolver.calibrate(Oracles.tensor(w), QuantSpec.WEIGHTS, WEIGHTED, of(h), cancel)
                .curve();
        for (int i = 0; i < curve.size(); i += 20) {
            Grid grid = Quantizers.byId("uniform")
                    .resolve(
                            QuantSpec.WEIGHTS,
                            Granularity.TENSOR,
                            List.of(curve.get(i).clip()))
                    .grid(0);
            double expected = error(w, h, grid) / total;

            assertThat(curve.get(i).cost()).isCloseTo(expected, within(1e-9 * expected));
        }
    }
}
