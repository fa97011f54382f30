package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.BadInputException;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Labels that are floating numbers, as a regression has them.
 *
 * @param values all of them, one sample after the other
 * @param shape of one sample's
 */
record Targets(TensorData values, Shape shape) {
    /** What the array may be called where nothing says. */
    private static final Set<String> NAMES = Set.of("labels", "targets", "y");

    /**
     * The floating labels of an .npz, if there are any: the array that {@code named} names if it is floating; without a name, and without integer labels, a
     * floating array called labels, targets or y.
     *
     * @param headers the arrays of the archive
     * @param said the file to name where they are wrong
     */
    static Optional<Targets> of(Path file, List<Tensor> headers, Optional<String> named, boolean labelled, int samples, Path said) throws IOException {
        Optional<Tensor> header = headers.stream().filter(t -> isTarget(t, named, labelled)).findFirst();
        if (header.isEmpty()) {
            return Optional.empty();
        }
        String name = header.get().id().name();
        Shape all = header.get().info().shape();
        if (all.dim(0) != samples || all.count() == 0) {
            throw new BadInputException(said, "labels", "'" + name + "' is " + all + ", there are " + samples + " samples");
        }
        TensorData values = Npz.read(file, name::equals).arrays().stream().filter(t -> t.id().name().equals(name)).findFirst().orElseThrow().data();
        Targets targets = new Targets(values, Shape.of(Arrays.copyOfRange(all.toArray(), 1, all.rank())));
        targets.checkFinite(samples, said, name);
        return Optional.of(targets);
    }

    private static boolean isTarget(Tensor t, Optional<String> named, boolean labelled) {
        String name = t.id().name();
        return t.info().dtype().isFloating() && t.info().shape().rank() > 0 && (named.isPresent() ? named.get().equals(name) : !labelled && NAMES.contains(name));
    }

    private void checkFinite(int samples, Path said, String name) {
        float[] one = new float[Math.toIntExact(shape.count())];
        for (int i = 0; i < samples; i++) {
            read(i, one);
            for (float v : one) {
                if (!Float.isFinite(v)) {
                    throw new BadInputException(said, "labels", "'" + name + "' has " + v + " for sample " + i);
                }
            }
        }
    }

    void read(int sample, float[] out) {
        int n = Math.toIntExact(shape.count());
        values.read((long) sample * n, out, 0, n);
    }
}
