package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;

class IntegerBiasTest {
    @TempDir
    private Path folder;

    @Test
    void codesAreTheNearestInUnitsOfInputTimesWeightAndTiesGoToEven() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 4)
                .weight("w", Shape.of(2, 4), 1, 1, 1, 1, 1, 1, 1, 1)
                .weight("b", Shape.of(4), 0.5f, 0.3125f, -0.3125f, 0.21875f)
                .node("Gemm", List.of("x", "w", "b"), List.of("y"))
                .open(folder);
        QuantParams in = new QuantParams(Granularity.TENSOR, new float[] {0.5f}, new int[] {3}, 0, 255);
        QuantParams weight = new QuantParams(Granularity.TENSOR, new float[] {0.25f}, new int[] {0}, -127, 127);

        IntegerBias bias = IntegerBias.of(
                        model, model.graph().orElseThrow().biases().getFirst(), in, weight)
                .orElseThrow();

        assertThat(bias.scales()).containsExactly(0.125f);
        assertThat(bias.codes()).containsExactly(4, 2, -2, 2);
        assertThat(bias.values()).containsExactly(0.5f, 0.25f, -0.25f, 0.25f);
    }
}
