package org.quantscope.core.figure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.synthetic.Distribution;
import org.quantscope.core.synthetic.SyntheticTensor;

class SentencesTest {
    private static Sentences.Seen clipping(double clipped, double clippingMse, boolean exact, String noun) {
        return new Sentences.Seen(1000, clipped, 1, clippingMse, exact, null, null, noun);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | 0 | true | weight | Nothing is cut off: all of the error is rounding.",
                "1 | 0.5 | true | weight | 1 weight is cut off; it makes 50 % of the error.",
                "5 | 0.78 | true | value | 5 values are cut off; they make 78 % of the error.",
                "5 | 0.781 | false | weight | ≈ 5 weights are cut off; they make 78 % of the error.",
                "1 | 0.5 | false | weight | 1 weight is cut off; it makes ≈ 50 % of the error.",
                "1234 | 0.004 | true | weight | 1,234 weights are cut off; they make less than 1 % of the error.",
                "900 | 0.999 | true | weight | 900 weights are cut off; they make 99.9 % of the error, nearly all of"
                        + " it.",
                "900 | 0.99999 | true | weight | 900 weights are cut off; they make 99.9 % of the error, nearly all of"
                        + " it.",
                "900 | 1 | true | weight | 900 weights are cut off; they make 100 % of the error.",
                "0.3 | 0.01 | false | weight | Nothing is cut off: all of the error is rounding."
            })
    void clippingIsCountedAndItsShareSaid(double clipped, double share, boolean exact, String noun, String sentence) {
        assertThat(Sentences.of(clipping(clipped, share, exact, noun))).containsExactly(sentence);
    }

    @Test
    void withoutErrorAndWithoutValuesNothingElseIsSaid() {
        assertThat(Sentences.of(new Sentences.Seen(5, 0, 0, 0, true, null, null, "weight")))
                .containsExactly("Every weight lies exactly on a level: nothing is lost.");
        assertThat(Sentences.of(new Sentences.Seen(0, 0, 0, 0, true, null, null, "weight")))
                .isEmpty();
    }

    private static List<String> of(MomentSketch values, UniformGrid grid) {
        ErrorEstimate e = values.estimate(grid);
        return Sentences.of(
                new Sentences.Seen(e.count(), e.clipped(), e.mse(), e.clippingMse(), true, values, grid, "weight"));
    }

    private static MomentSketch sketch(Distribution distribution, Map<String, Double> parameters) {
        return MomentSketch.of(new SyntheticTensor(distribution, parameters, 1, 8192).tensor("w"), new CancelToken());
    }

    /** 80 % of a Laplace distribution lie within b·ln 5 = 1.61 b. */
    @Test
    void coarseLevelsAreSetAgainstWhereMostWeightsLie() {
        MomentSketch values = sketch(Distribution.LAPLACE, Map.of("b", 0.62));

        assertThat(of(values, new UniformGrid(1.44f, 0, -7, 7)).get(1))
                .isEqualTo("The levels are 1.44 apart and most weights lie within 1 of zero.");
        assertThat(of(values, new UniformGrid(0.1f, 0, -127, 127)).get(1))
                .isEqualTo("The range is 2.2 times as wide as the values: most levels are never used.");
        assertThat(of(values, new UniformGrid(0.1f, 0, -63, 63)).get(1))
                .isEqualTo("The levels are 0.1 apart; most weights lie within 11 steps of zero.");
    }

    @Test
    void levelsBelowZeroThatNoValueNeedsAreCounted() {
        MomentSketch relu = sketch(Distribution.RELU_LAPLACE, Map.of("outliers", 0.0));

        assertThat(of(relu, new UniformGrid(1, 0, -7, 7)).get(1))
                .isEqualTo("No weight is below 0: the 7 levels there are never used.");
        assertThat(of(relu, new UniformGrid(1, 0, 0, 15)).get(1)).doesNotContain("below 0");
    }

    @Test
    void tinyAndHugeStepsKeepTheirDigits() {
        MomentSketch tiny = sketch(Distribution.NORMAL, Map.of("std", 0.01));

        assertThat(of(tiny, new UniformGrid(0.0123f, 0, -3, 3)).get(1))
                .isEqualTo("The levels are 0.0123 apart and most weights lie within 0.013 of zero.");
    }
}
