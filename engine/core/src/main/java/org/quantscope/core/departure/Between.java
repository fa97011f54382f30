package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.departure.TwoForms.Flip;
import org.quantscope.core.departure.TwoForms.Part;
import org.quantscope.core.departure.TwoForms.Row;
import org.quantscope.core.departure.TwoForms.Split;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/** Two deployed forms run beside each other: the way from the first to the second, and the sums that come of it. */
final class Between {
    /** One side: its values, and what it quantizes. */
    private record Side(Deployed form, Pairing pairing) {
        Map<TensorId, QuantParams> activations() {
            Map<TensorId, QuantParams> grids = new HashMap<>();
            pairing.ids().forEach(id -> pairing.simulation().grid(id).ifPresent(g -> grids.put(id, g)));
            return grids;
        }

        Map<TensorId, QuantParams> weights() {
            return pairing.simulation().request().weights();
        }

        /** For each weight the distance of its codes from the nearest, in steps; empty if all are the nearest. */
        Map<TensorId, int[]> offsets() {
            Map<TensorId, int[]> offsets = new HashMap<>();
            for (LayerPair layer : pairing.layers()) {
                if (layer.grid().isPresent() && layer.grid().get().isAffine()) {
                    QuantParams g = layer.grid().get();
                    float[] near = Simulation.quantized(layer.weight(), g);
                    Slicing slicing = Slicing.of(layer.weight().info(), g.granularity());
                    int[] off = new int[near.length];
                    for (int i = 0; i < off.length; i++) {
                        off[i] = Math.round((layer.theirs().values()[i] - near[i]) / g.scale(slicing.sliceOf(i)));
                    }
                    if (Arrays.stream(off).anyMatch(k -> k != 0)) {
                        offsets.put(layer.weight().id(), off);
                    }
                }
            }
            return offsets;
        }
    }

    private final Model model;
    private final OnnxGraph graph;
    private final Search one;
    private final Search two;
    private final Deployed a;
    private final Deployed b;
    private final Progress progress;
    private final CancelToken cancel;
    private final Map<TensorId, double[]> sums = new LinkedHashMap<>();
    private final List<Flip> flips = new ArrayList<>();
    private int answers;

    Between(Model model, Search one, Search two, Deployed a, Deployed b, Progress progress, CancelToken cancel) {
        this.model = model;
        this.graph = model.graph().orElseThrow();
        this.one = one;
        this.two = two;
        this.a = a;
        this.b = b;
        this.progress = progress;
        this.cancel = cancel;
    }

    TwoForms run() {
        int size = Math.min(one.size(), two.size());
        int fixed = Math.max(one.fixedBatch(), two.fixedBatch());
        try (OrtModel floats = one.tapped()) {
            Side first = new Side(a, one.aligned(floats));
            Side last = new Side(b, two.aligned(floats));
            List<TensorId> ids = first.pairing.ids().stream()
                    .filter(last.pairing.ids()::contains)
                    .filter(id -> first.pairing.computed().contains(id.name()))
                    .toList();
            if (ids.isEmpty()) {
                return new TwoForms(List.of(), 0, List.of(), 0, 0);
            }
            List<EvalRequest> way = way(first, last);
            List<QuantizedSession> sessions = new ArrayList<>();
            try {
                for (EvalRequest request : way) {
                    sessions.add(QuantizedSession.build(
                            model, QuantizedSession.Key.of(request, model), ids, OrtModel.Options.DEFAULT, cancel));
                }
                int rows = fixed > 0 ? fixed : one.rows();
                for (int from = 0; from < size; from += rows) {
                    progress.report(from, size, "comparing sample " + (from + 1) + " of " + size);
                    cancel.check();
                    int[] samples = Search.samples(from, fixed > 0 ? rows : Math.min(rows, size - from), size);
                    batch(floats, first, last, ids, way, sessions, samples, Math.min(rows, size - from));
                }
            } finally {
                sessions.forEach(s -> s.loaded().forEach(OrtModel::close));
            }
            return new TwoForms(
                    ids.stream()
                            .map(id -> row(id, Objects.requireNonNull(sums.get(id))))
                            .toList(),
                    answers,
                    flips,
                    (int) flips.stream().filter(f -> f.floats() == f.first()).count(),
                    (int) flips.stream().filter(f -> f.floats() == f.second()).count());
        }
    }

