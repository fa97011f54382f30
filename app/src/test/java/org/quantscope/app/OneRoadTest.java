package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.OpenModel;
import org.quantscope.cli.CommandLineBesideWindow;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.Breadth;
import tools.jackson.databind.JsonNode;

/** The window and the command line, given the session file that the window saved, come to the same numbers; and one step is one refresh. */
class OneRoadTest {
    private static final CancelToken NEVER = new CancelToken();
    /** Samples that models are calibrated and evaluated on: the figures need not be good, only equal. */
    private static final int SAMPLES = 4;
    /** One of so many sessions is evaluated too, and exported in a format that holds codes. */
    private static final int EVALUATED = 7;

    /** Those that take no search: which range is chosen makes no difference here, that both choose the same does. */
    private static final List<String> CALIBRATORS = List.of("minmax", "std");

    private static final List<String> SCHEMES = List.of("pot", "nf4", "fp8_e4m3fn", "ternary");

    @TempDir
    Path folder;

    private HeldContext context() {
        return new HeldContext(folder.resolve("settings"));
    }

    /** A form of a model, with what calibration data shows of it. */
    private record Form(Model model, Optional<ActivationSketches> seen) {}

    /** Files and how many sessions each has: one that is small, one with normalizations to fold, one without a graph; in a whole run all. */
    static Stream<Arguments> roads() {
        List<Arguments> few = List.of(
                arguments("digits_mlp.onnx", 12),
                arguments("fashion_mobilenet.onnx", 2),
                arguments("fashion_resnet.safetensors", 2));
        return Breadth.of(
                few.stream(),
                Stream.of(
                                "adder_gpt.onnx",
                                "digits_mlp.onnx",
                                "fashion_lenet.onnx",
                                "fashion_lenet_unequalized.onnx",
                                "fashion_mobilenet.onnx",
                                "fashion_mobilenet_folded.onnx",
                                "fashion_resnet.onnx",
                                "fashion_resnet.safetensors",
                                "fashion_vit.onnx")
                        .map(name -> arguments(name, 20)));
    }

    @ParameterizedTest
    @MethodSource("roads")
    void theWindowAndTheCommandLineGiveEqualTensorsParametersSizesAccuraciesAndFiles(String name, int sessions)
            throws IOException {
        Path path = SampleFiles.FOLDER.resolve(name);
        String family = name.substring(0, name.indexOf('_'));
        String task = family.equals("fashion") ? "fashion_mnist" : family;
        compare(
                path,
                path.toString().endsWith(".onnx")
                        ? Optional.of(Datasets.open(SampleFiles.FOLDER.resolve(task + "_calibration.npz"))
                                .limit(SAMPLES))
                        : Optional.empty(),
                SampleFiles.FOLDER.resolve(task + "_test.npz"),
                sessions);
    }

    @Test
    void theWindowAndTheCommandLineAgreeOnTensorsStoredInTwoBytes() throws IOException {
        Random random = new Random(16);
        ByteBuffer values = ByteBuffer.allocate(2 * (16 * 24 + 16)).order(ByteOrder.LITTLE_ENDIAN);
        while (values.hasRemaining()) {
            values.putShort(Float.floatToFloat16((float) random.nextGaussian(0, 0.3)));
        }
        String header = "{\"fc.weight\":{\"dtype\":\"F16\",\"shape\":[16,24],\"data_offsets\":[0,768]},"
                + "\"fc.bias\":{\"dtype\":\"F16\",\"shape\":[16],\"data_offsets\":[768,800]}}";
        Path half = Files.write(folder.resolve("half.safetensors"), ArrayFiles.safetensors(header, values.array()));

        compare(half, Optional.empty(), half, 4);
    }

