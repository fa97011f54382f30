package org.quantscope.cli;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.quantscope.core.quant.ClipRange;

/** Numbers in the form that people read. */
final class Text {
    private Text() {}

    /** The number with six significant digits. */
    static String number(double value) {
        if (value == 0) {
            return "0";
        }
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.6g", value) : "–";
    }

    static String number(OptionalDouble value) {
        return value.isPresent() ? number(value.getAsDouble()) : "–";
    }

    /** A name of at most so many characters, at least 3, with … where its middle is left out. */
    static String shortened(String name, int most) {
        int head = (most - 1) / 2;
        return name.length() <= most
                ? name
                : name.substring(0, head) + "…" + name.substring(name.length() - (most - 1 - head));
    }

    /** A fraction from 0 to 1 as a percentage with two decimals. */
    static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }

    static String bytes(long count) {
        return count < 10_000
                ? count + " B"
                : count < 10_000_000
                        ? String.format(Locale.ROOT, "%.1f kB", count / 1e3)
                        : String.format(Locale.ROOT, "%.1f MB", count / 1e6);
    }

    static String range(ClipRange range) {
        return "[" + number(range.lo()) + ", " + number(range.hi()) + "]";
    }

    /** One range, or the spread of several. */
    static String ranges(List<ClipRange> ranges) {
        if (ranges.size() == 1) {
            return range(ranges.getFirst());
        }
        double lo = ranges.stream().mapToDouble(ClipRange::lo).min().orElse(0);
        double hi = ranges.stream().mapToDouble(ClipRange::hi).max().orElse(0);
        return ranges.size() + " ranges within [" + number(lo) + ", " + number(hi) + "]";
    }
}
