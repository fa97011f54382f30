package org.quantscope.core.rounding;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;

/**
 * What one layer reads, as the second moments H = E[x xᵀ] of its inputs in the float model, over all samples and
 * positions: enough for the mean squared error at its output for any change ΔW of its weights, tr(ΔW H ΔWᵀ) over the
 * number of outputs, without running the model (Nagel et al. 2020, arXiv 2004.10568, equation 7). Immutable; thread safe.
 *
 * <p>The layer is a matrix of {@code groups·rows} rows, one for each output channel, and {@code columns} inputs of each:
 * for a convolution the input channels of a group times the positions of the kernel. Where H would not fit in memory only
 * blocks of its diagonal are kept; errors are then those of inputs that are uncorrelated between blocks.
 */
public final class LayerMoments {
    /** From this many products on the work is shared out to all cores. */
    private static final long MANY = 1 << 20;

    private final int groups;
    private final int rows;
    private final int columns;
    private final boolean columnsFirst;
    private final double factor;
    private final long count;
    /** For each group the blocks of the diagonal, all of the same size. */
    private final List<SymmetricForm> forms;

    private final int blocks;

    /**
     * @param rows output channels of one group
     * @param columnsFirst true if the weight is stored as [columns, rows]
     * @param factor of the output, such as the alpha of a Gemm
     * @param sums one set of moments for each block of each group, block after block; the last block of a group may
     *     reach beyond the columns, where nothing is read
     */
    public static LayerMoments of(int rows, int columns, boolean columnsFirst, double factor, int groups, Sums sums) {
        return new LayerMoments(rows, columns, columnsFirst, factor, groups, sums);
    }

    /** Moments that several layers may share, because they read the same. */
    public static final class Sums {
        private final List<SymmetricForm> forms;
        private final long count;

        private Sums(List<SymmetricForm> forms, long count) {
            this.forms = forms;
            this.count = count;
        }

        /** @param seen its groups are the blocks of all groups */
        public static Sums of(InputMoments seen) {
            List<SymmetricForm> forms = new ArrayList<>();
            for (int g = 0; g < seen.groups(); g++) {
                forms.add(seen.form(g));
            }
            return new Sums(List.copyOf(forms), seen.count());
        }
    }

    /** The bytes that moments take. */
    public static long bytes(int groups, int columns, int block) {
        return Math.ceilDivExact((long) columns, (long) block) * groups * SymmetricForm.length(block) * Float.BYTES;
    }

    private LayerMoments(int rows, int columns, boolean columnsFirst, double factor, int groups, Sums sums) {
        this.groups = groups;
        this.rows = rows;
        this.columns = columns;
        this.columnsFirst = columnsFirst;
        this.factor = factor * factor;
        this.forms = sums.forms;
        this.count = sums.count;
        blocks = forms.size() / groups;
        if (blocks * groups != forms.size() || (long) blocks * forms.getFirst().size() < columns) {
            throw new IllegalArgumentException("sums: " + forms.size() + " blocks of "
                    + forms.getFirst().size() + " for " + groups + " groups of " + columns + " columns");
        }
    }

    /** Output channels, of all groups. */
    public int rows() {
        return groups * rows;
    }

    /** Inputs of one output channel. */
    public int columns() {
        return columns;
    }

    /** Inputs seen: samples times positions. */
    public long count() {
        return count;
    }

    /** True if H is whole; false if only blocks of its diagonal were kept. */
    public boolean isWhole() {
        return blocks == 1;
    }

    /** The columns of one block of the diagonal; all if H is whole. */
    public int block() {
        return Math.min(columns, forms.getFirst().size());
    }

    /** Multiplications for the error of one row. */
    public long work() {
        return (long) columns * block() / 2;
    }

    /** Where the weight of a row and a column lies in storage. */
    public int stored(int row, int column) {
        return columnsFirst ? column * rows() + row : row * columns + column;
    }

    /** The row of a weight by its place in storage. */
    public int row(long stored) {
        return (int) (columnsFirst ? stored % rows() : stored / columns);
    }

