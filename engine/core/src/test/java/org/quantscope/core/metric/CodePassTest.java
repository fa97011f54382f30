package org.quantscope.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Densities;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

class CodePassTest {
    private final CancelToken cancel = new CancelToken();

    /** By hand: codes 0 0 1 3, errors 0, 0.25, 0, 1. */
    @Test
    void figuresOfAFewValues() {
        Tensor tensor = Oracles.tensor(new float[] {0, 0.25f, 1, 4, Float.NaN});
        CodeReport report = CodePass.measure(
                tensor, new QuantParams(Granularity.TENSOR, new float[] {1}, new int[] {0}, 0, 3), cancel);

        assertThat(report.count()).isEqualTo(4);
        assertThat(report.codes()).isEqualTo(4);
        assertThat(report.usedCodes()).isEqualTo(3);
        assertThat(report.entropy()).isCloseTo(1.5, within(1e-12));
        assertThat(report.savedBits(2)).isCloseTo(0.5, within(1e-12));
        assertThat(report.mae()).isEqualTo(1.25 / 4);
        assertThat(report.rmseInSteps().orElseThrow()).isCloseTo(Math.sqrt((0.0625 + 1) / 4), within(1e-12));
        assertThat(report.psnrDb((0.0625 + 1) / 4).orElseThrow())
                .isCloseTo(10 * Math.log10(16 / (1.0625 / 4)), within(1e-12));
    }

    /** By hand: the second value up to code 1, the third down to code 0; errors 0, 0.75, 1, 1. */
    @Test
    void chosenCodesAreCountedAsTheyAre() {
        Tensor tensor = Oracles.tensor(new float[] {0, 0.25f, 1, 4});
        CodeReport report = CodePass.measure(
                tensor,
                TensorData.of(new float[] {0, 1, 0, 3}),
                new QuantParams(Granularity.TENSOR, new float[] {1}, new int[] {0}, 0, 3),
                cancel);

        assertThat(report.counts().count(0)).isEqualTo(2);
        assertThat(report.counts().count(1)).isEqualTo(1);
        assertThat(report.usedCodes()).isEqualTo(3);
        assertThat(report.mae()).isEqualTo(2.75 / 4);
        assertThat(report.klDivergence()).isNaN();
    }

    /** Errors of a smooth density spread evenly over a step: 1/sqrt(12). */
    @Test
    void fineGridsHaveTheIdealErrorInSteps() {
        Tensor tensor = Oracles.tensor(Densities.gauss(200_000));
        CodeReport report = CodePass.measure(
                tensor, RangeResolver.resolve(tensor, QuantSpec.WEIGHTS, cancel).params(), cancel);

        assertThat(report.rmseInSteps().orElseThrow()).isCloseTo(0.288675, within(1e-4));
        assertThat(report.entropy()).isBetween(6.0, 7.0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gauss", "heavy_t3", "bimodal", "zeros", "constant"})
    void slicesAreTakenTogether(String array) {
        float[] x = Oracles.array(array);
        Tensor tensor = Oracles.tensor(x, 16, 512);
        QuantParams params = RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withBits(4).withGranularity(new Granularity.PerBlock(1, 100)), cancel)
                .params();
        CodeReport report = CodePass.measure(tensor, params, cancel);
        float[] y = ErrorPass.fakeQuantize(tensor, params, cancel);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += Math.abs((double) x[i] - y[i]);
        }

        assertThat(report.mae()).isCloseTo(sum / x.length, within(1e-12));
        assertThat(report.usedCodes()).isBetween(1, 15);
        assertThat(report.klDivergence()).isFinite().isNotNegative();
    }

