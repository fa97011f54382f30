package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.calib.Calibrator.Calibration;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Densities;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;

/** The calibrators against published figures and against each other. */
class RulesTest {
    private final CancelToken cancel = new CancelToken();

    private Calibration calibrate(Tensor tensor, QuantSpec spec, String id, String... option) {
        return RangeResolver.calibrate(
                tensor, spec, new Clip.Auto(id, option.length == 0 ? Map.of() : Map.of(option[0], option[1])), cancel);
    }

    /** ACIQ (Banner et al. 2019): the stationary points of the two error formulas of the authors' mse_analysis.py. */
    @ParameterizedTest
    @CsvSource({
        "1, 1.862817, 1.239905",
        "2, 2.830683, 1.710635",
        "3, 3.897229, 2.151593",
        "4, 5.028640, 2.559136",
        "5, 6.204766, 2.936201",
        "6, 7.413126, 3.286914",
        "7, 8.645620, 3.615114",
        "8, 9.896760, 3.924035",
        "9, 11.162685, 4.216330",
    })
    void aciqHasItsConstants(int bits, double laplace, double gauss) {
        assertThat(AciqCalibrator.laplace().clip(bits)).isCloseTo(laplace, within(1e-6));
        assertThat(AciqCalibrator.gauss().clip(bits)).isCloseTo(gauss, within(1e-6));
    }

    @ParameterizedTest
    @CsvSource({"4, 5.028640, 2.559136, 6.204766, 2.936201", "8, 9.896760, 3.924035, 11.162685, 4.216330"})
    void aciqTakesTheSpreadFromTheDataAndOneSideFromRectifiedData(
            int bits, double laplace, double gauss, double laplaceOneSided, double gaussOneSided) {
        Tensor l = Oracles.tensor(Densities.laplace(500_000, 1));
        Tensor g = Oracles.tensor(Densities.gauss(250_000));
        QuantSpec weights = QuantSpec.WEIGHTS.withBits(bits);
        QuantSpec activations = QuantSpec.ACTIVATIONS.withBits(bits);

        assertThat((double) calibrate(l, weights, "aciq-laplace").range().hi())
                .isCloseTo(laplace, within(1e-4 * laplace));
        assertThat((double) calibrate(g, weights, "aciq-gauss").range().hi()).isCloseTo(gauss, within(1e-4 * gauss));
        assertThat((double) calibrate(g, activations, "aciq-gauss").range().lo())
                .isCloseTo(-gauss, within(1e-4 * gauss));
        ClipRange one = calibrate(rectified(l), activations, "aciq-laplace").range();
        assertThat(one.lo()).isZero();
        assertThat((double) one.hi()).isCloseTo(laplaceOneSided, within(1e-4 * laplaceOneSided));
        assertThat((double) calibrate(rectified(g), activations, "aciq-gauss")
                        .range()
                        .hi())
                .isCloseTo(gaussOneSided, within(1e-4 * gaussOneSided));
    }

