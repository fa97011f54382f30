package org.quantscope.core.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime in this process: loaded once, with its log and telemetry off, and drained before the process ends.
 *
 * <p>ONNX Runtime frees its environment in a shutdown hook of its own, and hooks run side by side. A program that may
 * still be computing when it ends should therefore call {@link #shutdown} first; the hook here is for programs that do
 * not.
 */
public final class OrtRuntime {
    private static final Set<OrtModel> LIVE = new HashSet<>();
    private static final AtomicInteger RUNNING = new AtomicInteger();

    /**
     * Creating the environment takes stack that grows with the length of the command line. Seen with ONNX Runtime
     * 1.29.0 on Linux x86-64: 1 MiB, the size of an ordinary thread's stack, is enough for 2,000 characters and a
     * segmentation fault at 4,000; 8 MiB for 20,000 but not for 60,000; 64 MiB for 118,000, near the longest argument
     * that Linux takes. All arguments count, but not a class path given by {@code CLASSPATH} or in an {@code @file}.
     */
    private static final long LOADING_STACK_BYTES = 64L << 20;

    /**
     * Has ONNX Runtime send and keep nothing; read once, while the native library starts. {@code setTelemetry(false)} comes too late:
     * by then 1.29.0 has written a device id and events into the cache folder and looked up its collector's host.
     */
    private static final String TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY";

    private OrtRuntime() {}

    /** The result of loading: an environment, or the reason why there is none. */
    private record Loading(@Nullable OrtEnvironment environment, String reason) {}

    private static final class Loaded {
        static final Loading RESULT = loadOnLargeStack();
    }

    private static Loading loadOnLargeStack() {
        AtomicReference<Loading> result = new AtomicReference<>(new Loading(null, "its loading ended early"));
        Thread thread = new Thread(null, () -> result.set(load()), "ort-load", LOADING_STACK_BYTES);
        thread.start();
        // It is loaded once for the whole process, so an interrupt of the first caller must not decide for all.
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return result.get();
    }

    private static Loading load() {
        try {
            NativeHeap.useOneHeap();
            NativeEnvironment.set(TELEMETRY_OFF, "1");
            // this loads the library already, so the environment must be set by now
            OrtLibraries.unpackOnce();
            OrtEnvironment environment =
                    OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "quantscope");
            environment.setTelemetry(false);
            Runtime.getRuntime().addShutdownHook(new Thread(OrtRuntime::shutdown, "ort-drain"));
            return new Loading(environment, "");
        } catch (OrtException | LinkageError | RuntimeException e) {
            return new Loading(null, rootCause(e));
        }
    }

    private static String rootCause(Throwable thrown) {
        Throwable at = thrown;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at.getMessage() != null ? at.getMessage() : at.toString();
    }

    /** @throws OrtUnavailableException if the native library cannot be loaded */
    static OrtEnvironment environment() {
        OrtEnvironment environment = Loaded.RESULT.environment();
        if (environment == null) {
            throw new OrtUnavailableException(Loaded.RESULT.reason());
        }
        return environment;
    }

    /**
     * The version of the ONNX Runtime in this process, such as {@code 1.29.0}.
     *
     * @throws OrtUnavailableException if the native library cannot be loaded
     */
    public static String version() {
        return environment().getVersion();
    }

    static void opened(OrtModel model) {
        synchronized (LIVE) {
            LIVE.add(model);
        }
    }

    static void released(OrtModel model) {
        synchronized (LIVE) {
            LIVE.remove(model);
        }
    }

    /** How many native sessions are open. */
    public static int liveSessions() {
        synchronized (LIVE) {
            return LIVE.size();
        }
    }

    /** How many runs are in native code now. */
    public static int runningNow() {
        return RUNNING.get();
    }

    static void enter() {
        RUNNING.incrementAndGet();
    }

    static void leave() {
        RUNNING.decrementAndGet();
    }

    /**
     * Stops every run, waits until none is left, and frees all sessions. Later runs of models that were loaded before
     * fail as cancelled.
     */
    public static void shutdown() {
        List<OrtModel> all;
        synchronized (LIVE) {
            all = new ArrayList<>(LIVE);
        }
        all.forEach(OrtModel::close);
        all.forEach(OrtModel::awaitRelease);
    }
}
