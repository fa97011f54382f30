package org.quantscope.core.lesson;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What must be true: {@code clipped > 5}, {@code mse < mse with calibrator=minmax}, {@code accuracy >= 85}; several joined
 * by {@code and}.
 *
 * @param left what is compared
 * @param comparison how
 * @param number what it is compared with; not looked at if there is a right side
 * @param more what must be true as well
 * @param right another figure that it is compared with
 */
record Condition(
        Expression left,
        Comparison comparison,
        double number,
        Optional<Expression> right,
        List<Condition> more,
        String text) {
    private static final Pattern AND = Pattern.compile("\\s+and\\s+");
    private static final Pattern FORM = Pattern.compile("(.+?)\\s*(<=|>=|<|>)\\s*(.+)");

    /** How two numbers are compared. */
    enum Comparison {
        BELOW("<"),
        AT_MOST("<="),
        ABOVE(">"),
        AT_LEAST(">=");

        private final String sign;

        Comparison(String sign) {
            this.sign = sign;
        }

        boolean holds(double a, double b) {
            return switch (this) {
                case BELOW -> a < b;
                case AT_MOST -> a <= b;
                case ABOVE -> a > b;
                case AT_LEAST -> a >= b;
            };
        }
    }

    /** @throws IllegalArgumentException naming what is not understood */
    static Condition parse(String text) {
        List<Condition> parts =
                Stream.of(AND.split(text.strip())).map(Condition::one).toList();
        Condition first = parts.getFirst();
        return new Condition(
                first.left, first.comparison, first.number, first.right, parts.subList(1, parts.size()), text.strip());
    }

    private static Condition one(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "\"" + text.strip() + "\" is no condition: FIGURE [with NAME=VALUE, …] < | <= | > | >= NUMBER or"
                            + " FIGURE is needed");
        }
        Comparison comparison = List.of(Comparison.values()).stream()
                .filter(c -> c.sign.equals(form.group(2)))
                .findFirst()
                .orElseThrow();
        Double number = number(form.group(3));
        return new Condition(
                Expression.parse(form.group(1)),
                comparison,
                number == null ? 0 : number,
                number == null ? Optional.of(Expression.parse(form.group(3))) : Optional.empty(),
                List.of(),
                text.strip());
    }

    private static @Nullable Double number(String text) {
        try {
            return Double.valueOf(text.strip());
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
