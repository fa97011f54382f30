package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** MatMul and Gemm: products of matrices, each one or a stack of them. */
final class MatrixProduct implements Operation {
    private final int a;
    private final boolean ta;
    private final int b;
    private final boolean tb;
    private final int out;
    private final int m;
    private final int n;
    private final int k;
    /** For each product of the stack, which matrix of {@code a} it reads. */
    private final int[] fromA;

    private final int[] fromB;

    /**
     * @param fromA for each product of the stack, which matrix of {@code a} it reads; {@code fromB} likewise
     */
    MatrixProduct(int a, boolean ta, int b, boolean tb, int out, int m, int n, int k, int[] fromA, int[] fromB) {
        this.a = a;
        this.ta = ta;
        this.b = b;
        this.tb = tb;
        this.out = out;
        this.m = m;
        this.n = n;
        this.k = k;
        this.fromA = fromA;
        this.fromB = fromB;
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(a);
        float[] y = tape.value(b);
        float[] z = tape.value(out);
        if (fromA.length == 1) {
            Products.product(ta, x, tb, y, m, n, k, false, z);
            return;
        }
        for (int i = 0; i < fromA.length; i++) {
            Products.product(ta, x, fromA[i] * m * k, tb, y, fromB[i] * n * k, m, n, k, false, z, i * m * n);
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        if (given == null) {
            return;
        }
        float @Nullable [] backA = tape.gradient(a);
        float @Nullable [] backB = tape.gradient(b);
        float[] x = tape.value(a);
        float[] y = tape.value(b);
        for (int i = 0; i < fromA.length; i++) {
            int atA = fromA[i] * m * k;
            int atB = fromB[i] * n * k;
            int at = i * m * n;
            if (backA != null) {
                if (ta) {
                    back(tb, y, atB, true, given, at, k, m, n, backA, atA);
                } else {
                    back(false, given, at, !tb, y, atB, m, k, n, backA, atA);
                }
            }
            if (backB != null) {
                if (tb) {
                    back(true, given, at, ta, x, atA, n, k, m, backB, atB);
                } else {
                    back(!ta, x, atA, false, given, at, k, n, m, backB, atB);
                }
            }
        }
    }

    private void back(
            boolean tp,
            float[] p,
            int pAt,
            boolean tq,
            float[] q,
            int qAt,
            int rows,
            int columns,
            int inner,
            float[] to,
            int at) {
        if (fromA.length == 1) {
            Products.product(tp, p, tq, q, rows, columns, inner, true, to);
        } else {
            Products.product(tp, p, pAt, tq, q, qAt, rows, columns, inner, true, to, at);
        }
    }
}
