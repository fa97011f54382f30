package org.quantscope.core.convert;

import static org.quantscope.core.convert.Wiring.integer;
import static org.quantscope.core.convert.Wiring.ints;
import static org.quantscope.core.convert.Wiring.number;
import static org.quantscope.core.convert.Wiring.text;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOptions.Blocks;
import org.quantscope.core.tflite.LiteOptions.Concatenation;
import org.quantscope.core.tflite.LiteOptions.Cumsum;
import org.quantscope.core.tflite.LiteOptions.Gather;
import org.quantscope.core.tflite.LiteOptions.MirrorPad;
import org.quantscope.core.tflite.LiteOptions.Reducer;
import org.quantscope.core.tflite.LiteOptions.Resize;

/** Operators that move values, join them, or put several into one; {@link Pieces} has those that cut. */
final class Moves {
    /** Where the axes of the file lie in planes. */
    private static final int[] IN_PLANES = {0, 2, 3, 1};

    private Moves() {}

    /** Where an axis of the file lies, in planes or as it is. */
    static int axis(boolean planes, int axis) {
        return planes ? IN_PLANES[axis] : axis;
    }

    /** RESHAPE, SQUEEZE and EXPAND_DIMS: the shape is that of the output. */
    static void reshape(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        w.check(
                w.tensor(x).shape().count() == w.tensor(y).shape().count(),
                w.tensor(x).shape() + " does not become " + w.tensor(y).shape());
        long[] to = w.fixedShape(y);
        w.fixedShape(x);
        w.reshaped(op, x, w.result(y, false), to);
    }

    static void transpose(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int y = w.output(op);
        long[] order = w.integers(w.input(op, 1));
        int rank = w.rank(x);
        boolean known = order.length == rank
                && Arrays.equals(
                        Arrays.stream(order).sorted().toArray(),
                        IntStream.range(0, rank).asLongStream().toArray());
        w.check(known, "its order " + Arrays.toString(order) + " is none of " + rank + " axes");
        if (rank > 0 && order[0] != 0) {
            w.alongAxis(x, 0);
        }
        boolean planes = w.inPlanes(x) && rank == 4;
        long[] from = planes ? Arrays.stream(order).map(a -> IN_PLANES[(int) a]).toArray() : order;
        w.put(op, "Transpose", List.of(planes ? w.planes(x) : w.file(x)), w.result(y, false), ints("perm", from));
    }

    static void concat(Wiring w, LiteOperator op) {
        Concatenation o = (Concatenation) op.options();
        int y = w.output(op);
        int rank = w.rank(y);
        int axis = w.axis(o.axis(), rank);
        List<Integer> in = IntStream.range(0, op.inputs().size())
                .mapToObj(i -> w.input(op, i))
                .toList();
        in.forEach(t -> w.check(w.rank(t) == rank, w.name(t) + " has " + w.rank(t) + " dimensions, not " + rank));
        in.forEach(t -> w.alongAxis(t, axis));
        boolean planes = rank == 4 && in.stream().anyMatch(w::inPlanes);
        // What is stored has one sample; it is joined with each of a batch only if there is one.
        if (in.stream().anyMatch(w::isBatched) && in.stream().anyMatch(t -> !w.isBatched(t))) {
            w.breaksBatch();
        }
        w.put(
                op,
                planes,
                o.activation(),
                "Concat",
                in.stream().map(t -> planes ? w.planes(t) : w.file(t)).toList(),
                integer("axis", axis(planes, axis)));
    }

