package org.quantscope.core.tensor;

import java.util.Objects;

/** The name of a tensor, unique within its model: an ONNX value name, a safetensors key, an npz member without {@code .npy}. */
public record TensorId(String name) implements Comparable<TensorId> {
    public TensorId {
        Objects.requireNonNull(name, "name");
        if (name.isEmpty()) {
            throw new IllegalArgumentException("name: a tensor has a name, got an empty one");
        }
    }

    @Override
    public int compareTo(TensorId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
