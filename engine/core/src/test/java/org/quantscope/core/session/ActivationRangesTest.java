package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

class ActivationRangesTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId RELU = new TensorId("relu");
    private static final QuantSpec LLOYD = Quantizers.byId("lloyd-max").adapt(QuantSpec.ACTIVATIONS);
    private static final SessionState STATE = SessionState.of(new FileRef(Path.of("/m.onnx"), "0".repeat(64)));

    /** What a Relu gives of two bells: many zeros, and most of the rest far below the largest value. */
    private static final float[] VALUES = values();

    private static float[] values() {
        Random random = new Random(7);
        float[] x = new float[20_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.max(0, random.nextGaussian() * (i % 10 == 0 ? 3 : 0.5) + (i % 10 == 0 ? 4 : 0.2));
        }
        return x;
    }

    private static SessionState calibrated(QuantSpec spec) {
        MomentSketch sketch = MomentSketch.of(VALUES, 0, VALUES.length);
        return ActivationRanges.calibrate(STATE.withActivations(Optional.of(spec)), Map.of(RELU, sketch), NEVER);
    }

    private static double mse(Grid grid, ClipRange range) {
        double sum = 0;
        for (float x : VALUES) {
            if (x >= range.lo() && x <= range.hi()) {
                double e = grid.quantize(x) - x;
                sum += e * e;
            }
        }
        return sum;
    }

    /** Lloyd's two conditions on the values themselves: each goes to its nearest level, and each level is the mean of those that do. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 6, 8})
    void levelsAreAFixedPointOfLloydsIterationAndBeatEvenOnes(int bits) {
        QuantSpec spec = LLOYD.withBits(bits);
        SessionState state = calibrated(spec);
        ClipRange range = state.activationRanges().get(RELU);
        Grid fitted = ResolvedSettings.resolveActivation(RELU, spec, state).grid(0);

        double[] sum = new double[fitted.size()];
        int[] n = new int[fitted.size()];
        for (float x : VALUES) {
            int nearest = 0;
            for (int i = 1; i < fitted.size(); i++) {
                if (Math.abs(fitted.level(i) - x) < Math.abs(fitted.level(nearest) - x)) {
                    nearest = i;
                }
            }
            sum[nearest] += x;
            n[nearest]++;
        }
        assertThat(fitted.size()).isEqualTo(1 << bits);
        for (int i = 0; i < sum.length; i++) {
            assertThat((double) fitted.level(i))
                    .as("level %d of %d values", i, n[i])
                    .isCloseTo(sum[i] / n[i], within(2e-2 * range.hi() / fitted.size()));
        }
        Grid even = Quantizers.byId("lloyd-max")
                .resolve(spec, Granularity.TENSOR, List.of(range))
                .grid(0);
        assertThat(mse(fitted, range)).isLessThan(0.8 * mse(even, range));
    }

    @Test
    void aRangeSetByHandHasLevelsFittedToWhatIsInside() {
        ClipRange inside = new ClipRange(0, 2);
        QuantSpec spec = LLOYD.withBits(3).withClip(new Clip.Manual(inside));
        SessionState state = calibrated(LLOYD.withBits(3)).withOverride(RELU, spec);
        assertThat(FittedLevels.missing(state, RELU)).isTrue();
        Grid even = ResolvedSettings.resolveActivation(RELU, spec, state).grid(0);
        assertThat(even.level(0)).isEqualTo(0.125f);

        SessionState again =
                ActivationRanges.calibrate(state, Map.of(RELU, MomentSketch.of(VALUES, 0, VALUES.length)), NEVER);

        assertThat(FittedLevels.missing(again, RELU)).isFalse();
        assertThat(again.activationRanges())
                .as("the range of a calibrator is kept beside it")
                .isEqualTo(state.activationRanges());
        Grid fitted = ResolvedSettings.resolveActivation(RELU, spec, again).grid(0);
        assertThat(fitted.hi()).isLessThan(2);
        assertThat(mse(fitted, inside)).isLessThan(0.8 * mse(even, inside));
    }

    @Test
    void levelsAnswerOnlyTheRequestTheyWereFittedFor() {
        SessionState state = calibrated(LLOYD.withBits(3));
        Grid fitted = ResolvedSettings.resolveActivation(RELU, LLOYD.withBits(3), state)
                .grid(0);

        assertThat(ResolvedSettings.resolveActivation(RELU, LLOYD.withBits(2), state)
                        .grid(0)
                        .size())
                .isEqualTo(4);
        assertThat(ResolvedSettings.resolveActivation(RELU, QuantSpec.ACTIVATIONS, state)
                        .isAffine())
                .isTrue();
        assertThat(ResolvedSettings.resolveActivation(
                                RELU, LLOYD.withBits(3), state.withActivationRanges(Map.of(RELU, new ClipRange(0, 1))))
                        .grid(0)
                        .hi())
                .isLessThan(1);
        assertThat(fitted.hi()).isGreaterThan(1);
        assertThat(FittedLevels.missing(state, RELU)).isFalse();
        assertThat(FittedLevels.missing(state.withActivations(Optional.of(LLOYD.withBits(2))), RELU))
                .isTrue();
        assertThat(FittedLevels.missing(state.withActivations(Optional.of(QuantSpec.ACTIVATIONS)), RELU))
                .isFalse();
    }

    @Test
    void anActivationThatIsKeptInFloatHasLevelsForLater() {
        MomentSketch sketch = MomentSketch.of(VALUES, 0, VALUES.length);
        SessionState asked =
                STATE.withActivations(Optional.of(LLOYD.withBits(2))).withKeptFloat(Set.of(RELU));
        SessionState state = ActivationRanges.calibrate(asked, Map.of(RELU, sketch), NEVER);

        assertThat(FittedLevels.missing(state.withKeptFloat(Set.of()), RELU)).isFalse();
    }

    @Test
    void whatNoSchemeFitsKeepsNoLevels() {
        assertThat(calibrated(QuantSpec.ACTIVATIONS).activationLevels()).isEmpty();
        float[] sorted = VALUES.clone();
        Arrays.sort(sorted);
        assertThat(calibrated(QuantSpec.ACTIVATIONS).activationRanges())
                .containsEntry(RELU, new ClipRange(sorted[0], sorted[sorted.length - 1]));
    }
}
