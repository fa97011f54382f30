package org.quantscope.core.convert;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.tflite.LiteOptions.Activation;

/** Which rule converts which operator. */
final class Rules {
    private static final Map<String, Rule> BY_OPERATOR = Map.ofEntries(
            Map.entry("CONV_2D", Layers::conv),
            Map.entry("DEPTHWISE_CONV_2D", Layers::depthwise),
            Map.entry("TRANSPOSE_CONV", Layers::transposed),
            Map.entry("FULLY_CONNECTED", Layers::fullyConnected),
            Map.entry("BATCH_MATMUL", Layers::batchMatMul),
            Map.entry("AVERAGE_POOL_2D", Layers::pool),
            Map.entry("MAX_POOL_2D", Layers::pool),
            Map.entry("ADD", Pointwise.several("Add")),
            Map.entry("SUB", Pointwise.several("Sub")),
            Map.entry("MUL", Pointwise.several("Mul")),
            Map.entry("DIV", Pointwise.several("Div")),
            Map.entry("ADD_N", Pointwise.several("Sum")),
            Map.entry("MAXIMUM", Pointwise.several("Max")),
            Map.entry("MINIMUM", Pointwise.several("Min")),
            Map.entry("POW", Pointwise.several("Pow")),
            Map.entry("PRELU", Pointwise.several("PRelu")),
            Map.entry("SELECT_V2", Pointwise.several("Where")),
            Map.entry("EQUAL", Pointwise.several("Equal")),
            Map.entry("NOT_EQUAL", Pointwise::notEqual),
            Map.entry("LESS", Pointwise.several("Less")),
            Map.entry("LESS_EQUAL", Pointwise.several("LessOrEqual")),
            Map.entry("GREATER", Pointwise.several("Greater")),
            Map.entry("GREATER_EQUAL", Pointwise.several("GreaterOrEqual")),
            Map.entry("LOGICAL_AND", Pointwise.several("And")),
            Map.entry("LOGICAL_OR", Pointwise.several("Or")),
            Map.entry("LOGICAL_NOT", Pointwise.one("Not")),
            Map.entry("SQUARED_DIFFERENCE", Pointwise::squaredDifference),
            Map.entry("SQUARE", Pointwise::square),
            Map.entry("RSQRT", Pointwise::rsqrt),
            Map.entry("RELU", Pointwise.activation(Activation.RELU)),
            Map.entry("RELU6", Pointwise.activation(Activation.RELU6)),
            Map.entry("RELU_N1_TO_1", Pointwise.activation(Activation.RELU_N1_TO_1)),
            Map.entry("RELU_0_TO_1", (w, op) -> {
                int x = w.input(op, 0);
                w.put(op, "Clip", List.of(w.value(x), w.scalar(0), w.scalar(1)), w.result(w.output(op), w.inPlanes(x)));
            }),
            Map.entry("LOGISTIC", Pointwise.one("Sigmoid")),
            Map.entry("TANH", Pointwise.one("Tanh")),
            Map.entry("HARD_SWISH", Pointwise.one("HardSwish")),
            Map.entry("ELU", Pointwise.one("Elu")),
            Map.entry("LEAKY_RELU", Pointwise::leakyRelu),
            Map.entry("GELU", Pointwise::gelu),
            Map.entry("EXP", Pointwise.one("Exp")),
            Map.entry("LOG", Pointwise.one("Log")),
            Map.entry("SQRT", Pointwise.one("Sqrt")),
            Map.entry("ABS", Pointwise.one("Abs")),
            Map.entry("NEG", Pointwise.one("Neg")),
            Map.entry("SIN", Pointwise.one("Sin")),
            Map.entry("COS", Pointwise.one("Cos")),
            Map.entry("FLOOR", Pointwise.one("Floor")),
            Map.entry("CEIL", Pointwise.one("Ceil")),
            Map.entry("ROUND", Pointwise.one("Round")),
            Map.entry("SIGN", Pointwise.one("Sign")),
            Map.entry("CAST", Pointwise::cast),
            Map.entry("SOFTMAX", Pointwise::softmax),
            Map.entry("LOG_SOFTMAX", Pointwise::logSoftmax),
            Map.entry("L2_NORMALIZATION", Pointwise::l2Normalization),
            Map.entry("LOCAL_RESPONSE_NORMALIZATION", Pointwise::localResponse),
            Map.entry("RESHAPE", Moves::reshape),
            Map.entry("SQUEEZE", Moves::reshape),
            Map.entry("EXPAND_DIMS", Moves::reshape),
            Map.entry("TRANSPOSE", Moves::transpose),
            Map.entry("CONCATENATION", Moves::concat),
            Map.entry("PAD", Moves::pad),
            Map.entry("PADV2", Moves::pad),
            Map.entry("MIRROR_PAD", Moves::pad),
            Map.entry("MEAN", Moves.reduce("ReduceMean")),
            Map.entry("SUM", Moves.reduce("ReduceSum")),
            Map.entry("REDUCE_MAX", Moves.reduce("ReduceMax")),
            Map.entry("REDUCE_MIN", Moves.reduce("ReduceMin")),
            Map.entry("REDUCE_PROD", Moves.reduce("ReduceProd")),
            Map.entry("ARG_MAX", Moves.arg("ArgMax")),
            Map.entry("ARG_MIN", Moves.arg("ArgMin")),
            Map.entry("SLICE", Pieces::slice),
            Map.entry("STRIDED_SLICE", Pieces::stridedSlice),
            Map.entry("SPLIT", Pieces::split),
            Map.entry("SPLIT_V", Pieces::splitV),
            Map.entry("PACK", Pieces::pack),
            Map.entry("UNPACK", Pieces::unpack),
            Map.entry("GATHER", Moves::gather),
            Map.entry("EMBEDDING_LOOKUP", Moves::embedding),
            Map.entry("TILE", Moves::tile),
            Map.entry("CUMSUM", Moves::cumsum),
            Map.entry("DEPTH_TO_SPACE", Moves.blocks("DepthToSpace")),
            Map.entry("SPACE_TO_DEPTH", Moves.blocks("SpaceToDepth")),
            Map.entry("RESIZE_BILINEAR", Moves::resize),
            Map.entry("RESIZE_NEAREST_NEIGHBOR", Moves::resize));

    /** QUANTIZE and DEQUANTIZE change no value of the float model; LiteGraph joins what they read and give. */
    static final Set<String> GRID = Set.of("QUANTIZE", "DEQUANTIZE");

    private Rules() {}

    static Optional<Rule> of(String operator) {
        return Optional.ofNullable(BY_OPERATOR.get(operator));
    }

    /** True if there is a rule, or the operator only changes the grid. */
    static boolean knows(String operator) {
        return BY_OPERATOR.containsKey(operator) || GRID.contains(operator);
    }
}
