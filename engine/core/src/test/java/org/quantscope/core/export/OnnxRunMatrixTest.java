package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/**
 * What a file computes in a session with default options is what was evaluated here, for every operator pattern of
 * {@link Patterns} and every width, scheme and granularity: or there is a problem that says so.
 */
class OnnxRunMatrixTest {
    /** A prime, so that no factor of the matrix is passed over. */
    private static final int STEP = 997;

    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 32;
    private static final Exporter EXPORTER = Exporters.byId("onnx-qdq");
    private static final QuantSpec W = QuantSpec.WEIGHTS;
    private static final QuantSpec A = QuantSpec.ACTIVATIONS;

    @TempDir
    private Path folder;

    private static Map<String, Optional<QuantSpec>> weights() {
        Map<String, Optional<QuantSpec>> all = new LinkedHashMap<>();
        all.put("float", Optional.empty());
        for (int bits : new int[] {8, 4, 3, 2, 6, 16}) {
            all.put("int" + bits, Optional.of(W.withBits(bits)));
        }
        all.put("uint8", Optional.of(W.withSigned(false).withSymmetric(false)));
        all.put("uint4", Optional.of(W.withBits(4).withSigned(false).withSymmetric(false)));
        all.put("int8 asymmetric", Optional.of(W.withSymmetric(false)));
        for (var quantizer : Quantizers.all()) {
            if (!quantizer.id().equals("uniform")) {
                all.put(quantizer.id(), Optional.of(quantizer.adapt(W)));
            }
        }
        return all;
    }

    private static final List<String> GRANULARITIES =
            List.of("tensor", "channel", "channel:0", "channel:1", "block:4", "block:32");

    private static Map<String, Optional<QuantSpec>> activations() {
        Map<String, Optional<QuantSpec>> all = new LinkedHashMap<>();
        all.put("float", Optional.empty());
        for (int bits : new int[] {8, 16, 4, 2}) {
            all.put("uint" + bits, Optional.of(A.withBits(bits)));
            all.put("int" + bits, Optional.of(A.withBits(bits).withSigned(true)));
            all.put(
                    "int" + bits + " symmetric",
                    Optional.of(A.withBits(bits).withSigned(true).withSymmetric(true)));
        }
        all.put("int6", Optional.of(A.withBits(6)));
        return all;
    }

    private record Outcome(boolean equal, List<ExportProblem> problems, String words) {
        boolean listed() {
            return problems.stream().anyMatch(p -> p.severity() == Severity.ERROR);
        }
    }

    private final Map<String, Model> models = new HashMap<>();
    private final Map<String, Map<TensorId, MomentSketch>> seen = new HashMap<>();

    private Outcome outcome(
            Patterns.Pattern pattern, Optional<QuantSpec> weight, String granularity, Optional<QuantSpec> activation)
            throws IOException {
        Dataset data = MemoryData.unlabelled(SAMPLES, pattern.input());
        Model model = models.get(pattern.name());
        if (model == null) {
            model = pattern.graph().get().open(folder);
            models.put(pattern.name(), model);
            seen.put(
                    pattern.name(),
                    ActivationCalibration.run(model, data, Progress.NONE, NEVER).sketches());
        }
        Map<TensorId, QuantParams> activations = new HashMap<>();
        activation.ifPresent(spec -> seen.get(pattern.name())
                .forEach((id, sketch) -> activations.put(
                        id, RangeResolver.resolve(sketch, spec, NEVER).params())));
        Optional<QuantSpec> spec = weight.map(w -> w.withGranularity(Granularity.parse(granularity)));
        Map<TensorId, QuantParams> weights = new HashMap<>();
        if (spec.isPresent()) {
            for (Tensor t : model.tensors()) {
                if (t.info().kind() == TensorKind.WEIGHT) {
                    weights.put(
                            t.id(), RangeResolver.resolve(t, spec.get(), NEVER).params());
                }
            }
        }
        ExportPlan plan = new ExportPlan(
                model,
                SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                        .withWeights(spec)
                        .withActivations(activation),
                weights,
                activations);
        Path file = folder.resolve("out.onnx");
        Verifier.Exported exported = Verifier.export(EXPORTER, plan, file, Optional.of(data), Progress.NONE, NEVER);
        Verification.Ran ran = (Verification.Ran) exported.verified().orElseThrow();
        boolean equal = ran.asWritten().agrees() && ran.asRun() instanceof Verification.Run run && run.agrees();
        String words = switch (ran.asRun()) {
            case Verification.Refused(String why) -> why;
            case Verification.Run run ->
                String.format(
                        Locale.ROOT,
                        "written %.1f dB %.2g, run %.1f dB %.2g, float %.1f dB",
                        ran.asWritten().liveSqnrDb(),
                        ran.asWritten().held().errorShare(),
                        run.liveSqnrDb(),
                        run.held().errorShare(),
                        run.figure().logitSqnrDb());
        };
        return new Outcome(equal, exported.problems(), words);
    }

