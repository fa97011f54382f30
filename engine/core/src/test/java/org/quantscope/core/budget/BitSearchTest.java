package org.quantscope.core.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.job.CancelToken;

class BitSearchTest {
    private static final List<Integer> WIDTHS = List.of(2, 3, 4, 6, 8);

    private static final CancelToken GO = new CancelToken();

    /** A made-up network: the noise of each part falls by four a bit, and parts make each other's noise worse. */
    private static final class Made {
        private final double[] weight;
        private final int[] count;
        private int asked;

        Made(int parts, long seed) {
            Random random = new Random(seed);
            weight = random.doubles(parts).map(u -> Math.pow(10, -3 * u)).toArray();
            count = random.ints(parts, 10, 1000).toArray();
        }

        double size(List<Integer> bits) {
            return IntStream.range(0, bits.size())
                    .mapToDouble(i -> (double) count[i] * bits.get(i))
                    .sum();
        }

        double priced(List<Integer> bits, CancelToken cancel) {
            cancel.check();
            return cost(bits);
        }

        double cost(List<Integer> bits) {
            asked++;
            double sum = 0;
            double root = 0;
            for (int i = 0; i < bits.size(); i++) {
                double noise = weight[i] * Math.pow(4, -bits.get(i));
                sum += noise;
                root += Math.sqrt(noise);
            }
            return sum + 0.05 * root * root;
        }
    }

    private static BitSearch search(Made made, int parts) {
        return new BitSearch(new BitSearch.Space(Collections.nCopies(parts, WIDTHS)), made::size, made::priced);
    }

    private static double leastOf(Made made, int parts, double budget) {
        double least = Double.POSITIVE_INFINITY;
        for (int code = 0; code < Math.pow(WIDTHS.size(), parts); code++) {
            List<Integer> bits = new ArrayList<>();
            for (int i = 0, rest = code; i < parts; i++, rest /= WIDTHS.size()) {
                bits.add(WIDTHS.get(rest % WIDTHS.size()));
            }
            if (made.size(bits) <= budget) {
                least = Math.min(least, made.cost(bits));
            }
        }
        return least;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void itComesCloseToTheBestOfAll(long seed) {
        int parts = 5;
        Made made = new Made(parts, seed);
        double budget = made.size(Collections.nCopies(parts, 4)) * 0.9;
        BitSearch search = search(made, parts);
        BitSearch.Point found = search.within(budget, GO);

        assertThat(found.size()).isLessThanOrEqualTo(budget);
        assertThat(made.size(found.bits())).isEqualTo(found.size());
        assertThat(made.cost(found.bits())).isEqualTo(found.cost());
        assertThat(found.cost()).isLessThan(leastOf(made, parts, budget) * 1.35);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 6, 8})
    void itNeverLosesMoreThanTheUniformAssignmentOfTheSize(int bits) {
        for (int seed = 0; seed < 20; seed++) {
            Made made = new Made(6, seed);
            List<Integer> uniform = Collections.nCopies(6, bits);
            BitSearch.Point found = search(made, 6).within(made.size(uniform), GO);
            assertThat(found.cost()).isLessThanOrEqualTo(made.cost(uniform));
            assertThat(found.size()).isLessThanOrEqualTo(made.size(uniform));
        }
    }

    /** A cost with a trap: greedy steps lead past the uniform assignment, which is the best there is. */
    @Test
    void theUniformAssignmentWinsWhereItIsBetter() {
        ToDoubleFunction<List<Integer>> size = bits -> bits.get(0) + bits.get(1);
        ToDoubleFunction<List<Integer>> cost =
                bits -> bits.get(0).equals(bits.get(1)) ? 8 - bits.get(0) : 20 - bits.get(0) - 2 * bits.get(1);
        BitSearch search = new BitSearch(
                new BitSearch.Space(List.of(List.of(2, 3, 4), List.of(2, 3, 4))),
                size,
                (bits, _) -> cost.applyAsDouble(bits));
        assertThat(search.within(6, GO).bits()).containsExactly(3, 3);
    }

