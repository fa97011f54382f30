package org.quantscope.core.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.session.AskedQuantizer;

/**
 * Reads a plan: a JSON file as {@code docs/schemas/sweep.schema.json} says. Paths are relative to its folder. Unknown
 * fields, ids and values are refused by their place; whether a combination can be is seen when its point is evaluated.
 */
public final class PlanReader {
    public static final String FORMAT = "quantscope-sweep";
    public static final int VERSION = 1;

    private static final long MAX_BYTES = 16L << 20;
    private static final long MAX_TOKENS = 1L << 20;

    private final StrictJson json;
    private final Path file;

    private PlanReader(StrictJson json, Path file) {
        this.json = json;
        this.file = file;
    }

    /**
     * Reads a plan.
     *
     * @throws BadInputException naming the file, the field and the value
     * @throws IOException if it cannot be read at all
     */
    public static SweepPlan read(Path file, CancelToken cancel) throws IOException {
        Path absolute = file.toAbsolutePath().normalize();
        Draft draft = StrictJson.read(absolute, MAX_BYTES, MAX_TOKENS, json -> new PlanReader(json, absolute).plan());
        return draft.finish(absolute, Fingerprint.sha256(absolute, cancel));
    }

    private static final class Draft {
        private @Nullable String format;
        private @Nullable Integer version;
        private @Nullable List<SweepModel> models;
        private final SequencedMap<Axis, List<String>> axes = new LinkedHashMap<>();
        private int shards = 1;
        private int calibrationShards = 1;

        SweepPlan finish(Path file, String sha256) {
            if (format == null || !format.equals(FORMAT)) {
                throw new BadInputException(file, "format", "\"" + FORMAT + "\" is needed, got " + format);
            }
            if (version == null || version != VERSION) {
                throw new BadInputException(file, "version", VERSION + " is needed, got " + version);
            }
            if (models == null) {
                throw new BadInputException(file, "models", "the field is missing");
            }
            // Without bits for both, the command line chooses some; nothing says "float" then.
            for (Axis axis : List.of(Axis.WEIGHTS, Axis.ACTIVATIONS)) {
                Axis other = axis == Axis.WEIGHTS ? Axis.ACTIVATIONS : Axis.WEIGHTS;
                if (axes.getOrDefault(axis, List.of()).contains(PointSettings.FLOAT) && !axes.containsKey(other)) {
                    throw new BadInputException(
                            file,
                            "axes." + axis.id(),
                            "\"" + PointSettings.FLOAT + "\" needs the axis " + other.id() + " too");
                }
            }
            return new SweepPlan(file, sha256, models, inOrder(), shards, calibrationShards);
        }

        private SequencedMap<Axis, List<String>> inOrder() {
            return new LinkedHashMap<>(new EnumMap<>(axes.isEmpty() ? new EnumMap<>(Axis.class) : axes));
        }
    }

    private Draft plan() {
        Draft draft = new Draft();
        json.object(name -> {
            switch (name) {
                case "format" -> draft.format = json.string();
                case "version" -> draft.version = json.integer(0, Integer.MAX_VALUE);
                case "description" -> json.string();
                case "models" -> draft.models = models();
                case "axes" -> axes(draft.axes);
                case "shards" -> draft.shards = json.integer(1, SweepPlan.MOST_SHARDS);
                case "calibration_shards" -> draft.calibrationShards = json.integer(1, SweepPlan.MOST_SHARDS);
                default ->
                    throw json.unknown(
                            "format", "version", "description", "models", "axes", "shards", "calibration_shards");
            }
        });
        return draft;
    }

    private List<SweepModel> models() {
        List<SweepModel> models = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        json.array(() -> {
            SweepModel model = model();
            if (!names.add(model.name())) {
                throw json.bad("two models are called " + model.name() + "; give each a name of its own");
            }
            models.add(model);
        });
        if (models.isEmpty()) {
            throw json.bad("at least one model is needed");
        }
        return models;
    }