    /** Our simulation of the first form, with the second's scales, with its rounding, and of the second form. */
    private List<EvalRequest> way(Side first, Side last) {
        Map<TensorId, QuantParams> scaled = exchanged(first.activations(), last.activations());
        Map<TensorId, QuantParams> scaledWeights = exchanged(first.weights(), last.weights());
        Map<TensorId, int[]> here = first.offsets();
        Map<TensorId, int[]> there = last.offsets();
        Map<TensorId, int[]> rounded = new HashMap<>(here);
        scaledWeights.keySet().stream().filter(last.weights()::containsKey).forEach(id -> {
            rounded.remove(id);
            if (there.containsKey(id)) {
                rounded.put(id, there.get(id));
            }
        });
        return List.of(
                request(first.weights(), first.activations(), here, "first"),
                request(scaledWeights, scaled, here, "scaled"),
                request(scaledWeights, scaled, rounded, "rounded"),
                request(last.weights(), last.activations(), there, "second"));
    }

    /** The parameters of the first, of what both quantize those of the second. */
    private static Map<TensorId, QuantParams> exchanged(
            Map<TensorId, QuantParams> first, Map<TensorId, QuantParams> last) {
        Map<TensorId, QuantParams> mixed = new HashMap<>(first);
        mixed.replaceAll((id, params) -> last.getOrDefault(id, params));
        return mixed;
    }

    private EvalRequest request(
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations,
            Map<TensorId, int[]> offsets,
            String key) {
        Map<TensorId, ChosenValues> values = new HashMap<>();
        offsets.forEach((id, off) -> {
            QuantParams g = weights.get(id);
            Tensor t = model.find(id).orElseThrow();
            if (g != null && t.info().dtype() == DType.F32) {
                float[] x = Simulation.quantized(t, g);
                Slicing slicing = Slicing.of(t.info(), g.granularity());
                for (int i = 0; i < x.length; i++) {
                    x[i] += off[i] * g.scale(slicing.sliceOf(i));
                }
                values.put(id, new ChosenValues(key + " " + id, TensorData.of(x)));
            }
        });
        return new EvalRequest(Optional.empty(), weights, activations, values).withTies(model);
    }

    private void batch(
            OrtModel floats,
            Side first,
            Side last,
            List<TensorId> ids,
            List<EvalRequest> way,
            List<QuantizedSession> sessions,
            int[] samples,
            int real) {
        Map<String, Values> fed = one.fed(samples);
        List<String> names = ids.stream().map(TensorId::name).toList();
        Map<String, Values> f = one.floats(floats, names, fed);
        Map<TensorId, Values> va = first.pairing.inOurLayout(a.run(fed, samples, cancel), f);
        Map<TensorId, Values> vb = last.pairing.inOurLayout(b.run(fed, samples, cancel), f);
        List<Map<TensorId, float[]>> steps = new ArrayList<>();
        for (int k = 0; k < way.size(); k++) {
            steps.add(simulated(sessions.get(k), way.get(k), ids, samples));
        }
        for (TensorId id : ids) {
            float[] x = Objects.requireNonNull(f.get(id.name())).values();
            float[][] along = {
                Objects.requireNonNull(va.get(id)).values(),
                steps.get(0).get(id),
                steps.get(1).get(id),
                steps.get(2).get(id),
                steps.get(3).get(id),
                Objects.requireNonNull(vb.get(id)).values()
            };
            double[] sum = sums.computeIfAbsent(id, k -> new double[SUMS]);
            int n = x.length / samples.length * real;
            for (int i = 0; i < n; i++) {
                double whole = (double) along[5][i] - along[0][i];
                sum[0] += (double) x[i] * x[i];
                sum[1] += square(x[i] - (double) along[0][i]);
                sum[2] += square(x[i] - (double) along[5][i]);
                sum[3] += whole * whole;
                int at = 4;
                for (Part p : Part.values()) {
                    sum[at++] += whole * part(along, p, i);
                }
            }
            if (id.name().equals(graph.predictionOutput().orElse(""))
                    && f.get(id.name()).shape().rank() == 2
                    && f.get(id.name()).shape().dim(1) > 1) {
                answers += real;
                flips(x, along, samples, real);
            }
        }
    }

