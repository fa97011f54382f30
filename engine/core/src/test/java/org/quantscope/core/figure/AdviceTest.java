package org.quantscope.core.figure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.sketch.MomentSketch;

/** What is said of a choice must turn with the values. */
class AdviceTest {
    private static final int MANY = 20_000;

    private static MomentSketch drawn(String kind) {
        Random random = new Random(7);
        float[] x = new float[MANY];
        for (int i = 0; i < MANY; i++) {
            double u = random.nextDouble();
            x[i] = (float)
                    switch (kind) {
                        case "normal", "outlier", "positive" -> random.nextGaussian();
                        case "laplace" -> Math.signum(u - 0.5) * -Math.log(1 - 2 * Math.abs(u - 0.5));
                        default -> 2 * u - 1;
                    };
            if (kind.equals("positive")) {
                x[i] = Math.abs(x[i]);
            }
        }
        if (kind.equals("outlier")) {
            x[17] = 60;
        }
        return MomentSketch.of(x, 0, MANY);
    }

    @ParameterizedTest
    @CsvSource({
        "calibrator-minmax, uniform, 4, Right here",
        "calibrator-minmax, outlier, 4, hardly right",
        "calibrator-minmax, outlier, 8, Doubtful",
        "calibrator-percentile, outlier, 8, far values",
        "calibrator-percentile, uniform, 8, little to cut",
        "calibrator-mse, laplace, 4, pays to give",
        "calibrator-mse, uniform, 4, close to min–max",
        "calibrator-aciq-gauss, normal, 4, made for",
        "calibrator-aciq-gauss, laplace, 4, not made for",
        "calibrator-aciq-laplace, laplace, 4, made for",
        "calibrator-aciq-laplace, normal, 4, too wide",
        "calibrator-entropy, normal, 3, squared error is safer",
        "uniform, uniform, 4, even steps suit",
        "uniform, laplace, 4, few levels",
        "log2, laplace, 4, suit them",
        "log2, uniform, 4, coarse",
        "lloyd-max, uniform, 4, gains little",
        "nf4, normal, 4, made for",
        "fp8, outlier, 8, keeps the far values",
        "fp8, normal, 8, as good",
        "mx, outlier, 4, own block",
        "asymmetric, positive, 8, waste none",
        "symmetric, normal, 8, symmetric fits"
    })
    void saysWhatTheValuesShow(String term, String kind, int bits, String said) {
        assertThat(Advice.of(term, drawn(kind), QuantSpec.WEIGHTS.withBits(bits)))
                .hasValueSatisfying(text -> assertThat(text).contains(said));
    }

    @Test
    void ofNothingNothingIsSaid() {
        assertThat(Advice.of("uniform", MomentSketch.of(new float[4], 0, 4), QuantSpec.WEIGHTS))
                .isEmpty();
        assertThat(Advice.of("mse", drawn("normal"), QuantSpec.WEIGHTS)).isEmpty();
    }

    /** Ternary and binary are right by training, not by values; the calibrators named last ask for more than values. */
    @Test
    void everyOtherSchemeAndCalibratorIsSpokenOf() {
        MomentSketch values = drawn("normal");
        assertThat(Quantizers.all())
                .filteredOn(q -> !q.id().equals("ternary") && !q.id().equals("binary"))
                .allSatisfy(q -> assertThat(Glossary.bundled()
                                .find(q.id())
                                .flatMap(t -> Advice.of(t.id(), values, QuantSpec.WEIGHTS)))
                        .as(q.id())
                        .isPresent());
        assertThat(Calibrators.all())
                .filteredOn(c -> Optional.of(c.id())
                        .filter(id -> id.equals("weighted-mse")
                                || id.equals("output-mse")
                                || id.equals("four-over-six")
                                || id.equals("lp"))
                        .isEmpty())
                .allSatisfy(c -> assertThat(Advice.of("calibrator-" + c.id(), values, QuantSpec.WEIGHTS))
                        .as(c.id())
                        .isPresent());
    }
}
