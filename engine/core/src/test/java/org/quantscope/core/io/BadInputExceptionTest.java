package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BadInputExceptionTest {
    @Test
    void theMessageIsOneLineWhateverTheFileHolds() {
        BadInputException e = new BadInputException("a\nb.onnx", "no\u2028de\u001b[31m", "is\r\nbad\u0085");

        assertThat(e).hasMessage("a\\nb.onnx: no\\u2028de\\u001b[31m: is\\r\\nbad\\u0085");
        assertThat(e.field()).isEqualTo("no\u2028de\u001b[31m");
    }

    @Test
    void longNamesAreCut() {
        assertThat(new BadInputException("", "f".repeat(1_000_000), "x")).hasMessage("f".repeat(500) + "…: x");
    }

    @Test
    void withoutAFileTheMessageBeginsWithTheField() {
        assertThat(new BadInputException("", "bits", "17 is over 16")).hasMessage("bits: 17 is over 16");
    }
}
