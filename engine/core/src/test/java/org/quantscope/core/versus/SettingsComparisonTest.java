package org.quantscope.core.versus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.SideBySide;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** Two settings beside each other say the same as each of them alone. */
class SettingsComparisonTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final CancelToken NEVER = new CancelToken();
    private static Model model;
    private static Dataset data;
    private static SessionState eight;

    @BeforeAll
    static void open() throws Exception {
        model = Engine.open(SAMPLES.resolve("digits_mlp.onnx"), true);
        data = Datasets.open(SAMPLES.resolve("digits_test.npz"));
        eight = SessionState.of(FileRef.ofModel(model.file(), NEVER));
    }

    private static Side side(String name, SessionState state) {
        return Side.of(
                name, model, state, Calibration.NONE, Map.of(), Optional.empty(), new Resolver(), Progress.NONE, NEVER);
    }

    private static TensorId first() {
        return model.tensors().stream()
                .filter(t -> eight.spec(t.info()).isPresent())
                .findFirst()
                .orElseThrow()
                .id();
    }

    @Test
    void onlyWhatDiffersIsSaidWithTheErrorOfEach() {
        SessionState two =
                eight.withOverride(first(), QuantSpec.WEIGHTS.withBits(2).withClip(new Clip.Auto("mse", Map.of())));
        SettingsComparison found = SettingsComparison.of(side("A", eight), side("B", two), Progress.NONE, NEVER);

        assertThat(found.tensors()).hasSize(3);
        TensorDifference one = found.differing().getFirst();
        assertThat(found.differing()).containsExactly(one);
        assertThat(one.id()).isEqualTo(first());
        assertThat(one.settings())
                .containsExactly(
                        new TensorDifference.Setting("bits", "8", "2"),
                        new TensorDifference.Setting("range", title("minmax"), title("mse")));
        var params = two.spec(model.find(first()).orElseThrow().info());
        assertThat(params).isPresent();
        assertThat(one.a().orElseThrow().sqnrDb().getAsDouble()).isBetween(37.0, 38.0);
        assertThat(one.b().orElseThrow().sqnrDb().getAsDouble()).isBetween(0.0, 12.0);
        assertThat(found.sizeB().quantizedBytes()).isLessThan(found.sizeA().quantizedBytes());

        SettingsComparison floats = SettingsComparison.of(
                side("A", eight), side("B", eight.withKeptFloat(Set.of(first()))), Progress.NONE, NEVER);
        assertThat(floats.differing().getFirst().settings())
                .containsExactly(new TensorDifference.Setting("quantized", "8 bits", "float"));
    }

    private static String title(String id) {
        return Calibrators.all().stream()
                .filter(c -> c.id().equals(id))
                .findFirst()
                .orElseThrow()
                .title();
    }

    @Test
    void bothAreScoredAsAloneAndPairedSampleBySample() {
        Side a = side("A", eight);
        Side b = side("B", eight.withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2))));
        SideBySide both = SettingsComparison.scores(
                a, b, m -> Engine.evaluator(m, m, data, Optional.empty()), Progress.NONE, NEVER);

        try (var evaluator = Engine.evaluator(model, data)) {
            var alone = evaluator.evaluateSamples(a.solved().request(Optional.empty()), NEVER, x -> {});
            var other = evaluator.evaluateSamples(b.solved().request(Optional.empty()), NEVER, x -> {});
            assertThat(both.a()).isEqualTo(alone.accuracy());
            assertThat(both.b()).isEqualTo(other.accuracy());
            SampleOutcomes x = alone.outcomes();
            SampleOutcomes y = other.outcomes();
            int gained = 0;
            int lost = 0;
            int agree = 0;
            for (int i = 0; i < x.size(); i++) {
                assertThat(x.sample(i)).isEqualTo(y.sample(i));
                boolean before = x.quantizedClass(i) == x.label(i);
                boolean after = y.quantizedClass(i) == y.label(i);
                gained += !before && after ? 1 : 0;
                lost += before && !after ? 1 : 0;
                agree += x.quantizedClass(i) == y.quantizedClass(i) ? 1 : 0;
            }
            assertThat(lost).isPositive();
            assertThat(both.gained()).isEqualTo(gained);
            assertThat(both.lost()).isEqualTo(lost);
            assertThat(both.agree()).hasValue(agree);
            assertThat(both.onlyBWrong()).hasSize(lost);
            assertThat(both.onlyAWrong()).hasSize(gained);
            assertThat(both.delta()).isEqualTo((gained - lost) / 500.0, within(1e-12));
            assertThat(both.interval()).isEqualTo(new PairedInterval((gained - lost) / 500.0, (gained - lost) / 500.0));
            assertThat(both.population()).isEqualTo(PairedInterval.of(gained, lost, 500, Long.MAX_VALUE));
            assertThat(both.isTold()).isTrue();
            assertThat(both.method()).contains("Tango 1998");
        }
    }

    @Test
    void aSettingBesideItselfIsNoDifference() {
        Side a = side("A", eight);
        SideBySide same = SettingsComparison.scores(
                a, a, m -> Engine.evaluator(m, m, data, Optional.empty()), Progress.NONE, NEVER);
        AccuracyEstimate one = same.a();
        assertThat(same.b()).isEqualTo(one);
        assertThat(same.differing()).isEmpty();
        assertThat(same.isTold()).isFalse();
        assertThat(SettingsComparison.of(a, a, Progress.NONE, NEVER).differing())
                .isEmpty();
    }

    @Test
    void codesThatNeedCalibrationDataAreRefusedWithout() {
        SessionState gptq = eight.withWeights(Optional.of(QuantSpec.WEIGHTS.withRounding("gptq")));
        assertThatThrownBy(() -> side("B", gptq)).hasMessageContaining("B: the rounding of");
    }
}
