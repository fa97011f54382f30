package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.Breadth;

/** A session that is cut in front of the tensor in hand says what the whole one says. */
class CutSessionTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final OrtModel.Options OPTIONS = new OrtModel.Options(1, true);

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    private static EvalRequest everything(Model model, String name, QuantSpec activations, Dataset calibration)
            throws IOException {
        SessionState state = SessionState.of(FileRef.of(sample(name), NEVER)).withActivations(Optional.of(activations));
        Calibration seen = Calibration.of(Engine.observe(model, calibration, (a, b, c) -> {}, NEVER));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, (a, b, c) -> {}, NEVER);
        return new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations());
    }

    private static float[] run(Model model, EvalRequest request, boolean cut, SampleFeed feed, List<Boolean> wasCut) {
        QuantizedSession session = QuantizedSession.build(
                model, QuantizedSession.Key.of(request, model), cut, new BakedWeights(0), OPTIONS, NEVER);
        try (QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            wasCut.add(session.isCut());
            return session.logits(feed, IntStream.range(0, 8).toArray(), feeds, NEVER)
                    .values();
        } finally {
            session.loaded().forEach(OrtModel::close);
        }
    }

    /**
     * Bit for bit, with everything quantized: the same kernels see the same values. So it is whether the tensor is in hand or built in. Of
     * larger networks each third to 37th tensor in the order of the names, and more of them in a whole run; where blocks repeat, that
     * puts another place of the block in each turn.
     */
    @ParameterizedTest
    @CsvSource({
        "digits_mlp, digits, true, uniform, 1, 1",
        "digits_mlp, digits, true, ternary, 2, 1",
        "digits_mlp, digits, true, fp8_e4m3fn, 2, 1",
        "fashion_lenet, fashion_mnist, true, nf4, 3, 1",
        "fashion_resnet, fashion_mnist, true, uniform, 13, 3",
        "fashion_mobilenet, fashion_mnist, false, uniform, 23, 4",
        "fashion_vit, fashion_mnist, true, uniform, 37, 5"
    })
    void aCutInFrontOfAnyTensorChangesNoBit(
            String name, String data, boolean fold, String scheme, int eachOfFew, int eachOfAll) throws IOException {
        int each = Breadth.of(eachOfFew, eachOfAll);
        Model model = Engine.open(sample(name + ".onnx"), fold);
        EvalRequest all = everything(
                model,
                name + ".onnx",
                Quantizers.byId(scheme).adapt(QuantSpec.ACTIVATIONS),
                Datasets.open(sample(data + "_calibration.npz")).limit(32));
        SampleFeed feed =
                SampleFeed.of(model, Datasets.open(sample(data + "_test.npz")).limit(8));
        float[] baked = run(model, all, false, feed, new ArrayList<>());

        List<Boolean> wasCut = new ArrayList<>();
        List<TensorId> every = Stream.concat(all.weights().keySet().stream(), all.activations().keySet().stream())
                .sorted()
                .toList();
        List<TensorId> tensors = IntStream.range(0, every.size())
                .filter(i -> i % each == 0 || i == every.size() - 1)
                .mapToObj(every::get)
                .toList();
        for (TensorId id : tensors) {
            EvalRequest moving = new EvalRequest(Optional.of(id), all.weights(), all.activations());
            float[] uncut = run(model, moving, false, feed, new ArrayList<>());
            assertThat(run(model, moving, true, feed, wasCut)).as(id.name()).containsExactly(uncut);
            // Where ONNX Runtime folds a normalization into a weight, it rounds it once more than if the weight is fed.
            if (fold) {
                assertThat(uncut).as(id.name()).containsExactly(baked);
            }
        }
        assertThat(wasCut).filteredOn(w -> w).hasSizeGreaterThanOrEqualTo(tensors.size() * 2 / 3);
    }
}
