package org.quantscope.core.proof;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * The weights of a quantized file beside those of the float model that it was made from: which is which, in what order of
 * axes, and what the grid of the file costs on the float values.
 *
 * <p>A weight is found by its name if the name and the sizes of its axes fit one float weight. Else its values decide: the
 * float weight that they are nearest to, if no other one is nearly as near. Axes of length 1 do not count, and the others may
 * come in another order, as between ONNX, TensorFlow Lite and Keras.
 *
 * @param matches by the name in the quantized file
 * @param unmatched the others, with the reason
 */
public record FloatTwin(Map<String, Match> matches, Map<String, String> unmatched) {
    /** Values that are compared to find a weight. */
    private static final int SAMPLE = 2048;

    /** Less than this, and the values are those of another tensor. */
    private static final double LEAST_DB = 6;

    /** How much nearer than the next one a weight found by its values is. */
    private static final double CLEAR_DB = 6;

    private static final int MAX_AXES = 5;
    private static final int CHUNK = 1 << 14;

    public FloatTwin {
        matches = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(matches));
        unmatched = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(unmatched));
    }

    /**
     * A weight that was found.
     *
     * @param original the float weight
     * @param axes for each axis of the weight in the file the axis of the float weight; −1 for one of length 1 without one
     * @param byName false if its values decided
     * @param mse mean squared difference of the file's values and the float ones
     * @param sqnr 10·log10(mean square of the float values / mse) in dB; empty if there is no difference
     * @param maxError largest difference
     * @param nearest share of the values that are the nearest level of the file's own grid; empty for grids whose levels are
     *     not known here
     */
    @SuppressWarnings("ArrayRecordComponent") // read once, never compared
    public record Match(
            TensorId original,
            int[] axes,
            boolean byName,
            double mse,
            OptionalDouble sqnr,
            double maxError,
            OptionalDouble nearest) {
        /** True if the axes come in the same order. */
        public boolean sameLayout() {
            return IntStream.range(0, axes.length).allMatch(i -> axes[i] < 0 || axes[i] == i);
        }
    }

    /**
     * Finds the weights.
     *
     * @param quantized the file, as its loader reads it: with the values that its codes stand for
     * @param names of its quantized weights
     * @param original the float model, folded as the quantized one
     */
    public static FloatTwin of(Model quantized, List<String> names, Model original, CancelToken cancel) {
        Map<TensorId, OwnGrid> grids =
                quantized.own().map(OwnQuantization::weights).orElse(Map.of());
        List<Tensor> floats = original.tensors().stream()
                .filter(t -> t.info().dtype().isFloating() && t.info().shape().rank() >= 1)
                .filter(t ->
                        t.info().kind() == TensorKind.WEIGHT || t.info().shape().rank() >= 2)
                .toList();
        Map<String, Match> matches = new LinkedHashMap<>();
        Map<String, String> unmatched = new LinkedHashMap<>();
        Set<TensorId> taken = new HashSet<>();
        Map<String, Candidate> found = new HashMap<>();
        for (boolean byName : new boolean[] {true, false}) {
            for (String name : names) {
                cancel.check();
                Optional<Tensor> tensor = quantized.find(new TensorId(name));
                if (tensor.isEmpty() || !tensor.get().data().isRead()) {
                    unmatched.put(name, "its codes are not decoded here");
                } else if (!found.containsKey(name)) {
                    Choice choice = choose(tensor.get(), floats, taken, byName);
                    if (choice.best.isPresent()) {
                        found.put(name, choice.best.get());
                        taken.add(choice.best.get().tensor.id());
                        unmatched.remove(name);
                    } else {
                        unmatched.put(name, choice.why);
                    }
                }
            }
        }
        for (String name : names) {
            Candidate c = found.get(name);
            if (c != null) {
                Tensor tensor = quantized.find(new TensorId(name)).orElseThrow();
                matches.put(name, measured(tensor, c, Optional.ofNullable(grids.get(tensor.id())), cancel));
            }
        }
        return new FloatTwin(matches, unmatched);
    }

    /** A float weight that may be the one, with the order of its axes. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Candidate(Tensor tensor, int[] axes, double db, boolean byName) {}

    private record Choice(Optional<Candidate> best, String why) {}

    private static Choice choose(Tensor weight, List<Tensor> floats, Set<TensorId> taken, boolean byName) {
        long[] wanted = sizes(weight.info().shape());
        List<Tensor> fitting = floats.stream()
                .filter(t -> Arrays.equals(wanted, sizes(t.info().shape())))
                .toList();
        if (fitting.isEmpty()) {
            return new Choice(
                    Optional.empty(),
                    "the float model has no weight of " + weight.info().shape() + ", in any order of its axes");
        }
        if (byName) {
            String plain = plain(weight.id().name());
            List<Tensor> named =
                    fitting.stream().filter(t -> t.id().equals(weight.id())).toList();
            if (named.isEmpty()) {
                named = fitting.stream()
                        .filter(t -> plain(t.id().name()).equals(plain))
                        .toList();
            }
            return named.size() == 1
                    ? new Choice(Optional.of(nearest(weight, named.getFirst(), true)), "")
                    : new Choice(Optional.empty(), "no float weight has its name");
        }
        List<Candidate> near = fitting.stream()
                .filter(t -> !taken.contains(t.id()))
                .map(t -> nearest(weight, t, false))
                .sorted((a, b) -> Double.compare(b.db, a.db))
                .toList();
        if (near.isEmpty() || near.getFirst().db < LEAST_DB) {
            return new Choice(
                    Optional.empty(),
                    "no float weight of its shape has its name or its values; was a BatchNormalization folded into it,"
                            + " or its layer rewritten?");
        }
        if (near.size() > 1 && near.getFirst().db - near.get(1).db < CLEAR_DB) {
            return new Choice(
                    Optional.empty(),
                    "ambiguous: its values fit " + near.getFirst().tensor.id() + " and "
                            + near.get(1).tensor.id());
        }
        return new Choice(Optional.of(near.getFirst()), "");
    }

    /** The lengths of the axes without those of 1, sorted. */
    private static long[] sizes(Shape shape) {
        long[] sizes =
                Arrays.stream(shape.toArray()).filter(d -> d != 1).sorted().toArray();
        return sizes;
    }

    /** A name without what toolchains add to it. */
    private static String plain(String name) {
        return name.toLowerCase(Locale.ROOT)
                .replaceFirst(":\\d+$", "")
                .replaceFirst("(_quantized|_float|_q)$", "")
                .replaceFirst("[./](weight|kernel|depthwise_kernel)$", "")
                .replaceAll("[./]", "_");
    }

    /** The order of axes in which the values are nearest. */
    private static Candidate nearest(Tensor weight, Tensor other, boolean byName) {
        Candidate best = null;
        for (int[] axes : orders(weight.info().shape(), other.info().shape())) {
            double db = sampled(weight, other, axes);
            if (best == null || db > best.db + 1e-9) {
                best = new Candidate(other, axes, db, byName);
            }
        }
        if (best == null) {
            throw new IllegalStateException("axes: " + other.id() + " fits " + weight.id() + " in no order");
        }
        return best;
    }

    /** All orders of the axes of {@code there} that give the shape {@code here}, the order of the file first. */
    private static List<int[]> orders(Shape here, Shape there) {
        int[] inner =
                IntStream.range(0, there.rank()).filter(i -> there.dim(i) != 1).toArray();
        List<int[]> all = new ArrayList<>();
        int[] axes = new int[here.rank()];
        Arrays.fill(axes, -1);
        if (inner.length > MAX_AXES) {
            // Too many orders to try: the one of the file.
            int next = 0;
            for (int i = 0; i < axes.length; i++) {
                axes[i] = here.dim(i) == 1 ? -1 : inner[next++];
            }
            all.add(axes);
        } else {
            order(here, there, inner, 0, axes, all);
        }
        return all;
    }

    private static void order(Shape here, Shape there, int[] inner, int at, int[] axes, List<int[]> all) {
        int axis = at;
        while (axis < here.rank() && here.dim(axis) == 1) {
            axis++;
        }
        if (axis == here.rank()) {
            all.add(axes.clone());
            return;
        }
        for (int candidate : inner) {
            boolean used = Arrays.stream(axes).anyMatch(a -> a == candidate);
            if (!used && there.dim(candidate) == here.dim(axis)) {
                axes[axis] = candidate;
                order(here, there, inner, axis + 1, axes, all);
                axes[axis] = -1;
            }
        }
    }

    /** Steps through the values of one tensor in the order of another one's axes. */
    private static final class Walk {
        private final long[] dims;
        private final long[] strides;

        Walk(Shape here, Shape there, int[] axes) {
            dims = here.toArray();
            strides = new long[dims.length];
            for (int i = 0; i < dims.length; i++) {
                strides[i] = axes[i] < 0 ? 0 : there.inner(axes[i]);
            }
        }

        /** Where in the other tensor the value of an index is. */
        long at(long index) {
            long rest = index;
            long at = 0;
            for (int i = dims.length - 1; i >= 0; i--) {
                at += rest % dims[i] * strides[i];
                rest /= dims[i];
            }
            return at;
        }
    }

    private static double sampled(Tensor weight, Tensor other, int[] axes) {
        Walk walk = new Walk(weight.info().shape(), other.info().shape(), axes);
        long count = weight.data().count();
        // A step without a common factor with the extents visits all of them.
        long step = Math.max(1, count / SAMPLE) | 1;
        double power = 0;
        double error = 0;
        float[] a = new float[1];
        float[] b = new float[1];
        for (long i = 0; i < count; i += step) {
            weight.data().read(i, a, 0, 1);
            other.data().read(walk.at(i), b, 0, 1);
            if (Float.isFinite(a[0]) && Float.isFinite(b[0])) {
                power += (double) b[0] * b[0];
                error += ((double) a[0] - b[0]) * ((double) a[0] - b[0]);
            }
        }
        return error == 0 ? 999 : 10 * Math.log10(power / error);
    }

    private static Match measured(Tensor weight, Candidate c, Optional<OwnGrid> grid, CancelToken cancel) {
        Shape shape = weight.info().shape();
        Walk walk = new Walk(shape, c.tensor.info().shape(), c.axes);
        Optional<QuantParams> affine = grid.map(OwnGrid::params).filter(QuantParams::isAffine);
        long count = weight.data().count();
        float[] here = new float[CHUNK];
        float[] all = c.tensor.data().count() <= 1 << 26 ? c.tensor.data().toFloats() : new float[0];
        float[] one = new float[1];
        double power = 0;
        double error = 0;
        double most = 0;
        long nearest = 0;
        long finite = 0;
        for (long from = 0; from < count; from += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, count - from);
            weight.data().read(from, here, 0, n);
            for (int i = 0; i < n; i++) {
                long at = walk.at(from + i);
                float there;
                if (all.length > 0) {
                    there = all[(int) at];
                } else {
                    c.tensor.data().read(at, one, 0, 1);
                    there = one[0];
                }
                if (!Float.isFinite(there) || !Float.isFinite(here[i])) {
                    continue;
                }
                finite++;
                double off = (double) here[i] - there;
                power += (double) there * there;
                error += off * off;
                most = Math.max(most, Math.abs(off));
                if (affine.isPresent()) {
                    QuantParams p = affine.get();
                    int slice = slice(shape, p.granularity(), from + i);
                    float scale = p.scale(slice);
                    int zero = p.zeroPoint(slice);
                    long code = Math.clamp((long) Math.rint(there / scale) + zero, p.qmin(), p.qmax());
                    nearest += (code - zero) * scale == here[i] ? 1 : 0;
                }
            }
        }
        double mse = finite == 0 ? 0 : error / finite;
        return new Match(
                c.tensor.id(),
                c.axes,
                c.byName,
                mse,
                error == 0 || power == 0 ? OptionalDouble.empty() : OptionalDouble.of(10 * Math.log10(power / error)),
                most,
                affine.isEmpty() || finite == 0
                        ? OptionalDouble.empty()
                        : OptionalDouble.of((double) nearest / finite));
    }

    private static int slice(Shape shape, Granularity granularity, long index) {
        return switch (granularity) {
            case Granularity.PerTensor _ -> 0;
            case Granularity.PerChannel c -> (int) (index / shape.inner(c.axis()) % shape.dim(c.axis()));
            case Granularity.PerBlock b -> {
                long inner = shape.inner(b.axis());
                long along = index / inner % shape.dim(b.axis());
                long blocks = Math.ceilDiv(shape.dim(b.axis()), b.size());
                yield (int) ((index / inner / shape.dim(b.axis()) * blocks + along / b.size()) * inner + index % inner);
            }
        };
    }

    /**
     * The grid of the file for the float weight, with its axes.
     *
     * @return empty if the axes do not allow it: blocks along an axis that lies elsewhere
     */
    public static Optional<QuantParams> turned(QuantParams params, Match match, TensorInfo original) {
        return switch (params.granularity()) {
            case Granularity.PerTensor _ -> Optional.of(params);
            case Granularity.PerChannel c -> {
                int axis = match.axes[c.axis()];
                boolean fits =
                        axis >= 0 && params.isAffine() && original.shape().dim(axis) == params.slices();
                yield fits
                        ? Optional.of(new QuantParams(
                                new Granularity.PerChannel(axis),
                                params.scales(),
                                params.zeroPoints(),
                                params.qmin(),
                                params.qmax()))
                        : Optional.empty();
            }
            case Granularity.PerBlock _ -> match.sameLayout() ? Optional.of(params) : Optional.empty();
        };
    }
}
