package org.quantscope.core.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;

/**
 * Reads a NumPy archive of inputs and labels. Without a sidecar, or without its key, the first of these in the order of
 * the archive are taken. Inputs: a floating or U8 array of rank above 1, else an integer array of rank above 1, which
 * may hold tokens; none that is called as labels are. Labels: the array called labels; else an integer array of rank 1;
 * else an array called as labels are. They may be whole numbers, yes or no, one-hot rows, text (its different words in
 * the order of their characters are the classes), or floating numbers, which are targets.
 *
 * <p>Arrays that hold no numbers are left out, and named. One of text called {@code class_names} or similar gives the
 * names of the classes.
 */
final class NpzDatasetLoader implements DatasetLoader {
    /** Names by which labels are recognized, whatever their type and rank. */
    private static final Set<String> LABELS = Set.of("labels", "label", "targets", "target", "y");

    private static final Set<String> CLASS_NAMES =
            Set.of("class_names", "classes", "label_names", "target_names", "categories", "names");

    private static final int MOST_CLASSES = 100_000;
    private static final int MOST_LABELS = 10_000_000;

    @Override
    public String id() {
        return "npz";
    }

    @Override
    public String title() {
        return "NumPy archive";
    }

    @Override
    public String source() {
        return "https://numpy.org/doc/stable/reference/generated/numpy.savez.html";
    }

    @Override
    public boolean matches(Path file, byte[] head) {
        return Npz.matches(head);
    }

    @Override
    public Samples open(Path file, Sidecar sidecar, CancelToken cancel) throws IOException {
        Path said = sidecar.file();
        Npz listed = Npz.readNumbers(file, name -> false);
        List<Tensor> headers = listed.arrays();
        String inputName = sidecar.input()
                .or(() -> first(
                        headers,
                        t -> isInput(t)
                                && (t.info().dtype().isFloating() || t.info().dtype() == DType.U8)))
                .or(() -> first(headers, t -> isInput(t) && isInteger(t.info().dtype())))
                .orElseThrow(() -> new BadInputException(
                        file, "input", "no array of numbers is of rank over 1; there are " + names(listed)));
        check(listed, inputName, said, "input");
        Shape all = named(headers, inputName).info().shape();
        if (all.rank() < 2
                || all.count() == 0
                || all.dim(0) > Integer.MAX_VALUE
                || all.count() / all.dim(0) > Integer.MAX_VALUE) {
            throw new BadInputException(said, "input", "'" + inputName + "' is " + all + ", not samples by values");
        }
        int size = (int) all.dim(0);
        Optional<String> labelsName = sidecar.labels()
                .or(() -> first(headers, t -> t.id().name().equals("labels") && isFor(t, size)))
                .or(() -> first(
                        headers,
                        t -> t.info().shape().rank() == 1 && isInteger(t.info().dtype())))
                .or(() -> first(
                        headers,
                        t -> LABELS.contains(t.id().name()) && t.info().shape().rank() > 0));
        Optional<TextLabels> texts = labelsName.isPresent() && !listed.others().containsKey(labelsName.get())
                ? Optional.empty()
                : TextLabels.find(
                        file,
                        listed,
                        labelsName,
                        size,
                        sidecar.classes().isEmpty() ? classNames(file, listed) : sidecar.classes(),
                        said);
        if (texts.isEmpty()) {
            labelsName.ifPresent(name -> check(listed, name, said, "labels"));
        }

        Set<String> wanted =
                Stream.concat(Stream.of(inputName), labelsName.stream()).collect(Collectors.toSet());
        List<Tensor> arrays = Npz.readNumbers(file, wanted::contains).arrays();
        Tensor input = named(arrays, inputName);
        Shape sample = Shape.of(Arrays.copyOfRange(all.toArray(), 1, all.rank()));
        SideArrays.requireExact(input, said);
        SideArrays side = SideArrays.of(
                file,
                headers.stream().filter(t -> !wanted.contains(t.id().name())).toList(),
                size);
        Optional<Labels> labels = texts.map(TextLabels::labels);
        Optional<Targets> targets = Optional.empty();
        if (texts.isEmpty() && labelsName.isPresent()) {
            Tensor tensor = named(arrays, labelsName.get());
            boolean floating = tensor.info().dtype().isFloating();
            if (floating) {
                targets = Optional.of(Targets.of(tensor, size, said));
            }
            // Floating whole numbers may be classes; the model decides.
            labels = floating ? Labels.of(tensor, size) : Optional.of(labels(tensor, size, said));
        }
        List<String> classes = !sidecar.classes().isEmpty()
                ? sidecar.classes()
                : texts.map(TextLabels::classes).orElseGet(() -> classNames(file, listed));
        Set<String> used = new HashSet<>();
        texts.ifPresent(t -> used.add(t.array()));
        if (!classes.isEmpty() && sidecar.classes().isEmpty()) {
            used.addAll(CLASS_NAMES);
        }
        List<String> leftOut = listed.others().entrySet().stream()
                .filter(e -> !used.contains(e.getKey()))
                .map(e -> "array " + e.getKey() + " of type " + e.getValue() + ", which holds no numbers")
                .toList();
        return new ArraySamples(
                        file,
                        Fingerprint.sha256(file, cancel),
                        size,
                        input.data(),
                        sample,
                        labels,
                        labels.isPresent() ? classes : sidecar.classes(),
                        sidecar.origin(),
                        sidecar.preprocessing(),
                        said,
                        title(),
                        targets,
                        Optional.empty(),
                        side,
                        leftOut)
                .withLabelForm(sidecar.labelForm());
    }

