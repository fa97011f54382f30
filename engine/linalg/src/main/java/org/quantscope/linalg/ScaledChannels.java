package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A model in which the channels that matrix products read can be divided by positive factors, with the rows of their
 * weights multiplied by the same. The factors are folded into what stands in front ({@link ChannelFold}); where nothing
 * there takes them, a Mul of its own does. Such a Mul is of use only where the value in front of it is not quantized by
 * itself: where it is, its layers are left alone. Computed in double, stored as float32.
 */
final class ScaledChannels {
    /** Factors stay between this and its reciprocal, so that weights stay normal numbers of float32. */
    static final double LARGEST = 0x1p20;

    private final Model model;
    private final List<Way> ways;
    private final List<String> kept;
    /** Why nothing in front takes the factors of a value, for those that a Mul divides. */
    private final Map<String, String> inserted = new LinkedHashMap<>();

    /**
     * A value, and how its channels are divided.
     *
     * @param fold empty for a Mul
     */
    record Way(ReadValue read, Optional<ChannelFold> fold) {
        /** For each channel the first of those that must have the same factor. */
        int[] group() {
            int n = read.channels();
            int[] first = new int[n];
            Map<Integer, Integer> seen = new HashMap<>();
            for (int c = 0; c < n; c++) {
                int from = fold.isPresent() ? fold.get().group()[c] : c;
                first[c] = seen.merge(from, c, Math::min);
            }
            return first;
        }
    }

    /**
     * @param data to follow channels through attention with; empty if there is none
     * @throws org.quantscope.core.io.BadInputException if the model has no graph
     */
    ScaledChannels(Model model, Optional<Dataset> data, CancelToken cancel) {
        this.model = model;
        ReadValue.Found found = ReadValue.in(model);
        this.kept = new ArrayList<>(found.kept());
        ChannelFold.Search search =
                new ChannelFold.Search(model, data.map(samples -> new AttentionTrace(model, samples, cancel)));
        List<Way> all = new ArrayList<>();
        for (ReadValue read : found.values()) {
            cancel.check();
            ChannelFold.Found fold = search.of(read);
            all.add(new Way(read, fold.fold()));
            if (fold.fold().isEmpty()) {
                inserted.put(read.value(), fold.why());
            }
        }
        Map<String, String> quantized = quantizedInFront(model, all);
        all.removeIf(way -> quantized.containsKey(way.read.value()));
        quantized.forEach((value, front) ->
                kept.add(value + ": " + inserted.get(value) + ", and a Mul would come too late: " + front));
        this.ways = List.copyOf(all);
    }

    /** Why each value, whose channels a node of their own would have to divide, is quantized already in front of that node. */
    private static Map<String, String> quantizedInFront(Model model, List<Way> all) {
        ModelRewrite trial = new ModelRewrite(model);
        List<Way> inserted = all.stream().filter(way -> way.fold.isEmpty()).toList();
        for (Way way : inserted) {
            float[] ones = new float[way.read.channels()];
            Arrays.fill(ones, 1);
            trial.multiply(way.read.value(), nodes(way.read), ones);
        }
        return quantized(trial.model(), inserted.stream().map(Way::read).toList());
    }

    /** The reason, for each of the values that a model quantizes. */
    static Map<String, String> quantized(Model model, List<ReadValue> values) {
        Placement placement = model.graph().orElseThrow().placement();
        Map<String, String> reasons = new LinkedHashMap<>();
        for (ReadValue read : values) {
            placement
                    .site(new TensorId(read.value()))
                    .filter(site -> site.state() != Placement.State.FLOAT)
                    .ifPresent(site -> reasons.put(read.value(), "it is quantized by itself, " + site.reason()));
        }
        return reasons;
    }

    static List<OnnxNode> nodes(ReadValue read) {
        return read.layers().stream().map(WeightedLayer::node).toList();
    }

    /** The values whose channels can be divided, in graph order. */
    List<Way> ways() {
        return ways;
    }

    /** For a person: what is left as it is and why. */
    List<String> kept() {
        return List.copyOf(kept);
    }

    /** max|W| of each row over all layers that read a value, 0 for none that is a finite number. */
    static double[] weightRanges(ReadValue read) {
        double[] most = new double[read.channels()];
        for (WeightedLayer layer : read.layers()) {
            float[] w = layer.weight().data().toFloats();
            int inner = layer.transposed() ? 1 : layer.outputs();
            for (int i = 0; i < w.length; i++) {
                float x = Math.abs(w[i]);
                if (Float.isFinite(x)) {
                    int c = i / inner % most.length;
                    most[c] = Math.max(most[c], x);
                }
            }
        }
        return most;
    }

