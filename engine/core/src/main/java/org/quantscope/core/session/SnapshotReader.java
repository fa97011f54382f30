package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.Task;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/** Reads the snapshots of a session file, one after the other. */
final class SnapshotReader {
    private final Function<StrictJson, AppliedCorrection> corrections;
    private final List<Snapshot> all = new ArrayList<>();
    private final Map<String, List<SnapshotScore>> scores = new HashMap<>();

    /** @param corrections reads one correction, whose files lie beside the session file */
    SnapshotReader(Function<StrictJson, AppliedCorrection> corrections) {
        this.corrections = corrections;
    }

    /** In the order of the file. */
    List<Snapshot> all() {
        return List.copyOf(all);
    }

    /** By {@link Snapshot#key}. */
    Map<String, List<SnapshotScore>> scores() {
        return scores;
    }

    void read(StrictJson json) {
        var read = new Object() {
            @Nullable
            String name;

            @Nullable
            QuantSpec weights;

            @Nullable
            QuantSpec activations;

            boolean fold = true;
        };
        Map<TensorId, QuantSpec> overrides = new TreeMap<>();
        Set<TensorId> keptFloat = new TreeSet<>();
        Set<TensorId> added = new TreeSet<>();
        List<AppliedCorrection> applied = new ArrayList<>();
        List<SnapshotScore> found = new ArrayList<>();
        json.object(name -> {
            switch (name) {
                case "name" -> {
                    String text = json.string();
                    if (all.stream().anyMatch(s -> s.name().equals(text))) {
                        throw json.bad("\"" + text + "\" is there twice");
                    }
                    read.name = text;
                }
                case "weights" -> read.weights = SpecReader.read(json);
                case "activations" -> read.activations = SpecReader.read(json);
                case "overrides" -> SessionFile.readOverrides(json, overrides);
                case "keep_float" -> SessionFile.readNames(json, keptFloat);
                case "fold_batch_norm" -> read.fold = json.bool();
                case "added_quantizers" -> SessionFile.readNames(json, added);
                case "corrections" -> json.array(() -> applied.add(corrections.apply(json)));
                case "scores" -> json.array(() -> found.add(score(json)));
                default ->
                    throw json.unknown(
                            "name",
                            "weights",
                            "activations",
                            "overrides",
                            "keep_float",
                            "fold_batch_norm",
                            "added_quantizers",
                            "corrections",
                            "scores");
            }
        });
        String name = json.required(json.path(), "name", read.name);
        Snapshot snapshot = json.make(() -> new Snapshot(
                name,
                Optional.ofNullable(read.weights),
                Optional.ofNullable(read.activations),
                overrides,
                keptFloat,
                read.fold,
                added,
                applied));
        all.add(snapshot);
        if (!found.isEmpty()) {
            scores.put(snapshot.key(), List.copyOf(found));
        }
    }

    private static SnapshotScore score(StrictJson json) {
        var read = new Object() {
            @Nullable
            String rests;

            @Nullable
            String data;

            @Nullable
            Task task;

            @Nullable
            Integer samples;

            @Nullable
            Double score;

            @Nullable
            Double floatScore;

            @Nullable
            Long bytes;
        };
        json.object(name -> {
            switch (name) {
                case "rests_on" -> read.rests = json.string();
                case "data" -> read.data = json.string();
                case "metric" -> read.task = SessionFile.readTask(json);
                case "samples" -> read.samples = json.integer(1, Integer.MAX_VALUE);
                case "score" -> read.score = json.float64();
                case "float_score" -> read.floatScore = json.float64();
                case "size_bytes" -> read.bytes = bytes(json);
                default ->
                    throw json.unknown("rests_on", "data", "metric", "samples", "score", "float_score", "size_bytes");
            }
        });
        String at = json.path();
        String rests = json.required(at, "rests_on", read.rests);
        String data = json.required(at, "data", read.data);
        Task task = json.required(at, "metric", read.task);
        int samples = json.required(at, "samples", read.samples);
        double score = json.required(at, "score", read.score);
        double floatScore = json.required(at, "float_score", read.floatScore);
        long bytes = json.required(at, "size_bytes", read.bytes);
        return json.make(() -> new SnapshotScore(rests, data, task, samples, score, floatScore, bytes));
    }

    private static long bytes(StrictJson json) {
        double value = json.float64();
        if (!(value >= 0 && value <= 1L << 53) || value != Math.rint(value)) {
            throw json.bad("a whole number from 0 to 2^53 is needed, got " + value);
        }
        return (long) value;
    }
}
