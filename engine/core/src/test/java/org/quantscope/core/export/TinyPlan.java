package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** A convolution per channel with a ReLU, then a matrix per tensor, with settings: small enough to be read in an exported file. */
final class TinyPlan {
    private TinyPlan() {}

    static Model model(Path folder) throws IOException {
        return model(folder, UnaryOperator.identity(), "tiny.onnx");
    }

    /**
     * The same under other names.
     *
     * @param named gives the name for each tensor, and for the nodes Conv0, Relu1, Flatten2 and Gemm3
     * @param file what the model's file is said to be called
     */
    static Model model(Path folder, UnaryOperator<String> named, String file) throws IOException {
        float[] conv = new float[16];
        float[] fc = new float[96];
        for (int i = 0; i < conv.length; i++) {
            conv[i] = (i * 5 % 16 - 8) / 8f * (i < 8 ? 1 : 0.5f);
        }
        for (int i = 0; i < fc.length; i++) {
            fc[i] = (i * 37 % 19 - 9) / 16f;
        }
        Model opened = new TinyOnnx(13)
                .input(named.apply("x"), 1, 2, 5, 5)
                .weight(named.apply("conv.weight"), Shape.of(2, 2, 2, 2), conv)
                .weight(named.apply("conv.bias"), Shape.of(2), 0.5f, -0.25f)
                .weight(named.apply("fc.weight"), Shape.of(3, 32), fc)
                .weight(named.apply("fc.bias"), Shape.of(3), 0.125f, 0, -1)
                .named(
                        named.apply("Conv0"),
                        "Conv",
                        List.of(named.apply("x"), named.apply("conv.weight"), named.apply("conv.bias")),
                        List.of(named.apply("c")))
                .named(named.apply("Relu1"), "Relu", List.of(named.apply("c")), List.of(named.apply("r")))
                .named(named.apply("Flatten2"), "Flatten", List.of(named.apply("r")), List.of(named.apply("f")))
                .named(
                        named.apply("Gemm3"),
                        "Gemm",
                        List.of(named.apply("f"), named.apply("fc.weight"), named.apply("fc.bias")),
                        List.of(named.apply("y")),
                        TinyOnnx.attribute("transB", 1))
                .output(named.apply("y"), 1, 3)
                .open(folder);
        return new Model(
                folder.resolve(file),
                opened.format(),
                opened.opset(),
                opened.tensors(),
                opened.graph(),
                opened.notes());
    }

    static final Map<TensorId, ClipRange> RANGES = Map.of(
            new TensorId("x"),
            new ClipRange(-1, 1.55f),
            new TensorId("r"),
            new ClipRange(0, 2.55f),
            new TensorId("y"),
            new ClipRange(-2, 3.1f));

    static SessionState state(Model model) {
        return SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withCalibrationData(Optional.of(new FileRef(
                        model.file().resolveSibling("calibration.npz"),
                        "1".repeat(64),
                        Optional.empty(),
                        OptionalInt.of(64))))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS))
                .withOverrides(
                        Map.of(new TensorId("conv.weight"), QuantSpec.WEIGHTS.withGranularity(Granularity.CHANNEL)));
    }

    /** With {@link #RANGES}. */
    static ExportPlan of(Model model, SessionState state) {
        return of(model, state, RANGES);
    }

    static ExportPlan of(Model model, SessionState state, Map<TensorId, ClipRange> ranges) {
        Session session = new Session(state, ActivationRanges.of(ranges));
        return new ExportPlan(
                model,
                session,
                Engine.resolve(model, state, session.calibration(), (done, all, what) -> {}, new CancelToken()));
    }

    static ExportPlan of(Path folder) throws IOException {
        Model model = model(folder);
        return of(model, state(model));
    }

    /** The same with another spec for one tensor. */
    static ExportPlan with(ExportPlan plan, String tensor, QuantSpec spec) {
        Map<TensorId, QuantSpec> overrides = new HashMap<>(plan.state().overrides());
        overrides.put(new TensorId(tensor), spec);
        return of(
                plan.model(),
                plan.state().withOverrides(overrides),
                plan.session().ranges().ranges());
    }
}
