package org.quantscope.app.glass;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers of a calculation as text, with a minus sign instead of a hyphen. */
final class Digits {
    private static final int SIGNIFICANT = 6;

    private Digits() {}

    /** An addend: with its sign in front and a space around it; nothing for 0. */
    static String plus(long n) {
        return n == 0 ? "" : n > 0 ? " + " + n : " − " + -n;
    }

    static String whole(long n) {
        return Long.toString(n).replace('-', '−');
    }

    /** A double that holds a whole number. */
    static String whole(double x) {
        return Math.abs(x) < 1e10
                ? whole((long) x)
                : String.format(Locale.ROOT, "%.3e", x).replace('-', '−');
    }

    /** A difference that stands before an operator: in brackets unless nothing is taken off. */
    static String difference(long a, long b) {
        return b == 0 ? whole(a) : "(" + whole(a) + plus(-b) + ")";
    }

    /** A whole number that stands behind an operator: in brackets if it is negative. */
    static String bracketed(long n) {
        return n < 0 ? "(" + whole(n) + ")" : whole(n);
    }

    /** Six significant digits, without zeros at the end: enough to follow the arithmetic by hand. */
    static String number(double x) {
        double size = Math.abs(x);
        String text = size != 0 && (size < 1e-4 || size >= 1e7)
                ? String.format(Locale.ROOT, "%.5e", x)
                : new BigDecimal(x)
                        .round(new MathContext(SIGNIFICANT))
                        .stripTrailingZeros()
                        .toPlainString();
        return text.replace('-', '−');
    }
}
