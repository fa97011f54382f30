package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class AlteredSamplesTest {
    private static final Path FILE =
            Path.of(System.getProperty("quantscope.root"), "sample-models", "digits_calibration.npz");

    private static float[] values(Dataset data, int... samples) {
        float[] out = new float[(int) data.sampleShape().count() * samples.length];
        data.fill(samples, out);
        return out;
    }

    @Test
    void aBrokenSampleIsTooLargeAndTheOthersAreAsTheyWere() throws IOException {
        Dataset whole = Datasets.open(FILE).limit(8);
        Dataset broken = AlteredSamples.broken(whole, 2);
        int n = (int) whole.sampleShape().count();
        float[] before = values(whole, 5, 1);
        float[] after = values(broken, 5, 1);

        for (int i = 0; i < n; i++) {
            assertThat(after[i]).isEqualTo(before[i]);
            assertThat(after[n + i]).isEqualTo(255 * before[n + i]);
        }
        assertThat(broken.sha256()).hasSize(64).isNotEqualTo(whole.sha256());
        assertThat(values(broken.limit(1), 0)).isEqualTo(values(broken, 0));
    }

    @Test
    void lightMultipliesEverySampleAndIsAPreprocessingOfItsOwn() throws IOException {
        Dataset whole = Datasets.open(FILE).limit(4);
        Dataset dark = AlteredSamples.lit(whole, 0.25);
        float[] before = values(whole, 3);
        float[] after = values(dark, 3);

        for (int i = 0; i < before.length; i++) {
            assertThat(after[i]).isEqualTo(before[i] / 4);
        }
        assertThat(dark.size()).isEqualTo(4);
        assertThat(dark.preprocessing()).isNotEqualTo(whole.preprocessing());
    }
}
