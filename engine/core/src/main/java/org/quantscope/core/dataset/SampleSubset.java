package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.quantscope.core.tensor.Shape;

/** Some samples of another data set, in an order of its own. */
public final class SampleSubset implements Dataset {
    private final Dataset whole;
    private final int[] chosen;
    private final SortedSet<Integer> dropped;

    private SampleSubset(Dataset whole, int[] chosen) {
        this(whole, chosen, Collections.emptySortedSet());
    }

    private SampleSubset(Dataset whole, int[] chosen, SortedSet<Integer> dropped) {
        this.whole = whole;
        this.chosen = chosen;
        this.dropped = dropped;
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
     * The same two halves as parts of the file: each is the data with the samples of the other left out, so that a
     * reference to it says which samples it has.
     *
     * @throws IllegalArgumentException if there are fewer than two samples
     */
    public static List<Dataset> halvesOfFile(Dataset whole, long seed) {
        List<Dataset> halves = halves(whole, seed);
        Dataset file = undropped(whole);
        return List.of(
                dropping(file, places(whole, (SampleSubset) halves.getLast())),
                dropping(file, places(whole, (SampleSubset) halves.getFirst())));
    }

    private static SortedSet<Integer> places(Dataset whole, SampleSubset part) {
        SortedSet<Integer> places = new TreeSet<>(whole.dropped());
        for (int i : part.chosen) {
            places.add(placeInFile(whole, i));
        }
        return places;
    }

    /**
     * Some samples of a data set.
     *
     * @param chosen their indices, in the order that they are to have
     */
    public static Dataset of(Dataset whole, int[] chosen) {
        return new SampleSubset(whole, chosen.clone());
    }

    /**
     * A data set without some of its samples; the others keep their order. It stays the data of the same file.
     *
     * @param dropped indices into {@code whole}, from 0
     * @throws IllegalArgumentException if there is no such sample, or no other one
     */
    public static Dataset dropping(Dataset whole, SortedSet<Integer> dropped) {
        if (dropped.isEmpty()) {
            return whole;
        }
        int[] rest = IntStream.range(0, whole.size())
                .filter(i -> !dropped.contains(i))
                .toArray();
        if (dropped.first() < 0 || dropped.last() >= whole.size() || rest.length == 0) {
            throw new IllegalArgumentException("dropped: " + dropped + " of " + whole.size() + " samples");
        }
        return new SampleSubset(whole, rest, Collections.unmodifiableSortedSet(new TreeSet<>(dropped)));
    }

    /** The data set with the samples that were {@link #dropping dropped} from it. */
    public static Dataset undropped(Dataset data) {
        return data instanceof SampleSubset subset && !subset.dropped.isEmpty() ? subset.whole : data;
    }

    /** The place in the file of a sample of a data set from which others may have been {@link #dropping dropped}. */
    public static int placeInFile(Dataset data, int sample) {
        return data instanceof SampleSubset subset && !subset.dropped.isEmpty() ? subset.chosen[sample] : sample;
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
        return n >= chosen.length ? this : new SampleSubset(whole, Arrays.copyOf(chosen, n), dropped);
    }

    @Override
    public SortedSet<Integer> dropped() {
        return dropped;
    }

    @Override
    public Optional<Samples> samples() {
        return dropped.isEmpty() ? Optional.empty() : whole.samples();
    }

    @Override
    public Optional<Preprocessing> preprocessing() {
        return whole.preprocessing();
    }

    @Override
    public Optional<String> corrupted() {
        return whole.corrupted();
    }

    @Override
    public Optional<String> origin() {
        return whole.origin();
    }
}
