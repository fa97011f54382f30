package org.quantscope.core.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** The exported file is scored by the rule by which everything else is: here on a model that copies its input onto a grid so coarse that answers change. */
class RuntimeCheckTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 150;
    private static final QuantParams COARSE =
            new QuantParams(Granularity.TENSOR, new float[] {2}, new int[] {0}, -128, 127);

    @TempDir
    private Path folder;

    private Verification.Run verified(int values, String output, List<String> behind, Dataset data) throws IOException {
        float[] identity = new float[values * values];
        for (int i = 0; i < values; i++) {
            identity[i * values + i] = 1;
        }
        TinyOnnx tiny = new TinyOnnx(13)
                .input("x", -1, values)
                .output(output, -1, values)
                .weight("w", Shape.of(values, values), identity);
        tiny.node("MatMul", List.of("x", "w"), List.of(behind.isEmpty() ? output : "m"));
        behind.forEach(op -> tiny.node(op, List.of("m"), List.of(output)));
        Model model = tiny.open(folder);
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withSigned(true)));
        ExportPlan plan = new ExportPlan(model, state, Map.of(), Map.of(new TensorId("x"), COARSE));
        Exporter exporter = Exporters.byId("onnx-qdq");
        List<Path> files = Exporters.export(exporter, plan, folder.resolve("q.onnx"), NEVER);
        Verification.Ran ran =
                (Verification.Ran) Verifier.verify(exporter, plan, files, Optional.of(data), Progress.NONE, NEVER)
                        .orElseThrow();
        // A large model is opened once for all samples that fit, and no two at a time; that changes no figure.
        EvalRequest request = new EvalRequest(Optional.empty(), plan.weights(), plan.activations());
        int[] opened = new int[1];
        assertThat(RuntimeCheck.run(
                        files.getFirst(),
                        plan,
                        request,
                        Set.of(),
                        data,
                        0,
                        OrtModel.Options.DEFAULT,
                        (a, b, c) -> opened[0]++,
                        NEVER))
                .isEqualTo(ran);
        assertThat(opened[0]).isEqualTo(1);
        assertThat(ran.version()).matches("\\d+\\.\\d+\\.\\d+");
        assertThat(ran.asRun()).isEqualTo(ran.asWritten());
        return ran.asWritten();
    }

    private static float value(int sample, int k, int values) {
        return (float) Math.sin((double) sample * values + k) * 3;
    }

    private static float rounded(float x) {
        return COARSE.grid(0).quantize(x);
    }

    @Test
    void oneOutputSaysYesOrNo() throws IOException {
        Verification.Run ran = verified(1, "y", List.of(), new MemoryData(SAMPLES, Shape.of(1), i -> i % 2));
        long same = IntStream.range(0, SAMPLES)
                .filter(i -> value(i, 0, 1) > 0 == rounded(value(i, 0, 1)) > 0)
                .count();
        long right = IntStream.range(0, SAMPLES)
                .filter(i -> rounded(value(i, 0, 1)) > 0 == (i % 2 == 1))
                .count();

        assertThat(same).isLessThan(SAMPLES);
        assertThat(ran.floatAgreement()).hasValue((double) same / SAMPLES);
        assertThat(ran.liveAgreement()).hasValue(1);
        assertThat(ran.accuracy()).hasValue((double) right / SAMPLES);
        assertThat(ran.samples()).isEqualTo(SAMPLES);
    }

    /** σ(0) is 0.5 and no yes: the threshold behind a Sigmoid is another, and the answers are the same. */
    @Test
    void behindASigmoidYesBeginsAtOneHalf() throws IOException {
        MemoryData data = new MemoryData(SAMPLES, Shape.of(1), i -> i % 2);

        assertThat(verified(1, "y", List.of("Sigmoid"), data).floatAgreement())
                .isEqualTo(verified(1, "y", List.of(), data).floatAgreement());
    }

    @Test
    void aRegressionHasAnErrorAndNoAgreement() throws IOException {
        Verification.Run ran = verified(
                1,
                "y",
                List.of(),
                new MemoryData(SAMPLES, Shape.of(1), i -> 0).withTargets(Shape.of(1), (i, k) -> value(i, 0, 1)));
        double error = IntStream.range(0, SAMPLES)
                .mapToDouble(i -> Math.pow((double) rounded(value(i, 0, 1)) - value(i, 0, 1), 2))
                .average()
                .orElseThrow();

        assertThat(ran.figure().task()).isEqualTo(new Task.Regression(Task.Loss.SQUARED));
        assertThat(ran.figure().score()).isEqualTo(error, within(1e-9));
        assertThat(ran.figure().floatScore()).isZero();
        assertThat(ran.floatAgreement()).isEmpty();
        assertThat(ran.liveAgreement()).isEmpty();
        assertThat(ran.accuracy()).isEmpty();
        assertThat(ran.maxAbsLogitDiff()).isZero();
    }

    @Test
    void anEmbeddingHasACosine() throws IOException {
        Verification.Run ran = verified(4, "embedding", List.of(), MemoryData.unlabelled(SAMPLES, Shape.of(4)));

        assertThat(ran.figure().task()).isEqualTo(new Task.Cosine());
        assertThat(ran.figure().score()).isBetween(0.8, 0.999);
        assertThat(ran.floatAgreement()).isEmpty();
    }

    @Test
    void aClassifierAgreesWhereTheClassIsTheSame() throws IOException {
        Verification.Run ran = verified(4, "y", List.of(), new MemoryData(SAMPLES, Shape.of(4), i -> i % 4));
        long same = IntStream.range(0, SAMPLES)
                .filter(i -> best(i, false) == best(i, true))
                .count();

        assertThat(same).isLessThan(SAMPLES);
        assertThat(ran.floatAgreement()).hasValue((double) same / SAMPLES);
        assertThat(ran.liveAgreement()).hasValue(1);
        assertThat(ran.accuracy())
                .hasValue((double) IntStream.range(0, SAMPLES)
                                .filter(i -> best(i, true) == i % 4)
                                .count()
                        / SAMPLES);
    }

    /** Scores of 4 classes, four boxes, the same as integers, and their best; a mask that stays −∞; a text. */
    private ExportPlan ofSeveralOutputs(float boxStep) throws IOException {
        float inf = Float.NEGATIVE_INFINITY;
        Model model = new TinyOnnx(17)
                .input("x", -1, 4)
                .output("scores", -1, 4)
                .output("boxes", -1, 4, 1)
                .output("whole", DType.I64, -1, 4, 1)
                .output("best", DType.I64, -1)
                .output("mask", -1, 4)
                .weight("w", Shape.of(4, 4), 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
                .weight("v", Shape.of(4, 4), 1, 2, 3, 4, 0, 1, 2, 3, 0, 0, 1, 2, 0, 0, 0, 1)
                .weight("hidden", Shape.of(4), 0, inf, 0, inf)
                .weight64("axes", 2)
                .node("Relu", List.of("x"), List.of("r"))
                .node("MatMul", List.of("x", "w"), List.of("scores"))
                .node("MatMul", List.of("r", "v"), List.of("flat"))
                .node("Unsqueeze", List.of("flat", "axes"), List.of("boxes"))
                .node("Cast", List.of("boxes"), List.of("whole"), TinyOnnx.attribute("to", 7L))
                .node(
                        "ArgMax",
                        List.of("flat"),
                        List.of("best"),
                        TinyOnnx.attribute("axis", 1L),
                        TinyOnnx.attribute("keepdims", 0L))
                .node("Add", List.of("scores", "hidden"), List.of("mask"))
                .open(folder);
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withSigned(true)));
        QuantParams boxes = new QuantParams(Granularity.TENSOR, new float[] {boxStep}, new int[] {0}, -128, 127);
        return new ExportPlan(model, state, Map.of(), Map.of(new TensorId("x"), COARSE, new TensorId("r"), boxes));
    }

    @Test
    void everyOutputIsComparedAndTheOneThatDepartsIsNamed() throws IOException {
        ExportPlan plan = ofSeveralOutputs(0.5f);
        Exporter exporter = Exporters.byId("onnx-qdq");
        Dataset data = MemoryData.unlabelled(SAMPLES, Shape.of(4));
        List<Path> files = Exporters.export(exporter, plan, folder.resolve("q.onnx"), NEVER);
        Verification.Ran ran =
                (Verification.Ran) Verifier.verify(exporter, plan, files, Optional.of(data), Progress.NONE, NEVER)
                        .orElseThrow();
        Verification.Run run = ran.asWritten();

        assertThat(ran.output()).isEqualTo("scores");
        assertThat(run.others()).extracting(Verification.Other::name).containsExactly("boxes", "whole", "best", "mask");
        assertThat(run.others()).extracting(Verification.Other::whole).containsExactly(false, true, true, false);
        assertThat(run.others()).allSatisfy(o -> assertThat(o.differing()).isZero());
        assertThat(run.agrees()).isTrue();
        assertThat(ran.asRun()).isEqualTo(run);
        assertThat(Verifier.problems(exporter, ran)).isEmpty();

        // A file with another grid in front of the boxes alone.
        List<Path> wrong = Exporters.export(exporter, ofSeveralOutputs(1.5f), folder.resolve("wrong.onnx"), NEVER);
        Verification.Ran departs =
                (Verification.Ran) Verifier.verify(exporter, plan, wrong, Optional.of(data), Progress.NONE, NEVER)
                        .orElseThrow();
        Verification.Run other = departs.asWritten();
        Verification.Other counted = other.others().get(1);
        long differing = IntStream.range(0, SAMPLES * 4)
                .filter(i -> (long) box(i / 4, i % 4, 0.5f) != (long) box(i / 4, i % 4, 1.5f))
                .count();

        assertThat(other.live().isSmall()).isTrue();
        assertThat(other.agrees()).isFalse();
        assertThat(other.others())
                .filteredOn(o -> o.live().isSmall())
                .extracting(Verification.Other::name)
                .containsExactly("best", "mask");
        assertThat(counted.differing()).isEqualTo((double) differing / (SAMPLES * 4));
        assertThat(Verifier.problems(exporter, departs)).singleElement().satisfies(p -> {
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
            assertThat(p.why())
                    .contains("gives another output ")
                    .contains("boxes", "whole")
                    .doesNotContain("scores");
        });
    }

    private static float box(int sample, int k, float step) {
        float sum = 0;
        for (int i = 0; i <= k; i++) {
            float x = Math.max(0, rounded(value(sample, i, 4)));
            sum += (k - i + 1) * step * (float) Math.rint(x / step);
        }
        return sum;
    }

    /** A plan whose weight no type of ONNX can hold, which is a problem before anything runs. */
    private ExportPlan leavingAWeightOut(QuantParams activation) throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        QuantSpec nf4 = Quantizers.byId("nf4").adapt(QuantSpec.WEIGHTS);
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(nf4))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS.withSigned(true)));
        return new ExportPlan(
                model,
                state,
                Map.of(
                        new TensorId("w"),
                        RangeResolver.resolve(model.tensors().getFirst(), nf4, NEVER)
                                .params()),
                Map.of(new TensorId("x"), activation));
    }

    private List<String> errors(ExportPlan written, ExportPlan plan) throws IOException {
        Exporter exporter = Exporters.byId("onnx-qdq");
        List<Path> files = Exporters.export(exporter, written, folder.resolve("q.onnx"), NEVER);
        Verification verified = Verifier.verify(
                        exporter,
                        plan,
                        files,
                        Optional.of(MemoryData.unlabelled(SAMPLES, Shape.of(4))),
                        Progress.NONE,
                        NEVER)
                .orElseThrow();
        return Stream.of(Exporters.problems(exporter, plan), Verifier.problems(exporter, verified))
                .flatMap(List::stream)
                .filter(p -> p.severity() == ExportProblem.Severity.ERROR)
                .map(p -> p.why().replaceAll(", .*| gives .*", ""))
                .toList();
    }

    /** What follows from a weight that is left out is not taken for the only difference there can be. */
    @Test
    void aDifferenceIsListedBesideAWeightThatIsLeftOut() throws IOException {
        QuantParams fine = new QuantParams(Granularity.TENSOR, new float[] {0.1f}, new int[] {0}, -128, 127);

        assertThat(errors(leavingAWeightOut(fine), leavingAWeightOut(fine)))
                .containsExactly("its levels are the codebook of nf4", "without the tensors that it leaves out");
        assertThat(errors(leavingAWeightOut(fine), leavingAWeightOut(COARSE)))
                .containsExactly("its levels are the codebook of nf4", "computed node by node");
    }

    private static int best(int sample, boolean rounded) {
        int best = 0;
        for (int k = 1; k < 4; k++) {
            float x = value(sample, k, 4);
            float most = value(sample, best, 4);
            best = (rounded ? rounded(x) > rounded(most) : x > most) ? k : best;
        }
        return best;
    }
}
