package org.quantscope.linalg;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.tensor.Shape;

/** Samples of a data set of which only the first features are seen. */
record FirstFeatures(Dataset whole, int features) implements Dataset {
    @Override
    public Path file() {
        return whole.file();
    }

    @Override
    public String sha256() {
        return whole.sha256();
    }

    @Override
    public int size() {
        return whole.size();
    }

    @Override
    public Shape sampleShape() {
        return Shape.of(features);
    }

    @Override
    public boolean hasLabels() {
        return false;
    }

    @Override
    public int label(int sample) {
        return UNSCORED;
    }

    @Override
    public List<String> classes() {
        return List.of();
    }

    @Override
    public void fill(int[] samples, float[] out) {
        int n = Math.toIntExact(whole.sampleShape().count());
        float[] all = new float[samples.length * n];
        whole.fill(samples, all);
        for (int i = 0; i < samples.length; i++) {
            // From the middle, where pictures of digits are not empty.
            System.arraycopy(all, i * n + n / 2, out, i * features, features);
        }
    }

    @Override
    public Dataset limit(int n) {
        return new FirstFeatures(whole.limit(n), features);
    }

    @Override
    public Optional<String> origin() {
        return Optional.empty();
    }
}
