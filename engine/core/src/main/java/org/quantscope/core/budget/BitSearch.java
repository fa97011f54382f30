package org.quantscope.core.budget;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.quantscope.core.job.CancelToken;

/**
 * Lazy greedy search for the bits of each part of a model. It begins with the most bits everywhere and takes away
 * where that costs least for the room it frees; the cost of a step is measured in the present mixture, but only for the
 * part that an earlier measurement puts first. What room is left in the end is spent where it gains most. Costs are
 * whole measurements, never sums of parts.
 */
final class BitSearch {
    private static final double ROUNDING = 1e-9;

    /**
     * Which parts may have which widths.
     *
     * @param widths for each part, ascending; a part with a single one keeps it
     */
    record Space(List<List<Integer>> widths) {
        Space {
            widths = widths.stream().map(List::copyOf).toList();
            if (widths.stream().anyMatch(List::isEmpty)) {
                throw new IllegalArgumentException("widths: a part has none to choose from");
            }
        }

        /** All widths that any part may have, ascending. */
        List<Integer> all() {
            return widths.stream().flatMap(List::stream).distinct().sorted().toList();
        }

        List<Integer> most() {
            return widths.stream().map(List::getLast).toList();
        }

        /** The assignment that gives each part the given width, or the nearest one below that it may have, else its least. */
        List<Integer> uniform(int bits) {
            return widths.stream()
                    .map(all -> all.stream()
                            .filter(b -> b <= bits)
                            .reduce((a, b) -> b)
                            .orElse(all.getFirst()))
                    .toList();
        }
    }

    /**
     * An assignment that was measured.
     *
     * @param bits of each part
     * @param size in the unit of the budget
     * @param cost what it loses
     */
    record Point(List<Integer> bits, double size, double cost) {}

    /** What an assignment loses. */
    interface Cost {
        /** @throws java.util.concurrent.CancellationException if cancelled */
        double of(List<Integer> bits, CancelToken cancel);
    }

    private final Space space;
    private final ToDoubleFunction<List<Integer>> size;
    private final Cost cost;
    private final Map<List<Integer>, Double> known = new HashMap<>();
    private final Map<List<Integer>, Double> sizes = new HashMap<>();
    private final List<Point> path = new ArrayList<>();

    /**
     * @param size of an assignment, never more with fewer bits of any part
     * @param cost of an assignment; expensive, asked once for each
     */
    BitSearch(Space space, ToDoubleFunction<List<Integer>> size, Cost cost) {
        this.space = space;
        this.size = bits -> sizes.computeIfAbsent(bits, size::applyAsDouble);
        this.cost = cost;
    }

    /** How many assignments were measured. */
    int evaluations() {
        return known.size();
    }

    /** How many steps of the way down are taken. */
    int steps() {
        return Math.max(0, path.size() - 1);
    }

    /** How many steps there are from the most bits to the fewest. */
    int stepsInAll() {
        return space.widths.stream().mapToInt(all -> all.size() - 1).sum();
    }

    double cost(List<Integer> bits, CancelToken cancel) {
        cancel.check();
        Double before = known.get(bits);
        if (before != null) {
            return before;
        }
        double made = cost.of(bits, cancel);
        // What cannot be measured is never chosen.
        double checked = Double.isNaN(made) ? Double.POSITIVE_INFINITY : made;
        known.put(bits, checked);
        return checked;
    }

    private Point point(List<Integer> bits, CancelToken cancel) {
        return new Point(bits, size.applyAsDouble(bits), cost(bits, cancel));
    }

    /** Every assignment that was measured, in no order; those without a figure are left out. */
    List<Point> measured() {
        return known.entrySet().stream()
                .filter(e -> Double.isFinite(e.getValue()))
                .map(e -> new Point(e.getKey(), size.applyAsDouble(e.getKey()), e.getValue()))
                .toList();
    }

    /**
     * The assignments on the way from the most bits to the fewest. After a cancellation it goes on where it was.
     *
     * @param stop ends it once the size is at most this
     */
    List<Point> down(double stop, CancelToken cancel) {
        List<Integer> now = path.isEmpty() ? space.most() : path.getLast().bits();
        if (path.isEmpty()) {
            path.add(point(now, cancel));
        }
        // From the last measurement of each part, in whatever mixture that was.
        Map<Integer, Double> queue = new HashMap<>();
        while (size.applyAsDouble(now) > stop + ROUNDING) {
            List<Integer> open = open(now);
            if (open.isEmpty()) {
                break;
            }
            Set<Integer> fresh = new HashSet<>();
            int next;
            while (true) {
                next = Collections.min(
                        open,
                        Comparator.comparingDouble(
                                (Integer part) -> queue.getOrDefault(part, Double.NEGATIVE_INFINITY)));
                if (fresh.contains(next)) {
                    break;
                }
                queue.put(next, price(now, next, cancel));
                fresh.add(next);
            }
            now = step(now, next, -1);
            path.add(point(now, cancel));
            queue.remove(next);
            if (open(now).contains(next)) {
                queue.put(next, price(now, next, cancel));
            }
        }
        return List.copyOf(path);
    }