    private static final int PARTS = Part.values().length;
    private static final int SUMS = 4 + PARTS;

    private static double square(double x) {
        return x * x;
    }

    /** One part of the difference of value i: from a to the simulations one after the other, and to b. */
    private static double part(float[][] along, Part part, int i) {
        return switch (part) {
            case SCALE -> (double) along[2][i] - along[1][i];
            case ROUNDING -> (double) along[3][i] - along[2][i];
            case PLACEMENT -> (double) along[4][i] - along[3][i];
            case REST -> (double) along[1][i] - along[0][i] + ((double) along[5][i] - along[4][i]);
        };
    }

    private void flips(float[] x, float[][] along, int[] samples, int real) {
        int classes = x.length / samples.length;
        for (int s = 0; s < real; s++) {
            int first = largest(along[0], s * classes, classes);
            int last = largest(along[5], s * classes, classes);
            if (first != last) {
                int i = s * classes + first;
                int j = s * classes + last;
                Map<Part, Double> parts = new HashMap<>();
                for (Part p : Part.values()) {
                    parts.put(p, part(along, p, i) - part(along, p, j));
                }
                double whole = (double) along[5][i] - along[0][i] - ((double) along[5][j] - along[0][j]);
                flips.add(new Flip(samples[s], largest(x, s * classes, classes), first, last, new Split(whole, parts)));
            }
        }
    }

    private static int largest(float[] x, int from, int n) {
        int at = 0;
        for (int k = 1; k < n; k++) {
            at = x[from + k] > x[from + at] ? k : at;
        }
        return at;
    }

    private Map<TensorId, float[]> simulated(
            QuantizedSession session, EvalRequest request, List<TensorId> ids, int[] samples) {
        Map<TensorId, float[]> found = new HashMap<>();
        List<String> names = ids.stream().map(TensorId::name).toList();
        try (QuantizedSession.Feeds feeds = session.feeds(request, cancel)) {
            session.values(one.feed(), samples, feeds, names, cancel).forEach(out -> {
                TensorId id = new TensorId(out.name());
                float[] x = out.values();
                QuantParams g = request.activations().get(id);
                if (g != null && !graph.outputNames().contains(out.name())) {
                    Grid grid = g.grid(0);
                    for (int i = 0; i < x.length; i++) {
                        x[i] = Float.isNaN(x[i]) ? x[i] : grid.quantize(x[i]);
                    }
                }
                found.put(id, x);
            });
        }
        return found;
    }

    private static Row row(TensorId id, double[] sum) {
        double signal = Math.max(Double.MIN_NORMAL, sum[0]);
        Map<Part, Double> parts = new HashMap<>();
        int at = 4;
        for (Part p : Part.values()) {
            parts.put(p, sum[at++] / signal);
        }
        return new Row(id, decibels(signal, sum[1]), decibels(signal, sum[2]), new Split(sum[3] / signal, parts));
    }

    private static OptionalDouble decibels(double signal, double noise) {
        double db = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
        return Double.isNaN(db) ? OptionalDouble.empty() : OptionalDouble.of(db);
    }
}
