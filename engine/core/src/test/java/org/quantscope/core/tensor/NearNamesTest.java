package org.quantscope.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearNamesTest {
    private static final List<String> NAMES =
            List.of("layer1.conv.weight", "layer1.conv.bias", "layer2.conv.weight", "head.weight", "fc");

    @Test
    void aTypingErrorFindsItsName() {
        assertThat(NearNames.of("layer1.cnov.weight", NAMES, 1)).containsExactly("layer1.conv.weight");
    }

    @Test
    void aPartOfANameComesFirstWhateverItsCase() {
        assertThat(NearNames.of("HEAD", NAMES, 2)).startsWith("head.weight");
        assertThat(NearNames.of("model.fc", NAMES, 1)).containsExactly("fc");
    }

    @Test
    void equallyNearNamesAreInTheirOwnOrderAndEachOnce() {
        assertThat(NearNames.of("x", List.of("b", "a", "c", "a"), 10)).containsExactly("a", "b", "c");
    }

    @Test
    void nothingIsNearNothing() {
        assertThat(NearNames.of("", List.of(), 3)).isEmpty();
        assertThat(NearNames.of("", List.of("a"), 3)).containsExactly("a");
    }
}
