package org.quantscope.core.departure;

import java.util.Locale;
import java.util.Optional;
import org.quantscope.core.tensor.TensorId;

/** How a deployed bias differs from the float one: missing, overflowed, or in another unit. */
final class BiasSuspect {
    private static final double FACTOR = 0.05;
    private static final double NEAR = 0.02;

    private final LayerPair layer;
    private final float[] ours;
    private final Optional<float[]> theirs;
    private final Optional<float[]> unit;

    /** @param unit s_x·s_w, one or one a channel */
    BiasSuspect(LayerPair layer, Optional<float[]> unit) {
        this.layer = layer;
        this.ours = layer.bias().orElseThrow().data().toFloats();
        this.theirs = layer.theirBias().map(Values::values).filter(b -> b.length == ours.length);
        this.unit = unit;
    }

    private double unit(int c) {
        float[] u = unit.orElse(new float[] {0});
        return u[u.length > 1 ? c : 0];
    }

    /** @param gives our simulation with the deployed bias */
    Causes.Suspect suspect(TensorId id, Values gives) {
        String name = layer.bias().orElseThrow().id().name();
        return new Causes.Suspect(Cause.BIAS, id, name, name + ": " + said(), gives);
    }

    private String said() {
        if (theirs.isEmpty()) {
            return layer.theirBias().isPresent() ? "it has another number of values" : "the deployed layer has none";
        }
        float[] b = theirs.get();
        if (Fitting.rms(b) == 0) {
            return "it is 0";
        }
        int worst = 0;
        int off = 0;
        for (int c = 0; c < b.length; c++) {
            boolean other = Math.abs((double) b[c] - ours[c]) > Math.max(1.5 * unit(c), 1e-4 * Fitting.rms(ours));
            off += other ? 1 : 0;
            worst = Math.abs((double) b[c] - ours[c]) > Math.abs((double) b[worst] - ours[worst]) ? c : worst;
        }
        String where = String.format(
                Locale.ROOT,
                "%d of %d values differ, that of channel %d is %.4g instead of %.4g",
                off,
                b.length,
                worst,
                b[worst],
                ours[worst]);
        if (unit(worst) > 0) {
            double wanted = ours[worst] / unit(worst);
            double given = b[worst] / unit(worst);
            where += String.format(Locale.ROOT, ", a code of %.0f instead of %.0f", given, wanted);
            for (int bits : new int[] {32, 16}) {
                double span = Math.pow(2, bits);
                double times = (wanted - given) / span;
                boolean wrapped = Math.abs(times) > 0.5 && Math.abs(times - Math.rint(times)) < 1e-3;
                boolean stuck = Math.abs(wanted) > span / 2 && Math.abs(Math.abs(given) - span / 2) < span * 1e-5 + 1;
                if (wrapped || stuck) {
                    return "it overflows " + bits + " bits: " + where;
                }
            }
        }
        double[] factor = Fitting.factors(ours, b, new int[b.length], 1);
        float[] scaled = new float[b.length];
        for (int c = 0; c < b.length; c++) {
            scaled[c] = (float) (factor[0] * ours[c]);
        }
        boolean scale = Math.abs(factor[0] - 1) > FACTOR
                && Fitting.rms(scaled, b) < Math.max(NEAR * Fitting.rms(b), 2 * unit(0));
        return scale ? String.format(Locale.ROOT, "its scale is %.4g times s_x·s_w: %s", factor[0], where) : where;
    }
}
