package org.quantscope.core.session;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.quantscope.core.eval.Task;

/**
 * What the settings of a snapshot once scored. A result, kept because measuring it again takes long; it says what it
 * rests on, and is never shown as the score on anything else.
 *
 * @param rests {@link #restsOn} of the session in which it was measured: 64 hex digits
 * @param data the name of the data, for a person
 * @param task what was scored
 * @param samples the number of samples, at least 1: all there were
 * @param score mean score of the quantized model, a fraction where {@link Task#isProportion}
 * @param floatScore mean score of the float model on the same samples
 * @param bytes size of the model's tensors, at least 0
 */
public record SnapshotScore(
        String rests, String data, Task task, int samples, double score, double floatScore, long bytes) {
    public SnapshotScore {
        if (!rests.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("rests_on: 64 lower-case hex digits are needed, got \"" + rests + '"');
        }
        if (samples < 1) {
            throw new IllegalArgumentException("samples: at least 1, got " + samples);
        }
        if (!Double.isFinite(score) || !Double.isFinite(floatScore)) {
            throw new IllegalArgumentException("score: finite numbers are needed, got " + score + " and " + floatScore);
        }
        if (task.isProportion() && (score < 0 || score > 1 || floatScore < 0 || floatScore > 1)) {
            throw new IllegalArgumentException(
                    "score: shares from 0 to 1 are needed, got " + score + " and " + floatScore);
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("size_bytes: at least 0, got " + bytes);
        }
    }

    /**
     * A hash of everything beside its settings that the score of a session rests on: the model, the data to evaluate
     * and to calibrate on, what is scored, and the float model beside it.
     */
    public static String restsOn(SessionState state) {
        List<String> parts = List.of(
                state.model().digest(),
                state.evaluationData()
                        .map(ref -> ref.digest() + " " + ref.samples())
                        .orElse(""),
                state.calibrationData()
                        .map(ref -> ref.digest() + " " + ref.samples())
                        .orElse(""),
                state.metric().map(Task::id).orElse(""),
                state.scored().output().orElse(""),
                state.scored().pool().orElse(""),
                state.reference().map(FileRef::digest).orElse(""));
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                sha.update(part.getBytes(StandardCharsets.UTF_8));
                sha.update((byte) 0);
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
