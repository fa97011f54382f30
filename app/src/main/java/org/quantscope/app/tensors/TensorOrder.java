package org.quantscope.app.tensors;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.OptionalDouble;
import org.quantscope.core.quant.QuantSpec;

/** An order of the list. Tensors without the figure that it sorts by come last, whether ascending or descending. */
public record TensorOrder(Key key, boolean descending) {
    /** What the list is sorted by. */
    public enum Key {
        NAME,
        /** By the number of values. */
        SHAPE,
        /** By the bits of a code; float is the largest. */
        BITS,
        SQNR,
        /** By the SQNR at the output of the layer. */
        OUTPUT,
        /**
         * By the loss of accuracy with the tensor alone quantized; of equal losses, the one with the smaller output
         * SQNR counts as more sensitive.
         */
        SENSITIVITY
    }

    /** The order at the start. */
    public static final TensorOrder WORST_FIRST = new TensorOrder(Key.SQNR, false);

    /** The order after a sweep. */
    public static final TensorOrder MOST_SENSITIVE_FIRST = new TensorOrder(Key.SENSITIVITY, false);

    Comparator<TensorRow> comparator() {
        return switch (key) {
            case NAME -> directed(Comparator.comparing(TensorRow::name, TensorOrder::naturally));
            case SHAPE -> directed(Comparator.comparingLong(row -> row.shape().count()));
            case BITS ->
                directed(Comparator.comparingInt(
                        row -> row.setting().spec().map(QuantSpec::bits).orElse(Float.SIZE)));
            case SQNR ->
                Comparator.comparing((TensorRow row) -> row.result().sqnrDb().isEmpty())
                        .thenComparing(directed(Comparator.comparingDouble(
                                row -> row.result().sqnrDb().orElse(0))));
            case OUTPUT ->
                Comparator.comparing(
                                (TensorRow row) -> row.result().outputSqnrDb().isEmpty())
                        .thenComparing(directed(Comparator.comparingDouble(
                                row -> row.result().outputSqnrDb().orElse(0))));
            case SENSITIVITY ->
                Comparator.comparing((TensorRow row) -> loss(row).isEmpty())
                        .thenComparing(directed(Comparator.comparingDouble(
                                        (TensorRow row) -> -loss(row).orElse(0))
                                .thenComparingDouble(row -> row.sensitivity()
                                        .map(d -> d.figures().outputSqnrDb().orElse(Double.NEGATIVE_INFINITY))
                                        .orElse(0.0))));
        };
    }

    private static OptionalDouble loss(TensorRow row) {
        return row.sensitivity().map(ShownSensitivity::loss).orElse(OptionalDouble.empty());
    }

    private Comparator<TensorRow> directed(Comparator<TensorRow> ascending) {
        return descending ? ascending.reversed() : ascending;
    }

    /**
     * Compares names without regard to case. Runs of digits compare as numbers, so that {@code layer.10} comes after
     * {@code layer.9}.
     */
    private static int naturally(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() && j < b.length()) {
            if (digit(a, i) && digit(b, j)) {
                int endA = endOfDigits(a, i);
                int endB = endOfDigits(b, j);
                int byNumber = new BigInteger(a.substring(i, endA)).compareTo(new BigInteger(b.substring(j, endB)));
                if (byNumber != 0) {
                    return byNumber;
                }
                i = endA;
                j = endB;
            } else {
                int byLetter =
                        Character.compare(Character.toLowerCase(a.charAt(i++)), Character.toLowerCase(b.charAt(j++)));
                if (byLetter != 0) {
                    return byLetter;
                }
            }
        }
        return Integer.compare(a.length() - i, b.length() - j);
    }

    private static boolean digit(String s, int at) {
        return s.charAt(at) >= '0' && s.charAt(at) <= '9';
    }

    private static int endOfDigits(String s, int from) {
        int end = from;
        while (end < s.length() && digit(s, end)) {
            end++;
        }
        return end;
    }
}