    /** 8-bit weights and activations, and 4-bit weights, per tensor and per channel: there no error is accepted. */
    @Test
    void theUsualSettingsAgreeOnEveryPattern() throws IOException {
        List<Optional<QuantSpec>> usual =
                List.of(Optional.of(W), Optional.of(W.withBits(4)), Optional.of(W), Optional.of(W.withBits(4)));
        List<String> wrong = new ArrayList<>();
        int turn = 0;
        for (Patterns.Pattern pattern : Patterns.all()) {
            Optional<QuantSpec> activation = Optional.of(turn % 3 == 2 ? A.withSigned(true) : A);
            Outcome o = outcome(pattern, usual.get(turn % 4), turn % 4 < 2 ? "channel" : "tensor", activation);
            if (!o.equal || o.listed()) {
                wrong.add(pattern.name() + ": " + o.words);
            }
            turn++;
        }
        assertThat(wrong).isEmpty();
        assertThat(turn).isGreaterThanOrEqualTo(57);
    }

    /**
     * Each {@value #STEP}th pair, which comes to every pattern with other settings; all of them with
     * {@code -Dquantscope.matrix=whole}, or those of the patterns whose names match that expression.
     */
    @Test
    void noPairDiffersInSilence() throws IOException {
        String asked = System.getProperty("quantscope.matrix", "");
        String patterns = asked.isEmpty() ? ".*" : asked.replace("whole", ".*");
        int at = 0;
        int pairs = 0;
        int refused = 0;
        int equal = 0;
        List<String> silent = new ArrayList<>();
        Map<String, Integer> reasons = new TreeMap<>();
        for (Patterns.Pattern pattern : Patterns.all()) {
            if (!pattern.name().matches(patterns)) {
                continue;
            }
            for (var weight : weights().entrySet()) {
                for (String granularity : weight.getValue().isEmpty() ? List.of("tensor") : GRANULARITIES) {
                    for (var activation : activations().entrySet()) {
                        if (asked.isEmpty() && at++ % STEP != 0) {
                            continue;
                        }
                        Outcome o;
                        try {
                            o = outcome(pattern, weight.getValue(), granularity, activation.getValue());
                        } catch (IllegalArgumentException | BadInputException e) {
                            // No scheme has scales everywhere; a person is told so before anything is exported.
                            assertThat(e).hasMessageContaining("granularity");
                            refused++;
                            continue;
                        }
                        pairs++;
                        if (o.equal) {
                            equal++;
                        } else if (o.listed()) {
                            String why = o.problems.stream()
                                    .filter(p -> p.severity() == Severity.ERROR)
                                    .map(p -> p.why().replaceAll("\\d+(\\.\\d+)?", "#"))
                                    .findFirst()
                                    .orElse("");
                            reasons.merge(why, 1, Integer::sum);
                        } else {
                            silent.add(pattern.name() + ", " + weight.getKey() + " per " + granularity + ", "
                                    + activation.getKey() + ": " + o.words);
                        }
                    }
                }
            }
        }
        System.out.println(pairs + " pairs, " + equal + " equal, " + silent.size() + " silent differences; " + refused
                + " granularities that a scheme or a shape does not have");
        reasons.forEach((why, n) -> System.out.println(n + " listed: " + why));
        assertThat(pairs).as("pairs run").isGreaterThanOrEqualTo(50);
        assertThat(silent).isEmpty();
    }
}
