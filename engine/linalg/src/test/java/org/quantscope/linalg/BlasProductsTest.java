package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.rounding.MomentProducts;
import org.quantscope.core.rounding.PlainProducts;

class BlasProductsTest {
    private static float[] random(Random random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 16, 45})
    void agreesWithPlainJava(int columns) {
        Random random = new Random(columns);
        int rows = 70;
        float[] x = random(random, rows * columns);
        float[] y = random(random, rows * columns);
        float[] start = random(random, columns * columns);
        float[][] gram = {start.clone(), start.clone()};
        float[][] cross = {start.clone(), start.clone()};
        MomentProducts[] both = {new PlainProducts(), new BlasProducts()};
        for (int i = 0; i < 2; i++) {
            both[i].addGram(x, rows, columns, gram[i]);
            both[i].addCross(x, y, rows, columns, cross[i]);
        }

        for (int i = 0; i < columns; i++) {
            for (int j = 0; j < columns; j++) {
                int at = i * columns + j;
                if (j >= i) {
                    assertThat(gram[1][at]).isCloseTo(gram[0][at], within(1e-4f));
                }
                assertThat(cross[1][at]).isCloseTo(cross[0][at], within(1e-4f));
                double wanted = start[at];
                for (int p = 0; p < rows; p++) {
                    wanted += (double) x[p * columns + i] * y[p * columns + j];
                }
                assertThat((double) cross[0][at]).isCloseTo(wanted, within(1e-4));
            }
        }
    }

    /** Errors at outputs: rows that fill no block, and enough of them for the library. */
    @ParameterizedTest
    @CsvSource({"70, 3", "70, 45", "13, 300", "270, 260"})
    void productsAgreeWithPlainJava(int rows, int columns) {
        Random random = new Random(columns);
        float[] x = random(random, rows * columns);
        float[] m = random(random, columns * columns);
        float[] start = random(random, rows * columns);
        float[][] sums = {start.clone(), start.clone()};
        new PlainProducts().addProduct(x, m, rows, columns, sums[0]);
        new BlasProducts().addProduct(x, m, rows, columns, sums[1]);
        for (int i = 0; i < start.length; i++) {
            double wanted = start[i];
            for (int k = 0; k < columns; k++) {
                wanted += (double) x[i / columns * columns + k] * m[k * columns + i % columns];
            }
            assertThat(Math.abs(sums[0][i] - wanted)).isLessThan(1e-3);
            assertThat(Math.abs(sums[1][i] - wanted)).isLessThan(1e-3);
        }
    }

    @Test
    void isFoundOnTheClassPath() {
        assertThat(MomentProducts.best()).isInstanceOf(BlasProducts.class);
    }

    /** Also nested, and after an exception: the threads of the library are then what they were. */
    @Test
    void sharesOutAgainAfterWorkOnOneThreadEach() {
        int n = 300;
        float[] x = random(new Random(1), n * n);
        BlasProducts products = new BlasProducts();
        products.addProduct(x, x, n, n, new float[n * n]);
        int before = BlasProducts.threads().orElseThrow();
        assertThatThrownBy(() -> products.onOneThreadEach(() -> {
                    products.onOneThreadEach(
                            () -> assertThat(BlasProducts.threads()).hasValue(1));
                    assertThat(BlasProducts.threads()).hasValue(1);
                    throw new IllegalStateException("stop");
                }))
                .hasMessage("stop");
        assertThat(BlasProducts.threads()).hasValue(before);
    }
}
