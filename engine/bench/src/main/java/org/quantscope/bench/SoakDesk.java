package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LayerComparison;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.sensitivity.SensitivityCache;
import org.quantscope.core.sensitivity.SensitivitySweep;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.CorrectionSettings;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.Verifier;

/**
 * One open model with everything that a user may have open for it, and the things that can be done with it, each with
 * random choices.
 */
final class SoakDesk implements AutoCloseable {
    static final String FOLDER_PREFIX = "quantscope-soak";

    private static final Progress QUIET = (done, total, text) -> {};
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 300;
    private static final int FEW = 100;
    private static final int MOST_FLIPS = 8;
    private static final int STATES = 20;
    /** Calibrators whose search takes seconds or minutes if each channel or block has its own range. */
    private static final Set<String> SLOW = Set.of("entropy", "lp");

    private static final long CACHE = 64L << 20;

    private final Path samples;
    private final List<Path> files;
    private final Path folder;
    private final Random random;
    private final SensitivityCache figures = new SensitivityCache();
    private @Nullable Open open;

    /** Everything that belongs to one opened model. */
    private static final class Open {
        final Model source;
        final Dataset calibration;
        final Dataset evaluation;
        final Deque<SessionState> earlier = new ArrayDeque<>();
        Model reference;
        Model model;
        SessionState state;
        Calibration calibrated;
        final Resolver resolver = new Resolver();

        ResolvedSettings resolved;
        /** The thread that cancels steps may close it too. */
        volatile LiveEvaluator evaluator;

        LayerComparison layers;
        volatile boolean closed;

        Open(
                Model source,
                Model folded,
                SessionState start,
                Dataset calibration,
                Dataset evaluation,
                CancelToken cancel) {
            this.source = source;
            this.calibration = calibration;
            this.evaluation = evaluation;
            reference = folded;
            model = folded;
            calibrated = Calibration.of(Engine.observe(folded, calibration, QUIET, cancel));
            state = start;
            resolved = resolver.resolve(folded, state, calibrated, QUIET, cancel);
            evaluator = new LiveEvaluator(folded, folded, evaluation, 1, 2, Optional.empty(), CACHE);
            layers = new LayerComparison(folded, evaluation, 2);
        }

        Session session(CancelToken cancel) {
            return new Session(state, resolver.ranges(state, calibrated, cancel));
        }

        void close() {
            evaluator.close();
            layers.close();
        }

        void reopen() {
            close();
            evaluator = new LiveEvaluator(model, reference, evaluation, 1, 2, Optional.empty(), CACHE);
            layers = new LayerComparison(model, evaluation, 2);
            closed = false;
        }

        List<TensorId> tensors() {
            return Stream.concat(resolved.weights().keySet().stream(), resolved.activations().keySet().stream())
                    .sorted()
                    .toList();
        }
    }

    SoakDesk(Path samples, Random random) throws IOException {
        this.samples = samples;
        this.random = random;
        try (Stream<Path> all = Files.list(samples)) {
            files = all.filter(f -> name(f).endsWith(".onnx")).sorted().toList();
        }
        folder = Files.createTempDirectory(FOLDER_PREFIX);
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    private Open now() {
        return java.util.Objects.requireNonNull(open, "a model is open");
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    /** Opens another model in place of this one, with BatchNormalization folded or not. */
    void open(CancelToken cancel) throws IOException {
        Path file = any(files);
        boolean fold = random.nextInt(3) > 0;
        String prefix = name(file).startsWith("digits") ? "digits" : "fashion_mnist";
        Model source = ModelLoaders.open(file);
        Dataset calibration =
                Datasets.open(samples.resolve(prefix + "_calibration.npz")).limit(64);
        Dataset evaluation =
                Datasets.open(samples.resolve(prefix + "_test.npz")).limit(SAMPLES);
        SessionState start = SessionState.of(FileRef.of(file, cancel))
                .withFoldBatchNorm(fold)
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS))
                .withCalibrationData(Optional.of(FileRef.of(calibration)));
        Open next = new Open(source, fold ? Engine.analysed(source) : source, start, calibration, evaluation, cancel);
        clear();
        open = next;
    }