    /** PAD, PADV2 and MIRROR_PAD. */
    static void pad(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        long[] pairs = w.integers(w.input(op, 1));
        int rank = w.rank(x);
        w.check(pairs.length == 2 * rank, pairs.length + " pads are none of " + rank + " axes");
        boolean planes = w.inPlanes(x) && rank == 4;
        long[] pads = new long[2 * rank];
        for (int i = 0; i < rank; i++) {
            int to = axis(planes, i);
            w.check(pairs[2 * i] >= 0 && pairs[2 * i + 1] >= 0, "a pad is below 0");
            if (pairs[2 * i] + pairs[2 * i + 1] > 0) {
                w.alongAxis(x, i);
            }
            pads[to] = pairs[2 * i];
            pads[rank + to] = pairs[2 * i + 1];
        }
        boolean mirror = op.options() instanceof MirrorPad;
        w.check(!(op.options() instanceof MirrorPad m && m.symmetric()), "it mirrors the edge, too");
        List<String> inputs = new ArrayList<>(
                List.of(planes ? w.planes(x) : w.file(x), w.longs(w.name(w.output(op)) + " pads", pads)));
        if (op.name().equals("PADV2")) {
            int value = w.input(op, 2);
            w.check(w.isConstant(value) && w.tensor(value).shape().count() == 1, "what it pads with is not stored");
            inputs.add(w.rank(value) == 0 ? w.file(value) : number(w, op, value));
        }
        w.put(op, "Pad", inputs, w.result(w.output(op), planes), text("mode", mirror ? "reflect" : "constant"));
    }

    /** A list of one number as the number. */
    private static String number(Wiring w, LiteOperator op, int t) {
        String out = w.between(t, "number");
        return w.put(op, "Reshape", List.of(w.file(t), w.longs(out + " shape")), out);
    }

    /** MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD. */
    static Rule reduce(String type) {
        return (w, op) -> {
            int x = w.input(op, 0);
            int y = w.output(op);
            int rank = w.rank(x);
            boolean keep = ((Reducer) op.options()).keepDims();
            int[] axes = Arrays.stream(w.integers(w.input(op, 1)))
                    .mapToInt(a -> w.axis(a, rank))
                    .sorted()
                    .distinct()
                    .toArray();
            Arrays.stream(axes).forEach(a -> w.alongAxis(x, a));
            boolean planes = w.inPlanes(x) && rank == 4;
            if (type.equals("ReduceMean") && planes && Arrays.equals(axes, new int[] {1, 2})) {
                boolean after = !keep && w.isResult(y);
                String pooled = after ? w.between(y, "pooled") : w.result(y, true);
                w.put(op, "GlobalAveragePool", List.of(w.planes(x)), pooled);
                if (after) {
                    long[] dims = w.fixedShape(y);
                    dims[0] = w.isBatched(x) ? 0 : dims[0];
                    w.put(op, "Reshape", List.of(pooled, w.longs(w.name(y) + " shape", dims)), w.result(y, false));
                }
                return;
            }
            boolean kept = planes && keep;
            long[] along = Arrays.stream(axes).mapToLong(a -> axis(kept, a)).toArray();
            String from = kept ? w.planes(x) : w.file(x);
            AttributeProto dims = integer("keepdims", keep ? 1 : 0);
            w.check(axes.length > 0, "it has no axis");
            if (type.equals("ReduceSum")) {
                w.put(op, type, List.of(from, w.longs(w.name(y) + " axes", along)), w.result(y, kept), dims);
            } else {
                w.put(op, type, List.of(from), w.result(y, kept), ints("axes", along), dims);
            }
        };
    }

    /** ARG_MAX and ARG_MIN. */
    static Rule arg(String type) {
        return (w, op) -> {
            int x = w.input(op, 0);
            int y = w.output(op);
            long[] axes = w.integers(w.input(op, 1));
            w.check(axes.length == 1, "it has " + axes.length + " axes");
            int axis = w.axis(axes[0], w.rank(x));
            w.alongAxis(x, axis);
            // The other axes of planes are those of the file only if the channels go.
            boolean planes = w.inPlanes(x) && w.rank(x) == 4 && axis == 3;
            String place = w.between(y, "place");
            w.retype(place, TensorProto.DataType.INT64_VALUE);
            w.put(
                    op,
                    type,
                    List.of(planes ? w.planes(x) : w.file(x)),
                    place,
                    integer("axis", axis(planes, axis)),
                    integer("keepdims", 0));
            w.put(op, "Cast", List.of(place), w.result(y, false), integer("to", w.type(y)));
        };
    }

