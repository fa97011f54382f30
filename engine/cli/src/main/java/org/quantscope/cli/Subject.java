package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.BadInputException;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Samples;
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

    /**
     * Opens data, the first {@code limit} samples of it if that is positive.
     *
     * @param config the same data is prepared as it says; else the sidecar does
     */
    static Dataset openData(Path file, int limit, Optional<SessionState> config, CancelToken cancel) throws IOException {
        Samples samples = Datasets.samples(file, cancel);
        Dataset data = Stream.of(config.flatMap(SessionState::evaluationData), config.flatMap(SessionState::calibrationData))
                .flatMap(Optional::stream)
                .filter(ref -> ref.sha256().equals(samples.sha256()))
                .flatMap(ref -> ref.preprocessing().stream())
                .findFirst()
                .map(how -> Datasets.prepare(samples, how))
                .orElseGet(() -> Datasets.prepare(samples));
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
                .withCalibrationData(Optional.of(FileRef.of(data)));
        return new Calibrated(calibrated, new ActivationSketches(state.model().sha256(), FileRef.of(data).digest(), state.foldBatchNorm(), data.size(), sketches));
    }
}
