package org.quantscope.core.onnx;

import java.util.Set;

/**
 * Which operators decide where activations are quantized. The one place to change when a target wants it otherwise.
 *
 * <p>The rule follows the QDQ quantizer of ONNX Runtime's Python tools (registry.py there), with simplifications that keep
 * one quantizer for each value and place it where targets that fuse layers have one:
 * <ul>
 * <li>every floating input and output of a {@link #COMPUTING} operator is quantized, because integer kernels exist for it
 *     and they need both. An Add or Mul computes only where both operands are activations;
 * <li>an Add or Mul by a constant, a Min or Max with one (a clamp by channel), a BatchNormalization ({@link #ABSORBED}) or an activation function ({@link #CLAMPING})
 *     that alone reads a value belongs to the layer in front of it: the quantizer comes behind the last of them, because
 *     the integer kernel adds the bias, scales and clamps before it rounds;
 * <li>a {@link #CARRYING} operator only moves or picks values: its output lies on its input's grid already, and a second
 *     grid there would add an error that no integer kernel makes.
 * </ul>
 * Normalization, reductions and the other elementwise functions have no integer kernel and stay in float. That includes
 * the variance inside a normalization written out as primitives: rounded to zero it would divide by zero.
 */
final class QuantizedOperators {
    /** Operators that are computed in integers. */
    static final Set<String> COMPUTING = Set.of(
            "Conv",
            "ConvTranspose",
            "Gemm",
            "MatMul",
            "Add",
            "Mul",
            "AveragePool",
            "GlobalAveragePool",
            "Concat",
            "Softmax",
            "Sigmoid",
            "LeakyRelu",
            "HardSigmoid",
            "HardSwish",
            "Relu",
            "Clip");

    /** Computing operators that do so only between two activations. */
    static final Set<String> BETWEEN_ACTIVATIONS = Set.of("Add", "Mul");

    /** Operators that a layer absorbs, given that their other operands are constants. */
    static final Set<String> ABSORBED = Set.of("Add", "Mul", "BatchNormalization", "Min", "Max");

    /** Activation functions that clamp: computed within the layer in front, or alone. */
    static final Set<String> CLAMPING = Set.of("Relu", "Clip");

    /** Operators whose output values are some of their first input's values. */
    static final Set<String> CARRYING = Set.of(
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
            "Expand",
            "Tile",
            "DepthToSpace",
            "SpaceToDepth",
            "Identity",
            "Dropout");

    private QuantizedOperators() {}
}
