package org.quantscope.core.figure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.MomentSketch;

/**
 * Sentences that say what a range does to a tensor, written by rules from its figures. Cheap enough for every frame of a
 * drag.
 */
public final class Sentences {
    /** The least share of the squared error, in percent, that is worth a word. */
    private static final double WORTH = 1;

    private static final double PERCENT = 100;
    private static final double MOST = 0.8;
    /** Levels so far apart, in units of the reach of most values, are coarse. */
    private static final double COARSE = 0.5;

    private static final double FEW_USED = 0.5;

    private Sentences() {}

    /**
     * What the sentences are about.
     *
     * @param count finite values
     * @param clipped values outside the levels, may be estimated
     * @param mse squared error, at least 0
     * @param clippingMse the part of it from clipped values
     * @param exact false if the error is estimated
     * @param values a sketch of the values; null if there is none, for example with a grid for each channel
     * @param grid the levels that all values share; null if there are several grids
     * @param noun what a value is: "weight" or "value"
     */
    public record Seen(
            long count,
            double clipped,
            double mse,
            double clippingMse,
            boolean exact,
            @Nullable MomentSketch values,
            @Nullable Grid grid,
            String noun) {}

    /** At most two sentences, the more important first; none for a tensor without values. */
    public static List<String> of(Seen seen) {
        List<String> all = new ArrayList<>(2);
        if (seen.count == 0) {
            return all;
        }
        MomentSketch values = seen.values;
        if (seen.mse == 0) {
            all.add("Every " + seen.noun + " lies exactly on a level: nothing is lost.");
            return all;
        }
        all.add(ofClipping(seen));
        if (values != null && seen.grid instanceof UniformGrid grid) {
            String second = ofLevels(seen, values, grid);
            if (!second.isEmpty()) {
                all.add(second);
            }
        }
        return all;
    }

    private static String ofClipping(Seen seen) {
        long clipped = Math.round(seen.clipped);
        double share = PERCENT * Math.clamp(seen.clippingMse / seen.mse, 0, 1);
        if (clipped == 0) {
            return "Nothing is cut off: all of the error is rounding.";
        }
        String about = seen.exact ? "" : "≈ ";
        String subject = clipped == 1
                ? "1 " + seen.noun + " is cut off; it makes "
                : about + count(clipped) + " " + seen.noun + "s are cut off; they make ";
        return share < WORTH
                ? subject + "less than 1 % of the error."
                : subject + (clipped == 1 && !seen.exact ? about : "") + percent(share) + " of the error"
                        + (share > PERCENT - WORTH && share < PERCENT ? ", nearly all of it." : ".");
    }

    private static String ofLevels(Seen seen, MomentSketch values, UniformGrid grid) {
        double step = grid.scale();
        double reach = values.absQuantile(MOST);
        double lowest = grid.level(0);
        double highest = grid.level(grid.size() - 1);
        if (values.min() >= 0 && lowest < 0 && highest > 0) {
            long below = Math.round(-lowest / step);
            return "No " + seen.noun + " is below 0: the " + count(below) + " levels there are never used.";
        }
        if (values.max() <= 0 && highest > 0 && lowest < 0) {
            long above = Math.round(highest / step);
            return "No " + seen.noun + " is above 0: the " + count(above) + " levels there are never used.";
        }
        double extreme = Math.max(Math.abs(values.min()), Math.abs(values.max()));
        double used = extreme / Math.max(Math.abs(lowest), Math.abs(highest));
        if (used < FEW_USED) {
            return "The range is " + factor(1 / used) + " as wide as the values: most levels are never used.";
        }
        if (reach > 0 && step / reach > COARSE) {
            return "The levels are " + number(step) + " apart and most " + seen.noun + "s lie within "
                    + number(reach, 2) + " of zero.";
        }
        // Up, because they lie within so many; a sketch gives a reach with some noise.
        long steps = Math.max(1, (long) Math.ceil(reach / step - 0.1));
        return reach > 0 && step > 0
                ? "The levels are " + number(step) + " apart; most " + seen.noun + "s lie within "
                        + count(steps)
                        + (steps == 1 ? " step of zero." : " steps of zero.")
                : "";
    }

    /** Whole where that tells enough. */
    private static String percent(double share) {
        return share >= PERCENT - WORTH && share < PERCENT
                ? String.format(Locale.ROOT, "%.1f %%", Math.min(share, 99.9))
                : Math.round(share) + " %";
    }

    private static String factor(double times) {
        return times < 10 ? String.format(Locale.ROOT, "%.1f times", times) : Math.round(times) + " times";
    }

    private static String number(double x) {
        return number(x, 3);
    }

    /** So many significant digits, without an exponent where it can be avoided. */
    private static String number(double x, int significant) {
        if (x == 0) {
            return "0";
        }
        int digits = Math.clamp(significant - 1 - (long) Math.floor(Math.log10(Math.abs(x))), 0, 9);
        String text = String.format(Locale.ROOT, "%." + digits + "f", x);
        String plain = text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
        return plain.equals("0") || Math.abs(x) >= 1e6 ? String.format(Locale.ROOT, "%.2e", x) : plain;
    }

    private static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }
}
