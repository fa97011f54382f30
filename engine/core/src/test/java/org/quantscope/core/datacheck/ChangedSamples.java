package org.quantscope.core.datacheck;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.tensor.Shape;

/** A data set of which some samples are changed as they are handed out. */
record ChangedSamples(Dataset of, IntPredicate which, Change change) implements Dataset {
    /** Changes the values of one sample, as the model would get them. */
    @FunctionalInterface
    interface Change {
        void change(int sample, float[] values);
    }

    @Override
    public Path file() {
        return of.file();
    }

    @Override
    public String sha256() {
        return "0".repeat(64);
    }

    @Override
    public Optional<String> origin() {
        return Optional.empty();
    }

    @Override
    public int size() {
        return of.size();
    }

    @Override
    public Dataset limit(int n) {
        return new ChangedSamples(of.limit(n), which, change);
    }

    @Override
    public Shape sampleShape() {
        return of.sampleShape();
    }

    @Override
    public boolean hasLabels() {
        return of.hasLabels();
    }

    @Override
    public int label(int sample) {
        return of.label(sample);
    }

    @Override
    public List<String> classes() {
        return of.classes();
    }

    @Override
    public void fill(int[] samples, float[] out) {
        of.fill(samples, out);
        int n = (int) sampleShape().count();
        for (int i = 0; i < samples.length; i++) {
            if (which.test(samples[i])) {
                float[] one = new float[n];
                System.arraycopy(out, i * n, one, 0, n);
                change.change(samples[i], one);
                System.arraycopy(one, 0, out, i * n, n);
            }
        }
    }
}