    /** @param test evaluated on its first samples, if the model can be run */
    private void compare(Path path, Optional<Dataset> calibration, Path test, int sessions) throws IOException {
        Model source = Engine.open(path, false);
        OpenModel open = new OpenModel(source, Engine.analysed(source), FileRef.of(path, NEVER));
        Form folded = form(open.folded(), open, calibration, true);
        Form unfolded = form(open.source(), open, calibration, false);
        SessionState start = SessionState.of(open.file()).withCalibrationData(calibration.map(FileRef::of));
        int biases = 0;
        int weighted = 0;
        try (HeldContext at = context()) {
            for (int seed = 0; seed < sessions; seed++) {
                boolean codes = seed % EVALUATED == 0;
                boolean evaluated = codes && calibration.isPresent();
                List<Dataset> data = new ArrayList<>(calibration.stream().toList());
                SessionState base = start.withFoldBatchNorm(seed % 4 != 3);
                if (evaluated) {
                    Dataset few = Datasets.open(test).limit(SAMPLES);
                    data.add(few);
                    base = base.withEvaluationData(Optional.of(FileRef.of(few)));
                }
                Form form = base.foldBatchNorm() ? folded : unfolded;
                SessionState state = random(form.model, base, new Random(seed));
                if (calibration.isPresent() && seed % 10 == 1) {
                    state = state.withWeights(
                            Optional.of(QuantSpec.WEIGHTS.withBits(4).withClip(new Clip.Auto("weighted-mse"))));
                    weighted++;
                }
                at.context.bench().show(open, state, ActivationRanges.NONE, Optional.empty(), data, form.seen);
                String what = path.getFileName() + ", session " + seed;
                assertThat(at.problems).as(what).isEmpty();
                var measured = at.context.measurements().snapshotProperty().get();
                assertThat(measured.complete()).as(what).isTrue();
                Map<TensorId, QuantParams> listed = new HashMap<>();
                at.context
                        .bench()
                        .weights()
                        .forEach(w -> find(at, w.id()).ifPresent(m -> listed.put(w.id(), m.params())));
                assertThat(listed).as(what).isEqualTo(measured.resolved().weights());

                Path saved = folder.resolve("s.quantscope.json");
                at.answers.save = Optional.of(saved);
                at.context.session().saveAs();
                compareFile(at, path, saved, "quantscope-json", what);
                if (codes) {
                    compareFile(at, path, saved, calibration.isPresent() ? "onnx-qdq" : "npz", what);
                }
                if (evaluated) {
                    compareAccuracy(at, run("eval", path, "--config", saved, "--data", test, "--limit", SAMPLES), what);
                }
                biases += (int) measured.resolved().own().stream()
                        .filter(t -> t.info().kind() == TensorKind.BIAS)
                        .count();
            }
        }
        assertThat(biases > 0).as("biases were among them").isEqualTo(hasBiases(source));
        assertThat(weighted > 0).isEqualTo(calibration.isPresent());
    }

    private static boolean hasBiases(Model model) {
        return model.tensors().stream().anyMatch(t -> t.info().kind() == TensorKind.BIAS);
    }

    private static Form form(Model model, OpenModel open, Optional<Dataset> calibration, boolean folded) {
        return new Form(
                model,
                calibration.map(few -> new ActivationSketches(
                        open.file().sha256(),
                        FileRef.of(few).digest(),
                        folded,
                        few.size(),
                        Engine.observe(model, few, Progress.NONE, NEVER))));
    }

    private JsonNode run(Object... args) {
        return CommandLineBesideWindow.run(
                folder.resolve("state"),
                Stream.concat(Stream.of(args), Stream.of("--json")).toArray());
    }

    /** What the command line makes of the saved session is the file that the window writes, and as large. */
    private void compareFile(HeldContext at, Path model, Path saved, String format, String what) throws IOException {
        Path byWindow = folder.resolve("window");
        Files.deleteIfExists(byWindow);
        ExportPlan plan = at.context.export().planProperty().get().orElseThrow();
        Exporters.byId(format).write(plan, byWindow, NEVER);
        Path byCommand = folder.resolve("command");
        JsonNode said = run("export", model, "--config", saved, "--format", format, "--limit", 1, "-o", byCommand);

        assertThat(byCommand).as(what + ", " + format).hasSameBinaryContentAs(byWindow);
        assertSize(at, said, what);
    }

