package org.quantscope.core.figure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.export.OnnxQdqExporter;
import org.quantscope.core.figure.FigureSource.Scene;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Session;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/** The figures of a scene that do not depend on the selected tensor. Each is computed when it is first asked for. */
final class ModelFigures {
    private final Scene scene;
    private final FigureSources sources;
    private final Map<String, List<String>> files = new HashMap<>();
    private @Nullable Calibration calibration;
    private @Nullable ResolvedSettings settings;
    private @Nullable SolvedModel solved;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<AccuracyEstimate> accuracy;

    @SuppressWarnings("NullableOptional") // null: not asked for yet
    private @Nullable Optional<Verification.Run> ran;

    ModelFigures(Scene scene, FigureSources sources) {
        this.scene = scene;
        this.sources = sources;
    }

    Calibration calibration() {
        if (calibration == null) {
            calibration = sources.calibration(scene);
        }
        return calibration;
    }

    /** The settings of all tensors. */
    ResolvedSettings settings() {
        if (settings == null) {
            settings = sources.resolver()
                    .resolve(scene.model(), scene.state(), calibration(), Progress.NONE, sources.cancel());
        }
        return settings;
    }

    /** The codes of the weights: the nearest ones, or those that a rounding chose on the calibration data. */
    SolvedModel solved() {
        if (solved == null) {
            SolvedModel open = SolvedModel.of(scene.model(), scene.state(), settings(), Map.of());
            solved = open.open().isEmpty() || scene.calibrationData().isEmpty()
                    ? open
                    : RoundingPass.run(
                                    scene.model(),
                                    scene.state(),
                                    settings(),
                                    Map.of(),
                                    scene.calibrationData().get(),
                                    Progress.NONE,
                                    sources.cancel())
                            .solved();
        }
        return solved;
    }

    /** Accuracy of the whole model beside the float model; empty without evaluation data. */
    Optional<AccuracyEstimate> accuracy() {
        if (accuracy == null) {
            accuracy = scene.evaluationData()
                    .filter(d -> scene.model().graph().isPresent())
                    .map(data -> sources.accuracy(scene, data, solved().request(Optional.empty())));
        }
        return accuracy;
    }

    /** Accuracy of the model as corrections have left it, with nothing quantized; empty without evaluation data. */
    Optional<AccuracyEstimate> inFloat() {
        return scene.evaluationData()
                .filter(d -> scene.model().graph().isPresent())
                .map(data -> sources.accuracy(scene, data, new EvalRequest(Optional.empty(), Map.of(), Map.of())));
    }

    ModelSize size() {
        return ModelSize.of(scene.model(), settings());
    }

    /** Bits of codes for each quantized weight, the mean over all of them; empty if none is quantized. */
    OptionalDouble averageBits() {
        double bits = 0;
        long count = 0;
        for (ResolvedTensor tensor : settings().tensors()) {
            if (!tensor.isActivation()) {
                long n = tensor.info().shape().count();
                bits += (double) tensor.spec().bits() * n;
                count += n;
            }
        }
        return count == 0 ? OptionalDouble.empty() : OptionalDouble.of(bits / count);
    }

    private ExportPlan plan() {
        Session session = new Session(
                scene.state(),
                sources.resolver().ranges(scene.state(), calibration(), sources.cancel()),
                solved().solved());
        return new ExportPlan(solved().model(), session, solved().settings()).withReference(scene.reference());
    }

    /**
     * The exported ONNX file, run in ONNX Runtime with default options, as a user runs it; empty without a graph or
     * evaluation data.
     */
    Optional<Verification.Run> ran() {
        if (ran == null) {
            ran = scene.evaluationData()
                    .filter(d -> scene.model().graph().isPresent())
                    .flatMap(data -> written(
                            new OnnxQdqExporter(),
                            (exporter, file) -> Verifier.export(
                                            exporter, plan(), file, Optional.of(data), Progress.NONE, sources.cancel())
                                    .verified()
                                    .map(v -> ((Verification.Ran) v).run())));
        }
        return ran;
    }

    /**
     * The lines of an exported text file.
     *
     * @param format id of a format
     * @throws IllegalArgumentException if there is no such format
     */
    List<String> lines(String format) {
        List<String> known = files.get(format);
        if (known == null) {
            known = written(Exporters.byId(format), (exporter, file) -> {
                Verifier.export(exporter, plan(), file, Optional.empty(), Progress.NONE, sources.cancel());
                return Files.readAllLines(file);
            });
            files.put(format, known);
        }
        return known;
    }

    @FunctionalInterface
    private interface Use<T> {
        T of(Exporter exporter, Path file) throws IOException;
    }

    /** Does something with a file in a folder that is gone afterwards. */
    private <T> T written(Exporter exporter, Use<T> use) {
        try {
            Path folder = Temporaries.folder("lesson");
            try {
                return use.of(exporter, folder.resolve("model" + exporter.extension()));
            } finally {
                List<Path> all;
                try (Stream<Path> inside = Files.walk(folder)) {
                    all = inside.toList();
                }
                for (Path path : all.reversed()) {
                    Files.deleteIfExists(path);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
