package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExportNameTest {
    @Test
    void aTypedNameKeepsAllButTheEndingOfTheFormerFormat() {
        assertThat(ExportDialog.withEnding("/tmp/mine.onnx", ".onnx", ".cache")).isEqualTo("/tmp/mine.cache");
        assertThat(ExportDialog.withEnding("/tmp/mine.v2.onnx", ".onnx", ".json"))
                .isEqualTo("/tmp/mine.v2.json");
        assertThat(ExportDialog.withEnding("/tmp/mine", ".onnx", ".json")).isEqualTo("/tmp/mine");
        assertThat(ExportDialog.withEnding("/tmp/mine.bin", ".onnx", ".json")).isEqualTo("/tmp/mine.bin");
        assertThat(ExportDialog.withEnding("/tmp/mine", "", ".json")).isEqualTo("/tmp/mine");
    }
}
