package org.quantscope.core.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.DeviceBudget;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

class DeviceCostTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    /** x → Conv → Relu → Conv → Add with the first Relu → Reshape, on 2 channels of 4×4. */
    private Model residual() throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 2, 4, 4)
                .output("y", -1, 32)
                .randomWeight("w", Shape.of(2, 2, 1, 1), -1, 1)
                .randomWeight("v", Shape.of(2, 2, 1, 1), -1, 1)
                .weight64("flat", 0, 32)
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node("Relu", List.of("c"), List.of("r"))
                .node("Conv", List.of("r", "v"), List.of("d"))
                .node("Add", List.of("d", "r"), List.of("a"))
                .node("Reshape", List.of("a", "flat"), List.of("y"))
                .open(folder);
    }

    private static DeviceCost cost(Model model, ResolvedSettings settings, Optional<DeviceProfile> profile) {
        return DeviceCost.of(model, settings, profile, Optional.empty(), NEVER);
    }

    @Test
    void aFloatModelIsCountedByHand() throws IOException {
        DeviceCost cost = cost(residual(), ResolvedSettings.NONE, Optional.empty());

        // Relu writes over c and Reshape is a view: x and c, r and d, then d, r and a.
        assertThat(cost.layers()).extracting(DeviceCost.Layer::heldBytes).containsExactly(256L, 128L, 256L, 384L, 128L);
        assertThat(cost.peakActivationBytes()).isEqualTo(3 * 32 * 4);
        assertThat(cost.peakAt()).isEqualTo(cost.layers().get(3).name());
        assertThat(cost.macs()).isEqualTo(2 * 32 * 2);
        assertThat(cost.integerMacs()).isZero();
        assertThat(cost.bitOperations()).isEqualTo(128.0 * 32 * 32);
        assertThat(cost.weightBytes()).as("two weights and a shape").isEqualTo(2 * 4 * 4 + 2 * 8);
        // Conv: x, w, c; Conv: r, v, d; Add: d, r, a.
        assertThat(cost.bytesMoved()).isEqualTo(128 + 16 + 128 + 128 + 16 + 128 + 3 * 128);
        assertThat(cost.picojoules()).isCloseTo(128 * 4.6, within(1e-9));
        assertThat(cost.notes()).isEmpty();
    }

    /** Peak, and everything else, against an independent count: a value lives from its operator to its last reader. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void thePeakIsThatOfEveryStepLookedAt(int seed) throws IOException {
        Random random = new Random(seed);
        TinyOnnx tiny = new TinyOnnx(13).input("v0", 1, 8);
        int count = 12;
        List<String> names = new ArrayList<>(List.of("v0"));
        for (int i = 1; i <= count; i++) {
            String a = names.get(random.nextInt(names.size()));
            String b = names.get(Math.max(0, names.size() - 1 - random.nextInt(2)));
            tiny.node("Add", List.of(a, b), List.of("v" + i));
            names.add("v" + i);
        }
        Model model = tiny.output("v" + count, 1, 8).open(folder);

        List<OnnxNode> nodes = model.graph().orElseThrow().nodes();
        long most = 0;
        for (int step = 0; step < nodes.size(); step++) {
            long alive = 0;
            for (int value = 0; value <= count; value++) {
                int made = value - 1;
                int last = value == count ? nodes.size() : made;
                for (int n = 0; n < nodes.size(); n++) {
                    last = nodes.get(n).inputs().contains("v" + value) ? Math.max(last, n) : last;
                }
                alive += made <= step && step <= last ? 32 : 0;
            }
            most = Math.max(most, alive);
        }
        assertThat(cost(model, ResolvedSettings.NONE, Optional.empty()).peakActivationBytes())
                .isEqualTo(most);
    }

    @Test
    void quantizedValuesTakeTheBytesOfTheirBitsAndWeightsThePackingOfTheBoard() throws IOException {
        Model model = residual();
        SessionState state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Calibration calibration = Calibration.of(
                Engine.observe(model, MemoryData.unlabelled(4, Shape.of(2, 4, 4)), Progress.NONE, NEVER));
        ResolvedSettings settings = Engine.resolve(model, state, calibration, Progress.NONE, NEVER);

        DeviceCost cost = cost(model, settings, Optional.empty());
        DeviceCost packed = cost(model, settings, DeviceProfile.byId("pico"));

        // What the model gives back stays float.
        assertThat(cost.peakActivationBytes()).isEqualTo(32 + 32 + 4 * 32);
        assertThat(cost.integerMacs()).isEqualTo(128);
        assertThat(cost.bitOperations()).isEqualTo(128.0 * 2 * 8);
        assertThat(cost.picojoules()).isCloseTo(128 * EnergyModel.picojoules(2, 8), within(1e-9));
        // 4 codes of 2 bits and a scale of 32: 40 bits; the board's kernels take 4 bits: 48.
        assertThat(cost.weightBytes()).isEqualTo(2 * 5 + 16);
        assertThat(packed.weightBytes()).isEqualTo(2 * 6 + 16);
        assertThat(cost.floatWeightBytes()).isEqualTo(32 + 16);
        assertThat(DeviceProfile.byId("pico").orElseThrow().packed(3)).isEqualTo(4);
        assertThat(DeviceProfile.byId("pico").orElseThrow().packed(16)).isEqualTo(16);
    }

    /** A product of two activations, with a shape that the graph does not tell. */
    @Test
    void productsOfActivationsCountAndUnknownShapesAreThoseOfARun() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 3, 4)
                .output("y", -1, 3, 3)
                .node("Shape", List.of("x"), List.of("s"))
                .node("Reshape", List.of("x", "s"), List.of("same"))
                .declared("same", DType.F32)
                .node("Transpose", List.of("same"), List.of("t"), TinyOnnx.attribute("perm", 0, 2, 1))
                .node("MatMul", List.of("x", "t"), List.of("y"))
                .open(folder);

        DeviceCost cost = cost(model, ResolvedSettings.NONE, Optional.empty());

        assertThat(cost.macs()).isEqualTo(3 * 3 * 4);
        assertThat(cost.peakActivationBytes()).isGreaterThanOrEqualTo(4 * (12 + 12 + 9));
    }

    @Test
    void anInputWithAFreeDimensionIsRefusedByName() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 3, -1)
                .output("y", -1, 3, -1)
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);
        assertThatThrownBy(() -> cost(model, ResolvedSettings.NONE, Optional.empty()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("input x")
                .hasMessageContaining("dimension 2 of 3 is free");
    }

    /** What is counted in part only is not known: no limit on it is kept, however wide. */
    @Test
    void whatIsNotKnownKeepsNoLimit() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 3, 4)
                .output("y", -1, -1)
                .node("NonZero", List.of("x"), List.of("n"))
                .node("Cast", List.of("n"), List.of("f"), TinyOnnx.attribute("to", 1))
                .node("Einsum", List.of("f", "f"), List.of("y"), TinyOnnx.attribute("equation", "ab,cb->ac"))
                .open(folder);
        DeviceCost cost = cost(model, ResolvedSettings.NONE, Optional.empty());
        OptionalDouble most = OptionalDouble.of(1e12);

        List<DeviceBudget.Check> checks = new DeviceBudget(
                        most, most, most, OptionalDouble.empty(), OptionalDouble.of(0), OptionalDouble.empty())
                .check(BudgetFigures.of(
                        cost, DeviceBudget.Figure.unknown("not measured"), Optional.empty(), List.of()));

        assertThat(cost.uncounted()).hasSize(1);
        assertThat(cost.notes())
                .anyMatch(note -> note.contains(
                        "multiplications of " + cost.uncounted().iterator().next()));
        assertThat(checks)
                .extracting(DeviceBudget.Check::ok)
                .containsExactly(true, cost.unsized().isEmpty(), false, false);
        assertThat(checks.get(2).why()).contains("multiplications of").contains("not known");
        assertThat(checks.get(3).why()).isEqualTo("the accuracy has not been evaluated");
    }

    @Test
    void everyBoardNamesItsSources() {
        assertThat(DeviceProfile.all()).isNotEmpty().allSatisfy(board -> {
            assertThat(board.source()).startsWith("https://");
            assertThat(board.kernelSource()).startsWith("https://");
            assertThat(board.flashBytes()).isGreaterThan(board.ramBytes() / 2);
        });
        assertThat(DeviceProfile.all()).extracting(DeviceProfile::id).doesNotHaveDuplicates();
    }
}
