package org.quantscope.core.onnx;

import java.util.Set;

/**
 * Which operators decide where activations are quantized. The one place to change when a target wants it otherwise.
 *
 * <p>The rule follows the QDQ quantizer of ONNX Runtime's Python tools (registry.py there) with three simplifications that
 * keep one quantizer for each value:
 * <ul>
 * <li>every floating input and output of a {@link #COMPUTING} operator is quantized, because integer kernels exist for it
 *     and they need both;
 * <li>a value that only a {@link #FUSED_ACTIVATION} reads is not quantized: the integer kernel of the operator in front
 *     clamps by itself, so the range that counts is the one behind the activation function;
 * <li>a {@link #CARRYING} operator only moves or picks values: its output lies on its input's grid already, and a second
 *     grid there would add an error that no integer kernel makes.
 * </ul>
 * Normalization, reductions and the other elementwise functions have no integer kernel and stay in float.
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

    /** Operators that are computed within the operator in front of them. */
    static final Set<String> FUSED_ACTIVATION = Set.of("Relu", "Clip");

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