    public int column(long stored) {
        return (int) (columnsFirst ? stored / rows() : stored % columns);
    }

    /** [rows·columns] of an array in storage order, which is not copied if it lies so already. */
    public float[] rows(float[] stored) {
        if (!columnsFirst) {
            return stored;
        }
        float[] out = new float[stored.length];
        int n = rows();
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < n; r++) {
                out[r * columns + c] = stored[c * n + r];
            }
        }
        return out;
    }

    /**
     * The mean square of what a change of the weights does to each output.
     *
     * @param change [rows·columns]
     * @return for each row, not below 0
     */
    public double[] errors(float[] change, CancelToken cancel) {
        double[] errors = new double[rows()];
        int step = rows() * work() < MANY ? rows() : Math.clamp(rows() / 16, 8, 64);
        IntStream parts = IntStream.range(0, Math.ceilDiv(rows(), step));
        (rows() * work() < MANY ? parts : parts.parallel()).forEach(part -> {
            cancel.check();
            int from = part * step;
            errors(change, from * columns, from, Math.min(step, rows() - from), errors, from);
        });
        return errors;
    }

    /**
     * The same for some successive rows.
     *
     * @param change the changes of these rows, from {@code at} on
     * @param errors takes them, from {@code to} on
     */
    public void errors(float[] change, int at, int from, int n, double[] errors, int to) {
        for (int r = 0; r < n; ) {
            int end = Math.min(n, ((from + r) / rows + 1) * rows - from);
            errorsOf(from + r, change, at + r * columns, end - r, errors, to + r);
            r = end;
        }
    }

    /**
     * The same for several changes of one row.
     *
     * @param changes [n·columns]
     * @param errors takes that of each change, from 0 on
     */
    public void errorsOf(int row, float[] changes, int n, double[] errors) {
        errorsOf(row, changes, 0, n, errors, 0);
    }

    private void errorsOf(int row, float[] changes, int at, int n, double[] errors, int to) {
        java.util.Arrays.fill(errors, to, to + n, 0);
        for (int b = 0; b < blocks; b++) {
            SymmetricForm form = forms.get(row / rows * blocks + b);
            int first = b * form.size();
            if (first + form.size() <= columns) {
                form.add(changes, at + first, columns, n, errors, to);
            } else {
                addCut(form, changes, at + first, columns - first, n, errors, to);
            }
        }
        for (int i = to; i < to + n; i++) {
            errors[i] = Math.max(0, errors[i]) * factor;
        }
    }

    /** A last block that reaches beyond the columns. */
    private void addCut(SymmetricForm form, float[] change, int at, int length, int n, double[] errors, int to) {
        float[] d = new float[n * form.size()];
        for (int r = 0; r < n; r++) {
            System.arraycopy(change, at + r * columns, d, r * form.size(), length);
        }
        form.add(d, 0, form.size(), n, errors, to);
    }

    /** H of some columns of a row, as the moments of a layer with one row. */
    public LayerMoments part(int row, int[] some) {
        SymmetricForm form = new SymmetricForm(some.length, (i, j) -> between(row, some[i], some[j]));
        return new LayerMoments(1, some.length, false, 1, 1, new Sums(List.of(form), count));
    }

    /** H of two columns of a row; 0 if they lie in different blocks. */
    private double between(int row, int a, int b) {
        int size = forms.getFirst().size();
        return a / size != b / size ? 0 : factor * form(row, a).at(a % size, b % size);
    }

    /** Adds {@code by} times a column of a row's H to {@code to}, [columns]. */
    public void addColumn(int row, int column, double by, double[] to) {
        SymmetricForm form = form(row, column);
        int first = column / form.size() * form.size();
        for (int c = first, end = Math.min(columns, first + form.size()); c < end; c++) {
            to[c] += by * factor * form.at(column - first, c - first);
        }
    }

    private SymmetricForm form(int row, int column) {
        return forms.get(row / rows * blocks + column / forms.getFirst().size());
    }
}