    /** The largest of the entries of channels that must have the same factor, at each of them. */
    static double[] together(Way way, double[] perChannel) {
        int[] group = way.group();
        double[] most = new double[perChannel.length];
        for (int c = 0; c < most.length; c++) {
            most[group[c]] = Math.max(most[group[c]], perChannel[c]);
        }
        double[] all = new double[most.length];
        for (int c = 0; c < all.length; c++) {
            all[c] = most[group[c]];
        }
        return all;
    }

    /**
     * Divides channels and multiplies weights.
     *
     * @param factors positive, [channels] by the value; values without any stay as they are
     */
    Correction.Output divided(Map<String, double[]> factors) {
        Map<TensorId, double[]> values = new LinkedHashMap<>();
        Map<TensorId, Shape> shapes = new HashMap<>();
        ModelRewrite rewrite = new ModelRewrite(model);
        List<TensorId> added = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Way way : ways) {
            double[] s = factors.get(way.read.value());
            if (s == null || ones(s)) {
                continue;
            }
            for (WeightedLayer layer : way.read.layers()) {
                double[] w = values.computeIfAbsent(layer.id(), id -> doubles(layer.weight()));
                shapes.putIfAbsent(layer.id(), layer.weight().info().shape());
                int inner = layer.transposed() ? 1 : layer.outputs();
                for (int i = 0; i < w.length; i++) {
                    w[i] *= s[i / inner % s.length];
                }
            }
            if (way.fold.isEmpty()) {
                float[] reciprocal = new float[s.length];
                for (int c = 0; c < s.length; c++) {
                    reciprocal[c] = (float) (1 / s[c]);
                }
                added.add(rewrite.multiply(way.read.value(), nodes(way.read), reciprocal));
                notes.add(way.read.value() + " is divided by a Mul of its own, because "
                        + inserted.get(way.read.value()));
            } else {
                way.fold.get().parts().forEach(part -> scale(part, s, values, shapes));
            }
        }
        values.forEach((id, v) -> {
            float[] stored = new float[v.length];
            for (int i = 0; i < v.length; i++) {
                stored[i] = (float) v[i];
            }
            rewrite.values(id, Objects.requireNonNull(shapes.get(id)), stored);
        });
        if (values.isEmpty()) {
            return new Correction.Output(model, List.of(), kept);
        }
        List<TensorId> changed = new ArrayList<>();
        model.tensors().stream().map(Tensor::id).filter(values::containsKey).forEach(changed::add);
        changed.addAll(added);
        return new Correction.Output(rewrite.model(), changed, kept, notes);
    }

    private static void scale(
            ChannelFold.Part part, double[] s, Map<TensorId, double[]> values, Map<TensorId, Shape> shapes) {
        Tensor t = part.tensor();
        double[] v = values.computeIfAbsent(t.id(), id -> doubles(t));
        int n = Math.toIntExact(part.shape().count());
        if (v.length == 1 && n > 1) {
            double one = v[0];
            v = new double[n];
            Arrays.fill(v, one);
            values.put(t.id(), v);
        }
        shapes.put(t.id(), part.shape());
        int[] from = part.from();
        for (int i = 0; i < v.length; i++) {
            int channel = from[i / part.inner() % from.length];
            if (channel >= 0) {
                v[i] = part.divisor() ? v[i] * s[channel] : v[i] / s[channel];
            }
        }
    }

    private static boolean ones(double[] s) {
        for (double x : s) {
            if (x != 1) {
                return false;
            }
        }
        return true;
    }

    private static double[] doubles(Tensor t) {
        float[] stored = t.data().toFloats();
        double[] values = new double[stored.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = stored[i];
        }
        return values;
    }

    /** Divides positive factors by their geometric mean, which leaves the size of weights alone, and limits them. */
    static double[] balanced(double[] s) {
        double logs = 0;
        for (double x : s) {
            logs += Math.log(x);
        }
        double mean = Math.exp(logs / s.length);
        double[] balanced = new double[s.length];
        for (int c = 0; c < s.length; c++) {
            balanced[c] = Math.clamp(s[c] / mean, 1 / LARGEST, LARGEST);
        }
        return balanced;
    }
}
