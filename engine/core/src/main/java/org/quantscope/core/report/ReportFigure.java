package org.quantscope.core.report;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A number of a report, with what it rests on.
 *
 * @param id the command whose JSON holds the same number and the path of the field in it, such as
 *     {@code eval.float32.accuracy}
 * @param subject the name of the tensor or of the point that it is about; empty if it is about the whole model
 * @param n the samples or values that it rests on; empty if it does not rest on any
 * @param lo95 lower end of its interval of 95 %
 * @param hi95 upper end
 */
public record ReportFigure(
        String id, String subject, double value, Unit unit, OptionalLong n, OptionalDouble lo95, OptionalDouble hi95) {
    public ReportFigure {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("value: a finite number is needed, got " + value + " for " + id);
        }
    }

    /** How a value is written for a person. */
    public enum Unit {
        /** A fraction, written in percent. */
        SHARE("share"),
        /** A difference of fractions, written in percentage points with its sign. */
        POINTS("share"),
        DECIBEL("dB"),
        BYTES("bytes"),
        COUNT(""),
        BITS("bits"),
        NATS("nats"),
        /** Has the unit of the tensor or its square, or none. */
        PLAIN("");

        private final String word;

        Unit(String word) {
            this.word = word;
        }

        /** The unit of the value itself, for a program; empty for plain numbers. */
        public String word() {
            return word;
        }

        String text(double value) {
            return switch (this) {
                case SHARE -> String.format(Locale.ROOT, "%.2f %%", 100 * value);
                case POINTS -> String.format(Locale.ROOT, "%+.2f points", 100 * value);
                case DECIBEL -> String.format(Locale.ROOT, "%.2f dB", value);
                case BYTES -> String.format(Locale.ROOT, "%,.0f bytes", value);
                case COUNT -> String.format(Locale.ROOT, "%,.0f", value);
                case BITS -> number(value) + " bits";
                case NATS -> number(value) + " nats";
                case PLAIN -> number(value);
            };
        }
    }

    /** The figure; empty if there is no such number. */
    static Optional<ReportFigure> of(String id, String subject, double value, Unit unit, OptionalLong n) {
        return Double.isFinite(value)
                ? Optional.of(
                        new ReportFigure(id, subject, value, unit, n, OptionalDouble.empty(), OptionalDouble.empty()))
                : Optional.empty();
    }

    /** For a person: the value with its unit, and the interval if there is one. */
    public String text() {
        return unit.text(value)
                + (lo95.isPresent() && hi95.isPresent()
                        ? " (95 %: " + unit.text(lo95.getAsDouble()) + " to " + unit.text(hi95.getAsDouble()) + ")"
                        : "");
    }

    /** Four significant digits. */
    static String number(double value) {
        double size = Math.abs(value);
        if (value == 0) {
            return "0";
        }
        if (size >= 1e7 || size < 1e-4) {
            return String.format(Locale.ROOT, "%.3e", value);
        }
        int digits = Math.clamp(3 - (int) Math.floor(Math.log10(size)), 0, 9);
        String text = String.format(Locale.ROOT, "%." + digits + "f", value);
        return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
    }
}
