package org.quantscope.core.sketch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.BFloat16;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorData;

class ValueFiguresTest {
    @ParameterizedTest
    @CsvSource({"F16, true", "F16, false", "BF16, true", "BF16, false"})
    void countedPatternsGiveTheFiguresOfTheValues(DType type, boolean little) {
        ByteOrder order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        ValueLayout.OfShort layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
        Random random = new Random(1);
        int n = 70_001;
        MemorySegment segment = MemorySegment.ofArray(new byte[2 * n]);
        double sum = 0;
        double squares = 0;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            float v = i < 3
                    ? Float.NaN
                    : i < 8 ? Float.NEGATIVE_INFINITY : i < 20 ? -0f : (float) random.nextGaussian() + 1;
            short bits = type == DType.F16 ? Float.floatToFloat16(v) : BFloat16.of(v);
            float stored = type == DType.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
            segment.set(layout, 2L * i, bits);
            if (i >= 8) {
                sum += stored;
                squares += (double) stored * stored;
                max = Math.max(max, stored);
            }
        }
        double mean = sum / (n - 8);

        ValueFigures got = ValueFigures.of(new TensorData(type, segment, order, n), new CancelToken());

        assertThat(got.count()).isEqualTo(n - 8);
        assertThat(got.nan()).isEqualTo(3);
        assertThat(got.inf()).isEqualTo(5);
        assertThat(got.zeros()).isGreaterThanOrEqualTo(12).isLessThan(200);
        assertThat(got.max()).isEqualTo(max);
        assertThat(got.mean()).isCloseTo(mean, within(1e-9));
        assertThat(got.std()).isCloseTo(Math.sqrt(squares / (n - 8) - mean * mean), within(1e-9));
    }

    /** Far from 0 with a small spread, where a sum of squares alone would lose it; and over the end of a part. */
    @ParameterizedTest
    @CsvSource({"0, 1, true", "10000, 0.5, true", "-3, 100, false"})
    void summedChunksGiveTheFiguresOfTheValues(float middle, float width, boolean little) {
        ByteOrder order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        ValueLayout.OfFloat layout = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order);
        Random random = new Random(2);
        int n = (1 << 20) + 70_001;
        MemorySegment segment = MemorySegment.ofArray(new byte[4 * n]);
        double[] values = new double[n];
        int finite = 0;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float v = i % 300_007 == 5
                    ? Float.NaN
                    : i % 200_003 == 7
                            ? Float.POSITIVE_INFINITY
                            : i % 100_003 == 9 ? -0f : middle + width * (float) random.nextGaussian();
            segment.set(layout, 4L * i, v);
            if (Float.isFinite(v)) {
                values[finite++] = v;
                sum += v;
            }
        }
        double mean = sum / finite;
        double squares = 0;
        double min = values[0];
        double max = values[0];
        for (int i = 0; i < finite; i++) {
            squares += (values[i] - mean) * (values[i] - mean);
            min = Math.min(min, values[i]);
            max = Math.max(max, values[i]);
        }

        ValueFigures got = ValueFigures.of(new TensorData(DType.F32, segment, order, n), new CancelToken());

        assertThat(got.count()).isEqualTo(finite);
        assertThat(got.nan()).isEqualTo(4);
        assertThat(got.inf()).isEqualTo(6);
        assertThat(got.zeros()).isEqualTo(12);
        assertThat((double) got.min()).isEqualTo(min);
        assertThat((double) got.max()).isEqualTo(max);
        assertThat(got.mean()).isCloseTo(mean, withinPercentage(1e-9));
        assertThat(got.std()).isCloseTo(Math.sqrt(squares / finite), withinPercentage(1e-7));
    }
}
