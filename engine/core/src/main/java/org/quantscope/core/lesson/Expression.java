package org.quantscope.core.lesson;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A figure, or two of them: {@code mse}, {@code sqnr_db with bits=5 minus sqnr_db with bits=4},
 * {@code mse over mse with calibrator=mse}.
 *
 * @param left the figure that names the whole
 * @param by how the right one changes it
 * @param right empty if there is only one
 */
record Expression(Quantity left, By by, Optional<Quantity> right) {
    private static final Pattern PAIR = Pattern.compile("(.+?)\\s+(minus|over)\\s+(.+)", Pattern.DOTALL);
    static final String TIMES = "times";
    private static final String PERCENT = "%";
    private static final String POINTS = "points";

    /** How two figures are joined. */
    enum By {
        MINUS,
        OVER
    }

    /** @throws IllegalArgumentException naming what is not known */
    static Expression parse(String text) {
        Matcher pair = PAIR.matcher(text.strip());
        return pair.matches()
                ? new Expression(
                        Quantity.parse(pair.group(1)),
                        pair.group(2).equals("minus") ? By.MINUS : By.OVER,
                        Optional.of(Quantity.parse(pair.group(3))))
                : new Expression(Quantity.parse(text), By.MINUS, Optional.empty());
    }

    String unit() {
        String unit = left.figure().unit();
        if (right.isEmpty()) {
            return unit;
        }
        // The difference of two percentages is no percentage.
        return by == By.OVER ? TIMES : unit.equals(PERCENT) ? POINTS : unit;
    }

    double of(double a, double b) {
        return by == By.OVER ? a / b : a - b;
    }
}
