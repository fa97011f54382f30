package org.quantscope.core.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantscope.core.Engine;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Question;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class MixedPrecisionTest {
    private static final List<Integer> WIDTHS = List.of(2, 3, 4, 6, 8);
    private static final CancelToken GO = new CancelToken();
    private static final Dataset DATA = new MemoryData(60, Shape.of(6), i -> i % 3);

    @TempDir
    private Path folder;

    /** Three layers of different sizes and ranges, and one of a few values, in which a bit frees no whole byte. */
    private Model model() throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 6)
                .output("y", -1, 3)
                .randomWeight("a", Shape.of(6, 9), -1, 1)
                .randomWeight("b", Shape.of(9, 5), -2, 0.5f)
                .randomWeight("c", Shape.of(5, 1), -1, 1)
                .randomWeight("d", Shape.of(1, 3), -1, 4)
                .node("MatMul", List.of("x", "a"), List.of("h"))
                .node("Relu", List.of("h"), List.of("r"))
                .node("MatMul", List.of("r", "b"), List.of("i"))
                .node("Tanh", List.of("i"), List.of("t"))
                .node("MatMul", List.of("t", "c"), List.of("j"))
                .node("MatMul", List.of("j", "d"), List.of("y"))
                .open(folder);
    }

    private static SessionState state(Model model) {
        return SessionState.of(new FileRef(model.file(), ""));
    }

    private static MixedPrecision search(Model model, SessionState state, Set<TensorId> pinned, Unit unit) {
        return new MixedPrecision(
                new Question(model, state, Calibration.NONE, pinned, WIDTHS, unit),
                DATA,
                new LiveEvaluator(model, DATA, 1),
                new Resolver());
    }

    private static double loss(Model model, SessionState state) {
        ResolvedSettings settings = new Resolver().resolve(model, state, Calibration.NONE, Progress.NONE, GO);
        try (LiveEvaluator evaluator = new LiveEvaluator(model, DATA, 1)) {
            return evaluator
                    .evaluate(
                            new EvalRequest(Optional.empty(), settings.weights(), settings.activations()), GO, _ -> {})
                    .klDivergence()
                    .orElseThrow();
        }
    }

    /** At the cost of every uniform width, counted in every unit, and measured again by an evaluator of its own. */
    @ParameterizedTest
    @EnumSource(Unit.class)
    void itNeverLosesMoreThanUniformBitsOfTheSameCost(Unit unit) throws IOException {
        Model model = model();
        try (MixedPrecision search = search(model, state(model), Set.of(), unit)) {
            for (int bits : WIDTHS) {
                SessionState uniform = state(model).withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(bits)));
                Assignment plain = search.uniform(bits, GO);
                assertThat(plain.bits().values()).containsOnly(bits);
                Assignment found = search.best(plain.in(unit), Progress.NONE, GO);
                assertThat(found.in(unit)).isLessThanOrEqualTo(plain.in(unit) + 1e-9);
                double loss = loss(model, search.state(found));
                assertThat(found.loss()).isCloseTo(loss, within(1e-12));
                assertThat(loss).isLessThanOrEqualTo(loss(model, uniform));
            }
        }
    }

    @Test
    void theFrontFallsAndWhatIsOnItIsMeasured() throws IOException {
        Model model = model();
        try (MixedPrecision search = search(model, state(model), Set.of(), Unit.BYTES)) {
            List<Assignment> front = search.front(Progress.NONE, GO);
            assertThat(front).hasSizeBetween(5, 20);
            for (int i = 1; i < front.size(); i++) {
                assertThat(front.get(i).sizeBytes())
                        .isGreaterThan(front.get(i - 1).sizeBytes());
                assertThat(front.get(i).loss()).isLessThan(front.get(i - 1).loss());
            }
            int measured = search.evaluations();
            assertThat(search.measured()).hasSize(measured).containsAll(front);
            search.front(Progress.NONE, GO);
            assertThat(search.evaluations()).isEqualTo(measured);
        }
    }

    /** A weight that a person has set keeps all of its settings; one that is only given to the search keeps all but bits. */
    @Test
    void pinnedWeightsStay() throws IOException {
        Model model = model();
        TensorId a = new TensorId("a");
        TensorId b = new TensorId("b");
        QuantSpec own = QuantSpec.WEIGHTS.withBits(5).withSymmetric(false).withRestrictedRange(false);
        SessionState state = state(model).withOverride(a, own).withOverride(b, own);
        try (MixedPrecision search = search(model, state, Set.of(a), Unit.AVERAGE_BITS)) {
            assertThat(search.pinned()).isEqualTo(Map.of(a, 5));
            Assignment found = search.best(4, Progress.NONE, GO);
            assertThat(found.bits()).doesNotContainKey(a).containsKey(b);
            assertThat(found.averageBits()).isLessThanOrEqualTo(4);
            SessionState chosen = search.state(found);
            assertThat(chosen.overrides().get(a)).isEqualTo(own);
            assertThat(chosen.overrides().get(b))
                    .isEqualTo(own.withBits(
                            java.util.Objects.requireNonNull(found.bits().get(b))));
        }
    }

    private Model gated() throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 6)
                .output("y", -1, 3)
                .randomWeight("gate", Shape.of(6, 8), -1, 1)
                .randomWeight("up", Shape.of(6, 8), -9, 9)
                .randomWeight("down", Shape.of(8, 3), -1, 1)
                .node("MatMul", List.of("x", "gate"), List.of("g"))
                .node("Sigmoid", List.of("g"), List.of("s"))
                .node("MatMul", List.of("x", "up"), List.of("u"))
                .node("Mul", List.of("s", "u"), List.of("h"))
                .node("MatMul", List.of("h", "down"), List.of("y"))
                .open(folder);
    }

    @Test
    void weightsOfAGroupMoveTogetherAndAPinnedOneSpeaksForThem() throws IOException {
        Model model = gated();
        TensorId gate = new TensorId("gate");
        TensorId up = new TensorId("up");
        try (MixedPrecision search = search(model, state(model), Set.of(), Unit.BYTES)) {
            assertThat(search.groups())
                    .singleElement()
                    .satisfies(g -> assertThat(g.members()).containsExactly(gate, up));
            search.front(Progress.NONE, GO);
            assertThat(search.measured())
                    .hasSizeGreaterThan(5)
                    .allSatisfy(a ->
                            assertThat(a.bits().get(gate)).isEqualTo(a.bits().get(up)));
        }
        SessionState state = state(model).withOverride(up, QuantSpec.WEIGHTS.withBits(7));
        try (MixedPrecision search = search(model, state, Set.of(up), Unit.BYTES)) {
            search.front(Progress.NONE, GO);
            assertThat(search.measured())
                    .hasSizeGreaterThan(2)
                    .allSatisfy(a -> assertThat(a.bits().get(gate)).isEqualTo(7));
        }
    }

    /** A layer whose multiplications nobody knows costs nothing that is counted: it is named and keeps its bits. */
    @Test
    void whatIsNotCountedKeepsItsBits() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 6)
                .output("y", -1, 3)
                .randomWeight("a", Shape.of(6, 9), -1, 1)
                .randomWeight("flat", Shape.of(3, 9), -1, 1)
                .weight64("shape", 9, 3)
                .node("MatMul", List.of("x", "a"), List.of("h"))
                .node("Reshape", List.of("flat", "shape"), List.of("r"))
                .node("MatMul", List.of("h", "r"), List.of("y"))
                .open(folder);
        TensorId flat = new TensorId("flat");
        try (MixedPrecision search = search(model, state(model), Set.of(), Unit.BIT_OPERATIONS)) {
            assertThat(search.uncounted()).containsExactly(flat);
            search.front(Progress.NONE, GO);
            assertThat(search.measured())
                    .allSatisfy(a -> assertThat(a.bits().get(flat)).isEqualTo(8));
            assertThat(search.least()).isEqualTo(6 * 9 * 2 * 32);
        }
    }

    @Test
    void aStoppedSearchGoesOn() throws IOException {
        Model model = model();
        CancelToken stop = new CancelToken();
        try (MixedPrecision search = search(model, state(model), Set.of(), Unit.BYTES)) {
            Progress twice = (done, total, what) -> {
                assertThat(total).isEqualTo(4 * 4);
                if (done >= 2) {
                    stop.cancel();
                }
            };
            assertThatThrownBy(() -> search.front(twice, stop)).isInstanceOf(CancellationException.class);
            int before = search.evaluations();
            assertThat(before).isPositive();
            assertThat(search.measured()).hasSize(before);
            search.front(Progress.NONE, GO);
            assertThat(search.evaluations()).isGreaterThan(before);
        }
    }

    @Test
    void theComparisonIsAtOneCostAndItsFiguresAreThoseOfTheSettings() throws IOException {
        Model model = model();
        SessionState state = state(model).withCalibrationData(Optional.of(new FileRef(Path.of("c.npz"), "")));
        try (MixedPrecision search = search(model, state, Set.of(), Unit.BYTES);
                LiveEvaluator scored = Engine.evaluator(model, new MemoryData(60, Shape.of(6), i -> i * i % 3))) {
            Assignment near = search.best(search.uniform(3, GO).sizeBytes() + 3.0, Progress.NONE, GO);
            Comparison found = Comparison.of(
                    search,
                    near,
                    BitTarget.FREE.uniforms(),
                    "gptq",
                    DATA,
                    new Resolver(),
                    Optional.of(scored),
                    Progress.NONE,
                    GO);
            assertThat(found.bits()).isEqualTo(3);
            assertThat(found.uniformNearest().assignment().bits().values()).containsOnly(3);
            assertThat(found.mixedNearest().assignment().sizeBytes())
                    .isLessThanOrEqualTo(found.uniformNearest().assignment().sizeBytes());
            assertThat(found.mixedNearest().loss())
                    .isLessThanOrEqualTo(found.uniformNearest().loss());
            assertThat(found.uniformNearest().loss())
                    .isCloseTo(loss(model, search.state(found.uniformNearest().assignment())), within(1e-12));
            assertThat(found.uniformRounded().loss())
                    .isNotEqualTo(found.uniformNearest().loss());
            assertThat(found.sentence())
                    .startsWith("At the size of 3 bits for all weights, with the nearest levels (")
                    .contains("% on 60 evaluation samples)", "gptq with 3 bits for all")
                    .containsPattern(buys(found) + "\\.$");
        }
    }

    private static String buys(Comparison found) {
        int order = Double.compare(
                found.uniformRounded().figure().orElseThrow().score(),
                found.mixedNearest().figure().orElseThrow().score());
        return order == 0 ? "both buy the same" : order > 0 ? "the rounding buys more" : "mixed bits buy more";
    }
}
