package org.quantscope.core.tensor;

/** A stored tensor: its description and its values. */
public record Tensor(TensorInfo info, TensorData data) {
    public Tensor {
        if (info.shape().count() != data.count()) {
            throw new IllegalArgumentException("data: " + info.id() + " has " + data.count() + " values, its shape "
                    + info.shape() + " wants " + info.shape().count());
        }
    }

    public TensorId id() {
        return info.id();
    }
}
