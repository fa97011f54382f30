package org.quantscope.core.session;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.TensorId;

/**
 * Values that a correction found and that cannot be computed again to the last bit: those of each stored float32 tensor
 * that it changed, in storage order. Immutable.
 */
public final class LearnedValues {
    private final Map<TensorId, float[]> values;

    /**
     * @param values of each tensor; copied
     * @throws IllegalArgumentException if one is not finite
     */
    public LearnedValues(Map<TensorId, float[]> values) {
        this.values = new TreeMap<>();
        values.forEach((id, numbers) -> {
            for (float v : numbers) {
                if (!Float.isFinite(v)) {
                    throw new IllegalArgumentException("learned." + id + ": a finite value is needed, got " + v);
                }
            }
            this.values.put(id, numbers.clone());
        });
    }

    public Set<TensorId> tensors() {
        return values.keySet();
    }

    /** The values of one of the {@link #tensors}, copied. */
    public float[] of(TensorId id) {
        float[] found = values.get(id);
        if (found == null) {
            throw new IllegalArgumentException("learned: there are no values of " + id);
        }
        return found.clone();
    }

    /** As little-endian float32. */
    Map<TensorId, byte[]> bytes() {
        Map<TensorId, byte[]> all = new LinkedHashMap<>();
        values.forEach((id, numbers) -> {
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(numbers.length, Float.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(numbers);
            all.put(id, bytes.array());
        });
        return all;
    }

    /** @throws IllegalArgumentException if the bytes are no whole number of finite float32 */
    static LearnedValues ofBytes(Map<TensorId, byte[]> bytes) {
        Map<TensorId, float[]> all = new LinkedHashMap<>();
        bytes.forEach((id, packed) -> {
            if (packed.length % Float.BYTES != 0) {
                throw new IllegalArgumentException(
                        "learned." + id + ": " + packed.length + " bytes are no whole number of float32");
            }
            float[] numbers = new float[packed.length / Float.BYTES];
            ByteBuffer.wrap(packed)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(numbers);
            all.put(id, numbers);
        });
        return new LearnedValues(all);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (this == other) {
            return true;
        }
        return other instanceof LearnedValues o
                && values.keySet().equals(o.values.keySet())
                && values.keySet().stream().allMatch(id -> Arrays.equals(values.get(id), o.values.get(id)));
    }

    @Override
    public int hashCode() {
        int hash = 0;
        for (Map.Entry<TensorId, float[]> entry : values.entrySet()) {
            hash += entry.getKey().hashCode() ^ Arrays.hashCode(entry.getValue());
        }
        return hash;
    }

    @Override
    public String toString() {
        return "learned values of " + values.keySet();
    }
}
