package org.quantscope.core.session;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.PreprocessingFields;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.TensorId;

/**
 * Reads and writes a session as JSON: the desktop's save file and the command line's config are the same file. Its
 * fields are described in {@code docs/config-schema.md}.
 *
 * <p>The same state always gives the same bytes. Numbers are the shortest decimal that reads back as the same float32.
 * Reading refuses unknown fields, so that a misspelt one is not silently ignored.
 */
public final class SessionFile {
    public static final String FORMAT = "quantscope-session";
    public static final int VERSION = 1;

    /** Longer files are refused, in bytes. */
    public static final long MAX_BYTES = 128L << 20;

    /** Files with more values, names and brackets are refused. */
    public static final long MAX_TOKENS = 32L << 20;

    private static final String OTHER_VERSION = "this program reads version " + VERSION;

    private static final String[] FIELDS = {
        "format",
        "version",
        "model",
        "calibration_data",
        "evaluation_data",
        "fold_batch_norm",
        "weights",
        "activations",
        "overrides",
        "keep_float",
        "activation_ranges",
        "activation_levels",
        "mask_values",
        "metric",
        "output",
        "pool",
        "reference",
        "added_quantizers",
        "corrections",
        "snapshots",
        "budget",
        "codes",
        "resolved",
        "provenance"
    };

    private SessionFile() {}

    /**
     * @return the session, with every path absolute; whether the files exist is not checked
     * @throws BadInputException naming the file, the field and the value
     * @throws IOException if the file cannot be read at all
     */
    public static Session read(Path file) throws IOException {
        return read(file, file);
    }

    /**
     * Reads a file that will be moved afterwards.
     *
     * @param place its final path, which relative paths start from
     */
    public static Session read(Path file, Path place) throws IOException {
        StrictJson.read(file, MAX_BYTES, MAX_TOKENS, SessionFile::checkVersion);
        return StrictJson.read(
                file,
                MAX_BYTES,
                MAX_TOKENS,
                json -> readSession(json, place.toAbsolutePath().normalize()));
    }

    /** True if a file was refused because another version of this program wrote it. */
    public static boolean isOfAnotherVersion(BadInputException refusal) {
        return String.valueOf(refusal.getMessage()).contains(OTHER_VERSION);
    }

    /** Writes atomically: a temporary file beside the target is forced to disk, then moved over it. */
    public static void write(Session session, Path file) throws IOException {
        AtomicFile.write(file, content(session, file));
    }

    /** Writes a session and what was seen of the activations beside it, either both or none. */
    public static void write(Session session, ActivationSketches seen, Path file) throws IOException {
        SequencedMap<Path, AtomicFile.Content> files = new LinkedHashMap<>();
        files.put(file, content(session, file));
        files.put(SketchFile.beside(file), SketchFile.content(seen));
        AtomicFile.write(files);
    }

    private static AtomicFile.Content content(Session session, Path file) {
        return out -> SessionWriter.write(out, session, file.toAbsolutePath().normalize(), w -> {});
    }

    /**
     * Writes a session together with its resolved parameters and their provenance; {@link #read} reads it as the same
     * session.
     *
     * @param file its final path: paths are written relative to its folder
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static void writeResolved(
            Session session, ResolvedSettings resolved, Path file, OutputStream out, CancelToken cancel)
            throws IOException {
        SessionWriter.write(
                out,
                session,
                file.toAbsolutePath().normalize(),
                writer -> writer.resolved(session.state(), resolved, cancel));
    }

    /** Refuses a file of another kind or version before anything else in it is looked at. */
    private static boolean checkVersion(StrictJson json) {
        boolean[] found = new boolean[2];
        json.object(name -> {
            switch (name) {
                case "format" -> {
                    String format = json.string();
                    if (!format.equals(FORMAT)) {
                        throw json.bad('"' + FORMAT + "\" is needed, got \"" + format + '"');
                    }
                    found[0] = true;
                }
                case "version" -> {
                    int version = json.integer(1, Integer.MAX_VALUE);
                    if (version != VERSION) {
                        throw json.bad(OTHER_VERSION + ", got " + version);
                    }
                    found[1] = true;
                }
                default -> json.skip();
            }
        });
        json.required(json.path(), "format", found[0] ? true : null);
        json.required(json.path(), "version", found[1] ? true : null);
        return true;
    }

