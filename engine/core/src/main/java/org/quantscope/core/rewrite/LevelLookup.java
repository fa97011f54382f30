package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * Rounds a float32 value to listed levels inside a graph, exactly as {@link CodebookGrid} does. Everything that depends
 * on the levels is an input.
 *
 * <p>The decision is always a comparison of the value itself with the lowest float32 of the next level
 * ({@link CodebookGrid#start}), so ties and their neighbours come out as in the engine. Tables are read by
 * GatherElements along one axis; Gather, which copies block by block, takes five times as long.
 * ({@code docs/benchmarks.md} has the cost of each scheme, and the alternatives that were measured.)
 */
final class LevelLookup {
    /** How a level is found. */
    enum Method {
        /** A comparison and a choice for each level, from the lowest upwards. From operator set 9. */
        STEPS,
        /**
         * A table of buckets of equal width, so narrow that at most one level starts in or near each. The row of a
         * bucket holds that start, and the levels on both sides of it. The cost does not depend on the number of
         * levels. From operator set 12.
         */
        EVEN_TABLE,
        /** The same with buckets of equal width in {@code sign(x)·|x / m|^(1/16)}, for levels over many octaves. From operator set 12. */
        BENT_TABLE;

        private int roots() {
            return this == BENT_TABLE ? ROOTS : 0;
        }
    }

    /** Up to this many levels {@link Method#STEPS} is faster than a table. */
    static final int MOST_STEPS = 4;

    private static final int FIRST_WITH_WHERE = 9;
    private static final int FIRST_WITH_INTEGER_CLIP = 12;

    /** The number of successive square roots: |x|^(1/16) compresses 32 octaves into 2. */
    private static final int ROOTS = 4;

    private static final int MOST_EVEN_BUCKETS = 1 << 12;
    private static final int MOST_BUCKETS = 1 << 17;
    /** The fewest buckets from one start to the next, so that rounding in the graph may pick a neighbouring bucket. */
    private static final int APART = 3;
    /** Below this a subnormal number is too coarse to pick the right bucket. */
    private static final float SMALLEST = 0x1p-140f;
    /** Turns every share of m, down to its reciprocal, into at least ±1. */
    private static final float HUGE = 0x1p127f;

    private LevelLookup() {}

    /**
     * The fastest method that is exact for these levels.
     *
     * @throws IllegalArgumentException if the operator set has none
     */
    static Method method(CodebookGrid grid, int opset) {
        if (opset < FIRST_WITH_WHERE) {
            throw new IllegalArgumentException("levels that are listed need operator set " + FIRST_WITH_WHERE
                    + " on an activation, the model has " + opset);
        }
        if (grid.size() <= MOST_STEPS || opset < FIRST_WITH_INTEGER_CLIP) {
            return Method.STEPS;
        }
        if (buckets(grid, 0) <= MOST_EVEN_BUCKETS) {
            return Method.EVEN_TABLE;
        }
        return buckets(grid, ROOTS) <= MOST_BUCKETS ? Method.BENT_TABLE : Method.STEPS;
    }

    /**
     * Declares the inputs of one quantizer.
     *
     * @param gain name of the input for the number of buckets on each side of 0 per unit of the value (bent: per m, as
     *     the value is multiplied by 1 / m first); empty for steps
     * @param levels the number of levels that {@link #tables} will be called with; only {@link Method#STEPS} depends on
     *     it
     */
    static void declare(GraphEdit edit, Method method, String gain, String starts, String values, int levels) {
        if (method == Method.STEPS) {
            edit.addInput(starts, DataType.FLOAT_VALUE, Shape.of(levels - 1));
            edit.addInput(values, DataType.FLOAT_VALUE, Shape.of(levels));
        } else {
            edit.addInput(gain, DataType.FLOAT_VALUE, Shape.of());
            edit.addVectorInput(starts, DataType.FLOAT_VALUE);
            edit.addVectorInput(values, DataType.FLOAT_VALUE);
        }
    }

    /** The nodes that compute {@code to} from {@code from}, both float32. */
    static List<NodeProto> nodes(
            GraphEdit edit,
            String value,
            String from,
            String to,
            Method method,
            String gain,
            String starts,
            String values,
            int levels) {
        Row row = new Row(edit, value);
        if (method == Method.STEPS) {
            String at = row.add("Gather", values, index(edit, 0));
            for (int i = 1; i < levels; i++) {
                String less = row.add("Less", from, row.add("Gather", starts, index(edit, i - 1)));
                String level = row.add("Gather", values, index(edit, i));
                at = i == levels - 1 ? row.last("Where", to, less, at, level) : row.add("Where", less, at, level);
            }
            return row.nodes;
        }
        String shape = row.add("Shape", from);
        String flat = row.add("Reshape", from, edit.shared(TensorEncoding.int64("all", Shape.of(1), -1)));
        String buckets = row.cast(row.add("Shape", starts), DataType.FLOAT_VALUE);
        String half = row.add("Mul", buckets, edit.shared(TensorEncoding.scalar("half", 0.5f)));
        String scaled;
        if (method == Method.BENT_TABLE) {
            String share = row.add("Mul", flat, gain);
            String t = row.add("Abs", share);
            for (int i = 0; i < ROOTS; i++) {
                t = row.add("Sqrt", t);
            }
            // The Sign operator would take five times as long.
            String sign = row.add(
                    "Clip",
                    row.add("Mul", share, edit.shared(TensorEncoding.scalar("huge", HUGE))),
                    edit.shared(TensorEncoding.scalar("minus_one", -1)),
                    edit.shared(TensorEncoding.scalar("one", 1)));
            scaled = row.add("Mul", row.add("Mul", t, sign), half);
        } else {
            scaled = row.add("Mul", flat, gain);
        }
        String first = edit.shared(TensorEncoding.scalar("zero", 0));
        String last = row.add("Squeeze", row.add("Sub", buckets, edit.shared(TensorEncoding.scalar("one", 1))));
        // A float32 beyond the range of integers has no defined integer, and NaN may become any: it goes to some
        // bucket.
        String bucket = row.cast(row.add("Clip", row.add("Add", scaled, half), first, last), DataType.INT32_VALUE);
        String safe =
                row.add("Clip", bucket, row.cast(first, DataType.INT32_VALUE), row.cast(last, DataType.INT32_VALUE));
        String less = row.cast(row.add("Less", flat, row.add("GatherElements", starts, safe)), DataType.INT32_VALUE);
        String level = row.add("GatherElements", values, row.add("Add", row.add("Add", safe, safe), less));
        row.last("Reshape", to, level, shape);
        return row.nodes;
    }

    private static String index(GraphEdit edit, int i) {
        return edit.shared(TensorEncoding.int64("index_" + i, Shape.of(), i));
    }

    /**
     * Gives the values to feed for a grid.
     *
     * @param levels number of levels as declared, at least that of the grid; further ones repeat the highest
     */
    static void tables(
            Method method,
            String gain,
            String starts,
            String values,
            CodebookGrid grid,
            int levels,
            InstrumentedGraph.Sink sink) {
        if (method == Method.STEPS) {
            float[] s = new float[levels - 1];
            float[] v = new float[levels];
            for (int i = 0; i < levels; i++) {
                v[i] = grid.level(Math.min(i, grid.size() - 1));
                if (i > 0) {
                    s[i - 1] = i < grid.size() ? grid.start(i - 1) : Float.POSITIVE_INFINITY;
                }
            }
            sink.feed(starts, DType.F32, Shape.of(s.length), s);
            sink.feed(values, DType.F32, Shape.of(v.length), v);
            return;
        }
        int roots = method.roots();
        int buckets = Math.toIntExact(buckets(grid, roots));
        float largest = largest(grid);
        float[] s = new float[buckets];
        // First the level from the bucket's start upwards, then the level below it.
        float[] v = new float[2 * buckets];
        int from = 0;
        for (int i = 0; i < grid.size(); i++) {
            boolean last = i == grid.size() - 1;
            int at = last ? buckets + 1 : bucket(grid.start(i), largest, buckets, roots);
            // Up to one bucket before the end of this level there is nothing to decide.
            int plain = Math.max(from, Math.min(buckets, at - 1));
            fill(v, from, plain, grid.level(i), grid.level(i));
            if (!last) {
                int end = Math.max(plain, Math.min(buckets, at + 2));
                Arrays.fill(s, plain, end, grid.start(i));
                fill(v, plain, end, grid.level(i + 1), grid.level(i));
                from = end;
            }
        }
        sink.feed(gain, DType.F32, Shape.of(), new float[] {roots == 0 ? buckets / 2f / largest : 1 / largest});
        sink.feed(starts, DType.F32, Shape.of(buckets), s);
        sink.feed(values, DType.F32, Shape.of(2L * buckets), v);
    }

    private static void fill(float[] values, int from, int to, float above, float below) {
        for (int b = from; b < to; b++) {
            values[2 * b] = above;
            values[2 * b + 1] = below;
        }
    }

    /** The number of buckets that keeps the starts apart; more than any table may have if no number does. */
    private static long buckets(CodebookGrid grid, int roots) {
        float largest = largest(grid);
        if (grid.size() < 2 || !(largest >= Float.MIN_NORMAL) || !Float.isFinite(MOST_BUCKETS / largest)) {
            return Long.MAX_VALUE;
        }
        double nearest = 2;
        for (int i = 0; i + 1 < grid.size(); i++) {
            float start = grid.start(i);
            if (roots > 0 && start != 0 && !(Math.abs(start) >= SMALLEST && Math.abs(start) / largest * HUGE >= 1)) {
                return Long.MAX_VALUE;
            }
            if (i > 0) {
                nearest = Math.min(nearest, bent(start, largest, roots) - bent(grid.start(i - 1), largest, roots));
            }
        }
        // An even number, so that half of it is exact.
        return 2 * (long) Math.ceil(Math.min(MOST_BUCKETS, (APART + 1) / nearest));
    }

    private static float largest(CodebookGrid grid) {
        float largest = 0;
        for (int i = 0; i + 1 < grid.size(); i++) {
            largest = Math.max(largest, Math.abs(grid.start(i)));
        }
        return largest;
    }

    /** {@code sign(x)·|x / largest|^(2^-roots)}, -1 to 1. */
    private static double bent(float x, float largest, int roots) {
        double t = Math.abs((double) x) / largest;
        for (int i = 0; i < roots; i++) {
            t = Math.sqrt(t);
        }
        return Math.copySign(t, x);
    }

    private static int bucket(float x, float largest, int buckets, int roots) {
        return (int) Math.min(buckets - 1, Math.floor((bent(x, largest, roots) + 1) / 2 * buckets));
    }

    /** Nodes in a row; each computes one new value. */
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
            nodes.add(
                    GraphEdit.node(opType, edit.fresh(value + "_" + opType + "_node"), List.of(inputs), List.of(out)));
            return out;
        }

        String cast(String from, int type) {
            String out = edit.fresh(value + "_Cast");
            nodes.add(GraphEdit.cast(edit.fresh(value + "_Cast_node"), from, out, type));
            return out;
        }
    }
}
