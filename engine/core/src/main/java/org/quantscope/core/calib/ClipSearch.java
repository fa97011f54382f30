package org.quantscope.core.calib;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.calib.Calibrator.Calibration;
import org.quantscope.core.calib.Calibrator.CurvePoint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;

/**
 * Searches for the range of one slice with the least cost. The cost of a range is taken on the very grid that it leads
 * to.
 *
 * <p>Symmetric grids: 0 &lt; clip ≤ max|x|. The cost is computed at evenly and at logarithmically spaced clips, then
 * again in finer steps around its lowest valleys; the best candidates may then be compared by a second, exact cost.
 * Asymmetric grids: the same search first shrinks both ends together, then moves each end in turn as long as the cost
 * falls.
 */
final class ClipSearch {
    private static final int EVEN = 192;
    /** Logarithmically spaced clips, an octave apart: they find the best range if a few values lie far out. */
    private static final int LOGARITHMIC = 20;

    static final int VALLEYS = 5;
    static final int ZOOMS = 2;
    static final int ZOOM_POINTS = 5;
    private static final int EXACT = 8;
    static final int ROUNDS = 4;
    /** Another round is worth it only if the last one saved this share of the cost. */
    static final double WORTH_A_ROUND = 1e-6;

    /** The fractions of the full range at which the cost is taken first: from just above 0 to 1, ascending. */
    static final double[] FRACTIONS = fractions();

    private static double[] fractions() {
        return fractions(EVEN);
    }

    /** @param even how many of them are evenly spaced */
    static double[] fractions(int even) {
        double[] fractions = new double[LOGARITHMIC + even];
        for (int i = 0; i < LOGARITHMIC; i++) {
            fractions[i] = Math.scalb(1.0, i - LOGARITHMIC) / even;
        }
        for (int i = 1; i <= even; i++) {
            fractions[LOGARITHMIC + i - 1] = (double) i / even;
        }
        return fractions;
    }

    /** The figure to be minimised. */
    @FunctionalInterface
    interface Cost {
        double of(ClipRange range, Grid grid);

        /** The same for several candidates, where that is faster. */
        default double[] of(List<ClipRange> ranges, List<Grid> grids) {
            double[] costs = new double[grids.size()];
            for (int i = 0; i < costs.length; i++) {
                costs[i] = of(ranges.get(i), grids.get(i));
            }
            return costs;
        }
    }

    private final SliceStatistics slice;
    private final QuantSpec spec;
    private final CancelToken cancel;
    private final Quantizer quantizer;
    private final Cost cost;
    private final Optional<Cost> exact;
    private final double[] fractions;

    /**
     * @param exact decides between the candidates with the least {@code cost}; empty if {@code cost} is exact already
     */
    ClipSearch(SliceStatistics slice, QuantSpec spec, Cost cost, Optional<Cost> exact, CancelToken cancel) {
        this(slice, spec, cost, exact, FRACTIONS, cancel);
    }

    /** @param fractions where the cost is taken first, ascending, the last one 1 */
    ClipSearch(
            SliceStatistics slice,
            QuantSpec spec,
            Cost cost,
            Optional<Cost> exact,
            double[] fractions,
            CancelToken cancel) {
        this.fractions = fractions;
        this.slice = slice;
        this.spec = RangeResolver.asOneSlice(spec);
        this.cancel = cancel;
        this.cost = cost;
        this.exact = exact;
        quantizer = spec.quantizer();
    }

    /**
     * The best range. For a scheme that fits its levels to the values it is the whole range of the data, which then has
     * the least error.
     */
    Calibration run() {
        if (slice.absMax() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        } else if (quantizer instanceof FittedQuantizer) {
            return new Calibration(new ClipRange(slice.min(), slice.max()), List.of());
        }
        return spec.symmetric() ? symmetric() : asymmetric();
    }

    private Calibration symmetric() {
        float absMax = slice.absMax();
        Line line = f -> ClipRange.symmetric((float) (f * absMax));
        List<Candidate> curve = curve(line);
        return new Calibration(best(zoom(line, curve)).range, points(curve));
    }

    private Calibration asymmetric() {
        float min = Math.min(0, slice.min());
        float max = Math.max(0, slice.max());
        Line both = f -> new ClipRange((float) (f * min), (float) (f * max));
        List<Candidate> curve = curve(both);
        Candidate best = best(zoom(both, curve));
        for (int round = 0; round < ROUNDS; round++) {
            ClipRange r = best.range;
            Line low = f -> new ClipRange((float) (f * min), r.hi());
            Line high = f -> new ClipRange(r.lo(), (float) (f * max));
            Candidate better = best;
            if (min < 0) {
                better = lower(better, best(zoom(low, curve(low))));
            }
            if (max > 0) {
                better = lower(better, best(zoom(high, curve(high))));
            }
            if (!(better.cost < best.cost * (1 - WORTH_A_ROUND))) {
                break;
            }
            best = better;
        }
        return new Calibration(best.range, points(curve));
    }

