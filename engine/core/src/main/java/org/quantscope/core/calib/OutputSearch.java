package org.quantscope.core.calib;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.kernel.AffineGrid;
import org.quantscope.core.kernel.Kernels;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Lets a calibrator choose the ranges of all slices of a weight by the error at its layer's output. The errors of output
 * channels add up, so slices of whole channels are searched on their own. Other slices share channels: their errors
 * correlate. They begin together at the best of some common fractions of their whole ranges and of the ranges with the
 * least squared error, then each is moved while the others stay, until a sweep over all gains almost nothing; no step
 * raises the error.
 */
final class OutputSearch {
    private static final int SWEEPS = 4;
    /** Another sweep is worth it only if the last one saved this share of the error. */
    private static final double WORTH_A_SWEEP = 1e-3;

    private static final int STARTS = 50;

    private final Tensor tensor;
    private final LayerMoments moments;
    private final Slicing slicing;
    private final QuantSpec spec;
    private final Calibrator calibrator;
    private final Map<String, String> options;
    private final CancelToken cancel;
    private final int columns;
    /** [rows·columns]; 0 in place of what is no finite number. */
    private final float[] weights;
    /** Places in {@link #weights}, slice after slice, in each ascending. */
    private final int[] places;
    /** Where each slice begins in {@link #places}, and the end. */
    private final int[] starts;

    OutputSearch(
            Tensor tensor,
            LayerMoments moments,
            Slicing slicing,
            QuantSpec spec,
            Calibrator calibrator,
            Map<String, String> options,
            CancelToken cancel) {
        this.tensor = tensor;
        this.moments = moments;
        this.slicing = slicing;
        this.spec = spec;
        this.calibrator = calibrator;
        this.options = options;
        this.cancel = cancel;
        columns = moments.columns();
        float[] all = moments.rows(tensor.data().toFloats());
        for (int i = 0; i < all.length; i++) {
            all[i] = Float.isFinite(all[i]) ? all[i] : 0;
        }
        weights = all;
        starts = new int[slicing.slices() + 1];
        int[] sliceOf = new int[all.length];
        for (int place = 0; place < all.length; place++) {
            sliceOf[place] = slicing.sliceOf(moments.stored(place / columns, place % columns));
            starts[sliceOf[place] + 1]++;
        }
        for (int s = 0; s < slicing.slices(); s++) {
            starts[s + 1] += starts[s];
        }
        int[] next = starts.clone();
        places = new int[all.length];
        for (int place = 0; place < all.length; place++) {
            places[next[sliceOf[place]]++] = place;
        }
    }

    List<ClipRange> ranges() {
        if (weights.length == 0) {
            return RangeResolver.calibrate(tensor, slicing, spec, "minmax", cancel);
        }
        var ranges = new ClipRanges.Collector(slicing.slices(), spec.symmetric());
        boolean apart = IntStream.range(0, slicing.slices()).allMatch(this::isOfWholeRows);
        if (apart) {
            IntStream each = IntStream.range(0, slicing.slices());
            (slicing.slices() == 1 ? each : each.parallel()).forEach(slice -> {
                cancel.check();
                ranges.set(slice, choose(slice, new WholeRows(slice)::errors));
            });
        } else {
            ClipRange[] found = new Descent().run();
            for (int s = 0; s < found.length; s++) {
                ranges.set(s, found[s]);
            }
        }
        return ranges.ranges();
    }

    /** The choice for a tensor of one slice, with the curve that was searched. */
    Calibrator.Calibration whole() {
        return calibrator.calibrate(statistics(0, new WholeRows(0)::errors), spec, options, cancel);
    }

    private boolean isOfWholeRows(int slice) {
        int n = starts[slice + 1] - starts[slice];
        return n % columns == 0
                && places[starts[slice]] % columns == 0
                && places[starts[slice + 1] - 1] - places[starts[slice]] == n - 1;
    }

    private ClipRange choose(int slice, StoredStatistics.OutputCost cost) {
        return calibrator.range(statistics(slice, cost), spec, options, cancel);
    }

    private StoredStatistics statistics(int slice, StoredStatistics.OutputCost cost) {
        return new StoredStatistics(TensorData.of(values(slice)), null, cost, cancel);
    }

