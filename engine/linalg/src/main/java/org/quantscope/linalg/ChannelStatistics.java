package org.quantscope.linalg;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;

/**
 * How large the entries of each channel of a value are, over all samples and positions of the calibration data, in the
 * float model. Entries that are no finite numbers are left out.
 */
final class ChannelStatistics {
    private final double[] largest;
    private final double[] sums;
    private final long[] counts;

    private ChannelStatistics(int channels) {
        largest = new double[channels];
        sums = new double[channels];
        counts = new long[channels];
    }

    /** max|x| of each channel. */
    double[] largest() {
        return largest.clone();
    }

    /** The mean of |x| of each channel. */
    double[] means() {
        double[] means = new double[sums.length];
        for (int c = 0; c < means.length; c++) {
            means[c] = counts[c] == 0 ? 0 : sums[c] / counts[c];
        }
        return means;
    }

    private void add(float[] values, int n) {
        int channels = sums.length;
        for (int i = 0, c = 0; i < n; i++) {
            float x = Math.abs(values[i]);
            if (Float.isFinite(x)) {
                largest[c] = Math.max(largest[c], x);
                sums[c] += x;
                counts[c]++;
            }
            c = c + 1 == channels ? 0 : c + 1;
        }
    }

    /**
     * Runs the float model once.
     *
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static Map<String, ChannelStatistics> of(
            Model model, Dataset data, List<ReadValue> values, Progress progress, CancelToken cancel) {
        SampleFeed feed = SampleFeed.of(model, data);
        Map<String, ChannelStatistics> all = new LinkedHashMap<>();
        values.forEach(v -> all.put(v.value(), new ChannelStatistics(v.channels())));
        Set<String> fed = new TreeSet<>(feed.inputs());
        fed.retainAll(all.keySet());
        List<String> tapped =
                all.keySet().stream().filter(v -> !fed.contains(v)).toList();
        try (TappedRun run = TappedRun.of(model, feed, tapped)) {
            for (int from = 0; from < data.size(); from += feed.batchSize()) {
                cancel.check();
                progress.report(from, data.size(), "inputs of layers, sample " + (from + 1) + " of " + data.size());
                int[] batch = IntStream.range(from, Math.min(data.size(), from + feed.batchSize()))
                        .toArray();
                for (String input : fed) {
                    float[] x = feed.values(input, batch);
                    all.getOrDefault(input, new ChannelStatistics(1)).add(x, x.length);
                }
                if (!tapped.isEmpty()) {
                    try (SampleFeed.Batch loaded = feed.load(batch)) {
                        run.forEach(
                                loaded,
                                cancel,
                                out -> all.getOrDefault(out.name(), new ChannelStatistics(1))
                                        .add(out.values(), feed.realValues(out, batch.length)));
                    }
                }
            }
        }
        return all;
    }
}