    /** Closes the model. */
    void clear() {
        if (open != null) {
            open.close();
            open = null;
        }
    }

    /** Closes the evaluator; the cancelling thread calls this while a step may run. */
    void closeEvaluator() {
        Open at = now();
        at.closed = true;
        at.evaluator.close();
    }

    void reopenIfClosed() {
        if (open != null && open.closed) {
            open.reopen();
        }
    }

    /** Changes a setting of one tensor or of all, or undoes a change, then evaluates the accuracy. */
    void evaluate(CancelToken cancel) {
        Open at = now();
        TensorId id = any(at.tensors());
        SessionState next = at.state;
        if (random.nextInt(4) == 0 && !at.earlier.isEmpty()) {
            next = at.earlier.pop();
        } else {
            at.earlier.push(at.state);
            while (at.earlier.size() > STATES) {
                at.earlier.removeLast();
            }
            boolean activation = at.resolved.activations().containsKey(id);
            QuantSpec spec = spec(activation ? QuantSpec.ACTIVATIONS : QuantSpec.WEIGHTS, activation);
            next = random.nextInt(8) == 0 && !activation
                    ? at.state.withWeights(Optional.of(spec))
                    : at.state.withOverride(id, spec);
        }
        take(next, cancel);
        Map<TensorId, QuantParams> activations = new HashMap<>(at.resolved.activations());
        if (random.nextInt(4) == 0) {
            activations.remove(any(at.tensors()));
        }
        Optional<TensorId> selected = random.nextInt(5) == 0 ? Optional.empty() : Optional.of(id);
        EvalRequest request = new EvalRequest(selected, at.resolved.weights(), activations);
        if (random.nextInt(4) == 0) {
            at.evaluator.prepare(request, cancel);
        }
        at.evaluator.evaluateSamples(request, cancel, e -> {});
    }

    private QuantSpec spec(QuantSpec from, boolean activation) {
        Granularity granularity = activation
                ? Granularity.TENSOR
                : any(List.of(
                        Granularity.TENSOR,
                        Granularity.CHANNEL,
                        new Granularity.PerBlock(Granularity.PerBlock.DEFAULT_AXIS, 32)));
        Quantizer scheme = any(Quantizers.all());
        Calibrator calibrator = any(Calibrators.all().stream()
                .filter(c -> granularity.equals(Granularity.TENSOR) || !SLOW.contains(c.id()))
                .toList());
        return scheme.adapt(from.withBits(QuantSpec.MIN_BITS + random.nextInt(7))
                .withSymmetric(random.nextBoolean())
                .withGranularity(granularity)
                .withClip(new Clip.Auto(calibrator.id())));
    }

    /** Resolves the settings first, so that refused settings change nothing. */
    private void take(SessionState next, CancelToken cancel) {
        Open at = now();
        at.resolved = at.resolver.resolve(at.model, next, at.calibrated, QUIET, cancel);
        at.state = next;
    }

    void sweep(CancelToken cancel) {
        Open at = now();
        new SensitivitySweep(at.model, at.resolved.weights(), at.resolved.activations(), figures)
                .run(at.evaluator, FEW, QUIET, cancel, r -> {});
    }

