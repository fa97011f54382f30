package org.quantscope.core.proof;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Computes;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOps;
import org.quantscope.core.tflite.LiteTensor;
import org.quantscope.core.tflite.LiteType;
import org.quantscope.core.tflite.TfliteFile;

/** The account of a TensorFlow Lite model: full integer, float16, with a dynamic range, or float. */
final class TfliteProof {
    private static final String DEQUANTIZE = "DEQUANTIZE";
    private static final String QUANTIZE = "QUANTIZE";

    private final TfliteFile file;
    private final Model model;
    private final Map<Integer, LiteOperator> producers = new HashMap<>();
    private final Map<Integer, List<LiteOperator>> readers = new HashMap<>();
    private final List<Proof.Operator> operators = new ArrayList<>();
    private final Map<String, Proof.Operator> byName = new HashMap<>();
    private final Map<String, Double> macs = new HashMap<>();

    private TfliteProof(TfliteFile file, Model model) {
        this.file = file;
        this.model = model;
        for (LiteOperator op : file.operators()) {
            op.outputs().forEach(o -> producers.put(o, op));
            op.inputs()
                    .forEach(i ->
                            readers.computeIfAbsent(i, k -> new ArrayList<>()).add(op));
        }
    }

    static Proof of(Path path) throws IOException {
        return new TfliteProof(TfliteFile.read(path), ModelLoaders.open(path)).proof();
    }

    private Proof proof() {
        boolean hybrid = false;
        for (LiteOperator op : file.operators()) {
            Optional<Proof.Operator> made = operator(op);
            made.ifPresent(o -> {
                operators.add(o);
                byName.put(o.name(), o);
            });
            hybrid |= made.filter(o -> o.computes() == Computes.DYNAMIC).isPresent();
        }
        Map<?, OwnGrid> grids = model.own().map(OwnQuantization::weights).orElse(Map.of());
        List<Proof.Entry> tensors = new ArrayList<>();
        List<Proof.Left> left = new ArrayList<>();
        for (Tensor t : model.tensors()) {
            if (t.info().kind() != TensorKind.WEIGHT) {
                continue;
            }
            List<Proof.Operator> by = t.info().consumers().stream()
                    .map(Consumer::node)
                    .flatMap(n -> Optional.ofNullable(byName.get(n)).stream())
                    .toList();
            Computes computes = by.stream()
                    .map(Proof.Operator::computes)
                    .max(java.util.Comparator.comparingInt(Enum::ordinal))
                    .orElse(Computes.UNSAID);
            String why = by.stream()
                    .map(Proof.Operator::why)
                    .filter(w -> !w.isEmpty())
                    .findFirst()
                    .orElse("");
            OptionalDouble work = t.info().consumers().stream()
                    .map(c -> macs.get(c.node()))
                    .filter(java.util.Objects::nonNull)
                    .mapToDouble(Double::doubleValue)
                    .reduce(Double::sum);
            OwnGrid grid = grids.get(t.id());
            long values = t.info().shape().count();
            if (grid != null) {
                tensors.add(coded(t.id().name(), TensorKind.WEIGHT, grid, values, computes, why, work));
            } else {
                String reason = t.info().dtype().bytes() < Float.BYTES
                        ? "it is stored as " + t.info().dtype() + " and dequantized to float32"
                        : why.isEmpty() ? "the file does not quantize it" : why;
                left.add(new Proof.Left(t.id().name(), reason, true));
                tensors.add(new Proof.Entry(
                        t.id().name(),
                        TensorKind.WEIGHT,
                        false,
                        t.info().dtype().bytes() * Byte.SIZE,
                        t.info().dtype().name().toLowerCase(Locale.ROOT),
                        "",
                        "",
                        values,
                        values * t.info().dtype().bytes(),
                        computes,
                        reason,
                        work));
            }
        }
        long ranges = 0;
        for (LiteTensor t : file.tensors()) {
            if (t.stored().isEmpty() && isCode(t.index())) {
                ranges++;
                tensors.add(activation(t));
            }
        }
        String way = ranges > 0
                ? "TensorFlow Lite, integers"
                : !grids.isEmpty()
                        ? "TensorFlow Lite, "
                                + (hybrid ? "dynamic range: activations are quantized as they come" : "weights only")
                        : "";
        return new Proof(
                "tflite",
                way,
                tensors,
                left,
                operators,
                Proof.notes(model).stream()
                        .filter(n -> !n.contains("is not run here") && !n.contains("they are not shown"))
                        .toList());
    }

    private static Proof.Entry coded(
            String name,
            TensorKind kind,
            OwnGrid grid,
            long values,
            Computes computes,
            String why,
            OptionalDouble macs) {
        QuantParams p = grid.params();
        int bits = grid.bits();
        return new Proof.Entry(
                name,
                kind,
                true,
                bits,
                Proof.scheme(p),
                Proof.said(p.granularity()),
                "float32",
                values,
                values == 0 ? 0 : Math.ceilDiv(values * bits, Byte.SIZE) + 12L * p.slices(),
                computes,
                why,
                macs);
    }

