package org.quantscope.core.ort;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Temporaries;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.rewrite.RunnableGraph;

/**
 * A model loaded into ONNX Runtime, and the owner of its native session. Thread safe.
 *
 * <p>Whoever runs it more than once takes a {@link #lease}. {@link #retire} frees the session when the last lease is
 * returned; {@link #close} stops all runs and frees the session when the last one has ended, whether or not there are
 * leases. Either way no session is freed while it runs, which would crash the process.
 */
public final class OrtModel implements AutoCloseable {
    private final OrtSession session;
    /** Used by the session in place, and freed after it. */
    private final Initializers values;

    private final String origin;
    private final Set<Run> runs = new HashSet<>();
    private int leases;
    private boolean retired;
    private boolean closed;
    private boolean released;

    private OrtModel(OrtSession session, Initializers values, String origin) {
        this.session = session;
        this.values = values;
        this.origin = origin;
    }

    /**
     * How a model is loaded.
     *
     * @param threads threads that one operator may use, at least 1
     * @param fuseQdq false keeps QuantizeLinear and DequantizeLinear nodes as they are written, computing between them
     *     in float
     * @param keepMemory true keeps the memory of a run for the next one, which is quicker for small values; false
     *     returns what each operator no longer needs, so that a run takes what its values need at a time
     * @param exact true adds products of integers without overflow. On x86 processors without VNNI, ONNX Runtime by default
     *     adds products of u8 by s8 in pairs of 16 bits, which saturate
     */
    public record Options(int threads, boolean fuseQdq, boolean keepMemory, boolean exact) {
        /** For work that has the machine to itself. While a window has to stay responsive, use one thread less. */
        public static final Options DEFAULT = new Options(2, true);

        public Options(int threads, boolean fuseQdq) {
            this(threads, fuseQdq, true, false);
        }

        public Options {
            if (threads < 1) {
                throw new IllegalArgumentException("threads: at least 1, got " + threads);
            }
        }

        /** The same with every node as it is written, and sums of integers that do not saturate. */
        public Options withoutFusing() {
            return new Options(threads, false, keepMemory, true);
        }

        /** The same with sums of integers that do not saturate. */
        public Options withExactSums() {
            return new Options(threads, fuseQdq, keepMemory, true);
        }

        /** The same without memory that is kept between runs. */
        public Options withoutMemory() {
            return new Options(threads, fuseQdq, false, exact);
        }
    }

    /**
     * Loads a graph of any size.
     *
     * @param origin the file it came from, for messages
     * @throws BadInputException if ONNX Runtime refuses it, or it is too large even without its large tensors
     * @throws OrtUnavailableException if ONNX Runtime cannot run on this machine
     */
    public static OrtModel load(RunnableGraph graph, String origin, Options options) {
        RunnableGraph.Parts parts = graph.parts();
        return load(
                (environment, so) -> environment.createSession(parts.message(), so),
                parts.values(),
                origin,
                options,
                OrtSession.SessionOptions.OptLevel.ALL_OPT);
    }

    /**
     * Loads a model.
     *
     * @param model a serialized model without external data
     * @param origin the file it came from, for messages
     * @throws BadInputException if ONNX Runtime refuses it
     * @throws OrtUnavailableException if ONNX Runtime cannot run on this machine
     */
    public static OrtModel load(byte[] model, String origin, Options options) {
        return load(
                (environment, so) -> environment.createSession(model, so),
                List.of(),
                origin,
                options,
                OrtSession.SessionOptions.OptLevel.ALL_OPT);
    }

    /**
     * Loads a model as a user does, by its path, with the files that it names. Only for files that this program has
     * written: ONNX Runtime opens whatever a model names.
     *
     * @throws BadInputException if ONNX Runtime refuses it
     * @throws OrtUnavailableException if ONNX Runtime cannot run on this machine
     */
    public static OrtModel loadOwn(Path written, Options options) {
        return load(
                (environment, so) -> environment.createSession(written.toString(), so),
                List.of(),
                String.valueOf(written.getFileName()),
                options,
                OrtSession.SessionOptions.OptLevel.ALL_OPT);
    }

