package org.quantscope.core.tensor;

/** What a tensor is to its model. */
public enum TensorKind {
    /**
     * A constant of rank 2 or more that a Conv, ConvTranspose, DeformConv, Gemm, MatMul or Einsum multiplies by, outside
     * subgraphs, also behind operators that only move or convert its numbers; a floating tensor of rank 2 or more if
     * there is no graph.
     */
    WEIGHT,
    /** The constant third input of a Conv, ConvTranspose or Gemm outside subgraphs. */
    BIAS,
    /** A value computed by the graph, or its input. */
    ACTIVATION,
    /** Every other stored tensor. */
    CONSTANT;

    /** The name used in JSON: lower case. */
    public String id() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
