package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.TinyOnnx;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class ActivationCalibrationTest {
    @TempDir
    private Path folder;

    private Model model(long batch) throws IOException {
        return new TinyOnnx(13)
                .input("x", batch, 3)
                .output("y", batch, 3)
                .weight("w", Shape.of(3, 3), 2, 0, 0, 0, 2, 0, 0, 0, 2)
                .node("MatMul", List.of("x", "w"), List.of("h"))
                .node("Relu", List.of("h"), List.of("r"))
                .node("Sigmoid", List.of("r"), List.of("y"))
                .open(folder);
    }

    /** Free, and fixed with a last batch that is padded: padding is not counted. */
    @ParameterizedTest
    @ValueSource(longs = {-1, 7})
    void sketchesHoldEveryValueOfEveryActivationOnce(long batch) throws IOException {
        MemoryData data = new MemoryData(25, Shape.of(3), i -> 0);
        double sum = 0;
        float largest = 0;
        for (int i = 0; i < 25; i++) {
            for (int k = 0; k < 3; k++) {
                float relu = Math.max(0, 2 * data.value(i, k));
                sum += relu;
                largest = Math.max(largest, relu);
            }
        }
        List<Long> done = new ArrayList<>();

        Map<TensorId, MomentSketch> sketches = ActivationCalibration.run(model(batch), data, (d, total, what) -> done.add(d), new CancelToken()).sketches();

        assertThat(sketches.keySet()).extracting(TensorId::name).containsExactly("x", "r", "y");
        assertThat(sketches.values()).extracting(MomentSketch::count).containsOnly(75L);
        MomentSketch relu = sketches.get(new TensorId("r"));
        assertThat(relu.max()).isEqualTo(largest);
        assertThat(relu.min()).isZero();
        assertThat(relu.mean()).isEqualTo(sum / 75, within(1e-6));
        assertThat(done).startsWith(0L).endsWith(25L).isSorted();
    }

    @ParameterizedTest
    @ValueSource(longs = 7)
    void cancelStopsBetweenBatches(long batch) throws IOException {
        Model model = model(batch);
        CancelToken cancel = new CancelToken();
        Progress stopAfterTwo = (done, total, what) -> {
            if (done >= 14) {
                cancel.cancel();
            }
        };

        assertThatThrownBy(() -> ActivationCalibration.run(model, new MemoryData(70, Shape.of(3), i -> 0), stopAfterTwo, cancel)).isInstanceOf(CancellationException.class);
    }
}
