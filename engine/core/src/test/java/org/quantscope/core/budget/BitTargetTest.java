package org.quantscope.core.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;

class BitTargetTest {
    @TempDir
    private Path folder;

    @Test
    void theTableSaysWhatEachTakes() {
        assertThat(BitTarget.all())
                .extracting(BitTarget::id)
                .containsExactly("free", "onnx-runtime", "qnn", "litert", "tensorrt");
        assertThat(BitTarget.byId("onnx-runtime").widths()).containsExactly(4, 8);
        assertThat(BitTarget.byId("qnn").widths()).containsExactly(4, 8, 16);
        assertThat(BitTarget.byId("litert").widths()).containsExactly(4, 8);
        assertThat(BitTarget.byId("tensorrt").widths()).containsExactly(4, 8);
        assertThat(BitTarget.FREE.uniforms()).containsExactly(2, 3, 4, 5, 6, 7, 8);
        assertThat(BitTarget.byId("qnn").uniforms()).containsExactly(4, 8, 16);
        assertThat(BitTarget.all()).allSatisfy(t -> assertThat(t.source()).isNotBlank());
        assertThatThrownBy(() -> BitTarget.byId("npu")).hasMessageContaining("npu is not one of free, onnx-runtime");
    }

    /** What the table promises, the file of that program carries. */
    @Test
    void theFormatOfATargetTakesItsWidths() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 6)
                .output("y", -1, 9)
                .randomWeight("w", Shape.of(6, 9), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        for (BitTarget target : BitTarget.all()) {
            for (int bits : target.exporter().isEmpty() ? List.<Integer>of() : target.widths()) {
                SessionState state = SessionState.of(new FileRef(model.file(), ""))
                        .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(bits)));
                ExportPlan plan = new ExportPlan(
                        model,
                        Session.of(state),
                        new Resolver().resolve(model, state, Calibration.NONE, Progress.NONE, new CancelToken()));
                if (target.id().equals("tensorrt")) {
                    plan = plan.withOptions(Map.of("runtime", "tensorrt"));
                }
                assertThat(Exporters.byId(target.exporter()).check(plan))
                        .as(target.id() + " " + bits)
                        .noneMatch(p -> p.severity() == ExportProblem.Severity.ERROR);
            }
        }
    }
}
