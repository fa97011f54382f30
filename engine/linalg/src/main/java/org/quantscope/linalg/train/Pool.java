package org.quantscope.linalg.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FreeMemory;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;

/**
 * The samples of a training: what the network is fed for each, what the float model answers, and its labels. All of it
 * is held in memory.
 */
final class Pool {
    private final SampleFeed feed;
    private final Set<String> fed;
    /** Values inside the float model that do not change while it is trained: [samples, values of one]. */
    private final Map<String, float[]> inside = new HashMap<>();

    private final float[] answers;
    private final int each;
    private final int[] labels;

    /**
     * Runs the float model over all samples.
     *
     * @param fed names of the values that the network is fed
     * @param labelled true to read labels
     */
    Pool(Model model, SampleFeed feed, Set<String> fed, boolean labelled, CancelToken cancel) {
        this.feed = feed;
        this.fed = fed;
        Dataset data = feed.data();
        String output = Logits.predictionOutput(model);
        List<String> tapped = new ArrayList<>(List.of(output));
        fed.stream().filter(name -> !feed.inputs().contains(name)).forEach(tapped::add);
        int samples = data.size();
        Map<String, float[]> all = new HashMap<>();
        try (TappedRun run = TappedRun.of(model, feed, tapped)) {
            for (int from = 0; from < samples; from += feed.batchSize()) {
                cancel.check();
                int first = from;
                int[] rows = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                        .toArray();
                try (SampleFeed.Batch batch = feed.load(rows)) {
                    run.forEach(batch, cancel, out -> {
                        int count = feed.realValues(out, rows.length);
                        int one = count / rows.length;
                        float[] to = all.computeIfAbsent(out.name(), name -> room(model, name, samples, one));
                        System.arraycopy(out.values(), 0, to, first * one, count);
                    });
                }
            }
        }
        this.answers = Objects.requireNonNull(all.remove(output));
        this.each = answers.length / samples;
        for (float answer : answers) {
            if (!Float.isFinite(answer)) {
                throw new BadInputException(model.file(), output, "the float model answers " + answer);
            }
        }
        inside.putAll(all);
        this.labels = labelled ? labels(data) : new int[0];
    }

    private static float[] room(Model model, String name, int samples, int one) {
        long bytes = (long) Float.BYTES * samples * one;
        if (bytes > FreeMemory.bytes() / 2 || (long) samples * one > Integer.MAX_VALUE - 8) {
            throw new BadInputException(
                    model.file(),
                    name,
                    "takes " + (bytes >> 20) + " MB for " + samples + " samples, which is more than half of the free"
                            + " memory; take fewer samples");
        }
        return new float[samples * one];
    }

    private static int[] labels(Dataset data) {
        int one = Math.toIntExact(data.labelShape().orElseThrow().count());
        int[] labels = new int[one * data.size()];
        int[] row = new int[one];
        for (int i = 0; i < data.size(); i++) {
            data.labels(i, row);
            for (int k = 0; k < one; k++) {
                labels[i * one + k] = row[k] == Dataset.UNSCORED ? Loss.NO_LABEL : row[k];
            }
        }
        return labels;
    }

    /** Values that the float model answers for one sample. */
    int answersEach() {
        return each;
    }

    /** Labels of one sample; 0 if they were not read. */
    int labelsEach() {
        return labels.length * each / answers.length;
    }

    /** The largest label, −1 if there is none. */
    int largestLabel() {
        return IntStream.of(labels).max().orElse(-1);
    }

    /** What the float model answers for some samples. */
    float[] answers(int[] samples) {
        float[] some = new float[samples.length * each];
        for (int i = 0; i < samples.length; i++) {
            System.arraycopy(answers, samples[i] * each, some, i * each, each);
        }
        return some;
    }

    int[] labels(int[] samples) {
        int one = labelsEach();
        int[] some = new int[samples.length * one];
        for (int i = 0; i < samples.length; i++) {
            System.arraycopy(labels, samples[i] * one, some, i * one, one);
        }
        return some;
    }

    /** Feeds samples to a network; if they are fewer than its batch, the last one is repeated. */
    void feed(Network network, int[] samples) {
        int[] rows = Arrays.copyOf(samples, network.batch);
        Arrays.fill(rows, samples.length, rows.length, samples[samples.length - 1]);
        for (String name : fed) {
            float[] all = inside.get(name);
            if (all == null) {
                network.feed(name, feed.values(name, rows));
                continue;
            }
            int one = all.length / feed.data().size();
            float[] some = new float[rows.length * one];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(all, rows[i] * one, some, i * one, one);
            }
            network.feed(name, some);
        }
    }
}