    private static void assertSize(HeldContext at, JsonNode said, String what) {
        JsonNode bytes = said.get("size_bytes");
        assertThat(new ModelSize(
                        bytes.get("float32").asLong(), bytes.get("quantized").asLong()))
                .as(what)
                .isEqualTo(at.context.measurements().snapshotProperty().get().size())
                .isEqualTo(at.context.accuracy().viewProperty().get().size().orElseThrow());
    }

    private static void compareAccuracy(HeldContext at, JsonNode said, String what) {
        AccuracyState view = at.context.accuracy().viewProperty().get();
        AccuracyEstimate shown = view.quantized().orElseThrow();
        assertThat(view.status()).as(what).isEqualTo(AccuracyState.Status.DONE);
        assertThat(shown.seen()).as(what).isEqualTo(SAMPLES);
        assertThat(said.get("quantized").get("correct").asInt()).as(what).isEqualTo(shown.correct());
        assertThat(said.get("float32").get("correct").asInt()).as(what).isEqualTo(shown.floatCorrect());
        // The window leaves cores to its own threads, and sums are in another order on fewer.
        assertThat(said.get("logit_sqnr_db").asDouble()).as(what).isCloseTo(shown.logitSqnrDb(), Offset.offset(1e-4));
        assertSize(at, said, what);
    }

    private static Optional<Measured> find(HeldContext at, TensorId id) {
        return Optional.ofNullable(
                at.context.measurements().snapshotProperty().get().tensors().get(id));
    }