    private float[] values(int slice) {
        float[] values = new float[starts[slice + 1] - starts[slice]];
        for (int i = 0; i < values.length; i++) {
            values[i] = weights[places[starts[slice] + i]];
        }
        return values;
    }

    /** Q(x) − x. */
    private static void change(float[] x, Grid grid, float[] out, int at) {
        if (grid instanceof UniformGrid uniform) {
            Kernels.chosen().quantize(MemorySegment.ofArray(x), 0, x.length, AffineGrid.of(uniform), out, at);
        } else {
            for (int i = 0; i < x.length; i++) {
                out[at + i] = grid.quantize(x[i]);
            }
        }
        for (int i = 0; i < x.length; i++) {
            out[at + i] -= x[i];
        }
    }

    /** A slice of one or several whole rows. */
    private final class WholeRows {
        private final float[] x;
        private final int row;

        private WholeRows(int slice) {
            x = values(slice);
            row = places[starts[slice]] / columns;
        }

        double[] errors(List<Grid> grids) {
            double[] errors = new double[grids.size()];
            if (x.length == columns) {
                float[] changes = new float[grids.size() * columns];
                for (int i = 0; i < errors.length; i++) {
                    change(x, grids.get(i), changes, i * columns);
                }
                moments.errorsOf(row, changes, errors.length, errors);
                return errors;
            }
            int n = x.length / columns;
            IntStream.range(0, errors.length).parallel().forEach(i -> {
                cancel.check();
                float[] changes = new float[x.length];
                change(x, grids.get(i), changes, 0);
                double[] rows = new double[n];
                moments.errors(changes, 0, row, n, rows, 0);
                errors[i] = Arrays.stream(rows).sum();
            });
            return errors;
        }
    }

    /** The part of a slice that lies in one row. */
    private record Piece(int row, int from, int length, LayerMoments own) {}

    /** Slices that share rows. */
    private final class Descent {
        /** Q(w) − w of all weights, and for each row its product with H. */
        private final float[] changes = new float[weights.length];

        private final double[] products = new double[weights.length];
        private final ClipRange[] ranges = new ClipRange[slicing.slices()];

        ClipRange[] run() {
            begin();
            // Slices that lie in one row each: rows do not wait for each other.
            List<int[]> together = together();
            (together.size() > 1 ? together.stream().parallel() : together.stream()).forEach(slices -> {
                double first = 0;
                for (int sweep = 0; sweep < SWEEPS; sweep++) {
                    double saved = 0;
                    for (int slice : slices) {
                        cancel.check();
                        saved += improve(slice);
                    }
                    if (sweep == 0) {
                        first = saved;
                    }
                    if (!(saved > WORTH_A_SWEEP * first)) {
                        break;
                    }
                }
            });
            return ranges;
        }

        private void begin() {
            List<ClipRange> whole = RangeResolver.calibrate(tensor, slicing, spec, "minmax", cancel);
            List<ClipRange> best = RangeResolver.calibrate(tensor, slicing, spec, "mse", cancel);
            double least = error(best);
            for (int i = 1; i <= STARTS; i++) {
                List<ClipRange> scaled = ClipRanges.scaled(whole, (double) i / STARTS);
                double error = error(scaled);
                if (error < least) {
                    least = error;
                    best = scaled;
                }
            }
            fill(best);
            for (int s = 0; s < ranges.length; s++) {
                ranges[s] = best.get(s);
            }
            IntStream.range(0, moments.rows()).parallel().forEach(row -> {
                double[] g = new double[columns];
                for (int c = 0; c < columns; c++) {
                    float d = changes[row * columns + c];
                    if (d != 0) {
                        moments.addColumn(row, c, d, g);
                    }
                }
                System.arraycopy(g, 0, products, row * columns, columns);
            });
        }

        private double error(List<ClipRange> all) {
            fill(all);
            return Arrays.stream(moments.errors(changes, cancel)).sum();
        }

        private void fill(List<ClipRange> all) {
            IntStream.range(0, slicing.slices()).parallel().forEach(slice -> {
                float[] x = values(slice);
                float[] d = new float[x.length];
                change(x, grid(all.get(slice)), d, 0);
                for (int i = 0; i < d.length; i++) {
                    changes[places[starts[slice] + i]] = d[i];
                }
            });
        }

