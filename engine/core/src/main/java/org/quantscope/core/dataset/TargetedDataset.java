package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.BadInputException;
import org.quantscope.core.npy.Npz;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Samples whose labels are floating numbers, as a regression has them.
 *
 * @param samples everything else; labels that it may have do not count
 * @param targets all of them, one after the other
 * @param shape of one sample's targets
 */
record TargetedDataset(Dataset samples, TensorData targets, Shape shape) implements Dataset {
    /** What the array may be called where nothing says. */
    private static final Set<String> NAMES = Set.of("labels", "targets", "y");

    /**
     * Gives samples of an .npz their floating labels, if there are any: the array that {@code named} names if it is
     * floating; without a name, and without integer labels, a floating array called labels, targets or y.
     *
     * @param said the file to name where they are wrong
     */
    static Dataset of(Dataset samples, Path file, Optional<String> named, Path said) throws IOException {
        Optional<Tensor> header = Npz.read(file, name -> false).arrays().stream()
                .filter(t -> isTarget(t, named, samples.hasLabels()))
                .findFirst();
        if (header.isEmpty()) {
            return samples;
        }
        String name = header.get().id().name();
        Shape all = header.get().info().shape();
        if (all.dim(0) < samples.size() || all.count() == 0) {
            throw new BadInputException(said, "labels", "'" + name + "' is " + all + ", there are " + samples.size() + " samples");
        }
        TensorData values = Npz.read(file, name::equals).arrays().stream().filter(t -> t.id().name().equals(name)).findFirst().orElseThrow().data();
        long[] dims = all.toArray();
        Shape shape = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
        TargetedDataset targeted = new TargetedDataset(samples, values, shape);
        targeted.checkFinite(said, name);
        return targeted;
    }

    private static boolean isTarget(Tensor t, Optional<String> named, boolean labelled) {
        String name = t.id().name();
        return t.info().dtype().isFloating() && t.info().shape().rank() > 0 && (named.isPresent() ? named.get().equals(name) : !labelled && NAMES.contains(name));
    }

    private void checkFinite(Path said, String name) {
        float[] one = new float[Math.toIntExact(shape.count())];
        for (int i = 0; i < samples.size(); i++) {
            target(i, one);
            for (float v : one) {
                if (!Float.isFinite(v)) {
                    throw new BadInputException(said, "labels", "'" + name + "' has " + v + " for sample " + i);
                }
            }
        }
    }

    @Override
    public Optional<Shape> targetShape() {
        return Optional.of(shape);
    }

    @Override
    public void target(int sample, float[] out) {
        Objects.checkIndex(sample, samples.size());
        int n = Math.toIntExact(shape.count());
        targets.read((long) sample * n, out, 0, n);
    }

    @Override
    public boolean hasLabels() {
        return false;
    }

    @Override
    public int label(int sample) {
        throw new IllegalStateException("labels: " + file().getFileName() + " has targets, no classes");
    }

    @Override
    public Path file() {
        return samples.file();
    }

    @Override
    public String sha256() {
        return samples.sha256();
    }

    @Override
    public int size() {
        return samples.size();
    }

    @Override
    public Shape sampleShape() {
        return samples.sampleShape();
    }

    @Override
    public List<String> classes() {
        return samples.classes();
    }

    @Override
    public void fill(int[] indices, float[] out) {
        samples.fill(indices, out);
    }

    @Override
    public Optional<SamplePicture> picture(int sample) {
        return samples.picture(sample);
    }

    @Override
    public Dataset limit(int n) {
        return new TargetedDataset(samples.limit(n), targets, shape);
    }

    @Override
    public Optional<String> origin() {
        return samples.origin();
    }
}
