package org.quantscope.core.layerwise;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Hashes of what the codes of a weight rest on: the model, the calibration data, and how everything is quantized that
 * its layer's output is computed from, the weight itself included. Each value of the graph has the hash of its inputs
 * and of its own parameters, so one pass over the graph serves all layers.
 */
final class MadeFrom {
    /** Changed whenever the same choices would give other codes. */
    private static final String VERSION = "codes-3";

    private final ResolvedSettings settings;
    private final Map<String, byte[]> values = new HashMap<>();

    private MadeFrom(ResolvedSettings settings) {
        this.settings = settings;
    }

    /**
     * The hashes of all quantized weights of layers, in lower-case hex.
     *
     * @param model folded, corrected and with added quantizers as the state says, with its own values
     * @return empty if the state names no calibration data
     */
    static Map<TensorId, String> of(Model model, SessionState state, ResolvedSettings settings) {
        OnnxGraph graph = model.graph().orElse(null);
        FileRef data = state.calibrationData().orElse(null);
        if (graph == null || data == null) {
            return Map.of();
        }
        MadeFrom from = new MadeFrom(settings);
        byte[] start = start(state, data);
        from.visit(graph);
        Map<TensorId, String> keys = new TreeMap<>();
        for (WeightedLayer layer : WeightedLayer.of(model)) {
            if (settings.weights().containsKey(layer.id())) {
                MessageDigest key = sha256();
                key.update(start);
                layer.node().inputs().forEach(input -> key.update(from.value(input)));
                Optional.of(layer)
                        .flatMap(l -> l.addedBehind(model))
                        .ifPresent(bias -> key.update(from.value(bias.id().name())));
                keys.put(layer.id(), HexFormat.of().formatHex(key.digest()));
            }
        }
        return keys;
    }

    /** The hash of what the layer of a weight reads; empty if there is none, or the state names no calibration data. */
    static Optional<String> ofInput(Model model, SessionState state, ResolvedSettings settings, TensorId weight) {
        OnnxGraph graph = model.graph().orElse(null);
        FileRef data = state.calibrationData().orElse(null);
        if (graph == null || data == null) {
            return Optional.empty();
        }
        return WeightedLayer.of(model).stream()
                .filter(layer -> layer.id().equals(weight))
                .findFirst()
                .map(layer -> {
                    MadeFrom from = new MadeFrom(settings);
                    from.visit(graph);
                    MessageDigest key = sha256();
                    key.update(start(state, data));
                    key.update(from.value(layer.node().inputs().getFirst()));
                    return HexFormat.of().formatHex(key.digest());
                });
    }

    private static byte[] start(SessionState state, FileRef data) {
        MessageDigest common = sha256();
        text(common, VERSION);
        text(common, state.modelKey());
        text(common, String.valueOf(state.foldBatchNorm()));
        text(common, data.digest());
        common.update(ByteBuffer.allocate(Integer.BYTES)
                .putInt(data.samples().orElse(0))
                .flip());
        return common.digest();
    }

    private void visit(OnnxGraph graph) {
        for (OnnxNode node : graph.nodes()) {
            MessageDigest inputs = sha256();
            node.inputs().forEach(input -> inputs.update(value(input)));
            byte[] hash = inputs.digest();
            for (String output : node.outputs()) {
                MessageDigest own = sha256();
                text(own, output);
                own.update(hash);
                tensor(own, output);
                values.put(output, own.digest());
            }
        }
    }

    /** The hash of a value; one that no node computes is stored or given. */
    private byte[] value(String name) {
        return values.computeIfAbsent(name, n -> {
            MessageDigest own = sha256();
            text(own, n);
            tensor(own, n);
            return own.digest();
        });
    }

    private void tensor(MessageDigest into, String name) {
        ResolvedTensor tensor =
                name.isEmpty() ? null : settings.find(new TensorId(name)).orElse(null);
        if (tensor == null) {
            return;
        }
        text(into, tensor.spec().rounding());
        // A rounding that chooses ranges too leaves those alone that a person has set.
        text(into, String.valueOf(tensor.spec().clip() instanceof Clip.Auto));
        text(
                into,
                tensor.spec().scheme()
                        + ' '
                        + tensor.spec().bits()
                        + ' '
                        + tensor.spec().options());
        QuantParams params = tensor.params();
        text(into, params.granularity().toString());
        ByteBuffer numbers = ByteBuffer.allocate(Integer.BYTES * (2 + params.slices() * 2));
        numbers.putInt(params.qmin()).putInt(params.qmax());
        for (int i = 0; i < params.slices(); i++) {
            numbers.putFloat(params.scale(i));
            numbers.putInt(params.isAffine() ? params.zeroPoint(i) : 0);
        }
        into.update(numbers.flip());
        for (CodebookGrid book : params.codebooks()) {
            ByteBuffer levels = ByteBuffer.allocate(Float.BYTES * book.size());
            for (float level : book.levels()) {
                levels.putFloat(level);
            }
            into.update(levels.flip());
        }
    }

    /** A text with its length, so that no two sequences of texts run together alike. */
    private static void text(MessageDigest into, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        into.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        into.update(bytes);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
