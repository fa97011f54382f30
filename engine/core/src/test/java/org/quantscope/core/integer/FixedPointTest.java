package org.quantscope.core.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FixedPointTest {
    private final Random random = new Random(3);

    @Test
    void aFactorIsTheNearestOfThirtyOneBits() {
        for (int i = 0; i < 2000; i++) {
            double factor = Math.scalb(1 + random.nextDouble(), random.nextInt(40) - 30);
            FixedPoint fixed = FixedPoint.of(factor);
            double kept = Math.scalb((double) fixed.multiplier(), fixed.shift() - 31);
            assertThat(Math.abs(kept / factor - 1)).isLessThanOrEqualTo(0x1p-31);
            assertThat(fixed.multiplier()).isGreaterThanOrEqualTo(1 << 30);
        }
        assertThat(FixedPoint.of(0)).isEqualTo(new FixedPoint(0, 0));
        assertThat(FixedPoint.of(Math.nextDown(1.0))).isEqualTo(new FixedPoint(1 << 30, 1));
        assertThat(FixedPoint.of(0x1p-40).multiplier()).isZero();
        assertThat(FixedPoint.of(Double.MIN_VALUE).multiplier()).isZero();
        assertThat(FixedPoint.of(0x1p40)).isEqualTo(new FixedPoint(Integer.MAX_VALUE, 30));
        assertThatThrownBy(() -> FixedPoint.of(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FixedPoint.of(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Each by exact arithmetic: where roundings happen and where halves go is all that tells them apart. */
    @Test
    void productsAreRoundedAsTheyAreSaidToBe() {
        for (int i = 0; i < 3000; i++) {
            FixedPoint fixed = new FixedPoint(
                    (1 << 30) + random.nextInt(1 << 30) & (i % 2 == 0 ? -1 : 0x7FF00000), -random.nextInt(12));
            int x = random.nextInt(1 << 22) - (1 << 21);
            BigDecimal product = new BigDecimal(BigInteger.valueOf(x).multiply(BigInteger.valueOf(fixed.multiplier())));
            int high = halvesUp(product.divide(two(31)));
            BigDecimal shifted = new BigDecimal(high).divide(two(-fixed.shift()));
            assertThat(fixed.roundedTwice(x))
                    .isEqualTo(shifted.setScale(0, RoundingMode.HALF_UP).intValueExact());
            assertThat(fixed.roundedTwiceUp(x)).isEqualTo(halvesUp(shifted));
            assertThat(fixed.roundedOnce(x)).isEqualTo(halvesUp(product.divide(two(31 - fixed.shift()))));
        }
    }

    @Test
    void halvesTellTheRoundingsApart() {
        FixedPoint half = FixedPoint.of(0.5);
        // −3 · ½ = −1.5, and −5 · ¼ = −1.25 becomes −1.5 after the first of two roundings to halves.
        assertThat(half.roundedOnce(-3)).isEqualTo(-1);
        assertThat(FixedPoint.of(0.25).roundedTwice(-6)).isEqualTo(-2);
        assertThat(FixedPoint.of(0.25).roundedTwiceUp(-6)).isEqualTo(-1);
        assertThat(FixedPoint.of(0.25).roundedOnce(-6)).isEqualTo(-1);
    }

    @Test
    void exponentialAndReciprocalAreCloseToTheRealOnes() {
        for (int i = 0; i < 2000; i++) {
            double x = -16 * random.nextDouble();
            double exact = Math.exp(x);
            assertThat(GemmlowpFixed.exponential((int) Math.round(x * (1 << 26))) * 0x1p-31 - exact)
                    .isBetween(-1e-6, 1e-6);
            double y = random.nextDouble();
            assertThat(GemmlowpFixed.reciprocalOfOnePlus((int) (y * Integer.MAX_VALUE)) * 0x1p-31 - 1 / (1 + y))
                    .isBetween(-1e-8, 1e-8);
        }
        assertThat(GemmlowpFixed.exponential(0)).isEqualTo(Integer.MAX_VALUE);
    }

    private static BigDecimal two(int exponent) {
        return new BigDecimal(BigInteger.ONE.shiftLeft(exponent));
    }

    private static int halvesUp(BigDecimal value) {
        return value.add(new BigDecimal("0.5")).setScale(0, RoundingMode.FLOOR).intValueExact();
    }
}
