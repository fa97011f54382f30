package org.quantscope.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** What every registered scheme and calibrator owes its users. */
class QuantizationRegistriesTest {
    private final CancelToken cancel = new CancelToken();

    static Stream<Quantizer> quantizers() {
        return Quantizers.all().stream();
    }

    static Stream<Calibrator> calibrators() {
        return Calibrators.all().stream();
    }

    @Test
    void idsAreUnique() {
        assertThat(Quantizers.all()).extracting(Quantizer::id).doesNotHaveDuplicates().contains("uniform");
        assertThat(Calibrators.all()).extracting(Calibrator::id).doesNotHaveDuplicates().contains("minmax", "percentile", "mse");
    }

    @ParameterizedTest
    @MethodSource("quantizers")
    void schemeIsFoundByItsIdAndDescribesItself(Quantizer quantizer) {
        assertThat(Quantizers.byId(quantizer.id())).isSameAs(quantizer);
        described(quantizer.id(), quantizer.title(), quantizer.source(), quantizer.options());
    }

    @ParameterizedTest
    @MethodSource("calibrators")
    void calibratorIsFoundByItsIdAndDescribesItself(Calibrator calibrator) {
        assertThat(Calibrators.byId(calibrator.id())).isSameAs(calibrator);
        described(calibrator.id(), calibrator.title(), calibrator.source(), calibrator.options());
    }

    private static void described(String id, String title, String source, List<OptionDoc> options) {
        assertThat(id).matches("[a-z][a-z0-9_-]*");
        assertThat(title).isNotBlank();
        assertThat(source).isNotBlank();
        assertThat(options).allSatisfy(o -> {
            assertThat(o.name()).matches("[a-z][a-z_]*");
            assertThat(o.type()).matches("int|float|bool|choice:.+");
            assertThat(o.defaultValue()).isNotBlank();
            assertThat(o.doc()).isNotBlank();
        });
    }

    @Test
    void unknownIdsAreAnsweredWithTheKnownOnes() {
        assertThatThrownBy(() -> Quantizers.byId("qubic")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("qubic").hasMessageContaining("uniform");
        assertThatThrownBy(() -> Calibrators.byId("guess"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("guess")
                .hasMessageContaining("minmax")
                .hasMessageContaining("mse");
    }

    @ParameterizedTest
    @MethodSource("quantizers")
    void schemeResolvesEveryRangeToAFiniteGridThatHoldsTheRange(Quantizer quantizer) {
        for (int bits = QuantSpec.MIN_BITS; bits <= QuantSpec.MAX_BITS; bits++) {
            for (float width : new float[] {0, Float.MIN_VALUE, 1e-30f, 1, 1e30f, Float.MAX_VALUE}) {
                QuantSpec spec = QuantSpec.WEIGHTS.withScheme(quantizer.id()).withBits(bits);
                QuantParams params = quantizer.resolve(spec, Granularity.TENSOR, List.of(ClipRange.symmetric(width)));

                assertThat(params.slices()).isEqualTo(1);
                assertThat(params.scale(0)).isFinite().isPositive();
                assertThat(params.effective().getFirst().hi()).isGreaterThanOrEqualTo(width * 0.999f);
                assertThat(quantizer.bitsPerWeight(spec, 1000, 10)).isGreaterThan(1).isLessThan(bits + 5);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("calibrators")
    void chosenRangesLieWithinTheDataAndNoneIsWorseThanNothing(Calibrator calibrator) {
        var random = new Random(2);
        float[] values = new float[40_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.3 + random.nextGaussian());
        }
        values[9] = Float.NaN;
        for (int n : new int[] {1, 2, 100, values.length}) {
            Tensor tensor = tensor(java.util.Arrays.copyOf(values, n));
            float lo = Float.POSITIVE_INFINITY;
            float hi = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                lo = Float.isNaN(values[i]) ? lo : Math.min(lo, values[i]);
                hi = Float.isNaN(values[i]) ? hi : Math.max(hi, values[i]);
            }
            float absMax = Math.max(Math.abs(lo), Math.abs(hi));
            for (int bits : new int[] {2, 4, 8, 16}) {
                for (boolean symmetric : new boolean[] {true, false}) {
                    QuantSpec spec = QuantSpec.WEIGHTS.withBits(bits).withSymmetric(symmetric).withClip(new Clip.Auto(calibrator.id(), Map.of()));
                    RangeResolver.Resolution found = RangeResolver.resolve(tensor, spec, cancel);
                    ClipRange range = found.requested().getFirst();

                    assertThat(range.lo()).isGreaterThanOrEqualTo(symmetric ? -absMax : Math.min(0, lo));
                    assertThat(range.hi()).isLessThanOrEqualTo(symmetric ? absMax : Math.max(0, hi));
                    var report = ErrorPass.measure(tensor, found.params(), cancel);
                    assertThat(report.sumSquaredError()).isLessThan(report.sumSquares());
                }
            }
        }
    }

    private static Tensor tensor(float[] values) {
        return new Tensor(
                new TensorInfo(new TensorId("w"), TensorKind.WEIGHT, DType.F32, Shape.of(values.length), OptionalInt.empty(), List.of()), TensorData.of(values));
    }
}
