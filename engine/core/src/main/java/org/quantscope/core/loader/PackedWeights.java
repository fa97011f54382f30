package org.quantscope.core.loader;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Layers that are stored as packed integers, as GPTQ and AWQ write them: {@code qweight} with several codes in each
 * int32, {@code qzeros} likewise, and {@code scales} in floating point, of one layer under one name. None of these is a
 * weight, and to quantize the scales would make nonsense of the codes.
 *
 * @param tensors all tensors; the parts of packed layers as constants
 * @param note what a person should know; empty if no layer is packed
 */
record PackedWeights(List<Tensor> tensors, Optional<String> note) {
    private static final String CODES = ".qweight";
    private static final List<String> PARTS = List.of(CODES, ".qzeros", ".scales", ".g_idx");

    static PackedWeights of(List<Tensor> tensors) {
        Set<String> layers = new HashSet<>();
        for (Tensor t : tensors) {
            String name = t.id().name();
            if (name.endsWith(CODES) && !t.info().dtype().isFloating()) {
                layers.add(name.substring(0, name.length() - CODES.length()));
            }
        }
        if (layers.isEmpty()) {
            return new PackedWeights(tensors, Optional.empty());
        }
        List<Tensor> all = tensors.stream()
                .map(t -> isPart(t.id().name(), layers) ? constant(t) : t)
                .toList();
        return new PackedWeights(
                all,
                Optional.of((layers.size() == 1 ? "1 layer is" : layers.size() + " layers are")
                        + " quantized already, as packed integers (GPTQ or AWQ: qweight, qzeros, scales); these are not"
                        + " read as weights and cannot be quantized again"));
    }

    private static boolean isPart(String name, Set<String> layers) {
        return PARTS.stream()
                .anyMatch(part ->
                        name.endsWith(part) && layers.contains(name.substring(0, name.length() - part.length())));
    }

    private static Tensor constant(Tensor t) {
        TensorInfo i = t.info();
        return new Tensor(
                new TensorInfo(i.id(), TensorKind.CONSTANT, i.dtype(), i.shape(), i.channelAxis(), i.consumers()),
                t.data());
    }
}
