package org.quantscope.core.tflite;

import java.util.Map;
import java.util.OptionalInt;

/** Operators of TensorFlow Lite by the number that the schema gives them (BuiltinOperator). */
public final class LiteOps {
    static final int CUSTOM = 32;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(0, "ADD"),
            Map.entry(1, "AVERAGE_POOL_2D"),
            Map.entry(2, "CONCATENATION"),
            Map.entry(3, "CONV_2D"),
            Map.entry(4, "DEPTHWISE_CONV_2D"),
            Map.entry(6, "DEQUANTIZE"),
            Map.entry(7, "EMBEDDING_LOOKUP"),
            Map.entry(9, "FULLY_CONNECTED"),
            Map.entry(14, "LOGISTIC"),
            Map.entry(16, "LSTM"),
            Map.entry(17, "MAX_POOL_2D"),
            Map.entry(18, "MUL"),
            Map.entry(19, "RELU"),
            Map.entry(21, "RELU6"),
            Map.entry(22, "RESHAPE"),
            Map.entry(23, "RESIZE_BILINEAR"),
            Map.entry(24, "RNN"),
            Map.entry(25, "SOFTMAX"),
            Map.entry(27, "SVDF"),
            Map.entry(28, "TANH"),
            Map.entry(34, "PAD"),
            Map.entry(36, "GATHER"),
            Map.entry(39, "TRANSPOSE"),
            Map.entry(40, "MEAN"),
            Map.entry(41, "SUB"),
            Map.entry(44, "UNIDIRECTIONAL_SEQUENCE_LSTM"),
            Map.entry(45, "STRIDED_SLICE"),
            Map.entry(67, "TRANSPOSE_CONV"),
            Map.entry(114, "QUANTIZE"),
            Map.entry(126, "BATCH_MATMUL"),
            Map.entry(132, "CONV_3D"));

    private LiteOps() {}

    static String name(int code) {
        return NAMES.getOrDefault(code, "operator " + code);
    }

    /** True if the operator multiplies by that input. */
    public static boolean multiplies(String operator, int input) {
        return switch (operator) {
            case "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "CONV_3D" -> input == 1;
            case "BATCH_MATMUL" -> true;
            case "LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM" -> input >= 1 && input <= 8;
            case "RNN", "SVDF" -> input == 1 || input == 2;
            default -> false;
        };
    }

    /** True if the operator adds that input to its output channels. */
    public static boolean isBias(String operator, int input) {
        return switch (operator) {
            case "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "CONV_3D" -> input == 2;
            case "TRANSPOSE_CONV" -> input == 3;
            default -> false;
        };
    }

    /** The axis of output channels of a weight: OHWI for convolutions, 1HWC for depthwise ones, DHWIO in three dimensions. */
    public static OptionalInt outputAxis(String operator) {
        return switch (operator) {
            case "CONV_2D",
                    "FULLY_CONNECTED",
                    "TRANSPOSE_CONV",
                    "LSTM",
                    "UNIDIRECTIONAL_SEQUENCE_LSTM",
                    "RNN",
                    "SVDF" -> OptionalInt.of(0);
            case "DEPTHWISE_CONV_2D" -> OptionalInt.of(3);
            case "CONV_3D" -> OptionalInt.of(4);
            default -> OptionalInt.empty();
        };
    }
}
