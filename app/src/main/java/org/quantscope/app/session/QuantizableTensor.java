package org.quantscope.app.session;

import java.util.Optional;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** A tensor that can be quantized. */
public sealed interface QuantizableTensor {
    TensorInfo info();

    default TensorId id() {
        return info().id();
    }

    /** A stored weight; its values can be read. */
    record Weight(Tensor tensor) implements QuantizableTensor {
        @Override
        public TensorInfo info() {
            return tensor.info();
        }
    }

    /**
     * A value that the graph computes.
     *
     * @param sketch its values on the calibration data; empty before calibration
     */
    record Activation(TensorInfo info, Optional<MomentSketch> sketch) implements QuantizableTensor {}

    /**
     * A short name for display: without an ending that all names of its kind share, and with {@code dw} after a
     * depthwise weight. If the name of a weight was made up by an exporter, the name of the node that reads it is used.
     * In names of nested modules, repetitions are left out.
     */
    default String shortName() {
        String name = id().name();
        String bare = switch (this) {
            case Weight w -> weightName(info());
            case Activation _ -> bareActivation(name);
        };
        return Invisible.escaped(bare.isEmpty() ? name : bare) + (info().isDepthwise() ? " dw" : "");
    }

    /** The short name of an activation, for display. */
    static String activationName(String name) {
        String bare = bareActivation(name);
        return Invisible.escaped(bare.isEmpty() ? name : bare);
    }

    private static String bareActivation(String name) {
        return shorten(name.endsWith("_output_0") ? name.substring(0, name.length() - "_output_0".length()) : name);
    }

    /** The short name of a weight. In a recurrent network, W is multiplied with the input and R with the state. */
    static String weightName(TensorInfo info) {
        String name = info.id().name();
        if (name.startsWith("onnx::") && !info.consumers().isEmpty()) {
            Consumer by = info.consumers().getFirst();
            return switch (by.opType()) {
                case "LSTM", "GRU", "RNN" -> shorten(by.node()) + (by.input() == 1 ? " W" : " R");
                default -> shorten(withoutLast(by.node()));
            };
        }
        return name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
    }

    private static String withoutLast(String path) {
        int slash = path.lastIndexOf('/');
        return slash > 0 ? path.substring(0, slash) : path;
    }

    private static String shorten(String path) {
        String[] part = path.split("/", -1);
        StringBuilder kept = new StringBuilder();
        for (int i = 0; i < part.length; i++) {
            boolean repeated = i + 1 < part.length && part[i + 1].startsWith(part[i] + ".");
            if (!part[i].isEmpty() && !repeated) {
                kept.append(kept.isEmpty() ? "" : "/").append(part[i]);
            }
        }
        return kept.toString();
    }
}
