package org.quantscope.core.datacheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.quantscope.core.Engine;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruptions;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.Observed;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlipWorthTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final CancelToken NEVER = new CancelToken();

    private Model model;
    private Dataset calibration;
    private Dataset test;
    private Observed seen;
    private ResolvedSettings settings;

    @BeforeAll
    void open() throws IOException {
        Path file = SAMPLES.resolve("digits_mlp.onnx");
        model = Engine.analysed(Engine.open(file, true));
        calibration = Datasets.open(SAMPLES.resolve("digits_calibration.npz"));
        test = Datasets.open(SAMPLES.resolve("digits_test.npz"));
        seen = Engine.observe(model, calibration, Progress.NONE, NEVER);
        SessionState state = SessionState.of(FileRef.ofModel(file, NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(3)));
        settings = Engine.resolve(model, state, Calibration.of(seen), Progress.NONE, NEVER);
    }

    /** Both unknowns and the jackknife, with the normal equations solved by hand. */
    @Test
    void whatIsLeftIsFittedAndDrawnToNothing() {
        FlipWorth.Sums clean = new FlipWorth.Sums();
        clean.add(1, 0);
        FlipWorth.Sums noise = new FlipWorth.Sums();
        noise.add(1, 2);
        noise.add(0.5, -1);
        FlipWorth.Sums blur = new FlipWorth.Sums();
        blur.add(-0.5, 1);
        Map<String, FlipWorth.Sums> ways = new LinkedHashMap<>();
        ways.put("noise", noise);
        ways.put("blur", blur);

        FlipWorth worth = FlipWorth.of(ClassShares.of(outcomes(calibration)), clean, ways, 100);

        // 34·a + 2·b = 2 and 2·a + 36·b = 1.
        double a = 70.0 / 1220;
        double b = 30.0 / 1220;
        assertThat(worth.flips()).isEqualTo(4);
        assertThat(worth.ways()).containsExactly("noise", "blur");
        FlipWorth.Worth of = worth.worth(10, 3);
        assertThat(of.gained()).isCloseTo(10 * a + 3 * b, within(1e-12));
        // Without noise: 32·a + b = 0.5 and a + 31·b = −0.5. Without blur: 33·a + b = 2.5 and a + 35·b = 1.5.
        double withoutNoise = 10 * (16.0 / 991) + 3 * (-16.5 / 991);
        double withoutBlur = 10 * (86.0 / 1154) + 3 * (47.0 / 1154);
        assertThat(of.error())
                .isCloseTo(
                        Math.sqrt(
                                (Math.pow(withoutNoise - of.gained(), 2) + Math.pow(withoutBlur - of.gained(), 2)) / 2),
                        within(1e-12));
    }

    private SampleOutcomes outcomes(Dataset data) {
        try (LiveEvaluator evaluator = Engine.evaluator(model, data)) {
            return evaluator.evaluateSamples(request(), NEVER, part -> {}).outcomes();
        }
    }

    private EvalRequest request() {
        return new EvalRequest(Optional.empty(), settings.weights(), settings.activations());
    }

    /** How often both models answer a class, and how much too often, counted by hand. */
    private static double[] logShares(SampleOutcomes outcomes, boolean quantized) {
        double[] counts = new double[10];
        for (int i = 0; i < outcomes.size(); i++) {
            counts[quantized ? outcomes.quantizedClass(i) : outcomes.floatClass(i)]++;
        }
        for (int c = 0; c < 10; c++) {
            counts[c] = Math.log((counts[c] + 0.02 * outcomes.size()) / (1.2 * outcomes.size()));
        }
        return counts;
    }

    private static double excess(SampleOutcomes here, SampleOutcomes there, int from, int to) {
        double sum = 0;
        for (boolean quantized : new boolean[] {false, true}) {
            double[] x = logShares(here, quantized);
            double[] y = logShares(there, quantized);
            sum += x[from] - y[from] - (x[to] - y[to]);
        }
        return Math.clamp(sum / 2, -2, 2);
    }

    /** The same from the labels, counted apart: clean and three severities, and the equations solved by Cramer's rule. */
    @Test
    void changesOnLabelledDataAreCountedAsLabelsSay() {
        SampleOutcomes clean = outcomes(calibration);
        List<SampleOutcomes> sets = new ArrayList<>(List.of(clean));
        for (String severity : List.of("1", "3", "5")) {
            sets.add(outcomes(Datasets.corrupted(calibration, Optional.of(Corrupted.parse("noise:" + severity)))));
        }
        double n = 0;
        double left = 0;
        double much = 0;
        double squares = 0;
        double product = 0;
        for (SampleOutcomes outcomes : sets) {
            for (int i = 0; i < outcomes.size(); i++) {
                SampleOutcomes.Outcome o = outcomes.outcome(i).orElseThrow();
                if (o.floatClass() != o.quantizedClass()) {
                    double y = o.change() == SampleOutcomes.Change.GAINED
                            ? 1
                            : o.change() == SampleOutcomes.Change.LOST ? -1 : 0;
                    double r = y + o.floatOfFloat() - o.floatOfQuantized().orElseThrow();
                    double g = excess(outcomes, clean, o.floatClass(), o.quantizedClass());
                    n++;
                    left += r;
                    much += g;
                    squares += g * g;
                    product += r * g;
                }
            }
        }

        FlipWorth worth = FlipWorth.measure(
                        calibration,
                        request(),
                        data -> Engine.evaluator(model, data),
                        List.of(Corruptions.find("noise").orElseThrow()),
                        Progress.NONE,
                        NEVER)
                .orElseThrow();

        assertThat(worth.flips()).isEqualTo((int) n).isGreaterThan(20);
        assertThat(worth.samples()).isEqualTo(calibration.size());
        double det = (n + 30) * (squares + 30) - much * much;
        double each = ((squares + 30) * left - much * product) / det;
        double perExcess = ((n + 30) * product - much * left) / det;
        assertThat(worth.worth(1, 0).gained()).isCloseTo(each, within(1e-6));
        assertThat(worth.worth(0, 1).gained()).isCloseTo(perExcess, within(1e-6));
        SampleOutcomes there = outcomes(test);
        int changes = 0;
        double sum = 0;
        for (int i = 0; i < there.size(); i++) {
            SampleOutcomes.Outcome o = there.outcome(i).orElseThrow();
            if (o.floatClass() != o.quantizedClass()) {
                changes++;
                sum += excess(there, clean, o.floatClass(), o.quantizedClass());
            }
        }
        assertThat(worth.of(there).gained()).isCloseTo(each * changes + perExcess * sum, within(1e-6));
        ExpectedChange.Known plain = (ExpectedChange.Known) ExpectedChange.of(there, Optional.empty());
        ExpectedChange.Known known = (ExpectedChange.Known) ExpectedChange.of(there, Optional.of(worth));
        assertThat(known.delta()).isCloseTo(plain.delta() + worth.of(there).gained() / there.size(), within(1e-9));
    }

    /** Never more is gained or lost than changes, and doubt widens the interval. */
    @Test
    void theWorthIsAddedAsFarAsItCanBe() {
        for (double more : new double[] {-2, 3, 500, -500}) {
            ExpectedChange.Known known =
                    ExpectedChange.known(12, 5, 20, 200, Optional.empty(), Optional.of(new FlipWorth.Worth(more, 0)));
            ExpectedChange.Known doubted =
                    ExpectedChange.known(12, 5, 20, 200, Optional.empty(), Optional.of(new FlipWorth.Worth(more, 4)));

            assertThat(known.delta()).isCloseTo((Math.clamp(more, -8, 15) - 7) / 200, within(1e-12));
            assertThat(known.delta())
                    .isBetween(known.interval().lo(), known.interval().hi());
            assertThat(doubted.delta()).isEqualTo(known.delta());
            assertThat(doubted.delta() - doubted.interval().lo())
                    .isCloseTo(
                            Math.hypot(known.delta() - known.interval().lo(), 1.959963984540054 * 4 / 200),
                            within(1e-9));
        }
    }

    /** The whole comparison: what is known first is handed out first, and labels say in the end what was measured. */
    @Test
    void aPassGivesDistributionsFirstAndThenTheChange() {
        DriftPass pass = new DriftPass(
                model,
                settings,
                seen.sketches(),
                calibration,
                data -> Engine.evaluator(model, data),
                Set.of("noise", "blur", "contrast", "brightness", "shift"));
        Dataset worse = Datasets.corrupted(test, Optional.of(Corrupted.parse("noise:5")));
        List<DriftPass.Found> parts = new ArrayList<>();

        DriftPass.Found clean = pass.run(test, Progress.NONE, NEVER, parts::add);
        DriftPass.Found found = pass.run(worse, Progress.NONE, NEVER, parts::add);

        assertThat(parts).hasSize(2).allSatisfy(p -> {
            assertThat(p.complete()).isFalse();
            assertThat(p.drift().expected()).isInstanceOf(ExpectedChange.Unknown.class);
        });
        assertThat(found.complete()).isTrue();
        assertThat(found.drift().tensors()).isEqualTo(parts.get(1).drift().tensors());
        assertThat(found.drift().tensors().getFirst().divergence())
                .isGreaterThan(3 * clean.drift().tensors().getFirst().divergence());
        SampleOutcomes outcomes = outcomes(worse);
        assertThat(found.drift().measured().orElseThrow())
                .isCloseTo(
                        (outcomes.count(SampleOutcomes.Change.GAINED) - outcomes.count(SampleOutcomes.Change.LOST))
                                / (double) worse.size(),
                        within(1e-12));
        ExpectedChange.Known known = (ExpectedChange.Known) found.drift().expected();
        assertThat(known.worth().orElseThrow().ways()).isSubsetOf("jpeg");
        CancelToken cancelled = new CancelToken();
        cancelled.cancel();
        assertThatThrownBy(() -> pass.run(test, Progress.NONE, cancelled, parts::add))
                .isInstanceOf(CancellationException.class);
    }
}
