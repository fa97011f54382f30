package org.quantscope.core.sensitivity;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * Keys for settings: the SHA-256 of the names and parameters of everything that is quantized. Equal settings have equal
 * keys, whichever tensor is selected. The parameters of a tensor are hashed once.
 */
final class SettingKeys {
    private final SortedMap<TensorId, byte[]> weights;
    private final SortedMap<TensorId, byte[]> activations;
    private final String all;
    private final Map<TensorId, String> only = new HashMap<>();
    private final Map<TensorId, String> allBut = new HashMap<>();

    SettingKeys(EvalRequest request) {
        weights = digests(request.weights());
        activations = digests(request.activations());
        all = key(id -> true);
        for (TensorId tensor : Stream.concat(weights.keySet().stream(), activations.keySet().stream())
                .toList()) {
            only.put(tensor, key(tensor::equals));
            allBut.put(tensor, key(id -> !id.equals(tensor)));
        }
    }

    private static SortedMap<TensorId, byte[]> digests(Map<TensorId, QuantParams> settings) {
        SortedMap<TensorId, byte[]> out = new TreeMap<>();
        settings.forEach((id, params) -> out.put(id, digest(params)));
        return out;
    }

    /** The key with all tensors quantized. */
    String all() {
        return all;
    }

    /** The key with only this tensor quantized. */
    String only(TensorId id) {
        return Objects.requireNonNull(only.get(id));
    }

    /** The key with all tensors but this one quantized. */
    String allBut(TensorId id) {
        return Objects.requireNonNull(allBut.get(id));
    }

    private String key(Predicate<TensorId> quantized) {
        Sha256 digest = new Sha256();
        add(digest, "weights", weights, quantized);
        add(digest, "activations", activations, quantized);
        return digest.hex();
    }

    private static void add(
            Sha256 digest, String what, SortedMap<TensorId, byte[]> settings, Predicate<TensorId> quantized) {
        digest.text(what);
        settings.forEach((id, params) -> {
            if (quantized.test(id)) {
                digest.text(id.name());
                digest.bytes(ByteBuffer.wrap(params));
            }
        });
    }

    private static byte[] digest(QuantParams params) {
        Sha256 digest = new Sha256();
        digest.text(params.granularity().toString());
        digest.number(params.qmin());
        digest.number(params.qmax());
        digest.numbers(params.scales());
        digest.numbers(params.zeroPoints());
        digest.number(params.codebooks().size());
        for (CodebookGrid book : params.codebooks()) {
            digest.numbers(book.levels());
        }
        params.runRange().ifPresent(range -> digest.text(range.toString()));
        return digest.end();
    }
}