    private static Proof.Entry activation(LiteTensor t) {
        var q = t.quantization().orElseThrow();
        long middle = t.type().least() < 0 ? 0 : 1L << (t.type().bits() - 1);
        boolean symmetric = java.util.Arrays.stream(q.zeroPoints()).allMatch(z -> z == middle);
        return new Proof.Entry(
                t.name().isEmpty() ? "tensor " + t.index() : t.name(),
                TensorKind.ACTIVATION,
                true,
                t.type().bits(),
                symmetric ? "symmetric" : "affine",
                q.perTensor() ? "tensor" : "channel:" + q.axis(),
                "float32",
                0,
                0,
                Computes.UNSAID,
                "",
                OptionalDouble.empty());
    }

    private boolean isCode(int tensor) {
        if (tensor < 0) {
            return false;
        }
        LiteTensor t = file.tensors().get(tensor);
        return t.quantization().isPresent() && t.type().isCode();
    }

    private boolean isFloat(int tensor) {
        return tensor >= 0
                && (file.tensors().get(tensor).type() == LiteType.FLOAT32
                        || file.tensors().get(tensor).type() == LiteType.FLOAT16);
    }

    private Optional<Proof.Operator> operator(LiteOperator op) {
        String name = op.name() + "_" + op.index();
        if (op.name().equals(DEQUANTIZE) || op.name().equals(QUANTIZE)) {
            return Optional.empty();
        }
        boolean weighted = false;
        boolean codes = false;
        boolean dequantized = false;
        for (int i = 0; i < op.inputs().size(); i++) {
            int in = op.inputs().get(i);
            if (in < 0 || !LiteOps.multiplies(op.name(), i)) {
                continue;
            }
            boolean stored = file.tensors().get(in).stored().isPresent();
            LiteOperator before = producers.get(in);
            boolean behind = before != null
                    && before.name().equals(DEQUANTIZE)
                    && file.tensors().get(before.input(0)).stored().isPresent();
            if (stored || behind) {
                weighted = true;
                codes |= isCode(in);
                dequantized |= behind;
                count(op, i, name);
            }
        }
        // In a transposed convolution the first input is the shape of the result.
        int data = op.name().equals("TRANSPOSE_CONV") ? op.input(2) : op.input(0);
        boolean coded = isCode(data);
        if (weighted) {
            if (dequantized) {
                return Optional.of(new Proof.Operator(
                        name,
                        op.name(),
                        Computes.DEQUANTIZED,
                        "its weights are dequantized by an operator in front of it"));
            }
            if (codes && coded) {
                return Optional.of(new Proof.Operator(name, op.name(), Computes.INTEGERS, ""));
            }
            if (codes) {
                return Optional.of(new Proof.Operator(
                        name,
                        op.name(),
                        Computes.DYNAMIC,
                        "its input is float: a hybrid kernel quantizes it as it comes, where there is one"));
            }
            return Optional.of(new Proof.Operator(
                    name,
                    op.name(),
                    Computes.FLOAT,
                    coded ? "its weight is float" : "neither its weight nor its input is quantized"));
        }
        boolean from = op.inputs().stream().anyMatch(i -> i >= 0 && behindDequantize(i));
        boolean to = op.outputs().stream()
                .anyMatch(o -> isFloat(o)
                        && readers.getOrDefault(o, List.of()).stream()
                                .anyMatch(r -> r.name().equals(QUANTIZE)));
        boolean floats = op.outputs().stream().anyMatch(this::isFloat);
        return floats && (from || to)
                ? Optional.of(new Proof.Operator(
                        name,
                        op.name(),
                        Computes.FLOAT,
                        "the converter left it in float, between " + (from ? "DEQUANTIZE" : "float operators") + " and "
                                + (to ? "QUANTIZE" : "float operators")))
                : Optional.empty();
    }

    private boolean behindDequantize(int tensor) {
        LiteOperator before = producers.get(tensor);
        return before != null
                && before.name().equals(DEQUANTIZE)
                && file.tensors().get(before.input(0)).stored().isEmpty();
    }

    private void count(LiteOperator op, int input, String name) {
        Shape w = file.tensors().get(op.input(input)).shape();
        if (op.outputs().isEmpty() || op.outputs().getFirst() < 0 || w.rank() < 2 || w.count() == 0) {
            return;
        }
        double out = file.tensors().get(op.outputs().getFirst()).shape().count();
        double each = switch (op.name()) {
            case "CONV_2D", "FULLY_CONNECTED" -> (double) w.count() / w.dim(0);
            case "DEPTHWISE_CONV_2D" -> (double) w.count() / w.dim(w.rank() - 1);
            case "CONV_3D" -> (double) w.count() / w.dim(w.rank() - 1);
            default -> Double.NaN;
        };
        if (!Double.isNaN(each)) {
            macs.merge(name, out * each, Double::sum);
        }
    }
}
