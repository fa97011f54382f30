package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.BadInputException;
import org.quantscope.core.dataset.Sidecar.Layout;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Fingerprint;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.npy.NpzLoader;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/** Opens labelled data. */
public final class Datasets {
    private Datasets() {}

    /**
     * Opens an .npz with its sidecar {@code <name>.dataset.json}.
     *
     * <p>Where the sidecar or a key is missing: inputs are the first floating or U8 array of rank over 1, labels the first integer array of rank 1, both
     * in the order of the archive; scale 1, mean 0, std 1. Dimensions stay in their stored order. Labels that are floating numbers are
     * targets; without a sidecar they are called labels, targets or y.
     *
     * @throws BadInputException if the file or the sidecar is damaged or does not fit together
     * @throws IOException if the file cannot be read at all
     */
    public static Dataset open(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(file, "file", Files.exists(file) ? "is no regular file" : "does not exist");
        }
        byte[] head;
        try (var in = Files.newInputStream(file)) {
            head = in.readNBytes(4);
        }
        if (!new NpzLoader().matches(head, Files.size(file))) {
            throw new BadInputException(file, "format", "is no .npz archive");
        }
        Path sidecarFile = Sidecar.pathOf(file);
        boolean described = Files.exists(sidecarFile);
        Sidecar sidecar = described ? Sidecar.read(sidecarFile) : Sidecar.NONE;
        Path said = described ? sidecarFile : file;
        return TargetedDataset.of(open(file, sidecar, said), file, sidecar.labels(), said);
    }

    /** @param said the file to name where the choice of arrays is wrong */
    private static Dataset open(Path file, Sidecar sidecar, Path said) throws IOException {
        List<Tensor> headers = Npz.read(file, name -> false).arrays();
        String inputName = sidecar.input()
                .or(() -> first(headers, t -> t.info().shape().rank() > 1 && (t.info().dtype().isFloating() || t.info().dtype() == DType.U8)))
                .orElseThrow(() -> new BadInputException(file, "input", "no array is floating or U8 and of rank over 1; there are " + names(headers)));
        check(headers, inputName, said, "input");
        sidecar.labels().ifPresent(name -> check(headers, name, said, "labels"));
        Optional<String> labelsName = sidecar.labels()
                .or(() -> first(headers, t -> t.info().shape().rank() == 1 && isInteger(t.info().dtype())))
                .filter(name -> !named(headers, name).info().dtype().isFloating());

        Set<String> wanted = Stream.concat(Stream.of(inputName), labelsName.stream()).collect(Collectors.toSet());
        List<Tensor> arrays = Npz.read(file, wanted::contains).arrays();
        Tensor input = named(arrays, inputName);
        long[] dims = input.info().shape().toArray();
        Shape all = input.info().shape();
        if (all.rank() < 2 || all.count() == 0 || all.dim(0) > Integer.MAX_VALUE || all.count() / all.dim(0) > Integer.MAX_VALUE) {
            throw new BadInputException(said, "input", "'" + inputName + "' is " + all + ", not samples by values");
        }
        Shape sample = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
        int channelAxis = channelAxis(sidecar, all, said);
        Optional<NpzDataset.Labels> labels = labelsName.map(name -> labels(named(arrays, name), (int) dims[0], sidecar.classes(), said));
        return new NpzDataset(
                file, Fingerprint.sha256(file, new CancelToken()), (int) dims[0], sample, input.data(), labels, sidecar.scale(), sidecar.mean(), sidecar.std(), channelAxis,
                sidecar.classes(), sidecar.origin());
    }

    /** The axis of one sample that mean and std run along; 0 if they do not. */
    private static int channelAxis(Sidecar sidecar, Shape all, Path said) {
        sidecar.layout().ifPresent(layout -> {
            if (layout.rank() != all.rank()) {
                throw new BadInputException(said, "layout", layout + " has " + layout.rank() + " dimensions, the input is " + all);
            }
        });
        int axis = sidecar.layout().map(Layout::channelAxis).orElse(1);
        checkChannels("mean", sidecar.mean(), sidecar, all.dim(axis), said);
        checkChannels("std", sidecar.std(), sidecar, all.dim(axis), said);
        return axis - 1;
    }

    private static void checkChannels(String key, List<Double> values, Sidecar sidecar, long channels, Path said) {
        if (values.size() > 1 && sidecar.layout().isEmpty()) {
            throw new BadInputException(said, key, "has " + values.size() + " values, and no layout says which axis they are for");
        }
        if (values.size() > 1 && values.size() != channels) {
            throw new BadInputException(said, key, "has " + values.size() + " values, the input has " + channels + " channels");
        }
    }

    private static NpzDataset.Labels labels(Tensor tensor, int samples, List<String> classes, Path said) {
        TensorData data = tensor.data();
        if (tensor.info().shape().rank() != 1 || !isInteger(data.dtype())) {
            throw new BadInputException(said, "labels", "'" + tensor.id() + "' is " + tensor.info().shape() + " of " + data.dtype() + ", not one integer per sample");
        }
        if (data.count() != samples) {
            throw new BadInputException(said, "labels", "'" + tensor.id() + "' has " + data.count() + " labels for " + samples + " samples");
        }
        long limit = classes.isEmpty() ? Integer.MAX_VALUE : classes.size();
        int[] values = new int[samples];
        for (int i = 0; i < samples; i++) {
            long label = data.integer(i);
            if (label < 0 || label >= limit) {
                throw new BadInputException(said, "labels", "label " + label + " of sample " + i + " is no class from 0 to " + (limit - 1));
            }
            values[i] = (int) label;
        }
        return new NpzDataset.Labels(values);
    }

    private static boolean isInteger(DType dtype) {
        return !dtype.isFloating() && dtype != DType.BOOL;
    }

    private static Optional<String> first(List<Tensor> arrays, Predicate<Tensor> fits) {
        return arrays.stream().filter(fits).map(t -> t.id().name()).findFirst();
    }

    private static void check(List<Tensor> arrays, String name, Path said, String key) {
        if (arrays.stream().noneMatch(t -> t.id().name().equals(name))) {
            throw new BadInputException(said, key, "'" + name + "' is no array of the archive; there are " + names(arrays));
        }
    }

    private static Tensor named(List<Tensor> arrays, String name) {
        return arrays.stream().filter(t -> t.id().name().equals(name)).findFirst().orElseThrow();
    }

    private static String names(List<Tensor> arrays) {
        return arrays.stream().limit(10).map(t -> t.id() + " " + t.info().shape() + " " + t.info().dtype()).collect(Collectors.joining(", "));
    }
}
