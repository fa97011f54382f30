package org.quantscope.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorDataTest {
    private static TensorData bigEndian(DType dtype, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return new TensorData(dtype, MemorySegment.ofArray(bytes), ByteOrder.BIG_ENDIAN, bytes.length / dtype.bytes());
    }

    /** Expected values from the definitions of the formats: IEEE 754, bfloat16, and the FP8 formats of arXiv 2209.05433. */
    @ParameterizedTest
    @CsvSource({
        "F64, 3ff8000000000000, 1.5",
        "F64, 7fe0000000000000, Infinity",
        "F64, 36a0000000000000, 1.4E-45",
        "F32, 00000001, 1.4E-45",
        "F32, ff800000, -Infinity",
        "F32, 7fc00000, NaN",
        "F16, 3c01, 1.0009766",
        "F16, 7bff, 65504",
        "F16, 0001, 5.9604645E-8",
        "F16, fc00, -Infinity",
        "F16, 7e00, NaN",
        "BF16, 3f81, 1.0078125",
        "BF16, 7f7f, 3.3895314E38",
        "BF16, ff80, -Infinity",
        "BF16, 7fc0, NaN",
        "F8_E4M3, 01, 0.001953125",
        "F8_E4M3, 07, 0.013671875",
        "F8_E4M3, 08, 0.015625",
        "F8_E4M3, 7e, 448",
        "F8_E4M3, fe, -448",
        "F8_E4M3, 7f, NaN",
        "F8_E4M3, ff, NaN",
        "F8_E4M3, 80, -0.0",
        "F8_E5M2, 01, 1.5258789E-5",
        "F8_E5M2, 7b, 57344",
        "F8_E5M2, fc, -Infinity",
        "F8_E5M2, 7d, NaN",
        "I64, 7fffffffffffffff, 9.223372E18",
        "I64, 0000000001000001, 16777216",
        "U64, 8000000000000001, 9.223372E18",
        "U64, 8000008000000001, 9.223373E18",
        "I32, fffffffe, -2",
        "U32, fffffffe, 4.2949673E9",
        "I16, 8000, -32768",
        "U16, 8000, 32768",
        "I8, 80, -128",
        "U8, 80, 128",
        "BOOL, 02, 1",
        "BOOL, 00, 0"
    })
    void everyTypeBecomesTheNearestFloat(DType dtype, String hex, float expected) {
        assertThat(bigEndian(dtype, hex).toFloats()).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "I64, 8000000000000000, -9223372036854775808",
        "U64, 0000000001000001, 16777217",
        "I32, fffffffe, -2",
        "U32, fffffffe, 4294967294",
        "I16, 8000, -32768",
        "U16, 8000, 32768",
        "I8, 80, -128",
        "U8, 80, 128",
        "BOOL, 02, 1"
    })
    void integersAreExact(DType dtype, String hex, long expected) {
        assertThat(bigEndian(dtype, hex).integer(0)).isEqualTo(expected);
    }

    @Test
    void aRangeIsCopiedToItsPlace() {
        float[] out = {9, 9, 9, 9};

        TensorData.of(new float[] {1, 2, 3, 4}).read(1, out, 2, 2);

        assertThat(out).containsExactly(9, 9, 2, 3);
    }

    @Test
    void rangesOutsideTheTensorOrTheArrayAreRefused() {
        TensorData data = TensorData.of(new float[] {1, 2});

        assertThatThrownBy(() -> data.read(1, new float[4], 0, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> data.read(-1, new float[4], 0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> data.read(0, new float[1], 0, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> data.integer(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> bigEndian(DType.I8, "00").integer(1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void countsThatDoNotFitTheBytesAreRefused() {
        assertThatThrownBy(
                        () -> new TensorData(DType.F32, MemorySegment.ofArray(new byte[7]), ByteOrder.LITTLE_ENDIAN, 2))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() ->
                        new TensorData(DType.F32, MemorySegment.ofArray(new byte[7]), ByteOrder.LITTLE_ENDIAN, -1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TensorData.unread(DType.F32, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void unreadValuesHaveATypeAndACountOnly() {
        TensorData data = TensorData.unread(DType.F16, 5);

        assertThat(data.dtype()).isEqualTo(DType.F16);
        assertThat(data.count()).isEqualTo(5);
        assertThat(data.isRead()).isFalse();
        assertThatThrownBy(data::segment).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(data::toFloats).isInstanceOf(IllegalStateException.class);
    }
}
