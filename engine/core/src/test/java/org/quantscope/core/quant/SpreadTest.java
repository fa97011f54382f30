package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SpreadTest {
    private static Spread of(float... numbers) {
        return Spread.of(numbers.length, i -> numbers[i]);
    }

    @Test
    void ofAnEvenCountTheMedianIsTheUpperOfTheTwoInTheMiddle() {
        assertThat(of(3)).isEqualTo(new Spread(3, 3, 3));
        assertThat(of(4, 1, 3, 2)).isEqualTo(new Spread(1, 3, 4));
        assertThat(of(-1, -3, -2)).isEqualTo(new Spread(-3, -2, -1));
        assertThat(of(0f, -0f)).isEqualTo(new Spread(-0f, 0f, 0f));
        assertThat(of(Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE))
                .isEqualTo(new Spread(-Float.MAX_VALUE, Float.MIN_VALUE, Float.MAX_VALUE));
    }

    @Test
    void itIsThatOfTheSortedNumbers() {
        Random random = new Random(5);
        for (int n = 1; n < 300; n++) {
            float[] numbers = new float[n];
            for (int i = 0; i < n; i++) {
                // Near one another, so that their upper halves are often the same.
                numbers[i] = (float) (1 + random.nextGaussian() * (n % 3 == 0 ? 1 : 1e-4));
            }
            float[] sorted = numbers.clone();
            Arrays.sort(sorted);

            assertThat(of(numbers)).isEqualTo(new Spread(sorted[0], sorted[n / 2], sorted[n - 1]));
        }
    }

    @Test
    void ofNothingThereIsNone() {
        assertThatThrownBy(() -> of()).hasMessageContaining("count: at least 1, got 0");
    }
}
