package org.quantscope.app.export;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The remedies of all problems of a format, to be applied as one undo step. If a tensor has several problems, each
 * remedy is found for the setting that the one before it gave.
 *
 * @param from the state that the edits are for
 */
record Remedies(SessionState from, List<Edit> edits) {
    /** One remedy may cause another problem, so remedies are applied in at most this many rounds. */
    private static final int ROUNDS = 8;

    /**
     * Finds remedies until there is no problem left, or only those that need the model to be analysed again.
     *
     * @param subjects the tensors that can have settings
     */
    static Remedies of(
            Exporter exporter,
            ExportPlan start,
            Map<TensorId, QuantizableTensor> subjects,
            Calibration calibration,
            Resolver resolver,
            Progress progress,
            CancelToken cancel) {
        List<Edit> edits = new ArrayList<>();
        ExportPlan plan = start;
        for (int round = 0; round < ROUNDS; round++) {
            progress.report(round, ROUNDS, exporter.title());
            List<Edit> next = firstOfEach(exporter.check(plan));
            SessionState state = new Edit.All("", next).apply(plan.state());
            if (next.isEmpty() || state.equals(plan.state())) {
                break;
            }
            edits.addAll(next);
            if (!next.stream().allMatch(e -> e instanceof Edit.SetOverride s && subjects.containsKey(s.id()))) {
                // The model has to be analysed again before further problems are known.
                break;
            }
            List<QuantizedTensor> known = QuantizedTensor.of(plan.model(), state, calibration).stream()
                    .filter(t -> t.request().obstacle().isEmpty())
                    .toList();
            plan = new ExportPlan(
                    plan.model(),
                    new Session(state, resolver.ranges(state, calibration, cancel)),
                    resolver.resolve(plan.model(), known, Progress.NONE, cancel),
                    plan.options(),
                    plan.place(),
                    plan.reference());
        }
        return new Remedies(start.state(), edits);
    }

    private static List<Edit> firstOfEach(List<ExportProblem> problems) {
        Map<String, Edit> first = new LinkedHashMap<>();
        for (ExportProblem p : problems) {
            p.fix()
                    .ifPresent(edit ->
                            first.putIfAbsent(edit instanceof Edit.SetOverride s ? s.id().name() : p.tensor(), edit));
        }
        return List.copyOf(first.values());
    }
}