    /**
     * Loads the result of {@link #optimized} without optimizing it again.
     *
     * @throws BadInputException if ONNX Runtime refuses it
     * @throws OrtUnavailableException if ONNX Runtime cannot run on this machine
     */
    public static OrtModel loadOptimized(byte[] model, String origin, Options options) {
        return load(
                (environment, so) -> environment.createSession(model, so),
                List.of(),
                origin,
                options,
                OrtSession.SessionOptions.OptLevel.NO_OPT);
    }

    /** Makes a native session. */
    @FunctionalInterface
    private interface Source {
        OrtSession open(OrtEnvironment environment, OrtSession.SessionOptions options) throws OrtException;
    }

    private static OrtModel load(
            Source source,
            List<RunnableGraph.Values> values,
            String origin,
            Options options,
            OrtSession.SessionOptions.OptLevel level) {
        OrtEnvironment environment = OrtRuntime.environment();
        Initializers handed = null;
        OrtModel loaded = null;
        try (OrtSession.SessionOptions so = settings(options, level)) {
            handed = Initializers.of(values);
            if (!values.isEmpty()) {
                so.addExternalInitializers(handed.tensors());
            }
            loaded = new OrtModel(source.open(environment, so), handed, origin);
            OrtRuntime.opened(loaded);
            return loaded;
        } catch (OrtException e) {
            throw new BadInputException(origin, "model", "ONNX Runtime refuses it: " + e.getMessage());
        } finally {
            if (loaded == null && handed != null) {
                handed.close();
            }
        }
    }

    /**
     * The model after ONNX Runtime's optimizer, which optimizes for this processor.
     *
     * @throws BadInputException if ONNX Runtime refuses it
     * @throws OrtUnavailableException if ONNX Runtime cannot run on this machine
     */
    public static byte[] optimized(byte[] model, String origin, Options options) {
        OrtEnvironment environment = OrtRuntime.environment();
        Path file = null;
        try (OrtSession.SessionOptions so = settings(options, OrtSession.SessionOptions.OptLevel.ALL_OPT)) {
            file = Temporaries.file("optimized", ".onnx");
            so.setOptimizedModelFilePath(file.toString());
            environment.createSession(model, so).close();
            return Files.readAllBytes(file);
        } catch (OrtException e) {
            throw new BadInputException(origin, "model", "ONNX Runtime refuses it: " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary file for the optimized model", e);
        } finally {
            delete(file);
        }
    }

    private static void delete(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            file.toFile().deleteOnExit();
        }
    }

    private static OrtSession.SessionOptions settings(Options options, OrtSession.SessionOptions.OptLevel level)
            throws OrtException {
        OrtSession.SessionOptions so = new OrtSession.SessionOptions();
        so.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
        so.setIntraOpNumThreads(options.threads());
        so.setInterOpNumThreads(1);
        so.setOptimizationLevel(level);
        // Waiting threads sleep; spinning would take the cores from the window.
        so.addConfigEntry("session.intra_op.allow_spinning", "0");
        if (!options.keepMemory()) {
            so.setCPUArenaAllocator(false);
            so.setMemoryPatternOptimization(false);
        }
        if (!options.fuseQdq()) {
            so.addConfigEntry("session.disable_quant_qdq", "1");
        }
        if (options.exact()) {
            so.addConfigEntry("session.x64quantprecision", "1");
        }
        return so;
    }

    /**
     * The names of the inputs.
     *
     * @throws CancellationException if the model is closed or already freed
     */
    public Set<String> inputNames() {
        synchronized (runs) {
            checkOpen();
            return session.getInputNames();
        }
    }

    /**
     * The names of the outputs.
     *
     * @throws CancellationException if the model is closed or already freed
     */
    public Set<String> outputNames() {
        synchronized (runs) {
            checkOpen();
            return session.getOutputNames();
        }
    }

