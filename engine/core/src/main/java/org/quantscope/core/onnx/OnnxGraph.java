package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl;
import java.util.List;
import org.quantscope.core.tensor.TensorInfo;

/** The graph of an ONNX model. Immutable. The protobuf classes stay behind this package. */
public final class OnnxGraph {
    private final OnnxMl.ModelProto proto;

    /** @param proto checked by the loader: every name it uses is resolved, every external tensor is inside the model's folder */
    OnnxGraph(OnnxMl.ModelProto proto) {
        this.proto = proto;
    }

    OnnxMl.ModelProto proto() {
        return proto;
    }

    /** The version of the default operator set. */
    public int opset() {
        throw new UnsupportedOperationException();
    }

    /** Name of the input that data is fed to: the first graph input that is no initializer. */
    public String inputName() {
        throw new UnsupportedOperationException();
    }

    /** Its declared shape; -1 where a dimension is free. Empty if the model declares none. */
    public List<Long> inputShape() {
        throw new UnsupportedOperationException();
    }

    /** The floating activations that can be quantized, in graph order, the graph's input first. */
    public List<TensorInfo> activations() {
        throw new UnsupportedOperationException();
    }
}
