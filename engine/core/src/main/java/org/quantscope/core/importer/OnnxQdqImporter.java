package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.export.OnnxQdqExporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.onnx.QdqReading;
import org.quantscope.core.onnx.QdqReading.Found;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads the scales and zero points of an ONNX model with QuantizeLinear and DequantizeLinear. A tensor is found by the
 * names that ONNX Runtime gives, else by its position: as the same input of the node that computes the same value in
 * the float model. The stored codes are compared with the weights of the float model. Integer biases follow from the
 * rest and are ignored.
 */
final class OnnxQdqImporter implements Importer {
    private static final int CHUNK = 1 << 14;

    @Override
    public String id() {
        return OnnxQdqExporter.ID;
    }

    @Override
    public String title() {
        return "ONNX with QuantizeLinear/DequantizeLinear";
    }

    @Override
    public String source() {
        return OnnxQdqExporter.SOURCE;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        List<String> notes = new ArrayList<>();
        Places places = new Places(model);
        int biases = 0;
        for (Found found : QdqReading.of(file).found()) {
            cancel.check();
            if (found.bias()) {
                biases++;
                continue;
            }
            Optional<String> name = found.names().stream()
                    .filter(n -> names.knows(n, found.activation()))
                    .findFirst()
                    .or(() -> places.of(found));
            if (name.isEmpty()) {
                names.find(found.names().getFirst());
                continue;
            }
            TensorInfo info = names.find(name.get()).orElse(null);
            if (info == null) {
                continue;
            }
            QuantParams params = found.params().orElse(null);
            if (params == null) {
                names.refuse(name.get(), found.obstacle());
                continue;
            }
            if (specs.containsKey(info.id())) {
                // The same tensor may be quantized once for each of its readers.
                if (!(specs.get(info.id()).clip() instanceof Clip.Fixed(var before)) || !before.equals(params)) {
                    names.refuse(name.get(), "it is quantized more than once there, in different ways");
                }
                continue;
            }
            if (found.codes().isPresent()) {
                Tensor weight = model.find(info.id()).orElseThrow();
                if (!found.codes().get().shape().equals(info.shape())) {
                    names.refuse(
                            name.get(),
                            "its shape is " + found.codes().get().shape() + " there, " + info.shape()
                                    + " in the model");
                    continue;
                }
                if (Slicing.of(info, params.granularity()).slices() != params.slices()) {
                    names.refuse(
                            name.get(),
                            "it has " + params.slices() + " scales, its shape " + info.shape() + " has room for "
                                    + Slicing.of(info, params.granularity()).slices());
                    continue;
                }
                difference(weight, params, found.codes().get(), cancel).ifPresent(notes::add);
            }
            specs.put(
                    info.id(),
                    OwnGrid.of(params, found.type().orElseThrow()).spec(info.kind() == TensorKind.ACTIVATION));
        }
        addOwn(file, model, names, specs);
        if (biases > 0) {
            notes.add(biases + " integer biases, which follow from the scales of their layers");
        }
        return new Imported(specs, names.unmatched(), notes);
    }

    /**
     * Adds the grids of operators that quantize in another way than with a pair of nodes: on integers, MatMulNBits and
     * the like.
     */
    private static void addOwn(Path file, Model model, Names names, Map<TensorId, QuantSpec> specs) throws IOException {
        Model there = ModelLoaders.open(file);
        OwnQuantization own = there.own().orElse(null);
        if (own == null) {
            return;
        }
        own.activations().forEach((id, grid) -> {
            if (!specs.containsKey(id) && names.knows(id.name(), true)) {
                specs.put(id, grid.spec(true));
            }
        });
        own.weights().forEach((id, grid) -> {
            if (!specs.containsKey(id) && names.knows(id.name(), false)) {
                Shape here = model.find(id).orElseThrow().info().shape();
                Shape stored = there.find(id).map(t -> t.info().shape()).orElse(here);
                if (here.equals(stored)) {
                    specs.put(id, grid.spec(false));
                } else if (here.rank() == 2 && here.dim(0) == stored.dim(1) && here.dim(1) == stored.dim(0)) {
                    specs.put(id, new OwnGrid(turned(grid.params(), stored), grid.type()).spec(false));
                } else {
                    names.refuse(id.name(), "its shape is " + stored + " there, " + here + " in the model");
                }
            }
        });
    }

