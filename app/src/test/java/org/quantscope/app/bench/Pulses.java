package org.quantscope.app.bench;

import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.consumer.RecordingStream;

/** The pulses of JavaFX between its making and {@link #end}, as its own flight recorder events tell them. */
final class Pulses {
    private static final String EVENT = "javafx.PulsePhase";
    private static final String WAITING = "Waiting for previous rendering";

    private final RecordingStream stream = new RecordingStream();
    /** Thread and phase to nanoseconds. */
    private final Map<String, Map<String, Long>> phases = new TreeMap<>();

    Pulses() {
        stream.enable(EVENT).withoutThreshold().withoutStackTrace();
        stream.onEvent(
                EVENT,
                e -> phases.computeIfAbsent(e.getThread().getJavaName(), t -> new TreeMap<>())
                        .merge(e.getString("phaseName"), e.getDuration().toNanos(), Long::sum));
        stream.startAsync();
    }

    void end() {
        stream.stop();
        stream.close();
    }

    /** How long all pulses took on a thread, in ns, without waiting for the other one. */
    long wall(String thread) {
        return phases.getOrDefault(thread, Map.of()).entrySet().stream()
                .filter(phase -> !phase.getKey().equals(WAITING))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }
}
