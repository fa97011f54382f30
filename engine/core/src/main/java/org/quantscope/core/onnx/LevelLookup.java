package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.tensor.Shape;

/**
 * Rounds a float32 value to listed levels inside a graph, exactly as {@link CodebookGrid} does, with everything that belongs
 * to the levels as inputs.
 *
 * <p>What decides is always a comparison of the value itself with the lowest float32 of the next level ({@link
 * CodebookGrid#start}), so ties and neighbours of ties come out as in the engine. ({@code docs/benchmarks.md} has the ways that were
 * measured: a search by halves, one comparison along a new axis and a decision tree cost 50 to 90 times a uniform grid.)
 */
public final class LevelLookup {
    /** How a level is found. */
    public enum Method {
        /** A comparison and a choice for each level, from the lowest up. From operator set 9. */
        STEPS,
        /**
         * {@code t = sign(x)·|x / m|^(1/16)} names one of many buckets of equal width in {@code t}, so narrow that each has at most
         * one start of a level near; the bucket's row says which, and what lies on both sides of it. The cost does not depend
         * on the number of levels. From operator set 12.
         */
        TABLE
    }

    /**
     * The inputs of one quantizer.
     *
     * @param starts float32, [levels − 1] or [buckets]
     * @param below float32, [levels]: all levels; or [buckets]: the level below the bucket's start
     * @param above float32, [buckets]: the level from the bucket's start up; empty for {@link Method#STEPS}
     * @param inverse float32 scalar 1 / m; empty for {@link Method#STEPS}
     * @param half float32 scalar, half the number of buckets; empty for {@link Method#STEPS}
     */
    public record Feeds(Method method, String starts, String below, String above, String inverse, String half) {}

    /** Takes the values of one input. */
    @FunctionalInterface
    public interface Sink {
        void feed(String name, Shape shape, float[] values);
    }

    /** With more levels than this a table is quicker. */
    static final int MOST_STEPS = 64;

    private static final int FIRST_WITH_WHERE = 9;
    private static final int FIRST_WITH_INTEGER_CLIP = 12;

    /** Square roots taken one after the other: |x|^(1/16) brings 32 octaves together into 2. */
    private static final int ROOTS = 4;

    private static final int MOST_BUCKETS = 1 << 17;
    /** Buckets from one start to the next, so that rounding in the graph may name a neighbour. */
    private static final int APART = 3;
    /** Below, a start could vanish as a subnormal on its way through the roots. */
    private static final float SMALLEST = 0x1p-100f;

    private LevelLookup() {}

    /**
     * The quicker method that is exact for these levels.
     *
     * @throws IllegalArgumentException if the operator set has none
     */
    public static Method method(CodebookGrid grid, int opset) {
        if (opset < FIRST_WITH_WHERE) {
            throw new IllegalArgumentException("levels that are listed need operator set " + FIRST_WITH_WHERE + " on an activation, the model has " + opset);
        }
        return grid.size() <= MOST_STEPS || opset < FIRST_WITH_INTEGER_CLIP || buckets(grid) > MOST_BUCKETS ? Method.STEPS : Method.TABLE;
    }

    /** Takes names for the inputs of one quantizer and declares them. */
    static Feeds feeds(GraphEdit edit, String value, Method method, int levels) {
        boolean table = method == Method.TABLE;
        Feeds feeds = new Feeds(
                method,
                edit.fresh(value + "_starts"),
                edit.fresh(value + (table ? "_below" : "_levels")),
                table ? edit.fresh(value + "_above") : "",
                table ? edit.fresh(value + "_inverse") : "",
                table ? edit.fresh(value + "_half") : "");
        if (table) {
            for (String name : List.of(feeds.starts, feeds.below, feeds.above)) {
                edit.addVectorInput(name, DataType.FLOAT_VALUE);
            }
            edit.addInput(feeds.inverse, DataType.FLOAT_VALUE, Shape.of());
            edit.addInput(feeds.half, DataType.FLOAT_VALUE, Shape.of());
        } else {
            edit.addInput(feeds.starts, DataType.FLOAT_VALUE, Shape.of(Math.max(1, levels - 1)));
            edit.addInput(feeds.below, DataType.FLOAT_VALUE, Shape.of(Math.max(2, levels)));
        }
        return feeds;
    }

    /**
     * The nodes from {@code from} to {@code to}, both float32.
     *
     * @param levels how many {@link #tables} is asked for; only {@link Method#STEPS} depends on it
     */
    static List<NodeProto> nodes(GraphEdit edit, String value, String from, String to, Feeds feeds, int levels) {
        Row row = new Row(edit, value);
        switch (feeds.method) {
            case STEPS -> {
                String at = "";
                for (int i = 0; i < Math.max(2, levels); i++) {
                    String index = edit.shared(TensorEncoding.int64("index_" + i, Shape.of(), i));
                    String level = row.add("Gather", feeds.below, index);
                    if (i == 0) {
                        at = level;
                    } else {
                        String before = edit.shared(TensorEncoding.int64("index_" + (i - 1), Shape.of(), i - 1));
                        String less = row.add("Less", from, row.add("Gather", feeds.starts, before));
                        at = i == Math.max(2, levels) - 1 ? row.last("Where", to, less, at, level) : row.add("Where", less, at, level);
                    }
                }
            }
            case TABLE -> {
                String t = row.add("Mul", row.add("Abs", from), feeds.inverse);
                for (int i = 0; i < ROOTS; i++) {
                    t = row.add("Sqrt", t);
                }
                String signed = row.add("Mul", t, row.add("Sign", from));
                String scaled = row.add("Add", row.add("Mul", signed, feeds.half), feeds.half);
                // Beyond the last start: to float32 that is an integer, and a NaN to some bucket.
                String last = row.add("Sub", row.add("Add", feeds.half, feeds.half), edit.shared(TensorEncoding.scalar("one", 1)));
                String first = edit.shared(TensorEncoding.scalar("zero", 0));
                String inside = row.add("Clip", scaled, first, last);
                String bucket = row.cast(inside, DataType.INT32_VALUE);
                String safe = row.add("Clip", bucket, row.cast(first, DataType.INT32_VALUE), row.cast(last, DataType.INT32_VALUE));
                String less = row.add("Less", from, row.add("Gather", feeds.starts, safe));
                row.last("Where", to, less, row.add("Gather", feeds.below, safe), row.add("Gather", feeds.above, safe));
            }
        }
        return row.nodes;
    }

