package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.sketch.MaskValues;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Finds mask values among activations, and keeps them apart from the values that a range is chosen for.
 *
 * <p>Where the way leads to exponentials ({@link MaskWays}), everything below the first gap, going down from the largest
 * value of a batch, is a mask if it ends at or below −64, and the gap is at least 64 and at least twice as wide as all
 * that lies above it: e^−64 beside 1 is nothing in float32. Where the way leads to a search for the largest value, the
 * limits are 5000 and 16 times as wide. On the way, in front of a division by d, lengths are d times as large; where the
 * sign changes, all this is mirrored. Infinite values of that sign are masks too. Anywhere else, values of 1e30 and more
 * are, if nothing lies between them and 1e20.
 */
final class Masks {
    private static final Rule EXPONENTIAL = new Rule(64, 64, 2);
    private static final Rule SEARCH = new Rule(5000, 5000, 16);
    /** A batch of nothing but masks has no gap; it is one of masks if it ends this many times below the limit. */
    private static final double ALL_MASKS = 16;

    private static final double SATURATED = 1e30;
    private static final double ORDINARY = 1e20;
    /** Below all other inputs of a Softmax by this much a single position has no weight: e^−8 is 0.03 %. */
    private static final double MARGIN = 8;

    /**
     * When something below a gap is a mask.
     *
     * @param size its least magnitude
     * @param gap the least width of the gap
     * @param times the least width of the gap in widths of all that lies above
     */
    private record Rule(double size, double gap, double times) {}

    /** The ends of the ordinary values of a batch: what is at or beyond them is a mask. */
    record Ends(double low, double high) {
        private static final Ends NONE = new Ends(Double.NaN, Double.NaN);

        boolean isMask(float value) {
            return value <= low || value >= high;
        }
    }

    /** What was seen of a value. */
    private static final class Seen {
        long below;
        long above;
        long kept;
        double lo = Double.POSITIVE_INFINITY;
        double hi = Double.NEGATIVE_INFINITY;

        /** How wide the kept values are, with 0. */
        double width() {
            return kept == 0 ? 0 : Math.max(0, hi) - Math.min(0, lo);
        }
    }

    private final OnnxGraph graph;
    private final MaskWays ways;
    private final Map<String, Seen> seen = new HashMap<>();

    Masks(OnnxGraph graph) {
        this.graph = graph;
        this.ways = MaskWays.of(graph);
    }

    /** The values that have to be seen besides, to know what masks among {@code values} have to do. */
    Set<String> ends(Iterable<String> values) {
        Set<String> ends = new TreeSet<>();
        for (String value : values) {
            ways.of(value).stream()
                    .filter(way -> way.exponential() && graph.types().isFloating(way.end()))
                    .forEach(way -> ends.add(way.end()));
        }
        return ends;
    }

    /**
     * Where masks begin in a batch of values.
     *
     * @param length how many of the values count
     */
    Ends ends(String name, float[] values, int length) {
        float least = 0;
        float most = 0;
        for (int i = 0; i < length; i++) {
            least = Math.min(least, values[i]);
            most = Math.max(most, values[i]);
        }
        double low = Double.NaN;
        double high = Double.NaN;
        for (MaskWays.Way way : ways.of(name)) {
            Rule rule = way.exponential() ? EXPONENTIAL : SEARCH;
            double factor = Math.abs(way.factor());
            if (way.factor() > 0 && least <= -rule.size * factor) {
                low = lower(low, highestMask(points(values, length), rule, factor));
            } else if (way.factor() < 0 && most >= rule.size * factor) {
                high = -lower(-high, highestMask(mirrored(points(values, length)), rule, factor));
            }
        }
        if (least <= -SATURATED || most >= SATURATED) {
            double largest = 0;
            for (int i = 0; i < length; i++) {
                double size = Math.abs(values[i]);
                largest = size < SATURATED ? Math.max(largest, size) : largest;
            }
            if (largest <= ORDINARY) {
                // Infinite values are no masks unless a way says so.
                boolean finite = Float.isFinite(least) && Float.isFinite(most);
                low = Double.isNaN(low) && least <= -SATURATED && finite ? -SATURATED : low;
                high = Double.isNaN(high) && most >= SATURATED && finite ? SATURATED : high;
            }
        }
        return Double.isNaN(low) && Double.isNaN(high) ? Ends.NONE : new Ends(low, high);
    }

