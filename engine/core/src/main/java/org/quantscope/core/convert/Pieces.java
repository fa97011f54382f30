package org.quantscope.core.convert;

import static org.quantscope.core.convert.Wiring.integer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOptions.Pack;
import org.quantscope.core.tflite.LiteOptions.StridedSlice;

/** Operators that cut values into pieces, or stack values on a new axis and take them from it. */
final class Pieces {
    private Pieces() {}

    static void slice(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int rank = w.rank(x);
        long[] begin = w.integers(w.input(op, 1));
        long[] size = w.integers(w.input(op, 2));
        w.check(begin.length == rank && size.length == rank, "its places are not " + rank);
        long[] end = new long[rank];
        long[] step = new long[rank];
        for (int i = 0; i < rank; i++) {
            end[i] = size[i] < 0 ? Long.MAX_VALUE : begin[i] + size[i];
            step[i] = 1;
        }
        cut(w, op, x, begin, end, step, w.result(w.output(op), w.inPlanes(x) && rank == 4), w.inPlanes(x) && rank == 4);
    }

    static void stridedSlice(Wiring w, LiteOperator op) {
        StridedSlice o = (StridedSlice) op.options();
        int x = w.input(op, 0);
        int y = w.output(op);
        int rank = w.rank(x);
        w.check(o.ellipsisMask() == 0 && o.newAxisMask() == 0, "it has an ellipsis or a new axis");
        long[] begin = w.integers(w.input(op, 1)).clone();
        long[] end = w.integers(w.input(op, 2)).clone();
        long[] step = w.integers(w.input(op, 3));
        w.check(
                begin.length <= rank && end.length == begin.length && step.length == begin.length,
                "its places are not " + rank);
        long[] b = new long[rank];
        long[] e = new long[rank];
        long[] s = new long[rank];
        Arrays.fill(e, Long.MAX_VALUE);
        Arrays.fill(s, 1);
        for (int i = 0; i < begin.length; i++) {
            w.check(step[i] != 0, "a step is 0");
            boolean single = (o.shrinkAxisMask() >> i & 1) != 0;
            s[i] = single ? 1 : step[i];
            b[i] = (o.beginMask() >> i & 1) != 0 && !single ? (s[i] > 0 ? 0 : Long.MAX_VALUE) : begin[i];
            long last = o.offset() ? begin[i] + end[i] : end[i];
            e[i] = single
                    ? (begin[i] == -1 ? Long.MAX_VALUE : begin[i] + 1)
                    : (o.endMask() >> i & 1) != 0 ? (s[i] > 0 ? Long.MAX_VALUE : Long.MIN_VALUE) : last;
        }
        if (o.shrinkAxisMask() == 0) {
            boolean planes = w.inPlanes(x) && rank == 4;
            cut(w, op, x, b, e, s, w.result(y, planes), planes);
            return;
        }
        if ((o.shrinkAxisMask() & 1) != 0) {
            w.alongAxis(x, 0);
        }
        String part = w.between(y, "with all axes");
        cut(w, op, x, b, e, s, part, false);
        long[] dims = w.fixedShape(y);
        if (w.isBatched(x) && dims.length > 0) {
            dims[0] = 0;
        }
        w.put(op, "Reshape", List.of(part, w.longs(part + " shape", dims)), w.result(y, false));
    }

    private static void cut(
            Wiring w, LiteOperator op, int x, long[] begin, long[] end, long[] step, String out, boolean planes) {
        List<long[]> cuts = new ArrayList<>();
        for (int i = 0; i < begin.length; i++) {
            boolean all = begin[i] == 0 && end[i] == Long.MAX_VALUE && step[i] == 1;
            boolean whole =
                    begin[i] == 0 && step[i] == 1 && !w.tensor(x).shape().isFree(i) && end[i] >= w.shape(x)[i];
            if (!all && !whole) {
                w.alongAxis(x, i);
                cuts.add(new long[] {begin[i], end[i], Moves.axis(planes, i), step[i]});
            }
        }
        String from = planes ? w.planes(x) : w.file(x);
        if (cuts.isEmpty()) {
            w.put(op, "Identity", List.of(from), out);
            return;
        }
        List<String> inputs = new ArrayList<>(List.of(from));
        List<String> what = List.of(" begins", " ends", " axes", " steps");
        for (int k = 0; k < 4; k++) {
            int at = k;
            inputs.add(w.longs(
                    out + what.get(k), cuts.stream().mapToLong(c -> c[at]).toArray()));
        }
        w.put(op, "Slice", inputs, out);
    }

