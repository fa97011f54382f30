package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** What faults would do to values, done to ours: a factor, another rounding, a shift, an order, an offset, a bound. */
final class ValueSuspects {
    private static final double FACTOR = 0.05;

    private final Optional<QuantParams> grid;
    private final boolean relu;
    private final boolean layer;
    private final Optional<Shape> source;

    /**
     * @param relu true if a Relu computes the values
     * @param layer true if a layer with a bias may be at work
     * @param source the shape that the values had before they were flattened
     */
    ValueSuspects(Optional<QuantParams> grid, boolean relu, boolean layer, Optional<Shape> source) {
        this.grid = grid.filter(QuantParams::isAffine);
        this.relu = relu;
        this.layer = layer;
        this.source = source;
    }

    /**
     * @param d deployed values
     * @param s ours, on the grid
     * @param plain ours in front of a Relu, not rounded
     */
    List<Causes.Suspect> of(TensorId id, Values d, Values s, Values plain) {
        List<Causes.Suspect> found = new ArrayList<>();
        int axis = Sums.channelAxis(d.shape());
        factors(id, d, s, -1, found);
        factors(id, d, s, axis, found);
        roundings(id, s.shape(), plain, found);
        shifts(id, d, s, found);
        orders(id, d, s, axis, found);
        offsets(id, d, plain, axis, found);
        if (relu) {
            add(found, Cause.OPERATOR, id, "Relu", "the deployed values are those in front of the Relu", onGrid(plain));
        } else {
            add(
                    found,
                    Cause.OPERATOR,
                    id,
                    "Relu",
                    "the deployed values are those behind a Relu",
                    onGrid(relued(plain)));
        }
        bounds(id, d, s, -1, found);
        bounds(id, d, s, axis, found);
        return found;
    }

    private static void add(
            List<Causes.Suspect> found, Cause cause, TensorId id, String part, String said, Values gives) {
        found.add(new Causes.Suspect(cause, id, part, said, gives));
    }

    private Values onGrid(Values v) {
        return grid.map(g -> Search.rounded(v, g)).orElse(v);
    }

    private static Values relued(Values v) {
        return map(v, x -> Math.max(0, x));
    }

    private Values clamped(Values v) {
        return relu ? relued(v) : v;
    }

