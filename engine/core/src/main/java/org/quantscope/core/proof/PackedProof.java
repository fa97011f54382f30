package org.quantscope.core.proof;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorKind;

/**
 * The account of bare weights (safetensors, PyTorch, Keras, NumPy): layers in the layouts of GPTQ, AWQ, compressed-tensors,
 * bitsandbytes, scaled float8 and Keras, told by the names and shapes of their parts. Nothing says how they are multiplied.
 */
final class PackedProof {
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final Set<String> parts = new HashSet<>();
    private final List<Proof.Entry> entries = new ArrayList<>();
    private final List<Proof.Left> left = new ArrayList<>();
    private final Set<String> ways = new java.util.TreeSet<>();

    private PackedProof() {}

    static Proof of(Model model) {
        PackedProof proof = new PackedProof();
        model.tensors().forEach(t -> proof.tensors.put(t.id().name(), t));
        for (Tensor t : model.tensors()) {
            proof.coded(t);
        }
        for (Tensor t : model.tensors()) {
            proof.plain(t);
        }
        return new Proof(
                model.format(),
                String.join(", ", proof.ways),
                proof.entries,
                proof.left,
                List.of(),
                Proof.notes(model));
    }

    private @Nullable Tensor part(String name) {
        return tensors.get(name);
    }

    /** Adds a layer if this tensor holds its codes. */
    private void coded(Tensor t) {
        String name = t.id().name();
        Shape shape = t.info().shape();
        boolean pair = shape.rank() == 2;
        if (name.endsWith(".qweight") && t.info().dtype() == DType.I32 && pair) {
            String layer = name.substring(0, name.length() - ".qweight".length());
            Tensor scales = part(layer + ".scales");
            if (scales != null && scales.info().shape().rank() == 2) {
                gptqOrAwq(layer, t, scales);
            }
        } else if (name.endsWith(".weight_packed") && !t.info().dtype().isFloating() && pair) {
            compressed(name.substring(0, name.length() - "_packed".length()), t);
        } else if (part(name + ".absmax") != null && !t.info().dtype().isFloating()) {
            boolean four = tensors.keySet().stream().anyMatch(k -> k.startsWith(name + ".quant_state.bitsandbytes__"));
            String kind = tensors.keySet().stream().anyMatch(k -> k.startsWith(name + ".quant_state.bitsandbytes__nf4"))
                    ? "nf4"
                    : "fp4_e2m1";
            Tensor absmax = part(name + ".absmax");
            long values = 2 * shape.count();
            long blocks = absmax == null ? 1 : Math.max(1, absmax.data().count());
            tensors.keySet().stream().filter(k -> k.startsWith(name + ".")).forEach(parts::add);
            add(
                    "bitsandbytes",
                    name,
                    t,
                    List.of(name + ".absmax"),
                    4,
                    four ? kind : "codebook",
                    "block:" + values / blocks,
                    values);
        } else if (name.endsWith(".weight") && t.info().dtype() == DType.I8 && part(sibling(name, "SCB")) != null) {
            add("bitsandbytes", name, t, List.of(sibling(name, "SCB")), 8, "symmetric", "channel:0", shape.count());
        } else if (isScaled(t)) {
            scaled(t);
        }
    }

    private static String sibling(String name, String leaf) {
        return name.substring(0, name.lastIndexOf('.') + 1) + leaf;
    }

    private void gptqOrAwq(String layer, Tensor codes, Tensor scales) {
        Shape q = codes.info().shape();
        Shape s = scales.info().shape();
        long outputs = s.dim(1);
        List<String> others = new ArrayList<>(List.of(layer + ".scales", layer + ".qzeros", layer + ".g_idx"));
        // GPTQ packs along the inputs, [inputs·bits/32, outputs]; AWQ along the outputs, [inputs, outputs·bits/32].
        boolean awq = q.dim(1) != outputs;
        Tensor zeros = part(layer + ".qzeros");
        long bits = awq
                ? q.dim(1) * 32 / Math.max(1, outputs)
                : zeros != null && zeros.info().shape().rank() == 2
                        ? zeros.info().shape().dim(1) * 32 / Math.max(1, outputs)
                        : 4;
        if (bits < 2 || bits > 8) {
            return;
        }
        long inputs = awq ? q.dim(0) : q.dim(0) * 32 / bits;
        long group = inputs / Math.max(1, s.dim(0));
        Tensor order = part(layer + ".g_idx");
        String why = order != null && reordered(order, group) ? "its inputs are in an order of their own (g_idx)" : "";
        add(
                awq ? "AWQ" : "GPTQ",
                layer + ".weight",
                codes,
                others,
                (int) bits,
                zeros == null ? "symmetric" : "affine",
                s.dim(0) == 1 ? "channel:" + 0 : "block:" + group + ":1",
                inputs * outputs,
                why);
    }

    /** True if an index does not say that inputs belong to groups in their order. */
    private static boolean reordered(Tensor index, long group) {
        if (!index.data().isRead() || index.info().dtype().isFloating() || group < 1) {
            return false;
        }
        for (long i = 0; i < index.data().count(); i++) {
            if (index.data().integer(i) != i / group) {
                return true;
            }
        }
        return false;
    }

