package org.quantscope.core.integer;

import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.integer.IntegerOp.Clamp;
import org.quantscope.core.integer.Requantizer.Limits;
import org.quantscope.core.tensor.DType;

/** Functions of single values, limits, and conversions. */
final class Pointwise {
    private Pointwise() {}

    @FunctionalInterface
    private interface Code {
        int of(int code);
    }

    private static IntegerTensor each(IntegerTensor x, IntegerGraph.Slot out, Code code) {
        int[] codes = new int[x.codes().length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = code.of(x.codes()[i]);
        }
        return IntegerTensor.codes(out.type(), x.shape(), out.grid(), codes);
    }

    /**
     * A function by its table of all 8-bit codes: the float32 function of each value, put on the grid of the result. TFLite
     * rounds halves away from zero (kernels/internal/common.h, LUTPopulate), ONNX Runtime to even
     * (contrib_ops/cpu/quantization/qlinear_lookup_table.cc).
     */
    static Kernel function(
            Arithmetic arithmetic, IntegerOp.Pointwise op, DType type, CodeGrid in, IntegerGraph.Slot out) {
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        if (type.bytes() != 1) {
            throw new IllegalArgumentException(op.function() + " of " + type + " codes");
        }
        Limits limits = Limits.of(out.type(), grid, Activation.NONE);
        int least = IntegerTensor.least(type);
        int[] table = new int[256];
        if (op.function() == IntegerOp.Function.LEAKY_RELU && arithmetic != Arithmetic.ONNX_RUNTIME) {
            leaky(op.alpha(), in, grid, limits, least, table);
        } else {
            float inverse = 1 / grid.scale();
            for (int i = 0; i < 256; i++) {
                float value = apply(op, in.scale() * (least + i - in.zeroPoint()));
                long code = arithmetic == Arithmetic.ONNX_RUNTIME
                        ? (long) Math.rint(value / grid.scale())
                        : FixedPoint.roundAway(value * inverse);
                table[i] = limits.hold(code + grid.zeroPoint());
            }
        }
        return inputs -> each(Accumulation.present(inputs[0]), out, code -> table[code - least]);
    }

    /** Two factors, one for each side of zero (reference_ops, QuantizeLeakyRelu). */
    private static void leaky(float alpha, CodeGrid in, CodeGrid out, Limits limits, int least, int[] table) {
        double identity = (double) in.scale() / out.scale();
        boolean negative = alpha < 0;
        FixedPoint above = FixedPoint.of(identity);
        FixedPoint below = FixedPoint.of(Math.abs(in.scale() * alpha / (double) out.scale()));
        for (int i = 0; i < 256; i++) {
            int x = least + i - in.zeroPoint();
            int y = x >= 0 ? above.roundedTwice(x) : (negative ? -1 : 1) * below.roundedTwice(x);
            table[i] = limits.hold((long) y + out.zeroPoint());
        }
    }

    /** The function in float32. */
    static float apply(IntegerOp.Pointwise op, float x) {
        return switch (op.function()) {
            case LOGISTIC -> 1 / (1 + (float) Math.exp(-x));
            case TANH -> (float) Math.tanh(x);
            case LEAKY_RELU -> x < 0 ? x * op.alpha() : x;
            case HARD_SWISH -> x * Math.min(6, Math.max(0, x + 3)) / 6;
            case HARD_SIGMOID -> Math.max(0, Math.min(1, op.alpha() * x + op.beta()));
            case ELU -> x < 0 ? (float) Math.expm1(x) : x;
            case EXP -> (float) Math.exp(x);
            case SQRT -> (float) Math.sqrt(x);
            case RSQRT -> (float) (1 / Math.sqrt(x));
            case GELU -> (float) (x * 0.5 * (1 + erf(x / Math.sqrt(2))));
            case ERF -> (float) erf(x);
        };
    }

    /** The error function by its series and continued fraction; errors below 1e−14. */
    private static double erf(double x) {
        double a = Math.abs(x);
        if (a < 2.5) {
            double term = a;
            double sum = a;
            for (int n = 1; n < 80; n++) {
                term *= -a * a / n;
                sum += term / (2 * n + 1);
            }
            return Math.signum(x) * 2 / Math.sqrt(Math.PI) * sum;
        }
        double fraction = 0;
        for (int n = 60; n > 0; n--) {
            fraction = n / 2.0 / (a + fraction);
        }
        return Math.signum(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
    }

    /** Limits as an operator of its own: to the grid of the result first (activations.cc, QuantizedReluX). */
    static Kernel clamp(Arithmetic arithmetic, Clamp op, CodeGrid in, IntegerGraph.Slot out) {
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        Limits limits = Limits.of(out.type(), grid, op.activation());
        Requantizer requantizer = between(arithmetic, in, grid, limits);
        return inputs -> each(Accumulation.present(inputs[0]), out, code -> requantizer.code(code - in.zeroPoint(), 0));
    }

    private static Requantizer between(Arithmetic arithmetic, CodeGrid in, CodeGrid out, Limits limits) {
        if (arithmetic == Arithmetic.ONNX_RUNTIME) {
            // Dequantized, then quantized: two operators of float32.
            return (x, channel) -> limits.hold((long) Math.rint(in.scale() * x / out.scale()) + out.zeroPoint());
        }
        FixedPoint factor = FixedPoint.of((double) in.scale() / out.scale());
        return Requantizer.fixed(new FixedPoint[] {factor}, Requantizer.Rounds.TWICE, out.zeroPoint(), limits);
    }

    /**
     * Float values to codes, codes to float values, or codes to codes. To codes: TFLite rounds the quotient away from zero
     * (AffineQuantize), ONNX Runtime to even.
     */
    static Kernel convert(Arithmetic arithmetic, IntegerGraph.Slot in, IntegerGraph.Slot out) {
        boolean fromReal = in.type() == DType.F32;
        boolean toReal = out.type() == DType.F32;
        if (fromReal && toReal) {
            return inputs -> Accumulation.present(inputs[0]);
        }
        if (toReal) {
            return inputs -> {
                IntegerTensor x = Accumulation.present(inputs[0]);
                return IntegerTensor.reals(x.shape(), x.values());
            };
        }
        CodeGrid grid = out.grid().orElseThrow(() -> new IllegalArgumentException("no grid of the result"));
        if (!grid.single()) {
            throw new IllegalArgumentException("a result with " + grid.scales().length + " scales");
        }
        Limits limits = Limits.of(out.type(), grid, Activation.NONE);
        if (fromReal) {
            return inputs -> {
                IntegerTensor x = Accumulation.present(inputs[0]);
                int[] codes = new int[x.reals().length];
                for (int i = 0; i < codes.length; i++) {
                    float quotient = x.reals()[i] / grid.scale();
                    double rounded = arithmetic == Arithmetic.ONNX_RUNTIME
                            ? Math.rint(quotient)
                            : Math.copySign(Math.floor(Math.abs((double) quotient) + 0.5), quotient);
                    codes[i] = (int) Math.max(limits.least(), Math.min(limits.most(), rounded + grid.zeroPoint()));
                }
                return IntegerTensor.codes(out.type(), x.shape(), out.grid(), codes);
            };
        }
        CodeGrid from = in.grid().orElseThrow(() -> new IllegalArgumentException("no grid of what comes in"));
        Requantizer requantizer = between(arithmetic, from, grid, limits);
        return inputs ->
                each(Accumulation.present(inputs[0]), out, code -> requantizer.code(code - from.zeroPoint(), 0));
    }
}
