package org.quantscope.core.convert;

import static org.quantscope.core.convert.Wiring.integer;
import static org.quantscope.core.convert.Wiring.number;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOptions.Activation;
import org.quantscope.core.tflite.LiteOptions.Arithmetic;
import org.quantscope.core.tflite.LiteOptions.Gelu;
import org.quantscope.core.tflite.LiteOptions.LeakyRelu;
import org.quantscope.core.tflite.LiteOptions.LocalResponse;
import org.quantscope.core.tflite.LiteOptions.Softmax;

/** Operators that compute value by value, or along the channels. */
final class Pointwise {
    private Pointwise() {}

    /** An operator of one input that ONNX has, too. */
    static Rule one(String type, AttributeProto... attributes) {
        return (w, op) -> {
            int x = w.input(op, 0);
            w.put(op, type, List.of(w.value(x)), w.result(w.output(op), w.inPlanes(x)), attributes);
        };
    }

    /** A clamp. */
    static Rule activation(Activation activation) {
        return (w, op) -> {
            int x = w.input(op, 0);
            w.activate(op, activation, w.value(x), w.result(w.output(op), w.inPlanes(x)));
        };
    }

    /** An operator of several inputs that are joined value by value, shorter ones repeated. */
    static Rule several(String type) {
        return (w, op) -> {
            boolean planes = inPlanes(w, op);
            Activation activation = op.options() instanceof Arithmetic a ? a.activation() : Activation.NONE;
            w.put(op, planes, activation, type, inputs(w, op, planes));
        };
    }

    /** True if a picture among the inputs is computed as planes, and all that is computed is a picture. */
    private static boolean inPlanes(Wiring w, LiteOperator op) {
        boolean some = false;
        for (int i = 0; i < op.inputs().size(); i++) {
            int t = w.input(op, i);
            if (!w.isConstant(t)) {
                if (w.rank(t) != 4) {
                    return false;
                }
                some |= w.inPlanes(t);
            }
        }
        return some && w.rank(w.output(op)) == 4;
    }

    private static List<String> inputs(Wiring w, LiteOperator op, boolean planes) {
        List<String> inputs = new ArrayList<>();
        int rank = w.rank(w.output(op));
        for (int i = 0; i < op.inputs().size(); i++) {
            int t = w.input(op, i);
            if (w.rank(t) < rank) {
                // Its first axis is joined with another one than that of the batch.
                w.alongAxis(t, 0);
            }
            inputs.add(!planes ? w.file(t) : w.isConstant(t) ? w.constantForPlanes(t) : w.planes(t));
        }
        return inputs;
    }

    /** (a − b)². */
    static void squaredDifference(Wiring w, LiteOperator op) {
        boolean planes = inPlanes(w, op);
        int y = w.output(op);
        String difference = w.put(op, "Sub", inputs(w, op, planes), w.between(y, "difference"));
        w.put(op, "Mul", List.of(difference, difference), w.result(y, planes));
    }

    static void square(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        w.put(op, "Mul", List.of(w.value(x), w.value(x)), w.result(w.output(op), w.inPlanes(x)));
    }

    static void rsqrt(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        String root = w.put(op, "Sqrt", List.of(w.value(x)), w.between(y, "root"));
        w.put(op, "Reciprocal", List.of(root), w.result(y, w.inPlanes(x)));
    }

    static void notEqual(Wiring w, LiteOperator op) {
        boolean planes = inPlanes(w, op);
        int y = w.output(op);
        w.put(
                op,
                "Not",
                List.of(w.put(op, "Equal", inputs(w, op, planes), w.between(y, "equal"))),
                w.result(y, planes));
    }

    static void leakyRelu(Wiring w, LiteOperator op) {
        one("LeakyRelu", number("alpha", ((LeakyRelu) op.options()).alpha())).wire(w, op);
    }