    private static SessionState random(Model model, SessionState start, Random random) {
        SessionState state = start.withWeights(random.nextInt(4) == 0 ? Optional.empty() : Optional.of(weight(random)));
        Set<TensorId> kept = new TreeSet<>();
        for (Tensor tensor : model.tensors()) {
            TensorInfo info = tensor.info();
            boolean quantizable = info.kind() == TensorKind.WEIGHT || info.kind() == TensorKind.BIAS;
            if (info.dtype().isFloating() && quantizable && random.nextInt(3) == 0) {
                QuantSpec own = weight(random);
                boolean fits = own.granularity() instanceof Granularity.PerTensor || info.kind() == TensorKind.WEIGHT;
                state = state.withOverride(tensor.id(), fits ? own : QuantSpec.WEIGHTS.withBits(own.bits()));
            }
            if (quantizable && random.nextInt(8) == 0) {
                kept.add(tensor.id());
            }
        }
        if (model.graph().isPresent() && random.nextInt(4) > 0) {
            OnnxGraph graph = model.graph().get();
            state = state.withActivations(random.nextInt(4) == 0 ? Optional.empty() : Optional.of(activation(random)));
            for (TensorInfo info : graph.activations()) {
                if (random.nextInt(4) == 0) {
                    state = state.withOverride(info.id(), activation(random));
                }
                if (random.nextInt(6) == 0) {
                    kept.add(info.id());
                }
            }
            List<Placement.Site> addable = graph.placement().sites().stream()
                    .filter(site -> site.addable() && site.state() == Placement.State.FLOAT)
                    .toList();
            if (!addable.isEmpty() && random.nextBoolean()) {
                TensorId id = addable.get(random.nextInt(addable.size())).id();
                QuantSpec byHand = QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(-1, 2)));
                state = state.withAddedQuantizers(Set.of(id)).withOverride(id, byHand);
            }
        }
        return state.withKeptFloat(kept);
    }

    private static QuantSpec weight(Random random) {
        boolean symmetric = random.nextBoolean();
        QuantSpec spec = QuantSpec.WEIGHTS
                .withBits(2 + random.nextInt(7))
                .withSymmetric(symmetric)
                .withRestrictedRange(symmetric)
                .withGranularity(random.nextBoolean() ? Granularity.TENSOR : Granularity.CHANNEL)
                .withClip(
                        random.nextInt(4) == 0
                                ? new Clip.Manual(ClipRange.symmetric(random.nextFloat(0.05f, 1)))
                                : new Clip.Auto(CALIBRATORS.get(random.nextInt(CALIBRATORS.size()))));
        return random.nextInt(4) > 0
                ? spec
                : Quantizers.byId(SCHEMES.get(random.nextInt(SCHEMES.size()))).adapt(spec);
    }

    private static QuantSpec activation(Random random) {
        QuantSpec spec = QuantSpec.ACTIVATIONS
                // ONNX Runtime refuses four bits behind a Clip: "Unexpected data type for QuantizeLinear input".
                .withBits(5 + random.nextInt(4))
                .withClip(
                        random.nextInt(4) == 0
                                ? new Clip.Manual(new ClipRange(0, random.nextFloat(0.5f, 4)))
                                : new Clip.Auto(CALIBRATORS.get(random.nextInt(CALIBRATORS.size()))));
        return random.nextInt(6) > 0 ? spec : Quantizers.byId("lloyd-max").adapt(spec.withSigned(true));
    }

    @Test
    void aBiasWithASettingOfItsOwnIsListedMeasuredAndCounted() {
        try (HeldContext at = context()) {
            at.open("digits_mlp.onnx");
            TensorId bias = at.context.bench().analysed().orElseThrow().tensors().stream()
                    .filter(t -> t.info().kind() == TensorKind.BIAS)
                    .findFirst()
                    .orElseThrow()
                    .id();
            long before = at.context
                    .accuracy()
                    .viewProperty()
                    .get()
                    .size()
                    .orElseThrow()
                    .quantizedBytes();
            assertThat(at.context.bench().subject(bias)).isEmpty();

            at.context.bench().apply(new Edit.SetOverride(bias, QuantSpec.WEIGHTS));

            assertThat(at.context.tensors().rowsProperty().get().weights())
                    .filteredOn(row -> row.id().equals(bias))
                    .singleElement()
                    .satisfies(row -> assertThat(row.result().sqnrDb()).isPresent());
            assertThat(at.context
                            .accuracy()
                            .viewProperty()
                            .get()
                            .size()
                            .orElseThrow()
                            .quantizedBytes())
                    .isLessThan(before);
            assertThat(at.context.export().planProperty().get().orElseThrow().weights())
                    .containsKey(bias);

            at.context.tensors().keepFloat(Set.of(bias));
            assertThat(at.context.bench().subject(bias))
                    .as("it can be quantized again")
                    .isPresent();
            assertThat(find(at, bias)).isEmpty();
        }
    }

    @Test
    void whatIsStoredInTwoBytesIsCountedSo() throws IOException {
        String header = "{\"w\":{\"dtype\":\"F16\",\"shape\":[4,8],\"data_offsets\":[0,64]}}";
        Path file = Files.write(folder.resolve("half.safetensors"), ArrayFiles.safetensors(header, new byte[64]));
        try (HeldContext at = context()) {
            at.context.session().openModel(file);
            ModelSize shown = at.context.accuracy().viewProperty().get().size().orElseThrow();

            assertThat(shown.floatBytes()).isEqualTo(64);
            assertThat(shown)
                    .isEqualTo(ModelSize.of(
                            at.context.bench().analysed().orElseThrow(),
                            Engine.resolve(Engine.open(file, true), at.state(), Progress.NONE, NEVER)));
        }
    }

    @Test
    void anActivationWithoutARangeIsToldOfAndNothingIsCompleteUntilThereIsData() {
        try (HeldContext at = context()) {
            at.open("digits_mlp.onnx");
            at.context.session().openEvaluationData(SampleFiles.DIGITS_TEST);
            at.context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS)));

            TensorId first = at.context.bench().activations().stream()
                    .map(a -> a.id())
                    .sorted()
                    .findFirst()
                    .orElseThrow();
            String why = "no range for activation " + first + ": calibrate with data first (and 3 more)";
            assertThat(at.problems).containsExactly(why);
            assertThat(at.context.tensors().rowsProperty().get().activations())
                    .hasSize(4)
                    .allSatisfy(row -> assertThat(row.result().obstacle()).isPresent());
            AccuracyState shown = at.context.accuracy().viewProperty().get();
            assertThat(shown.status()).isEqualTo(AccuracyState.Status.NOT_RESOLVED);
            assertThat(shown)
                    .isInstanceOfSatisfying(
                            AccuracyState.Unresolved.class,
                            u -> assertThat(u.obstacle()).isEqualTo(why));
            assertThat(shown.quantized()).isEmpty();
            assertThat(shown.size()).isEmpty();
            assertThat(at.context.export().planProperty().get()).isEmpty();
            at.context.export().export(Exporters.byId("npz"), folder.resolve("w.npz"));
            assertThat(at.context.export().statusProperty().get()).isEqualTo(new ExportViewModel.Status.Refused(why));

            SampleFiles.calibrateDigits(at.context);
            assertThat(at.context.tensors().rowsProperty().get().activations())
                    .allSatisfy(row -> assertThat(row.result().obstacle()).isEmpty());
            assertThat(at.context.accuracy().viewProperty().get().status()).isEqualTo(AccuracyState.Status.DONE);
            assertThat(at.context.export().planProperty().get().orElseThrow().activations())
                    .hasSize(4);
        }
    }

    @Test
    void aSavedSessionHasRangesForActivationsThatAreKeptInFloatToo() throws IOException {
        try (HeldContext at = context()) {
            at.open("digits_mlp.onnx");
            SampleFiles.calibrateDigits(at.context);
            List<TensorId> all =
                    at.context.bench().activations().stream().map(a -> a.id()).toList();
            at.context.tensors().keepFloat(Set.of(all.get(0), all.get(1)));
            at.context.activations().quantize(true);
            at.answers.save = Optional.of(folder.resolve("s.quantscope.json"));
            at.context.session().saveAs();

            Session saved = SessionFile.read(folder.resolve("s.quantscope.json"));
            assertThat(saved.state().keptFloat()).containsExactlyInAnyOrder(all.get(0), all.get(1));
            assertThat(saved.ranges().ranges().keySet()).containsExactlyInAnyOrderElementsOf(all);
        }
    }

    @Test
    void oneStepRefreshesEachStageOnceAndAPreviewOnlyTheAccuracy() {
        try (HeldContext at = context()) {
            at.open("digits_mlp.onnx");
            at.context.session().openEvaluationData(SampleFiles.FOLDER.resolve("digits_test.npz"));
            List<Changes.Stage> refreshed = new ArrayList<>();
            for (Changes.Stage stage : Changes.Stage.values()) {
                at.context.bench().changes().on(stage, () -> refreshed.add(stage));
            }

            List<Integer> listed = new ArrayList<>();
            at.context
                    .tensors()
                    .rowsProperty()
                    .subscribe((was, is) -> listed.add(is.weights().size()));

            at.context.quantizer().setBits(5);
            assertThat(refreshed).containsExactly(Changes.Stage.values());
            assertThat(listed).as("the list is made once").hasSize(1);

            refreshed.clear();
            at.context.bench().undo();
            assertThat(refreshed).containsExactly(Changes.Stage.values());

            refreshed.clear();
            at.held = true;
            at.context.selected().preview(ClipRange.symmetric(0.1f));
            assertThat(refreshed).containsExactly(Changes.Stage.ACCURACY);
            at.context.selected().cancel();
            at.held = false;
            at.runWaiting();
        }
    }
}
