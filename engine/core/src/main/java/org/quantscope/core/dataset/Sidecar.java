package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CompanionFile;
import org.quantscope.core.json.StrictJson;
import tools.jackson.databind.JsonNode;

/**
 * The content of {@code <name>.dataset.json}, which describes {@code <name>.npz}, another file or a folder. Unknown
 * keys are ignored; a known key of the wrong type is refused.
 *
 * @param file the sidecar, or the data if there is none: the file to name in errors
 * @param input name of the array of inputs
 * @param labels name of the array of labels, or of the file of labels beside IDX inputs
 * @param labelColumn for a CSV: {@code first}, {@code last}, {@code none}, or the name of the column; from the
 *     preprocessing, unless a person has chosen another
 * @param header for a CSV: whether its first line holds names
 * @param classes names of the classes
 * @param origin where the data comes from
 * @param labelForm what is said of labels that are boxes or strings
 */
record Sidecar(
        Path file,
        Optional<String> input,
        Optional<String> labels,
        Optional<String> labelColumn,
        Optional<Boolean> header,
        Preprocessing preprocessing,
        List<String> classes,
        Optional<String> origin,
        LabelForm labelForm) {

    /** The name of a folder's sidecar, inside it. */
    static final String IN_FOLDER = "dataset.json";

    /**
     * The defaults that hold if there is no sidecar.
     *
     * @param said the file to name in errors
     */
    static Sidecar none(Path said) {
        return new Sidecar(
                said,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Preprocessing.NONE,
                List.of(),
                Optional.empty(),
                LabelForm.USUAL);
    }

    /** The sidecar of {@code data}, or the defaults if there is none. */
    static Sidecar of(Path data) throws IOException {
        Path file = pathOf(data);
        return Files.exists(file) ? read(file) : none(data);
    }

    /** The same with another column of labels and the same preprocessing. */
    Sidecar withLabelColumn(String column) {
        return new Sidecar(file, input, labels, Optional.of(column), header, preprocessing, classes, origin, labelForm);
    }

    private static final long MAX_BYTES = 16 << 20;
    /**
     * The path of a sidecar. For a folder it is {@code dataset.json} inside it; for a file it lies beside it, with
     * {@code .dataset.json} in place of {@code .npz}, {@code .csv}, {@code .tsv} or {@code .gz}.
     */
    static Path pathOf(Path data) {
        if (Files.isDirectory(data)) {
            return data.resolve(IN_FOLDER);
        }
        String name = String.valueOf(data.getFileName());
        String stem = name.replaceFirst("(?<=.)\\.(npz|csv|tsv|gz)$", "");
        return data.resolveSibling(stem + ".dataset.json");
    }

    /** @throws BadInputException naming the sidecar, the key and the value */
    static Sidecar read(Path file) throws IOException {
        Own own = read(file, Own.class);
        PreprocessingFields how = read(file, PreprocessingFields.class);
        try {
            Preprocessing preprocessing = how.preprocessing(modelClasses(file, how));
            return new Sidecar(
                    file,
                    Optional.ofNullable(own.input),
                    Optional.ofNullable(own.labels),
                    preprocessing.labelColumn(),
                    Optional.ofNullable(own.header),
                    preprocessing,
                    Objects.requireNonNullElse(own.classes, List.of()),
                    Optional.ofNullable(own.origin),
                    own.labelForm());
        } catch (IllegalArgumentException e) {
            String[] keyAndProblem = String.valueOf(e.getMessage()).split(": ", 2);
            throw new BadInputException(file, keyAndProblem[0], keyAndProblem[1], e);
        }
    }

    private static <T> T read(Path file, Class<T> type) throws IOException {
        return StrictJson.read(file, MAX_BYTES, MAX_BYTES, json -> json.record(type, true));
    }

    /** A file that a sidecar names: it lies in the folder of the sidecar or below it, and no link leads out. */
    static Path beside(Path sidecar, String field, String name) throws IOException {
        return CompanionFile.resolve(sidecar, field, CompanionFile.relative(sidecar, field, name));
    }

    /** The sidecar of {@code data}, if there is one, and the file of class names that it gives. */
    static List<Path> files(Path data) throws IOException {
        Path file = pathOf(data);
        if (!Files.exists(file)) {
            return List.of();
        }
        JsonNode said = read(file, PreprocessingFields.class).modelClasses();
        return said == null || !said.isString()
                ? List.of(file)
                : List.of(file, beside(file, "model_classes", said.stringValue()));
    }

    /** The names of the model's classes: a list, or the name of a file beside this one with one name on each line. */
    private static List<String> modelClasses(Path file, PreprocessingFields how) throws IOException {
        JsonNode said = how.modelClasses();
        if (said == null || !said.isString()) {
            return how.modelClassNames();
        }
        Path names = beside(file, "model_classes", said.stringValue());
        if (Files.size(names) > MAX_BYTES) {
            throw new BadInputException(file, "model_classes", "is too long a file: " + said);
        }
        try {
            return Files.readAllLines(names).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (CharacterCodingException e) {
            throw new BadInputException(names, "text", "is no UTF-8", e);
        }
    }

    /** The fields of a sidecar other than {@link PreprocessingFields}. */
    private record Own(
            @Nullable String input,
            @Nullable String labels,
            @Nullable Boolean header,
            @Nullable List<String> classes,
            @Nullable String origin,
            @Nullable String boxes,
            @Nullable String outputBoxes,
            @Nullable Integer ctcBlank) {
        LabelForm labelForm() {
            return new LabelForm(
                    boxes == null ? LabelForm.Box.XYXY : LabelForm.Box.of("boxes", boxes),
                    outputBoxes == null ? LabelForm.Box.XYXY : LabelForm.Box.of("output_boxes", outputBoxes),
                    ctcBlank == null ? 0 : ctcBlank);
        }
    }
}