    /** The names of the classes in an array of text that is called so; empty if there is none. */
    private static List<String> classNames(Path file, Npz listed) {
        for (String name : listed.others().keySet()) {
            if (CLASS_NAMES.contains(name)) {
                List<String> texts = texts(file, name, MOST_CLASSES);
                if (!texts.isEmpty()) {
                    return texts;
                }
            }
        }
        return List.of();
    }

    private static List<String> texts(Path file, String array, int most) {
        try {
            return Npz.texts(file, array, most).orElse(List.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Labels that are words.
     *
     * @param array the name of the array
     * @param classes the different words, or the names that were given
     */
    private record TextLabels(String array, Labels labels, List<String> classes) {
        /** Those of the named array, or of one that is called as labels are and has a word for each sample. */
        static Optional<TextLabels> find(
                Path file, Npz listed, Optional<String> wanted, int samples, List<String> known, Path said) {
            for (String name : listed.others().keySet()) {
                if (!name.equals(wanted.orElse(name)) || (wanted.isEmpty() && !LABELS.contains(name))) {
                    continue;
                }
                List<String> words = texts(file, name, MOST_LABELS);
                if (words.size() != samples) {
                    continue;
                }
                List<String> classes =
                        known.isEmpty() || known.equals(words) ? List.copyOf(new TreeSet<>(words)) : known;
                Map<String, Integer> numbers = new HashMap<>();
                for (int i = 0; i < classes.size(); i++) {
                    numbers.putIfAbsent(classes.get(i), i);
                }
                int[] labels = new int[samples];
                for (int i = 0; i < samples; i++) {
                    Integer number = numbers.get(words.get(i));
                    if (number == null) {
                        throw new BadInputException(
                                said,
                                "classes",
                                "'" + words.get(i) + "', the label of sample " + i + ", is none of them");
                    }
                    labels[i] = number;
                }
                return Optional.of(new TextLabels(name, new Labels(labels), classes));
            }
            return Optional.empty();
        }
    }

    /**
     * The labels in an array.
     *
     * @param said the file to name in errors
     */
    static Labels labels(Tensor tensor, int samples, Path said) {
        Shape shape = tensor.info().shape();
        String name = "'" + tensor.id() + "'";
        if (shape.rank() == 0 || shape.dim(0) != samples) {
            long count = shape.rank() == 0 ? 1 : shape.dim(0);
            throw new BadInputException(said, "labels", name + " has " + count + " labels for " + samples + " samples");
        }
        return Labels.of(tensor, samples)
                .orElseThrow(() -> new BadInputException(
                        said,
                        "labels",
                        name + " is " + shape + " of " + tensor.info().dtype()
                                + ", and holds a number that is no class: " + odd(tensor)));
    }

    private static String odd(Tensor tensor) {
        for (long i = 0; i < tensor.data().count(); i++) {
            long label = tensor.data().integer(i);
            if (Math.abs(label) >= Integer.MAX_VALUE - 1) {
                return "label " + label + " at index " + i;
            }
        }
        return "it is too large";
    }

    private static boolean isInput(Tensor t) {
        return t.info().shape().rank() > 1 && !LABELS.contains(t.id().name());
    }

    /** True if there is something in an array for each sample. */
    private static boolean isFor(Tensor t, int samples) {
        return t.info().shape().rank() > 0 && t.info().shape().dim(0) == samples;
    }

    static boolean isInteger(DType dtype) {
        return !dtype.isFloating() && dtype != DType.BOOL;
    }

    private static Optional<String> first(List<Tensor> arrays, Predicate<Tensor> fits) {
        return arrays.stream().filter(fits).map(t -> t.id().name()).findFirst();
    }

    private static void check(Npz listed, String name, Path said, String key) {
        if (listed.others().containsKey(name)) {
            throw new BadInputException(
                    said, key, "'" + name + "' is of type " + listed.others().get(name) + ", which holds no numbers");
        }
        if (listed.arrays().stream().noneMatch(t -> t.id().name().equals(name))) {
            throw new BadInputException(
                    said, key, "'" + name + "' is not an array of the archive; there are " + names(listed));
        }
    }

    private static Tensor named(List<Tensor> arrays, String name) {
        return arrays.stream()
                .filter(t -> t.id().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static String names(Npz listed) {
        return Stream.concat(
                        listed.arrays().stream()
                                .map(t -> t.id() + " " + t.info().shape() + " "
                                        + t.info().dtype()),
                        listed.others().entrySet().stream().map(e -> e.getKey() + " of type " + e.getValue()))
                .limit(10)
                .collect(Collectors.joining(", "));
    }
}
