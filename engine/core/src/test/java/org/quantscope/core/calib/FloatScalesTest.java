package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** Scales of floating-point formats against brute force. */
class FloatScalesTest {
    private final CancelToken cancel = new CancelToken();

    private static Tensor tensor(float... values) {
        return new Tensor(
                TensorInfo.alone(new TensorId("w"), DType.F32, Shape.of(values.length)), TensorData.of(values));
    }

    /** Blocks of different size, of a bell shape. */
    private static Tensor blocks(int blocks, int size, long seed) {
        Random random = new Random(seed);
        float[] values = new float[blocks * size];
        for (int b = 0; b < blocks; b++) {
            double spread = Math.exp(0.4 * random.nextGaussian());
            for (int i = 0; i < size; i++) {
                values[b * size + i] = (float) (spread * random.nextGaussian());
            }
        }
        return tensor(values);
    }

    private static QuantSpec spec(String scheme, String calibrator) {
        return Quantizers.byId(scheme).adapt(QuantSpec.WEIGHTS).withClip(new Clip.Auto(calibrator));
    }

    private double error(Tensor t, QuantParams params) {
        float[] x = t.data().toFloats();
        float[] y = ErrorPass.fakeQuantize(t, params, cancel);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (double) (x[i] - y[i]) * (x[i] - y[i]);
        }
        return sum;
    }

    private double chosen(Tensor t, String scheme, String calibrator) {
        return error(
                t, RangeResolver.resolve(t, spec(scheme, calibrator), cancel).params());
    }

    private static float largest(Tensor t, int from, int n) {
        float most = 0;
        float[] x = t.data().toFloats();
        for (int i = from; i < from + n; i++) {
            most = Math.max(most, Math.abs(x[i]));
        }
        return most;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void fourOverSixIsTheBestOfAllWaysToChooseBetweenSixAndFour(long seed) {
        int n = 5;
        Tensor t = blocks(n, 16, seed);
        double least = Double.POSITIVE_INFINITY;
        for (int ways = 0; ways < 1 << n; ways++) {
            List<ClipRange> ranges = new ArrayList<>();
            for (int b = 0; b < n; b++) {
                double reach = (ways >> b & 1) == 0 ? 1 : 1.5;
                ranges.add(ClipRange.symmetric((float) (reach * largest(t, b * 16, 16))));
            }
            least = Math.min(least, error(t, RangeResolver.resolve(t, spec("nvfp4", "four-over-six"), ranges)));
        }

        assertThat(chosen(t, "nvfp4", "four-over-six")).isEqualTo(least);
        assertThat(least).isLessThanOrEqualTo(chosen(t, "nvfp4", "minmax"));
    }

    @Test
    void aBlockWithSeveralLargeValuesPutsItsLargestOneOnFour() {
        float[] values = {4, 3, 4, 3, 2, 1, 0, 0.5f, -4, -3, -2, 3, 4, -1, 1.5f, 2};
        Tensor t = tensor(values);

        // On level 6 the step is 2/3, and 3 lies between 8/3 and 4.
        assertThat(chosen(t, "nvfp4", "minmax")).isGreaterThan(0.3);
        assertThat(chosen(t, "nvfp4", "four-over-six")).isLessThan(1e-9);
    }

    @ParameterizedTest
    @CsvSource({"mxfp4, 32", "fp4_e2m1, 24"})
    void fourOverSixOfOtherFormatsIsTheBetterOfTheTwoForEachBlock(String scheme, int size) {
        for (long seed = 1; seed <= 5; seed++) {
            Tensor t = blocks(1, size, seed);
            float most = largest(t, 0, size);
            double least = Double.POSITIVE_INFINITY;
            for (double reach : new double[] {1, 1.5}) {
                List<ClipRange> range = List.of(ClipRange.symmetric((float) (reach * most)));
                least = Math.min(least, error(t, RangeResolver.resolve(t, spec(scheme, "four-over-six"), range)));
            }
            assertThat(chosen(t, scheme, "four-over-six")).isEqualTo(least);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fp8_e4m3fn",
                "fp8_e5m2",
                "fp6_e2m3",
                "fp6_e3m2",
                "fp4_e2m1",
                "mxfp4",
                "mxfp6_e2m3",
                "mxfp6_e3m2",
                "mxfp8_e4m3",
                "mxfp8_e5m2",
                "mxint8"
            })
    void leastSquaredErrorIsThatOfEveryClipThatCouldBeSet(String scheme) {
        for (long seed = 11; seed <= 12; seed++) {
            Tensor t = blocks(1, 32, seed);
            float most = largest(t, 0, 32);
            double least = Double.POSITIVE_INFINITY;
            for (int i = 1; i <= 2_000; i++) {
                List<ClipRange> range = List.of(ClipRange.symmetric(most * i / 2_000));
                least = Math.min(least, error(t, RangeResolver.resolve(t, spec(scheme, "mse"), range)));
            }
            assertThat(chosen(t, scheme, "mse")).as("seed %d", seed).isLessThanOrEqualTo(least * 1.02);
        }
    }

    @Test
    void leastSquaredErrorOfNvfp4CountsTheRoundedScalesOfBlocks() {
        for (long seed = 21; seed <= 22; seed++) {
            Tensor t = blocks(2, 16, seed);
            double least = Double.POSITIVE_INFINITY;
            float[] most = {largest(t, 0, 16), largest(t, 16, 16)};
            for (double a = 0.35; a <= 1.6; a += 0.03) {
                for (double b = 0.35; b <= 1.6; b += 0.03) {
                    List<ClipRange> ranges = List.of(
                            ClipRange.symmetric((float) (a * most[0])), ClipRange.symmetric((float) (b * most[1])));
                    least = Math.min(least, error(t, RangeResolver.resolve(t, spec("nvfp4", "mse"), ranges)));
                }
            }
            assertThat(chosen(t, "nvfp4", "mse")).as("seed %d", seed).isLessThanOrEqualTo(least * 1.03);
        }
    }

    @Test
    void leastSquaredErrorOfNvfp4IsNeverAboveTheOthers() {
        for (long seed = 31; seed <= 40; seed++) {
            Tensor t = blocks(40, 16, seed);
            double mse = chosen(t, "nvfp4", "mse");
            double four = chosen(t, "nvfp4", "four-over-six");

            assertThat(mse).isLessThanOrEqualTo(four);
            assertThat(four).isLessThan(chosen(t, "nvfp4", "minmax"));
        }
    }

    @Test
    void valuesThatAreNoNumbersAndBlocksOfZerosAreLeftOut() {
        float[] values = new float[48];
        values[0] = Float.NaN;
        values[1] = 3;
        values[2] = 2;
        values[32] = Float.POSITIVE_INFINITY;
        Tensor t = tensor(values);

        RangeResolver.Resolution found = RangeResolver.resolve(t, spec("nvfp4", "four-over-six"), cancel);

        assertThat(found.requested()).hasSize(3);
        assertThat(found.requested().get(0).hi()).isIn(3f, 4.5f);
        assertThat(found.requested().get(1).hi()).isZero();
        assertThat(found.requested().get(2).hi()).isZero();
        Tensor zeros = tensor(new float[32]);
        assertThat(RangeResolver.resolve(zeros, spec("nvfp4", "mse"), cancel).requested())
                .allSatisfy(range -> assertThat(range.hi()).isZero());
    }
}
