package org.quantscope.core.datacheck;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * The activations of single samples as counts: how many values of each fall into each bin, how many are clipped, and how
 * many are no finite numbers. Counts of samples add up to those of a window, and can be taken away again.
 */
final class SampleCounts {
    private final Model model;
    private final Map<TensorId, Tap> taps = new LinkedHashMap<>();

    /**
     * An activation.
     *
     * @param at its place among the counts of a sample
     * @param levels beyond which values are clipped; empty if it stays in float
     */
    record Tap(int at, EqualShares shares, Optional<ClipRange> levels) {
        /** Numbers that a sample has for it: of each bin, clipped, not finite. */
        int size() {
            return shares.bins() + 2;
        }
    }

    /** Takes the counts of a sample: for each activation its bins, then those clipped, then those not finite. */
    @FunctionalInterface
    interface Taker {
        void take(int[][] counts);
    }

    SampleCounts(Model model) {
        this.model = model;
    }

    void add(TensorId id, EqualShares shares, Optional<ClipRange> levels) {
        taps.put(id, new Tap(taps.size(), shares, levels));
    }

    List<TensorId> ids() {
        return List.copyOf(taps.keySet());
    }

    List<Tap> taps() {
        return List.copyOf(taps.values());
    }

    int[][] none() {
        int[][] counts = new int[taps.size()][];
        taps.values().forEach(tap -> counts[tap.at] = new int[tap.size()]);
        return counts;
    }

    /**
     * Runs the float model on all samples, in their order.
     *
     * @throws BadInputException if the data does not fit the model, or no sample can be looked at by itself
     */
    void forEach(Dataset data, Progress progress, CancelToken cancel, Taker taker) {
        SampleFeed feed = SampleFeed.of(model, data);
        if (feed.rowsInteract()) {
            throw new BadInputException(
                    model.file(),
                    "batch",
                    "the rows of a batch influence each other, so no sample can be looked at by itself");
        }
        List<String> tapped = taps.keySet().stream()
                .map(TensorId::name)
                .filter(name -> !feed.inputs().contains(name))
                .toList();
        int samples = data.size();
        try (TappedRun run = TappedRun.of(model, feed, tapped)) {
            for (int from = 0; from < samples; from += feed.batchSize()) {
                cancel.check();
                progress.report(from, samples, "sample " + (from + 1) + " of " + samples);
                int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                        .toArray();
                int[][][] counts = new int[batch.length][][];
                for (int i = 0; i < batch.length; i++) {
                    counts[i] = none();
                }
                for (String input : feed.inputs()) {
                    count(input, feed.values(input, batch), feed.shape(input, batch.length), counts);
                }
                if (!tapped.isEmpty()) {
                    try (SampleFeed.Batch fed = feed.load(batch)) {
                        run.forEach(fed, cancel, out -> count(out.name(), out.values(), out.shape(), counts));
                    }
                }
                for (int[][] one : counts) {
                    taker.take(one);
                }
            }
            progress.report(samples, samples, "sample " + samples + " of " + samples);
        }
    }

    private void count(String name, float[] values, Shape shape, int[][][] counts) {
        Tap tap = taps.get(new TensorId(name));
        long rows = shape.rank() == 0 ? 0 : shape.dim(0);
        // A value that has no row for each sample belongs to none.
        if (tap == null || rows < counts.length) {
            return;
        }
        int each = (int) (values.length / rows);
        float lo = tap.levels.map(ClipRange::lo).orElse(Float.NEGATIVE_INFINITY);
        float hi = tap.levels.map(ClipRange::hi).orElse(Float.POSITIVE_INFINITY);
        int clipped = tap.shares.bins();
        for (int i = 0; i < counts.length; i++) {
            int[] into = counts[i][tap.at];
            for (int k = i * each; k < (i + 1) * each; k++) {
                float v = values[k];
                if (Float.isFinite(v)) {
                    into[tap.shares.bin(v)]++;
                    if (v < lo || v > hi) {
                        into[clipped]++;
                    }
                } else {
                    into[clipped + 1]++;
                }
            }
        }
    }
}
