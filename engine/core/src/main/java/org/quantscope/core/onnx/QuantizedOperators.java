package org.quantscope.core.onnx;

import java.util.Set;

/**
 * Which operators decide where activations are quantized. This is the only place to change for a target with other
 * rules. {@link PlacementRules} applies them, and {@code docs/placement.md} compares them with their model.
 *
 * <p>The sets are those of the QDQ quantizer of ONNX Runtime's Python tools (registry.py and operators/ there, 1.30),
 * for asymmetric activations, which is its default. It differs in five points, each for a reason:
 * <ul>
 *   <li>an Add or Mul by a constant computes in integers only as a part of the layer in front of it, and the quantizer
 *       comes behind it, because the integer kernel adds a bias before it rounds. By itself it stays in float: in a
 *       normalization written out as primitives, the variance plus its small constant would be rounded to 0 and divided
 *       by;
 *   <li>the same for a Min or Max with a constant, which clamps by channel;
 *   <li>the same for a BatchNormalization behind a layer, which that tool expects to be folded before;
 *   <li>Identity, Dropout, GlobalMaxPool, Expand, Tile, DepthToSpace and SpaceToDepth carry a grid along like Reshape
 *       does, because they, too, only move values;
 *   <li>a value that only a Concat reads is tied to the Concat's output, so that it is rounded once and needs no second
 *       rounding in the Concat; a person can give it a grid of its own.
 * </ul>
 */
final class QuantizedOperators {
    /** Operators that are computed in integers: their floating inputs and outputs are quantized. */
    static final Set<String> COMPUTING = Set.of(
            "Conv",
            "ConvTranspose",
            "Gemm",
            "MatMul",
            "Add",
            "Mul",
            "GlobalAveragePool",
            "Concat",
            "Softmax",
            "Sigmoid",
            "LeakyRelu",
            "ArgMax",
            "CumSum",
            "Pad",
            "InstanceNormalization",
            "LayerNormalization",
            "BatchNormalization");

    /** Those of them that compute in integers only if both inputs are activations. */
    static final Set<String> BETWEEN_ACTIVATIONS = Set.of("Add", "Mul");

    /** Operators that become a part of the layer before them, if their other operands are constants. */
    static final Set<String> ABSORBED = Set.of("Add", "Mul", "BatchNormalization", "Min", "Max");

    /** Activation functions that clamp: they are computed within the layer before them, or on a quantized value. */
    static final Set<String> CLAMPING = Set.of("Relu", "Clip");

    /** Operators whose output values are some of their first input's values. */
    static final Set<String> MOVING = Set.of(
            "MaxPool",
            "GlobalMaxPool",
            "Reshape",
            "Flatten",
            "Transpose",
            "Squeeze",
            "Unsqueeze",
            "Slice",
            "Split",
            "Gather",
            "GatherElements",
            "TopK",
            "Expand",
            "Tile",
            "DepthToSpace",
            "SpaceToDepth",
            "Identity",
            "Dropout");

    /** Operators that average, and whose results are rounded back to the grid of their input. */
    static final Set<String> AVERAGING = Set.of("AveragePool", "Resize");

    /** Layers whose third input is a bias, which has a unit of its own and is not an activation. */
    static final Set<String> WITH_BIAS = Set.of("Conv", "ConvTranspose", "Gemm");

    static final Set<String> RECURRENT = Set.of("LSTM", "GRU", "RNN");

    static final Set<String> CONTROL_FLOW = Set.of("If", "Loop", "Scan");

    /** The first operator sets in which these operators work on integers. */
    static final int FIRST_WITH_INTEGER_MAX_POOL = 12;

    static final int FIRST_WITH_INTEGER_RESIZE = 11;

    private QuantizedOperators() {}
}