    /** The lower of two limits of which either may be missing. */
    private static double lower(double a, double b) {
        return Double.isNaN(a) ? b : Math.min(a, b);
    }

    private static double[] points(float[] values, int length) {
        return MomentSketch.of(values, 0, length).points().values();
    }

    private static double[] mirrored(double[] ascending) {
        return Arrays.stream(ascending).map(x -> -x).sorted().toArray();
    }

    /** A value between the masks and the others; −∞ if only infinite ones are masks. */
    private static double highestMask(double[] ascending, Rule rule, double factor) {
        if (ascending.length == 0) {
            return Double.NEGATIVE_INFINITY;
        }
        double top = ascending[ascending.length - 1];
        if (top <= -ALL_MASKS * rule.size * factor) {
            return top / 2;
        }
        for (int i = ascending.length - 2; i >= 0; i--) {
            double gap = ascending[i + 1] - ascending[i];
            if (ascending[i] <= -rule.size * factor
                    && gap >= rule.gap * factor
                    && gap >= rule.times * (top - ascending[i + 1])) {
                // Points are means of narrow bins; the gap is much wider than those.
                return ascending[i] + gap / 2;
            }
        }
        return Double.NEGATIVE_INFINITY;
    }

    /**
     * The values that are no masks, in their order.
     *
     * @param length how many of the values count
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on once and never compared
    record Kept(float[] values, int length) {}

    /**
     * Takes note of a batch, and takes the masks out of it.
     *
     * @param length how many of the values count
     */
    Kept apart(String name, float[] values, int length) {
        Ends ends = ends(name, values, length);
        if (ends.equals(Ends.NONE) && ways.of(name).isEmpty()) {
            return new Kept(values, length);
        }
        Seen all = seen.computeIfAbsent(name, k -> new Seen());
        float[] kept = new float[length];
        int n = 0;
        for (int i = 0; i < length; i++) {
            float x = values[i];
            if (x <= ends.low) {
                all.below++;
            } else if (x >= ends.high) {
                all.above++;
            } else {
                kept[n++] = x;
                if (Float.isFinite(x)) {
                    all.kept++;
                    all.lo = Math.min(all.lo, x);
                    all.hi = Math.max(all.hi, x);
                }
            }
        }
        return new Kept(kept, n);
    }

    /** Notes in each sketch what was kept out of it, and how far its range has to reach all the same. */
    void note(Map<TensorId, MomentSketch> sketches) {
        seen.forEach((name, all) -> {
            MomentSketch sketch = sketches.get(new TensorId(name));
            if (sketch == null || all.below + all.above == 0) {
                return;
            }
            List<MaskWays.Way> here = ways.of(name);
            double lo = all.kept == 0 ? 0 : Math.min(0, all.lo);
            double hi = all.kept == 0 ? 0 : Math.max(0, all.hi);
            double below = 0;
            double above = 0;
            for (MaskWays.Way way : here) {
                double far = distance(name, way) * Math.abs(way.factor());
                if (way.factor() > 0) {
                    below = Math.max(below, far);
                } else {
                    above = Math.max(above, far);
                }
            }
            sketch.setMasks(new MaskValues(
                    all.below + all.above,
                    all.below == 0 ? 0 : (float) Math.max(lo - below, -SATURATED),
                    all.above == 0 ? 0 : (float) Math.min(hi + above, SATURATED)));
        });
    }

    /**
     * How far below the other values a mask has to be, in units of the end of the way. A value that is summed up with
     * scores has to get from above them all to below them all.
     */
    private double distance(String name, MaskWays.Way way) {
        Seen end = seen.get(way.end());
        double across = name.equals(way.end()) || end == null ? 0 : end.width();
        double masks = end == null ? 0 : end.below + end.above;
        double crowd = end == null || end.kept == 0 ? 0 : Math.log1p(masks / end.kept);
        return across + (way.exponential() ? MARGIN + crowd : 0);
    }
}
