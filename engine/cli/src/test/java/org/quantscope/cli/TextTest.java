package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextTest {
    @Test
    void aLongNameKeepsItsEnds() {
        assertThat(Text.shortened("short", 5)).isEqualTo("short");
        assertThat(Text.shortened("model/relu;model/conv", 9))
                .isEqualTo("mode…conv")
                .hasSize(9);
        assertThat(Text.shortened("abcdefgh", 4)).isEqualTo("a…gh");
    }
}
