package org.quantscope.core.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime in this process: loaded once, silent (its own log is off, telemetry too), drained before the process ends.
 *
 * <p>ONNX Runtime frees its environment in a shutdown hook of its own, and hooks run side by side. A program that may still
 * be computing when it ends therefore calls {@link #shutdown} first; the hook here is for one that does not.
 */
public final class OrtRuntime {
    private static final Set<OrtModel> LIVE = new HashSet<>();
    private static final AtomicInteger RUNNING = new AtomicInteger();

    private OrtRuntime() {}

    /** Holds what loading gave: an environment, or the reason why there is none. */
    private static final class Loaded {
        static final @Nullable OrtEnvironment ENVIRONMENT;
        static final String REASON;

        static {
            OrtEnvironment environment = null;
            String reason = "";
            try {
                environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "quantscope");
                environment.setTelemetry(false);
                Runtime.getRuntime().addShutdownHook(new Thread(OrtRuntime::shutdown, "ort-drain"));
            } catch (OrtException | LinkageError | RuntimeException e) {
                environment = null;
                reason = rootCause(e);
            }
            ENVIRONMENT = environment;
            REASON = reason;
        }
    }

    private static String rootCause(Throwable thrown) {
        Throwable at = thrown;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at.getMessage() != null ? at.getMessage() : at.toString();
    }

    /** Why models cannot be run here, for a person; empty if they can. */
    public static String unavailableReason() {
        return Loaded.REASON;
    }

    /** @throws OrtUnavailableException if the native library cannot be loaded */
    static OrtEnvironment environment() {
        OrtEnvironment environment = Loaded.ENVIRONMENT;
        if (environment == null) {
            throw new OrtUnavailableException(Loaded.REASON);
        }
        return environment;
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

    /** Ends every run, waits until none is left, and frees all sessions. Later runs of models opened before fail as cancelled. */
    public static void shutdown() {
        List<OrtModel> all;
        synchronized (LIVE) {
            all = new ArrayList<>(LIVE);
        }
        all.forEach(OrtModel::close);
        all.forEach(OrtModel::awaitRelease);
    }
}
