package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.tensor.Shape;

/**
 * Batches of which each sample is run alone, because it has ranges of its own. (A model with a fixed batch is fed copies
 * of the sample, which change no range.)
 */
final class ApartRuns {
    private ApartRuns() {}

    private static <T> List<T> each(Model model, SampleFeed feed, int[] samples, Function<int[], T> run) {
        check(model, feed);
        List<T> all = new ArrayList<>(samples.length);
        for (int sample : samples) {
            all.add(run.apply(new int[] {sample}));
        }
        return all;
    }

    /** @throws BadInputException if there is no sample that could be run alone */
    static void check(Model model, SampleFeed feed) {
        if (feed.rowsInteract()) {
            throw new BadInputException(
                    model.file(),
                    "activations",
                    "the rows of a batch influence each other, so that no sample has a range of its own; choose ranges"
                            + " for each batch, or fixed ones");
        }
    }

    static Logits logits(Model model, SampleFeed feed, int[] samples, Function<int[], Logits> run) {
        return Logits.joined(each(model, feed, samples, run));
    }

    static Logits.WithOthers withOthers(
            Model model, SampleFeed feed, int[] samples, Function<int[], Logits.WithOthers> run) {
        List<Logits.WithOthers> all = each(model, feed, samples, run);
        return new Logits.WithOthers(
                Logits.joined(all.stream().map(Logits.WithOthers::logits).toList()),
                joined(model, feed, all.stream().map(Logits.WithOthers::others).toList()));
    }

    static List<FloatOutput> values(
            Model model, SampleFeed feed, int[] samples, Function<int[], List<FloatOutput>> run) {
        return joined(model, feed, each(model, feed, samples, run));
    }

    /** The values of several samples, one behind the other along the first axis; the copies of a fixed batch are left out. */
    private static List<FloatOutput> joined(Model model, SampleFeed feed, List<List<FloatOutput>> runs) {
        List<FloatOutput> all = new ArrayList<>();
        for (int i = 0; i < runs.getFirst().size(); i++) {
            FloatOutput first = runs.getFirst().get(i);
            long[] dims = first.shape().toArray();
            int rows = feed.isFixed() ? feed.batchSize() : 1;
            if (dims.length == 0 || dims[0] != rows) {
                throw new BadInputException(
                        model.file(),
                        first.name(),
                        "has no row for each sample, its shape is " + first.shape()
                                + "; with a range for each sample it cannot be looked at");
            }
            int each = first.values().length / rows;
            float[] values = new float[each * runs.size()];
            for (int r = 0; r < runs.size(); r++) {
                System.arraycopy(runs.get(r).get(i).values(), 0, values, r * each, each);
            }
            dims[0] = runs.size();
            all.add(FloatOutput.of(first.name(), Shape.of(dims), values));
        }
        return all;
    }
}
