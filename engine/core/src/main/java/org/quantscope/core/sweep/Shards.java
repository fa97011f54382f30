package org.quantscope.core.sweep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

/** Data in parts, each of which follows the one before it in the order of the file, and what is seen in them added up. */
public final class Shards {
    private Shards() {}

    /**
     * One part of a data set; their lengths differ by one sample at most.
     *
     * @param shard from 0
     * @param shards how many there are
     * @return the data set itself if there is one part
     * @throws IllegalArgumentException if there are more parts than samples
     */
    public static Dataset part(Dataset whole, int shard, int shards) {
        if (shards == 1) {
            return whole;
        }
        if (shards > whole.size()) {
            throw new IllegalArgumentException(
                    "shards: " + whole.size() + " samples cannot be divided into " + shards + " parts");
        }
        int from = (int) ((long) whole.size() * shard / shards);
        int to = (int) ((long) whole.size() * (shard + 1) / shards);
        return SampleSubset.of(whole, IntStream.range(from, to).toArray());
    }

    /**
     * What is seen in all parts together. Counts, extremes and the sums behind a sketch are exact, so the parts make no
     * difference to them; the powers of what weights are multiplied with are sums of doubles in the order of the parts.
     *
     * @param parts in their order, at least one; they are not to be used any more
     */
    public static Observed merged(List<Observed> parts) {
        Map<TensorId, MomentSketch> sketches =
                new LinkedHashMap<>(parts.getFirst().sketches());
        Map<TensorId, InputPower> inputs = new LinkedHashMap<>(parts.getFirst().inputs());
        for (Observed part : new ArrayList<>(parts.subList(1, parts.size()))) {
            part.sketches()
                    .forEach((id, sketch) ->
                            Objects.requireNonNull(sketches.get(id)).merge(sketch));
            part.inputs()
                    .forEach((id, power) ->
                            Objects.requireNonNull(inputs.get(id)).merge(power));
        }
        return new Observed(sketches, inputs);
    }

    /**
     * The same for sketches that say what they rest on.
     *
     * @throws IllegalArgumentException if they rest on another model or other data
     */
    public static ActivationSketches mergedSketches(List<ActivationSketches> parts) {
        ActivationSketches first = parts.getFirst();
        parts.forEach(part -> {
            if (!part.restsOn(first.modelSha256(), first.dataSha256(), first.foldBatchNorm(), first.samples())) {
                throw new IllegalArgumentException("parts: they rest on different models or data");
            }
        });
        return new ActivationSketches(
                first.modelSha256(),
                first.dataSha256(),
                first.foldBatchNorm(),
                first.samples(),
                merged(parts.stream()
                        .map(p -> new Observed(p.sketches(), p.inputs()))
                        .toList()));
    }
}
