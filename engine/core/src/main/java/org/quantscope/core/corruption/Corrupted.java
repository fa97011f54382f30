package org.quantscope.core.corruption;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.stream.Collectors;

/**
 * A corruption at a severity, as it is chosen and saved.
 *
 * @param id one of {@link Corruptions}
 * @param severity 0 to {@value #MOST}; 0 changes nothing
 */
public record Corrupted(String id, double severity) {
    /** The greatest severity. */
    public static final int MOST = 5;

    public Corrupted {
        if (Corruptions.find(id).isEmpty()) {
            throw new IllegalArgumentException("corruption: one of "
                    + Corruptions.all().stream().map(Corruption::id).collect(Collectors.joining(", "))
                    + " is needed, got " + id);
        }
        if (!(severity >= 0 && severity <= MOST)) {
            throw new IllegalArgumentException(
                    "corruption: a severity from 0 to " + MOST + " is needed, got " + severity);
        }
        severity += 0.0; // −0 becomes 0, which is written alike
    }

    /**
     * Reads {@code ID:SEVERITY}, such as {@code noise:2.5}.
     *
     * @throws IllegalArgumentException with what is wrong and the value
     */
    public static Corrupted parse(String text) {
        int colon = text.indexOf(':');
        String id = colon < 0 ? text : text.substring(0, colon);
        String severity = colon < 0 ? "" : text.substring(colon + 1);
        if (!severity.matches("[0-9]{1,3}(\\.[0-9]{1,9})?")) {
            throw new IllegalArgumentException(
                    "corruption: ID:SEVERITY is needed, with a severity from 0 to " + MOST + ", got " + text);
        }
        return new Corrupted(id, Double.parseDouble(severity));
    }

    /** The form that {@link #parse} reads. */
    public String text() {
        return id + ":" + (severity == Math.rint(severity) ? Long.toString((long) severity) : decimal(severity));
    }

    private static String decimal(double value) {
        return new BigDecimal(value)
                .setScale(9, RoundingMode.HALF_EVEN)
                .stripTrailingZeros()
                .toPlainString();
    }

    /** For people: at most three digits that count. */
    public static String number(double value) {
        return new BigDecimal(value)
                .round(new MathContext(3))
                .stripTrailingZeros()
                .toPlainString();
    }

    public Corruption corruption() {
        return Corruptions.find(id).orElseThrow();
    }

    /** For people: {@code Noise, severity 3: standard deviation 8 % of the value range}. */
    public String said(Subject subject) {
        return corruption().title() + ", severity " + text().substring(id.length() + 1)
                + corruption()
                        .amounts(subject)
                        .map(amounts -> ": " + corruption().said(subject, amounts.of(severity)))
                        .orElse("");
    }
}