    /** The grid of a matrix for the matrix transposed. */
    private static QuantParams turned(QuantParams params, Shape shape) {
        int axis = switch (params.granularity()) {
            case Granularity.PerTensor _ -> 0;
            case Granularity.PerChannel c -> c.axis();
            case Granularity.PerBlock b -> b.axis();
        };
        Granularity granularity = switch (params.granularity()) {
            case Granularity.PerTensor t -> t;
            case Granularity.PerChannel _ -> new Granularity.PerChannel(1 - axis);
            case Granularity.PerBlock b -> new Granularity.PerBlock(1 - axis, b.size());
        };
        if (!params.isAffine()) {
            return params;
        }
        float[] scales = params.scales();
        int[] zeroPoints = params.zeroPoints();
        if (params.granularity() instanceof Granularity.PerBlock b) {
            int rows = (int) (axis == 0 ? Math.ceilDiv(shape.dim(0), b.size()) : shape.dim(0));
            int columns = scales.length / rows;
            for (int i = 0; i < scales.length; i++) {
                int to = i % columns * rows + i / columns;
                scales[to] = params.scale(i);
                zeroPoints[to] = params.zeroPoint(i);
            }
        }
        return new QuantParams(granularity, scales, zeroPoints, params.qmin(), params.qmax());
    }

    /**
     * A note if the stored codes are not those of the model's own values. Of floating-point codes only NaN is reported.
     */
    private static Optional<String> difference(
            Tensor weight, QuantParams params, QdqReading.Codes codes, CancelToken cancel) {
        Slicing slicing = Slicing.of(weight.info(), params.granularity());
        float[] chunk = new float[CHUNK];
        long count = weight.data().count();
        long off = 0;
        double worst = 0;
        for (long from = 0; from < count; from += CHUNK) {
            cancel.check();
            int n = (int) Math.min(CHUNK, count - from);
            weight.data().read(from, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                int slice = slicing.sliceOf(from + i);
                float there =
                        codes.value(from + i, params.isAffine() ? params.zeroPoint(slice) : 0) * params.scale(slice);
                double nearest = params.isAffine()
                        ? Math.clamp(
                                        Math.rint((double) chunk[i] / params.scale(slice)),
                                        params.qmin() - params.zeroPoint(slice),
                                        params.qmax() - params.zeroPoint(slice))
                                * params.scale(slice)
                        : there;
                double steps = Math.abs(there - nearest) / params.scale(slice);
                if (!(steps < 1.5)) {
                    off++;
                    worst = Math.max(worst, steps);
                }
            }
        }
        return off == 0
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s: %d of %d codes are more than a step from the model's values, at most %.4g steps: the file"
                                + " was made from other values",
                        weight.id(),
                        off,
                        count,
                        worst));
    }

    /** Finds tensors through the nodes that read them. */
    private static final class Places {
        private final Map<String, OnnxNode> byOutput = new HashMap<>();
        private final Set<String> activations = new HashSet<>();
        private final Model model;

        Places(Model model) {
            this.model = model;
            model.graph().ifPresent(g -> {
                g.nodes().forEach(n -> n.outputs().forEach(out -> byOutput.put(out, n)));
                g.activations().forEach(a -> activations.add(a.id().name()));
            });
        }

        Optional<String> of(Found found) {
            for (QdqReading.Reader reader : found.readers()) {
                for (String out : reader.outputs()) {
                    OnnxNode node = byOutput.get(out);
                    if (node != null && node.opType().equals(reader.opType())) {
                        Optional<String> name = node.input(reader.input())
                                .filter(n -> found.activation()
                                        ? activations.contains(n)
                                        : model.find(new TensorId(n)).isPresent());
                        if (name.isPresent()) {
                            return name;
                        }
                    }
                }
            }
            return Optional.empty();
        }
    }
}