    /**
     * The shape of an output, as far as it is known. A free dimension is negative; the array is empty if nothing is
     * known, and for a scalar.
     *
     * @throws IllegalArgumentException if the model has no such output
     * @throws CancellationException if the model is closed or already freed
     */
    public long[] outputShape(String name) {
        synchronized (runs) {
            checkOpen();
            try {
                NodeInfo info = session.getOutputInfo().get(name);
                if (info != null && info.getInfo() instanceof TensorInfo tensor) {
                    return tensor.getShape();
                }
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime does not tell the outputs of " + origin, e);
            }
        }
        throw new IllegalArgumentException("output: the model has no tensor " + name);
    }

    /** The right to run the model, until it is closed. */
    @FunctionalInterface
    public interface Lease extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Keeps the session from being freed by {@link #retire}.
     *
     * @throws CancellationException if the model is closed or already freed
     */
    public Lease lease() {
        synchronized (runs) {
            checkOpen();
            leases++;
        }
        AtomicBoolean returned = new AtomicBoolean();
        return () -> {
            if (!returned.getAndSet(true)) {
                synchronized (runs) {
                    leases--;
                    releaseIfIdle();
                }
            }
        };
    }

    /** Frees the native session when the last lease is returned; runs that have begun continue. */
    public void retire() {
        synchronized (runs) {
            retired = true;
            releaseIfIdle();
        }
    }

    /**
     * Runs the model once.
     *
     * @param feeds by input name; the caller still owns them
     * @param outputs names of the values wanted
     * @return one output for each name, in that order
     * @throws CancellationException if {@code cancel} is cancelled, also while it runs, or this model is closed
     *     meanwhile
     * @throws BadInputException if ONNX Runtime fails on this input
     */
    public List<FloatOutput> run(Map<String, NativeTensor> feeds, List<String> outputs, CancelToken cancel) {
        return run(feeds, outputs, cancel, FloatOutput::of);
    }

    /** As {@link #run}, also for outputs of integers and booleans, which become floats. */
    public List<FloatOutput> runNumbers(Map<String, NativeTensor> feeds, List<String> outputs, CancelToken cancel) {
        return run(feeds, outputs, cancel, FloatOutput::ofNumbers);
    }

    /**
     * As {@link #run}, handing over one output after the other: each is freed when it has been seen, and only one at a
     * time is copied. Some are kept, as they are in native memory.
     *
     * @param outputs different names
     * @param keep names of the values to keep; the caller closes them
     * @param each called for each name of {@code outputs}, in that order, on this thread
     */
    public Map<String, NativeTensor> run(
            Map<String, NativeTensor> feeds,
            List<String> outputs,
            Set<String> keep,
            CancelToken cancel,
            Consumer<FloatOutput> each) {
        Set<String> all = new LinkedHashSet<>(outputs);
        all.addAll(keep);
        return call(feeds, all, cancel, result -> {
            Map<String, OnnxTensor> open = new LinkedHashMap<>();
            try {
                all.forEach(name -> open.put(name, tensor(result, name)));
                for (String name : outputs) {
                    OnnxTensor tensor = Objects.requireNonNull(open.get(name));
                    each.accept(FloatOutput.of(name, tensor));
                    if (!keep.contains(name)) {
                        open.remove(name);
                        tensor.close();
                    }
                }
                Map<String, NativeTensor> kept = new LinkedHashMap<>();
                open.forEach((name, tensor) -> kept.put(name, NativeTensor.takingOver(tensor)));
                open.clear();
                return kept;
            } finally {
                open.values().forEach(OnnxTensor::close);
            }
        });
    }

    private static OnnxTensor tensor(OrtSession.Result result, String name) {
        return (OnnxTensor) result.get(name).orElseThrow();
    }

    /** As {@link #run}, with the outputs in their own type, in native memory; the caller closes them. */
    public List<NativeTensor> runNative(Map<String, NativeTensor> feeds, List<String> outputs, CancelToken cancel) {
        return run(feeds, outputs, cancel, (name, tensor) -> NativeTensor.copyOf(tensor));
    }

