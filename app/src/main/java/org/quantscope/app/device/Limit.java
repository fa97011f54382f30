package org.quantscope.app.device;

import java.util.Locale;
import java.util.OptionalDouble;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.session.DeviceBudget;

/** One limit of a budget, as a person reads and types it. */
public enum Limit {
    FLASH("flash_bytes", "flash", Unit.BYTES),
    RAM("ram_bytes", "RAM", Unit.BYTES),
    MACS("macs", "multiplications", Unit.COUNT),
    MS("ms", "time here", Unit.MILLISECONDS),
    ACCURACY("accuracy", "accuracy", Unit.PERCENT),
    CLASS_ACCURACY("class_accuracy", "worst class", Unit.PERCENT);

    /** What a number in a field counts. */
    private enum Unit {
        BYTES("bytes, or a number with KiB, MiB, kB or MB"),
        COUNT("a number, or one with k, M or G"),
        MILLISECONDS("milliseconds"),
        PERCENT("percent, 0 to 100");

        private final String said;

        Unit(String said) {
            this.said = said;
        }
    }

    private final String id;
    private final String title;
    private final Unit unit;

    Limit(String id, String title, Unit unit) {
        this.id = id;
        this.title = title;
        this.unit = unit;
    }

    /** Its name in the files. */
    public String id() {
        return id;
    }

    public String title() {
        return title;
    }

    /** What may be typed. */
    public String unit() {
        return unit.said;
    }

    /** True for what may not be exceeded, false for what must be reached. */
    public boolean isAtMost() {
        return unit != Unit.PERCENT;
    }

    OptionalDouble of(DeviceBudget budget) {
        return switch (this) {
            case FLASH -> budget.flashBytes();
            case RAM -> budget.ramBytes();
            case MACS -> budget.macs();
            case MS -> budget.ms();
            case ACCURACY -> budget.accuracy();
            case CLASS_ACCURACY -> budget.classAccuracy();
        };
    }

    /** The figure that it limits. */
    DeviceBudget.Figure of(DeviceBudget.Found found) {
        return switch (this) {
            case FLASH -> found.flashBytes();
            case RAM -> found.ramBytes();
            case MACS -> found.macs();
            case MS -> found.ms();
            case ACCURACY -> found.accuracy();
            case CLASS_ACCURACY -> found.classAccuracy();
        };
    }

    /** The budget with this limit replaced. */
    DeviceBudget in(DeviceBudget b, OptionalDouble value) {
        return new DeviceBudget(
                this == FLASH ? value : b.flashBytes(),
                this == RAM ? value : b.ramBytes(),
                this == MACS ? value : b.macs(),
                this == MS ? value : b.ms(),
                this == ACCURACY ? value : b.accuracy(),
                this == CLASS_ACCURACY ? value : b.classAccuracy());
    }

    /** A limit as text that {@link #parse} reads as the same number. */
    String text(double value) {
        return switch (unit) {
            case BYTES -> bytes(value);
            case COUNT -> count(value);
            case MILLISECONDS -> plain(value) + " ms";
            case PERCENT -> percent(value);
        };
    }

    /** A figure in hand, rounded for a person. */
    String figure(double value) {
        return switch (unit) {
            case BYTES -> Figures.bytes(Math.round(value));
            case COUNT -> Figures.rounded(value);
            case MILLISECONDS -> String.format(Locale.ROOT, "%.3g ms", value);
            case PERCENT -> Figures.percent(value);
        };
    }

    private static String bytes(double value) {
        double kib = value / 1024;
        double mib = kib / 1024;
        return mib >= 1 && mib == Math.rint(mib)
                ? plain(mib) + " MiB"
                : kib >= 1 && kib == Math.rint(kib) ? plain(kib) + " KiB" : plain(value) + " B";
    }

    private static String count(double value) {
        double millions = value / 1e6;
        return millions >= 1 && millions * 1000 == Math.rint(millions * 1000) ? plain(millions) + " M" : plain(value);
    }

    /** The shortest percentage that reads back as the same share. */
    private static String percent(double share) {
        String rounded = plain(Math.round(share * 1e8) / 1e6);
        return (Double.parseDouble(rounded) / 100 == share ? rounded : plain(share * 100)) + " %";
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /**
     * The number that a person typed.
     *
     * @throws IllegalArgumentException if it is none, in words
     */
    double parse(String typed) {
        String text = typed.strip();
        int end = text.length();
        while (end > 0 && !Character.isDigit(text.charAt(end - 1)) && text.charAt(end - 1) != '.') {
            end--;
        }
        String suffix = text.substring(end).strip().toLowerCase(Locale.ROOT);
        OptionalDouble number = Figures.parse(text.substring(0, end));
        double factor = factor(suffix);
        if (number.isEmpty() || Double.isNaN(factor)) {
            throw new IllegalArgumentException(title + ": " + unit.said + " is needed, got \"" + text + '"');
        }
        double value = unit == Unit.PERCENT ? number.getAsDouble() / 100 : number.getAsDouble() * factor;
        if (value < 0 || (unit == Unit.PERCENT && value > 1)) {
            throw new IllegalArgumentException(title + ": " + unit.said + " is needed, got \"" + text + '"');
        }
        return value;
    }

    /** NaN if it is no unit of this. */
    private double factor(String suffix) {
        if (suffix.isEmpty()) {
            return 1;
        }
        return switch (unit) {
            case BYTES ->
                switch (suffix) {
                    case "b", "bytes" -> 1;
                    case "kib" -> 1 << 10;
                    case "mib" -> 1 << 20;
                    case "gib" -> 1 << 30;
                    case "kb" -> 1e3;
                    case "mb" -> 1e6;
                    case "gb" -> 1e9;
                    default -> Double.NaN;
                };
            case COUNT ->
                switch (suffix) {
                    case "k" -> 1e3;
                    case "m" -> 1e6;
                    case "g" -> 1e9;
                    default -> Double.NaN;
                };
            case MILLISECONDS -> suffix.equals("ms") ? 1 : Double.NaN;
            case PERCENT -> suffix.equals("%") ? 1 : Double.NaN;
        };
    }
}
