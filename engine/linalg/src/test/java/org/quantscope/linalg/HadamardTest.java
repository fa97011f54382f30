package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HadamardTest {
    @Test
    void rowsOfEveryMatrixUpToAHundredAreOrthogonalAndSizesWithoutOneAreKnown() {
        for (int n = 1; n <= 100; n++) {
            boolean possible = n <= 2 || n % 4 == 0;
            boolean reached = n != 52 && n != 92 && n != 100;
            assertThat(Hadamard.exists(n)).as("%d", n).isEqualTo(possible && reached);
            if (Hadamard.exists(n)) {
                byte[] h = Hadamard.of(n);
                for (int i = 0; i < n; i++) {
                    for (int j = 0; j < n; j++) {
                        int dot = 0;
                        for (int k = 0; k < n; k++) {
                            dot += h[i * n + k] * h[j * n + k];
                        }
                        assertThat(dot).isEqualTo(i == j ? n : 0);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 6, 10, 12, 30, 64, 92, 192})
    void rotationsAreOrthogonalInBlocksAsLargeAsThereAre(int n) {
        int block = Hadamard.block(n);
        double[] r = Hadamard.rotation(n, 7);

        assertThat(n % block).isZero();
        for (int larger = block + 1; larger <= n; larger++) {
            assertThat(n % larger == 0 && Hadamard.exists(larger)).isFalse();
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double dot = 0;
                for (int k = 0; k < n; k++) {
                    dot += r[k * n + i] * r[k * n + j];
                }
                assertThat(dot).isCloseTo(i == j ? 1 : 0, within(1e-12));
                assertThat(Math.abs(r[i * n + j]))
                        .isCloseTo(i / block == j / block ? 1 / Math.sqrt(block) : 0, within(1e-12));
            }
        }
        if (n > 10) {
            assertThat(r).isNotEqualTo(Hadamard.rotation(n, 123_456));
        }
    }
}
