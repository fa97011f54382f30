package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.List;

/**
 * Places the labels of pins in a few rows above the plot: each over its pin, none over another label. Pins that almost
 * coincide, and those whose labels do not fit, share the label of the pin with the lowest error.
 */
final class PinLabels {
    /** Pins that are closer than this, in pixels, share a label, because the eye could not tell them apart. */
    private static final double NEAR = 9;
    /** A label must extend at least this far to both sides of its pin, in pixels. */
    private static final double HOLD = 5;
    /** The least distance between two labels in a row, in pixels. */
    private static final double GAP = 3;
    /** The cost of lying over the line between another label and its pin, as an equivalent shift in pixels. */
    private static final double CROSSING = 40;

    /**
     * A label for the pins {@code from .. to-1}.
     *
     * @param lead the pin whose name it shows
     * @param left its left edge in pixels
     * @param row its row; 0 is the nearest to the plot
     */
    record Label(int from, int to, int lead, double left, double width, int row) {}

    /** The width of a label in pixels. */
    @FunctionalInterface
    interface Widths {
        /** @param others how many pins share the label besides {@code lead} */
        double of(int lead, int others);
    }

    private record Group(int from, int to) {}

    private final double[] x;
    private final double[] error;
    private final Widths widths;
    private final double right;
    private final int rows;

    /**
     * @param x positions of the pins in pixels from the left, ascending
     * @param error the error of each pin, by which a group chooses its best one
     * @param right limit for the right edges of labels, in pixels from the left
     */
    PinLabels(double[] x, double[] error, Widths widths, double right, int rows) {
        this.x = x;
        this.error = error;
        this.widths = widths;
        this.right = right;
        this.rows = rows;
    }

    /** One label for each group of pins, from left to right; every pin belongs to one group. */
    List<Label> place() {
        List<Group> groups = new ArrayList<>();
        for (int i = 0; i < x.length; i++) {
            int last = groups.size() - 1;
            if (last >= 0 && x[i] - x[groups.get(last).from] < NEAR) {
                groups.set(last, new Group(groups.get(last).from, i + 1));
            } else {
                groups.add(new Group(i, i + 1));
            }
        }
        while (true) {
            List<Label> labels = new ArrayList<>();
            if (fill(groups, labels, false) < 0) {
                return labels;
            }
            labels.clear();
            int stuck = fill(groups, labels, true);
            if (stuck < 0) {
                return labels;
            }
            int with = stuck == 0
                    ? 0
                    : stuck == groups.size() - 1 || distance(groups, stuck - 1) <= distance(groups, stuck)
                            ? stuck - 1
                            : stuck;
            groups.set(with, new Group(groups.get(with).from, groups.get(with + 1).to));
            groups.remove(with + 1);
        }
    }

    /** The distance between a group and the next one in pixels. */
    private double distance(List<Group> groups, int group) {
        return x[groups.get(group + 1).from] - x[groups.get(group).to - 1];
    }

    /**
     * Places the labels of all groups, from left to right. A single group always fits.
     *
     * @param tight true to place each label as far to the left as possible, which leaves the most room; false to centre
     *     it over its pin if possible
     * @return the first group whose label does not fit, or −1
     */
    private int fill(List<Group> groups, List<Label> labels, boolean tight) {
        for (int g = 0; g < groups.size(); g++) {
            Group group = groups.get(g);
            int lead = best(group);
            double width = widths.of(lead, group.to - group.from - 1);
            double wanted = Math.clamp(x[lead] - (tight ? width - HOLD : width / 2), 0, Math.max(0, right - width));
            Label found = null;
            double least = Double.POSITIVE_INFINITY;
            for (int row = 0; row < rows; row++) {
                double left = Math.max(wanted, end(labels, row));
                boolean holds = left <= Math.max(0, x[lead] - HOLD) && left + width <= Math.max(right, width);
                double cost = left - wanted + CROSSING * crossings(labels, lead, left, width, row);
                if ((holds || groups.size() == 1) && cost < least) {
                    least = cost;
                    found = new Label(group.from, group.to, lead, left, width, row);
                }
            }
            if (found == null) {
                return g;
            }
            labels.add(found);
        }
        return -1;
    }

    private int best(Group group) {
        int best = group.from;
        for (int i = group.from + 1; i < group.to; i++) {
            best = error[i] < error[best] ? i : best;
        }
        return best;
    }

    /** The right edge of the last label in a row, or the left end of the row if it has none. */
    private static double end(List<Label> labels, int row) {
        return labels.stream()
                .filter(l -> l.row == row)
                .mapToDouble(l -> l.left + l.width + GAP)
                .max()
                .orElse(0);
    }

    /** How many lines of other pins a label would cover, plus how many labels would cover its line. */
    private long crossings(List<Label> labels, int lead, double left, double width, int row) {
        return labels.stream()
                .filter(l -> l.row > row
                        ? x[l.lead] > left - 1 && x[l.lead] < left + width + 1
                        : l.row < row && x[lead] > l.left - 1 && x[lead] < l.left + l.width + 1)
                .count();
    }
}
