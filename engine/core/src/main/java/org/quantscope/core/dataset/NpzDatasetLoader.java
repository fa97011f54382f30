package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
import org.quantscope.core.tensor.TensorData;

/**
 * Reads a NumPy archive of inputs and labels. Without a sidecar, or without its key, the first of these in the order of
 * the archive are taken. Inputs: a floating or U8 array of rank above 1, else an integer array of rank above 1, which
 * may hold tokens. Labels: an integer array of rank 1, else a floating array called labels, targets or y. Floating
 * labels are targets.
 */
final class NpzDatasetLoader implements DatasetLoader {
    /** Names by which an array of floating labels is recognized. */
    private static final Set<String> TARGETS = Set.of("labels", "targets", "y");

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
        List<Tensor> headers = Npz.read(file, name -> false).arrays();
        String inputName = sidecar.input()
                .or(() -> first(
                        headers,
                        t -> t.info().shape().rank() > 1
                                && (t.info().dtype().isFloating() || t.info().dtype() == DType.U8)))
                .or(() -> first(
                        headers,
                        t -> t.info().shape().rank() > 1 && isInteger(t.info().dtype())))
                .orElseThrow(() -> new BadInputException(
                        file, "input", "no array of numbers is of rank over 1; there are " + names(headers)));
        Optional<String> named = sidecar.labels()
                .or(() -> first(
                        headers,
                        t -> t.info().shape().rank() == 1 && isInteger(t.info().dtype())))
                .or(() -> first(headers, t -> TARGETS.contains(t.id().name()) && isTarget(t)));
        check(headers, inputName, said, "input");
        named.ifPresent(name -> check(headers, name, said, "labels"));
        Optional<String> targetsName = named.filter(name -> isTarget(named(headers, name)));
        Optional<String> labelsName = named.filter(name -> targetsName.isEmpty());

        Set<String> wanted = Stream.concat(Stream.of(inputName), named.stream()).collect(Collectors.toSet());
        List<Tensor> arrays = Npz.read(file, wanted::contains).arrays();
        Tensor input = named(arrays, inputName);
        Shape all = input.info().shape();
        if (all.rank() < 2
                || all.count() == 0
                || all.dim(0) > Integer.MAX_VALUE
                || all.count() / all.dim(0) > Integer.MAX_VALUE) {
            throw new BadInputException(said, "input", "'" + inputName + "' is " + all + ", not samples by values");
        }
        Shape sample = Shape.of(Arrays.copyOfRange(all.toArray(), 1, all.rank()));
        int size = (int) all.dim(0);
        SideArrays.requireExact(input, said);
        SideArrays side = SideArrays.of(
                file,
                headers.stream().filter(t -> !wanted.contains(t.id().name())).toList(),
                size);
        Optional<Labels> labels = labelsName.map(name -> labels(named(arrays, name), size, sidecar.classes(), said));
        Optional<Targets> targets = targetsName.map(name -> Targets.of(named(arrays, name), size, said));
        return new ArraySamples(
                file,
                Fingerprint.sha256(file, cancel),
                size,
                input.data(),
                sample,
                labels,
                sidecar.classes(),
                sidecar.origin(),
                sidecar.preprocessing(),
                said,
                title(),
                targets,
                Optional.empty(),
                side);
    }

    /**
     * The labels in an array.
     *
     * @param said the file to name in errors
     */
    static Labels labels(Tensor tensor, int samples, List<String> classes, Path said) {
        TensorData data = tensor.data();
        if (tensor.info().shape().rank() != 1 || !isInteger(data.dtype())) {
            throw new BadInputException(
                    said,
                    "labels",
                    "'" + tensor.id() + "' is " + tensor.info().shape() + " of " + data.dtype()
                            + ", not one integer per sample");
        }
        return labels(data, "'" + tensor.id() + "'", samples, classes, said);
    }

    static Labels labels(TensorData data, String name, int samples, List<String> classes, Path said) {
        if (data.count() != samples) {
            throw new BadInputException(
                    said, "labels", name + " has " + data.count() + " labels for " + samples + " samples");
        }
        long limit = classes.isEmpty() ? Integer.MAX_VALUE : classes.size();
        int[] values = new int[samples];
        for (int i = 0; i < samples; i++) {
            long label = data.integer(i);
            if (label < 0 || label >= limit) {
                throw new BadInputException(
                        said, "labels", "label " + label + " of sample " + i + " is no class from 0 to " + (limit - 1));
            }
            values[i] = (int) label;
        }
        return new Labels(values);
    }

    private static boolean isTarget(Tensor t) {
        return t.info().dtype().isFloating() && t.info().shape().rank() > 0;
    }

    static boolean isInteger(DType dtype) {
        return !dtype.isFloating() && dtype != DType.BOOL;
    }

    private static Optional<String> first(List<Tensor> arrays, Predicate<Tensor> fits) {
        return arrays.stream().filter(fits).map(t -> t.id().name()).findFirst();
    }

    private static void check(List<Tensor> arrays, String name, Path said, String key) {
        if (arrays.stream().noneMatch(t -> t.id().name().equals(name))) {
            throw new BadInputException(
                    said, key, "'" + name + "' is not an array of the archive; there are " + names(arrays));
        }
    }

    private static Tensor named(List<Tensor> arrays, String name) {
        return arrays.stream()
                .filter(t -> t.id().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static String names(List<Tensor> arrays) {
        return arrays.stream()
                .limit(10)
                .map(t -> t.id() + " " + t.info().shape() + " " + t.info().dtype())
                .collect(Collectors.joining(", "));
    }
}
