package org.quantscope.core.sketch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.SliceReader;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.WeightedPoints;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Counts, Σw and Σw² of values in bins given by the leading bits of the float: from it the error of any grid follows in
 * microseconds, whatever the number of values, with a guaranteed bound. Mergeable by addition.
 *
 * <p>A bin is a sign, an exponent and 10 mantissa bits, so it is at most 1/1024 of its values wide. Its sums are kept
 * as integers (of the remaining 13 mantissa bits), so that filling and merging are exact, associative and commutative.
 *
 * <p>Memory does not grow with the number of values: 24 KiB for each sign and exponent that occurs while filling (about
 * 1 MiB for bell-shaped weights, 12.5 MiB at the very most), and after the first question 44 bytes for each bin that is
 * not empty.
 *
 * <p>One thread at a time may fill it ({@link #add}, {@link #merge}); afterwards any thread may read it.
 */
public final class MomentSketch {
    /** At most this many finite values, so that no sum of a bin overflows. */
    public static final long MAX_COUNT = 1L << 37;

    private static final int CHUNK = 1 << 14;
    /** Up to this many values are sorted; more are counted in tables. */
    private static final int FEW = 1 << 11;

    private static final int INFINITY_BITS = 0x7f800000;
    private static final int PARALLEL_PART = 1 << 20;
    /** Blocks whose estimates are kept until they are summed. */
    private static final int PIECE = 1 << 16;
    /** Relative rounding error granted to an exact pass, which sums in double. */
    private static final double EXACT_PASS_ROUNDING = 1e-11;

    /** Null while the sketch is at rest. */
    private @Nullable BinTable table = new BinTable();

    private long seen;
    private long nan;
    private long inf;
    private long positiveZeros;
    private long negativeZeros;
    /** Bits of the extreme finite values, ordered like the floats: the magnitude bits of negative ones are flipped. */
    private int lowest = Integer.MAX_VALUE;

    private int highest = Integer.MIN_VALUE;
    private final Parts parts = new Parts();
    private Optional<MaskValues> masks = Optional.empty();
    private volatile @Nullable Rest rest;

    /** The bins at rest, made by the first caller that asks. */
    private record Rest(Bins positive, Bins negative, double mean, double std) {}

    public MomentSketch() {}

    /** The sketch of a whole tensor. */
    public static MomentSketch of(Tensor tensor, CancelToken cancel) {
        return of(tensor.data(), cancel);
    }

    /** The sketch of all of {@code data}. */
    public static MomentSketch of(TensorData data, CancelToken cancel) {
        if (data.count() <= PARALLEL_PART) {
            var sketch = new MomentSketch();
            sketch.addRange(data, 0, data.count(), cancel);
            return sketch;
        }
        long parts = Math.ceilDiv(data.count(), PARALLEL_PART);
        // The sums are integers, so the order of merging does not change the result.
        return LongStream.range(0, parts)
                .boxed()
                .parallel()
                .collect(
                        MomentSketch::new,
                        (sketch, part) -> sketch.addRange(
                                data, part * PARALLEL_PART, Math.min(data.count(), (part + 1) * PARALLEL_PART), cancel),
                        MomentSketch::merge);
    }

    /**
     * The sketch of {@code values[from .. from+length-1]}; a sketch of few values takes no more memory than the values.
     */
    public static MomentSketch of(float[] values, int from, int length) {
        var sketch = new MomentSketch();
        if (length <= FEW) {
            sketch.settleFew(values, from, length);
        } else {
            sketch.add(values, from, length);
        }
        return sketch;
    }

    /** Does what {@link #add} followed by {@link #rest} would, without the tables in between. */
    private void settleFew(float[] values, int from, int length) {
        int[] positive = new int[length];
        int[] negative = new int[length];
        int p = 0;
        int n = 0;
        for (int i = from; i < from + length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            int magnitude = bits & Integer.MAX_VALUE;
            if (magnitude >= INFINITY_BITS) {
                inf += magnitude == INFINITY_BITS ? 1 : 0;
                nan += magnitude == INFINITY_BITS ? 0 : 1;
                continue;
            }
            int ordered = bits ^ (bits >> 31 & Integer.MAX_VALUE);
            lowest = Math.min(lowest, ordered);
            highest = Math.max(highest, ordered);
            positiveZeros += bits == 0 ? 1 : 0;
            negativeZeros += bits == Integer.MIN_VALUE ? 1 : 0;
            if (magnitude != 0 && bits > 0) {
                positive[p++] = magnitude;
            } else if (magnitude != 0) {
                negative[n++] = magnitude;
            }
        }
        seen = length;
        parts.add(min(), max());
        rest = rest(Bins.of(positive, p), Bins.of(negative, n));
        table = null;
    }

    private void addRange(TensorData data, long from, long to, CancelToken cancel) {
        float[] buffer = new float[(int) Math.min(CHUNK, to - from)];
        for (long at = from; at < to; at += buffer.length) {
            cancel.check();
            int length = (int) Math.min(buffer.length, to - at);
            data.read(at, buffer, 0, length);
            add(buffer, 0, length);
        }
    }

    /** One sketch for each slice. */
    public static MomentSketch[] perSlice(Tensor tensor, Slicing slicing, CancelToken cancel) {
        if (slicing.slices() == 1) {
            return new MomentSketch[] {of(tensor, cancel)};
        }
        var sketches = new MomentSketch[slicing.slices()];
        SliceReader.forEach(tensor.data(), slicing, cancel, (slice, values, from, length) -> {
            MomentSketch sketch = of(values, from, length);
            sketch.rest();
            sketches[slice] = sketch;
        });
        return sketches;
    }

    /**
     * Adds values; NaN and infinities are counted, but in no bin.
     *
     * @throws IllegalStateException beyond {@link #MAX_COUNT} values
     */
    public void add(float[] values, int from, int length) {
        Objects.checkFromIndexSize(from, length, values.length);
        long[] @Nullable [] octaves = awake(length).octaves();
        int low = Integer.MAX_VALUE;
        int high = Integer.MIN_VALUE;
        long plus = 0;
        long minus = 0;
        for (int i = from; i < from + length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            long[] octave = octaves[bits >>> 23];
            if (octave == null) {
                octave = open(octaves, bits);
                if (octave == null) {
                    continue;
                }
            }
            int at = (bits >>> Bins.LOW_BITS & BinTable.PER_OCTAVE - 1) * 3;
            int r = bits & Bins.SPAN;
            octave[at]++;
            octave[at + 1] += r;
            octave[at + 2] += (long) r * r;
            int ordered = bits ^ (bits >> 31 & Integer.MAX_VALUE);
            low = Math.min(low, ordered);
            high = Math.max(high, ordered);
            plus += bits == 0 ? 1 : 0;
            minus += bits == Integer.MIN_VALUE ? 1 : 0;
        }
        lowest = Math.min(lowest, low);
        highest = Math.max(highest, high);
        if (low <= high) {
            parts.add(fromOrdered(low), fromOrdered(high));
        }
        positiveZeros += plus;
        negativeZeros += minus;
    }

    /** The mask values of the stream that were not added; they are in none of the figures. */
    public Optional<MaskValues> masks() {
        return masks;
    }

    /** Notes which values of the stream were not added. */
    public void setMasks(MaskValues apart) {
        masks = Optional.of(apart);
    }

    /** The share of mask values among all finite values and masks of the stream, 0 to 1. */
    public double maskShare() {
        return masks.map(m -> m.count() / (double) (m.count() + count())).orElse(0.0);
    }

    /** Marks the end of a part of the stream, for example of a batch. Only {@link #partRanges} depends on it. */
    public void endPart() {
        parts.end();
    }

    /**
     * The range of each part that {@link #endPart} has closed, in the order of arrival, and last that of the values
     * since. Without a call of it there is one range for all values; without a finite value there is none. Merging
     * appends the parts of the other sketch. Once there are more than 8192 parts, the oldest are replaced by their
     * moving average with the constant 0.01.
     */
    public List<ClipRange> partRanges() {
        return parts.ranges();
    }

    /**
     * Makes the table row for a value whose row is missing. Null if the value is not finite; it is then counted as
     * such.
     */
    private long @Nullable [] open(long[] @Nullable [] octaves, int bits) {
        int index = bits >>> 23;
        if ((index & 255) == 255) {
            if ((bits & 0x7fffff) == 0) {
                inf++;
            } else {
                nan++;
            }
            return null;
        }
        return BinTable.open(octaves, index);
    }

    /** The table, ready for {@code more} values; what is at rest is poured back into it. */
    private BinTable awake(long more) {
        if (seen + more > MAX_COUNT) {
            throw new IllegalStateException("count: a sketch takes at most " + MAX_COUNT + " values");
        }
        seen += more;
        BinTable awake = table;
        if (awake == null) {
            Rest asleep = rest();
            awake = new BinTable();
            awake.pour(asleep.positive, positiveZeros, asleep.negative, negativeZeros);
            table = awake;
            rest = null;
        }
        return awake;
    }

    /**
     * Adds everything that {@code other} has seen, as if those values had been added after these; only
     * {@link #partRanges} depends on the order.
     */
    public void merge(MomentSketch other) {
        Rest from = other.rest();
        awake(other.seen).pour(from.positive, other.positiveZeros, from.negative, other.negativeZeros);
        nan += other.nan;
        inf += other.inf;
        positiveZeros += other.positiveZeros;
        negativeZeros += other.negativeZeros;
        lowest = Math.min(lowest, other.lowest);
        highest = Math.max(highest, other.highest);
        parts.join(other.parts);
        masks = masks.isPresent() && other.masks.isPresent()
                ? Optional.of(masks.get().and(other.masks.get()))
                : masks.or(() -> other.masks);
    }

    /**
     * Takes away what {@code part} has seen, as if its values had never been added here. Counts, zeros and sums are those
     * of the values that are left, exactly. An end of the range that {@code part} shared is then known only by the bin of
     * the outermost value that is left: {@link #min} and {@link #max} are its ends, at most 1/1024 too far out. The
     * {@link #partRanges} become one.
     *
     * @throws IllegalArgumentException if {@code part} holds what this does not; nothing is changed then
     */
    public void subtract(MomentSketch part) {
        Rest all = rest();
        Rest less = part.rest();
        Optional<MaskValues> apart = MaskValues.minus(masks, part.masks);
        if (part.nan > nan
                || part.inf > inf
                || part.positiveZeros > positiveZeros
                || part.negativeZeros > negativeZeros) {
            throw new IllegalArgumentException("sketch: what is to be taken away was never added");
        }
        Bins positive = all.positive.minus(less.positive);
        Bins negative = all.negative.minus(less.negative);
        boolean sameLow = part.count() > 0 && part.lowest == lowest;
        boolean sameHigh = part.count() > 0 && part.highest == highest;
        seen -= part.seen;
        nan -= part.nan;
        inf -= part.inf;
        positiveZeros -= part.positiveZeros;
        negativeZeros -= part.negativeZeros;
        masks = apart;
        if (count() == 0) {
            lowest = Integer.MAX_VALUE;
            highest = Integer.MIN_VALUE;
        } else {
            lowest = sameLow ? Math.max(lowest, lowEnd(positive, negative)) : lowest;
            highest = sameHigh ? Math.min(highest, highEnd(positive, negative)) : highest;
        }
        parts.restart(min(), max());
        rest = rest(positive, negative);
        table = null;
    }

    private int lowEnd(Bins positive, Bins negative) {
        return negative.size() > 0
                ? ~Float.floatToRawIntBits(negative.outerEnd(negative.size() - 1))
                : negativeZeros > 0 ? -1 : positiveZeros > 0 ? 0 : Float.floatToRawIntBits(positive.innerEnd(0));
    }

    private int highEnd(Bins positive, Bins negative) {
        return positive.size() > 0
                ? Float.floatToRawIntBits(positive.outerEnd(positive.size() - 1))
                : positiveZeros > 0 ? 0 : negativeZeros > 0 ? -1 : ~Float.floatToRawIntBits(negative.innerEnd(0));
    }

    private Rest rest() {
        Rest r = rest;
        if (r == null) {
            synchronized (this) {
                r = rest;
                if (r == null) {
                    BinTable filled = Objects.requireNonNull(table);
                    r = rest(filled.positive(positiveZeros), filled.negative(negativeZeros));
                    rest = r;
                    table = null;
                }
            }
        }
        return r;
    }

    private Rest rest(Bins positive, Bins negative) {
        long n = count();
        double mean = n == 0 ? 0 : (positive.sum() - negative.sum()) / n;
        double about = positive.squaresAbout(mean) + negative.squaresAbout(-mean) + zeros() * mean * mean;
        return new Rest(positive, negative, mean, n == 0 ? 0 : Math.sqrt(Math.max(0, about) / n));
    }

    /** Finite values seen. */
    public long count() {
        return seen - nan - inf;
    }

    public long nan() {
        return nan;
    }

    public long inf() {
        return inf;
    }

    /** Values equal to 0, of either sign. */
    public long zeros() {
        return positiveZeros + negativeZeros;
    }

    /** The smallest finite value, exact; +∞ if there is none. */
    public float min() {
        return count() == 0 ? Float.POSITIVE_INFINITY : fromOrdered(lowest);
    }

    /** The largest finite value, exact; −∞ if there is none. */
    public float max() {
        return count() == 0 ? Float.NEGATIVE_INFINITY : fromOrdered(highest);
    }

    /** The float with these ordered bits; never −0. */
    private static float fromOrdered(int ordered) {
        return Float.intBitsToFloat(ordered ^ (ordered >> 31 & Integer.MAX_VALUE)) + 0f;
    }

    /** The largest magnitude; 0 if there is no finite value. */
    public float absMax() {
        return count() == 0 ? 0 : Math.max(Math.abs(min()), Math.abs(max()));
    }

    /** 0 if there is no value. */
    public double mean() {
        return rest().mean;
    }

    /** Population standard deviation; 0 if there is no value. */
    public double std() {
        return rest().std;
    }

    /** Σw² of the finite values. */
    public double sumSquares() {
        Rest r = rest();
        return r.positive.squares() + r.negative.squares();
    }

    /** Heap in use while at rest, in bytes, arrays only. */
    public long bytes() {
        Rest r = rest();
        return r.positive.bytes() + r.negative.bytes() + parts.bytes();
    }

    /**
     * Writes everything seen: the counts of values outside all bins, the bins of both signs, and the extremes if there
     * is a finite value.
     */
    void write(SketchOutput out) throws IOException {
        Rest r = rest();
        out.number(nan);
        out.number(inf);
        out.number(positiveZeros);
        out.number(negativeZeros);
        r.negative.write(out);
        r.positive.write(out);
        if (count() > 0) {
            out.fixed32(lowest);
            out.fixed32(highest);
            parts.write(out);
        }
        out.number(masks.map(MaskValues::count).orElse(0L));
        if (masks.isPresent()) {
            out.fixed32(Float.floatToRawIntBits(masks.get().lo()));
            out.fixed32(Float.floatToRawIntBits(masks.get().hi()));
        }
    }

    /**
     * @param version of the file; version 1 has no parts, and 2 no masks
     * @throws org.quantscope.core.io.BadInputException if the bytes cannot have been written by {@link #write}
     */
    static MomentSketch read(SketchInput in, String field, int version) throws IOException {
        var sketch = new MomentSketch();
        long most = MAX_COUNT;
        sketch.nan = in.number(field + ".nan", 0, most);
        most -= sketch.nan;
        sketch.inf = in.number(field + ".inf", 0, most);
        most -= sketch.inf;
        sketch.positiveZeros = in.number(field + ".positive_zeros", 0, most);
        most -= sketch.positiveZeros;
        sketch.negativeZeros = in.number(field + ".negative_zeros", 0, most);
        most -= sketch.negativeZeros;
        Bins negative = Bins.read(in, field + ".negative", most);
        Bins positive = Bins.read(in, field + ".positive", most - negative.count());
        long finite = sketch.zeros() + negative.count() + positive.count();
        sketch.seen = finite + sketch.nan + sketch.inf;
        if (finite > 0) {
            sketch.lowest = in.fixed32(field + ".lowest");
            sketch.highest = in.fixed32(field + ".highest");
            boolean low = negative.size() > 0
                    ? endsAt(negative, ~sketch.lowest)
                    : sketch.zeros() > 0
                            ? sketch.lowest == (sketch.negativeZeros > 0 ? -1 : 0)
                            : beginsAt(positive, sketch.lowest);
            boolean high = positive.size() > 0
                    ? endsAt(positive, sketch.highest)
                    : sketch.zeros() > 0
                            ? sketch.highest == (sketch.positiveZeros > 0 ? 0 : -1)
                            : beginsAt(negative, ~sketch.highest);
            if (!low || !high || sketch.lowest > sketch.highest) {
                throw in.bad(
                        field + (low ? ".highest" : ".lowest"),
                        "the values from " + fromOrdered(sketch.lowest) + " to " + fromOrdered(sketch.highest)
                                + " are not those of the bins");
            }
            float min = fromOrdered(sketch.lowest);
            float max = fromOrdered(sketch.highest);
            if (version == 1) {
                sketch.parts.add(min, max);
            } else {
                sketch.parts.join(Parts.read(in, field + ".parts", min, max));
            }
        }
        long masked = version < 3 ? 0 : in.number(field + ".masks", 0, MAX_COUNT);
        if (masked > 0) {
            float lo = Float.intBitsToFloat(in.fixed32(field + ".masks.lo"));
            float hi = Float.intBitsToFloat(in.fixed32(field + ".masks.hi"));
            try {
                sketch.masks = Optional.of(new MaskValues(masked, lo, hi));
            } catch (IllegalArgumentException e) {
                throw in.bad(field + ".masks", String.valueOf(e.getMessage()));
            }
        }
        sketch.rest = sketch.rest(positive, negative);
        sketch.table = null;
        return sketch;
    }

    /** True if the largest value of {@code bins} may be the magnitude with these bits. */
    private static boolean endsAt(Bins bins, int bits) {
        return bits >>> Bins.LOW_BITS == bins.key(bins.size() - 1) && bins.mayEndAt(bins.size() - 1, bits & Bins.SPAN);
    }

    private static boolean beginsAt(Bins bins, int bits) {
        return bits != 0 && bits >>> Bins.LOW_BITS == bins.key(0) && bins.mayBeginAt(0, bits & Bins.SPAN);
    }

    /** The error of {@code grid} on the values seen. */
    public ErrorEstimate estimate(Grid grid) {
        long n = count();
        if (n == 0) {
            return new ErrorEstimate(0, 0, 0, 0, 0, 0, 0);
        }
        Rest r = rest();
        var sum = new GridError(grid);
        sum.addZeros(zeros());
        sum.addSide(r.positive, 1, max());
        sum.addSide(r.negative, -1, -min());
        double mse = Math.max(0, sum.error() / n);
        // The exact pass rounds too: it sums non-negative terms in double.
        double bound = sum.open() / n + mse * EXACT_PASS_ROUNDING;
        double clipped = Math.min((double) n, sum.clippedCount());
        double low = grid.lo() <= min()
                ? 0
                : grid.hi() >= max() ? clipped : Math.min(clipped, countBelow(r, grid.lo(), false));
        return new ErrorEstimate(n, mse, bound, Math.min(mse, sum.clippedError() / n), clipped, low, sumSquares());
    }

    /**
     * The error of a whole tensor, summed over the sketches of its slices, which are made one after the other.
     *
     * @throws IllegalArgumentException if the parameters do not fit the tensor
     */
    public static ErrorEstimate estimate(Tensor tensor, QuantParams params, CancelToken cancel) {
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        if (slicing.slices() != params.slices()) {
            throw new IllegalArgumentException("scales: " + params.slices() + " scales, but " + tensor.id() + " has "
                    + slicing.slices() + " slices");
        }
        if (params.slices() == 1) {
            return of(tensor, cancel).estimate(params.grid(0));
        }
        var parts = new ErrorEstimate[Math.min(params.slices(), Math.max(PIECE, blocksAcross(slicing)))];
        int[] first = {0};
        List<ErrorEstimate> sums = new ArrayList<>();
        SliceReader.forEachInPieces(
                tensor.data(),
                slicing,
                PIECE,
                cancel,
                (slice, values, from, n) ->
                        parts[slice - first[0]] = of(values, from, n).estimate(params.grid(slice)),
                (from, to) -> {
                    sums.add(ErrorEstimate.sum(Arrays.asList(parts).subList(0, to - from)));
                    first[0] = to;
                });
        return ErrorEstimate.sum(sums);
    }

    /** Blocks that lie beside each other, interleaved; channels are one piece. */
    private static int blocksAcross(Slicing slicing) {
        return slicing.isBlocked() ? (int) slicing.inner() : slicing.slices();
    }

    /** The values as a distribution in ascending order: exact where a bin holds one value or two, else the mean of the bin. */
    public WeightedPoints points() {
        Rest r = rest();
        var points = new Points(2 * (r.positive.size() + r.negative.size()) + 1);
        for (int i = r.negative.size() - 1; i >= 0; i--) {
            r.negative.points(i, -1, points);
        }
        if (zeros() > 0) {
            points.add(0, zeros());
        }
        for (int i = 0; i < r.positive.size(); i++) {
            r.positive.points(i, 1, points);
        }
        return new WeightedPoints(Arrays.copyOf(points.values, points.size), Arrays.copyOf(points.counts, points.size));
    }

    /** The points collected so far, in ascending order. */
    static final class Points {
        private final double[] values;
        private final long[] counts;
        private int size;

        Points(int most) {
            values = new double[most];
            counts = new long[most];
        }

        void add(double value, long count) {
            values[size] = value;
            counts[size++] = count;
        }
    }

    /**
     * Estimated number of values whose magnitude is above {@code x}, at least 0; of a bin that straddles {@code x} the
     * share above it is taken, as if the bin were filled evenly.
     */
    public double countBeyond(double x) {
        Rest r = rest();
        return r.positive.count()
                - r.positive.countBelow(x, true)
                + r.negative.count()
                - r.negative.countBelow(x, true);
    }

    /** Estimated number of values in {@code [lo, hi]}, with the same treatment of bins that straddle an end. */
    public double countWithin(double lo, double hi) {
        Rest r = rest();
        return Math.max(0, countBelow(r, hi, true) - countBelow(r, lo, false));
    }

    /** Estimated sum of the magnitudes above {@code x}, with the same treatment of a bin that straddles it. */
    public double sumBeyond(double x) {
        Rest r = rest();
        return r.positive.sum() - r.positive.sumBelow(x) + r.negative.sum() - r.negative.sumBelow(x);
    }

    /**
     * Estimated number of values in each of {@code bins} equal intervals of {@code [lo, hi]}; a sketch bin that
     * straddles an edge is divided as if it were filled evenly. An edge belongs to the interval above it, {@code hi} to
     * the last. Values outside are left out.
     */
    public double[] histogram(double lo, double hi, int bins) {
        if (!(lo < hi)) {
            throw new IllegalArgumentException("lo: " + lo + " is not below hi " + hi);
        }
        Rest r = rest();
        double[] counts = new double[bins];
        double before = countBelow(r, lo, false);
        for (int i = 0; i < bins; i++) {
            double edge = i == bins - 1 ? hi : lo + (hi - lo) * (i + 1) / bins;
            double below = countBelow(r, edge, i == bins - 1);
            counts[i] = Math.max(0, below - before);
            before = below;
        }
        return counts;
    }

    /** Estimated number of values below {@code x}, with the same treatment of a bin that straddles it. */
    public double countBelow(double x) {
        return countBelow(rest(), x, false);
    }

    private double countBelow(Rest r, double x, boolean inclusive) {
        if (x > max()) {
            return count();
        }
        return x > 0 || (x == 0 && inclusive)
                ? r.negative.count() + zeros() + r.positive.countBelow(x, inclusive)
                : r.negative.count() - r.negative.countBelow(-x, !inclusive);
    }

    /** Linear-interpolated quantile, {@code p} in [0, 1], within one sketch bin of the exact one; 0 if there is no value. */
    public double quantile(double p) {
        return count() == 0 ? 0 : Quantiles.interpolate(p, count(), this::ranked);
    }

    /** Quantile of |w|. */
    public double absQuantile(double p) {
        return count() == 0
                ? 0
                : Quantiles.interpolate(p, count(), k -> locateMagnitude(k).estimate());
    }

    private double ranked(long k) {
        return k == 0 ? min() : k == count() - 1 ? max() : Math.clamp(locate(k).estimate(), min(), max());
    }

    /**
     * Where the value of a given rank lies.
     *
     * @param lo the bin that holds it is all values of {@code [lo, hi]}
     * @param rank its rank among the values of that bin, from 0
     * @param estimate the value, exact if {@code lo == hi}
     */
    public record Location(float lo, float hi, long rank, double estimate) {}

    /** Finds the value of rank {@code k} of {@code 0 .. count-1}. */
    public Location locate(long k) {
        Objects.checkIndex(k, count());
        Rest r = rest();
        long negatives = r.negative.count();
        if (k < negatives) {
            Location mirrored = r.negative.locate(negatives - 1 - k, -min());
            long inBin = r.negative.n(r.negative.rank(Bins.keyOf(mirrored.lo)));
            return new Location(-mirrored.hi, -mirrored.lo, inBin - 1 - mirrored.rank, -mirrored.estimate);
        }
        return k < negatives + zeros()
                ? new Location(0, 0, k - negatives, 0)
                : r.positive.locate(k - negatives - zeros(), max());
    }

    /** Finds the magnitude of rank {@code k} of {@code 0 .. count-1} among all magnitudes. */
    public Location locateMagnitude(long k) {
        Objects.checkIndex(k, count());
        if (k < zeros()) {
            return new Location(0, 0, k, 0);
        }
        Rest r = rest();
        long rank = k - zeros();
        // Finds the last bin before which both sides together hold at most rank values.
        int low = 0;
        int high = Bins.KEYS - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (r.positive.countBefore(r.positive.rank(middle)) + r.negative.countBefore(r.negative.rank(middle))
                    <= rank) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return Bins.locateInBoth(r.positive, r.negative, low, rank, absMax());
    }
}