    void layers(CancelToken cancel) {
        Open at = now();
        List<TensorId> values = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            values.add(any(at.model.graph().orElseThrow().activations()).id());
        }
        EvalRequest request =
                new EvalRequest(Optional.of(any(at.tensors())), at.resolved.weights(), at.resolved.activations());
        at.layers.compare(request, values.stream().distinct().toList(), at.layers.someSamples(FEW), cancel);
    }

    void calibrate(CancelToken cancel) {
        Open at = now();
        at.calibrated =
                Calibration.of(Engine.observe(at.model, at.calibration.limit(16 + random.nextInt(48)), QUIET, cancel));
        take(at.state, cancel);
    }

    /** Adds a correction, or removes all. */
    void correct(CancelToken cancel) throws IOException {
        Open at = now();
        List<AppliedCorrection> all = new ArrayList<>();
        if (at.state.corrections().size() < 2) {
            Correction correction = any(Corrections.all().stream()
                    .filter(c -> !(c instanceof TrainedCorrection))
                    .toList());
            all.addAll(at.state.corrections());
            all.add(new AppliedCorrection(
                    correction.id(),
                    Map.of(),
                    correction.needsData() ? Optional.of(FileRef.of(at.calibration)) : Optional.empty(),
                    correction.needsData()
                            ? Optional.of(CorrectionSettings.of(at.session(cancel)))
                            : Optional.empty()));
        }
        SessionState next = at.state.withCorrections(all);
        Model model = Engine.analysed(at.source, next, QUIET, cancel);
        Calibration calibrated = Calibration.of(Engine.observe(model, at.calibration, QUIET, cancel));
        at.earlier.clear();
        at.model = model;
        at.calibrated = calibrated;
        at.state = next;
        at.reopen();
        take(next, NEVER);
    }

    /**
     * Exports to a random target, checks the files and imports them if their format can be read; sometimes after some
     * bytes were damaged.
     */
    void export(CancelToken cancel) throws IOException {
        Open at = now();
        Exporter exporter = any(Exporters.all());
        ExportPlan plan = new ExportPlan(at.model, at.session(cancel), at.resolved);
        exporter.check(plan);
        Path file = folder.resolve("exported" + exporter.extension());
        List<Path> written = List.of();
        try {
            written = Exporters.export(exporter, plan, file, cancel);
            Verifier.verify(exporter, plan, written, Optional.of(at.evaluation.limit(FEW)), QUIET, cancel);
            Optional<Importer> importer = Importers.all().stream()
                    .filter(i -> i.id().equals(exporter.id()))
                    .findFirst();
            if (importer.isPresent()) {
                if (random.nextInt(3) == 0) {
                    Files.write(file, damage(Files.readAllBytes(file)));
                }
                Imported read = importer.get().read(file, at.model, cancel);
                if (!read.specs().isEmpty()) {
                    take(read.alone(at.state), cancel);
                }
            }
        } finally {
            for (Path part : written) {
                Files.deleteIfExists(part);
            }
        }
    }

    /** Opens a sample file with some bytes changed or cut off. If it still opens, it is used. */
    void damaged(CancelToken cancel) throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.list(samples)) {
            all = found.filter(f -> name(f).matches(".*\\.(onnx|npz|safetensors)"))
                    .sorted()
                    .toList();
        }
        Path whole = any(all);
        Path file = folder.resolve("damaged-" + name(whole));
        Files.write(file, damage(Files.readAllBytes(whole)));
        try {
            if (name(whole).endsWith(".npz")) {
                Dataset data = Datasets.open(file, Datasets.open(whole).preprocessing(), cancel);
                data.fill(
                        new int[] {0, data.size() - 1},
                        new float[Math.toIntExact(2 * data.sampleShape().count())]);
                return;
            }
            Model model = Engine.open(file, random.nextBoolean());
            for (Tensor tensor : model.tensors()) {
                cancel.check();
                tensor.data().toFloats();
            }
            if (model.graph().isPresent()) {
                ResolvedSettings resolved =
                        Engine.resolve(model, SessionState.of(FileRef.of(file, cancel)), QUIET, cancel);
                String prefix = name(whole).startsWith("digits") ? "digits" : "fashion_mnist";
                try (LiveEvaluator evaluator = new LiveEvaluator(
                        model,
                        Datasets.open(samples.resolve(prefix + "_test.npz")).limit(FEW),
                        1)) {
                    evaluator.evaluate(
                            new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                            cancel,
                            e -> {});
                }
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private byte[] damage(byte[] bytes) {
        if (bytes.length == 0) {
            return bytes;
        }
        if (random.nextInt(4) == 0) {
            return java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        // Headers and directories, which say how the rest is to be read, are at the start or the end of a file.
        int reach = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 4096);
        boolean fromEnd = random.nextBoolean();
        for (int i = 1 + random.nextInt(MOST_FLIPS); i > 0; i--) {
            int at = random.nextInt(reach);
            bytes[fromEnd ? bytes.length - 1 - at : at] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        clear();
        Files.delete(folder);
    }
}
