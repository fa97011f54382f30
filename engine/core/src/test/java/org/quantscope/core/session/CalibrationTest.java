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
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

class CalibrationTest {
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

    private static final MomentSketch SKETCH = MomentSketch.of(VALUES, 0, VALUES.length);

    private static final Calibration SEEN = Calibration.of(new Observed(Map.of(RELU, SKETCH), Map.of()));

    private static SessionState all(QuantSpec spec) {
        return STATE.withActivations(Optional.of(spec));
    }

    /** What a session file would keep. */
    private static ActivationRanges kept(SessionState state) {
        return new Resolver().ranges(state, SEEN, NEVER);
    }

    private static RangeResolver.Resolution resolve(QuantSpec spec, Calibration known) {
        return new Resolver().resolve(Request.of(RELU, spec, known), NEVER);
    }

    private static boolean lacksLevels(QuantSpec spec, Calibration known) {
        return Request.of(RELU, spec, known).lacksLevels();
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
        RangeResolver.Resolution made = resolve(spec, SEEN);
        ClipRange range = made.requested().getFirst();
        Grid fitted = made.params().grid(0);

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
        ActivationRanges ofDefault = kept(all(LLOYD.withBits(3)));
        Calibration stored = new Session(all(LLOYD.withBits(3)), ofDefault).calibration();
        assertThat(lacksLevels(spec, stored)).isTrue();
        Grid even = resolve(spec, stored).params().grid(0);
        assertThat(even.level(0)).isEqualTo(0.125f);

        SessionState byHand = all(LLOYD.withBits(3)).withOverride(RELU, spec);
        ActivationRanges again = kept(byHand);

        assertThat(again.ranges())
                .as("the range of a calibrator is kept beside it")
                .isEqualTo(ofDefault.ranges());
        Calibration reopened = new Session(byHand, again).calibration();
        assertThat(lacksLevels(spec, reopened)).isFalse();
        Grid fitted = resolve(spec, reopened).params().grid(0);
        assertThat(fitted).isEqualTo(resolve(spec, SEEN).params().grid(0));
        assertThat(fitted.hi()).isLessThan(2);
        assertThat(mse(fitted, inside)).isLessThan(0.8 * mse(even, inside));
    }

    @Test
    void levelsAnswerOnlyTheRequestTheyWereFittedFor() {
        QuantSpec three = LLOYD.withBits(3);
        ActivationRanges kept = kept(all(three));
        Calibration stored = new Session(all(three), kept).calibration();

        assertThat(resolve(three, stored)).isEqualTo(resolve(three, SEEN));
        assertThat(resolve(LLOYD.withBits(2), stored).params().grid(0).size()).isEqualTo(4);
        assertThat(resolve(QuantSpec.ACTIVATIONS, stored).params().isAffine()).isTrue();
        Calibration narrower = new Session(
                        all(three), new ActivationRanges(Map.of(RELU, new ClipRange(0, 1)), kept.levels()))
                .calibration();
        assertThat(resolve(three, narrower).params().grid(0).hi()).isLessThan(1);
        assertThat(lacksLevels(three, stored)).isFalse();
        assertThat(lacksLevels(three, narrower)).isTrue();
        assertThat(lacksLevels(LLOYD.withBits(2), stored)).isTrue();
        assertThat(lacksLevels(QuantSpec.ACTIVATIONS, stored)).isFalse();
    }

    @Test
    void anActivationThatIsKeptInFloatHasRangeAndLevelsForLater() {
        SessionState state = all(LLOYD.withBits(2)).withKeptFloat(Set.of(RELU));
        Calibration stored = new Session(state, kept(state)).calibration();

        assertThat(resolve(LLOYD.withBits(2), stored)).isEqualTo(resolve(LLOYD.withBits(2), SEEN));
    }

    @Test
    void whatNoSchemeFitsKeepsNoLevels() {
        float[] sorted = VALUES.clone();
        Arrays.sort(sorted);

        assertThat(kept(all(QuantSpec.ACTIVATIONS)))
                .isEqualTo(ActivationRanges.of(Map.of(RELU, new ClipRange(sorted[0], sorted[sorted.length - 1]))));
    }

    @Test
    void aStoredRangeAnswersTheSpecThatChoseItAndASketchEveryOther() {
        ClipRange stored = new ClipRange(0, 3);
        Calibration known =
                new Session(all(QuantSpec.ACTIVATIONS), ActivationRanges.of(Map.of(RELU, stored))).calibration();
        QuantSpec percentile = QuantSpec.ACTIVATIONS.withClip(new Clip.Auto("percentile"));
        ActivationSketches run =
                new ActivationSketches("0".repeat(64), "1".repeat(64), true, 1, Map.of(RELU, SKETCH), Map.of());

        assertThat(resolve(percentile, known).requested())
                .as("nothing was seen")
                .containsExactly(stored);
        Calibration both = known.withSeen(run);
        assertThat(resolve(QuantSpec.ACTIVATIONS, both).requested()).containsExactly(stored);
        assertThat(resolve(percentile, both)).isEqualTo(resolve(percentile, SEEN));
    }

    @Test
    void theSameRequestIsAnsweredByTheSameObject() {
        Resolver resolver = new Resolver();
        QuantSpec mse = QuantSpec.ACTIVATIONS.withClip(new Clip.Auto("mse"));
        Request request = Request.of(RELU, mse, SEEN);
        assertThat(resolver.known(request)).isEmpty();

        RangeResolver.Resolution made = resolver.resolve(request, NEVER);

        assertThat(resolver.known(Request.of(RELU, mse, SEEN)).orElseThrow()).isSameAs(made);
    }
}