    /** x/2 · (1 + erf(x/√2)), or x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
    static void gelu(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        String in = w.value(x);
        String inner;
        if (((Gelu) op.options()).approximate()) {
            String square = w.put(op, "Mul", List.of(in, in), w.between(y, "square"));
            String part = w.put(op, "Mul", List.of(square, w.scalar(0.044715f)), w.between(y, "part of the square"));
            String more = w.put(op, "Add", List.of(part, w.scalar(1)), w.between(y, "factor"));
            String times = w.put(op, "Mul", List.of(in, more), w.between(y, "bent"));
            String scaled =
                    w.put(op, "Mul", List.of(times, w.scalar((float) Math.sqrt(2 / Math.PI))), w.between(y, "scaled"));
            inner = w.put(op, "Tanh", List.of(scaled), w.between(y, "tanh"));
        } else {
            String scaled = w.put(op, "Mul", List.of(in, w.scalar((float) Math.sqrt(0.5))), w.between(y, "scaled"));
            inner = w.put(op, "Erf", List.of(scaled), w.between(y, "erf"));
        }
        String one = w.put(op, "Add", List.of(inner, w.scalar(1)), w.between(y, "gate"));
        String gated = w.put(op, "Mul", List.of(in, one), w.between(y, "gated"));
        w.put(op, "Mul", List.of(gated, w.scalar(0.5f)), w.result(y, w.inPlanes(x)));
    }

    static void softmax(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        float beta = ((Softmax) op.options()).beta();
        boolean planes = w.inPlanes(x) && w.rank(x) == 4;
        String in = planes ? w.planes(x) : w.file(x);
        w.check(w.rank(x) > 0, "it reads a number");
        w.alongAxis(x, w.rank(x) - 1);
        if (beta != 1) {
            in = w.put(op, "Mul", List.of(in, w.scalar(beta)), w.between(y, "times beta"));
        }
        w.put(op, "Softmax", List.of(in), w.result(y, planes), integer("axis", planes ? 1 : -1));
    }

    static void logSoftmax(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        w.alongAxis(x, w.rank(x) - 1);
        w.put(op, "LogSoftmax", List.of(w.file(x)), w.result(w.output(op), false), integer("axis", -1));
    }

    /** x / √max(Σx², 10⁻⁶) over the last axis (tensorflow/lite/kernels/internal/reference/l2normalization.h). */
    static void l2Normalization(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        w.alongAxis(x, w.rank(x) - 1);
        String in = w.file(x);
        String sum = w.put(
                op,
                "ReduceSumSquare",
                List.of(in),
                w.between(y, "sum of squares"),
                Wiring.ints("axes", -1),
                integer("keepdims", 1));
        String least = w.put(op, "Max", List.of(sum, w.scalar(1e-6f)), w.between(y, "at least 1e-6"));
        String root = w.put(op, "Sqrt", List.of(least), w.between(y, "length"));
        w.put(op, "Div", List.of(in, root), w.result(y, false));
    }

    /** ONNX divides alpha by the number of channels, TensorFlow Lite does not. */
    static void localResponse(Wiring w, LiteOperator op) {
        LocalResponse o = (LocalResponse) op.options();
        int x = w.input(op, 0);
        w.check(o.radius() >= 0 && o.radius() < 1 << 20, "the radius " + o.radius() + " is none");
        int size = 2 * o.radius() + 1;
        w.put(
                op,
                "LRN",
                List.of(w.planes(x)),
                w.result(w.output(op), true),
                integer("size", size),
                number("alpha", o.alpha() * size),
                number("beta", o.beta()),
                number("bias", o.bias()));
    }

    /** Whole numbers that stay as they are, and conversions. */
    static void cast(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        int to = w.type(y);
        w.check(w.tensor(x).quantization().isEmpty(), "it reads the codes of " + w.name(x));
        boolean same = w.type(x) == to && to == TensorProto.DataType.FLOAT_VALUE;
        w.put(
                op,
                same ? "Identity" : "Cast",
                List.of(w.value(x)),
                w.result(y, w.inPlanes(x)),
                same ? new AttributeProto[0] : new AttributeProto[] {integer("to", to)});
    }
}
