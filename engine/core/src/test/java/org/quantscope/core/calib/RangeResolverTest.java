package org.quantscope.core.calib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Oracles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.rounding.PlainProducts;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

class RangeResolverTest {
    /** Every value matters alike. */
    private static final Importances ALIKE =
            tensor -> Optional.of((from, out, length) -> Arrays.fill(out, 0, length, 2));

    private final CancelToken cancel = new CancelToken();

    @Test
    void perChannelScalesAreAbsmaxOver127() {
        Tensor tensor = Oracles.tensor(Oracles.array("weight_oihw"), 16, 8, 3, 3);
        QuantParams params = RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withGranularity(Granularity.CHANNEL), cancel)
                .params();
        var expected = Oracles.FIGURES.get("weight_oihw").get("absmax_over_127");

        assertThat(params.granularity()).isEqualTo(new Granularity.PerChannel(0));
        for (int i = 0; i < 16; i++) {
            assertThat(params.scale(i)).isEqualTo(expected.get(i).floatValue());
        }
    }

    /** Interleaved and contiguous slices, small and large, against the same rule on a copy of each slice. */
    @ParameterizedTest
    @CsvSource({"minmax, 0", "percentile, 1", "mse, 2", "mse, 0", "minmax, 2", "percentile, 0"})
    void channelsAreCalibratedEachOnItsOwn(String calibrator, int axis) {
        var random = new Random(1);
        float[] values = new float[5 * 6 * 7];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Tensor tensor = Oracles.tensor(values, 5, 6, 7);
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(4).withClip(new Clip.Auto(calibrator));
        QuantParams params = RangeResolver.resolve(
                        tensor, spec.withGranularity(new Granularity.PerChannel(axis)), cancel)
                .params();
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        for (int s = 0; s < params.slices(); s++) {
            float[] slice = new float[values.length / params.slices()];
            int n = 0;
            for (int e = 0; e < values.length; e++) {
                if (slicing.sliceOf(e) == s) {
                    slice[n++] = values[e];
                }
            }
            assertThat(params.scale(s))
                    .isEqualTo(RangeResolver.resolve(Oracles.tensor(slice), spec, cancel)
                            .params()
                            .scale(0));
        }
    }

    /** Large slices are calibrated where they lie; one channel's importance is not another's. */
    @Test
    void aLargeChannelIsCalibratedByItsOwnImportance() {
        int length = 1 << 20;
        float[] values = new float[2 * length];
        float[] importance = new float[values.length];
        var random = new Random(3);
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
            values[length + i] = values[i];
            boolean tail = Math.abs(values[i]) > 2;
            importance[i] = tail ? 1 : 0;
            importance[length + i] = tail ? 0 : 1;
        }
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(3).withClip(new Clip.Auto("weighted-mse"));

        List<ClipRange> ranges = RangeResolver.resolve(
                        Oracles.tensor(values, 2, length),
                        spec.withGranularity(Granularity.CHANNEL),
                        ofValues(importance),
                        cancel)
                .requested();

        for (int channel = 0; channel < 2; channel++) {
            int from = channel * length;
            assertThat(ranges.get(channel))
                    .isEqualTo(RangeResolver.resolve(
                                    Oracles.tensor(Arrays.copyOfRange(values, from, from + length)),
                                    spec,
                                    ofValues(Arrays.copyOfRange(importance, from, from + length)),
                                    cancel)
                            .requested()
                            .getFirst());
        }
        // What matters is the tail in the one channel, and everything but the tail in the other.
        assertThat(ranges.getFirst().hi()).isGreaterThan(2);
        assertThat(ranges.getLast().hi()).isLessThan(2);
    }

    private static Importances ofValues(float[] importance) {
        return tensor -> Optional.of(Importance.ofValues(TensorData.of(importance)));
    }

    /** All values matter alike, also at the output: each is the only weight of one output, and reads 1. */
    private static Importances alike(int values) {
        InputMoments ones = new InputMoments(1, 1, false, new PlainProducts());
        InputMoments.Vectors one = InputMoments.Vectors.stored(new float[] {1}, 1);
        ones.add(1, one, one, new CancelToken());
        LayerMoments moments = LayerMoments.of(values, 1, false, 1, 1, LayerMoments.Sums.of(ones));
        return ALIKE.with(
                new ModelMoments(Map.of(Oracles.tensor(new float[values]).id(), moments), Map.of(), 1));
    }

    @Test
    void tensorWithoutAFiniteNonZeroValueGetsScaleOne() {
        for (float[] values :
                List.of(new float[0], new float[9], new float[] {Float.NaN, Float.POSITIVE_INFINITY, -0f})) {
            for (Calibrator calibrator : Calibrators.all()) {
                for (boolean symmetric : new boolean[] {true, false}) {
                    QuantSpec spec =
                            QuantSpec.WEIGHTS.withSymmetric(symmetric).withClip(new Clip.Auto(calibrator.id()));
                    QuantParams params = RangeResolver.resolve(
                                    Oracles.tensor(values), spec, alike(values.length), cancel)
                            .params();

                    assertThat(params.scale(0)).isEqualTo(1);
                    assertThat(params.zeroPoint(0)).isZero();
                }
            }
        }
    }

    @Test
    void nonFiniteValuesAreIgnored() {
        float[] values = {1, Float.NaN, -3, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        for (Calibrator calibrator : Calibrators.all()) {
            QuantSpec spec = QuantSpec.WEIGHTS.withClip(new Clip.Auto(calibrator.id()));
            assertThat(RangeResolver.resolve(Oracles.tensor(values), spec, alike(values.length), cancel))
                    .isEqualTo(RangeResolver.resolve(Oracles.tensor(new float[] {1, -3}), spec, alike(2), cancel));
        }
    }

    @Test
    void manualRangesAreTakenAsTheyAre() {
        Tensor tensor = Oracles.tensor(new float[6], 2, 3);
        var range = new ClipRange(-0.5f, 0.5f);
        var wide = new ClipRange(-1, 1);
        QuantSpec perChannel = QuantSpec.WEIGHTS.withGranularity(new Granularity.PerChannel(0));

        assertThat(RangeResolver.resolve(tensor, QuantSpec.WEIGHTS.withClip(new Clip.Manual(range)), cancel)
                        .requested())
                .containsExactly(range);
        assertThat(RangeResolver.resolve(tensor, perChannel.withClip(new Clip.Manual(range)), cancel)
                        .requested())
                .containsExactly(range, range);
        var resolved = RangeResolver.resolve(
                tensor, perChannel.withClip(new Clip.ManualPerChannel(List.of(range, wide))), cancel);
        assertThat(resolved.requested()).containsExactly(range, wide);
        assertThat(resolved.params().scales()).containsExactly(0.5f / 127, 1f / 127);
        assertThat(RangeResolver.resolve(tensor, perChannel, List.of(range, wide)))
                .isEqualTo(resolved.params());
    }

    @Test
    void everyBlockHasARangeOfItsOwn() {
        float[] values = {1, -2, 3, 4, 5, -6, 7, 8, 9, 10};
        Tensor tensor = Oracles.tensor(values, 2, 5);
        QuantSpec spec =
                QuantSpec.WEIGHTS.withGranularity(new Granularity.PerBlock(Granularity.PerBlock.DEFAULT_AXIS, 2));
        var resolved = RangeResolver.resolve(tensor, spec, cancel);
        List<ClipRange> expected = java.util.stream.Stream.of(2, 4, 5, 7, 9, 10)
                .map(ClipRange::symmetric)
                .toList();

        assertThat(resolved.requested()).isEqualTo(expected);
        assertThat(resolved.params().granularity()).isEqualTo(new Granularity.PerBlock(1, 2));
        assertThat(resolved.params().scale(2)).isEqualTo(5f / 127);
        assertThat(RangeResolver.resolve(tensor, spec.withClip(new Clip.ManualPerBlock(expected)), cancel))
                .isEqualTo(resolved);
        assertThat(RangeResolver.resolve(tensor, spec.withGranularity(new Granularity.PerBlock(0, 2)), cancel)
                        .requested())
                .isEqualTo(java.util.stream.Stream.of(6, 7, 8, 9, 10)
                        .map(ClipRange::symmetric)
                        .toList());
    }

    @Test
    void fixedParametersPassThrough() {
        Tensor tensor = Oracles.tensor(new float[6], 2, 3);
        var params = new QuantParams(new Granularity.PerChannel(0), new float[] {1, 2}, new int[] {3, 4}, 0, 15);
        var resolved = RangeResolver.resolve(tensor, QuantSpec.WEIGHTS.withClip(new Clip.Fixed(params)), cancel);

        assertThat(resolved.params()).isEqualTo(params);
        assertThat(resolved.requested()).isEqualTo(params.effective());
        assertThatThrownBy(() -> RangeResolver.resolve(
                        Oracles.tensor(new float[6], 3, 2), QuantSpec.WEIGHTS.withClip(new Clip.Fixed(params)), cancel))
                .hasMessageContaining("3 slices");
    }

    @Test
    void rangesThatDoNotFitAreRefused() {
        Tensor tensor = Oracles.tensor(new float[6], 2, 3);
        var range = new ClipRange(-1, 1);

        assertThatThrownBy(() -> RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withClip(new Clip.Manual(new ClipRange(-1, 2))), cancel))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lo -1.0 and hi 2.0");
        assertThatThrownBy(() -> RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withClip(new Clip.ManualPerChannel(List.of(range, range))), cancel))
                .hasMessageContaining("granularity is tensor");
        QuantSpec perChannel = QuantSpec.WEIGHTS.withGranularity(new Granularity.PerChannel(0));
        assertThatThrownBy(() -> RangeResolver.resolve(
                        tensor, perChannel.withClip(new Clip.ManualPerChannel(List.of(range))), cancel))
                .hasMessageContaining("2 slices");
        assertThatThrownBy(() -> RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withGranularity(new Granularity.PerChannel(2)), cancel))
                .hasMessageContaining("axis");
        QuantSpec blocks = QuantSpec.WEIGHTS.withGranularity(new Granularity.PerBlock(1, 2));
        assertThatThrownBy(() ->
                        RangeResolver.resolve(tensor, blocks.withClip(new Clip.ManualPerBlock(List.of(range))), cancel))
                .hasMessageContaining("4 slices");
        assertThatThrownBy(() -> RangeResolver.resolve(
                        tensor, perChannel.withClip(new Clip.ManualPerBlock(List.of(range, range))), cancel))
                .hasMessageContaining("granularity is channel:0");
        assertThatThrownBy(() -> RangeResolver.resolve(
                        tensor, QuantSpec.WEIGHTS.withGranularity(new Granularity.PerBlock(2, 32)), cancel))
                .hasMessageContaining("axis");
        assertThatThrownBy(() -> RangeResolver.resolve(new MomentSketch(), perChannel, cancel))
                .hasMessageContaining("granularity");
    }

    @Test
    void sketchGivesTheRangeOfTheDataItSaw() {
        float[] values = Oracles.array("skewed");
        var sketch = new MomentSketch();
        sketch.add(values, 0, values.length);
        QuantSpec spec = QuantSpec.ACTIVATIONS;

        assertThat(RangeResolver.resolve(sketch, spec, cancel))
                .isEqualTo(RangeResolver.resolve(Oracles.tensor(values), spec, cancel));
    }

    @Test
    void cancelStopsEveryCalibrator() {
        cancel.cancel();
        float[] values = new float[50_000];
        Arrays.fill(values, 0.5f);
        for (Calibrator calibrator : Calibrators.all()) {
            QuantSpec spec = QuantSpec.WEIGHTS.withClip(new Clip.Auto(calibrator.id()));
            assertThatThrownBy(() -> RangeResolver.resolve(Oracles.tensor(values), spec, alike(values.length), cancel))
                    .isInstanceOf(CancellationException.class);
        }
    }
}