    static void gather(Wiring w, LiteOperator op) {
        Gather o = (Gather) op.options();
        w.check(o.batchDims() == 0, "it has axes of a batch");
        lookUp(w, op, w.input(op, 0), w.input(op, 1), o.axis());
    }

    /** The places come first. */
    static void embedding(Wiring w, LiteOperator op) {
        lookUp(w, op, w.input(op, 1), w.input(op, 0), 0);
    }

    private static void lookUp(Wiring w, LiteOperator op, int x, int places, long along) {
        int axis = w.axis(along, w.rank(x));
        w.alongAxis(x, axis);
        if (axis != 0) {
            w.alongAxis(places, 0);
        }
        w.put(op, "Gather", List.of(w.file(x), w.file(places)), w.result(w.output(op), false), integer("axis", axis));
    }

    static void tile(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        long[] times = w.integers(w.input(op, 1));
        w.check(times.length == w.rank(x), "it repeats " + times.length + " axes of " + w.rank(x));
        if (times.length > 0 && times[0] != 1) {
            w.alongAxis(x, 0);
        }
        int y = w.output(op);
        w.put(op, "Tile", List.of(w.file(x), w.longs(w.name(y) + " times", times)), w.result(y, false));
    }

    static void cumsum(Wiring w, LiteOperator op) {
        Cumsum o = (Cumsum) op.options();
        int x = w.input(op, 0);
        w.alongAxis(x, w.axis(w.integers(w.input(op, 1))[0], w.rank(x)));
        w.put(
                op,
                "CumSum",
                List.of(w.file(x), w.file(w.input(op, 1))),
                w.result(w.output(op), false),
                integer("exclusive", o.exclusive() ? 1 : 0),
                integer("reverse", o.reverse() ? 1 : 0));
    }

    static Rule blocks(String type) {
        return (w, op) -> {
            int size = ((Blocks) op.options()).size();
            w.check(size >= 1, "a block of " + size + " is none");
            int x = w.input(op, 0);
            w.put(op, type, List.of(w.planes(x)), w.result(w.output(op), true), integer("blocksize", size));
        };
    }

    /**
     * RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: the output's size over the input's, with the rounding of
     * tensorflow/lite/kernels/internal/reference.
     */
    static void resize(Wiring w, LiteOperator op) {
        Resize o = (Resize) op.options();
        int x = w.input(op, 0);
        int y = w.output(op);
        w.check(w.rank(x) == 4 && w.rank(y) == 4, "it reads " + w.rank(x) + " dimensions, not 4");
        long[] in = w.fixedShape(x);
        long[] out = w.fixedShape(y);
        boolean nearest = op.name().equals("RESIZE_NEAREST_NEIGHBOR");
        List<AttributeProto> attributes = new ArrayList<>(List.of(
                text("mode", nearest ? "nearest" : "linear"),
                text(
                        "coordinate_transformation_mode",
                        o.alignCorners() ? "align_corners" : o.halfPixelCenters() ? "half_pixel" : "asymmetric")));
        if (nearest) {
            attributes.add(
                    text("nearest_mode", o.alignCorners() || o.halfPixelCenters() ? "round_prefer_ceil" : "floor"));
        }
        String scales = w.floats(w.name(y) + " scales", 1, 1, scale(w, in[1], out[1]), scale(w, in[2], out[2]));
        w.put(
                op,
                "Resize",
                List.of(w.planes(x), "", scales),
                w.result(y, true),
                attributes.toArray(AttributeProto[]::new));
    }

    /** The scale of which ONNX makes exactly the wanted length, ⌊length · scale⌋. */
    private static float scale(Wiring w, long from, long to) {
        w.check(from > 0 && to > 0, "it makes " + to + " of " + from);
        float scale = (float) to / from;
        if ((long) Math.floor((double) from * scale) < to) {
            scale = Math.nextUp(scale);
        }
        return scale;
    }
}
