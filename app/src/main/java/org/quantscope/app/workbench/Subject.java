package org.quantscope.app.workbench;

import java.util.Optional;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** A tensor that can be quantized. */
public sealed interface Subject {
    TensorInfo info();

    default TensorId id() {
        return info().id();
    }

    /** A stored weight; its values can be read. */
    record Weight(Tensor tensor) implements Subject {
        @Override
        public TensorInfo info() {
            return tensor.info();
        }
    }

    /**
     * A value that the graph computes.
     *
     * @param sketch what was seen of it on the calibration data; empty before a calibration
     */
    record Activation(TensorInfo info, Optional<MomentSketch> sketch) implements Subject {}

    /** The name without what every name of its kind ends in, and {@code dw} behind a depthwise weight. */
    default String shortName() {
        String name = id().name();
        String bare = name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
        return (bare.isEmpty() ? name : bare) + (info().isDepthwise() ? " dw" : "");
    }
}