        private Grid grid(ClipRange range) {
            QuantSpec one = RangeResolver.asOneSlice(spec);
            return one.quantizer()
                    .resolve(one, one.granularity(), List.of(range))
                    .grid(0);
        }

        private List<int[]> together() {
            List<List<Integer>> byRow = new ArrayList<>();
            for (int row = 0; row < moments.rows(); row++) {
                byRow.add(new ArrayList<>());
            }
            for (int s = 0; s < slicing.slices(); s++) {
                int row = places[starts[s]] / columns;
                if (places[starts[s + 1] - 1] / columns != row) {
                    return List.of(IntStream.range(0, slicing.slices()).toArray());
                }
                byRow.get(row).add(s);
            }
            return byRow.stream()
                    .map(row -> row.stream().mapToInt(Integer::intValue).toArray())
                    .toList();
        }

        private List<Piece> pieces(int slice) {
            List<Piece> pieces = new ArrayList<>();
            for (int from = starts[slice]; from < starts[slice + 1]; ) {
                int row = places[from] / columns;
                int end = from;
                while (end < starts[slice + 1] && places[end] / columns == row) {
                    end++;
                }
                int[] some =
                        Arrays.stream(places, from, end).map(p -> p % columns).toArray();
                pieces.add(new Piece(row, from, end - from, moments.part(row, some)));
                from = end;
            }
            return pieces;
        }

        /** Chooses the range of one slice, with all others as they are; returns what it saves. */
        private double improve(int slice) {
            int first = starts[slice];
            int n = starts[slice + 1] - first;
            List<Piece> pieces = pieces(slice);
            float[] x = values(slice);
            float[] now = new float[n];
            double[] linear = new double[n];
            for (int i = 0; i < n; i++) {
                now[i] = changes[places[first + i]];
                linear[i] = products[places[first + i]];
            }
            for (Piece piece : pieces) {
                double[] own = new double[piece.length];
                for (int i = 0; i < piece.length; i++) {
                    piece.own.addColumn(0, i, now[piece.from - first + i], own);
                }
                for (int i = 0; i < piece.length; i++) {
                    linear[piece.from - first + i] -= own[i];
                }
            }
            ClipRange chosen = choose(slice, grids -> {
                float[] d = new float[grids.size() * n];
                for (int i = 0; i < grids.size(); i++) {
                    change(x, grids.get(i), d, i * n);
                }
                return errors(pieces, first, n, d, linear);
            });
            float[] next = new float[n];
            change(x, grid(chosen), next, 0);
            float[] both = Arrays.copyOf(now, 2 * n);
            System.arraycopy(next, 0, both, n, n);
            double[] errors = errors(pieces, first, n, both, linear);
            if (!(errors[1] < errors[0])) {
                return 0;
            }
            ranges[slice] = chosen;
            double[] row = new double[columns];
            for (Piece piece : pieces) {
                Arrays.fill(row, 0);
                for (int i = piece.from - first; i < piece.from - first + piece.length; i++) {
                    int place = places[first + i];
                    changes[place] = next[i];
                    if (next[i] != now[i]) {
                        moments.addColumn(piece.row, place % columns, (double) next[i] - now[i], row);
                    }
                }
                for (int c = 0; c < columns; c++) {
                    products[piece.row * columns + c] += row[c];
                }
            }
            return errors[0] - errors[1];
        }

        /** d·H·dᵀ + 2·d·linear of each of some changes of a slice. */
        private double[] errors(List<Piece> pieces, int first, int n, float[] d, double[] linear) {
            int count = d.length / n;
            double[] errors = new double[count];
            double[] squares = new double[count];
            for (Piece piece : pieces) {
                float[] part = new float[count * piece.length];
                for (int i = 0; i < count; i++) {
                    System.arraycopy(d, i * n + piece.from - first, part, i * piece.length, piece.length);
                }
                piece.own.errorsOf(0, part, count, squares);
                for (int i = 0; i < count; i++) {
                    errors[i] += squares[i];
                }
            }
            for (int i = 0; i < count; i++) {
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    sum += d[i * n + k] * linear[k];
                }
                errors[i] += 2 * sum;
            }
            return errors;
        }
    }
}
