package org.quantscope.core.departure;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** How a deployed weight differs from the float one: by a factor, a rounding, a zero point, an order, or altogether. */
final class WeightSuspect {
    /** Root mean square differences, in steps, up to which weights are the same: nearest rounding makes 0.29. */
    private static final double SAME_STEPS = 0.75;

    private static final double FACTOR = 0.05;
    private static final double LEAST_SHIFT = 0.75;
    private static final double A_STEP = 1.05;

    private final OnnxGraph graph;
    private final LayerPair layer;
    private final float[] ours;
    private final float[] theirs;
    private final Shape shape;
    /** The step of each element. */
    private final float[] steps;

    private final int[] slices;
    private final int count;

    WeightSuspect(OnnxGraph graph, LayerPair layer) {
        this.graph = graph;
        this.layer = layer;
        this.ours = layer.weight().data().toFloats();
        this.theirs = layer.theirs().values();
        this.shape = layer.weight().info().shape();
        this.steps = new float[ours.length];
        this.slices = new int[ours.length];
        if (layer.grid().isPresent() && layer.grid().get().isAffine()) {
            var grid = layer.grid().get();
            Slicing slicing = Slicing.of(layer.weight().info(), grid.granularity());
            for (int i = 0; i < steps.length; i++) {
                slices[i] = slicing.sliceOf(i);
                steps[i] = grid.scale(slices[i]);
            }
            count = grid.slices();
        } else {
            float most = 0;
            for (float w : ours) {
                most = Math.max(most, Math.abs(w));
            }
            Arrays.fill(steps, Math.max(Float.MIN_NORMAL, most / 127));
            count = 1;
        }
    }

    /** True if the weights are not the same but for their rounding. */
    boolean differs() {
        return inSteps(ours) > SAME_STEPS;
    }

    /** @param gives our simulation with the deployed weight */
    Causes.Suspect suspect(TensorId id, Values gives) {
        String name = layer.weight().id().name();
        Told told = told();
        return new Causes.Suspect(told.cause, id, name, name + ": " + told.said, gives);
    }

    private record Told(Cause cause, String said) {}

    private Told told() {
        Told factor = factor(slices, count);
        if (factor == null && count == 1) {
            int axis = layer.outputAxis();
            factor = factor(Fitting.channels(shape, axis), (int) shape.dim(axis));
        }
        if (factor != null) {
            return factor;
        }
        Told rounding = rounding();
        Told shift = rounding == null ? shift() : null;
        Told order = rounding == null && shift == null ? order() : null;
        if (rounding != null) {
            return rounding;
        }
        if (shift != null) {
            return shift;
        }
        return order != null
                ? order
                : new Told(
                        Cause.WEIGHTS,
                        String.format(
                                Locale.ROOT,
                                "its values are others than the float model's, by %.3g steps root mean square",
                                inSteps(ours)));
    }

