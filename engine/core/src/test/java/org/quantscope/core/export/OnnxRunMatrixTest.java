package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
 *
 * <p>Four factors: the pattern, how its weights are quantized, how many scales they have, and how its activations are
 * quantized. A setting is a value of each of the last three.
 */
class OnnxRunMatrixTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 32;
    private static final Exporter EXPORTER = Exporters.byId("onnx-qdq");
    private static final QuantSpec W = QuantSpec.WEIGHTS;
    private static final QuantSpec A = QuantSpec.ACTIVATIONS;

    /** A regular expression for names of patterns, or {@code whole}; the suite runs a selection. */
    private static final String ASKED = System.getProperty("quantscope.matrix", "");

    private static final int THREADS = 2;

    private static final List<String> GRANULARITIES =
            List.of("tensor", "channel", "channel:0", "channel:1", "block:4", "block:32");

    @TempDir
    private Path folder;

    /**
     * One of each kind that is stored otherwise: 3 bits lie in a type of 4, 6 in one of 8; a codebook that no type has
     * stays out of the file, and one of them stands for all.
     */
    private static Map<String, Optional<QuantSpec>> weights() {
        Map<String, Optional<QuantSpec>> all = new LinkedHashMap<>();
        all.put("float", Optional.empty());
        for (int bits : new int[] {8, 4, 3, 2, 6, 16}) {
            all.put("int" + bits, Optional.of(W.withBits(bits)));
        }
        all.put("uint8", Optional.of(W.withSigned(false).withSymmetric(false)));
        all.put("uint4", Optional.of(W.withBits(4).withSigned(false).withSymmetric(false)));
        all.put("int8 asymmetric", Optional.of(W.withSymmetric(false)));
        for (String id : List.of("pot", "fp8_e4m3fn", "mxfp8_e4m3", "nf4")) {
            all.put(id, Optional.of(Quantizers.byId(id).adapt(W)));
        }
        return all;
    }

    private static Map<String, Optional<QuantSpec>> activations() {
        Map<String, Optional<QuantSpec>> all = new LinkedHashMap<>();
        all.put("float", Optional.empty());
        for (int bits : new int[] {8, 16, 4, 2}) {
            all.put("uint" + bits, Optional.of(A.withBits(bits)));
            all.put(
                    "int" + bits + " symmetric",
                    Optional.of(A.withBits(bits).withSigned(true).withSymmetric(true)));
        }
        for (int bits : new int[] {8, 4}) {
            all.put("int" + bits, Optional.of(A.withBits(bits).withSigned(true)));
        }
        all.put("uint6", Optional.of(A.withBits(6)));
        return all;
    }

    /**
     * What became of one export.
     *
     * @param equal true if both runs give what was evaluated of all that the file holds
     */
    private record Outcome(boolean equal, boolean saturates, List<ExportProblem> problems, String words) {
        boolean listed() {
            return problems.stream().anyMatch(p -> p.severity() == Severity.ERROR);
        }

        /** True if the file lacks a tensor, for which there is a problem. */
        boolean leftOut() {
            return problems.stream()
                    .anyMatch(p -> p.severity() == Severity.ERROR && !p.tensor().isEmpty());
        }

        String reason() {
            return problems.stream()
                    .filter(p -> p.severity() == Severity.ERROR)
                    .map(p -> p.why().replaceAll("-?\\d+(\\.\\d+)?", "#"))
                    .findFirst()
                    .orElse("");
        }
    }

    /** One pattern, opened and calibrated. */
    private final class Bench {
        private final Model model;
        private final Dataset data;
        private final Map<TensorId, MomentSketch> seen;
        private final Path own;

        Bench(Patterns.Pattern pattern) throws IOException {
            own = Files.createTempDirectory(folder, "pattern");
            data = MemoryData.unlabelled(SAMPLES, pattern.input());
            model = pattern.graph().get().open(own);
            seen = ActivationCalibration.run(model, data, Progress.NONE, NEVER).sketches();
        }

        Outcome outcome(Optional<QuantSpec> weight, String granularity, Optional<QuantSpec> activation)
                throws IOException {
            Map<TensorId, QuantParams> activations = new HashMap<>();
            activation.ifPresent(spec -> seen.forEach((id, sketch) -> activations.put(
                    id, RangeResolver.resolve(sketch, spec, NEVER).params())));
            Optional<QuantSpec> spec = weight.map(w -> w.withGranularity(Granularity.parse(granularity)));
            Map<TensorId, QuantParams> weights = new HashMap<>();
            if (spec.isPresent()) {
                for (Tensor t : model.tensors()) {
                    if (t.info().kind() == TensorKind.WEIGHT) {
                        weights.put(
                                t.id(),
                                RangeResolver.resolve(t, spec.get(), NEVER).params());
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
            // An exporter writes a new file; moving it over another is not its matter.
            Path file = own.resolve("out.onnx");
            Files.deleteIfExists(file);
            List<Path> files = EXPORTER.write(plan, file, NEVER);
            Verification verified = Verifier.verify(EXPORTER, plan, files, Optional.of(data), Progress.NONE, NEVER)
                    .orElseThrow();
            List<ExportProblem> problems = new ArrayList<>(Exporters.problems(EXPORTER, plan));
            problems.addAll(Verifier.problems(EXPORTER, verified));
            Verification.Ran ran = (Verification.Ran) verified;
            boolean equal = ran.asWritten().computesWhatItHolds()
                    && ran.judged() instanceof Verification.Run run
                    && run.computesWhatItHolds();
            String words = switch (ran.judged()) {
                case Verification.Refused(String why) -> why;
                case Verification.Run run ->
                    String.format(
                            Locale.ROOT,
                            "written %.1f dB %.2g, run %.1f dB %.2g, float %.1f dB",
                            ran.asWritten().held().sqnrDb(),
                            ran.asWritten().held().errorShare(),
                            run.held().sqnrDb(),
                            run.held().errorShare(),
                            run.figure().logitSqnrDb());
            };
            return new Outcome(equal, ran.saturates(), problems, words);
        }
    }

    /** The outcomes of many pairs of a pattern and a setting. */
    private static final class Tally {
        private int pairs;
        private int refused;
        private int equal;
        private int listed;
        private final List<String> silent = new ArrayList<>();
        private final List<String> differing = new ArrayList<>();
        private final Map<String, Integer> reasons = new TreeMap<>();

        void add(Bench bench, String pattern, Setting setting) throws IOException {
            Outcome o;
            try {
                o = bench.outcome(setting.weightSpec(), setting.granularity(), setting.activationSpec());
            } catch (IllegalArgumentException | BadInputException e) {
                // No scheme has scales everywhere; a person is told so before anything is exported.
                assertThat(e).hasMessageContaining("granularity");
                refused++;
                return;
            }
            pairs++;
            if (o.equal && !o.listed()) {
                equal++;
            } else if (!o.equal && o.leftOut()) {
                // A tensor that is left out excuses no other difference.
                silent.add(pattern + ", " + setting + ": " + o.words);
            } else if (o.listed()) {
                listed++;
                reasons.merge(o.reason(), 1, Integer::sum);
                if (!o.equal) {
                    differing.add(pattern + ", " + setting + ": " + o.words);
                }
            } else {
                silent.add(pattern + ", " + setting + ": " + o.words);
            }
        }

        void add(Tally more) {
            pairs += more.pairs;
            refused += more.refused;
            equal += more.equal;
            listed += more.listed;
            silent.addAll(more.silent);
            differing.addAll(more.differing);
            more.reasons.forEach((why, n) -> reasons.merge(why, n, Integer::sum));
        }

        void print() {
            System.out.println(pairs + " pairs run both ways: " + equal + " equal, " + listed + " listed, "
                    + differing.size() + " of them differ, " + silent.size() + " silent differences; " + refused
                    + " granularities that a scheme or a shape does not have");
            reasons.forEach((why, n) -> System.out.println(n + " listed: " + why));
        }
    }

    /** How weights and activations are quantized. */
    private record Setting(String weight, String granularity, String activation) {
        Optional<QuantSpec> weightSpec() {
            return weights().get(weight);
        }

        Optional<QuantSpec> activationSpec() {
            return activations().get(activation);
        }

        @Override
        public String toString() {
            return weight + " per " + granularity + ", activations " + activation;
        }
    }

    /**
     * Every weight with every activation; the granularity moves on with each of them and with the pattern, so that any
     * three of the four factors come together in every way.
     */
    private static List<Setting> settings(int pattern) {
        List<String> weights = List.copyOf(weights().keySet());
        List<String> activations = List.copyOf(activations().keySet());
        List<Setting> all = new ArrayList<>();
        for (int w = 0; w < weights.size(); w++) {
            for (int a = 0; a < activations.size(); a++) {
                all.add(new Setting(
                        weights.get(w),
                        GRANULARITIES.get((pattern + w + a) % GRANULARITIES.size()),
                        activations.get(a)));
            }
        }
        return all;
    }

    /** 8-bit weights and activations, and 4-bit weights, per tensor and per channel: there no error is accepted. */
    @Test
    void theUsualSettingsAgreeOnEveryPattern() throws IOException {
        List<Optional<QuantSpec>> usual =
                List.of(Optional.of(W), Optional.of(W.withBits(4)), Optional.of(W), Optional.of(W.withBits(4)));
        List<String> wrong = new ArrayList<>();
        boolean saturates = false;
        int turn = 0;
        for (Patterns.Pattern pattern : Patterns.all()) {
            Optional<QuantSpec> activation = Optional.of(turn % 3 == 2 ? A.withSigned(true) : A);
            Outcome o =
                    new Bench(pattern).outcome(usual.get(turn % 4), turn % 4 < 2 ? "channel" : "tensor", activation);
            saturates |= o.saturates;
            if (!o.equal || o.listed()) {
                wrong.add(pattern.name() + ": " + o.words);
            }
            turn++;
        }
        if (saturates) {
            // Without VNNI a weight with two readers saturates with exact sums too; it is an error, as any difference
            // is.
            assertThat(wrong).hasSizeLessThanOrEqualTo(1).allMatch(w -> w.startsWith("weight read twice: "));
        } else {
            assertThat(wrong).isEmpty();
        }
        assertThat(turn).isGreaterThanOrEqualTo(99);
    }

    /** A pattern of each kind. */
    private static final List<String> KINDS = List.of(
            "conv, relu, conv",
            "depthwise conv, relu6",
            "transposed conv",
            "gemm, relu, gemm, operator set 13",
            "matmul, add, relu, matmul",
            "max pool",
            "resize, linear",
            "concat",
            "split",
            "residual",
            "batch normalization",
            "attention",
            "pad with zeros");

    /** A setting for each kind and each weight, such that any two of the four factors come together. */
    private static Setting paired(int kind, int weight) {
        List<String> weights = List.copyOf(weights().keySet());
        List<String> activations = List.copyOf(activations().keySet());
        return new Setting(
                weights.get(weight),
                GRANULARITIES.get((kind + weight / 2) % GRANULARITIES.size()),
                activations.get((kind + weight) % activations.size()));
    }

    @Test
    void noTwoFactorsDifferInSilence() throws IOException {
        Tally all = new Tally();
        Set<List<Object>> met = new HashSet<>();
        int w = weights().size();
        int g = GRANULARITIES.size();
        int a = activations().size();
        for (int k = 0; k < KINDS.size(); k++) {
            Bench bench = new Bench(Patterns.named(KINDS.get(k)));
            for (int i = 0; i < w; i++) {
                Setting s = paired(k, i);
                all.add(bench, KINDS.get(k), s);
                met.add(List.of(k, "weight", s.weight));
                met.add(List.of(k, "granularity", s.granularity));
                met.add(List.of(k, "activation", s.activation));
                met.add(List.of(s.weight, s.granularity));
                met.add(List.of(s.weight, "with", s.activation));
                met.add(List.of(s.granularity, s.activation));
            }
        }
        all.print();
        assertThat(met).hasSize(KINDS.size() * (w + g + a) + w * (g + a) + g * a);
        assertThat(all.pairs).isGreaterThanOrEqualTo(150);
        assertThat(all.silent).isEmpty();
        assertThat(all.differing).isEmpty();
    }

    /**
     * Where ONNX Runtime once computed something else: layers that it folds operators into and then quantizes by itself,
     * averages halfway between two levels, and values of 16 bits between operators.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "batch normalization; float; tensor; uint8",
                "matmul, add, relu, matmul; float; tensor; uint8",
                "conv, add and mul by constants; float; tensor; uint8",
                "Identity; float; tensor; uint8",
                "pad with zeros; float; tensor; uint16",
                "average pool; int8; block:4; int8 symmetric",
                "average pool with padding at the end; uint8; block:4; uint8",
                "average pool; float; tensor; uint4",
                "conv of float16; int16; channel; float"
            })
    void nothingIsJoinedOrDecidedByRounding(String pattern, String weight, String granularity, String activation)
            throws IOException {
        Setting setting = new Setting(weight, granularity, activation);

        Outcome o =
                new Bench(Patterns.named(pattern)).outcome(setting.weightSpec(), granularity, setting.activationSpec());

        assertThat(o.equal).as(o.words).isTrue();
        assertThat(o.listed()).isFalse();
    }

    /**
     * ONNX Runtime gives the memory of codes of 4 bits to yes-or-no values of the same shape, which need twice as much:
     * it answers something else, or ends the process.
     */
    @Test
    void codesOfFourBitsAreLeftOutBesideValuesOfBytes() throws IOException {
        Setting setting = new Setting("int8", "channel", "uint4");

        Outcome o = new Bench(Patterns.named("where"))
                .outcome(setting.weightSpec(), setting.granularity, setting.activationSpec());

        assertThat(o.equal).as(o.words).isTrue();
        assertThat(o.problems.stream()
                        .filter(p -> p.why().contains("may lie in the same memory as which"))
                        .map(ExportProblem::tensor))
                .containsExactlyInAnyOrder("x", "c", "h", "y");
    }

    /** The average has no setting of its own: it stays float with the value whose grid it shares. */
    @Test
    void whatSharesAGridIsLeftOutWithItsOwner() throws IOException {
        Setting setting = new Setting("int8", "channel", "uint6");

        Outcome o = new Bench(Patterns.named("average pool"))
                .outcome(setting.weightSpec(), setting.granularity, setting.activationSpec());

        assertThat(o.leftOut()).isTrue();
        assertThat(o.equal).as(o.words).isTrue();
    }

    /** Any three of the four factors come together in the whole matrix. */
    @Test
    void theWholeMatrixMeetsEveryThreeFactors() {
        Set<List<Object>> met = new HashSet<>();
        int patterns = Patterns.all().size();
        for (int p = 0; p < patterns; p++) {
            for (Setting s : settings(p)) {
                met.add(List.of(p, s.weight, s.granularity));
                met.add(List.of(p, s.granularity, s.activation));
                met.add(List.of(p, s.weight, "with", s.activation));
                met.add(List.of(s.weight, s.granularity, s.activation));
            }
        }
        int w = weights().size();
        int g = GRANULARITIES.size();
        int a = activations().size();
        assertThat(met).hasSize(patterns * w * g + patterns * g * a + patterns * w * a + w * g * a);
    }

    /**
     * The patterns whose names match {@code -Dquantscope.matrix=REGEX}, or all with {@code whole}. A usual run has no such
     * test, because one that is skipped counts as a failure.
     */
    @TestFactory
    Stream<DynamicTest> noPairDiffersInSilence() {
        return ASKED.isEmpty()
                ? Stream.empty()
                : Stream.of(DynamicTest.dynamicTest("patterns " + ASKED, this::runMatrix));
    }

    private void runMatrix() throws Exception {
        List<Patterns.Pattern> patterns = Patterns.all();
        Tally all = new Tally();
        try (ExecutorService work = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Tally>> parts = new ArrayList<>();
            for (int p = 0; p < patterns.size(); p++) {
                int number = p;
                Patterns.Pattern pattern = patterns.get(p);
                if (pattern.name().matches(ASKED.replace("whole", ".*"))) {
                    parts.add(work.submit(() -> {
                        Tally own = new Tally();
                        Bench bench = new Bench(pattern);
                        for (Setting setting : settings(number)) {
                            own.add(bench, pattern.name(), setting);
                        }
                        return own;
                    }));
                }
            }
            for (Future<Tally> part : parts) {
                all.add(part.get());
            }
        }
        all.print();
        assertThat(all.pairs).isGreaterThanOrEqualTo(100);
        assertThat(all.silent).isEmpty();
        assertThat(all.differing).isEmpty();
    }
}
