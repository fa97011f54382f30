package org.quantscope.core.sensitivity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
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
 * Short names of settings: the SHA-256 of the names and the parameters of all that is quantized, so that equal settings have
 * equal names, whichever tensor is in hand. The parameters of a tensor are read once.
 */
final class SettingKeys {
    private static final int BUFFER = 4096;

    private final SortedMap<TensorId, byte[]> weights;
    private final SortedMap<TensorId, byte[]> activations;
    private final String all;
    private final Map<TensorId, String> only = new HashMap<>();
    private final Map<TensorId, String> allBut = new HashMap<>();

    SettingKeys(EvalRequest request) {
        weights = digests(request.weights());
        activations = digests(request.activations());
        all = key(id -> true);
        for (TensorId tensor : Stream.concat(weights.keySet().stream(), activations.keySet().stream()).toList()) {
            only.put(tensor, key(tensor::equals));
            allBut.put(tensor, key(id -> !id.equals(tensor)));
        }
    }

    private static SortedMap<TensorId, byte[]> digests(Map<TensorId, QuantParams> settings) {
        SortedMap<TensorId, byte[]> out = new TreeMap<>();
        settings.forEach((id, params) -> out.put(id, digest(params)));
        return out;
    }

    /** Of all tensors quantized. */
    String all() {
        return all;
    }

    /** Of one of the tensors quantized. */
    String only(TensorId id) {
        return Objects.requireNonNull(only.get(id));
    }

    /** Of all other tensors quantized. */
    String allBut(TensorId id) {
        return Objects.requireNonNull(allBut.get(id));
    }

    private String key(Predicate<TensorId> quantized) {
        MessageDigest digest = sha256();
        add(digest, "weights", weights, quantized);
        add(digest, "activations", activations, quantized);
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, String what, SortedMap<TensorId, byte[]> settings, Predicate<TensorId> quantized) {
        text(digest, what);
        settings.forEach((id, params) -> {
            if (quantized.test(id)) {
                text(digest, id.name());
                digest.update(params);
            }
        });
    }

    private static byte[] digest(QuantParams params) {
        MessageDigest digest = sha256();
        text(digest, params.granularity().toString());
        number(digest, params.qmin());
        number(digest, params.qmax());
        numbers(digest, bits(params.scales()));
        numbers(digest, params.zeroPoints());
        number(digest, params.codebooks().size());
        for (CodebookGrid book : params.codebooks()) {
            numbers(digest, bits(book.levels()));
        }
        return digest.digest();
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }

    private static void text(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        number(digest, bytes.length);
        digest.update(bytes);
    }

    private static void number(MessageDigest digest, int value) {
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(value).flip());
    }

    private static void numbers(MessageDigest digest, int[] values) {
        number(digest, values.length);
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        for (int value : values) {
            buffer.putInt(value);
            if (!buffer.hasRemaining()) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        }
        digest.update(buffer.flip());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
