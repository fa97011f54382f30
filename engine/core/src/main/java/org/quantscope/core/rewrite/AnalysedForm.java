package org.quantscope.core.rewrite;

import org.quantscope.core.model.Model;

/** The form of a model in which its tensors are looked at and quantized. */
public final class AnalysedForm {
    private AnalysedForm() {}

    /** The model with its constants computed, and Pad and BatchNormalization folded; the model itself if it has no graph. */
    public static Model of(Model model) {
        return model.graph().isPresent() ? BatchNormFolding.fold(PadFolding.fold(ConstantFolding.fold(model))) : model;
    }
}