    private static Values map(Values v, DoubleUnaryOperator f) {
        float[] out = new float[v.values().length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) f.applyAsDouble(v.values()[i]);
        }
        return new Values(v.shape(), out);
    }

    private static void factors(TensorId id, Values d, Values s, int axis, List<Causes.Suspect> found) {
        int groups = axis < 0 ? 1 : (int) d.shape().dim(axis);
        int[] group = Fitting.channels(d.shape(), axis);
        double[] factor = Fitting.factors(s.values(), d.values(), group, groups);
        int worst = 0;
        for (int g = 0; g < groups; g++) {
            worst = Math.abs(factor[g] - 1) > Math.abs(factor[worst] - 1) ? g : worst;
        }
        if (Math.abs(factor[worst] - 1) < FACTOR) {
            return;
        }
        float[] out = new float[s.values().length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (factor[group[i]] * s.values()[i]);
        }
        add(
                found,
                Cause.RANGE,
                id,
                id.name(),
                String.format(
                        Locale.ROOT,
                        "the values%s are %.4g times what they should be: another scale%s",
                        groups == 1 ? "" : " of channel " + worst,
                        factor[worst],
                        groups == 1 ? "" : " of the weight"),
                new Values(d.shape(), out));
    }

    private void roundings(TensorId id, Shape shape, Values plain, List<Causes.Suspect> found) {
        if (grid.isEmpty()) {
            return;
        }
        float scale = grid.get().scale(0);
        float lo = grid.get().grid(0).lo();
        float hi = grid.get().grid(0).hi();
        Values x = clamped(plain);
        record Way(String said, DoubleUnaryOperator rule) {}
        for (Way way : List.of(
                new Way("downwards", Math::floor),
                new Way("upwards", Math::ceil),
                new Way("towards 0", v -> v < 0 ? Math.ceil(v) : Math.floor(v)),
                new Way("ties away from 0", v -> Math.copySign(Math.floor(Math.abs(v) + 0.5), v)))) {
            Values gives = map(x, v -> Math.clamp(way.rule.applyAsDouble(v / scale) * scale, lo, hi));
            add(
                    found,
                    Cause.ROUNDING,
                    id,
                    id.name(),
                    "results are rounded " + way.said + " and not to the nearest level",
                    new Values(shape, gives.values()));
        }
    }

    private void shifts(TensorId id, Values d, Values s, List<Causes.Suspect> found) {
        if (grid.isEmpty()) {
            return;
        }
        float scale = grid.get().scale(0);
        float lo = grid.get().grid(0).lo();
        float hi = grid.get().grid(0).hi();
        double[] off = new double[d.values().length];
        int n = 0;
        for (int i = 0; i < off.length; i++) {
            float y = s.values()[i];
            float x = d.values()[i];
            if (y > lo && y < hi && x > lo && x < hi) {
                off[n++] = ((double) x - y) / scale;
            }
        }
        if (n == 0) {
            return;
        }
        Arrays.sort(off, 0, n);
        long k = Math.round(off[n / 2]);
        if (k == 0) {
            return;
        }
        String said = String.format(Locale.ROOT, "every value is %+d steps off: the zero point is", k);
        add(found, Cause.ZERO_POINT, id, id.name(), said, map(s, v -> v + k * scale));
        add(found, Cause.ZERO_POINT, id, id.name(), said, map(s, v -> Math.clamp(v + k * scale, lo, hi)));
    }

    private void orders(TensorId id, Values d, Values s, int axis, List<Causes.Suspect> found) {
        int n = d.shape().rank();
        if (n <= 5) {
            for (int[] axes : Values.orders(n, true).toList()) {
                add(
                        found,
                        Cause.LAYOUT,
                        id,
                        id.name(),
                        "its axes stand in the order " + Arrays.toString(axes) + " of the float model's",
                        new Values(d.shape(), s.transposed(axes).values()));
            }
        }
        if (source.isPresent() && source.get().rank() <= 5) {
            for (int[] axes : Values.orders(source.get().rank(), true).toList()) {
                add(
                        found,
                        Cause.LAYOUT,
                        id,
                        id.name(),
                        "it was flattened from " + source.get() + " with its axes in the order "
                                + Arrays.toString(axes),
                        new Values(
                                d.shape(),
                                new Values(source.get(), s.values())
                                        .transposed(axes)
                                        .values()));
            }
        }
        int[] order = Fitting.order(s.values(), d.values(), d.shape(), axis);
        if (order != null) {
            add(
                    found,
                    Cause.LAYOUT,
                    id,
                    id.name(),
                    Fitting.said(order),
                    new Values(d.shape(), Fitting.reordered(s.values(), d.shape(), axis, order)));
        }
    }

    private void offsets(TensorId id, Values d, Values plain, int axis, List<Causes.Suspect> found) {
        if (axis < 0 || !layer) {
            return;
        }
        int groups = (int) d.shape().dim(axis);
        int[] group = Fitting.channels(d.shape(), axis);
        float lo = grid.map(g -> g.grid(0).lo()).orElse(Float.NEGATIVE_INFINITY);
        float hi = grid.map(g -> g.grid(0).hi()).orElse(Float.POSITIVE_INFINITY);
        double[] sum = new double[groups];
        long[] n = new long[groups];
        for (int i = 0; i < group.length; i++) {
            float x = d.values()[i];
            float y = plain.values()[i];
            if (x < hi && y < hi && (relu ? x > 0 && y > 0 : x > lo && y > lo)) {
                sum[group[i]] += (double) x - y;
                n[group[i]]++;
            }
        }
        float[] out = new float[group.length];
        int worst = 0;
        for (int g = 0; g < groups; g++) {
            sum[g] = n[g] == 0 ? 0 : sum[g] / n[g];
            worst = Math.abs(sum[g]) > Math.abs(sum[worst]) ? g : worst;
        }
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (plain.values()[i] + sum[group[i]]);
        }
        add(
                found,
                Cause.BIAS,
                id,
                id.name(),
                String.format(
                        Locale.ROOT, "channel %d is off by %+.4g everywhere, as with another bias", worst, sum[worst]),
                onGrid(clamped(new Values(d.shape(), out))));
    }

    private void bounds(TensorId id, Values d, Values s, int axis, List<Causes.Suspect> found) {
        int groups = axis < 0 ? 1 : (int) d.shape().dim(axis);
        int[] group = Fitting.channels(d.shape(), axis);
        float[] lo = new float[groups];
        float[] hi = new float[groups];
        Arrays.fill(lo, Float.POSITIVE_INFINITY);
        Arrays.fill(hi, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < group.length; i++) {
            lo[group[i]] = Math.min(lo[group[i]], d.values()[i]);
            hi[group[i]] = Math.max(hi[group[i]], d.values()[i]);
        }
        float[] out = new float[group.length];
        int cut = 0;
        int at = 0;
        for (int i = 0; i < out.length; i++) {
            out[i] = Math.clamp(s.values()[i], lo[group[i]], hi[group[i]]);
            if (out[i] != s.values()[i]) {
                cut++;
                at = group[i];
            }
        }
        if (cut > 0) {
            add(
                    found,
                    Cause.SATURATION,
                    id,
                    id.name(),
                    String.format(
                            Locale.ROOT,
                            "%d of %d values stop at a bound%s, from %.4g to %.4g",
                            cut,
                            out.length,
                            groups > 1 ? " of their channel, " + at + " for one" : "",
                            lo[at],
                            hi[at]),
                    new Values(d.shape(), out));
        }
    }
}