    private static Tensor rectified(Tensor tensor) {
        float[] x = tensor.data().toFloats();
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.max(0, x[i]);
        }
        return Oracles.tensor(x);
    }

    /** OCTAV (Sakr et al. 2022): fixed points on the exact densities. */
    @ParameterizedTest
    @CsvSource({
        "2, 1.738835, 2.873734",
        "3, 2.161117, 3.913293",
        "4, 2.562090, 5.034090",
        "5, 2.937070, 6.206505",
        "6, 3.287162, 7.413658",
        "7, 3.615183, 8.645778",
    })
    void octavFindsItsFixedPoint(int bits, double gauss, double laplace) {
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(bits);

        assertThat((double) calibrate(Oracles.tensor(Densities.gauss(500_000)), spec, "octav")
                        .range()
                        .hi())
                .isCloseTo(gauss, within(1e-3 * gauss));
        assertThat((double) calibrate(Oracles.tensor(Densities.laplace(1_000_000, 1)), spec, "octav")
                        .range()
                        .hi())
                .isCloseTo(laplace, within(2e-3 * laplace));
    }

    /** The divisor of 12 at B bits is that of 3 at B + 1 bits, on the same magnitudes. */
    @Test
    void octavOnRectifiedDataIsThatOfOneBitMore() {
        float[] x = Densities.gauss(250_000);
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.abs(x[i]);
        }

        assertThat((double) calibrate(Oracles.tensor(x), QuantSpec.ACTIVATIONS.withBits(4), "octav")
                        .range()
                        .hi())
                .isCloseTo(2.937070, within(3e-3));
    }

    /** A sample of 8192 has a short tail: 4.65 times the nominal 0.05 of gauss.npy at 8 bits, by the same iteration in numpy. */
    @Test
    void octavOfASampleIsItsOwn() {
        Tensor tensor = Oracles.tensor(Oracles.array("gauss"));
        double s = calibrate(tensor, QuantSpec.WEIGHTS, "octav").range().hi();

        assertThat(s / 0.05).isCloseTo(4.653, within(0.002));
    }

    /** torch MovingAverageMinMaxObserver, 4 parts of 2048, constant 0.01 (oracles.json). */
    @ParameterizedTest
    @ValueSource(
            strings = {"gauss", "laplace", "relu_laplace_outlier", "bimodal", "skewed", "heavy_t3", "constant", "zeros"
            })
    void movingAverageIsTorchs(String name) {
        var figures = Oracles.FIGURES.get(name).get("torch_moving_average_u8_4_batches");
        ClipRange range = calibrate(Oracles.tensor(Oracles.array(name)), QuantSpec.ACTIVATIONS, "moving-average")
                .range();

        assertThat(range.lo()).isEqualTo((float) figures.get("min").doubleValue());
        assertThat(range.hi()).isEqualTo((float) figures.get("max").doubleValue());
    }

    @Test
    void stdIsAMultipleOfTheStandardDeviation() {
        Tensor tensor = Oracles.tensor(Oracles.array("gauss"));
        double std = Oracles.FIGURES.get("gauss").get("std").doubleValue();
        double mean = Oracles.FIGURES.get("gauss").get("mean").doubleValue();
        ClipRange two =
                calibrate(tensor, QuantSpec.ACTIVATIONS, "std", "k", "2").range();

        assertThat((double) two.lo()).isCloseTo(mean - 2 * std, within(1e-7));
        assertThat((double) two.hi()).isCloseTo(mean + 2 * std, within(1e-7));
        assertThat((double) calibrate(tensor, QuantSpec.WEIGHTS, "std").range().hi())
                .isCloseTo(Math.abs(mean) + 3 * std, within(1e-7));
        assertThat(calibrate(tensor, QuantSpec.WEIGHTS, "std", "k", "50")
                        .range()
                        .hi())
                .isEqualTo(MomentSketch.of(tensor, cancel).absMax());
    }

    /** Against brute force over 2000 clips, evaluated value by value. */
    @ParameterizedTest
    @CsvSource({"mae, 1", "lp, 2.4"})
    void powersOfTheErrorAreMinimised(String id, double p) {
        float[] x = Oracles.array("heavy_t3");
        Tensor tensor = Oracles.tensor(x);
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(4);
        float absMax = MomentSketch.of(tensor, cancel).absMax();
        double best = Double.POSITIVE_INFINITY;
        for (int i = 1; i <= 2000; i++) {
            best = Math.min(best, cost(tensor, x, spec, ClipRange.symmetric(absMax * i / 2000), p));
        }

        assertThat(cost(tensor, x, spec, calibrate(tensor, spec, id).range(), p))
                .isLessThanOrEqualTo(1.002 * best);
    }

    private static double cost(Tensor tensor, float[] x, QuantSpec spec, ClipRange range, double p) {
        var grid = RangeResolver.resolve(tensor, spec, List.of(range)).grid(0);
        double sum = 0;
        for (float v : x) {
            sum += Math.pow(Math.abs((double) v - grid.quantize(v)), p);
        }
        return sum;
    }

    /** What ORT's defaults do not: many candidates, and a clip well inside when a few values lie far out. */
    @Test
    void entropySearchReallySearches() {
        var random = new Random(3);
        float[] x = new float[200_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        x[5] = 800;
        for (QuantSpec spec : List.of(QuantSpec.WEIGHTS, QuantSpec.ACTIVATIONS)) {
            Tensor tensor = Oracles.tensor(x);
            Calibration found = calibrate(tensor, spec, "entropy");

            assertThat(found.curve()).hasSizeGreaterThan(200);
            assertThat(found.curve().stream()
                            .mapToDouble(Calibrator.CurvePoint::cost)
                            .distinct()
                            .count())
                    .isGreaterThan(20);
            assertThat(found.range().hi()).isBetween(2f, 10f);
            assertThat(found.curve().getLast().cost())
                    .isGreaterThan(2
                            * found.curve().stream()
                                    .mapToDouble(Calibrator.CurvePoint::cost)
                                    .min()
                                    .orElseThrow());
        }
    }

    /** A density that a grid of 16 levels holds exactly has the divergence 0 at its own range, and more elsewhere. */
    @Test
    void entropyKeepsWhatTheGridHoldsExactly() {
        float[] x = new float[15 * 400];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 15 - 7;
        }
        Calibration found = calibrate(Oracles.tensor(x), QuantSpec.WEIGHTS.withBits(4), "entropy");

        assertThat(found.range().hi()).isCloseTo(7f, within(0.5f));
        assertThat(found.curve().getLast().cost()).isCloseTo(0, within(1e-9));
        assertThat(found.curve().get(found.curve().size() / 2).cost()).isGreaterThan(0.01);
    }

    /** Zeros behind a ReLU, and as well a value of another size that occurs as often, as in normalised pictures. */
    @ParameterizedTest
    @ValueSource(floats = {0, -0.5f, 0.25f, 4})
    void entropySeesASpikeAsNoDensity(float spike) {
        var random = new Random(5);
        float[] x = new float[100_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 5 < 3 ? spike : (float) Math.abs(random.nextGaussian());
        }
        var sketch = MomentSketch.of(x, 0, x.length);
        for (QuantSpec spec : List.of(QuantSpec.ACTIVATIONS, QuantSpec.ACTIVATIONS.withSymmetric(true))) {
            ClipRange found = RangeResolver.resolve(sketch, spec.withClip(new Clip.Auto("entropy")), cancel)
                    .requested()
                    .getFirst();

            assertThat(found.hi()).isBetween(2.5f, Math.max(spike, sketch.max()));
            assertThat(found.lo()).isLessThanOrEqualTo(Math.min(0, spike));
        }
    }

    /** As behind a Softmax: most values are tiny, and one in a hundred is large and must not be lost. */
    @ParameterizedTest
    @ValueSource(strings = {"entropy", "std", "aciq-gauss", "aciq-laplace"})
    void aTailThatCarriesTheValuesIsKept(String id) {
        var random = new Random(6);
        float[] x = new float[200_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 100 < 2 ? random.nextFloat() : (float) Math.exp(-4 - 8 * random.nextFloat());
        }
        var sketch = MomentSketch.of(x, 0, x.length);
        QuantSpec spec = QuantSpec.ACTIVATIONS.withClip(new Clip.Auto(id));
        ClipRange found =
                RangeResolver.resolve(sketch, spec, cancel).requested().getFirst();

        assertThat(sketch.countBeyond(found.hi()) / x.length).isLessThanOrEqualTo(1.01e-3);
    }

    @Test
    void aRangeByHandSetOptionsStaysAsItWasAskedFor() {
        var sketch = MomentSketch.of(Densities.gauss(100_000), 0, 100_000);
        QuantSpec spec = QuantSpec.ACTIVATIONS.withClip(new Clip.Auto("std", Map.of("k", "2")));

        assertThat(RangeResolver.resolve(sketch, spec, cancel)
                        .requested()
                        .getFirst()
                        .hi())
                .isCloseTo(2, within(0.01f));
    }

    /** Unit variance: what an integer symmetric grid with a zero level gets at best, by closed-form integrals. */
    @ParameterizedTest
    @CsvSource({
        "false, 4, true, 0.353411, 0.0128894",
        "false, 4, false, 0.338608, 0.0118640",
        "false, 8, true, 0.030870, 8.831e-5",
        "false, 3, true, 0.650770, 0.0468600",
        "true, 4, true, 0.486885, 0.0273952",
        "true, 8, true, 0.055024, 3.0330e-4",
    })
    void mseFindsTheOptimalUniformGrid(boolean laplace, int bits, boolean narrow, double scale, double mse) {
        Tensor tensor =
                Oracles.tensor(laplace ? Densities.laplace(4_000_000, Math.sqrt(0.5)) : Densities.gauss(1_000_000));
        QuantSpec spec =
                QuantSpec.WEIGHTS.withBits(bits).withRestrictedRange(narrow).withClip(new Clip.Auto("mse"));
        var params = RangeResolver.resolve(tensor, spec, cancel).params();

        assertThat(ErrorPass.measure(tensor, params, cancel).mse()).isCloseTo(mse, within(5e-3 * mse));
        assertThat((double) params.scale(0)).isCloseTo(scale, within(0.01 * scale));
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        Tensor tensor = Oracles.tensor(new float[] {1, 2});

        assertThatThrownBy(() -> calibrate(tensor, QuantSpec.WEIGHTS, "lp", "p", "0"))
                .hasMessageContaining("calibrator.lp.p")
                .hasMessageContaining("got 0");
        assertThatThrownBy(() -> calibrate(tensor, QuantSpec.WEIGHTS, "std", "k", "-1"))
                .hasMessageContaining("calibrator.std.k");
        assertThatThrownBy(() -> calibrate(tensor, QuantSpec.WEIGHTS, "moving-average", "chunks", "0"))
                .hasMessageContaining("chunks");
    }
}
