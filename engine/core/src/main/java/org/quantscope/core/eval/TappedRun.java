package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.GraphPieces;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.tensor.TensorId;

/**
 * The float model with values inside it as outputs. If a batch is {@linkplain SampleFeed#isLarge large}, or the values
 * of one are many, the model is run in pieces, one behind the other, and each value is freed when it has been seen and no later piece reads it; else
 * all of them would be held until the last one is computed. For one thread.
 */
public final class TappedRun implements AutoCloseable {
    /** The most bytes of values that a piece gives, if it gives more than one. */
    private static final long PIECE_BYTES = 128L << 20;

    /** From so many bytes of values of one batch on there are pieces. */
    private static final long MANY_BYTES = 512L << 20;

    /**
     * After so many bytes of values the garbage is collected: the serial collector would rather let the heap grow to
     * its limit than look for large arrays that nobody needs any more.
     */
    private static final long GARBAGE_BYTES = 256L << 20;

    private final List<Loaded> pieces;
    private long garbage;

    private record Loaded(OrtModel model, Set<String> inputs, List<String> wanted, Set<String> kept) {}

    private TappedRun(List<Loaded> pieces) {
        this.pieces = pieces;
    }

    /**
     * @param values floating values that the graph computes
     * @throws org.quantscope.core.io.BadInputException if ONNX Runtime refuses the model
     */
    public static TappedRun of(Model model, SampleFeed feed, List<String> values) {
        ActivationSizes sizes = feed.sizes(model);
        long all = values.stream().mapToLong(sizes::bytes).sum();
        return of(model, feed, values, feed.isLarge() || all > MANY_BYTES ? PIECE_BYTES : Long.MAX_VALUE);
    }

    /** @param most the most bytes of values that a piece gives, if it gives more than one */
    static TappedRun of(Model model, SampleFeed feed, List<String> values, long most) {
        RunnableGraph graph = InstrumentedGraph.tapped(
                model, values.stream().map(TensorId::new).toList());
        String origin = String.valueOf(model.file().getFileName());
        if (most == Long.MAX_VALUE) {
            OrtModel.Options options = feed.options(OrtModel.Options.DEFAULT);
            return new TappedRun(
                    List.of(new Loaded(OrtModel.load(graph, origin, options), feed.inputs(), values, Set.of())));
        }
        // What each piece kept for its next run would add up to what one model holds.
        OrtModel.Options options = OrtModel.Options.DEFAULT.withoutMemory();
        ActivationSizes sizes = feed.sizes(model);
        List<Loaded> loaded = new ArrayList<>();
        try {
            for (GraphPieces.Piece piece : GraphPieces.of(graph, new LinkedHashSet<>(values), sizes::bytes, most)) {
                loaded.add(new Loaded(
                        OrtModel.load(piece.model(), origin, options), piece.inputs(), piece.wanted(), piece.kept()));
            }
            return new TappedRun(loaded);
        } catch (RuntimeException e) {
            loaded.forEach(part -> part.model.close());
            throw e;
        }
    }

    /** The number of pieces that the model is run in. */
    int pieces() {
        return pieces.size();
    }

    /** Runs a batch and hands over the values, one after the other, on this thread. */
    public void forEach(SampleFeed.Batch fed, CancelToken cancel, Consumer<FloatOutput> each) {
        Map<String, NativeTensor> held = new HashMap<>();
        try {
            for (int p = 0; p < pieces.size(); p++) {
                Loaded piece = pieces.get(p);
                Map<String, NativeTensor> feeds = new HashMap<>(fed.byInput());
                feeds.putAll(held);
                feeds.keySet().retainAll(piece.inputs);
                held.putAll(piece.model.run(feeds, piece.wanted, piece.kept, cancel, out -> {
                    each.accept(out);
                    collect(Float.BYTES * (long) out.values().length);
                }));
                Set<String> later = new HashSet<>();
                pieces.subList(p + 1, pieces.size()).forEach(next -> later.addAll(next.inputs));
                for (String name : List.copyOf(held.keySet())) {
                    NativeTensor value = held.get(name);
                    if (value != null && !later.contains(name)) {
                        held.remove(name);
                        value.close();
                    }
                }
            }
        } finally {
            held.values().forEach(NativeTensor::close);
        }
    }

    private void collect(long more) {
        garbage += more;
        if (pieces.size() > 1 && garbage > GARBAGE_BYTES) {
            garbage = 0;
            System.gc();
        }
    }

    @Override
    public void close() {
        pieces.forEach(piece -> piece.model.close());
    }
}
