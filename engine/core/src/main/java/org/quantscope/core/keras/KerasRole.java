package org.quantscope.core.keras;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorKind;

/**
 * What a stored array is to its layer.
 *
 * @param axis of the output channels; empty if it is no weight
 * @param guessed true if the layer is not known well enough to be sure
 */
record KerasRole(TensorKind kind, OptionalInt axis, boolean guessed) {
    private static final KerasRole CONSTANT = new KerasRole(TensorKind.CONSTANT, OptionalInt.empty(), false);
    private static final KerasRole BIAS = new KerasRole(TensorKind.BIAS, OptionalInt.empty(), false);

    private static final Set<String> NORMALIZING = Set.of("gamma", "beta", "moving_mean", "moving_variance");

    /** Layers whose kernels have the output channels on the last axis, as all of Keras but those handled before. */
    private static final List<String> LAST = List.of(
            "Dense",
            "Conv1D",
            "Conv2D",
            "Conv3D",
            "Convolution1D",
            "Convolution2D",
            "Convolution3D",
            "SeparableConv1D",
            "SeparableConv2D",
            "ConvLSTM1D",
            "ConvLSTM2D",
            "ConvLSTM3D",
            "ConvLSTM1DCell",
            "ConvLSTM2DCell",
            "ConvLSTM3DCell",
            "ConvLSTMCell",
            "GRU",
            "GRUCell",
            "LSTM",
            "LSTMCell",
            "SimpleRNN",
            "SimpleRNNCell",
            "CuDNNGRU",
            "CuDNNLSTM");

    /**
     * @param leaf the name of the array in its layer, such as {@code depthwise_kernel}
     */
    static KerasRole of(KerasLayer layer, String leaf, Shape shape, boolean floating) {
        int rank = shape.rank();
        String type = layer.className();
        if (leaf.equals("bias") || leaf.endsWith("_bias") || leaf.startsWith("bias_")) {
            // Those of a GRU have two rows, one for the input and one for the state.
            return floating ? BIAS : CONSTANT;
        }
        if (rank < 2 || !floating || NORMALIZING.contains(leaf) || leaf.equals("alpha")) {
            return CONSTANT;
        }
        if (leaf.equals("embeddings") || type.equals("Embedding") || leaf.endsWith("embeddings")) {
            return weight(0, false);
        }
        if (leaf.equals("depthwise_kernel") || type.startsWith("DepthwiseConv")) {
            // [places, inputs, multiplier]: each input makes as many outputs as the multiplier says.
            return weight(rank - 2, false);
        }
        if ((type.startsWith("Conv") && type.endsWith("Transpose")) || type.startsWith("Deconvolution")) {
            // [places, outputs, inputs]
            return weight(rank - 2, false);
        }
        if (type.equals("EinsumDense")) {
            String equation = layer.options().getOrDefault("equation", "");
            int comma = equation.indexOf(',');
            int arrow = equation.indexOf("->");
            if (comma > 0 && arrow > comma && arrow - comma - 1 == rank) {
                String inputs = equation.substring(0, comma);
                for (int i = rank - 1; i >= 0; i--) {
                    if (inputs.indexOf(equation.charAt(comma + 1 + i)) < 0) {
                        return weight(i, false);
                    }
                }
            }
            return weight(rank - 1, true);
        }
        return weight(
                rank - 1, !(LAST.contains(type) && leaf.toLowerCase(Locale.ROOT).endsWith("kernel")));
    }

    private static KerasRole weight(int axis, boolean guessed) {
        return new KerasRole(TensorKind.WEIGHT, OptionalInt.of(axis), guessed);
    }
}
