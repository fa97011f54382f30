package org.quantscope.app.ui;

import java.util.Locale;
import java.util.OptionalDouble;
import org.quantscope.core.eval.Task;
import org.quantscope.core.quant.ClipRange;

/** Formats numbers for display: a decimal point in every locale, a fixed number of digits, the unit after a space. */
public final class Figures {
    /** Stands for a figure that does not exist, for example the SQNR if the error is zero. */
    public static final String NONE = "–";

    /** Prefix of an estimate. */
    public static final String ABOUT = "≈ ";

    private Figures() {}

    /**
     * A value in tensor units: with four decimals in the usual range, otherwise in scientific notation with five
     * significant digits.
     */
    public static String value(double x) {
        double a = Math.abs(x);
        return x == 0 ? "0" : a >= 0.001 && a < 10_000 ? String.format(Locale.ROOT, "%.4f", x) : scientific(x, 4);
    }

    /** A scale, with six significant digits. */
    public static String scale(double x) {
        double a = Math.abs(x);
        return a >= 0.001 && a < 1000 ? String.format(Locale.ROOT, "%.6f", x) : scientific(x, 5);
    }

    /** A squared error in scientific notation, with three significant digits. */
    public static String mse(double x) {
        return x == 0 ? "0" : scientific(x, 2);
    }

    /** A small figure without a typical magnitude, with three significant digits. */
    public static String small(double x) {
        return x == 0
                ? "0"
                : Math.abs(x) >= 0.001 && Math.abs(x) < 1000 ? String.format(Locale.ROOT, "%.3g", x) : scientific(x, 2);
    }

    public static String range(ClipRange range) {
        return value(range.lo()) + " … " + value(range.hi());
    }

    public static String decibels(OptionalDouble db) {
        return db.isEmpty() ? NONE : String.format(Locale.ROOT, "%.1f dB", db.getAsDouble());
    }

    /**
     * A fraction as a percentage with one decimal. What is more than none or less than all never looks like it: it gets
     * a second decimal, or a sign that it is less or more than that tells.
     */
    public static String percent(double fraction) {
        double percent = fraction * 100;
        double toEnd = Math.min(percent, 100 - percent);
        if (toEnd <= 0 || toEnd >= 0.05) {
            return String.format(Locale.ROOT, "%.1f %%", percent);
        }
        if (toEnd >= 0.005) {
            return String.format(Locale.ROOT, "%.2f %%", percent);
        }
        return percent < 50 ? "< 0.01 %" : "> 99.99 %";
    }

    /**
     * A difference of two fractions in percentage points, with a sign. A small one has one more digit, so that it does
     * not look like 0.
     */
    public static String points(double fraction) {
        String format = fraction == 0 || Math.abs(fraction) >= 0.0005 ? "%+.1f" : "%+.2f";
        String text = String.format(Locale.ROOT, format, fraction * 100);
        return text.startsWith("-0.0") && Double.parseDouble(text) == 0 ? "+0.0" : text;
    }

    /** The mean score of a task: an accuracy as a percentage, any other score with four significant digits. */
    public static String score(Task task, double score) {
        return task.isFraction() ? percent(score) : significant(score);
    }

    /** The difference of two scores of a task, with a sign; for accuracies in percentage points, {@code pts}. */
    public static String difference(Task task, double delta) {
        return task.isFraction() ? points(delta) + " pts" : (delta > 0 ? "+" : "") + significant(delta);
    }

    private static String significant(double x) {
        double a = Math.abs(x);
        return x == 0
                ? "0"
                : a >= 0.01 && a < 10_000
                        ? String.format(Locale.ROOT, a >= 1000 ? "%.1f" : a >= 1 ? "%.3f" : "%.4f", x)
                        : scientific(x, 2);
    }

    /** A count, with commas between thousands. */
    public static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    /** A large count: 1.81 M for 1,806,336. */
    public static String rounded(double count) {
        return count >= 1e9
                ? String.format(Locale.ROOT, "%.2f G", count / 1e9)
                : count >= 1e6 ? String.format(Locale.ROOT, "%.2f M", count / 1e6) : count(Math.round(count));
    }

    /** A size in bytes, with a binary unit. */
    public static String bytes(long n) {
        return n < 1024
                ? n + " B"
                : n < 1 << 20
                        ? String.format(Locale.ROOT, "%.1f KiB", n / 1024.0)
                        : n < 1L << 30
                                ? String.format(Locale.ROOT, "%.1f MiB", n / 1048576.0)
                                : String.format(Locale.ROOT, "%.2f GiB", n / 1073741824.0);
    }

    /** A size in bytes with a binary unit and without decimals, for sizes that the user chooses. */
    public static String wholeBytes(long n) {
        return n >= 1L << 30 && n % (1L << 30) == 0
                ? (n >> 30) + " GiB"
                : n >= 1L << 20 && n % (1L << 20) == 0 ? (n >> 20) + " MiB" : bytes(n);
    }

    /** Parses a number that the user typed; a comma counts as a decimal point. Empty if the text is no number. */
    public static OptionalDouble parse(String text) {
        try {
            double x = Double.parseDouble(text.strip().replace(',', '.').replace('−', '-'));
            return Double.isFinite(x) ? OptionalDouble.of(x) : OptionalDouble.empty();
        } catch (NumberFormatException e) {
            return OptionalDouble.empty();
        }
    }

    private static String scientific(double x, int decimals) {
        String text = String.format(Locale.ROOT, "%." + decimals + "e", x);
        int e = text.indexOf('e');
        return text.substring(0, e) + "e" + Integer.parseInt(text.substring(e + 1));
    }
}
