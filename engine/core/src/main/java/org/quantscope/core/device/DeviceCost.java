package org.quantscope.core.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationSizes;
import org.quantscope.core.eval.LayerMacs;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * What one sample costs on a device with certain settings. Everything here follows from shapes and settings; only
 * where the graph does not tell a shape the model is run once.
 *
 * @param weightBytes bytes of all stored tensors as the device packs them, scales included: what flash holds
 * @param floatWeightBytes the same before quantization
 * @param peakActivationBytes the most bytes of activations at a time, as {@link ArenaPlan} counts them: what RAM holds
 * @param peakAt the operator during which that is; empty if no size is known
 * @param macs multiplications, of layers with a stored weight and of products of two activations
 * @param integerMacs those of them whose both factors are quantized
 * @param bitOperations each multiplication times the bits of both factors (Bayesian Bits, arXiv 2005.07093, section 4.1)
 * @param bytesMoved weights and activations that operators read and write, once each; views and operators in place move
 *     none
 * @param picojoules of the multiplications by {@link EnergyModel}: a model, never a measurement
 * @param layers what each operator holds and multiplies, in the order in which they run
 * @param unsized the activations whose size is not known, so that {@code peakActivationBytes} and {@code bytesMoved}
 *     are too small
 * @param uncounted the weights and operators whose multiplications are not known, so that {@code macs} and what follows
 *     from it are too small
 * @param notes what is not in these figures, in sentences
 */
