package org.quantscope.core.correction;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LearnedValues;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Every correction, in the order in which they are offered, which is that of the lines in {@code META-INF/services}.
 * Core has no linear algebra library, so corrections live in other modules and are found on the class path
 * (docs/decisions/0005).
 */
public final class Corrections {
    private static final List<Correction> ALL =
            ServiceLoader.load(Correction.class, Corrections.class.getClassLoader()).stream()
                    .map(ServiceLoader.Provider::get)
                    .toList();

    private Corrections() {}

    /** Opens the data that a correction needs. */
    @FunctionalInterface
    public interface DataSource {
        Dataset open(FileRef ref) throws IOException;
    }

    public static List<Correction> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Correction byId(String id) {
        return ALL.stream()
                .filter(c -> c.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("correction: " + id + " is not one of "
                        + ALL.stream().map(Correction::id).collect(Collectors.joining(", "))));
    }

    /** The title of an applied correction, for a person; its id if the correction is unknown. */
    public static String title(AppliedCorrection applied) {
        return ALL.stream()
                .filter(c -> c.id().equals(applied.id()))
                .map(Correction::title)
                .findFirst()
                .orElse(applied.id());
    }

    /**
     * Applies the corrections of a session, in its order.
     *
     * @param folded the model, folded as the session says
     * @return the model to be analysed, the tensors that any correction changed, and what the last correction left
     *     unchanged
     * @throws BadInputException if a correction is unknown, its options are wrong, or its data is missing
     * @throws CorrectionUnavailableException if one cannot run on this machine
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Correction.Output apply(
            Model folded, SessionState session, DataSource data, Progress progress, CancelToken cancel)
            throws IOException {
        Correction.Output output = new Correction.Output(folded, List.of(), List.of());
        Set<TensorId> changed = new LinkedHashSet<>();
        for (AppliedCorrection applied : session.corrections()) {
            cancel.check();
            output = one(output.model(), applied, session, data, progress, cancel);
            changed.addAll(output.changed());
        }
        return new Correction.Output(output.model(), List.copyOf(changed), output.kept(), output.notes());
    }

    private static Correction.Output one(
            Model model,
            AppliedCorrection applied,
            SessionState session,
            DataSource data,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        if (applied.learned().isPresent()) {
            return learned(model, applied.id(), applied.learned().get());
        }
        try {
            Correction correction = byId(applied.id());
            if (correction instanceof TrainedCorrection) {
                throw new BadInputException(
                        "",
                        "corrections",
                        applied.id() + " trains the model, and the session does not hold what was learned");
            }
            if (correction.needsData()
                    && (applied.data().isEmpty() || applied.settings().isEmpty())) {
                throw new BadInputException(
                        "",
                        "corrections",
                        applied.id() + " needs data and settings, and the session does not name them");
            }
            Optional<Dataset> samples = correction.needsData()
                    ? Optional.of(data.open(applied.data().orElseThrow()))
                    : Optional.empty();
            return correction.apply(
                    new Correction.Input(
                            model,
                            applied.options(),
                            samples,
                            applied.settings().map(s -> s.on(session))),
                    progress,
                    cancel);
        } catch (IllegalArgumentException e) {
            throw new BadInputException("", "corrections", applied.id() + ": " + e.getMessage());
        }
    }

    /** What a trained correction changed, to be kept in an {@link AppliedCorrection}. */
    public static LearnedValues learned(Correction.Output output) {
        Map<TensorId, float[]> values = new TreeMap<>();
        output.changed()
                .forEach(id -> values.put(
                        id, output.model().find(id).orElseThrow().data().toFloats()));
        return new LearnedValues(values);
    }

    private static Correction.Output learned(Model model, String id, LearnedValues values) {
        ModelRewrite rewrite = new ModelRewrite(model);
        for (TensorId tensor : values.tensors()) {
            try {
                rewrite.values(tensor, values.of(tensor));
            } catch (IllegalArgumentException e) {
                throw new BadInputException("", "corrections", id + ".learned: " + e.getMessage());
            }
        }
        return new Correction.Output(rewrite.model(), List.copyOf(values.tensors()), List.of());
    }
}