    private static Session readSession(StrictJson json, Path file) {
        var read = new Object() {
            @Nullable
            FileRef model;

            @Nullable
            FileRef calibration;

            @Nullable
            FileRef evaluation;

            @Nullable
            QuantSpec weights;

            @Nullable
            QuantSpec activations;

            @Nullable
            Task metric;

            @Nullable
            FileRef reference;

            Scored scored = Scored.AUTOMATIC;

            DeviceBudget budget = DeviceBudget.NONE;

            boolean fold = true;
        };
        Map<TensorId, QuantSpec> overrides = new TreeMap<>();
        Set<TensorId> keptFloat = new TreeSet<>();
        Map<TensorId, ClipRange> ranges = new TreeMap<>();
        Map<TensorId, FittedLevels> levels = new TreeMap<>();
        Map<TensorId, Double> masks = new TreeMap<>();
        List<AppliedCorrection> corrections = new ArrayList<>();
        Set<TensorId> added = new TreeSet<>();
        Map<TensorId, SolvedWeight> solved = new TreeMap<>();
        SnapshotReader snapshots = new SnapshotReader(j -> readCorrection(j, file));
        json.object(name -> {
            switch (name) {
                case "format", "version" -> json.skip();
                case "model" -> read.model = readFile(json, file, false);
                case "calibration_data" -> read.calibration = readFile(json, file, true);
                case "evaluation_data" -> read.evaluation = readFile(json, file, true);
                case "fold_batch_norm" -> read.fold = json.bool();
                case "weights" -> read.weights = SpecReader.read(json);
                case "activations" -> read.activations = SpecReader.read(json);
                case "overrides" -> readOverrides(json, overrides);
                case "keep_float" -> readNames(json, keptFloat);
                case "activation_ranges" -> readRanges(json, ranges);
                case "activation_levels" -> readLevels(json, levels);
                case "mask_values" -> readShares(json, masks);
                case "codes" ->
                    json.object(id -> solved.put(json.make(() -> new TensorId(id)), SolvedFields.read(json)));
                case "corrections" -> json.array(() -> corrections.add(readCorrection(json, file)));
                case "budget" -> read.budget = DeviceBudget.read(json);
                case "snapshots" -> json.array(() -> snapshots.read(json));
                case "metric" -> read.metric = readTask(json);
                case "output" -> read.scored = read.scored.withOutput(Optional.of(json.string()));
                case "pool" -> {
                    String pool = json.string();
                    read.scored = json.make(() -> read.scored.withPool(Optional.of(pool)));
                }
                case "reference" -> read.reference = readFile(json, file, false);
                case "added_quantizers" -> readNames(json, added);
                case "resolved" -> json.array(() -> SpecReader.checkResolved(json));
                case "provenance" -> json.object(field -> json.string());
                default -> throw json.unknown(FIELDS);
            }
        });
        SessionState state = new SessionState(
                json.required(json.path(), "model", read.model),
                Optional.ofNullable(read.weights),
                Optional.ofNullable(read.activations),
                overrides,
                keptFloat,
                read.fold,
                Optional.ofNullable(read.calibration),
                Optional.ofNullable(read.evaluation),
                Optional.ofNullable(read.metric),
                added,
                corrections,
                read.scored,
                Optional.ofNullable(read.reference),
                snapshots.all(),
                read.budget);
        return new Session(state, new ActivationRanges(ranges, levels, masks), solved, snapshots.scores());
    }

    static Task readTask(StrictJson json) {
        String id = json.string();
        return Task.byId(id)
                .orElseThrow(() -> json.bad(Task.all().stream().map(Task::id).collect(Collectors.joining(", "))
                        + " are known, got \"" + id + '"'));
    }

    static void readOverrides(StrictJson json, Map<TensorId, QuantSpec> overrides) {
        json.object(id -> overrides.put(json.make(() -> new TensorId(id)), SpecReader.read(json)));
    }

    static void readNames(StrictJson json, Set<TensorId> names) {
        json.array(() -> {
            TensorId id = json.make(() -> new TensorId(json.string()));
            if (!names.add(id)) {
                throw json.bad("\"" + id + "\" is listed twice");
            }
        });
    }

    private static void readRanges(StrictJson json, Map<TensorId, ClipRange> ranges) {
        json.object(id -> ranges.put(json.make(() -> new TensorId(id)), SpecReader.readRange(json)));
    }

    private static void readLevels(StrictJson json, Map<TensorId, FittedLevels> levels) {
        json.object(id -> levels.put(json.make(() -> new TensorId(id)), SpecReader.readLevels(json)));
    }

    private static void readShares(StrictJson json, Map<TensorId, Double> shares) {
        json.object(id -> {
            double share = json.float64();
            if (!(share > 0 && share <= 1)) {
                throw json.bad("a share above 0, at most 1 is needed, got " + share);
            }
            shares.put(json.make(() -> new TensorId(id)), share);
        });
    }