    private static Candidate lower(Candidate a, Candidate b) {
        return b.cost < a.cost ? b : a;
    }

    /** The costs along the line, at fractions from just above 0 to 1, ascending. */
    private List<Candidate> curve(Line line) {
        return estimates(line, fractions);
    }

    /** The lowest valleys of the curve, with finer steps around each. */
    private List<Candidate> zoom(Line line, List<Candidate> curve) {
        List<Valley> valleys = new ArrayList<>();
        for (int i = 0; i < curve.size(); i++) {
            Candidate left = curve.get(Math.max(0, i - 1));
            Candidate right = curve.get(Math.min(curve.size() - 1, i + 1));
            Candidate c = curve.get(i);
            if (c.cost <= left.cost && c.cost <= right.cost) {
                valleys.add(new Valley(left.fraction, c, right.fraction));
            }
        }
        valleys.sort(Comparator.comparingDouble(v -> v.bottom.cost));
        List<Candidate> found = new ArrayList<>(curve);
        for (Valley valley : valleys.subList(0, Math.min(VALLEYS, valleys.size()))) {
            Valley v = valley;
            for (int z = 0; z < ZOOMS; z++) {
                v = narrow(line, v, found);
            }
        }
        return found;
    }

    private Valley narrow(Line line, Valley v, List<Candidate> found) {
        double[] steps = new double[2 * ZOOM_POINTS];
        for (int i = 1; i <= ZOOM_POINTS; i++) {
            steps[i - 1] = v.from + (v.bottom.fraction - v.from) * i / (ZOOM_POINTS + 1);
            steps[ZOOM_POINTS + i - 1] = v.bottom.fraction + (v.to - v.bottom.fraction) * i / (ZOOM_POINTS + 1);
        }
        List<Candidate> row = new ArrayList<>(estimates(line, steps));
        row.add(ZOOM_POINTS, v.bottom);
        found.addAll(row);
        int best = 0;
        for (int i = 1; i < row.size(); i++) {
            best = row.get(i).cost < row.get(best).cost ? i : best;
        }
        return new Valley(
                best == 0 ? v.from : row.get(best - 1).fraction,
                row.get(best),
                best == row.size() - 1 ? v.to : row.get(best + 1).fraction);
    }

    /** The best candidate: by the exact cost, among those with the least estimated cost. */
    private Candidate best(List<Candidate> candidates) {
        if (exact.isEmpty()) {
            Candidate least = candidates.getFirst();
            for (Candidate c : candidates) {
                least = lower(least, c);
            }
            return least;
        }
        List<Candidate> sorted = candidates.stream()
                .sorted(Comparator.comparingDouble(Candidate::cost))
                .distinct()
                .limit(EXACT)
                .toList();
        return sorted.size() == 1
                ? sorted.getFirst()
                : sorted.stream()
                        .map(c -> measured(c, exact.orElseThrow()))
                        .min(Comparator.comparingDouble(Candidate::cost))
                        .orElseThrow();
    }

    private List<Candidate> estimates(Line line, double[] at) {
        List<ClipRange> ranges = new ArrayList<>(at.length);
        List<Grid> grids = new ArrayList<>(at.length);
        for (double fraction : at) {
            ClipRange range = line.at(fraction);
            ranges.add(range);
            grids.add(grid(range));
        }
        cancel.check();
        double[] costs = cost.of(ranges, grids);
        List<Candidate> candidates = new ArrayList<>(at.length);
        for (int i = 0; i < at.length; i++) {
            candidates.add(new Candidate(at[i], ranges.get(i), costs[i]));
        }
        return candidates;
    }

    private Candidate measured(Candidate c, Cost by) {
        cancel.check();
        return new Candidate(c.fraction, c.range, by.of(c.range, grid(c.range)));
    }

    private Grid grid(ClipRange range) {
        return quantizer.resolve(spec, spec.granularity(), List.of(range)).grid(0);
    }

    private static List<CurvePoint> points(List<Candidate> curve) {
        return curve.stream().map(c -> new CurvePoint(c.range, c.cost)).toList();
    }

    /** The range at each fraction, from 0 (nothing) to 1 (all of the data). */
    @FunctionalInterface
    private interface Line {
        ClipRange at(double fraction);
    }

    private record Candidate(double fraction, ClipRange range, double cost) {}

    private record Valley(double from, Candidate bottom, double to) {}
}
