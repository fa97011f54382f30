package org.quantscope.core.lesson;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.eval.Task;
import org.quantscope.core.figure.FigureSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.CorrectionSettings;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Turns what a lesson does into the edits that the window makes. */
public final class Acts {
    private static final int NEAR = 3;

    private Acts() {}

    /** The tensor that an act selects, among those of the model. */
    public static TensorId selection(Act.Select act, Model model) {
        return selection(act.tensor(), model);
    }

    static TensorId selection(String name, Model model) {
        TensorId id = new TensorId(name);
        if (info(id, model).isEmpty()) {
            List<String> names = Stream.concat(
                            model.tensors().stream().map(Tensor::info),
                            model.graph().stream().flatMap(g -> g.activations().stream()))
                    .map(t -> t.id().name())
                    .toList();
            throw new BadInputException(
                    "",
                    "select",
                    "the model has no tensor \"" + id + "\"; near: "
                            + String.join(", ", NearNames.of(id.name(), names, NEAR)));
        }
        return id;
    }

    /** @throws IllegalArgumentException naming the tasks there are */
    static Task task(String id) {
        return Task.byId(id)
                .orElseThrow(() -> new IllegalArgumentException("metric: "
                        + Yaml.unknown(id, Task.all().stream().map(Task::id).toList())));
    }

    private static Optional<TensorInfo> info(TensorId id, Model model) {
        return model.find(id).map(Tensor::info).or(() -> FigureSource.activation(model, id));
    }

    /**
     * The edit that an act is.
     *
     * @param act neither a selection, which is no edit, nor one that needs a search
     * @throws IllegalArgumentException if the scheme does not allow the settings
     * @throws BadInputException if there is no selected tensor to change
     */
    public static Edit edit(Act act, Model model, SessionState state, Optional<TensorId> selected) {
        return switch (act) {
            case Act.ChangeSelected(SpecChange change) -> {
                TensorInfo tensor = selected.flatMap(id -> info(id, model))
                        .orElseThrow(() -> new BadInputException("", "this", "no tensor is selected"));
                QuantSpec usual = tensor.kind() == TensorKind.ACTIVATION
                        ? state.activations().orElse(QuantSpec.ACTIVATIONS)
                        : state.weights().orElse(QuantSpec.WEIGHTS);
                QuantSpec now = state.choice(tensor) instanceof Choice.Quantized quantized ? quantized.spec() : usual;
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
                boolean data = Corrections.byId(id).needsData();
                AppliedCorrection applied = new AppliedCorrection(
                        id,
                        Map.of(),
                        data ? state.calibrationData() : Optional.empty(),
                        data ? Optional.of(CorrectionSettings.of(Session.of(state))) : Optional.empty());
                yield new Edit.ApplyCorrection(applied, Corrections.title(applied));
            }
            case Act.Score(Task task) -> new Edit.SetMetric(Optional.of(task));
            case Act.Select _ -> throw new IllegalArgumentException("act: a selection is no edit");
            case Act.GiveBits _ -> throw new IllegalArgumentException("act: bits are given by a search");
        };
    }
}
