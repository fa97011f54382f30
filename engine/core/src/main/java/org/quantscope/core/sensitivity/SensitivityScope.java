package org.quantscope.core.sensitivity;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Everything that a figure depends on except the setting: the model, the data, the metric and the program. With equal
 * scopes, equal settings have equal figures.
 *
 * @param sha256 hash of all of it, 64 lower-case hex digits
 */
public record SensitivityScope(String sha256) {
    /** The token is checked after this many bytes; hashing them takes well under a millisecond. */
    private static final int CHUNK = 1 << 18;

    /**
     * The number of samples whose prepared values are hashed. The SHA-256 of the data does not cover its sidecar, whose
     * effect shows in any sample.
     */
    private static final int PREPARED = 32;

    public SensitivityScope {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("sha256: 64 lower-case hex digits are needed, got " + sha256);
        }
    }

    /**
     * Hashes every stored value of the model (which may lie in other files than the one that the session names), every
     * label, and some prepared samples.
     *
     * @param modelKey of the {@link SessionState}: the model's file and its corrections
     * @param folded true if BatchNormalization is folded
     * @param addedQuantizers activations to which a person has added a quantizer
     * @param model the model that is analysed
     * @param reference the float model that it is compared with
     * @param data the evaluation data
     * @param metric the task that was asked for; empty for the automatic choice
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static SensitivityScope of(
            String modelKey,
            boolean folded,
            Set<TensorId> addedQuantizers,
            Model model,
            Model reference,
            Dataset data,
            Optional<Task> metric,
            CancelToken cancel) {
        Sha256 digest = new Sha256();
        digest.text(ProductVersion.current());
        digest.number(Engine.EVALUATION_SEED);
        digest.text(metric.map(Task::id).orElse(""));
        digest.text(model.graph().map(g -> g.scored().toString()).orElse(""));
        digest.text(modelKey);
        digest.text(Boolean.toString(folded));
        digest.number(addedQuantizers.size());
        new TreeSet<>(addedQuantizers).stream().map(TensorId::name).forEach(digest::text);
        add(digest, model, cancel);
        // One of the same file follows from what is hashed already.
        if (!reference.file().equals(model.file())) {
            add(digest, reference, cancel);
        }
        add(digest, data, cancel);
        return new SensitivityScope(digest.hex());
    }

    private static void add(Sha256 digest, Model model, CancelToken cancel) {
        for (Tensor tensor : model.tensors()) {
            digest.text(tensor.id().name());
            add(digest, tensor.data().stored(), cancel);
        }
    }

    private static void add(Sha256 digest, MemorySegment values, CancelToken cancel) {
        digest.number(values.byteSize());
        byte[] chunk = new byte[CHUNK];
        for (long at = 0; at < values.byteSize(); at += CHUNK) {
            cancel.check();
            int length = (int) Math.min(CHUNK, values.byteSize() - at);
            MemorySegment.copy(values, ValueLayout.JAVA_BYTE, at, chunk, 0, length);
            digest.bytes(ByteBuffer.wrap(chunk, 0, length));
        }
    }

    private static void add(Sha256 digest, Dataset data, CancelToken cancel) {
        int size = data.size();
        digest.text(data.sha256());
        digest.number(size);
        digest.text(data.preprocessing().map(Object::toString).orElse(""));
        data.labelShape().ifPresent(shape -> {
            int[] labels = new int[Math.toIntExact(shape.count())];
            for (int i = 0; i < size; i++) {
                cancel.check();
                data.labels(i, labels);
                for (int label : labels) {
                    digest.number(label);
                }
            }
        });
        data.targetShape().ifPresent(shape -> {
            float[] target = new float[Math.toIntExact(shape.count())];
            for (int i = 0; i < size; i++) {
                cancel.check();
                data.target(i, target);
                digest.numbers(target);
            }
        });
        float[] sample = new float[Math.toIntExact(data.sampleShape().count())];
        for (long i = 0; i < Math.min(size, PREPARED); i++) {
            cancel.check();
            data.fill(new int[] {(int) (i * size / Math.min(size, PREPARED))}, sample);
            digest.numbers(sample);
        }
    }

    byte[] bytes() {
        return HexFormat.of().parseHex(sha256);
    }
}
