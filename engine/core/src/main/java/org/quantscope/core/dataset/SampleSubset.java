package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.quantscope.core.tensor.Shape;

/** Some samples of another data set, in an order of its own. */
public final class SampleSubset implements Dataset {
    private final Dataset whole;
    private final int[] chosen;

    private SampleSubset(Dataset whole, int[] chosen) {
        this.whole = whole;
        this.chosen = chosen;
    }

    /**
     * Two halves without a sample in common, by chance: one to choose on, the other to report on. Of an odd number the
     * second has one more.
     *
     * @throws IllegalArgumentException if there are fewer than two samples
     */
    public static List<Dataset> halves(Dataset whole, long seed) {
        int n = whole.size();
        if (n < 2) {
            throw new IllegalArgumentException("samples: two halves need at least 2, got " + n);
        }
        int[] order = IntStream.range(0, n).toArray();
        Random random = new Random(seed);
        for (int i = n - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        int[] first = Arrays.copyOfRange(order, 0, n / 2);
        int[] second = Arrays.copyOfRange(order, n / 2, n);
        Arrays.sort(first);
        Arrays.sort(second);
        return List.of(new SampleSubset(whole, first), new SampleSubset(whole, second));
    }

    /**
     * Some samples of a data set.
     *
     * @param chosen their indices, in the order that they are to have
     */
    public static Dataset of(Dataset whole, int[] chosen) {
        return new SampleSubset(whole, chosen.clone());
    }

    private int[] ofWhole(int[] samples) {
        return IntStream.of(samples).map(i -> chosen[i]).toArray();
    }

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
        return chosen.length;
    }

    @Override
    public SortedMap<String, String> companions() {
        return whole.companions();
    }

    @Override
    public Shape sampleShape() {
        return whole.sampleShape();
    }

    @Override
    public boolean hasLabels() {
        return whole.hasLabels();
    }

    @Override
    public int label(int sample) {
        return whole.label(chosen[sample]);
    }

    @Override
    public Optional<Shape> labelShape() {
        return whole.labelShape();
    }

    @Override
    public void labels(int sample, int[] out) {
        whole.labels(chosen[sample], out);
    }

    @Override
    public List<String> leftOut() {
        return whole.leftOut();
    }

    @Override
    public Optional<Shape> targetShape() {
        return whole.targetShape();
    }

    @Override
    public void target(int sample, float[] out) {
        whole.target(chosen[sample], out);
    }

    @Override
    public List<String> classes() {
        return whole.classes();
    }

    @Override
    public void fill(int[] samples, float[] out) {
        whole.fill(ofWhole(samples), out);
    }

    @Override
    public Map<String, Shape> others() {
        return whole.others();
    }

    @Override
    public void fillOther(String name, int[] wanted, float[] out) {
        whole.fillOther(name, ofWhole(wanted), out);
    }

    @Override
    public Optional<SamplePicture> picture(int sample) {
        return whole.picture(chosen[sample]);
    }

    @Override
    public Dataset limit(int n) {
        return n >= chosen.length ? this : new SampleSubset(whole, Arrays.copyOf(chosen, n));
    }

    @Override
    public Optional<Preprocessing> preprocessing() {
        return whole.preprocessing();
    }

    @Override
    public Optional<String> origin() {
        return whole.origin();
    }
}
