package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.export.CHeaderExporter.Multiplier;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.WeightCodes;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class CHeaderTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Exporter EXPORTER = Exporters.byId("c-header");

    @TempDir
    private Path folder;

    /** The rule of TFLite's QuantizeMultiplier; the last but two carries: q rounds up to 2^31. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0",
        "1, 1073741824, 1",
        "0.5, 1073741824, 0",
        "0.25, 1073741824, -1",
        "0.75, 1610612736, 0",
        "0.0003, 1319413953, -11",
        "3.5, 1879048192, 2",
        "0.99999999999, 1073741824, 1",
        "1e-10, 0, 0",
        "1e12, 2147483647, 30"
    })
    void aFactorIsAMultiplierInQ31AndAShift(double factor, int multiplier, int shift) {
        assertThat(Multiplier.of(factor)).isEqualTo(new Multiplier(multiplier, shift));
    }

    @Test
    void aMultiplierIsTheFactorToThirtyOneBits() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            double factor = Math.exp(random.nextDouble(-20, 20));
            Multiplier m = Multiplier.of(factor);
            assertThat(Math.scalb((double) m.multiplier(), m.shift() - 31) / factor - 1)
                    .isBetween(-0x1p-31, 0x1p-31);
            assertThat(m.multiplier()).isGreaterThanOrEqualTo(1 << 30);
        }
    }

    @Test
    void axesChangePlaces() {
        int[] values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

        assertThat(WeightCodes.transposed(values, Shape.of(3, 4), List.of(1, 0)))
                .containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
        assertThat(WeightCodes.transposed(values, Shape.of(2, 3, 1, 2), List.of(0, 2, 3, 1)))
                .containsExactly(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11);
    }

    private static List<Integer> integers(String text, String array) {
        Matcher m = Pattern.compile("\\b" + array + "\\[\\d+] = \\{([^}]*)}").matcher(text);
        assertThat(m.find()).as(array).isTrue();
        List<Integer> values = new ArrayList<>();
        for (String v : m.group(1).split(",", -1)) {
            values.add(Integer.parseInt(v.strip()));
        }
        return values;
    }

    private static int scalar(String text, String name) {
        Matcher m = Pattern.compile("\\b" + name + " = (-?\\d+);").matcher(text);
        assertThat(m.find()).as(name).isTrue();
        return Integer.parseInt(m.group(1));
    }

    /** The header computes the layer: integers in, integers out, within a step of the float layer on the same grids. */
    @Test
    void integersOfTheHeaderComputeTheMatrixLayer() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        Path file = folder.resolve("m.h");
        Exporters.export(EXPORTER, plan, file, NEVER);
        String text = Files.readString(file);
        String layer = "tiny_fc_weight";
        List<Integer> weights = integers(text, layer);
        List<Integer> bias = integers(text, layer + "_bias");
        int multiplier = integers(text, layer + "_multiplier").getFirst();
        int shift = integers(text, layer + "_shift").getFirst();
        Encoding in = plan.encodings().stream()
                .filter(e -> e.id().name().equals("r"))
                .findFirst()
                .orElseThrow();
        Encoding out = plan.encodings().stream()
                .filter(e -> e.id().name().equals("y"))
                .findFirst()
                .orElseThrow();
        float[] w = plan.model()
                .find(new TensorId("fc.weight"))
                .orElseThrow()
                .data()
                .toFloats();
        float[] b =
                plan.model().find(new TensorId("fc.bias")).orElseThrow().data().toFloats();
        Random random = new Random(3);
        for (int round = 0; round < 20; round++) {
            double[] expected = {b[0], b[1], b[2]};
            long[] acc = {bias.get(0), bias.get(1), bias.get(2)};
            for (int k = 0; k < 32; k++) {
                int code = random.nextInt(-128, 128);
                for (int o = 0; o < 3; o++) {
                    acc[o] += (long) (code - scalar(text, layer + "_input_zero_point")) * weights.get(o * 32 + k);
                    expected[o] += (code + 128 - in.params().zeroPoint(0))
                            * in.params().scale(0)
                            * w[o * 32 + k];
                }
            }
            for (int o = 0; o < 3; o++) {
                long scaled = Math.round(acc[o] * Math.scalb((double) multiplier, shift - 31));
                long code = Math.clamp(
                        scaled + scalar(text, layer + "_output_zero_point"),
                        scalar(text, layer + "_activation_min"),
                        scalar(text, layer + "_activation_max"));
                double want = Math.clamp(
                        expected[o] / out.params().scale(0) + out.params().zeroPoint(0) - 128, -128, 127);
                assertThat((double) code).isBetween(want - 1.5, want + 1.5);
            }
        }
    }

    @Test
    void namesBecomeIdentifiersThatDifferAndCannotLeaveAComment() throws IOException {
        Model opened = new TinyOnnx(13)
                .input("x", 1, 2)
                .weight("a.b", Shape.of(2, 2), 1, 2, 3, 4)
                .weight("a/b", Shape.of(2, 2), 1, 2, 3, 4)
                .weight("*/ int", Shape.of(2, 2), 1, 2, 3, 4)
                .node("MatMul", List.of("x", "a.b"), List.of("1"))
                .node("MatMul", List.of("1", "a/b"), List.of("2"))
                .node("MatMul", List.of("2", "*/ int"), List.of("y"))
                .output("y", 1, 2)
                .open(folder);
        Model model = new Model(
                folder.resolve("3 net.onnx"), "onnx", opened.opset(), opened.tensors(), opened.graph(), List.of());
        Path file = folder.resolve("m.h");
        Exporters.export(
                EXPORTER, TinyPlan.of(model, SessionState.of(new FileRef(model.file(), "0".repeat(64)))), file, NEVER);
        String text = Files.readString(file);

        assertThat(text)
                .contains(
                        "int8_t m_3_net_a_b[4]",
                        "int8_t m_3_net_a_b_2[4]",
                        "int8_t m_3_net____int[4]",
                        "#ifndef QUANTSCOPE_M_3_NET_H");
        assertThat(text.lines().filter(l -> l.contains("*/")).filter(l -> l.indexOf("*/") != l.length() - 2))
                .isEmpty();
    }

    @Test
    void codesThatTheKernelsDoNotHaveAreWarnedOfWithTheRestrictedRangeAsRemedy() throws IOException {
        ExportPlan plan = TinyPlan.with(TinyPlan.of(folder), "fc.weight", QuantSpec.WEIGHTS.withRestrictedRange(false));

        ExportProblem problem = EXPORTER.check(plan).getFirst();
        assertThat(EXPORTER.check(plan)).hasSize(1);
        assertThat(problem.why()).contains("-128");
        assertThat(problem.severity()).isEqualTo(Severity.WARNING);
        assertThat(EXPORTER.check(
                        TinyPlan.of(plan.model(), problem.fix().orElseThrow().apply(plan.state()))))
                .isEmpty();
    }

    @Test
    void aBiasThatNeedsMoreThan32BitsIsAnErrorWhoseRemedyMakesItFit() throws IOException {
        ExportPlan plan = TinyPlan.with(
                TinyPlan.with(
                        TinyPlan.of(folder),
                        "r",
                        QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 1e-6f)))),
                "fc.weight",
                // As it is, so that no scale is raised for the bias.
                QuantSpec.WEIGHTS.withClip(new Clip.Fixed(
                        new QuantParams(Granularity.TENSOR, new float[] {1e-6f / 127}, new int[] {0}, -127, 127))));

        List<ExportProblem> problems = EXPORTER.check(plan);
        assertThat(problems).extracting(ExportProblem::tensor).containsExactly("fc.bias");
        assertThat(problems.getFirst().severity()).isEqualTo(Severity.ERROR);
        SessionState fixed = problems.getFirst().fix().orElseThrow().apply(plan.state());
        assertThat(EXPORTER.check(TinyPlan.of(plan.model(), fixed))).isEmpty();
        assertThat(Optional.ofNullable(fixed.overrides().get(new TensorId("fc.weight")))
                        .map(QuantSpec::clip)
                        .filter(Clip.Fixed.class::isInstance))
                .isNotEqualTo(Optional.empty());
    }
}
