package org.quantscope.app.flipped;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names of classes above the narrow columns of the confusion matrix. */
class ConfusionNamesTest {
    @ParameterizedTest
    @CsvSource({
        "Dress, Dress",
        "Ankle boot, Ankle|boot",
        "T-shirt/top, T-shirt/|top",
        "great_white_shark, great_|white_",
        "Pneumonoultra, Pneumono…"
    })
    void longOnesAreBrokenWhereTheirPartsEnd(String name, String lines) {
        assertThat(ConfusionView.above(name)).isEqualTo(lines.replace('|', '\n'));
    }
}