    private SweepModel model() {
        String at = json.path();
        Map<String, String> texts = new LinkedHashMap<>();
        int[] limit = {0};
        boolean[] fold = {true};
        Task[] metric = {null};
        json.object(name -> {
            switch (name) {
                case "name", "file", "data", "calibration_data", "output" -> texts.put(name, someText());
                case "keep_float", "also" -> texts.put(name, pattern());
                case "limit" -> limit[0] = json.integer(1, Integer.MAX_VALUE);
                case "fold_bn" -> fold[0] = json.bool();
                case "metric" -> metric[0] = metric();
                default ->
                    throw json.unknown(
                            "name",
                            "file",
                            "data",
                            "calibration_data",
                            "limit",
                            "metric",
                            "output",
                            "keep_float",
                            "also",
                            "fold_bn");
            }
        });
        Path model = path(json.required(at, "file", texts.get("file")));
        return new SweepModel(
                texts.getOrDefault("name", String.valueOf(model.getFileName())),
                model,
                path(json.required(at, "data", texts.get("data"))),
                Optional.ofNullable(texts.get("calibration_data")).map(this::path),
                limit[0] > 0 ? OptionalInt.of(limit[0]) : OptionalInt.empty(),
                Optional.ofNullable(metric[0]),
                Optional.ofNullable(texts.get("output")),
                texts.get("keep_float"),
                texts.get("also"),
                fold[0]);
    }

    private Task metric() {
        String id = json.string();
        return Task.byId(id)
                .orElseThrow(() -> json.bad(
                        id + " is none of " + Task.all().stream().map(Task::id).collect(Collectors.joining(", "))));
    }

    private String someText() {
        String text = json.string();
        if (text.isBlank()) {
            throw json.bad("some text is needed, got \"" + text + "\"");
        }
        return text;
    }

    private String pattern() {
        String text = someText();
        // PatternSyntaxException is an IllegalArgumentException.
        return json.make(() -> java.util.regex.Pattern.compile(text)).pattern();
    }

    private Path path(String text) {
        Path folder = file.getParent();
        Path given = Path.of(text);
        return (folder == null ? given : folder.resolve(given)).normalize();
    }

    private void axes(Map<Axis, List<String>> axes) {
        json.object(name -> {
            Axis axis = Axis.byId(name)
                    .orElseThrow(() ->
                            json.unknown(Stream.of(Axis.values()).map(Axis::id).toArray(String[]::new)));
            Set<String> values = new LinkedHashSet<>();
            json.array(() -> {
                String value = value(axis);
                if (!values.add(value)) {
                    throw json.bad("is given twice: " + value.replace(Axis.AND, ", "));
                }
            });
            if (values.isEmpty()) {
                throw json.bad("at least one value is needed");
            }
            axes.put(axis, List.copyOf(values));
        });
    }

    private String value(Axis axis) {
        return switch (axis) {
            case CORRECTIONS -> corrections();
            case TENSORS -> someText();
            case WEIGHTS, ACTIVATIONS -> bits();
            case SCHEME, ACTIVATION_SCHEME -> {
                String id = json.string();
                yield json.make(() -> Quantizers.byId(id)).id();
            }
            case SYMMETRY, ACTIVATION_SYMMETRY -> {
                String text = json.string();
                if (!text.equals(PointSettings.SYMMETRIC) && !text.equals(PointSettings.ASYMMETRIC)) {
                    throw json.bad(
                            PointSettings.SYMMETRIC + " or " + PointSettings.ASYMMETRIC + " is needed, got " + text);
                }
                yield text;
            }
            case GRANULARITY -> {
                String text = json.string();
                json.make(() -> Granularity.parse(text));
                yield text;
            }
            case CALIBRATOR, ACTIVATION_CALIBRATOR -> calibrator();
            case ROUNDING -> {
                String id = json.string();
                yield json.make(() -> Roundings.byId(id)).id();
            }
        };
    }

    private String bits() {
        if (json.isString()) {
            String text = json.string();
            if (!text.equals(PointSettings.FLOAT)) {
                throw json.bad("a number of bits or \"" + PointSettings.FLOAT + "\" is needed, got " + text);
            }
            return text;
        }
        return Integer.toString(json.integer(1, QuantSpec.MAX_BITS));
    }

    private String calibrator() {
        String text = json.string();
        Clip.Auto clip = json.make(() -> AskedQuantizer.calibrator(text));
        // Workers run in folders of their own.
        Calibrators.byId(clip.calibratorId()).options().stream()
                .filter(option -> option.type().equals("file") && clip.options().containsKey(option.name()))
                .filter(option ->
                        !text.contains(option.name() + "=" + clip.options().get(option.name())))
                .findFirst()
                .ifPresent(option -> {
                    throw json.bad(option.name() + ": a plan needs an absolute path, got " + text);
                });
        return text;
    }

    private String corrections() {
        List<String> list = new ArrayList<>();
        json.array(() -> {
            String text = someText();
            json.make(() -> AskedCorrection.parse(text));
            list.add(text);
        });
        return String.join(Axis.AND, list);
    }
}
