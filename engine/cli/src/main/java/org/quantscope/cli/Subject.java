package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.BadInputException;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/** The steps that several commands take to come to a model and its settings. */
final class Subject {
    private Subject() {}

    /** Opens a model that can be run. */
    static Model openGraph(Path file, SessionState state) throws IOException {
        Model model = Engine.open(file, state);
        if (model.graph().isEmpty()) {
            throw new BadInputException(file, "graph", "a " + model.format() + " file holds bare weights; a model that can be run is needed (.onnx)");
        }
        return model;
    }

    /** Opens data, the first {@code limit} samples of it if that is positive. */
    static Dataset openData(Path file, int limit, boolean labelled) throws IOException {
        Dataset data = Datasets.open(file);
        if (labelled && !data.hasLabels()) {
            throw new BadInputException(file, "labels", "accuracy needs labels, this file has none");
        }
        return limit > 0 ? data.limit(limit) : data;
    }

    /** Reads a config for the model {@code file}, and warns if it was made for another one. */
    static SessionState readConfig(Path config, Path file, Terminal terminal, CancelToken cancel) throws IOException {
        SessionState state = SessionFile.read(config);
        if (!state.model().sha256().equals(FileRef.of(file, cancel).sha256())) {
            terminal.warn(config.getFileName() + " was made for another content of " + file.getFileName());
        }
        return state;
    }

    /**
     * What a calibration run comes to.
     *
     * @param state with the ranges of activations and the data they rest on
     * @param seen what the ranges were chosen from
     */
    record Calibrated(SessionState state, ActivationSketches seen) {}

    /** Calibrates activations. */
    static Calibrated calibrate(Model model, SessionState state, Dataset data, Terminal terminal, CancelToken cancel) {
        Map<TensorId, MomentSketch> sketches;
        try (Terminal.Bar bar = terminal.progress("calibrate")) {
            sketches = Engine.observe(model, data, bar, cancel);
        }
        sketches.forEach((id, sketch) -> {
            if (sketch.nan() + sketch.inf() > 0) {
                terminal.warn("activation " + id + " takes " + sketch.nan() + " NaN and " + sketch.inf() + " infinite values on "
                        + data.file().getFileName() + "; its range is that of the others");
            }
        });
        SessionState calibrated = state.withActivationRanges(ActivationRanges.of(sketches, state, cancel))
                .withCalibrationData(Optional.of(new FileRef(data.file().toAbsolutePath().normalize(), data.sha256())));
        return new Calibrated(calibrated, new ActivationSketches(state.model().sha256(), data.sha256(), state.foldBatchNorm(), data.size(), sketches));
    }
}
