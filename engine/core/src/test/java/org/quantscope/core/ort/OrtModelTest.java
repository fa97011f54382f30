package org.quantscope.core.ort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

class OrtModelTest {
    private static OrtModel load() throws IOException {
        return OrtModel.load(
                Files.readAllBytes(Path.of(System.getProperty("quantscope.samples"), "digits_mlp.onnx")),
                "digits_mlp.onnx",
                OrtModel.Options.DEFAULT);
    }

    /** A window may be closed between any two calls of somebody who evaluates. */
    @Test
    void whatIsAskedOfAClosedModelIsCancelled() throws IOException {
        OrtModel model = load();
        String input = model.inputNames().iterator().next();
        model.close();

        assertThatThrownBy(model::inputNames).isInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> model.outputShape("logits")).isInstanceOf(CancellationException.class);
        assertThatThrownBy(model::lease).isInstanceOf(CancellationException.class);
        try (NativeTensor one = NativeTensor.of(new float[64], Shape.of(1, 64), DType.F32)) {
            assertThatThrownBy(() -> model.run(Map.of(input, one), List.of("logits"), new CancelToken()))
                    .isInstanceOf(CancellationException.class);
        }
    }

    @Test
    void aRetiredModelRunsUntilItsLastLeaseIsReturned() throws IOException {
        int before = OrtRuntime.liveSessions();
        OrtModel model = load();
        String input = model.inputNames().iterator().next();
        OrtModel.Lease first = model.lease();
        OrtModel.Lease second = model.lease();
        model.retire();
        first.close();
        first.close();

        assertThat(OrtRuntime.liveSessions()).isEqualTo(before + 1);
        try (NativeTensor one = NativeTensor.of(new float[64], Shape.of(1, 64), DType.F32)) {
            assertThat(model.run(Map.of(input, one), List.of("logits"), new CancelToken())
                            .getFirst()
                            .shape())
                    .isEqualTo(Shape.of(1, 10));
        }
        second.close();
        assertThat(OrtRuntime.liveSessions()).isEqualTo(before);
    }

    @Test
    void aNameThatCannotBePassedOnIsRefused() throws IOException {
        try (OrtModel model = load()) {
            assertThatThrownBy(() -> model.run(Map.of(), List.of("logits\ud83d\ude00"), new CancelToken()))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("logits\ud83d\ude00: ONNX Runtime cannot be asked for a value");
        }
    }
}