    /** What a step down costs for the room that it frees; one that frees none comes last. */
    private double price(List<Integer> now, int part, CancelToken cancel) {
        List<Integer> less = step(now, part, -1);
        double room = size.applyAsDouble(now) - size.applyAsDouble(less);
        double price = room > 0 ? (cost(less, cancel) - cost(now, cancel)) / room : Double.POSITIVE_INFINITY;
        return Double.isNaN(price) ? Double.POSITIVE_INFINITY : price;
    }

    private List<Integer> open(List<Integer> now) {
        List<Integer> parts = new ArrayList<>();
        for (int part = 0; part < now.size(); part++) {
            if (now.get(part) > space.widths.get(part).getFirst()) {
                parts.add(part);
            }
        }
        return parts;
    }

    private List<Integer> step(List<Integer> now, int part, int by) {
        List<Integer> widths = space.widths.get(part);
        List<Integer> next = new ArrayList<>(now);
        next.set(part, widths.get(widths.indexOf(now.get(part)) + by));
        return List.copyOf(next);
    }

    /**
     * The best assignment within a budget: where the way down first fits, with what room is left spent, or the uniform
     * one if that loses less.
     *
     * @throws IllegalArgumentException if the fewest bits do not fit
     */
    Point within(double budget, CancelToken cancel) {
        down(budget, cancel);
        Point fits = path.stream()
                .filter(p -> p.size() <= budget + ROUNDING)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "the fewest bits take " + path.getLast().size() + ", more than " + budget));
        Point best = filled(fits, budget, cancel);
        for (int bits : space.all()) {
            List<Integer> uniform = space.uniform(bits);
            if (size.applyAsDouble(uniform) <= budget + ROUNDING && cost(uniform, cancel) < best.cost()) {
                best = point(uniform, cancel);
            }
        }
        // What was measured for another budget may be better still.
        for (Point other : measured()) {
            if (other.size() <= budget + ROUNDING && other.cost() < best.cost()) {
                best = other;
            }
        }
        return best;
    }

    private Point filled(Point start, double budget, CancelToken cancel) {
        Point now = start;
        while (true) {
            Point from = now;
            Point best = from;
            for (int part = 0; part < from.bits().size(); part++) {
                List<Integer> widths = space.widths.get(part);
                if (!from.bits().get(part).equals(widths.getLast())) {
                    List<Integer> more = step(from.bits(), part, 1);
                    if (size.applyAsDouble(more) <= budget + ROUNDING && cost(more, cancel) < best.cost()) {
                        best = point(more, cancel);
                    }
                }
            }
            if (best.equals(from)) {
                return now;
            }
            now = best;
        }
    }

    /**
     * The assignments of which no other measured one is smaller and loses less, from small to large: at most
     * {@code most} of them, spread evenly over the sizes, the ends among them.
     */
    List<Point> front(int most) {
        List<Point> all = measured().stream()
                .sorted(Comparator.comparingDouble(Point::size).thenComparingDouble(Point::cost))
                .toList();
        List<Point> front = new ArrayList<>();
        for (Point p : all.reversed()) {
            // From large to small: a smaller one that loses less than larger ones puts them away.
            while (!front.isEmpty() && front.getLast().cost() >= p.cost()) {
                front.removeLast();
            }
            front.add(p);
        }
        Collections.reverse(front);
        if (front.size() <= most) {
            return List.copyOf(front);
        }
        return spread(front, most);
    }

    private static List<Point> spread(List<Point> front, int most) {
        List<Point> spread = new ArrayList<>();
        double from = front.getFirst().size();
        double to = front.getLast().size();
        int at = 0;
        for (int i = 0; i < most; i++) {
            double wanted = from + (to - from) * i / (most - 1);
            int left = most - 1 - i;
            while (at + 1 < front.size() - left
                    && Math.abs(front.get(at + 1).size() - wanted)
                            <= Math.abs(front.get(at).size() - wanted)) {
                at++;
            }
            spread.add(front.get(Math.min(at, front.size() - 1)));
            at++;
        }
        spread.set(most - 1, front.getLast());
        return spread.stream().distinct().toList();
    }
}
