package org.quantscope.app.improve;

import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.improve.EqualizationOffer;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionState;

/** Finds out in the background whether the model should be equalized before codes are chosen. */
public final class EqualizeFirst {
    /** What the answer depends on: settings without activations and data. */
    private record Asked(Model model, SessionState state) {}

    private final Workbench bench;
    private final LatestWins<Optional<EqualizationOffer>> latest;
    private final ReadOnlyObjectWrapper<Optional<EqualizationOffer>> offer =
            new ReadOnlyObjectWrapper<>(Optional.empty());
    private @Nullable Asked asked;

    public EqualizeFirst(Workbench bench, Background background) {
        this.bench = bench;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    private void refresh() {
        Model model = bench.analysed().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        if (model == null || state == null || !state.choosesCodes()) {
            asked = null;
            latest.cancel();
            offer.set(Optional.empty());
            return;
        }
        Asked next = new Asked(
                model,
                state.withActivations(Optional.empty())
                        .withCalibrationData(Optional.empty())
                        .withEvaluationData(Optional.empty())
                        .withMetric(Optional.empty()));
        if (next.equals(asked)) {
            return;
        }
        asked = next;
        latest.submit(
                (cancel, partial) -> EqualizationOffer.of(model, state, Progress.NONE, cancel),
                offer::set,
                // Nothing is lost by an offer that is not made.
                e -> offer.set(Optional.empty()));
    }

    public ReadOnlyObjectProperty<Optional<EqualizationOffer>> offerProperty() {
        return offer.getReadOnlyProperty();
    }
}
