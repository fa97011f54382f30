package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MaskValues;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import org.quantscope.testkit.ArrayFiles;

/** Attention over a few positions of which some are masked, in the forms that exporters and people write it in. */
class MasksTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 48;
    private static final int LENGTH = 6;
    private static final int WIDTH = 16;

    @TempDir
    private Path folder;

    /** How the mask gets to the Softmax; {@code attention_mask} is 1 for positions that count. */
    enum Form {
        /** scores / d + (1 − mask)·m, as BERT exports have it. */
        ADDED,
        /** (scores + (1 − mask)·m) / d. */
        ADDED_BEFORE_SCALE,
        /** scores − (1 − mask)·|m|: the saturating values are positive. */
        SUBTRACTED,
        /** scores·mask − (1 − mask)·|m|. */
        MULTIPLIED,
        /** Where(mask, scores, m). */
        CHOSEN,
        /** The mask m is an input of the model. */
        FED,
        /** A padding mask and a causal one. */
        TWO,
        /** Only a constant causal mask. */
        CAUSAL,
        /** Max(scores + mask, lowest float32). */
        LIMITED,
        /** Softmax written out: e^(s − max s) over its sum. */
        WRITTEN_OUT
    }

    private static final List<String> SCORES = List.of("q", "k", "v");

    private Dataset data(Form form, float mask) throws IOException {
        var random = new Random(4);
        float[] x = new float[SAMPLES * LENGTH * WIDTH];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float[] fed = new float[SAMPLES * LENGTH];
        long[] on = new long[SAMPLES * LENGTH];
        for (int s = 0; s < SAMPLES; s++) {
            int length = s == 0 ? 1 : 1 + random.nextInt(LENGTH);
            for (int i = 0; i < LENGTH; i++) {
                on[s * LENGTH + i] = i < length ? 1 : 0;
                fed[s * LENGTH + i] = i < length ? 0 : mask;
            }
        }
        Path file = folder.resolve("x.npz");
        Files.write(
                file,
                ArrayFiles.zip(
                        false,
                        Map.of(
                                "x.npy",
                                ArrayFiles.npy(
                                        "<f4", "(" + SAMPLES + ", " + LENGTH + ", " + WIDTH + ")", ArrayFiles.f4(x)),
                                "attention_mask.npy",
                                form == Form.FED
                                        ? ArrayFiles.npy(
                                                "<f4", "(" + SAMPLES + ", 1, " + LENGTH + ")", ArrayFiles.f4(fed))
                                        : ArrayFiles.npy(
                                                "<i8", "(" + SAMPLES + ", 1, " + LENGTH + ")", ArrayFiles.i8(on)))));
        return Datasets.open(file);
    }

    private Model model(Form form, float mask) throws IOException {
        float[] causal = new float[LENGTH * LENGTH];
        for (int i = 0; i < causal.length; i++) {
            causal[i] = i % LENGTH > i / LENGTH ? mask : 0;
        }
        TinyOnnx graph = new TinyOnnx(13)
                .input("x", -1, LENGTH, WIDTH)
                .input("attention_mask", form == Form.FED ? DType.F32 : DType.I64, -1, 1, LENGTH)
                .output("y", -1, LENGTH, WIDTH)
                .weight("m", Shape.of(), mask)
                .weight("large", Shape.of(), -mask)
                .weight("lowest", Shape.of(), -Float.MAX_VALUE)
                .weight("one", Shape.of(), 1)
                .weight("d", Shape.of(), 4)
                .weight("causal", Shape.of(LENGTH, LENGTH), causal);
        for (String name : SCORES) {
            graph.randomWeight("w" + name, Shape.of(WIDTH, WIDTH), -0.6f, 0.6f)
                    .node("MatMul", List.of("x", "w" + name), List.of(name));
        }
        graph.node("Transpose", List.of("k"), List.of("kt"), TinyOnnx.attribute("perm", 0, 2, 1))
                .node("MatMul", List.of("q", "kt"), List.of("qk"));
        if (form != Form.FED && form != Form.CAUSAL) {
            graph.node("Cast", List.of("attention_mask"), List.of("on"), TinyOnnx.attribute("to", 1L))
                    .node("Sub", List.of("one", "on"), List.of("off"));
        }
        graph.node("Div", List.of("qk", "d"), List.of("scores"));
        switch (form) {
            case ADDED -> added(graph, "s");
            case ADDED_BEFORE_SCALE ->
                graph.node("Mul", List.of("off", "m"), List.of("masks"))
                        .node("Add", List.of("qk", "masks"), List.of("masked"))
                        .node("Div", List.of("masked", "d"), List.of("s"));
            case SUBTRACTED ->
                graph.node("Mul", List.of("off", "large"), List.of("masks"))
                        .node("Sub", List.of("scores", "masks"), List.of("s"));
            case MULTIPLIED ->
                graph.node("Mul", List.of("scores", "on"), List.of("kept"))
                        .node("Mul", List.of("off", "large"), List.of("masks"))
                        .node("Sub", List.of("kept", "masks"), List.of("s"));
            case CHOSEN ->
                graph.node("Cast", List.of("attention_mask"), List.of("keep"), TinyOnnx.attribute("to", 9L))
                        .node("Where", List.of("keep", "scores", "m"), List.of("s"));
            case FED -> graph.node("Add", List.of("scores", "attention_mask"), List.of("s"));
            case TWO -> {
                added(graph, "padded");
                graph.node("Add", List.of("padded", "causal"), List.of("s"));
            }
            case CAUSAL -> graph.node("Add", List.of("scores", "causal"), List.of("s"));
            case LIMITED -> {
                added(graph, "unlimited");
                graph.node("Max", List.of("unlimited", "lowest"), List.of("s"));
            }
            case WRITTEN_OUT -> added(graph, "s");
        }
        if (form == Form.WRITTEN_OUT) {
            graph.node("ReduceMax", List.of("s"), List.of("top"), TinyOnnx.attribute("axes", -1, new long[0]))
                    .node("Sub", List.of("s", "top"), List.of("under"))
                    .node("Exp", List.of("under"), List.of("e"))
                    .weight64("last", -1)
                    .node("ReduceSum", List.of("e", "last"), List.of("sum"))
                    .node("Div", List.of("e", "sum"), List.of("p"));
        } else {
            graph.node("Softmax", List.of("s"), List.of("p"), TinyOnnx.attribute("axis", -1L));
        }
        return graph.node("MatMul", List.of("p", "v"), List.of("y")).open(folder);
    }

    private static void added(TinyOnnx graph, String sum) {
        graph.node("Mul", List.of("off", "m"), List.of("masks")).node("Add", List.of("scores", "masks"), List.of(sum));
    }

    private record Calibrated(Model model, Dataset data, Calibration seen, SessionState state, ResolvedSettings to) {}

    private Calibrated calibrated(Form form, float mask) throws IOException {
        Model model = model(form, mask);
        Dataset data = data(form, mask);
        Calibration seen = Calibration.of(Engine.observe(model, data, (a, b, c) -> {}, NEVER));
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        return new Calibrated(model, data, seen, state, Engine.resolve(model, state, seen, (a, b, c) -> {}, NEVER));
    }

    private static double cosine(Calibrated c) {
        try (LiveEvaluator evaluator = Engine.evaluator(c.model, c.data)) {
            double db = evaluator
                    .evaluate(new EvalRequest(Optional.empty(), Map.of(), c.to.activations()), NEVER, e -> {})
                    .logitSqnrDb();
            // Of a signal and noise that have nothing to do with each other.
            return 1 / Math.sqrt(1 + Math.pow(10, -db / 10));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ADDED, -3.4028235e38",
        "ADDED, -1e9",
        "ADDED, -65504",
        "ADDED, -1e4",
        "ADDED, -100",
        "ADDED_BEFORE_SCALE, -1e4",
        "ADDED_BEFORE_SCALE, -3.4028235e38",
        "SUBTRACTED, -65500",
        "SUBTRACTED, -1e30",
        "MULTIPLIED, -1e4",
        "CHOSEN, -3.4028235e38",
        "CHOSEN, -Infinity",
        "FED, -3.4028235e38",
        "FED, -Infinity",
        "FED, -1e4",
        "TWO, -3.4028235e38",
        "TWO, -1e9",
        "CAUSAL, -Infinity",
        "CAUSAL, -1e9",
        "LIMITED, -3.4028235e38",
        "WRITTEN_OUT, -1e9",
    })
    void masksStayOutOfEveryRange(Form form, float mask) throws IOException {
        Calibrated c = calibrated(form, mask);

        assertThat(c.seen.maskShares()).isNotEmpty();
        assertThat(c.to.activations().values())
                .allSatisfy(p ->
                        assertThat(p.effective(0).absMax()).isLessThan(form == Form.ADDED_BEFORE_SCALE ? 300 : 80));
        assertThat(cosine(c)).isGreaterThan(0.999);
        if (form == Form.CAUSAL) {
            double share = (LENGTH - 1) / 2.0 / LENGTH;
            assertThat(c.seen.maskShares()).containsEntry(new TensorId("s"), share);
        }
    }

    @Test
    void theExportedFileAgreesAndSaysWhatBecomesOfThem() throws IOException {
        Calibrated c = calibrated(Form.ADDED, -Float.MAX_VALUE);
        Session session = new Session(c.state, new Resolver().ranges(c.state, c.seen, NEVER));
        ExportPlan plan = new ExportPlan(c.model, session, c.to);

        Verifier.Exported exported = Verifier.export(
                Exporters.byId("onnx-qdq"),
                plan,
                folder.resolve("out.onnx"),
                Optional.of(c.data),
                (a, b, d) -> {},
                NEVER);

        Verification.Ran ran = (Verification.Ran) exported.verified().orElseThrow();
        assertThat(ran.asWritten().agrees()).isTrue();
        assertThat(ran.judged()).isInstanceOfSatisfying(Verification.Run.class, run -> {
            assertThat(run.agrees()).isTrue();
            assertThat(run.figure().logitSqnrDb()).isGreaterThan(30);
        });
        // A processor without VNNI has a warning of its own.
        assertThat(exported.problems()).hasSize(ran.saturates() ? 2 : 1);
        assertThat(exported.problems().getFirst()).satisfies(p -> {
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.WARNING);
            assertThat(p.why()).startsWith("2 activations hold mask values, most in ");
        });
        for (Exporter exporter : Exporters.all()) {
            boolean says = !exporter.loses().contains(Exporter.Field.ACTIVATIONS);
            assertThat(Exporters.problems(exporter, plan).stream()
                            .filter(p -> p.why().contains("mask values"))
                            .count())
                    .as(exporter.id())
                    .isEqualTo(says ? 1 : 0);
        }
    }

    @Test
    void aSessionKeepsTheirShare() throws IOException {
        Calibrated c = calibrated(Form.CAUSAL, -1e9f);
        Session session = new Session(c.state, new Resolver().ranges(c.state, c.seen, NEVER));
        Path file = folder.resolve("s.json");
        SessionFile.write(session, file);

        Calibration back = SessionFile.read(file).calibration();
        assertThat(back.maskShares()).isEqualTo(c.seen.maskShares()).isNotEmpty();
        assertThat(Engine.resolve(c.model, c.state, back, (a, b, d) -> {}, NEVER)
                        .activations())
                .isEqualTo(c.to.activations());
    }

    /** What is compared layer by layer are the other values: beside 1e9 their error would be nothing. */
    @Test
    void layersAreComparedWithoutThem() throws IOException {
        Calibrated c = calibrated(Form.ADDED, -1e9f);
        try (LayerComparison layers = new LayerComparison(c.model, c.data, 1)) {
            LayerError error = layers.compare(
                            new EvalRequest(Optional.empty(), Map.of(), c.to.activations()),
                            List.of(new TensorId("s")),
                            layers.someSamples(8),
                            NEVER)
                    .getFirst();
            assertThat(error.sqnrDb().orElseThrow()).isBetween(15.0, 60.0);
        }
    }

    /** Rows of which everything is masked give what a Softmax of equal values gives, and no NaN. */
    @Test
    void wholeRowsMayBeMasked() throws IOException {
        Calibrated c = calibrated(Form.ADDED, -1e4f);
        Model model = c.model;
        float[] x = new float[4 * LENGTH * WIDTH];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i);
        }
        Path file = folder.resolve("none.npz");
        Files.write(
                file,
                ArrayFiles.zip(
                        false,
                        Map.of(
                                "x.npy",
                                ArrayFiles.npy("<f4", "(4, " + LENGTH + ", " + WIDTH + ")", ArrayFiles.f4(x)),
                                "attention_mask.npy",
                                ArrayFiles.npy("<i8", "(4, 1, " + LENGTH + ")", ArrayFiles.i8(new long[4 * LENGTH])))));
        Map<TensorId, MomentSketch> seen = Engine.observe(model, Datasets.open(file), (a, b, d) -> {}, NEVER)
                .sketches();
        assertThat(seen.get(new TensorId("s")).maskShare()).isEqualTo(1);
        assertThat(seen.get(new TensorId("s")).count()).isZero();
        QuantParams p = RangeResolver.resolve(seen.get(new TensorId("s")), QuantSpec.ACTIVATIONS, NEVER)
                .params();
        assertThat(p.effective(0).absMax()).isLessThan(300);
    }

    /** A wide range without a gap, and far outliers where no Softmax reads, are no masks. */
    @ParameterizedTest
    @CsvSource({"-3", "-30"})
    void largeScoresAreNoMasks(float mask) throws IOException {
        assertThat(calibrated(Form.ADDED, mask).seen.maskShares()).isEmpty();
    }

    @Test
    void outliersElsewhereAreNoMasks() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .weight("w", Shape.of(2, 2), 1, 0, 0, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        Map<TensorId, MomentSketch> seen = observe(model, 1, 2, 3, -10_000);
        assertThat(seen.values()).allSatisfy(s -> assertThat(s.masks()).isEmpty());

        // Nothing that a network computes is this large.
        assertThat(observe(model, 1, 2, 3, Float.MAX_VALUE)
                        .get(new TensorId("x"))
                        .masks())
                .contains(new MaskValues(1, 0, 3));
    }

    private Map<TensorId, MomentSketch> observe(Model model, float... x) throws IOException {
        Path file = folder.resolve("x.npz");
        Files.write(
                file,
                ArrayFiles.zip(
                        false, Map.of("x.npy", ArrayFiles.npy("<f4", "(" + x.length / 2 + ", 2)", ArrayFiles.f4(x)))));
        return Engine.observe(model, Datasets.open(file), (a, b, d) -> {}, NEVER)
                .sketches();
    }

    @Test
    void aFileOfSketchesKeepsThem() throws IOException {
        MomentSketch sketch = MomentSketch.of(new float[] {-1, 0, 2}, 0, 3);
        sketch.setMasks(new MaskValues(7, -12.5f, 0));
        Path file = folder.resolve("a.sketches");
        TensorId id = new TensorId("s");
        SketchFile.write(
                new ActivationSketches("0".repeat(64), "1".repeat(64), true, 3, Map.of(id, sketch), Map.of()), file);

        assertThat(SketchFile.read(file, NEVER).sketches().get(id).masks()).contains(new MaskValues(7, -12.5f, 0));
    }

    @Test
    void everyCalibratorLeavesRoomForThem() {
        MomentSketch sketch = MomentSketch.of(new float[] {-1, 0, 2}, 0, 3);
        sketch.setMasks(new MaskValues(7, -12.5f, 9));
        Calibrators.all().stream().filter(c -> !c.isForWeights()).forEach(calibrator -> {
            QuantSpec spec = QuantSpec.ACTIVATIONS.withClip(new Clip.Auto(calibrator.id()));
            assertThat(RangeResolver.resolve(sketch, spec, NEVER).requested())
                    .as(calibrator.id())
                    .containsExactly(new ClipRange(-12.5f, 9));
            assertThat(RangeResolver.resolve(sketch, spec.withSymmetric(true).withSigned(true), NEVER)
                            .requested())
                    .as(calibrator.id())
                    .containsExactly(new ClipRange(-12.5f, 12.5f));
        });
    }
}
