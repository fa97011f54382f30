package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

class ResolvedSettingsTest {
    private static final FileRef REF = new FileRef(Path.of("/m.npz"), "0".repeat(64));
    private static final SessionState STATE = SessionState.of(REF);
    private static final TensorId W = new TensorId("w");
    private static final TensorId B = new TensorId("b");

    private static Tensor tensor(TensorId id, TensorKind kind, float... values) {
        Shape shape = kind == TensorKind.WEIGHT ? Shape.of(2, values.length / 2) : Shape.of(values.length);
        return new Tensor(
                new TensorInfo(id, kind, DType.F32, shape, OptionalInt.empty(), List.of()), TensorData.of(values));
    }

    private static final Model BARE = new Model(
            Path.of("/m.npz"),
            "npz",
            OptionalInt.empty(),
            List.of(tensor(W, TensorKind.WEIGHT, -1, 0.5f, 2, 0), tensor(B, TensorKind.CONSTANT, 1, -1)),
            Optional.empty(),
            List.of());

    private static ResolvedSettings resolve(Model model, SessionState state) {
        return Engine.resolve(model, state, Progress.NONE, new CancelToken());
    }

    private static ResolvedSettings resolve(Model model, SessionState state, Map<TensorId, ClipRange> ranges) {
        Calibration stored = new Session(state, ActivationRanges.of(ranges)).calibration();
        return Engine.resolve(model, state, stored, Progress.NONE, new CancelToken());
    }

    @Test
    void weightsFollowTheDefaultAndOthersOnlyTheirOwnOverride() {
        assertThat(resolve(BARE, STATE).weights()).containsOnlyKeys(W);
        assertThat(resolve(BARE, STATE).weights().get(W))
                .isEqualTo(new QuantParams(Granularity.TENSOR, new float[] {2f / 127}, new int[] {0}, -127, 127));
        assertThat(resolve(BARE, STATE.withOverride(B, QuantSpec.WEIGHTS)).weights())
                .containsOnlyKeys(W, B);
        assertThat(resolve(BARE, STATE.withWeights(Optional.empty())).weights()).isEmpty();
        assertThat(resolve(BARE, STATE.withKeptFloat(Set.of(W))).weights()).isEmpty();
    }

    @Test
    void aNameThatIsNoTensorIsRefusedWithNearOnes() {
        assertThatThrownBy(() -> resolve(BARE, STATE.withOverride(new TensorId("ww"), QuantSpec.WEIGHTS)))
                .isInstanceOf(BadInputException.class)
                .hasMessage("overrides: ww is no tensor of m.npz; near names: w, b");
        assertThatThrownBy(() -> resolve(BARE, STATE.withKeptFloat(Set.of(new TensorId("c")))))
                .isInstanceOf(BadInputException.class)
                .hasMessage("keep_float: c is no tensor of m.npz; near names: b, w");
    }

