package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.quantscope.core.job.CancelToken;

/**
 * Two quantized forms, A and B, on the same samples: each beside the float model as an evaluation says it, and B beside A.
 *
 * <p>The difference is paired. For a score of right or wrong, its interval is Tango's score interval of paired proportions
 * ({@link PairedInterval}); where a sample has several positions, Cochran's interval of a ratio; and for any other score
 * Student's t interval of the mean difference.
 *
 * @param a the first form beside float
 * @param b the second form beside float
 * @param gained samples on which B scores higher than A
 * @param lost samples on which B scores lower than A
 * @param agree samples on which both give the same class at every scored position; empty if the outputs are not classes
 * @param interval 95 % interval of B − A over all samples of the data; its width is 0 when all have been seen
 * @param population 95 % interval of B − A over all samples that could have been drawn as these were: it tells whether the
 *     difference may be chance
 * @param differing the samples on which the scores differ, or for a score of outputs the classes, in the order of
 *     evaluation
 */
public record SideBySide(
        AccuracyEstimate a,
        AccuracyEstimate b,
        long gained,
        long lost,
        OptionalInt agree,
        PairedInterval interval,
        PairedInterval population,
        List<Differing> differing) {
    public SideBySide {
        differing = List.copyOf(differing);
    }

    /**
     * A sample that the two treat differently.
     *
     * @param sample its index in the data
     * @param label its class; empty if there is none
     * @param classA the class that A gives; empty if it gives several or none
     * @param classB the class that B gives
     * @param scoreA 1 for right and 0 for wrong where {@link Task#isProportion} with one answer, else the score
     * @param scoreB likewise
     */
    public record Differing(
            int sample, OptionalInt label, OptionalInt classA, OptionalInt classB, double scoreA, double scoreB) {}

    /** The score of B less that of A. */
    public double delta() {
        return b.score() - a.score();
    }

    /** Samples that only A gets wrong, or does worse on. */
    public List<Differing> onlyAWrong() {
        return differing.stream().filter(d -> isBetter(d.scoreB, d.scoreA)).toList();
    }

    /** Samples that only B gets wrong, or does worse on. */
    public List<Differing> onlyBWrong() {
        return differing.stream().filter(d -> isBetter(d.scoreA, d.scoreB)).toList();
    }

    private boolean isBetter(double x, double y) {
        return a.task().higherIsBetter() ? x > y : x < y;
    }

    /** True if {@link #population} lies on one side of 0. */
    public boolean isTold() {
        return population.lo() > 0 || population.hi() < 0;
    }

    /** The name of the statistics behind the intervals. */
    public String method() {
        Task task = a.task();
        return task instanceof Task.Each
                ? "paired ratio, t interval (Cochran 1977)"
                : task.isProportion()
                        ? "paired proportions, score interval (Tango 1998)"
                        : "paired mean difference, t interval";
    }

    /**
     * Evaluates both forms on all samples, batch by batch.
     *
     * @param a with the same data, seed and choice of what is scored as {@code b}
     * @param partial the figures so far, after each batch
     * @throws java.util.concurrent.CancellationException if cancelled or closed
     * @throws IllegalArgumentException if the two do not evaluate the same samples in the same order
     */
    public static SideBySide of(
            LiveEvaluator a,
            EvalRequest ofA,
            LiveEvaluator b,
            EvalRequest ofB,
            CancelToken cancel,
            Consumer<SideBySide> partial) {
        try (LiveEvaluator.Leg first = a.leg(ofA, cancel);
                LiveEvaluator.Leg second = b.leg(ofB, cancel)) {
            int[][] batches = first.batches();
            if (!Arrays.deepEquals(batches, second.batches())) {
                throw new IllegalArgumentException("samples: A and B are not evaluated in the same order");
            }
            Scoring.Between count = first.scoring().between(a.samples());
            SideBySide estimate = null;
            for (int i = 0; i < batches.length; i++) {
                cancel.check();
                count.add(batches[i], first.floats(i), first.outputs(i), second.outputs(i));
                estimate = count.estimate();
                partial.accept(estimate);
            }
            if (estimate == null) {
                throw new IllegalArgumentException("samples: there are none");
            }
            return estimate;
        }
    }
}