    /** Root mean square of what is left of the deployed weight, in steps. */
    private double inSteps(float[] x) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            double e = ((double) theirs[i] - x[i]) / steps[i];
            sum += e * e;
        }
        return Math.sqrt(sum / Math.max(1, x.length));
    }

    private @Nullable Told factor(int[] group, int groups) {
        double[] factors = Fitting.factors(ours, theirs, group, groups);
        float[] scaled = new float[ours.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) (factors[group[i]] * ours[i]);
        }
        int off = 0;
        int worst = 0;
        for (int g = 0; g < groups; g++) {
            boolean other = Math.abs(factors[g] - 1) > FACTOR;
            off += other ? 1 : 0;
            worst = Math.abs(factors[g] - 1) > Math.abs(factors[worst] - 1) ? g : worst;
        }
        // A factor explains only if it brings the weights back, which were not there before.
        if (off == 0 || inSteps(scaled) > SAME_STEPS || inSteps(ours) < 2 * inSteps(scaled)) {
            return null;
        }
        return new Told(
                Cause.RANGE,
                groups == 1
                        ? String.format(
                                Locale.ROOT,
                                "its scale is %.4g times the one that its codes were made with",
                                factors[worst])
                        : String.format(
                                Locale.ROOT,
                                "the scale of channel %d is %.4g times the one that its codes were made with, and %d of"
                                        + " %d channels have another one",
                                worst,
                                factors[worst],
                                off,
                                groups));
    }

    private @Nullable Told rounding() {
        double mean = 0;
        double most = 0;
        long others = 0;
        for (int i = 0; i < ours.length; i++) {
            double e = ((double) theirs[i] - ours[i]) / steps[i];
            mean += e / ours.length;
            most = Math.max(most, Math.abs(e));
            others += Math.abs(e) > 0.51 ? 1 : 0;
        }
        if (most > A_STEP || others == 0) {
            return null;
        }
        return new Told(
                Cause.ROUNDING,
                String.format(
                        Locale.ROOT,
                        "%d of %d codes are not the nearest; %s, and the error at the output is larger for it",
                        others,
                        ours.length,
                        Math.abs(mean) > 0.25
                                ? String.format(
                                        Locale.ROOT,
                                        "they are rounded %s, by %.2f steps on average",
                                        mean < 0 ? "down" : "up",
                                        Math.abs(mean))
                                : "they are up to a step off in both directions"));
    }

    private @Nullable Told shift() {
        double[] mean = new double[count];
        long[] n = new long[count];
        for (int i = 0; i < ours.length; i++) {
            mean[slices[i]] += ((double) theirs[i] - ours[i]) / steps[i];
            n[slices[i]]++;
        }
        int worst = 0;
        for (int k = 0; k < count; k++) {
            mean[k] /= Math.max(1, n[k]);
            worst = Math.abs(mean[k]) > Math.abs(mean[worst]) ? k : worst;
        }
        float[] moved = new float[ours.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = (float) (ours[i] + mean[slices[i]] * steps[i]);
        }
        if (Math.abs(mean[worst]) < LEAST_SHIFT || inSteps(moved) > SAME_STEPS) {
            return null;
        }
        return new Told(
                Cause.ZERO_POINT,
                String.format(
                        Locale.ROOT,
                        "its zero point%s is %d off: every value is %+d steps from the float one",
                        count > 1 ? " of channel " + worst : "",
                        Math.abs(Math.round(mean[worst])),
                        Math.round(mean[worst])));
    }

    private @Nullable Told order() {
        int n = shape.rank();
        if (n >= 2 && n <= 4) {
            for (int[] axes : Values.orders(n, false).toList()) {
                if (inSteps(new Values(shape, ours).transposed(axes).values()) <= SAME_STEPS) {
                    return new Told(
                            Cause.LAYOUT,
                            "its axes stand in the order " + Arrays.toString(axes) + " of the float weight's");
                }
            }
        }
        for (int axis = 2; axis < n; axis++) {
            int length = (int) shape.dim(axis);
            int[] reversed = new int[length];
            Arrays.setAll(reversed, i -> length - 1 - i);
            if (length > 1 && inSteps(Fitting.reordered(ours, shape, axis, reversed)) <= SAME_STEPS) {
                return new Told(Cause.LAYOUT, "axis " + axis + " runs backwards");
            }
        }
        for (int axis = 0; axis < n; axis++) {
            int[] order = Fitting.order(ours, theirs, shape, axis);
            if (order != null) {
                boolean input = axis != layer.outputAxis();
                boolean first = input
                        && graph.requiredInputs()
                                .contains(Objects.requireNonNull(
                                        layer.node().inputs().getFirst()));
                return new Told(
                        Cause.LAYOUT,
                        (input ? "input " : "output ")
                                + Fitting.said(order)
                                + (first ? ", those of the model's input" : ""));
            }
        }
        return null;
    }
}
