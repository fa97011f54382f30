package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** Add, Sub, Mul and Div of two values, either broadcast over the other. */
final class Binary implements Operation {
    enum Kind {
        ADD,
        SUB,
        MUL,
        DIV
    }

    private final Kind kind;
    private final int a;
    private final int b;
    private final int out;
    private final int @Nullable [] fromA;
    private final int @Nullable [] fromB;

    Binary(Kind kind, int a, int[] aDims, int b, int[] bDims, int out, int[] outDims) {
        this.kind = kind;
        this.a = a;
        this.b = b;
        this.out = out;
        this.fromA = Dims.broadcast(aDims, outDims);
        this.fromB = Dims.broadcast(bDims, outDims);
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(a);
        float[] y = tape.value(b);
        float[] z = tape.value(out);
        if (kind == Kind.ADD && fromA == null && fromB == null) {
            for (int i = 0; i < z.length; i++) {
                z[i] = x[i] + y[i];
            }
            return;
        }
        for (int i = 0; i < z.length; i++) {
            float p = x[fromA == null ? i : fromA[i]];
            float q = y[fromB == null ? i : fromB[i]];
            z[i] = switch (kind) {
                case ADD -> p + q;
                case SUB -> p - q;
                case MUL -> p * q;
                case DIV -> p / q;
            };
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        if (given == null) {
            return;
        }
        float[] x = tape.value(a);
        float[] y = tape.value(b);
        float @Nullable [] backA = tape.gradient(a);
        float @Nullable [] backB = tape.gradient(b);
        if (kind == Kind.ADD) {
            pass(given, backA, fromA);
            pass(given, backB, fromB);
            return;
        }
        for (int i = 0; i < given.length; i++) {
            int p = fromA == null ? i : fromA[i];
            int q = fromB == null ? i : fromB[i];
            float g = given[i];
            if (backA != null) {
                backA[p] += switch (kind) {
                    case ADD, SUB -> g;
                    case MUL -> g * y[q];
                    case DIV -> g / y[q];
                };
            }
            if (backB != null) {
                backB[q] += switch (kind) {
                    case ADD -> g;
                    case SUB -> -g;
                    case MUL -> g * x[p];
                    case DIV -> -g * x[p] / (y[q] * y[q]);
                };
            }
        }
    }

    private static void pass(float[] given, float @Nullable [] back, int @Nullable [] from) {
        if (back == null) {
            return;
        }
        if (from == null) {
            for (int i = 0; i < given.length; i++) {
                back[i] += given[i];
            }
        } else {
            for (int i = 0; i < given.length; i++) {
                back[from[i]] += given[i];
            }
        }
    }
}