public record DeviceCost(
        long weightBytes,
        long floatWeightBytes,
        long peakActivationBytes,
        String peakAt,
        double macs,
        double integerMacs,
        double bitOperations,
        long bytesMoved,
        double picojoules,
        List<Layer> layers,
        Set<String> unsized,
        Set<String> uncounted,
        List<String> notes) {
    private static final int FLOAT_BITS = 32;

    /** Operators that multiply: one whose multiplications are not counted is named. */
    private static final Set<String> MULTIPLY = Set.of(
            "Conv",
            "ConvInteger",
            "ConvTranspose",
            "DeformConv",
            "Einsum",
            "FusedConv",
            "FusedGemm",
            "FusedMatMul",
            "MatMulInteger",
            "MatMulNBits",
            "QLinearConv",
            "QLinearMatMul");

    /** Operators that multiply inside, beside their weights or in a graph of their own. */
    private static final Set<String> MULTIPLY_INSIDE = Set.of(
            "Attention",
            "GRU",
            "GroupQueryAttention",
            "If",
            "LSTM",
            "Loop",
            "MultiHeadAttention",
            "RNN",
            "Scan",
            "SequenceMap");

    /** More names than this are counted only. */
    private static final int NAMED = 3;

    public DeviceCost {
        layers = List.copyOf(layers);
        unsized = Collections.unmodifiableSet(new LinkedHashSet<>(unsized));
        uncounted = Collections.unmodifiableSet(new LinkedHashSet<>(uncounted));
        notes = List.copyOf(notes);
    }

    /**
     * One operator.
     *
     * @param name the operator's
     * @param heldBytes activations held while it runs
     * @param macs its multiplications
     * @param integer true if both factors of all of them are quantized
     */
    public record Layer(String name, String opType, long heldBytes, double macs, boolean integer) {}

    /**
     * Counts for one sample.
     *
     * @param model with a graph, as analysed
     * @param settings nothing quantized is {@link ResolvedSettings#NONE}
     * @param profile how the device packs weights; empty for every width packed without gaps
     * @param data where the shapes of the inputs come from; empty for those that the model declares
     * @throws org.quantscope.core.io.BadInputException if an input has a free dimension other than the first and there is
     *     no data, or the data does not fit the model
     */
    public static DeviceCost of(
            Model model,
            ResolvedSettings settings,
            Optional<DeviceProfile> profile,
            Optional<Dataset> data,
            CancelToken cancel) {
        return of(DeviceShapes.of(model, data, cancel), settings, profile);
    }

    /** The same for shapes that are known already. */
    public static DeviceCost of(DeviceShapes shapes, ResolvedSettings settings, Optional<DeviceProfile> profile) {
        return new Count(shapes, settings, profile).cost();
    }

    private static final class Count {
        private final Model model;
        private final OnnxGraph graph;
        private final ResolvedSettings settings;
        private final Optional<DeviceProfile> profile;
        private final ActivationSizes sizes;
        private final LayerMacs layerMacs;
        private final int samples;
        private final Map<TensorId, Integer> bits = new HashMap<>();
        private final Set<String> ran;
        private final Set<String> unknownSizes = new LinkedHashSet<>();
        private final Set<String> uncounted = new LinkedHashSet<>();

        Count(DeviceShapes shapes, ResolvedSettings settings, Optional<DeviceProfile> profile) {
            this.model = shapes.model();
            this.graph = model.graph().orElseThrow();
            this.settings = settings;
            this.profile = profile;
            this.samples = shapes.samples();
            this.sizes = shapes.sizes();
            this.ran = shapes.ran();
            this.layerMacs = shapes.macs();
            for (ResolvedTensor tensor : settings.tensors()) {
                bits.put(tensor.id(), tensor.spec().bits());
            }
        }

        DeviceCost cost() {
            ArenaPlan plan = ArenaPlan.of(graph, this::bytes);
            Map<Integer, Double> macs = new HashMap<>();
            Map<Integer, Double> integer = new HashMap<>();
            double operations = 0;
            double picojoules = 0;
            for (LayerMacs.Product p : layerMacs.products()) {
                boolean both = bits.containsKey(p.weight()) && isQuantized(p.other());
                macs.merge(p.node().index(), p.macs(), Double::sum);
                integer.merge(p.node().index(), both ? p.macs() : 0, Double::sum);
                picojoules += p.macs()
                        * EnergyModel.picojoules(
                                bits.getOrDefault(p.weight(), 0), bits.getOrDefault(new TensorId(p.other()), 0));
            }
            operations += layerMacs.bitOperations(bits);
            Set<Integer> withWeights = new HashSet<>(macs.keySet());
            for (OnnxNode node : graph.nodes()) {
                if (!withWeights.contains(node.index())) {
                    Optional<Double> product = ofActivations(node);
                    if (product.isPresent()) {
                        double n = product.get();
                        boolean both = node.inputs().stream().limit(2).allMatch(this::isQuantized);
                        macs.put(node.index(), n);
                        integer.put(node.index(), both ? n : 0);
                        picojoules += n * EnergyModel.picojoules(quantized(node, 0), quantized(node, 1));
                        operations += n
                                * bitsOf(node.inputs().get(0))
                                * bitsOf(node.inputs().get(1));
                    }
                }
            }
            layerMacs.unknown().stream().map(TensorId::name).sorted().forEach(uncounted::add);
            for (OnnxNode node : graph.nodes()) {
                String op = node.opType().substring(node.opType().lastIndexOf('.') + 1);
                boolean named = node.inputs().stream().anyMatch(uncounted::contains);
                if (MULTIPLY_INSIDE.contains(op)
                        || (MULTIPLY.contains(op) && !macs.containsKey(node.index()) && !named)) {
                    uncounted.add(node.name());
                }
            }
            Map<String, Long> stored = new HashMap<>();
            long weightBytes = 0;
            for (Tensor tensor : model.tensors()) {
                long bytes = stored(tensor);
                stored.put(tensor.id().name(), bytes);
                weightBytes += bytes;
            }
            List<Layer> layers = new ArrayList<>();
            for (ArenaPlan.Step step : plan.steps()) {
                double n = macs.getOrDefault(step.node().index(), 0.0);
                layers.add(new Layer(
                        step.node().name(),
                        step.node().opType(),
                        step.bytes(),
                        n,
                        n > 0 && integer.getOrDefault(step.node().index(), 0.0) == n));
            }
            Optional<ArenaPlan.Step> peak = plan.peak();
            return new DeviceCost(
                    weightBytes,
                    ModelSize.of(model, ResolvedSettings.NONE).floatBytes(),
                    peak.map(ArenaPlan.Step::bytes).orElse(0L),
                    peak.map(step -> step.node().name()).orElse(""),
                    sum(macs),
                    sum(integer),
                    operations,
                    moved(plan, stored),
                    picojoules,
                    layers,
                    unknownSizes,
                    uncounted,
                    notes());
        }

        private static double sum(Map<Integer, Double> by) {
            return by.values().stream().mapToDouble(v -> v).sum();
        }

        private boolean isQuantized(String value) {
            return bits.containsKey(new TensorId(value));
        }

        private int quantized(OnnxNode node, int input) {
            return bits.getOrDefault(new TensorId(node.inputs().get(input)), 0);
        }

        private int bitsOf(String value) {
            return bits.getOrDefault(new TensorId(value), FLOAT_BITS);
        }

        /** Multiplications of two activations for one sample; empty if the operator is no such product. */
        private Optional<Double> ofActivations(OnnxNode node) {
            if (!node.opType().equals("MatMul") && !node.opType().equals("Gemm")) {
                return Optional.empty();
            }
            if (node.inputs().stream().limit(2).anyMatch(graph::isStored)) {
                return Optional.empty();
            }
            Optional<Shape> a = sizes.shape(node.inputs().getFirst());
            Optional<Shape> out = sizes.shape(node.outputs().getFirst());
            if (a.isEmpty() || out.isEmpty() || a.get().rank() == 0) {
                uncounted.add(node.name());
                return Optional.empty();
            }
            boolean turned = node.intAttribute("transA", 0) != 0;
            long inner = a.get().dim(a.get().rank() - (turned ? 2 : 1));
            return Optional.of((double) out.get().count() * inner / samples);
        }

        /** Bytes of a value as the device holds it: whole bytes of its bits, or those of its type. */
        private long bytes(String value) {
            Optional<Shape> shape = sizes.shape(value);
            if (shape.isEmpty()) {
                unknownSizes.add(value);
                return 0;
            }
            Integer own = bits.get(new TensorId(value));
            long each = own == null ? bytesOfType(graph.types().of(value)) : own <= Byte.SIZE ? 1 : 2;
            return shape.get().count() * each;
        }

        /** Bytes of an element type of ONNX; those of float32 where it is not known. */
        private static int bytesOfType(int type) {
            return switch (type) {
                case 2, 3, 9, 17, 18, 19, 20, 24 -> 1;
                case 4, 5, 10, 16 -> 2;
                case 7, 11, 13, 14 -> 8;
                default -> 4;
            };
        }

        private long stored(Tensor tensor) {
            long bytes = tensor.data().storedBytes();
            return settings.find(tensor.id())
                    .map(found -> {
                        long count = tensor.info().shape().count();
                        int width = found.spec().bits();
                        double all = found.spec()
                                        .quantizer()
                                        .bitsPerWeight(
                                                found.spec(),
                                                count,
                                                found.params().slices())
                                * count;
                        int packed = profile.map(p -> p.packed(width)).orElse(width);
                        return (Math.round(all) + count * (packed - width) + 7) / 8;
                    })
                    .orElse(bytes);
        }

        private long moved(ArenaPlan plan, Map<String, Long> stored) {
            long sum = 0;
            for (OnnxNode node : graph.nodes()) {
                boolean none = node.outputs().isEmpty()
                        || (!node.inputs().isEmpty()
                                && plan.buffer(node.outputs().getFirst())
                                        .equals(plan.buffer(node.inputs().getFirst())));
                if (none) {
                    continue;
                }
                for (String value : node.reads()) {
                    sum += stored.containsKey(value)
                            ? stored.get(value)
                            : graph.isStored(value) ? 0 : bytes(plan.buffer(value));
                }
                for (String value : node.outputs()) {
                    sum += value.isEmpty() || graph.isStored(value) ? 0 : bytes(plan.buffer(value));
                }
            }
            return sum;
        }

        private List<String> notes() {
            List<String> notes = new ArrayList<>();
            if (!ran.isEmpty()) {
                notes.add("The size of " + named(ran) + " does not follow from the graph; it is that of one run.");
            }
            if (!unknownSizes.isEmpty()) {
                notes.add("The size of " + named(unknownSizes) + " is not known and counts nothing.");
            }
            if (!uncounted.isEmpty()) {
                notes.add("The multiplications of " + named(uncounted) + " are not known and count nothing.");
            }
            if (samples > 1) {
                notes.add("The model's batch size is fixed: memory is for " + samples
                        + " samples at a time, multiplications are for one.");
            }
            return notes;
        }
    }

    static String named(Set<String> names) {
        String first = String.join(", ", names.stream().limit(NAMED).toList());
        return names.size() <= NAMED ? first : first + " and " + (names.size() - NAMED) + " more";
    }
}
