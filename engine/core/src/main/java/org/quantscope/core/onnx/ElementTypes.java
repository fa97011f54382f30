package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The element type of each value of a graph, and whether it depends on the graph's inputs. A declared type counts; if
 * the file declares none, it follows from the operator. An operator without a rule (a function, an operator of another
 * domain) leaves its outputs without a type.
 */
public final class ElementTypes {
    private static final Set<String> BOOLEAN = Set.of(
            "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "IsNaN", "IsInf");
    private static final Set<String> INT64 = Set.of("Shape", "Size", "NonZero", "ArgMax", "ArgMin");
    /** Operators that use the shape of their input, not its values. */
    private static final Set<String> SHAPE_ONLY = Set.of("Shape", "Size");

    private static final Set<String> UNKNOWN =
            Set.of("SequenceAt", "Optional", "OptionalGetElement", "StringNormalizer", "TfIdfVectorizer");

    private final Map<String, Integer> types = new HashMap<>();
    private final Set<String> dependent = new HashSet<>();

    /** @param graph its nodes in an order in which each value is computed before it is read */
    public ElementTypes(GraphProto graph) {
        Set<String> stored = new HashSet<>();
        for (TensorProto t : graph.getInitializerList()) {
            types.put(t.getName(), t.getDataType());
            stored.add(t.getName());
        }
        for (ValueInfoProto v : graph.getInputList()) {
            declare(v);
            if (!stored.contains(v.getName())) {
                dependent.add(v.getName());
            }
        }
        graph.getValueInfoList().forEach(this::declare);
        graph.getOutputList().forEach(this::declare);
        for (NodeProto node : graph.getNodeList()) {
            visit(node);
        }
    }

    /** ONNX data type code; {@link DataType#UNDEFINED_VALUE} if it is unknown. */
    public int of(String value) {
        return types.getOrDefault(value, DataType.UNDEFINED_VALUE);
    }

    public boolean isFloat32(String value) {
        return of(value) == DataType.FLOAT_VALUE;
    }

    public boolean isFloating(String value) {
        return switch (of(value)) {
            case DataType.FLOAT_VALUE, DataType.FLOAT16_VALUE, DataType.BFLOAT16_VALUE, DataType.DOUBLE_VALUE -> true;
            default -> false;
        };
    }

    /** True if it is a floating number, an integer of at least 8 bits, or a boolean. */
    boolean isNumeric(String value) {
        return isFloating(value)
                || switch (of(value)) {
                    case DataType.INT64_VALUE,
                            DataType.INT32_VALUE,
                            DataType.INT16_VALUE,
                            DataType.INT8_VALUE,
                            DataType.UINT8_VALUE,
                            DataType.BOOL_VALUE -> true;
                    default -> false;
                };
    }

    /** True if the value changes with the data that is fed. */
    public boolean dependsOnInput(String value) {
        return dependent.contains(value);
    }

    private void declare(ValueInfoProto v) {
        int type = v.getType().getTensorType().getElemType();
        if (type != DataType.UNDEFINED_VALUE) {
            types.put(v.getName(), type);
        }
    }

    private void visit(NodeProto node) {
        if (!SHAPE_ONLY.contains(node.getOpType()) && readsDependent(node)) {
            dependent.addAll(node.getOutputList());
        }
        for (int i = 0; i < node.getOutputCount(); i++) {
            String out = node.getOutput(i);
            if (!out.isEmpty() && !types.containsKey(out)) {
                int type = outputType(node, i);
                if (type != DataType.UNDEFINED_VALUE) {
                    types.put(out, type);
                }
            }
        }
    }

    /** True if the node, or a node of a subgraph of it, reads a value that changes with the data. */
    private boolean readsDependent(NodeProto node) {
        if (node.getInputList().stream().anyMatch(dependent::contains)) {
            return true;
        }
        for (AttributeProto a : node.getAttributeList()) {
            if (a.hasG()
                    && (a.getG().getNodeList().stream().anyMatch(this::readsDependent)
                            || a.getG().getOutputList().stream().anyMatch(o -> dependent.contains(o.getName())))) {
                return true;
            }
        }
        return false;
    }

    /**
     * The type that the subgraph of a control-flow node declares for an output of the node. (The first output of a
     * Loop's subgraph is its condition.)
     */
    private static int declaredInside(NodeProto node, int output) {
        String attribute = node.getOpType().equals("If") ? "then_branch" : "body";
        int at = node.getOpType().equals("Loop") ? output + 1 : output;
        for (AttributeProto a : node.getAttributeList()) {
            if (a.getName().equals(attribute) && at < a.getG().getOutputCount()) {
                return a.getG().getOutput(at).getType().getTensorType().getElemType();
            }
        }
        return DataType.UNDEFINED_VALUE;
    }

    private int outputType(NodeProto node, int output) {
        String op = node.getOpType();
        if (!isDefaultDomain(node) || UNKNOWN.contains(op)) {
            return DataType.UNDEFINED_VALUE;
        }
        if (BOOLEAN.contains(op)) {
            return DataType.BOOL_VALUE;
        }
        if (INT64.contains(op)) {
            return DataType.INT64_VALUE;
        }
        return switch (op) {
            case "If", "Loop", "Scan" -> declaredInside(node, output);
            case "Cast" -> (int) intAttribute(node, "to", DataType.UNDEFINED_VALUE);
            case "CastLike", "OneHot" -> typeOfInput(node, op.equals("OneHot") ? 2 : 1);
            case "Where" -> typeOfInput(node, 1);
            case "Constant" -> constantType(node);
            case "ConstantOfShape" ->
                tensorAttribute(node, "value").map(TensorProto::getDataType).orElse(DataType.FLOAT_VALUE);
            case "RandomNormal", "RandomUniform", "HannWindow", "HammingWindow", "BlackmanWindow" ->
                (int) intAttribute(node, "dtype", DataType.FLOAT_VALUE);
            case "EyeLike", "RandomNormalLike", "RandomUniformLike", "Bernoulli" ->
                (int) intAttribute(node, "dtype", typeOfInput(node, 0));
            case "Multinomial" -> (int) intAttribute(node, "dtype", DataType.INT32_VALUE);
            case "DequantizeLinear" -> typeOfInput(node, 1);
            case "QuantizeLinear" -> node.getInputCount() > 2 ? typeOfInput(node, 2) : DataType.UINT8_VALUE;
            case "DynamicQuantizeLinear" -> output == 1 ? DataType.FLOAT_VALUE : DataType.UINT8_VALUE;
            case "ConvInteger", "MatMulInteger" -> DataType.INT32_VALUE;
            case "QLinearConv", "QLinearMatMul" -> typeOfInput(node, 7);
            case "MaxPool", "TopK" -> output == 1 ? DataType.INT64_VALUE : typeOfInput(node, 0);
            case "Unique" -> output > 0 ? DataType.INT64_VALUE : typeOfInput(node, 0);
            case "Dropout" -> output == 1 ? DataType.BOOL_VALUE : typeOfInput(node, 0);
            default -> typeOfInput(node, 0);
        };
    }

    private int typeOfInput(NodeProto node, int input) {
        return input < node.getInputCount() ? of(node.getInput(input)) : DataType.UNDEFINED_VALUE;
    }

    private static int constantType(NodeProto node) {
        for (AttributeProto a : node.getAttributeList()) {
            switch (a.getName()) {
                case "value" -> {
                    return a.getT().getDataType();
                }
                case "value_float", "value_floats" -> {
                    return DataType.FLOAT_VALUE;
                }
                case "value_int", "value_ints" -> {
                    return DataType.INT64_VALUE;
                }
                default -> {
                    // Neither sparse_value nor the string forms can be quantized.
                }
            }
        }
        return DataType.UNDEFINED_VALUE;
    }

    /** True for an operator that ONNX itself defines. */
    public static boolean isDefaultDomain(NodeProto node) {
        return isDefaultDomain(node.getDomain());
    }

    static boolean isDefaultDomain(String domain) {
        return domain.isEmpty() || domain.equals("ai.onnx");
    }

    /** An integer attribute of a node; {@code fallback} if it has none of that name. */
    public static long intAttribute(NodeProto node, String name, long fallback) {
        for (AttributeProto a : node.getAttributeList()) {
            if (a.getName().equals(name)) {
                return a.getI();
            }
        }
        return fallback;
    }

    /** A float attribute of a node; {@code fallback} if it has none of that name. */
    public static float floatAttribute(NodeProto node, String name, float fallback) {
        for (AttributeProto a : node.getAttributeList()) {
            if (a.getName().equals(name)) {
                return a.getF();
            }
        }
        return fallback;
    }

    static Optional<TensorProto> tensorAttribute(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(name) && a.hasT())
                .map(AttributeProto::getT)
                .findFirst();
    }
}
