package org.quantscope.core.tflite;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.quantscope.core.tensor.Shape;

/**
 * A tensor of a subgraph.
 *
 * @param index its place in the list of tensors
 * @param name as the file has it, not always distinct, perhaps empty
 * @param shape free along each axis whose length is known only when the model runs
 * @param quantization empty for a float tensor
 * @param stored its values in the file, in place, little-endian; empty for one that is computed
 * @param variable true if it keeps its values from one run to the next
 */
public record LiteTensor(
        int index,
        String name,
        LiteType type,
        Shape shape,
        Optional<LiteQuantization> quantization,
        Optional<MemorySegment> stored,
        boolean variable) {}