    /** SPLIT: the axis comes first. */
    static void split(Wiring w, LiteOperator op) {
        long[] axes = w.integers(w.input(op, 0));
        w.check(axes.length == 1, "it has " + axes.length + " axes");
        cutInto(w, op, w.input(op, 1), axes[0]);
    }

    /** SPLIT_V: the axis comes last. */
    static void splitV(Wiring w, LiteOperator op) {
        long[] axes = w.integers(w.input(op, 2));
        w.check(axes.length == 1, "it has " + axes.length + " axes");
        cutInto(w, op, w.input(op, 0), axes[0]);
    }

    private static void cutInto(Wiring w, LiteOperator op, int x, long along) {
        int rank = w.rank(x);
        int axis = w.axis(along, rank);
        w.alongAxis(x, axis);
        boolean planes = w.inPlanes(x) && rank == 4;
        long[] lengths = new long[op.outputs().size()];
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
            int y = op.outputs().get(i);
            w.check(y >= 0 && w.rank(y) == rank, "its parts have other dimensions");
            lengths[i] = w.fixedShape(y)[axis];
            parts.add(w.result(y, planes));
        }
        w.check(Arrays.stream(lengths).sum() == w.shape(x)[axis], "its parts are not the whole");
        w.put(
                op,
                "Split",
                List.of(planes ? w.planes(x) : w.file(x), w.longs(parts.getFirst() + " lengths", lengths)),
                parts,
                integer("axis", Moves.axis(planes, axis)));
    }

    static void pack(Wiring w, LiteOperator op) {
        int y = w.output(op);
        int axis = w.axis(((Pack) op.options()).axis(), w.rank(y));
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < op.inputs().size(); i++) {
            int t = w.input(op, i);
            w.check(w.rank(t) == w.rank(y) - 1, w.name(t) + " has " + w.rank(t) + " dimensions");
            w.alongAxis(t, axis);
            if (!w.isBatched(t)) {
                w.breaksBatch();
            }
            long[] dims = w.fixedShape(y);
            dims[axis] = 1;
            parts.add(w.reshaped(op, t, w.between(t, "part of " + w.name(y)), dims));
        }
        w.put(op, "Concat", parts, w.result(y, false), integer("axis", axis));
    }

    static void unpack(Wiring w, LiteOperator op) {
        int x = w.input(op, 0);
        int axis = w.axis(((Pack) op.options()).axis(), w.rank(x));
        w.alongAxis(x, axis);
        long[] lengths = new long[op.outputs().size()];
        Arrays.fill(lengths, 1);
        w.check(lengths.length == w.fixedShape(x)[axis], "its parts are not the whole");
        List<String> parts = new ArrayList<>();
        for (int y : op.outputs()) {
            w.check(y >= 0, "an output is missing");
            parts.add(w.between(y, "with all axes"));
        }
        w.put(
                op,
                "Split",
                List.of(w.file(x), w.longs(parts.getFirst() + " lengths", lengths)),
                parts,
                integer("axis", axis));
        for (int i = 0; i < lengths.length; i++) {
            int y = op.outputs().get(i);
            long[] dims = w.fixedShape(y);
            if (w.isBatched(x) && dims.length > 0) {
                dims[0] = 0;
            }
            w.put(op, "Reshape", List.of(parts.get(i), w.longs(parts.get(i) + " shape", dims)), w.result(y, false));
        }
    }
}