    private void compressed(String weight, Tensor codes) {
        Tensor scale = part(weight + "_scale");
        Tensor shape = part(weight + "_shape");
        if (scale == null) {
            return;
        }
        Shape packed = codes.info().shape();
        boolean bytes = codes.info().dtype() == DType.U8;
        long inputs = bytes
                ? 2 * packed.dim(1)
                : shape != null && shape.data().isRead() && shape.data().count() == 2
                        ? shape.data().integer(1)
                        : 8 * packed.dim(1);
        long bits = bytes ? 4 : Math.round(32.0 * packed.dim(1) / Math.max(1, inputs));
        boolean nvfp4 = bytes && part(weight + "_global_scale") != null;
        long groups = scale.info().shape().rank() == 2 ? scale.info().shape().dim(1) : 1;
        add(
                "compressed-tensors",
                weight,
                codes,
                List.of(
                        weight + "_scale",
                        weight + "_shape",
                        weight + "_zero_point",
                        weight + "_g_idx",
                        weight + "_global_scale"),
                Math.clamp(bits, 1, 8),
                bytes ? nvfp4 ? "nvfp4" : "fp4_e2m1" : part(weight + "_zero_point") == null ? "symmetric" : "affine",
                groups <= 1 ? "channel:0" : "block:" + inputs / groups + ":1",
                packed.dim(0) * inputs);
    }

    /** True for codes of 8 bits with a scale beside them under one of the usual names. */
    private boolean isScaled(Tensor t) {
        DType type = t.info().dtype();
        return (type == DType.I8 || type == DType.F8_E4M3 || type == DType.F8_E5M2)
                && t.info().shape().rank() >= 2
                && scaleOf(t).isPresent();
    }

    private Optional<String> scaleOf(Tensor t) {
        String name = t.id().name();
        return List.of(name + "_scale", name + "_scale_inv", name + ".scale", sibling(name, "scale")).stream()
                .filter(tensors::containsKey)
                .findFirst();
    }

    private void scaled(Tensor t) {
        String scale = scaleOf(t).orElseThrow();
        Shape s = Objects.requireNonNull(tensors.get(scale)).info().shape();
        Shape w = t.info().shape();
        boolean keras = t.info().consumers().stream().anyMatch(c -> c.opType().endsWith("Dense"));
        String granularity = s.count() == 1
                ? "tensor"
                : s.rank() == 2 && s.dim(1) > 1
                        ? "block:" + w.dim(1) / Math.max(1, s.dim(1)) + ":1"
                        : "channel:" + (keras ? w.rank() - 1 : 0);
        add(
                t.info().dtype() == DType.I8 ? "codes of 8 bits with scales" : "float8 with scales",
                t.id().name(),
                t,
                List.of(scale, t.id().name() + "_zero_point"),
                8,
                t.info().dtype() == DType.I8
                        ? part(t.id().name() + "_zero_point") == null ? "symmetric" : "affine"
                        : t.info().dtype() == DType.F8_E4M3 ? "fp8_e4m3fn" : "fp8_e5m2",
                granularity,
                w.count());
    }

    private void add(
            String way,
            String name,
            Tensor codes,
            List<String> others,
            int bits,
            String scheme,
            String granularity,
            long values) {
        add(way, name, codes, others, bits, scheme, granularity, values, "");
    }

    private void add(
            String way,
            String name,
            Tensor codes,
            List<String> others,
            int bits,
            String scheme,
            String granularity,
            long values,
            String why) {
        ways.add(way);
        parts.add(codes.id().name());
        parts.addAll(others);
        long bytes = codes.data().storedBytes();
        for (String other : others) {
            Tensor t = part(other);
            bytes += t == null ? 0 : t.data().storedBytes();
        }
        Tensor scales = part(others.getFirst());
        entries.add(new Proof.Entry(
                name,
                TensorKind.WEIGHT,
                true,
                bits,
                scheme,
                granularity,
                scales == null ? "" : scales.info().dtype().name().toLowerCase(Locale.ROOT),
                values,
                bytes,
                Computes.UNSAID,
                way + (why.isEmpty() ? "" : "; " + why),
                OptionalDouble.empty()));
    }

    private void plain(Tensor t) {
        if (t.info().kind() != TensorKind.WEIGHT
                || parts.contains(t.id().name())
                || !t.info().dtype().isFloating()) {
            return;
        }
        DType type = t.info().dtype();
        String why = type.bytes() == 1 ? "it is stored as " + type + " without a scale" : "it is stored as " + type;
        left.add(new Proof.Left(t.id().name(), why, true));
        entries.add(new Proof.Entry(
                t.id().name(),
                TensorKind.WEIGHT,
                false,
                type.bytes() * Byte.SIZE,
                type.name().toLowerCase(Locale.ROOT),
                "",
                "",
                t.data().count(),
                t.data().storedBytes(),
                Computes.FLOAT,
                why,
                OptionalDouble.empty()));
    }
}