    private <R> List<R> run(
            Map<String, NativeTensor> feeds,
            List<String> outputs,
            CancelToken cancel,
            BiFunction<String, OnnxTensor, R> read) {
        return call(feeds, Set.copyOf(outputs), cancel, result -> {
            try (result) {
                List<R> found = new ArrayList<>();
                for (String name : outputs) {
                    found.add(read.apply(name, tensor(result, name)));
                }
                return found;
            }
        });
    }

    /** @param use closes what it is given */
    private <R> R call(
            Map<String, NativeTensor> feeds,
            Set<String> outputs,
            CancelToken cancel,
            Function<OrtSession.Result, R> use) {
        cancel.check();
        feeds.keySet().forEach(this::refuseUnspeakable);
        outputs.forEach(this::refuseUnspeakable);
        Map<String, OnnxTensorLike> natives = new LinkedHashMap<>();
        feeds.forEach((name, tensor) -> natives.put(name, tensor.tensor()));
        Run run = begin();
        OrtRuntime.enter();
        try (CancelToken.Registration _ = cancel.onCancel(run::terminate)) {
            return use.apply(session.run(natives, outputs, run.options));
        } catch (OrtException e) {
            if (run.isTerminated()) {
                CancellationException cancelled = new CancellationException();
                cancelled.initCause(e);
                throw cancelled;
            }
            throw new BadInputException(origin, "model", "ONNX Runtime fails on it: " + e.getMessage());
        } finally {
            OrtRuntime.leave();
            end(run);
        }
    }

    /** ONNX Runtime's Java interface passes names on in an encoding that has no characters above U+FFFF. */
    private void refuseUnspeakable(String name) {
        if (name.codePoints().anyMatch(Character::isSupplementaryCodePoint)) {
            throw new BadInputException(
                    origin,
                    name,
                    "ONNX Runtime cannot be asked for a value whose name has a character above U+FFFF, such as an"
                            + " emoji; rename it to run the model");
        }
    }

    /** To be called with the lock held, which freeing the session takes too. */
    private void checkOpen() {
        if (closed || released) {
            throw new CancellationException("the model is closed");
        }
    }

    private Run begin() {
        synchronized (runs) {
            checkOpen();
            Run run = new Run();
            runs.add(run);
            return run;
        }
    }

    private void end(Run run) {
        run.close();
        synchronized (runs) {
            runs.remove(run);
            releaseIfIdle();
        }
    }

    /** Stops all runs. The native session is freed now, or by the run that ends last. */
    @Override
    public void close() {
        synchronized (runs) {
            closed = true;
            runs.forEach(Run::terminate);
            releaseIfIdle();
        }
    }

    /** Waits until the native session is freed, after {@link #close}. */
    public void awaitRelease() {
        boolean interrupted = false;
        synchronized (runs) {
            while (!released) {
                try {
                    runs.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void releaseIfIdle() {
        if (!released && runs.isEmpty() && (closed || (retired && leases == 0))) {
            released = true;
            OrtRuntime.released(this);
            try {
                session.close();
                NativeHeap.giveBack();
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime cannot free a session of " + origin, e);
            } finally {
                values.close();
                runs.notifyAll();
            }
        }
    }

    /** One run in flight. Until it has ended, any thread may stop it through its options. */
    private static final class Run {
        final OrtSession.RunOptions options;
        private boolean terminated;
        private boolean closed;

        Run() {
            try {
                options = new OrtSession.RunOptions();
                options.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime gives no run options", e);
            }
        }

        synchronized void terminate() {
            terminated = true;
            if (!closed) {
                try {
                    options.setTerminate(true);
                } catch (OrtException e) {
                    throw new IllegalStateException("ONNX Runtime cannot stop a run", e);
                }
            }
        }

        synchronized boolean isTerminated() {
            return terminated;
        }

        synchronized void close() {
            closed = true;
            options.close();
        }
    }
}
