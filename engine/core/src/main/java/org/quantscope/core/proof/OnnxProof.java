package org.quantscope.core.proof;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.quantscope.core.eval.LayerMacs;
import org.quantscope.core.eval.OneSample;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.onnx.OnnxFile;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.FloatWeight;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.onnx.QuantizedWork;
import org.quantscope.core.onnx.QuantizedWork.Work;
import org.quantscope.core.onnx.WeightUse;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** The account of an ONNX file: with QuantizeLinear and DequantizeLinear, with operators on integers, or float. */
final class OnnxProof {
    private final Model floats;
    private final Map<TensorId, OwnGrid> grids;
    private final Map<String, Work> byResult = new HashMap<>();
    private final Map<String, List<Work>> byWeight = new HashMap<>();
    private final Map<String, Integer> order = new HashMap<>();
    private final Map<TensorId, Double> macs;
    /** Why multiplications are not counted. */
    private Optional<String> uncounted = Optional.empty();

    private OnnxProof(Model floats, Optional<OwnQuantization> own, List<Work> work, CancelToken cancel) {
        this.floats = floats;
        this.grids = own.map(OwnQuantization::weights).orElse(Map.of());
        for (Work w : work) {
            w.results().forEach(r -> byResult.put(r, w));
            w.aliases().forEach(a -> {
                byWeight.computeIfAbsent(a, k -> new ArrayList<>()).add(w);
                order.putIfAbsent(a, order.size());
            });
        }
        this.macs = macs(floats, cancel);
    }

    static Proof of(Path file, CancelToken cancel) throws IOException {
        OnnxFile raw = OnnxFile.read(file, true);
        cancel.check();
        List<Work> work = QuantizedWork.of(
                raw.graph(), raw.tensors().stream().map(Tensor::info).toList());
        Model floats = org.quantscope.core.loader.ModelLoaders.open(file);
        cancel.check();
        return new OnnxProof(floats, floats.own(), work, cancel).proof(work);
    }

    /** Multiplications by weight; none if the inputs declare no shape. */
    private Map<TensorId, Double> macs(Model model, CancelToken cancel) {
        try {
            OneSample sample = OneSample.of(model, Optional.empty());
            return LayerMacs.of(model, sample.sizes(new HashSet<>(), cancel), sample.samples())
                    .bySample();
        } catch (BadInputException e) {
            uncounted = Optional.of("multiplications are not counted: " + e.getMessage());
            return Map.of();
        }
    }

    private Proof proof(List<Work> work) {
        OnnxGraph graph = floats.graph().orElseThrow();
        // Nodes have made-up names that may differ between the file and the float model behind it; values and weights
        // tell.
        Map<TensorId, List<Work>> uses = new HashMap<>();
        List<TensorInfo> stored = floats.tensors().stream().map(Tensor::info).toList();
        for (WeightUse use : WeightUse.of(graph, stored)) {
            use.node().outputs().stream()
                    .flatMap(o -> Optional.ofNullable(byResult.get(o)).stream())
                    .findFirst()
                    .ifPresent(w -> uses.computeIfAbsent(use.weight(), k -> new ArrayList<>())
                            .add(w));
        }
        Map<String, FloatWeight> others = new LinkedHashMap<>();
        graph.floatWeights().forEach(f -> others.put(f.info().id().name(), f));
        List<Proof.Entry> tensors = new ArrayList<>();
        List<Proof.Left> left = new ArrayList<>();
        Set<String> done = new HashSet<>();
        for (Tensor t : floats.tensors()) {
            FloatWeight other = others.get(t.id().name());
            boolean weight = t.info().kind() == TensorKind.WEIGHT;
            boolean table = other != null && t.info().shape().rank() >= 2 && isTable(other);
            OwnGrid grid = grids.get(t.id());
            if (!weight && !table && !(other != null && other.ofLayer()) && grid == null) {
                continue;
            }
            if (!weight && grid != null && t.info().shape().rank() < 2) {
                // A factor or a bias with a grid of its own is no weight; it is listed as what it is.
                tensors.add(entry(t.info(), t.info().kind(), Optional.of(grid), List.of(), ""));
                continue;
            }
            List<Work> by = byWeight.getOrDefault(t.id().name(), uses.getOrDefault(t.id(), List.of()));
            done.add(t.id().name());
            add(t.info(), Optional.ofNullable(grid), by, other, tensors, left);
        }
        for (FloatWeight f : others.values()) {
            if (f.ofLayer() && done.add(f.info().id().name())) {
                List<Work> by = byWeight.getOrDefault(f.info().id().name(), List.of());
                add(f.info(), Optional.empty(), by, f, tensors, left);
            }
        }
        // Added weights come last in the model; here each stands where it is used.
        tensors.sort(Comparator.comparingInt(e -> order.getOrDefault(e.name(), Integer.MAX_VALUE)));
        floats.own()
                .map(OwnQuantization::activations)
                .orElse(Map.of())
                .forEach((id, grid) -> tensors.add(entry(
                        new TensorInfo(
                                id,
                                TensorKind.ACTIVATION,
                                org.quantscope.core.tensor.DType.F32,
                                org.quantscope.core.tensor.Shape.of(),
                                java.util.OptionalInt.empty(),
                                List.of()),
                        TensorKind.ACTIVATION,
                        Optional.of(grid),
                        List.of(),
                        "")));
        List<Proof.Operator> operators = work.stream()
                .map(w -> new Proof.Operator(w.node(), w.operator(), w.computes(), w.why()))
                .toList();
        List<String> notes = new ArrayList<>(Proof.notes(floats));
        uncounted.ifPresent(notes::add);
        return new Proof("onnx", floats.own().map(OwnQuantization::way).orElse(""), tensors, left, operators, notes);
    }

