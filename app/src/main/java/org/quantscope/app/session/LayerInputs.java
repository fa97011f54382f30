package org.quantscope.app.session;

import java.util.Optional;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.SimpleBooleanProperty;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.session.SessionState;

/**
 * Looks in the background at what the layers of the model read on the calibration data, once for each form of the model
 * and data, after the activations. It is not written to a file: that would be large, and takes hardly less time to read
 * than to compute.
 */
public final class LayerInputs {
    private final Workbench bench;
    private final Background background;
    private final LatestWins<ModelMoments> latest;
    private final BooleanProperty showing = new SimpleBooleanProperty(this, "showing");
    private @Nullable String asked;

    public LayerInputs(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> asked = null);
        // Behind the stage of the activations, which come first.
        bench.changes().on(Changes.Stage.MEASUREMENTS, this::refresh);
        showing.subscribe(x -> refresh());
    }

    private void refresh() {
        Optional<Model> model = bench.analysed().filter(m -> m.graph().isPresent());
        Optional<Dataset> data = bench.calibrationData();
        String key = bench.calibrationKey();
        boolean needed = showing.get()
                || bench.stateProperty().get().map(SessionState::needsMoments).orElse(false);
        if (model.isEmpty() || data.isEmpty() || !needed) {
            asked = null;
            latest.cancel();
            return;
        }
        if (bench.calibration().moments().isPresent() || bench.observed().isEmpty() || key.equals(asked)) {
            return;
        }
        asked = key;
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Looking at inputs of layers", cancel)) {
                        return MomentsPass.run(model.get(), data.get(), job, cancel);
                    }
                },
                moments -> bench.sawInputs(key, moments),
                e -> background.problem("Inputs of layers: " + e.getMessage()));
    }

    /**
     * Set to true while figures at the outputs of layers can be seen. Without that they are looked at only where a
     * range rests on them: it takes as long as looking at the activations.
     */
    public BooleanProperty showingProperty() {
        return showing;
    }
}
