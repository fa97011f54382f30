package org.quantscope.core.layerwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/** The calibrator output-mse, and the moments that it rests on. */
class OutputMseTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Clip OUTPUT = new Clip.Auto("output-mse");

    @TempDir
    private Path folder;

    /** Inputs of a layer behind another one are correlated, so that the error at its output is not that of its weight. */
    private Model model() throws IOException {
        return new TinyOnnx(17)
                .input("x", -1, 4, 6, 6)
                .output("y", -1, 7)
                .randomWeight("w1", Shape.of(6, 4, 3, 3), -1, 1)
                .node("Conv", List.of("x", "w1"), List.of("a"))
                .node("Relu", List.of("a"), List.of("b"))
                .randomWeight("w2", Shape.of(8, 3, 2, 2), -1, 1)
                .node("Conv", List.of("b", "w2"), List.of("c"), TinyOnnx.attribute("group", 2))
                .node("Relu", List.of("c"), List.of("d"))
                .node("Flatten", List.of("d"), List.of("e"))
                .randomWeight("w3", Shape.of(72, 7), -1, 1)
                .node("Gemm", List.of("e", "w3"), List.of("y"), TinyOnnx.attribute("alpha", 0.5f))
                .open(folder);
    }

    private static final MemoryData DATA = MemoryData.unlabelled(20, Shape.of(4, 6, 6));

    record Case(String weight, QuantSpec spec) {}

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        QuantSpec plain = QuantSpec.WEIGHTS;
        List<QuantSpec> specs = List.of(
                plain.withBits(3),
                plain.withBits(2).withGranularity(Granularity.CHANNEL),
                plain.withBits(3).withSymmetric(false).withSigned(false),
                plain.withBits(4).withGranularity(Granularity.CHANNEL).withSymmetric(false),
                plain.withBits(3).withGranularity(new Granularity.PerChannel(1)),
                plain.withBits(3).withGranularity(new Granularity.PerBlock(0, 5)),
                plain.withBits(3).withGranularity(new Granularity.PerBlock(1, 3)),
                plain.withScheme("pot").withBits(4).withGranularity(Granularity.CHANNEL));
        for (QuantSpec spec : specs) {
            cases.add(new Case("w2", spec));
        }
        cases.add(new Case("w1", specs.get(0)));
        cases.add(new Case("w3", specs.get(0)));
        cases.add(new Case("w3", specs.get(1)));
        cases.add(new Case("w3", specs.get(5)));
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void noClipOfACurveIsBetter(Case c) throws IOException {
        Model model = model();
        TensorId id = new TensorId(c.weight);
        ModelMoments moments = MomentsPass.run(model, id::equals, DATA, Progress.NONE, NEVER);
        Importances known = Importances.NONE.with(moments);
        Tensor weight = model.find(id).orElseThrow();
        LayerOutput output = new LayerOutput(weight, moments.of(id).orElseThrow(), NEVER);

        double chosen = error(output, weight, c.spec.withClip(OUTPUT), known);

        List<ClipRange> full = RangeResolver.resolve(weight, c.spec.withClip(new Clip.Auto("minmax")), NEVER)
                .requested();
        for (int i = 1; i <= 200; i++) {
            QuantParams params = RangeResolver.resolve(weight, c.spec, ClipRanges.scaled(full, i / 200.0));
            assertThat(chosen)
                    .as("clip %d/200", i)
                    .isLessThanOrEqualTo(output.error(params, NEVER).mse() * (1 + 1e-5));
        }
        assertThat(chosen).isLessThan(error(output, weight, c.spec.withClip(new Clip.Auto("mse")), known));
    }

    private static double error(LayerOutput output, Tensor weight, QuantSpec spec, Importances known) {
        return output.error(RangeResolver.resolve(weight, spec, known, NEVER).params(), NEVER)
                .mse();
    }

    /** The curve of a whole tensor is that of the errors at the output. */
    @Test
    void theCurveThatWasSearchedHoldsErrorsAtTheOutput() throws IOException {
        Model model = model();
        TensorId id = new TensorId("w3");
        ModelMoments moments = MomentsPass.run(model, id::equals, DATA, Progress.NONE, NEVER);
        Tensor weight = model.find(id).orElseThrow();
        LayerOutput output = new LayerOutput(weight, moments.of(id).orElseThrow(), NEVER);
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(3);

        var found = RangeResolver.calibrate(
                weight, spec, new Clip.Auto("output-mse"), Importances.NONE.with(moments), NEVER);

        assertThat(found.curve()).hasSizeGreaterThan(200).allSatisfy(point -> {
            QuantParams params = RangeResolver.resolve(weight, spec, List.of(point.clip()));
            assertThat(point.cost() / 7)
                    .isCloseTo(
                            output.error(params, NEVER).mse(),
                            within(1e-5 * output.error(params, NEVER).mse()));
        });
    }

    /** All layers in one run, or in two because the memory is small: the same. */
    @Test
    void oneRunServesAllLayers() throws IOException {
        Model model = model();
        ModelMoments all = MomentsPass.run(model, DATA, Progress.NONE, NEVER);
        assertThat(all.layers()).containsOnlyKeys(new TensorId("w1"), new TensorId("w2"), new TensorId("w3"));
        assertThat(all.without()).isEmpty();
        assertThat(all.samples()).isEqualTo(20);
        List<String> told = new ArrayList<>();
        ModelMoments apart =
                MomentsPass.run(model, id -> true, DATA, 24_000, (done, of, text) -> told.add(text), NEVER);
        assertThat(told).anyMatch(text -> text.endsWith("run 2 of 2"));
        for (TensorId id : all.layers().keySet()) {
            Tensor weight = model.find(id).orElseThrow();
            QuantParams params = RangeResolver.resolve(weight, QuantSpec.WEIGHTS.withBits(3), NEVER)
                    .params();
            OutputError whole = new LayerOutput(weight, all.of(id).orElseThrow(), NEVER).error(params, NEVER);
            OutputError other = new LayerOutput(weight, apart.of(id).orElseThrow(), NEVER).error(params, NEVER);
            assertThat(whole.exact()).isTrue();
            assertThat(other.exact()).isTrue();
            assertThat(other.mse()).isCloseTo(whole.mse(), within(1e-6 * whole.mse()));
        }
    }

    /** Beyond the memory blocks of the diagonal remain, which says so; the diagonal itself stays what it was. */
    @Test
    void beyondTheMemoryBlocksOfTheDiagonalRemain() throws IOException {
        Model model = model();
        TensorId id = new TensorId("w3");
        Tensor weight = model.find(id).orElseThrow();
        ModelMoments whole = MomentsPass.run(model, id::equals, DATA, Progress.NONE, NEVER);
        ModelMoments blocks = MomentsPass.run(model, id::equals, DATA, 9_000, Progress.NONE, NEVER);
        QuantParams params = RangeResolver.resolve(weight, QuantSpec.WEIGHTS.withBits(3), NEVER)
                .params();

        assertThat(blocks.of(id).orElseThrow().isWhole()).isFalse();
        assertThat(blocks.of(id).orElseThrow().block()).isBetween(2, 71);
        LayerOutput approximate = new LayerOutput(weight, blocks.of(id).orElseThrow(), NEVER);
        assertThat(approximate.error(params, NEVER).exact()).isFalse();
        float[] one = new float[7 * 72];
        for (int row = 0; row < 7; row++) {
            one[row * 72 + 70] = 1;
            one[row * 72 + 71] = -1;
        }
        assertThat(blocks.of(id).orElseThrow().errors(one, NEVER))
                .containsExactly(whole.of(id).orElseThrow().errors(one, NEVER), within(1e-6));
    }

    @Test
    void layersThatReadTheSameShareTheirMoments() throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 5)
                .output("y", -1, 5)
                .randomWeight("q", Shape.of(5, 5), -1, 1)
                .randomWeight("k", Shape.of(5, 5), -1, 1)
                .randomWeight("t", Shape.of(5, 5), -1, 1)
                .node("MatMul", List.of("x", "q"), List.of("a"))
                .node("Gemm", List.of("x", "k"), List.of("b"), TinyOnnx.attribute("transB", 1))
                .node("MatMul", List.of("x", "t"), List.of("c"))
                .node("MatMul", List.of("c", "t"), List.of("d"))
                .node("Add", List.of("a", "b"), List.of("e"))
                .node("Add", List.of("e", "d"), List.of("y"))
                .open(folder);
        ModelMoments moments = MomentsPass.run(model, MemoryData.unlabelled(9, Shape.of(5)), Progress.NONE, NEVER);

        assertThat(moments.layers()).containsOnlyKeys(new TensorId("k"), new TensorId("q"));
        assertThat(moments.without()).containsOnlyKeys(new TensorId("t"));
        float[] d = {1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        assertThat(moments.of(new TensorId("q")).orElseThrow().errors(d, NEVER))
                .isEqualTo(moments.of(new TensorId("k")).orElseThrow().errors(d, NEVER));
        assertThatThrownBy(() -> RangeResolver.resolve(
                        model.find(new TensorId("t")).orElseThrow(),
                        QuantSpec.WEIGHTS.withClip(OUTPUT),
                        Importances.NONE.with(moments),
                        NEVER))
                .hasMessageContaining("several operators read it");
    }

    @Test
    void withoutDataItRefuses() throws IOException {
        Model model = model();
        Tensor weight = model.find(new TensorId("w1")).orElseThrow();

        assertThatThrownBy(() -> RangeResolver.resolve(weight, QuantSpec.WEIGHTS.withClip(OUTPUT), NEVER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("output-mse")
                .hasMessageContaining("give calibration data");
        assertThatThrownBy(() -> RangeResolver.resolve(
                        weight, QuantSpec.WEIGHTS.withClip(new Clip.Auto("output-mse", Map.of("x", "1"))), NEVER))
                .hasMessageContaining("x");
    }
}
