package org.quantscope.app.session;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/**
 * An opened model file.
 *
 * @param source the model as it is stored
 * @param folded the model with BatchNormalization folded; {@code source} itself if there is nothing to fold
 * @param file path and digest of the file
 * @param original the float model that the file was corrected from, if it is found
 */
public record OpenModel(Model source, Model folded, FileRef file, Optional<OpenModel> original) {
    /** A model without an original of its own. */
    public OpenModel(Model source, Model folded, FileRef file) {
        this(source, folded, file, Optional.empty());
    }

    /** The float model that accuracy is compared with. */
    public Model reference(boolean foldBatchNorm) {
        return original.orElse(this).analysed(foldBatchNorm);
    }

    /** The model in the form that is analysed if there are no corrections. */
    public Model analysed(boolean foldBatchNorm) {
        return foldBatchNorm ? folded : source;
    }

    public String name() {
        return String.valueOf(file.path().getFileName());
    }

    /**
     * The weights of an analysed model, and those other stored tensors that are in {@code own}, in the order of the
     * file.
     */
    static List<QuantizableTensor.Weight> weights(Model analysed, Set<TensorId> own) {
        return analysed.tensors().stream()
                .filter(tensor -> isListed(tensor, own))
                .map(QuantizableTensor.Weight::new)
                .toList();
    }

    /**
     * The activations of an analysed model that have their own parameters, in graph order, with their sketches if they
     * have been calibrated.
     */
    static List<QuantizableTensor.Activation> activations(Model analysed, Map<TensorId, MomentSketch> seen) {
        return analysed.graph().stream()
                .flatMap(graph -> graph.activations().stream())
                .map(info -> new QuantizableTensor.Activation(info, Optional.ofNullable(seen.get(info.id()))))
                .toList();
    }

    private static boolean isListed(Tensor tensor, Set<TensorId> own) {
        return (tensor.info().kind() == TensorKind.WEIGHT || own.contains(tensor.id()))
                && tensor.info().dtype().isFloating()
                && tensor.data().count() > 0;
    }
}
