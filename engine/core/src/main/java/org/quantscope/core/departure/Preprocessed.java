package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.TensorId;

/** Values before the first layer that differ by a factor and an offset, or by the order of their channels. */
final class Preprocessed {
    /** What prepares an input. */
    static final Set<String> OPERATORS = Set.of(
            "Sub",
            "Add",
            "Mul",
            "Div",
            "Cast",
            "Transpose",
            "Identity",
            "Reshape",
            "Unsqueeze",
            "Squeeze",
            "Clip",
            "Constant");

    private final OnnxGraph graph;
    private final Segment segment;

    Preprocessed(OnnxGraph graph, Segment segment) {
        this.graph = graph;
        this.segment = segment;
    }

    List<Causes.Suspect> suspects(TensorId id, Values d, Values s) {
        List<Causes.Suspect> suspects = new ArrayList<>();
        boolean input = graph.requiredInputs().contains(id.name());
        if (!input
                && !(segment.isAtInput() && segment.nodes().stream().allMatch(n -> OPERATORS.contains(n.opType())))) {
            return suspects;
        }
        String part = input ? "the input" : segment.said();
        int axis = Sums.channelAxis(d.shape());
        for (int by : axis < 0 ? new int[] {-1} : new int[] {-1, axis}) {
            int groups = by < 0 ? 1 : (int) d.shape().dim(by);
            if (groups > 64) {
                continue;
            }
            int[] group = Fitting.channels(d.shape(), by);
            double[][] line = lines(s.values(), d.values(), group, groups);
            float[] gives = new float[s.values().length];
            for (int i = 0; i < gives.length; i++) {
                gives[i] = (float) (line[0][group[i]] * s.values()[i] + line[1][group[i]]);
            }
            suspects.add(new Causes.Suspect(
                    Cause.PREPROCESSING,
                    id,
                    part,
                    String.format(
                            Locale.ROOT,
                            "the deployed values are %.4g times the float model's %+.4g%s",
                            line[0][0],
                            line[1][0],
                            groups > 1
                                    ? " in channel 0, and another such line in the others"
                                    : ": another mean or scale"),
                    new Values(d.shape(), gives)));
        }
        int[] order = Fitting.order(s.values(), d.values(), d.shape(), axis);
        if (order != null) {
            suspects.add(new Causes.Suspect(
                    Cause.PREPROCESSING,
                    id,
                    part,
                    "of the input " + Fitting.said(order),
                    new Values(d.shape(), Fitting.reordered(s.values(), d.shape(), axis, order))));
        }
        return suspects;
    }

    /** For each group the factor and the offset by which y follows from x with the least squares. */
    private static double[][] lines(float[] x, float[] y, int[] group, int groups) {
        double[] n = new double[groups];
        double[] sx = new double[groups];
        double[] sy = new double[groups];
        double[] sxx = new double[groups];
        double[] sxy = new double[groups];
        for (int i = 0; i < x.length; i++) {
            int g = group[i];
            n[g]++;
            sx[g] += x[i];
            sy[g] += y[i];
            sxx[g] += (double) x[i] * x[i];
            sxy[g] += (double) x[i] * y[i];
        }
        double[][] line = new double[2][groups];
        for (int g = 0; g < groups; g++) {
            double var = n[g] * sxx[g] - sx[g] * sx[g];
            line[0][g] = var > 0 ? (n[g] * sxy[g] - sx[g] * sy[g]) / var : 1;
            line[1][g] = n[g] > 0 ? (sy[g] - line[0][g] * sx[g]) / n[g] : 0;
        }
        return line;
    }
}
