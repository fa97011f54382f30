package org.quantscope.core.sweep;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a sweep is to try: models, and for each of them every combination of the values of its axes.
 *
 * @param file that it was read from, absolute
 * @param sha256 of that file, lower-case hex
 * @param models at least one, with names of their own
 * @param axes the values of each axis that the plan names; an axis that is not named is left to its default
 * @param shards into how many parts the evaluation data of each model is divided, at least 1; each part is a point
 * @param calibrationShards into how many parts the calibration data is divided, at least 1; what is seen in them is added
 *     up
 */
public record SweepPlan(
        Path file,
        String sha256,
        List<SweepModel> models,
        SequencedMap<Axis, List<String>> axes,
        int shards,
        int calibrationShards) {
    /** More parts are refused. */
    public static final int MOST_SHARDS = 10_000;

    public SweepPlan {
        models = List.copyOf(models);
        SequencedMap<Axis, List<String>> copy = new LinkedHashMap<>();
        axes.forEach((axis, values) -> copy.put(axis, List.copyOf(values)));
        axes = Collections.unmodifiableSequencedMap(copy);
        if (shards < 1 || shards > MOST_SHARDS || calibrationShards < 1 || calibrationShards > MOST_SHARDS) {
            throw new IllegalArgumentException(
                    "shards: 1 to " + MOST_SHARDS + ", got " + shards + " and " + calibrationShards);
        }
    }

    /** The files that a plan rests on, by the path that names them, with what they are in it. */
    public SortedMap<Path, Role> files() {
        SortedMap<Path, Role> files = new TreeMap<>();
        for (SweepModel model : models) {
            model.calibrationData().ifPresent(data -> files.put(data, Role.DATA));
            files.put(model.data(), Role.DATA);
            files.put(model.file(), Role.MODEL);
        }
        return files;
    }

    /** What a file is to a plan. */
    public enum Role {
        MODEL,
        DATA
    }
}
