package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.ExpectedGain;
import org.quantscope.core.correction.ExpectedLoss;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.session.Session;
import org.quantscope.core.tensor.TensorId;

/** SmoothQuant, AWQ and the rotation on the digits network with outliers. */
class OutlierCuresTest {
    private static final CancelToken NEVER = new CancelToken();

    private static Correction.Output apply(Correction correction, Correction.Input input, String... options) {
        Map<String, String> given = new HashMap<>();
        for (int i = 0; i < options.length; i += 2) {
            given.put(options[i], options[i + 1]);
        }
        return correction.apply(
                new Correction.Input(input.model(), given, input.data(), input.settings()), Progress.NONE, NEVER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smoothquant", "awq", "hadamard-rotation"})
    void theFloatFunctionStaysTheSame(String id) throws Exception {
        Model model = OutlierModels.digits();

        Correction.Output output = apply(Corrections.byId(id), OutlierModels.input(model, 4, 8));

        assertThat(output.changed()).isNotEmpty();
        assertThat(SampleRun.change(model, output.model(), OutlierModels.data()))
                .isLessThan(1e-5);
    }

    @Test
    void whatTheyAreExpectedToBringIsMeasuredOnSamplesThatTheyDidNotSee() throws Exception {
        Model model = OutlierModels.digits();
        Session settings = SampleRun.settings(model, 8, true, 8, OutlierModels.data());
        ExpectedGain.Measure measure = new ExpectedGain.Measure(model, model, settings.state(), OutlierModels.data());

        ExpectedGain smoothed = measure.of(Corrections.byId("smoothquant"), Map.of(), Progress.NONE, NEVER);
        ExpectedGain scaled = measure.of(Corrections.byId("awq"), Map.of(), Progress.NONE, NEVER);

        assertThat(smoothed.samples()).isEqualTo(128);
        assertThat(smoothed.divergence()).isTrue();
        assertThat(smoothed.helps()).isTrue();
        assertThat(smoothed.after()).isLessThan(smoothed.before() / 10);
        assertThat(smoothed.said()).startsWith("KL ").endsWith("on 128 calibration samples kept aside");
        // Weights alone are scaled for: outliers of activations stay what they cost.
        assertThat(scaled.before()).isEqualTo(smoothed.before());
        assertThat(scaled.after()).isGreaterThan(smoothed.after());
    }

    @Test
    void whatBringsNothingIsCalledSo() throws Exception {
        Model plain = SampleRun.open("digits_mlp");
        Session settings = SampleRun.settings(plain, 8, true, 0, OutlierModels.data());
        ExpectedGain.Measure measure = new ExpectedGain.Measure(plain, plain, settings.state(), OutlierModels.data());

        ExpectedGain rotated = measure.of(Corrections.byId("hadamard-rotation"), Map.of(), Progress.NONE, NEVER);

        assertThat(rotated.helps()).isEqualTo(rotated.after() <= 0.98 * rotated.before());
        assertThat(new ExpectedGain(0.5, 0.6, 10, true, 3).said())
                .isEqualTo("it does not help: KL 0.500 → 0.600 on 10 calibration samples kept aside");
        assertThat(new ExpectedGain(0.5, 0.495, 10, true, 3).helps()).isFalse();
        assertThat(new ExpectedGain(0.5, 0.5, 1, false, 0).said())
                .isEqualTo("there is nothing to do: noise stays 0.500 on 1 calibration sample kept aside");
    }

    @Test
    void oneSampleCannotBeKeptAside() throws Exception {
        Model model = OutlierModels.digits();
        assertThatThrownBy(() -> new ExpectedLoss(model, SampleRun.data("digits_calibration", 1)))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("samples: one half to choose on and one to measure on need at least 2, got 1");
    }

    @Test
    void factorsOfSmoothQuantAreThoseOfTheFormula() {
        double[] s = SmoothQuant.factors(new double[] {40, 1, 2, 0}, new double[] {0.1, 0.5, 0.2, 0.3}, 0.75);

        double[] expected = new double[3];
        double[] x = {40, 1, 2};
        double[] w = {0.1, 0.5, 0.2};
        double product = 1;
        for (int c = 0; c < 3; c++) {
            expected[c] = Math.pow(x[c], 0.75) / Math.pow(w[c], 0.25);
            product *= expected[c];
        }
        double mean = Math.cbrt(product);
        for (int c = 0; c < 3; c++) {
            assertThat(s[c]).isCloseTo(expected[c] / mean, within(1e-12));
        }
        assertThat(s[3]).isCloseTo(1, within(1e-12));
    }

    @Test
    void theSearchedAlphaLosesLeastOfTheOnesTried() throws Exception {
        Model model = OutlierModels.digits();
        Correction.Input input = OutlierModels.input(model, 4, 4);
        ExpectedLoss loss = new ExpectedLoss(model, OutlierModels.data());
        Dataset half = loss.fittedOn();
        Map<String, Double> losses = new HashMap<>();
        Correction.Input on = new Correction.Input(model, Map.of(), Optional.of(half), input.settings());
        for (String alpha : List.of("0.125", "0.25", "0.375", "0.5", "0.625", "0.75", "0.875")) {
            Model made = apply(new SmoothQuant(), on, "alpha", alpha).model();
            losses.put(alpha, loss.of(made, input.settings().orElseThrow().state(), Progress.NONE, NEVER));
        }

        Correction.Output searched = apply(new SmoothQuant(), input);

        String note = searched.notes().getFirst();
        String best = note.replaceFirst("alpha is ([0-9.]+),.*", "$1").replaceFirst("0+$", "");
        assertThat(losses).containsKey(best);
        for (String coarse : List.of("0.25", "0.5", "0.75")) {
            assertThat(losses.get(best)).isLessThanOrEqualTo(losses.get(coarse));
        }
        Model given = apply(new SmoothQuant(), input, "alpha", best).model();
        TensorId last = WeightedLayer.of(model).getLast().id();
        assertThat(searched.model().find(last).orElseThrow().data().toFloats())
                .isEqualTo(given.find(last).orElseThrow().data().toFloats());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.1", "1.5", "half", ""})
    void anAlphaOutOfRangeIsNamed(String alpha) throws Exception {
        Correction.Input input = OutlierModels.input(OutlierModels.digits(), 8, 0);
        assertThatThrownBy(() -> apply(new SmoothQuant(), input, "alpha", alpha))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("smoothquant.alpha")
                .hasMessageContaining("got " + alpha);
    }

    @Test
    void thePowerOfAwqHasTheLeastErrorAtTheOutputByBruteForce() throws Exception {
        Model model = OutlierModels.digits();
        Dataset data = OutlierModels.data();
        // Inputs of the first layer are those of the model.
        int n = 64;
        float[] x = new float[data.size() * n];
        int[] all = new int[data.size()];
        Arrays.setAll(all, i -> i);
        data.fill(all, x);
        double[] means = new double[n];
        for (int i = 0; i < x.length; i++) {
            means[i % n] += Math.abs(x[i]) / data.size();
        }
        WeightedLayer first = WeightedLayer.of(model).getFirst();
        float[] w = first.weight().data().toFloats();
        double least = Double.POSITIVE_INFINITY;
        int best = -1;
        for (int p = 0; p <= 20; p++) {
            double[] s = ActivationAwareScaling.factors(means, p / 20.0);
            double error = bruteForce(w, s, x, n);
            if (error < least) {
                least = error;
                best = p;
            }
        }

        Correction.Output output = apply(new ActivationAwareScaling(), OutlierModels.input(model, 3, 0));

        assertThat(best).isPositive();
        String value = first.node().inputs().getFirst();
        assertThat(output.notes())
                .contains(value + ": power " + String.format(java.util.Locale.ROOT, "%.3g", best / 20.0));
        float[] now = output.model().find(first.id()).orElseThrow().data().toFloats();
        double[] s = ActivationAwareScaling.factors(means, best / 20.0);
        for (int o = 0; o < first.outputs(); o++) {
            // Outputs are scaled alike for the layer behind.
            double ratio = now[o * n + 20] / (w[o * n + 20] * s[20]);
            for (int i = 0; i < n; i++) {
                assertThat((double) now[o * n + i])
                        .isCloseTo(
                                w[o * n + i] * s[i] * ratio,
                                within(1e-4 * Math.abs(w[o * n + i] * s[i] * ratio) + 1e-9));
            }
        }
    }

    /** The squared error at the outputs of a layer with 3 bits for each output channel, min-max, restricted. */
    private static double bruteForce(float[] w, double[] s, float[] x, int n) {
        double error = 0;
        for (int o = 0; o < w.length / n; o++) {
            float[] scaled = new float[n];
            float most = 0;
            for (int i = 0; i < n; i++) {
                scaled[i] = (float) (w[o * n + i] * s[i]);
                most = Math.max(most, Math.abs(scaled[i]));
            }
            float scale = most / 3;
            double[] change = new double[n];
            for (int i = 0; i < n; i++) {
                double level = Math.clamp(Math.rint(scaled[i] / scale), -3, 3) * scale;
                change[i] = (level - scaled[i]) / s[i];
            }
            for (int at = 0; at < x.length; at += n) {
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += change[i] * x[at + i];
                }
                error += sum * sum;
            }
        }
        return error;
    }

    @Test
    void aCancelledCorrectionStops() throws Exception {
        CancelToken cancelled = new CancelToken();
        Correction.Input input = OutlierModels.input(OutlierModels.digits(), 4, 8);
        cancelled.cancel();
        for (String id : List.of("smoothquant", "awq", "hadamard-rotation")) {
            assertThatThrownBy(() -> Corrections.byId(id).apply(input, Progress.NONE, cancelled))
                    .isInstanceOf(java.util.concurrent.CancellationException.class);
        }
    }
}
