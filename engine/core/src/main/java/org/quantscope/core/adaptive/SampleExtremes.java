package org.quantscope.core.adaptive;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.calib.RangeWindow;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.TensorId;

/** The smallest and the largest value that each sample gives to each activation of the float model. */
public final class SampleExtremes {
    private SampleExtremes() {}

    /**
     * Runs the float model, one sample at a time.
     *
     * @return by activation, [samples] in the order of the data
     * @throws BadInputException if the data does not fit the model, or the rows of a batch influence each other, so that
     *     no sample has values of its own
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Map<TensorId, List<ClipRange>> of(
            Model model, Collection<TensorId> activations, Dataset data, Progress progress, CancelToken cancel) {
        SampleFeed feed = SampleFeed.of(model, data);
        if (feed.rowsInteract()) {
            throw new BadInputException(
                    data.file(),
                    "samples",
                    "the rows of a batch influence each other: no sample has a range of its own");
        }
        Map<TensorId, List<ClipRange>> found = new LinkedHashMap<>();
        activations.forEach(id -> found.put(id, new ArrayList<>(data.size())));
        List<String> tapped = found.keySet().stream()
                .map(TensorId::name)
                .filter(name -> !feed.inputs().contains(name))
                .toList();
        try (TappedRun run = TappedRun.of(model, feed, tapped)) {
            for (int i = 0; i < data.size(); i++) {
                cancel.check();
                progress.report(i, data.size(), "ranges of sample " + (i + 1) + " of " + data.size());
                int[] one = {i};
                for (String input : feed.inputs()) {
                    add(found, input, feed.values(input, one));
                }
                if (!tapped.isEmpty()) {
                    try (SampleFeed.Batch fed = feed.load(one)) {
                        run.forEach(fed, cancel, out -> add(found, out.name(), out.values()));
                    }
                }
            }
        }
        return found;
    }

    private static void add(Map<TensorId, List<ClipRange>> found, String name, float[] values) {
        List<ClipRange> of = found.get(new TensorId(name));
        if (of != null) {
            of.add(RangeWindow.extremes(values));
        }
    }
}