    /**
     * Says what is fed for a grid.
     *
     * @param levels at least the grid's; the rest repeat its highest
     */
    public static void tables(Feeds feeds, CodebookGrid grid, int levels, Sink sink) {
        switch (feeds.method) {
            case STEPS -> {
                int n = Math.max(2, levels);
                float[] starts = new float[n - 1];
                float[] values = new float[n];
                for (int i = 0; i < n; i++) {
                    values[i] = grid.level(Math.min(i, grid.size() - 1));
                    if (i > 0) {
                        starts[i - 1] = i < grid.size() ? grid.start(i - 1) : Float.POSITIVE_INFINITY;
                    }
                }
                sink.feed(feeds.starts, Shape.of(n - 1), starts);
                sink.feed(feeds.below, Shape.of(n), values);
            }
            case TABLE -> {
                int buckets = Math.toIntExact(buckets(grid));
                float largest = largest(grid);
                float[] starts = new float[buckets];
                float[] below = new float[buckets];
                float[] above = new float[buckets];
                int from = 0;
                for (int i = 0; i < grid.size(); i++) {
                    boolean last = i == grid.size() - 1;
                    int at = last ? buckets + 1 : bucket(grid.start(i), largest, buckets);
                    // Up to one bucket in front of this level's end there is nothing to decide.
                    int plain = Math.max(from, Math.min(buckets, at - 1));
                    Arrays.fill(below, from, plain, grid.level(i));
                    Arrays.fill(above, from, plain, grid.level(i));
                    int end = Math.max(plain, Math.min(buckets, at + 2));
                    if (!last) {
                        Arrays.fill(starts, plain, end, grid.start(i));
                        Arrays.fill(below, plain, end, grid.level(i));
                        Arrays.fill(above, plain, end, grid.level(i + 1));
                        from = end;
                    }
                }
                sink.feed(feeds.starts, Shape.of(buckets), starts);
                sink.feed(feeds.below, Shape.of(buckets), below);
                sink.feed(feeds.above, Shape.of(buckets), above);
                sink.feed(feeds.inverse, Shape.of(), new float[] {1 / largest});
                sink.feed(feeds.half, Shape.of(), new float[] {buckets / 2f});
            }
        }
    }

    /** How many buckets keep the starts apart; more than any table may have if no number does. */
    private static long buckets(CodebookGrid grid) {
        float largest = largest(grid);
        if (grid.size() < 2 || !(largest >= SMALLEST) || !Float.isFinite(1 / largest)) {
            return Long.MAX_VALUE;
        }
        double nearest = 2;
        for (int i = 0; i + 1 < grid.size(); i++) {
            float start = grid.start(i);
            if (start != 0 && !(Math.abs(start) >= SMALLEST && Math.abs(start) / largest >= SMALLEST)) {
                return Long.MAX_VALUE;
            }
            if (i > 0) {
                nearest = Math.min(nearest, companded(start, largest) - companded(grid.start(i - 1), largest));
            }
        }
        // An even number, so that its half is exact.
        return 2 * (long) Math.ceil((APART + 1) / nearest);
    }

    private static float largest(CodebookGrid grid) {
        float largest = 0;
        for (int i = 0; i + 1 < grid.size(); i++) {
            largest = Math.max(largest, Math.abs(grid.start(i)));
        }
        return largest;
    }

    /** {@code sign(x)·|x / largest|^(1/16)}, -1 to 1. */
    private static double companded(float x, float largest) {
        return Math.signum(x) * Math.pow(Math.abs((double) x) / largest, 1.0 / (1 << ROOTS));
    }

    private static int bucket(float x, float largest, int buckets) {
        return (int) Math.min(buckets - 1, Math.floor((companded(x, largest) + 1) / 2 * buckets));
    }

    /** Nodes, each of one new value. */
    private static final class Row {
        private final GraphEdit edit;
        private final String value;
        private final List<NodeProto> nodes = new ArrayList<>();

        Row(GraphEdit edit, String value) {
            this.edit = edit;
            this.value = value;
        }

        String add(String opType, String... inputs) {
            return last(opType, edit.fresh(value + "_" + opType), inputs);
        }

        String last(String opType, String out, String... inputs) {
            nodes.add(GraphEdit.node(opType, edit.fresh(value + "_" + opType + "_node"), List.of(inputs), List.of(out)));
            return out;
        }

        String cast(String from, int type) {
            String out = edit.fresh(value + "_Cast");
            nodes.add(GraphEdit.cast(edit.fresh(value + "_Cast_node"), from, out, type));
            return out;
        }
    }
}
