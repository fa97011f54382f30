package org.quantscope.core.lesson;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.eval.Task;
import org.quantscope.core.figure.FigureSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
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

    /**
     * A correction as lessons name it, {@code recover:target=labels;epochs=20}. Options are parted by semicolons, because
     * commas part the settings of a figure.
     *
     * @throws IllegalArgumentException naming what is not known; where no corrections are on the class path, any is taken
     */
    static Act.Correct correction(String text) {
        String[] parts = text.split(":", 2);
        List<Correction> all = Corrections.all();
        Optional<Correction> known =
                all.stream().filter(c -> c.id().equals(parts[0])).findFirst();
        if (!all.isEmpty() && known.isEmpty()) {
            throw new IllegalArgumentException(
                    Yaml.unknown(parts[0], all.stream().map(Correction::id).toList()));
        }
        Map<String, String> options = new TreeMap<>();
        for (String pair : parts.length == 2 ? parts[1].split(";", -1) : new String[0]) {
            String[] keyValue = pair.split("=", 2);
            String name = keyValue[0].strip();
            if (keyValue.length != 2) {
                throw new IllegalArgumentException("correct: name=value is needed, got \"" + pair + "\"");
            }
            known.filter(c -> c.options().stream().noneMatch(o -> o.name().equals(name)))
                    .ifPresent(c -> {
                        throw new IllegalArgumentException("correct: " + c.id() + ": "
                                + Yaml.unknown(
                                        name,
                                        c.options().stream()
                                                .map(OptionDoc::name)
                                                .toList()));
                    });
            options.put(name, keyValue[1].strip());
        }
        return new Act.Correct(parts[0], options);
    }

    private static Optional<TensorInfo> info(TensorId id, Model model) {
        return model.find(id).map(Tensor::info).or(() -> FigureSource.activation(model, id));
    }

    /**
     * The edit that an act is.
     *
     * @param act neither a selection, which is no edit, nor one that needs a search or trains
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
            case Act.Correct(String id, Map<String, String> options) -> {
                boolean data = Corrections.byId(id).needsData();
                AppliedCorrection applied = new AppliedCorrection(
                        id,
                        options,
                        data ? state.calibrationData() : Optional.empty(),
                        data ? Optional.of(CorrectionSettings.of(Session.of(state))) : Optional.empty());
                yield new Edit.ApplyCorrection(applied, Corrections.title(applied));
            }
            case Act.Score(Task task) -> new Edit.SetMetric(Optional.of(task));
            case Act.Select _ -> throw new IllegalArgumentException("act: a selection is no edit");
            case Act.GiveBits _ -> throw new IllegalArgumentException("act: bits are given by a search");
        };
    }

    /** True for a correction that trains: what it learns is kept in the session, because it cannot be found again elsewhere. */
    public static boolean trains(Act.Correct act) {
        return Corrections.all().stream()
                .anyMatch(c -> c.id().equals(act.correction()) && c instanceof TrainedCorrection);
    }

    /** The edit that takes over what a correction learned, and the ranges that go with it. */
    static Edit learned(Act.Correct act, SessionState state, Correction.Output output) {
        AppliedCorrection applied = new AppliedCorrection(
                        act.correction(),
                        act.options(),
                        state.calibrationData(),
                        Optional.of(CorrectionSettings.of(Session.of(state))))
                .withLearned(Corrections.learned(output));
        String title = Corrections.title(applied);
        return new Edit.All(
                title, List.of(new Edit.ApplyCorrection(applied, title), new Edit.AdoptAll(title, output.ranges())));
    }
}
