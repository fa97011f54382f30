package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/** While a range moves its layer's codes and bias change; the session that runs them stays. */
class MovingBiasTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId WEIGHT = new TensorId("w2");
    private static final TensorId BIAS = new TensorId("b2");

    private static Model model(Path folder, String operator) throws IOException {
        TinyOnnx tiny = new TinyOnnx(17)
                .input("x", -1, 4)
                .output("y", -1, 3)
                .randomWeight("w1", Shape.of(4, 5), -1, 1)
                .randomWeight("w2", Shape.of(5, 3), -1, 1)
                .randomWeight("b2", Shape.of(3), -1, 1)
                .node("MatMul", List.of("x", "w1"), List.of("a"))
                .node("Relu", List.of("a"), List.of("r"));
        return (operator.equals("Gemm")
                        ? tiny.node("Gemm", List.of("r", "w2", "b2"), List.of("y"))
                        : tiny.node("MatMul", List.of("r", "w2"), List.of("m"))
                                .node("Add", List.of("m", "b2"), List.of("y")))
                .open(folder);
    }

    private static EvalRequest request(Model model, float by, Optional<TensorId> selected) {
        Tensor weight = model.find(WEIGHT).orElseThrow();
        QuantParams params =
                RangeResolver.resolve(weight, QuantSpec.WEIGHTS, NEVER).params();
        return new EvalRequest(
                selected,
                Map.of(WEIGHT, params),
                Map.of(),
                Map.of(
                        WEIGHT,
                        moved("w", weight, by),
                        BIAS,
                        moved("b", model.find(BIAS).orElseThrow(), by)));
    }

    private static ChosenValues moved(String name, Tensor tensor, float by) {
        float[] values = tensor.data().toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] += by * (i + 1);
        }
        return new ChosenValues(name + by, TensorData.of(values));
    }

    private static float[] run(QuantizedSession session, EvalRequest request, SampleFeed feed) {
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            return session.logits(feed, new int[] {0, 1, 2}, feeds, NEVER).values();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Gemm", "MatMul"})
    void oneSessionServesAllCodesOfTheLayerInHand(String operator, @TempDir Path folder) throws IOException {
        Model model = model(folder, operator);
        SampleFeed feed = SampleFeed.of(model, MemoryData.unlabelled(3, Shape.of(4)));
        EvalRequest first = request(model, 0.25f, Optional.of(WEIGHT));
        QuantizedSession.Key key = QuantizedSession.Key.of(first, model);
        assertThat(QuantizedSession.Key.of(request(model, 0.5f, Optional.of(WEIGHT)), model))
                .isEqualTo(key);
        assertThat(QuantizedSession.Key.of(request(model, 0.5f, Optional.empty()), model))
                .isNotEqualTo(QuantizedSession.Key.of(request(model, 0.25f, Optional.empty()), model));
        for (boolean cut : new boolean[] {false, true}) {
            QuantizedSession session =
                    QuantizedSession.build(model, key, cut, new BakedWeights(0), OrtModel.Options.DEFAULT, NEVER);
            for (float by : new float[] {0.25f, 0.5f, -1}) {
                EvalRequest builtIn = request(model, by, Optional.empty());
                QuantizedSession whole = QuantizedSession.build(
                        model, QuantizedSession.Key.of(builtIn, model), OrtModel.Options.DEFAULT, NEVER);
                assertThat(run(session, request(model, by, Optional.of(WEIGHT)), feed))
                        .as("%s by %s", cut, by)
                        .isEqualTo(run(whole, builtIn, feed));
                whole.loaded().forEach(OrtModel::close);
            }
            session.loaded().forEach(OrtModel::close);
        }
    }
}
