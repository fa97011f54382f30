package org.quantscope.core.eval;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.tensor.Shape;

/** Samples made up for a test: value k of sample i is {@code sin(i·n + k)·3}. */
public final class MemoryData implements Dataset {
    private final int size;
    private final Shape shape;
    private final IntUnaryOperator labels;
    private final boolean labelled;
    private Optional<Shape> targetShape = Optional.empty();
    private Targets targets = (sample, k) -> 0;
    private Optional<Shape> labelShape = Optional.empty();
    private int[][] rows = {};
    private final Map<String, Shape> others = new HashMap<>();
    private final Map<String, Targets> otherValues = new HashMap<>();

    /** Value k of a sample's targets. */
    @FunctionalInterface
    public interface Targets {
        float of(int sample, int k);
    }

    public MemoryData(int size, Shape shape, IntUnaryOperator labels) {
        this(size, shape, labels, true);
    }

    private MemoryData(int size, Shape shape, IntUnaryOperator labels, boolean labelled) {
        this.size = size;
        this.shape = shape;
        this.labels = labels;
        this.labelled = labelled;
    }

    public static MemoryData unlabelled(int size, Shape shape) {
        return new MemoryData(size, shape, i -> 0, false);
    }

    /** This one with several labels for each sample. */
    public MemoryData withLabels(Shape of, int[][] labels) {
        MemoryData data = unlabelled(size, shape);
        data.labelShape = Optional.of(of);
        data.rows = labels;
        return data;
    }

    @Override
    public Optional<Shape> labelShape() {
        return labelShape.or(Dataset.super::labelShape);
    }

    @Override
    public void labels(int sample, int[] out) {
        if (labelShape.isEmpty()) {
            Dataset.super.labels(sample, out);
        } else {
            System.arraycopy(rows[sample], 0, out, 0, out.length);
        }
    }

    public MemoryData withTargets(Shape of, Targets values) {
        MemoryData data = unlabelled(size, shape);
        data.targetShape = Optional.of(of);
        data.targets = values;
        return data;
    }

    /** This one, with another array beside it. */
    public MemoryData withOther(String name, Shape of, Targets values) {
        others.put(name, of);
        otherValues.put(name, values);
        return this;
    }

    @Override
    public Map<String, Shape> others() {
        return others;
    }

    @Override
    public void fillOther(String name, int[] wanted, float[] out) {
        int n = (int) others.get(name).count();
        for (int i = 0; i < wanted.length * n; i++) {
            out[i] = otherValues.get(name).of(wanted[i / n], i % n);
        }
    }

    float target(int sample, int k) {
        return targets.of(sample, k);
    }

    @Override
    public Optional<Shape> targetShape() {
        return targetShape;
    }

    @Override
    public void target(int sample, float[] out) {
        for (int k = 0; k < out.length; k++) {
            out[k] = targets.of(sample, k);
        }
    }

    float value(int sample, int k) {
        return (float) Math.sin((double) sample * shape.count() + k) * 3;
    }

    /** How many samples a predicate holds for. */
    int count(IntPredicate predicate) {
        int n = 0;
        for (int i = 0; i < size; i++) {
            n += predicate.test(i) ? 1 : 0;
        }
        return n;
    }

    @Override
    public void fill(int[] samples, float[] out) {
        int n = (int) shape.count();
        for (int i = 0; i < samples.length; i++) {
            for (int k = 0; k < n; k++) {
                out[i * n + k] = value(samples[i], k);
            }
        }
    }

    @Override
    public Path file() {
        return Path.of("memory.npz");
    }

    @Override
    public String sha256() {
        return "0".repeat(64);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Shape sampleShape() {
        return shape;
    }

    @Override
    public boolean hasLabels() {
        return labelled || (rows.length > 0 && Arrays.stream(rows).allMatch(MemoryData::isOneHot));
    }

    private static boolean isOneHot(int[] row) {
        return Arrays.stream(row).allMatch(v -> v == 0 || v == 1)
                && Arrays.stream(row).sum() == 1;
    }

    @Override
    public int label(int sample) {
        return rows.length > 0
                ? IntStream.range(0, rows[sample].length)
                        .filter(k -> rows[sample][k] == 1)
                        .findFirst()
                        .orElseThrow()
                : labels.applyAsInt(sample);
    }

    @Override
    public List<String> classes() {
        return List.of();
    }

    @Override
    public Dataset limit(int n) {
        return n >= size ? this : new MemoryData(n, shape, labels, labelled);
    }

    @Override
    public Optional<String> origin() {
        return Optional.empty();
    }
}
