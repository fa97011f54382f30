package org.quantscope.core.rounding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.job.CancelToken;

class InputMomentsTest {
    private static final CancelToken NEVER = new CancelToken();

    private static float[][] random(Random random, int groups, int n) {
        float[][] x = new float[groups][n];
        for (float[] group : x) {
            for (int i = 0; i < n; i++) {
                group[i] = (float) random.nextGaussian() + 0.5f;
            }
        }
        return x;
    }

    private static InputMoments.Vectors vectors(float[][] groups, int columns) {
        return (g, from, n, to) -> System.arraycopy(groups[g], from * columns, to, 0, n * columns);
    }

    /** Fewer positions than parts, several groups, columns for which no parts are made, two batches. */
    @ParameterizedTest
    @CsvSource({"1, 7, 1000", "1, 7, 3", "3, 5, 401", "6, 4, 2", "1, 1030, 5", "1, 300, 2000"})
    void areTheMeansOfAllProducts(int groups, int columns, int positions) {
        Random random = new Random(columns);
        float[][] x = random(random, groups, columns * positions);
        float[][] y = random(random, groups, columns * positions);
        InputMoments moments = new InputMoments(groups, columns, true, new PlainProducts());
        moments.add(positions, vectors(x, columns), vectors(y, columns), NEVER);
        moments.add(positions, vectors(x, columns), vectors(y, columns), NEVER);

        assertThat(moments.count()).isEqualTo(2L * positions);
        int step = Math.max(1, columns / 10);
        for (int g = 0; g < groups; g++) {
            float[] h = moments.plain(g);
            for (int i = 0; i < columns; i += step) {
                double mean = 0;
                double meanFloat = 0;
                for (int p = 0; p < positions; p++) {
                    mean += x[g][p * columns + i];
                    meanFloat += y[g][p * columns + i];
                }
                assertThat(moments.meanQuantized(g, i)).isCloseTo(mean / positions, within(1e-6));
                assertThat(moments.meanFloat(g, i)).isCloseTo(meanFloat / positions, within(1e-6));
                for (int j = 0; j < columns; j += step) {
                    double wanted = 0;
                    for (int p = 0; p < positions; p++) {
                        wanted += (double) x[g][p * columns + i] * x[g][p * columns + j];
                    }
                    assertThat((double) h[i * columns + j]).isCloseTo(wanted / positions, within(1e-4));
                }
            }
        }
    }

    @Test
    void stopWhenCancelled() {
        InputMoments moments = new InputMoments(1, 2, false, new PlainProducts());
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        InputMoments.Vectors one = InputMoments.Vectors.stored(new float[] {1, 2}, 2);
        assertThatThrownBy(() -> moments.add(1, one, one, cancel)).isInstanceOf(CancellationException.class);
    }
}