    private static AppliedCorrection readCorrection(StrictJson json, Path file) {
        var read = new Object() {
            @Nullable
            String id;

            @Nullable
            FileRef data;

            @Nullable
            CorrectionSettings settings;

            @Nullable
            Map<TensorId, byte[]> learned;
        };
        Map<String, String> options = new TreeMap<>();
        json.object(name -> {
            switch (name) {
                case "id" -> read.id = json.string();
                case "options" -> json.object(option -> options.put(option, json.string()));
                case "data" -> read.data = readFile(json, file, true);
                case "settings" -> read.settings = readSettings(json);
                case "learned" -> {
                    Map<TensorId, byte[]> learned = new TreeMap<>();
                    json.object(tensor -> learned.put(json.make(() -> new TensorId(tensor)), SolvedFields.bytes(json)));
                    read.learned = learned;
                }
                default -> throw json.unknown("id", "options", "data", "settings", "learned");
            }
        });
        String at = json.path();
        String id = json.required(at, "id", read.id);
        return json.make(() -> new AppliedCorrection(
                id,
                options,
                Optional.ofNullable(read.data),
                Optional.ofNullable(read.settings),
                Optional.ofNullable(read.learned).map(LearnedValues::ofBytes)));
    }

    private static CorrectionSettings readSettings(StrictJson json) {
        var read = new Object() {
            @Nullable
            QuantSpec weights;

            @Nullable
            QuantSpec activations;
        };
        Map<TensorId, QuantSpec> overrides = new TreeMap<>();
        Set<TensorId> keptFloat = new TreeSet<>();
        Map<TensorId, ClipRange> ranges = new TreeMap<>();
        Map<TensorId, FittedLevels> levels = new TreeMap<>();
        Map<TensorId, Double> masks = new TreeMap<>();
        json.object(name -> {
            switch (name) {
                case "weights" -> read.weights = SpecReader.read(json);
                case "activations" -> read.activations = SpecReader.read(json);
                case "overrides" -> readOverrides(json, overrides);
                case "keep_float" -> readNames(json, keptFloat);
                case "activation_ranges" -> readRanges(json, ranges);
                case "activation_levels" -> readLevels(json, levels);
                case "mask_values" -> readShares(json, masks);
                default ->
                    throw json.unknown(
                            "weights",
                            "activations",
                            "overrides",
                            "keep_float",
                            "activation_ranges",
                            "activation_levels",
                            "mask_values",
                            "mask_values");
            }
        });
        return new CorrectionSettings(
                Optional.ofNullable(read.weights),
                Optional.ofNullable(read.activations),
                overrides,
                keptFloat,
                new ActivationRanges(ranges, levels, masks));
    }

    private static String readHash(StrictJson json) {
        String text = json.string();
        if (!text.matches("[0-9a-f]{64}")) {
            throw json.bad("64 lower-case hex digits are needed, got \"" + text + '"');
        }
        return text;
    }

    private static FileRef readFile(StrictJson json, Path file, boolean data) {
        var read = new Object() {
            @Nullable
            Preprocessing preprocessing;

            OptionalInt samples = OptionalInt.empty();

            @Nullable
            Path path;

            @Nullable
            String sha256;
        };
        SortedSet<Integer> leftOut = new TreeSet<>();
        SortedMap<String, String> companions = new TreeMap<>();
        json.object(name -> {
            switch (name) {
                case "path" -> {
                    String text = json.string();
                    if (text.isEmpty()) {
                        throw json.bad("a file name is needed, got \"\"");
                    }
                    try {
                        read.path = file.resolveSibling(text).normalize();
                    } catch (InvalidPathException e) {
                        throw json.bad("no file name: " + e.getMessage());
                    }
                }
                case "sha256" -> read.sha256 = readHash(json);
                case "companions" -> json.object(companion -> companions.put(companion, readHash(json)));
                case "preprocessing" -> {
                    if (!data) {
                        throw json.unknown("path", "sha256", "companions");
                    }
                    read.preprocessing = PreprocessingFields.read(json);
                }
                case "samples" -> {
                    if (!data) {
                        throw json.unknown("path", "sha256", "companions");
                    }
                    read.samples = OptionalInt.of(json.integer(1, Integer.MAX_VALUE));
                }
                case "left_out" -> {
                    if (!data) {
                        throw json.unknown("path", "sha256", "companions");
                    }
                    json.array(() -> {
                        int sample = json.integer(0, Integer.MAX_VALUE);
                        if (!leftOut.add(sample)) {
                            throw json.bad("sample " + sample + " is listed twice");
                        }
                    });
                }
                default ->
                    throw data
                            ? json.unknown("path", "sha256", "companions", "preprocessing", "samples", "left_out")
                            : json.unknown("path", "sha256", "companions");
            }
        });
        String at = json.path();
        return new FileRef(
                json.required(at, "path", read.path),
                json.required(at, "sha256", read.sha256),
                companions,
                Optional.ofNullable(read.preprocessing),
                read.samples,
                leftOut);
    }
}
