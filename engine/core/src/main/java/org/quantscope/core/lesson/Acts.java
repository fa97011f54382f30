package org.quantscope.core.lesson;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/** Turns what a lesson does into the edits that the window makes. */
public final class Acts {
    private static final int NEAR = 3;

    private Acts() {}

    /** The tensor that an act selects, among those of the model. */
    public static TensorId selection(Act.Select act, Model model) {
        TensorId id = new TensorId(act.tensor());
        if (model.find(id).isEmpty()) {
            List<String> names =
                    model.tensors().stream().map(t -> t.id().name()).toList();
            throw new BadInputException(
                    "",
                    "select",
                    "the model has no tensor \"" + id + "\"; near: "
                            + String.join(", ", NearNames.of(id.name(), names, NEAR)));
        }
        return id;
    }

    /**
     * The edit that an act is.
     *
     * @param act not a selection, which is no edit
     * @throws IllegalArgumentException if the scheme does not allow the settings
     * @throws BadInputException if there is no selected tensor to change
     */
    public static Edit edit(Act act, Model model, SessionState state, Optional<TensorId> selected) {
        return switch (act) {
            case Act.ChangeSelected(SpecChange change) -> {
                Tensor tensor = selected.flatMap(model::find)
                        .orElseThrow(() -> new BadInputException("", "this", "no stored tensor is selected"));
                QuantSpec now = state.choice(tensor.info()) instanceof Choice.Quantized quantized
                        ? quantized.spec()
                        : state.weights().orElse(QuantSpec.WEIGHTS);
                yield new Edit.SetOverride(tensor.id(), change.apply(now));
            }
            case Act.ChangeWeights(SpecChange change) -> {
                List<Edit> edits = new ArrayList<>();
                edits.add(new Edit.SetWeights(
                        Optional.of(change.apply(state.weights().orElse(QuantSpec.WEIGHTS)))));
                state.overrides().keySet().stream()
                        .filter(id -> model.find(id).isPresent())
                        .forEach(id -> edits.add(new Edit.ClearOverride(id)));
                yield edits.size() == 1 ? edits.getFirst() : new Edit.All("change all weights", edits);
            }
            case Act.ChangeActivations(SpecChange change) ->
                new Edit.SetActivations(
                        Optional.of(change.apply(state.activations().orElse(QuantSpec.ACTIVATIONS))));
            case Act.Correct(String id) -> {
                AppliedCorrection applied = new AppliedCorrection(id, Map.of(), Optional.empty(), Optional.empty());
                yield new Edit.ApplyCorrection(applied, Corrections.title(applied));
            }
            case Act.Select _ -> throw new IllegalArgumentException("act: a selection is no edit");
        };
    }
}