    @Test
    void aSpecThatDoesNotFitItsTensorIsBadInput() {
        QuantSpec wrong = QuantSpec.WEIGHTS.withGranularity(new Granularity.PerChannel(7));

        assertThatThrownBy(() -> resolve(BARE, STATE.withOverride(W, wrong)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("w: granularity.axis: 7");
    }

    @Test
    void theCacheAnswersTheSameSpecWithTheSameObject() {
        Resolver cache = new Resolver();
        Tensor w = BARE.tensors().getFirst();
        RangeResolver.Resolution first =
                cache.resolve(Request.of(w, QuantSpec.WEIGHTS, Importances.NONE), new CancelToken());

        assertThat(cache.resolve(Request.of(w, QuantSpec.WEIGHTS, Importances.NONE), new CancelToken()))
                .isSameAs(first);
        assertThat(cache.resolve(Request.of(w, QuantSpec.WEIGHTS.withBits(4), Importances.NONE), new CancelToken()))
                .isNotSameAs(first);
        assertThat(cache.size()).isEqualTo(2);
    }

    @Test
    void theCacheForgetsWhatWasUsedLongestAgo() {
        Resolver cache = new Resolver(2);
        Tensor w = BARE.tensors().getFirst();
        RangeResolver.Resolution eight =
                cache.resolve(Request.of(w, QuantSpec.WEIGHTS, Importances.NONE), new CancelToken());
        RangeResolver.Resolution four =
                cache.resolve(Request.of(w, QuantSpec.WEIGHTS.withBits(4), Importances.NONE), new CancelToken());
        cache.resolve(Request.of(w, QuantSpec.WEIGHTS, Importances.NONE), new CancelToken());
        cache.resolve(Request.of(w, QuantSpec.WEIGHTS.withBits(3), Importances.NONE), new CancelToken());

        assertThat(cache.size()).isEqualTo(2);
        assertThat(cache.resolve(Request.of(w, QuantSpec.WEIGHTS, Importances.NONE), new CancelToken()))
                .isSameAs(eight);
        assertThat(cache.resolve(Request.of(w, QuantSpec.WEIGHTS.withBits(4), Importances.NONE), new CancelToken()))
                .isNotSameAs(four)
                .isEqualTo(four);
    }

    @Test
    void progressCountsTheTensorsAndACancelEndsIt() {
        List<String> seen = new ArrayList<>();
        Engine.resolve(
                BARE, STATE, (done, total, what) -> seen.add(done + "/" + total + " " + what), new CancelToken());
        CancelToken cancel = new CancelToken();
        cancel.cancel();

        assertThat(seen).containsExactly("1/1 w");
        assertThatThrownBy(() -> Engine.resolve(BARE, STATE, Progress.NONE, cancel))
                .isInstanceOf(CancellationException.class);
    }

    @Test
    void activationsTakeTheirObservedRangeOrAnOverride() throws IOException {
        Model mlp = ModelLoaders.open(Path.of(System.getProperty("quantscope.samples"), "digits_mlp.onnx"));
        TensorId input = new TensorId("input");
        TensorId relu = new TensorId("/1/Relu_output_0");
        Map<TensorId, ClipRange> ranges = Map.of(
                input,
                new ClipRange(0, 1),
                relu,
                new ClipRange(0, 51),
                new TensorId("/3/Relu_output_0"),
                new ClipRange(0, 8),
                new TensorId("logits"),
                new ClipRange(-9, 9));
        SessionState state = STATE.withActivations(Optional.of(QuantSpec.ACTIVATIONS));

        assertThat(resolve(mlp, state, ranges).activations()).containsOnlyKeys(ranges.keySet());
        assertThat(resolve(mlp, state, ranges).activations().get(relu))
                .isEqualTo(new QuantParams(Granularity.TENSOR, new float[] {0.2f}, new int[] {0}, 0, 255));
        QuantSpec manual = QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 25.5f)));
        assertThat(resolve(mlp, state.withOverride(relu, manual), ranges)
                        .activations()
                        .get(relu)
                        .scale(0))
                .isEqualTo(0.1f);
        QuantParams fixed = new QuantParams(Granularity.TENSOR, new float[] {3}, new int[] {1}, 0, 255);
        assertThat(resolve(mlp, state.withOverride(relu, QuantSpec.ACTIVATIONS.withClip(new Clip.Fixed(fixed))), ranges)
                        .activations()
                        .get(relu))
                .isEqualTo(fixed);
        assertThat(resolve(mlp, state.withKeptFloat(Set.of(relu)), ranges).activations())
                .doesNotContainKey(relu);

        assertThatThrownBy(() -> resolve(mlp, state, Map.of(input, new ClipRange(0, 1))))
                .isInstanceOf(BadInputException.class)
                .hasMessage("activation_ranges: no range for activation /1/Relu_output_0: calibrate with data first");
        assertThatThrownBy(() -> resolve(
                        mlp,
                        state.withOverride(relu, QuantSpec.ACTIVATIONS.withGranularity(Granularity.CHANNEL)),
                        ranges))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("/1/Relu_output_0: granularity channel");
        assertThatThrownBy(() -> resolve(
                        mlp,
                        state.withOverride(
                                relu,
                                QuantSpec.ACTIVATIONS.withClip(
                                        new Clip.ManualPerChannel(List.of(new ClipRange(0, 1))))),
                        ranges))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("activations are quantized per tensor");
    }

    @Test
    void theSizeCountsScalesAndZeroPointsAndWhatStaysFloat() {
        QuantSpec asymmetric = QuantSpec.WEIGHTS
                .withBits(3)
                .withSymmetric(false)
                .withRestrictedRange(false)
                .withGranularity(Granularity.CHANNEL);
        SessionState state = STATE.withWeights(Optional.of(asymmetric));

        // 4 values of 3 bits, 2 scales of 32 and 2 zero points of 3 bits: 82 bits are 11 bytes; 2 floats stay.
        assertThat(ModelSize.of(BARE, resolve(BARE, state))).isEqualTo(new ModelSize(24, 11 + 8));
        assertThat(ModelSize.of(BARE, ResolvedSettings.NONE)).isEqualTo(new ModelSize(24, 24));
    }
}