    private static boolean isTable(FloatWeight f) {
        return f.info().consumers().stream()
                .anyMatch(c -> c.opType().endsWith("Gather") || c.opType().endsWith("EmbedLayerNormalization"));
    }

    private void add(
            TensorInfo info,
            Optional<OwnGrid> grid,
            List<Work> by,
            @org.jspecify.annotations.Nullable FloatWeight other,
            List<Proof.Entry> tensors,
            List<Proof.Left> left) {
        Optional<Integer> coded = grid.isPresent()
                ? Optional.empty()
                : by.stream()
                        .filter(w -> w.computes() != Computes.FLOAT)
                        .flatMap(w -> w.weights().values().stream())
                        .filter(bits -> bits <= Byte.SIZE)
                        .findFirst();
        String reason = by.stream()
                .map(Work::why)
                .filter(w -> !w.isEmpty())
                .findFirst()
                .or(() -> Optional.ofNullable(other).map(f -> f.site().reason()))
                .orElse("");
        if (grid.isPresent()) {
            tensors.add(entry(info, TensorKind.WEIGHT, grid, by, reason));
        } else if (coded.isPresent()) {
            tensors.add(new Proof.Entry(
                    info.id().name(),
                    TensorKind.WEIGHT,
                    true,
                    coded.get(),
                    "affine",
                    "",
                    "",
                    info.shape().count(),
                    Math.ceilDiv(info.shape().count() * coded.get(), Byte.SIZE),
                    computes(by),
                    "its codes have no grid that can be shown here" + (reason.isEmpty() ? "" : "; " + reason),
                    macs(info.id())));
        } else {
            String why =
                    other != null ? other.site().reason() : reason.isEmpty() ? "the file does not quantize it" : reason;
            tensors.add(entry(info, TensorKind.WEIGHT, Optional.empty(), by, why));
            left.add(new Proof.Left(info.id().name(), why, other == null || other.ofLayer()));
        }
    }

    /** What the operators that read a weight compute in: the worst of them. */
    private static Computes computes(List<Work> by) {
        return by.stream()
                .map(Work::computes)
                .max(Comparator.comparingInt(Enum::ordinal))
                .orElse(Computes.UNSAID);
    }

    private OptionalDouble macs(TensorId id) {
        Double known = macs.get(id);
        return known == null ? OptionalDouble.empty() : OptionalDouble.of(known);
    }

    private Proof.Entry entry(TensorInfo info, TensorKind kind, Optional<OwnGrid> grid, List<Work> by, String why) {
        long values = info.shape().count();
        boolean computed = kind == TensorKind.ACTIVATION;
        if (grid.isEmpty()) {
            int bits = info.dtype().bytes() * Byte.SIZE;
            return new Proof.Entry(
                    info.id().name(),
                    kind,
                    false,
                    bits,
                    info.dtype().name().toLowerCase(java.util.Locale.ROOT),
                    "",
                    "",
                    values,
                    values * info.dtype().bytes(),
                    by.isEmpty() ? Computes.FLOAT : computes(by),
                    why,
                    macs(info.id()));
        }
        QuantParams params = grid.get().params();
        int bits = grid.get().bits();
        String scheme = grid.get().type().map(t -> t.id()).orElseGet(() -> Proof.scheme(params));
        long zeros = scheme.equals("affine") ? Math.ceilDiv((long) params.slices() * bits, Byte.SIZE) : 0;
        return new Proof.Entry(
                info.id().name(),
                kind,
                true,
                bits,
                scheme,
                Proof.said(params.granularity()),
                "float32",
                computed ? 0 : values,
                computed ? 0 : Math.ceilDiv(values * bits, Byte.SIZE) + 4L * params.slices() + zeros,
                by.isEmpty() ? Computes.UNSAID : computes(by),
                why,
                computed ? OptionalDouble.empty() : macs(info.id()));
    }
}
