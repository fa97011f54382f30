package org.quantscope.core.gguf;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.DType;

/**
 * The types of tensors in GGUF files, with the numbers that the files use for them (ggml, {@code enum ggml_type} and its
 * table of type traits).
 *
 * <p>A type is either of single values, coded in blocks that are decoded, or known by its size only: the codes of IQ1, IQ2
 * and IQ3 are rows of tables that belong to another project.
 */
public enum GgmlType {
    F32(0, DType.F32),
    F16(1, DType.F16),
    Q4_0(2, 32, 18, Blocks::q40, 32, "(q - 8) · d"),
    Q4_1(3, 32, 20, Blocks::q41, 32, "q · d + m"),
    Q5_0(6, 32, 22, Blocks::q50, 32, "(q - 16) · d"),
    Q5_1(7, 32, 24, Blocks::q51, 32, "q · d + m"),
    Q8_0(8, 32, 34, Blocks::q80, 32, "q · d"),
    Q8_1(9, 32, 36, Blocks::q81, 32, "q · d"),
    Q2_K(10, 256, 84, Blocks::q2k, 16, "(d · scale) · q - dmin · min"),
    Q3_K(11, 256, 110, Blocks::q3k, 16, "(d · (scale - 32)) · q"),
    Q4_K(12, 256, 144, Blocks::q4k, 32, "(d · scale) · q - dmin · min"),
    Q5_K(13, 256, 176, Blocks::q5k, 32, "(d · scale) · q - dmin · min"),
    Q6_K(14, 256, 210, Blocks::q6k, 16, "(d · scale) · (q - 32)"),
    Q8_K(15, 256, 292, Blocks::q8k, 256, "q · d"),
    IQ2_XXS(16, 256, 66),
    IQ2_XS(17, 256, 74),
    IQ3_XXS(18, 256, 98),
    IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18, Blocks::iq4nl, 32, "codebook(q) · d"),
    IQ3_S(21, 256, 110),
    IQ2_S(22, 256, 82),
    IQ4_XS(23, 256, 136, Blocks::iq4xs, 32, "(d · (scale - 32)) · codebook(q)"),
    I8(24, DType.I8),
    I16(25, DType.I16),
    I32(26, DType.I32),
    I64(27, DType.I64),
    F64(28, DType.F64),
    IQ1_M(29, 256, 56),
    BF16(30, DType.BF16),
    TQ1_0(34, 256, 54, Blocks::tq10, 256, "(digit - 1) · d"),
    TQ2_0(35, 256, 66, Blocks::tq20, 256, "(q - 1) · d"),
    MXFP4(39, 32, 17, Blocks::mxfp4, 32, "E2M1(q) · 2^(e - 127)"),
    NVFP4(40, 64, 36, Blocks::nvfp4, 16, "E2M1(q) · E4M3(scale)"),
    Q1_0(41, 128, 18, Blocks::q10, 128, "±d"),
    Q2_0(42, 64, 18, Blocks::q20, 64, "(q - 1) · d");

    private static final Map<Integer, GgmlType> BY_NUMBER =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(GgmlType::number, Function.identity()));

    private final int number;
    private final int blockValues;
    private final int blockBytes;
    private final @Nullable DType dtype;

    /** Immutable. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final @Nullable BlockFormat format;

    GgmlType(int number, DType dtype) {
        this.number = number;
        this.blockValues = 1;
        this.blockBytes = dtype.bytes();
        this.dtype = dtype;
        this.format = null;
    }

    GgmlType(int number, int blockValues, int blockBytes, Blocks.Decoder decoder, int group, String formula) {
        this.number = number;
        this.blockValues = blockValues;
        this.blockBytes = blockBytes;
        this.dtype = null;
        this.format = new Blocks.Format(
                name(), blockValues, blockBytes, group, formula, decoder, Blocks.codes(name()), Blocks.scales(name()));
    }

    GgmlType(int number, int blockValues, int blockBytes) {
        this.number = number;
        this.blockValues = blockValues;
        this.blockBytes = blockBytes;
        this.dtype = null;
        this.format = null;
    }

    /** The type of that number; empty if ggml has none, or has withdrawn it. */
    public static Optional<GgmlType> of(int number) {
        return Optional.ofNullable(BY_NUMBER.get(number));
    }

    /** The number of the type in files. */
    public int number() {
        return number;
    }

    /** The number of values in a block, 1 if each is stored by itself. */
    public int blockValues() {
        return blockValues;
    }

    /** The number of bytes of a block. */
    public int blockBytes() {
        return blockBytes;
    }

    /** The bits of a value, scales included. */
    public double bitsPerWeight() {
        return 8.0 * blockBytes / blockValues;
    }

    /** The type of single values; empty if they are coded in blocks. */
    public Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** How blocks are decoded; empty for single values, and for blocks that are not decoded. */
    public Optional<BlockFormat> format() {
        return Optional.ofNullable(format);
    }

    /** True if tensors of this type can be opened. */
    public boolean isRead() {
        return dtype != null || format != null;
    }
}
