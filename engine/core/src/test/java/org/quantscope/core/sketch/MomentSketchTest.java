package org.quantscope.core.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.testkit.Breadth;

class MomentSketchTest {
    private final CancelToken cancel = new CancelToken();

    @ParameterizedTest
    @ValueSource(strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3"})
    void boundIsNarrowAndHolds(String name) {
        Tensor tensor = Oracles.tensor(Oracles.array(name));
        MomentSketch sketch = sketch(Oracles.array(name));
        for (String calibrator : List.of("minmax", "mse")) {
            for (boolean symmetric : new boolean[] {true, false}) {
                for (int bits : Breadth.of(List.of(2, 4, 6, 8), List.of(2, 3, 4, 5, 6, 7, 8))) {
                    QuantSpec spec = QuantSpec.WEIGHTS
                            .withBits(bits)
                            .withSymmetric(symmetric)
                            .withClip(new Clip.Auto(calibrator));
                    QuantParams params =
                            RangeResolver.resolve(tensor, spec, cancel).params();
                    ErrorReport exact = ErrorPass.measure(tensor, params, cancel);
                    ErrorEstimate estimate = sketch.estimate(params.grid(0));

                    assertThat(estimate.mse()).isCloseTo(exact.mse(), within(estimate.bound()));
                    assertThat(estimate.bound()).isLessThanOrEqualTo((bits <= 6 ? 0.005 : 0.05) * exact.mse());
                    assertThat(estimate.clipped())
                            .isCloseTo((double) exact.clipped(), within(0.01 * exact.clipped() + 2));
                    assertThat(estimate.clippingMse()).isCloseTo(exact.clippingMse(), within(0.01 * exact.mse()));
                }
            }
        }
    }

    /** Eight thousand values leave most bins nearly empty; here they are full, as in large tensors. */
    @ParameterizedTest
    @CsvSource({"6, 0.005", "8, 0.05"})
    void boundIsNarrowForFullBins(int bits, double share) {
        float[] values = gaussian(3_000_000, 0.05);
        for (int i = 0; i < values.length; i += 2) {
            values[i] += 0.4f;
        }
        MomentSketch sketch = MomentSketch.of(Oracles.tensor(values), cancel);
        int qmax = (1 << (bits - 1)) - 1;
        UniformGrid grid = new UniformGrid(sketch.absMax() / qmax, 0, -qmax, qmax);
        ErrorEstimate estimate = sketch.estimate(grid);
        double exact = ErrorPass.squaredError(values, 0, values.length, grid) / values.length;

        assertThat(estimate.mse()).isCloseTo(exact, within(estimate.bound()));
        assertThat(estimate.bound()).isLessThan(share * exact);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant", "zeros"
            })
    void summaryAgreesWithNumpy(String name) {
        var figures = Oracles.FIGURES.get(name);
        MomentSketch sketch = sketch(Oracles.array(name));
        double std = figures.get("std").doubleValue();

        assertThat(sketch.count()).isEqualTo(8192);
        assertThat(sketch.min()).isEqualTo(figures.get("min").floatValue());
        assertThat(sketch.max()).isEqualTo(figures.get("max").floatValue());
        assertThat(sketch.mean()).isCloseTo(figures.get("mean").doubleValue(), within(1e-12 + 1e-10 * std));
        assertThat(sketch.std()).isCloseTo(std, within(1e-10 * std));
        figures.get("percentile_linear").properties().forEach(p -> {
            double expected = p.getValue().doubleValue();
            assertThat(sketch.quantile(Double.parseDouble(p.getKey()) / 100))
                    .isCloseTo(expected, within(Math.abs(expected) / 512 + 1e-5 * std));
        });
        figures.get("abs_percentile_linear").properties().forEach(p -> {
            double expected = p.getValue().doubleValue();
            assertThat(sketch.absQuantile(Double.parseDouble(p.getKey()) / 100))
                    .isCloseTo(expected, within(expected / 512));
        });
    }

    @Test
    void nonFiniteValuesAreCountedOnly() {
        MomentSketch sketch = sketch(
                Float.NaN,
                1,
                Float.NEGATIVE_INFINITY,
                -2,
                Float.POSITIVE_INFINITY,
                0f,
                -0f,
                Float.intBitsToFloat(0x7f800001));

        assertThat(sketch)
                .returns(4L, MomentSketch::count)
                .returns(2L, MomentSketch::nan)
                .returns(2L, MomentSketch::inf)
                .returns(2L, MomentSketch::zeros);
        assertThat(sketch)
                .returns(-2f, MomentSketch::min)
                .returns(1f, MomentSketch::max)
                .returns(5.0, MomentSketch::sumSquares);
    }

