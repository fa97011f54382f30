package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.tensor.Shape;

/** Expected figures were computed with NumPy 1.24 from the files: {@code ((images * scale - mean) / std).astype(float32)}. */
class SampleDataTest {
    private static Dataset sample(String name) throws IOException {
        return Datasets.open(Path.of(System.getProperty("quantscope.samples"), name + ".npz"));
    }

    @ParameterizedTest
    @CsvSource({
        "digits_test, 500, 3, 1, 19.0, 20, 1.0",
        "digits_calibration, 256, 255, 0, 20.5625, 10, 1.0",
        "fashion_mnist_test, 10000, 9999, 5, -364.2406288422644, 300, -0.021440871059894562",
        "fashion_mnist_calibration, 512, 17, 1, -167.87335842847824, 400, -0.8101983070373535"
    })
    void samplesAreThoseOfNumPy(String name, int size, int index, int label, double sum, int at, float value)
            throws IOException {
        Dataset data = sample(name);
        float[] one = new float[(int) data.sampleShape().count()];

        data.fill(new int[] {index}, one);

        assertThat(data.size()).isEqualTo(size);
        assertThat(data.label(index)).isEqualTo(label);
        double total = 0;
        for (float v : one) {
            total += v;
        }
        assertThat(total).isEqualTo(sum);
        assertThat(one[at]).isEqualTo(value);
    }

    @Test
    void sampleDataIsDescribedByItsSidecar() throws IOException {
        Dataset data = sample("fashion_mnist_calibration");

        assertThat(data.sampleShape()).isEqualTo(Shape.of(1, 28, 28));
        assertThat(data.classes()).hasSize(10).startsWith("T-shirt/top");
        assertThat(data.origin()).contains("Fashion-MNIST (Zalando SE, MIT)");
        assertThat(data.hasLabels()).isTrue();
        assertThat(data.sha256()).isEqualTo("3fe7c02be36321415466f69718a8151bf2e34c926559a515484b7ceb0070db2a");
    }

    @Test
    void limitKeepsTheFirstSamples() throws IOException {
        Dataset data = sample("digits_test");
        Dataset limited = data.limit(7);

        assertThat(limited.size()).isEqualTo(7);
        assertThat(limited.label(6)).isEqualTo(data.label(6));
        assertThatThrownBy(() -> limited.label(7)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> limited.fill(new int[] {7}, new float[64]))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(data.limit(500)).isSameAs(data);
    }
}