    @Test
    void lazyMeansFewMeasurements() {
        int parts = 20;
        Made made = new Made(parts, 7);
        BitSearch search = search(made, parts);
        search.down(0, GO);
        int steps = parts * (WIDTHS.size() - 1);
        // A search that measured every step of every part each time would ask thousands of times.
        assertThat(search.evaluations()).isEqualTo(made.asked).isLessThan(steps * 6);
        search.down(0, GO);
        assertThat(search.evaluations()).isEqualTo(made.asked);
    }

    @Test
    void partsWithOneWidthStay() {
        Made made = new Made(3, 1);
        BitSearch search =
                new BitSearch(new BitSearch.Space(List.of(WIDTHS, List.of(8), WIDTHS)), made::size, made::priced);
        assertThat(search.down(0, GO))
                .allSatisfy(p -> assertThat(p.bits().get(1)).isEqualTo(8));
        assertThat(search.down(0, GO).getLast().bits()).containsExactly(2, 8, 2);
    }

    @Test
    void theFrontFallsFromSmallToLargeAndKeepsItsEnds() {
        Made made = new Made(12, 3);
        BitSearch search = search(made, 12);
        search.down(0, GO);
        List<BitSearch.Point> front = search.front(20);
        assertThat(front).hasSize(20);
        assertThat(front.getFirst().bits()).containsOnly(2);
        assertThat(front.getLast().bits()).containsOnly(8);
        for (int i = 1; i < front.size(); i++) {
            assertThat(front.get(i).size()).isGreaterThan(front.get(i - 1).size());
            assertThat(front.get(i).cost()).isLessThan(front.get(i - 1).cost());
        }
        assertThat(search.front(1000).size()).isGreaterThan(20);
    }

    @Test
    void whatCannotBeMeasuredIsNotChosenAndTooSmallABudgetIsSaid() {
        Made made = new Made(2, 1);
        BitSearch search = new BitSearch(
                new BitSearch.Space(List.of(List.of(2, 4), List.of(2, 4))),
                made::size,
                (bits, _) -> bits.equals(List.of(2, 4)) ? Double.NaN : made.cost(bits));
        double budget = made.size(List.of(4, 4)) - 1;
        assertThat(search.within(budget, GO).bits()).isNotEqualTo(List.of(2, 4));
        assertThat(search.within(budget, GO).cost())
                .isCloseTo(made.cost(search.within(budget, GO).bits()), within(0.0));
        assertThatThrownBy(() -> search.within(1, GO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 1.0");
    }

    /** In few values a step may free no whole byte: it is taken last, and its price is a number all the same. */
    @Test
    void aStepThatFreesNothingComesLast() {
        BitSearch search = new BitSearch(
                new BitSearch.Space(List.of(List.of(6, 8), List.of(6, 8))),
                bits -> 3 + bits.get(1),
                (bits, _) -> 16 - bits.get(0) - 0.5 * bits.get(1));
        assertThat(search.down(0, GO))
                .extracting(BitSearch.Point::bits)
                .containsExactly(List.of(8, 8), List.of(8, 6), List.of(6, 6));
        assertThat(search.within(9, GO).bits()).containsExactly(8, 6);
    }

    /** Stopped and asked again it goes on where it was, and comes to what it would have come to. */
    @Test
    void whatWasMeasuredBeforeACancellationIsKept() {
        Made made = new Made(8, 5);
        CancelToken stop = new CancelToken();
        BitSearch search =
                new BitSearch(new BitSearch.Space(Collections.nCopies(8, WIDTHS)), made::size, (bits, cancel) -> {
                    if (made.asked == 15) {
                        stop.cancel();
                    }
                    return made.priced(bits, cancel);
                });
        assertThatThrownBy(() -> search.down(0, stop)).isInstanceOf(CancellationException.class);
        int before = search.evaluations();
        assertThat(before).isEqualTo(15);
        assertThat(search.down(0, GO)).hasSize(1 + 8 * 4);
        assertThat(search.evaluations()).isEqualTo(made.asked);
        assertThat(search.steps()).isEqualTo(search.stepsInAll());
    }
}