    @Test
    void fewerLevelsTellLessAndALosslessGridTellsAll() {
        float[] x = new float[15 * 100];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 15 - 7;
        }
        Tensor tensor = Oracles.tensor(x);
        double lossless = CodePass.measure(
                        tensor, new QuantParams(Granularity.TENSOR, new float[] {1}, new int[] {0}, -7, 7), cancel)
                .klDivergence();
        Tensor gauss = Oracles.tensor(Densities.gauss(100_000));
        double four = CodePass.measure(
                        gauss,
                        RangeResolver.resolve(gauss, QuantSpec.WEIGHTS.withBits(4), cancel)
                                .params(),
                        cancel)
                .klDivergence();
        double eight = CodePass.measure(
                        gauss,
                        RangeResolver.resolve(gauss, QuantSpec.WEIGHTS, cancel).params(),
                        cancel)
                .klDivergence();

        assertThat(lossless).isCloseTo(0, within(1e-9));
        assertThat(four).isGreaterThan(5 * eight);
    }

    @Test
    void codebooksHaveNoStepAndNothingHasNoFigures() {
        Tensor tensor = Oracles.tensor(new float[] {-1, 0, 2});
        CodeReport report = CodePass.measure(
                tensor, QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, new CodebookGrid(-1, 1)), cancel);

        assertThat(report.rmseInSteps()).isEmpty();
        assertThat(report.usedCodes()).isEqualTo(2);
        CodeReport empty = CodePass.measure(
                Oracles.tensor(new float[0]),
                new QuantParams(Granularity.TENSOR, new float[] {1}, new int[1], 0, 1),
                cancel);
        assertThat(empty.mae()).isZero();
        assertThat(empty.entropy()).isZero();
        assertThat(empty.psnrDb(1)).isEmpty();
        assertThatThrownBy(() -> CodePass.measure(
                        tensor, new QuantParams(Granularity.TENSOR, new float[] {1, 1}, new int[2], 0, 1), cancel))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void countsSayHowOftenEachCodeIsUsed() {
        Tensor tensor = Oracles.tensor(new float[] {0, 0.25f, 1, 4, Float.NaN});
        QuantParams params = new QuantParams(Granularity.TENSOR, new float[] {1}, new int[] {0}, 0, 3);

        assertThat(CodePass.measure(tensor, params, cancel).counts()).isEqualTo(new CodeCounts(2, 1, 0, 1));
        assertThat(CodePass.estimate(MomentSketch.of(tensor, cancel), params).counts())
                .isEqualTo(new CodeCounts(2, 1, 0, 1));
    }

    @Test
    void aSketchGivesNearlyTheSameFigures() {
        Tensor tensor = Oracles.tensor(Densities.gauss(100_000));
        QuantParams params = RangeResolver.resolve(tensor, QuantSpec.WEIGHTS.withBits(4), cancel)
                .params();
        CodeReport exact = CodePass.measure(tensor, params, cancel);
        CodeReport about = CodePass.estimate(MomentSketch.of(tensor, cancel), params);

        assertThat(about.count()).isEqualTo(exact.count());
        assertThat(about.usedCodes()).isEqualTo(exact.usedCodes());
        assertThat(about.entropy()).isCloseTo(exact.entropy(), within(1e-3));
        assertThat(about.mae()).isCloseTo(exact.mae(), within(1e-3 * exact.mae()));
        assertThat(about.rmseInSteps().orElseThrow())
                .isCloseTo(exact.rmseInSteps().orElseThrow(), within(1e-3));
        assertThat(about.klDivergence()).isEqualTo(exact.klDivergence());
        assertThat(about.min()).isEqualTo(exact.min());
        assertThat(about.max()).isEqualTo(exact.max());
    }

    /** A block of two values has no histogram worth the name, and a hundred thousand of them would take long. */
    @Test
    void manySmallSlicesHaveNoDivergence() {
        Tensor tensor = Oracles.tensor(Densities.gauss(10_000));
        QuantParams params = RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withGranularity(new Granularity.PerBlock(0, 2)), cancel)
                .params();

        assertThat(params.slices()).isEqualTo(5000);
        assertThat(CodePass.measure(tensor, params, cancel).klDivergence()).isNaN();
    }
}
