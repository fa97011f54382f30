package org.quantscope.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each step is that of the quantizer, and the bits alone give the value back. */
class ValueTraceTest {
    private static final int VALUES = 400;

    static Stream<QuantSpec> settings() {
        return Quantizers.all().stream()
                .flatMap(q -> Stream.of(
                        q.adapt(QuantSpec.WEIGHTS.withBits(4)),
                        q.adapt(QuantSpec.WEIGHTS.withBits(8)),
                        q.adapt(QuantSpec.WEIGHTS
                                .withBits(3)
                                .withSymmetric(false)
                                .withSigned(false))))
                .filter(spec -> !(spec.quantizer() instanceof FittedQuantizer))
                .distinct();
    }

    private static QuantParams params(QuantSpec spec) {
        ClipRange range = spec.symmetric() ? new ClipRange(-1.3f, 1.3f) : new ClipRange(-0.4f, 1.3f);
        return spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(range));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void isTheQuantizersOwnArithmetic(QuantSpec spec) {
        QuantParams params = params(spec);
        Grid grid = params.grid(0);
        Random random = new Random(3);
        for (int i = 0; i < VALUES; i++) {
            float x = i < grid.size() && i < VALUES / 2 ? grid.level(i) : (float) random.nextGaussian();
            ValueTrace trace = ValueTrace.of(spec, params, 0, x);

            assertThat(trace.back()).isEqualTo(grid.quantize(x));
            assertThat(trace.clipped()).isEqualTo(x < grid.lo() || x > grid.hi());
            assertThat(trace.scaled()).isEqualTo(x / params.scale(0));
            assertThat(WeightCodes.value(params, 0, trace.code())).isEqualTo(trace.back());
            assertThat(ValueTrace.value(spec, params, 0, trace.bits())).contains(trace.back());
            assertThat(trace.bits().text()).hasSize(trace.bits().width());
            if (grid instanceof UniformGrid uniform) {
                assertThat(trace.code()).isEqualTo(uniform.code(x));
                assertThat(trace.code())
                        .isEqualTo((int) Math.clamp(trace.rounded() + trace.zeroPoint(), trace.qmin(), trace.qmax()));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // 1.5 · 2^0: exponent 7, mantissa 100 of E4M3; 1/448 · 448 = 1.
        "fp8_e4m3fn, 1.5, 0 0111 100, 448",
        "fp8_e4m3fn, -448, 1 1111 110, 448",
        "fp8_e4m3fn, 0, 0 0000 000, 448",
        "fp8_e5m2, 6, 0 10001 10, 57344",
        "fp4_e2m1, -0.5, 1 00 1, 6",
        "fp4_e2m1, 6, 0 11 1, 6",
        "fp6_e2m3, 7.5, 0 11 111, 7.5"
    })
    void bitsOfFloatingPointFormatsAreThoseOfTheSpecification(String scheme, float x, String bits, float top) {
        QuantSpec spec = Quantizers.byId(scheme).adapt(QuantSpec.WEIGHTS);
        QuantParams params = spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(new ClipRange(-top, top)));
        ValueTrace trace = ValueTrace.of(spec, params, 0, x);

        assertThat(trace.scale()).isEqualTo(1);
        assertThat(trace.bits().text()).isEqualTo(bits.replace(" ", ""));
        assertThat(trace.bits().fields().stream().map(ValueTrace.Field::part))
                .containsExactly(ValueTrace.Part.SIGN, ValueTrace.Part.EXPONENT, ValueTrace.Part.MANTISSA);
        assertThat(Integer.toBinaryString(trace.bits().of(ValueTrace.Part.EXPONENT)))
                .isEqualTo(bits.split(" ", -1)[1].replaceFirst("^0+(?=.)", ""));
    }

    @Test
    void aFlippedBitIsAnotherValue() {
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(4);
        QuantParams params = spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(new ClipRange(-7, 7)));
        ValueTrace trace = ValueTrace.of(spec, params, 0, 3.2f);

        assertThat(trace.bits().text()).isEqualTo("0011");
        assertThat(ValueTrace.value(spec, params, 0, trace.bits().flipped(0))).contains(-5f);
        assertThat(ValueTrace.value(spec, params, 0, trace.bits().flipped(3))).contains(2f);
        assertThat(trace.error()).isCloseTo(-0.2, org.assertj.core.data.Offset.offset(1e-6));
    }

    @Test
    void aPatternThatIsNoNumberHasNoValue() {
        QuantSpec spec = Quantizers.byId("fp8_e4m3fn").adapt(QuantSpec.WEIGHTS);
        QuantParams params = spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(new ClipRange(-448, 448)));

        assertThat(ValueTrace.value(
                        spec,
                        params,
                        0,
                        ValueTrace.of(spec, params, 0, 448).bits().flipped(7)))
                .isEqualTo(Optional.empty());
    }

    @Test
    void whatIsNotFiniteIsRefused() {
        QuantSpec spec = QuantSpec.WEIGHTS;
        QuantParams params = params(spec);
        assertThatThrownBy(() -> ValueTrace.of(spec, params, 0, Float.NaN)).hasMessageStartingWith("value: ");
    }
}
