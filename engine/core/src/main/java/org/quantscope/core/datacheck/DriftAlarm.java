package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The rule by which a window of samples has drifted from the calibration data.
 *
 * <p>The statistic is the largest, over the activations, of {@code (D − mean) / std}: D is the Jensen-Shannon divergence of
 * the window from the calibration data over bins of equal shares; mean and std are those of D without drift. What happens
 * without drift is seen by taking windows out of the calibration data by chance, {@value #SPLITS} times, and comparing each
 * with the rest of it. The alarm is given beyond the quantile of those figures that leaves the wanted share of false alarms:
 * of k figures the ⌈(k + 1)(1 − share)⌉-th, which is exact for a window that is exchangeable with the calibration data, as
 * a permutation test is (E. S. Edgington and P. Onghena, Randomization Tests, 4th ed. 2007).
 *
 * <p>The rate holds for a look at one window. Looks at windows that share samples are not independent.
 */
public final class DriftAlarm {
    /** The usual window, in samples. */
    public static final int WINDOW = 64;

    /** The usual share of false alarms. */
    public static final double FALSE_ALARMS = 0.01;

    private static final int SPLITS = 1000;
    private static final int MOST_TENSORS = 32;

    /** Bytes of the counts of single samples that are held to learn from. */
    private static final long MOST_BYTES = 256L << 20;

    private final SampleCounts counts;
    private final long[][] reference;
    private final int window;
    private final int samples;
    private final double[] mean;
    private final double[] std;
    private final double threshold;
    private final int splits;

    private DriftAlarm(
            SampleCounts counts,
            long[][] reference,
            int window,
            int samples,
            double[] mean,
            double[] std,
            double threshold,
            int splits) {
        this.counts = counts;
        this.reference = reference;
        this.window = window;
        this.samples = samples;
        this.mean = mean;
        this.std = std;
        this.threshold = threshold;
        this.splits = splits;
    }

    /**
     * Learns the rule.
     *
     * @param known the activations on the calibration data
     * @param settings that decide what is clipped
     * @param window samples, at least 8
     * @param falseAlarms the share of windows without drift that give an alarm, 0.001 to 0.5
     * @param seed of the windows that are taken out
     * @throws BadInputException if the calibration data has less than two windows, or no sample of the model can be looked
     *     at by itself
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static DriftAlarm learn(
            Model model,
            Dataset calibration,
            Map<TensorId, MomentSketch> known,
            ResolvedSettings settings,
            int window,
            double falseAlarms,
            long seed,
            Progress progress,
            CancelToken cancel) {
        if (window < 8 || !(falseAlarms >= 0.001 && falseAlarms <= 0.5)) {
            throw new IllegalArgumentException("window: at least 8 samples, and false alarms from 0.001 to 0.5, got "
                    + window + " and " + falseAlarms);
        }
        if (calibration.size() < 2 * window) {
            throw new BadInputException(
                    calibration.file(),
                    "samples",
                    "a window of " + window + " samples needs at least " + 2 * window + " to learn from, but there are "
                            + calibration.size());
        }
        SampleCounts counts = taps(model, known, settings);
        long bytes = counts.taps().stream().mapToLong(t -> 16 + 4L * t.size()).sum();
        int held = (int) Math.min(calibration.size(), Math.max(2L * window, MOST_BYTES / Math.max(1, bytes)));
        List<int[][]> all = new ArrayList<>();
        counts.forEach(calibration.limit(held), progress, cancel, all::add);
        long[][] sum = sum(counts, all);
        int splits = SPLITS;
        double[][] seen = new double[splits][];
        Random random = new Random(seed);
        int[] order = IntStream.range(0, held).toArray();
        for (int s = 0; s < splits; s++) {
            cancel.check();
            progress.report(s, splits, "windows without drift");
            List<int[][]> out = new ArrayList<>();
            for (int i = 0; i < window; i++) {
                int j = i + random.nextInt(held - i);
                int taken = order[j];
                order[j] = order[i];
                order[i] = taken;
                out.add(all.get(taken));
            }
            long[][] of = sum(counts, out);
            seen[s] = divergences(counts, minus(sum, of), of);
        }
        progress.report(splits, splits, "windows without drift");
        return of(counts, sum, window, held, seen, falseAlarms);
    }

    private static DriftAlarm of(
            SampleCounts counts, long[][] sum, int window, int samples, double[][] seen, double falseAlarms) {
        int tensors = counts.taps().size();
        double[] mean = new double[tensors];
        double[] std = new double[tensors];
        for (int t = 0; t < tensors; t++) {
            for (double[] of : seen) {
                mean[t] += of[t] / seen.length;
            }
            for (double[] of : seen) {
                std[t] += (of[t] - mean[t]) * (of[t] - mean[t]) / (seen.length - 1);
            }
            std[t] = Math.sqrt(std[t]);
        }
        double[] largest = new double[seen.length];
        for (int s = 0; s < seen.length; s++) {
            largest[s] = statistic(seen[s], mean, std);
        }
        Arrays.sort(largest);
        int rank = Math.min(seen.length, (int) Math.ceil((seen.length + 1) * (1 - falseAlarms)));
        return new DriftAlarm(counts, sum, window, samples, mean, std, largest[rank - 1], seen.length);
    }

    /** Activations spread evenly over the graph, as many as are looked at. */
    private static SampleCounts taps(Model model, Map<TensorId, MomentSketch> known, ResolvedSettings settings) {
        List<TensorId> all = model.graph().orElseThrow().activations().stream()
                .map(TensorInfo::id)
                .filter(id -> Optional.ofNullable(known.get(id))
                        .filter(sketch -> sketch.count() > 0)
                        .isPresent())
                .toList();
        SampleCounts counts = new SampleCounts(model);
        int n = Math.min(all.size(), MOST_TENSORS);
        for (int i = 0; i < n; i++) {
            TensorId id = all.get((int) ((long) i * all.size() / n));
            MomentSketch sketch = known.get(id);
            if (sketch != null) {
                Optional<ClipRange> levels = settings.find(id)
                        .map(ResolvedTensor::params)
                        .filter(p -> p.slices() == 1)
                        .map(p -> Drift.widened(p.effective(0)));
                counts.add(id, EqualShares.of(sketch), levels);
            }
        }
        return counts;
    }

    private static long[][] sum(SampleCounts counts, List<int[][]> samples) {
        long[][] sum = zero(counts);
        samples.forEach(one -> add(sum, one, 1));
        return sum;
    }

    private static long[][] zero(SampleCounts counts) {
        return counts.taps().stream().map(tap -> new long[tap.size()]).toArray(long[][]::new);
    }

    private static void add(long[][] sum, int[][] one, int sign) {
        for (int t = 0; t < sum.length; t++) {
            for (int i = 0; i < sum[t].length; i++) {
                sum[t][i] += (long) sign * one[t][i];
            }
        }
    }

    private static long[][] minus(long[][] all, long[][] part) {
        long[][] rest = new long[all.length][];
        for (int t = 0; t < all.length; t++) {
            rest[t] = all[t].clone();
            for (int i = 0; i < rest[t].length; i++) {
                rest[t][i] -= part[t][i];
            }
        }
        return rest;
    }

    /** Of each activation, in bits: values that are not finite count as a bin of their own. */
    private static double[] divergences(SampleCounts counts, long[][] known, long[][] seen) {
        List<SampleCounts.Tap> taps = counts.taps();
        double[] found = new double[taps.size()];
        for (int t = 0; t < found.length; t++) {
            int bins = taps.get(t).shares().bins();
            double[] p = new double[bins + 1];
            double[] q = new double[bins + 1];
            double ofKnown = 0;
            double ofSeen = 0;
            for (int i = 0; i <= bins; i++) {
                int at = i < bins ? i : bins + 1;
                p[i] = known[t][at];
                q[i] = seen[t][at];
                ofKnown += p[i];
                ofSeen += q[i];
            }
            found[t] = ofKnown == 0 || ofSeen == 0 ? 0 : EqualShares.divergence(p, q);
        }
        return found;
    }

    private static double statistic(double[] divergences, double[] mean, double[] std) {
        double most = Double.NEGATIVE_INFINITY;
        for (int t = 0; t < divergences.length; t++) {
            most = Math.max(most, (divergences[t] - mean[t]) / Math.max(std[t], 1e-9));
        }
        return most;
    }

    /** Samples of a window. */
    public int window() {
        return window;
    }

    /** The statistic beyond which an alarm is given. */
    public double threshold() {
        return threshold;
    }

    /** Samples of the calibration data that the rule was learned from. */
    public int samples() {
        return samples;
    }

    /** Windows that were taken out of the calibration data to see what happens without drift. */
    public int splits() {
        return splits;
    }

    /**
     * A look at a window.
     *
     * @param statistic of the rule
     * @param alarm true beyond the threshold
     * @param tensors the activations that were looked at, the one that stands out most first, with the divergence and the
     *     clipped share of the window
     */
    public record Look(double statistic, boolean alarm, List<Drift.Of> tensors) {
        public Look {
            tensors = List.copyOf(tensors);
        }
    }

    /** The newest samples of a stream, as many as a window has. Takes the same memory for any number of samples. */
    public final class Stream {
        private final int[][][] ring = new int[window][][];
        private final long[][] sum = zero(counts);
        private long seen;

        /**
         * Takes samples, and looks each time when the window holds only new ones, and when the samples end.
         *
         * @return the look with the largest statistic; empty while there are fewer samples than a window has
         * @throws BadInputException if the data does not fit the model
         */
        public Optional<Look> add(Dataset data, Progress progress, CancelToken cancel) {
            List<Look> looks = new ArrayList<>();
            long[] lookedAt = {seen};
            counts.forEach(data, progress, cancel, one -> {
                int at = (int) (seen % window);
                if (seen >= window) {
                    DriftAlarm.add(sum, ring[at], -1);
                }
                ring[at] = one;
                DriftAlarm.add(sum, one, 1);
                seen++;
                if (seen >= window && seen - lookedAt[0] >= window) {
                    lookedAt[0] = seen;
                    looks.add(look());
                }
            });
            if (seen >= window && seen > lookedAt[0]) {
                looks.add(look());
            }
            return looks.stream().max(Comparator.comparingDouble(Look::statistic));
        }

        /** Samples taken so far. */
        public long seen() {
            return seen;
        }

        /** The counts that are held, in numbers. */
        long held() {
            long held = 0;
            for (int[][] one : ring) {
                for (int[] of : one == null ? new int[0][] : one) {
                    held += of.length;
                }
            }
            return held;
        }

        private Look look() {
            double[] found = divergences(counts, reference, sum);
            List<TensorId> ids = counts.ids();
            List<SampleCounts.Tap> taps = counts.taps();
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, found.length).boxed().toList());
            order.sort(Comparator.comparingDouble((Integer t) -> (found[t] - mean[t]) / Math.max(std[t], 1e-9))
                    .reversed());
            List<Drift.Of> tensors = order.stream()
                    .map(t -> new Drift.Of(
                            ids.get(t),
                            found[t],
                            clipped(taps.get(t), sum[t]),
                            clipped(taps.get(t), reference[t]),
                            sum[t][taps.get(t).shares().bins() + 1]))
                    .toList();
            double statistic = statistic(found, mean, std);
            return new Look(statistic, statistic > threshold, tensors);
        }

        private static OptionalDouble clipped(SampleCounts.Tap tap, long[] of) {
            int bins = tap.shares().bins();
            long values = Arrays.stream(of, 0, bins).sum();
            return tap.levels().isEmpty() || values == 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(of[bins] / (double) values);
        }
    }

    /** A stream that nothing has been taken from yet. */
    public Stream stream() {
        return new Stream();
    }
}
