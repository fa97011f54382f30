package org.quantscope.core.corruption;

import java.util.List;

/**
 * How much of a corruption each severity means.
 *
 * @param none the amount at severity 0, which changes nothing
 * @param at the amounts at severity 1 to 5
 */
public record Amounts(double none, List<Double> at) {
    public Amounts {
        at = List.copyOf(at);
        if (at.size() != Corrupted.MOST) {
            throw new IllegalArgumentException("at: " + Corrupted.MOST + " amounts, got " + at.size());
        }
    }

    static Amounts of(double none, Double... at) {
        return new Amounts(none, List.of(at));
    }

    /**
     * The amount at a severity; between whole severities on a straight line.
     *
     * @param severity 0 to {@value Corrupted#MOST}
     */
    public double of(double severity) {
        int below = (int) Math.min(severity, Corrupted.MOST - 1);
        double from = below == 0 ? none : at.get(below - 1);
        double part = severity - below;
        return part == 1 ? at.get(below) : from + (at.get(below) - from) * part;
    }
}
