package org.quantscope.core.dataset;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Shape;

/**
 * Data as it goes wrong: in another light, or with samples that are broken. Their hash is another one than that of the
 * file, so that nothing takes them for what the file holds.
 */
public final class AlteredSamples implements Dataset {
    /** How many times too large the values of a broken sample are: as if 0 to 255 were read as 0 to 1. */
    public static final int BROKEN = 255;

    private final Dataset whole;
    private final Dataset larger;
    private final int broken;

    private AlteredSamples(Dataset whole, Dataset larger, int broken) {
        this.whole = whole;
        this.larger = larger;
        this.broken = broken;
    }

    /**
     * The same samples in another light: what is stored is multiplied with {@code factor} before anything else.
     *
     * @throws BadInputException if the samples come from no file
     */
    public static Dataset lit(Dataset whole, double factor) {
        Preprocessing how = whole.preprocessing().orElseThrow(() -> unknown(whole));
        Samples samples = whole.samples().orElseThrow(() -> unknown(whole));
        return Datasets.prepare(samples, how.withValues(how.scale() * factor, how.mean(), how.std()))
                .limit(whole.size());
    }

    /**
     * The same samples, of which the first so many are broken.
     *
     * @throws BadInputException if the samples come from no file
     */
    public static Dataset broken(Dataset whole, int count) {
        return new AlteredSamples(whole, lit(whole, BROKEN), Math.min(count, whole.size()));
    }

    private static BadInputException unknown(Dataset whole) {
        return new BadInputException(whole.file(), "preprocessing", "is not known, so the light cannot be changed");
    }

    @Override
    public Path file() {
        return whole.file();
    }

    @Override
    public String sha256() {
        try {
            byte[] text = (whole.sha256() + " broken " + broken).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public int size() {
        return whole.size();
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
        return whole.label(sample);
    }

    @Override
    public Optional<Shape> labelShape() {
        return whole.labelShape();
    }

    @Override
    public void labels(int sample, int[] out) {
        whole.labels(sample, out);
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
        whole.target(sample, out);
    }

    @Override
    public List<String> classes() {
        return whole.classes();
    }

    @Override
    public void fill(int[] samples, float[] out) {
        whole.fill(samples, out);
        int values = (int) sampleShape().count();
        float[] one = new float[values];
        for (int i = 0; i < samples.length; i++) {
            if (samples[i] < broken) {
                larger.fill(new int[] {samples[i]}, one);
                System.arraycopy(one, 0, out, i * values, values);
            }
        }
    }

    @Override
    public Map<String, Shape> others() {
        return whole.others();
    }

    @Override
    public void fillOther(String name, int[] wanted, float[] out) {
        whole.fillOther(name, wanted, out);
    }

    @Override
    public Optional<SamplePicture> picture(int sample) {
        return whole.picture(sample);
    }

    @Override
    public Dataset limit(int n) {
        return n >= size() ? this : new AlteredSamples(whole.limit(n), larger.limit(n), Math.min(broken, n));
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
