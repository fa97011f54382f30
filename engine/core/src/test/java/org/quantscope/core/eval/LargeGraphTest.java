package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.RuntimeGraph;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** A graph that is too large to be arranged for the processor first says what it says when it is. */
class LargeGraphTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final OrtModel.Options OPTIONS = new OrtModel.Options(1, true);

    @TempDir
    private Path folder;

    private static float[] run(Model model, EvalRequest request, boolean cut, long largest, SampleFeed feed) {
        QuantizedSession session = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), cut, new BakedWeights(0), OPTIONS, largest, NEVER);
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            assertThat(session.isCut()).isEqualTo(cut);
            return session.logits(feed, IntStream.range(0, 8).toArray(), feeds, NEVER)
                    .values();
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
    }

    /** Each weight of 96 KB or more goes to ONNX Runtime beside the message, also the quantized ones. */
    @Test
    void aLargeGraphChangesNoBit() throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 128)
                .output("y", -1, 10)
                .randomWeight("a", Shape.of(128, 192), -1, 1)
                .randomWeight("b", Shape.of(192, 128), -1, 1)
                .randomWeight("head", Shape.of(128, 10), -1, 1)
                .node("MatMul", List.of("x", "a"), List.of("p"))
                .node("Relu", List.of("p"), List.of("q"))
                .node("MatMul", List.of("q", "b"), List.of("r"))
                .node("Relu", List.of("r"), List.of("s"))
                .node("MatMul", List.of("s", "head"), List.of("y"))
                .open(folder);
        MemoryData data = MemoryData.unlabelled(8, Shape.of(128));
        SessionState state =
                SessionState.of(FileRef.of(model.file(), NEVER)).withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Calibration seen = Calibration.of(Engine.observe(model, data, (a, b, c) -> {}, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, (a, b, c) -> {}, NEVER);
        assertThat(resolved.weights()).hasSize(3);
        SampleFeed feed = SampleFeed.of(model, data);
        float[] unquantized = run(model, new EvalRequest(Optional.empty(), Map.of(), Map.of()), false, 0, feed);
        for (Optional<TensorId> selected :
                List.of(Optional.<TensorId>empty(), Optional.of(new TensorId("b")), Optional.of(new TensorId("s")))) {
            EvalRequest request = new EvalRequest(selected, resolved.weights(), resolved.activations());
            float[] small = run(model, request, selected.isPresent(), RuntimeGraph.LARGEST, feed);
            assertThat(run(model, request, selected.isPresent(), 0, feed)).containsExactly(small);
            assertThat(small).isNotEqualTo(unquantized);
        }
    }
}