    @Test
    void emptySketchHasNeutralFigures() {
        var sketch = new MomentSketch();

        assertThat(sketch.min()).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(sketch.max()).isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(sketch.mean()).isZero();
        assertThat(sketch.std()).isZero();
        assertThat(sketch.quantile(0.5)).isZero();
        assertThat(sketch.histogram(-1, 1, 2)).containsExactly(0, 0);
        assertThat(sketch.estimate(new UniformGrid(1, 0, -1, 1))).isEqualTo(new ErrorEstimate(0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void aFewValuesAreAnsweredForExactly() {
        var random = new Random(5);
        for (int round = 0; round < 2_000; round++) {
            float[] values = {
                random.nextFloat() * 4,
                (float) random.nextGaussian(),
                Float.intBitsToFloat(random.nextInt() & 0x7f7fffff),
                0,
                1e-42f
            };
            var grid = new UniformGrid(0.1f + random.nextFloat(), 3, 0, 15);
            double exact = ErrorPass.squaredError(values, 0, values.length, grid) / values.length;
            ErrorEstimate estimate = sketch(values).estimate(grid);

            assertThat(estimate.mse()).isCloseTo(exact, within(estimate.bound()));
            assertThat(estimate.bound()).isLessThanOrEqualTo(1e-9 * exact);
        }
    }

    @Test
    void oneHugeValueDoesNotDrownTheOthers() {
        float[] values = gaussian(10_000, 1);
        values[17] = 1e15f;
        MomentSketch sketch = sketch(values);
        // The grid reaches the outlier's neighbourhood only by clipping it; the others' part of the error must still be
        // right.
        var grid = new UniformGrid(0.05f, 0, -127, 127);
        ErrorEstimate estimate = sketch.estimate(grid);
        double exact = ErrorPass.squaredError(values, 0, values.length, grid) / values.length;

        assertThat(estimate.mse()).isCloseTo(exact, within(estimate.bound()));
        assertThat(estimate.clipped()).isEqualTo(1);
        assertThat(estimate.clippingMse()).isCloseTo(exact, within(1e-9 * exact));
    }

    @Test
    void mergingIsExactInAnyOrder() {
        float[] values = gaussian(30_000, 3);
        values[5] = 0;
        values[20_000] = -0f;
        values[20_001] = Float.NaN;
        MomentSketch whole = sketch(values);
        MomentSketch a = sketch(Arrays.copyOfRange(values, 0, 10_000));
        MomentSketch b = sketch(Arrays.copyOfRange(values, 10_000, 25_000));
        MomentSketch c = sketch(Arrays.copyOfRange(values, 25_000, 30_000));
        var backwards = new MomentSketch();
        backwards.merge(c);
        backwards.merge(a);
        backwards.mean();
        backwards.merge(b);
        a.merge(b);
        a.merge(c);
        for (float scale : new float[] {0.01f, 0.1f, 1}) {
            var grid = new UniformGrid(scale, 10, 0, 255);
            assertThat(a.estimate(grid)).isEqualTo(whole.estimate(grid));
            assertThat(backwards.estimate(grid)).isEqualTo(whole.estimate(grid));
        }
        assertThat(a.zeros()).isEqualTo(2);
        assertThat(a.nan()).isEqualTo(1);
        assertThat(a.std()).isEqualTo(whole.std());
    }

    @Test
    void mergingASketchWithItselfDoublesIt() {
        MomentSketch sketch = sketch(gaussian(1_000, 1));
        double mse = sketch.estimate(new UniformGrid(0.1f, 0, -7, 7)).mse();
        sketch.merge(sketch);

        assertThat(sketch.count()).isEqualTo(2_000);
        assertThat(sketch.estimate(new UniformGrid(0.1f, 0, -7, 7)).mse()).isCloseTo(mse, within(1e-3 * mse));
    }

    @Test
    void fillingGoesOnAfterAnAnswer() {
        float[] values = gaussian(5_000, 1);
        MomentSketch sketch = sketch(Arrays.copyOf(values, 2_500));
        sketch.mean();
        sketch.add(values, 2_500, 2_500);

        assertThat(sketch.mean()).isEqualTo(sketch(values).mean());
        assertThat(sketch.count()).isEqualTo(5_000);
    }

    @Test
    void manyCoresGiveTheSameSketchAsOne() {
        float[] values = gaussian(2_500_000, 0.1);
        MomentSketch parallel = MomentSketch.of(Oracles.tensor(values), cancel);
        MomentSketch single = sketch(values);
        var grid = new UniformGrid(0.003f, 0, -127, 127);

        assertThat(parallel.estimate(grid)).isEqualTo(single.estimate(grid));
        assertThat(parallel.std()).isEqualTo(single.std());
    }

    @Test
    void memoryDoesNotGrowWithTheNumberOfValues() {
        MomentSketch sketch = new MomentSketch();
        float[] values = gaussian(1 << 16, 0.05);
        sketch.add(values, 0, values.length);
        long before = sketch.bytes();
        for (int i = 0; i < 20; i++) {
            sketch.add(values, 0, values.length);
        }

        assertThat(sketch.bytes()).isEqualTo(before).isLessThan(2_000_000);
    }

    @Test
    void histogramCountsEveryValueOnce() {
        float[] values = {-2, -1, -1, -0.5f, 0, 0, 0.25f, 1, 1, 1, 2};
        MomentSketch sketch = sketch(values);

        assertThat(sketch.histogram(-2, 2, 4)).containsExactly(1, 3, 3, 4);
        assertThat(sketch.histogram(-1, 1, 2)).containsExactly(3, 6);
        assertThat(sketch.histogram(0.5, 3, 1)).containsExactly(4);
        assertThatThrownBy(() -> sketch.histogram(1, 1, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lo");
    }

    @Test
    void histogramSharesOutStraddlingBins() {
        float[] values = gaussian(200_000, 1);
        int[] exact = new int[64];
        for (float v : values) {
            if (v >= -4 && v < 4) {
                exact[(int) Math.floor((v + 4) * 8)]++;
            }
        }
        double[] estimated = sketch(values).histogram(-4, 4, 64);
        for (int i = 0; i < 64; i++) {
            assertThat(estimated[i]).isCloseTo(exact[i], within(3 + 0.02 * exact[i]));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 4, 30", "1, 5, 24", "2, 6, 20"})
    void perSliceIsTheSketchOfEachSlice(int axis, int slices, int length) {
        float[] values = gaussian(120, 1);
        Tensor tensor = Oracles.tensor(values, 4, 5, 6);
        Slicing slicing = Slicing.of(tensor.info(), new Granularity.PerChannel(axis));
        MomentSketch[] sketches = MomentSketch.perSlice(tensor, slicing, cancel);

        assertThat(sketches).hasSize(slices);
        for (int s = 0; s < slices; s++) {
            var expected = new MomentSketch();
            for (int e = 0; e < values.length; e++) {
                if (slicing.sliceOf(e) == s) {
                    expected.add(values, e, 1);
                }
            }
            assertThat(sketches[s].count()).isEqualTo(length);
            assertThat(sketches[s].std()).isEqualTo(expected.std());
            assertThat(sketches[s].min()).isEqualTo(expected.min());
        }
    }

    @Test
    void cancelStops() {
        cancel.cancel();

        assertThatThrownBy(() -> MomentSketch.of(Oracles.tensor(new float[10]), cancel))
                .isInstanceOf(CancellationException.class);
    }

    private static float[] gaussian(int n, double std) {
        var random = new Random(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (std * random.nextGaussian());
        }
        return values;
    }

    private static MomentSketch sketch(float... values) {
        var sketch = new MomentSketch();
        sketch.add(values, 0, values.length);
        return sketch;
    }

    @Test
    void whatIsClippedIsCountedAtEachEnd() {
        MomentSketch sketch = MomentSketch.of(new float[] {-5, -4, -3, 0, 1, 2, 9, 10}, 0, 8);
        var grid = new UniformGrid(1, 0, -3, 8);

        assertThat(sketch.estimate(grid).clipped()).isEqualTo(4);
        assertThat(sketch.estimate(grid).clippedLow()).isEqualTo(2);
        assertThat(sketch.estimate(new UniformGrid(1, 0, -3, 20)).clippedLow()).isEqualTo(2);
        assertThat(sketch.estimate(new UniformGrid(1, 0, -9, 8)).clippedLow()).isZero();
        assertThat(ErrorEstimate.sum(List.of(sketch.estimate(grid), sketch.estimate(grid)))
                        .clippedLow())
                .isEqualTo(4);
    }
}
