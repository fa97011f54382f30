package org.quantscope.core.tensor;

import java.util.Optional;
import java.util.Set;

/**
 * Tells for each value of a weight which input channel of the layer it is multiplied with. Value {@code e} in storage
 * order belongs to channel {@code e / groupValues * perGroup + e / inner % perGroup}.
 *
 * @param perGroup input channels that one group of the layer reads; all of them without groups
 * @param groupValues values of the weight that belong to one group; all of them without groups
 * @param inner number of adjacent values that belong to one channel
 * @param channels input channels of the layer
 */
public record InputChannels(int perGroup, long groupValues, long inner, int channels) {
    private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

    /**
     * The layout that follows from the first layer that takes the tensor as its second input: Conv [out, in/groups, …],
     * ConvTranspose [in, out/groups, …], Gemm [in, out] or [out, in] with transB, MatMul […, in, out]. In a file
     * without a graph [out, in, …] is assumed. Empty for any other tensor, and for one without values.
     */
    public static Optional<InputChannels> of(TensorInfo info) {
        Shape shape = info.shape();
        if (shape.rank() < 2 || shape.count() == 0) {
            return Optional.empty();
        }
        if (info.consumers().isEmpty()) {
            return info.kind() == TensorKind.WEIGHT ? along(shape, 1, 1) : Optional.empty();
        }
        return info.consumers().stream()
                .filter(c -> c.input() == 1 && LAYERS.contains(c.opType()))
                .findFirst()
                .flatMap(c -> switch (c.opType()) {
                    case "Conv" -> along(shape, 1, c.groups());
                    case "ConvTranspose" -> along(shape, 0, 1);
                    case "Gemm" ->
                        info.channelAxis().isPresent()
                                ? along(
                                        shape,
                                        1 - Math.min(1, info.channelAxis().getAsInt()),
                                        1)
                                : Optional.empty();
                    default -> along(shape, shape.rank() - 2, 1);
                });
    }

    private static Optional<InputChannels> along(Shape shape, int axis, long groups) {
        long perGroup = shape.dim(axis);
        long channels = perGroup * groups;
        if (groups < 1 || groups > Integer.MAX_VALUE || channels > Integer.MAX_VALUE || shape.dim(0) % groups != 0) {
            return Optional.empty();
        }
        return Optional.of(
                new InputChannels((int) perGroup, shape.count() / groups, shape.inner(axis), (int) channels));
    }

    /** The input channel of value {@code e}. */
    public int channel(long e) {
        return (int) (e / groupValues * perGroup + e / inner % perGroup);
    }
}
