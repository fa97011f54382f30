package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Whether calibration data is good enough. Ranges here are from the least to the largest value: the range that a single
 * sample can spoil.
 *
 * @param samples of the data
 * @param enough the fewest samples whose ranges cost at most {@link #WORTH} of the error more than those of all do, on
 *     every activation and in each of several random orders; empty if only all of them are enough
 * @param bits that this is for
 * @param tensors the activations in the order of the graph
 * @param odd the samples that stand out most, worst first
 * @param notes what was not looked at, in sentences
 */
public record DataCheck(
        int samples, OptionalInt enough, int bits, List<Settling> tensors, List<Odd> odd, List<String> notes) {
    /** The share of a range by which it changes if a sample is said to move it. */
    public static final double MOVED = 0.1;

    /** How much more error than with all samples is as good as theirs: 1 dB. */
    public static final double WORTH = 0.2589;

    /** Of several equally odd samples, as copies of one are, the first of the file is the oddest. */
    private static final Comparator<Odd> LEAST_ODD_FIRST =
            Comparator.comparingDouble(Odd::distance).thenComparing(Odd::index, Comparator.reverseOrder());

    /** Samples named at most. */
    private static final int NAMED = 10;

    /** Tensors whose figures tell odd samples, at most: more of them say the same again. */
    private static final int LOOKED_AT = 16;

    /** Figures of one sample's values in a tensor, before the means of its parts. */
    private static final List<String> FIGURES =
            List.of("mean", "standard deviation", "least value", "largest value", "mean difference of neighbours");

    /** Figures of all tensors together: for each there should be several samples. */
    private static final int MOST_FIGURES = 160;

    private static final int SAMPLES_FOR_A_FIGURE = 3;

    /** Means of equal parts of a sample's values, at most: they tell where in it something is. */
    private static final int MOST_PARTS = 32;

    /** Bytes of figures that are kept; beyond them the model is run once more. */
    private static final long KEPT_BYTES = 128L << 20;

    public DataCheck {
        tensors = List.copyOf(tensors);
        odd = List.copyOf(odd);
        notes = List.copyOf(notes);
    }

    /**
     * How the range of an activation settles.
     *
     * @param range of all samples
     * @param at the ranges of the first n samples, by n: the middle one of several random orders
     * @param course how width and error come near those of all samples, by n
     * @param setBy the sample that sets it, in file order from 0
     * @param narrowed by what share of its width the range shrinks without that sample
     * @param without the range without that sample
     * @param error the mean squared error at {@code bits} with the range of all samples
     */
    public record Settling(
            TensorId id,
            ClipRange range,
            Map<Integer, ClipRange> at,
            SortedMap<Integer, Course> course,
            int setBy,
            double narrowed,
            ClipRange without,
            double error) {}

    /**
     * What the first n samples give in several random orders.
     *
     * @param width of the range over that of all samples, 0 to 1
     * @param error the mean squared error with that range over the one with the range of all samples, measured on all;
     *     1 where both are 0
     */
    public record Course(Interval width, Interval error) {}

    /** The least, the middle and the largest of several values. */
    public record Interval(double low, double middle, double high) {
        static Interval of(double[] values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            return new Interval(sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
        }
    }

    /**
     * A sample that stands out.
     *
     * @param index in file order from 0
     * @param why in words, with the figure that stands out most
     * @param moved the number of ranges that change by more than {@link #MOVED} of their width without it
     * @param distance squared Mahalanobis distance of its figures; infinite if it has values that are no finite numbers
     */
    public record Odd(int index, String why, int moved, double distance) {}

    /**
     * Looks at data.
     *
     * @param model with a graph, as analysed
     * @param spec how activations are quantized; its clip is not looked at
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static DataCheck of(Model model, Dataset data, QuantSpec spec, Progress progress, CancelToken cancel) {
        Map<TensorId, MomentSketch> sketches =
                ActivationCalibration.run(model, data, progress, cancel).sketches();
        return of(model, data, spec, sketches, progress, cancel);
    }

    /** @param sketches what the activations are on this data */
    public static DataCheck of(
            Model model,
            Dataset data,
            QuantSpec spec,
            Map<TensorId, MomentSketch> sketches,
            Progress progress,
            CancelToken cancel) {
        return new Pass(model, data, spec, sketches, progress, cancel).run();
    }

    /** The verdict, in one or two sentences. */
    public String sentence() {
        String first = enough.isPresent()
                ? String.format(
                        Locale.ROOT, "%,d of %,d samples are enough for %d bits.", enough.getAsInt(), samples, bits)
                : String.format(
                        Locale.ROOT,
                        "%,d samples may not be enough for %d bits: half of them give other ranges.",
                        samples,
                        bits);
        return odd.stream()
                .filter(o -> o.moved > 0)
                .max(Comparator.comparingInt(Odd::moved))
                .map(o -> first + " Sample " + o.index + " alone widens " + o.moved
                        + (o.moved == 1 ? " range." : " ranges."))
                .orElse(first);
    }

    /** The passes over the data. */
    private static final class Pass {
        private final Model model;
        private final Dataset data;
        private final QuantSpec spec;
        private final Map<TensorId, MomentSketch> sketches;
        private final Progress progress;
        private final CancelToken cancel;
        private final SampleFeed feed;
        private final SampleOrders orders;
        private final List<TensorId> tensors;
        private final Map<TensorId, Integer> lookedAt = new LinkedHashMap<>();
        private final Map<TensorId, RangeTracker> ranges = new LinkedHashMap<>();
        private final Map<TensorId, Map<ClipRange, Double>> errors = new HashMap<>();
        private final Set<TensorId> apart = new LinkedHashSet<>();
        private final Set<Integer> broken = new LinkedHashSet<>();
        private final Oddness oddness;
        private final int parts;

        Pass(
                Model model,
                Dataset data,
                QuantSpec spec,
                Map<TensorId, MomentSketch> sketches,
                Progress progress,
                CancelToken cancel) {
            this.model = model;
            this.data = data;
            this.spec = spec;
            this.sketches = sketches;
            this.progress = progress;
            this.cancel = cancel;
            this.feed = SampleFeed.of(model, data);
            this.tensors = model.graph().orElseThrow().activations().stream()
                    .map(TensorInfo::id)
                    .filter(id -> Optional.ofNullable(sketches.get(id))
                            .filter(sketch -> sketch.count() > 0)
                            .isPresent())
                    .toList();
            this.orders = new SampleOrders(data.size());
            tensors.forEach(id -> ranges.put(id, new RangeTracker(orders)));
            int most = Math.clamp(data.size() / SAMPLES_FOR_A_FIGURE, LOOKED_AT, MOST_FIGURES);
            int n = Math.min(Math.min(LOOKED_AT, Math.max(1, most / (2 * FIGURES.size()))), tensors.size());
            this.parts = n == 0 ? 0 : Math.clamp(most / n - FIGURES.size(), 1, MOST_PARTS);
            for (int i = 0; i < n; i++) {
                lookedAt.put(tensors.get((int) ((long) i * tensors.size() / n)), i * figures());
            }
            this.oddness = new Oddness(Math.max(1, lookedAt.size() * figures()));
        }

        /** Of one sample in one tensor. */
        private int figures() {
            return FIGURES.size() + parts;
        }

        DataCheck run() {
            int size = Math.max(1, lookedAt.size() * figures());
            boolean keep = (long) data.size() * size * Float.BYTES <= KEPT_BYTES;
            float[][] kept = keep ? new float[data.size()][] : new float[0][];
            forEachSample("samples", true, (sample, figures) -> {
                if (isFinite(figures)) {
                    oddness.add(figures);
                } else {
                    broken.add(sample);
                }
                if (keep) {
                    kept[sample] = floats(figures);
                }
            });
            PriorityQueue<Odd> worst = new PriorityQueue<>(LEAST_ODD_FIRST);
            Map<Integer, Integer> moved = moved();
            if (keep) {
                for (int s = 0; s < kept.length; s++) {
                    judge(s, doubles(kept[s]), moved, worst);
                }
            } else {
                forEachSample("odd samples", false, (sample, figures) -> judge(sample, figures, moved, worst));
            }
            List<Odd> odd = new ArrayList<>(worst);
            odd.sort(LEAST_ODD_FIRST.reversed());
            moved.forEach((sample, count) -> {
                if (odd.stream().noneMatch(o -> o.index == sample)) {
                    odd.add(new Odd(
                            sample, "sets the end of " + count + (count == 1 ? " range" : " ranges"), count, 0));
                }
            });
            List<Odd> inFile = odd.stream()
                    .map(o -> new Odd(SampleSubset.placeInFile(data, o.index), o.why, o.moved, o.distance))
                    .toList();
            return new DataCheck(data.size(), enough(), spec.bits(), settlings(), inFile, notes());
        }

        private static boolean isFinite(double[] figures) {
            for (double figure : figures) {
                if (!Double.isFinite(figure)) {
                    return false;
                }
            }
            return true;
        }

        private static float[] floats(double[] values) {
            float[] out = new float[values.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (float) values[i];
            }
            return out;
        }

        private static double[] doubles(float[] values) {
            return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
        }

        /** For each sample that sets an end how many ranges it moves, if any. */
        private Map<Integer, Integer> moved() {
            Map<Integer, Integer> moved = new TreeMap<>();
            for (RangeTracker range : ranges.values()) {
                for (int sample : range.ends()) {
                    if (range.narrowed(sample) > MOVED) {
                        moved.merge(sample, 1, Integer::sum);
                    }
                }
            }
            return moved;
        }

        private void judge(int sample, double[] figures, Map<Integer, Integer> moved, PriorityQueue<Odd> worst) {
            boolean numbers = !broken.contains(sample);
            double distance = numbers ? oddness.of(figures) : Double.POSITIVE_INFINITY;
            if (worst.size() == NAMED && worst.peek().distance >= distance) {
                return;
            }
            String why = numbers ? why(figures) : "has values that are no finite numbers";
            worst.add(new Odd(sample, why, moved.getOrDefault(sample, 0), distance));
            if (worst.size() > NAMED) {
                worst.poll();
            }
        }

        private String why(double[] figures) {
            Oddness.Apart most = oddness.furthest(figures);
            TensorId tensor = lookedAt.keySet().stream()
                    .skip(most.figure() / figures())
                    .findFirst()
                    .orElseThrow();
            double scale = scale(Objects.requireNonNull(sketches.get(tensor)));
            int which = most.figure() % figures();
            String figure = which < FIGURES.size()
                    ? FIGURES.get(which)
                    : "mean of part " + (which - FIGURES.size() + 1) + " of " + parts;
            return String.format(
                    Locale.ROOT,
                    "%s of %s is %.4g; of all samples it is about %.4g",
                    figure,
                    tensor.name(),
                    Math.sinh(figures[most.figure()]) * scale,
                    Math.sinh(most.mean()) * scale);
        }

        private static double scale(MomentSketch all) {
            return all.std() > 0 ? all.std() : 1;
        }

        private OptionalInt enough() {
            List<Integer> sizes = orders.sizes();
            int fewest = sizes.size() - 1;
            for (int s = sizes.size() - 2; s >= 0 && isEnough(s); s--) {
                fewest = s;
            }
            return fewest == sizes.size() - 1 ? OptionalInt.empty() : OptionalInt.of(sizes.get(fewest));
        }

        private boolean isEnough(int size) {
            for (Map.Entry<TensorId, RangeTracker> entry : ranges.entrySet()) {
                if (!entry.getValue().isEmpty()) {
                    double best = error(entry.getKey(), entry.getValue().range());
                    for (ClipRange range : entry.getValue().at(size)) {
                        if (error(entry.getKey(), range) > best * (1 + WORTH)) {
                            return false;
                        }
                    }
                }
            }
            return true;
        }

        /** The errors of different orders are often those of one range. */
        private double error(TensorId id, ClipRange range) {
            return errors.computeIfAbsent(id, x -> new HashMap<>()).computeIfAbsent(range, r -> computedError(id, r));
        }

        private double computedError(TensorId id, ClipRange range) {
            MomentSketch sketch = Objects.requireNonNull(sketches.get(id));
            return sketch.estimate(RangeResolver.resolve(sketch, spec, range).grid(0))
                    .mse();
        }

        private List<Settling> settlings() {
            List<Settling> all = new ArrayList<>();
            ranges.forEach((id, tracker) -> {
                if (!tracker.isEmpty()) {
                    Map<Integer, ClipRange> at = new TreeMap<>();
                    SortedMap<Integer, Course> course = new TreeMap<>();
                    double error = error(id, tracker.range());
                    for (int s = 0; s < orders.sizes().size(); s++) {
                        List<ClipRange> ranges = tracker.at(s);
                        at.put(orders.sizes().get(s), middle(ranges));
                        course.put(orders.sizes().get(s), course(id, ranges, tracker.range(), error));
                    }
                    int by = tracker.setBy();
                    all.add(new Settling(
                            id,
                            tracker.range(),
                            at,
                            course,
                            SampleSubset.placeInFile(data, by),
                            tracker.narrowed(by),
                            tracker.without(by),
                            error));
                }
            });
            return all;
        }

        private Course course(TensorId id, List<ClipRange> some, ClipRange all, double error) {
            double width = RangeTracker.width(all);
            return new Course(
                    Interval.of(some.stream()
                            .mapToDouble(r -> width == 0 ? 1 : RangeTracker.width(r) / width)
                            .toArray()),
                    Interval.of(some.stream()
                            .mapToDouble(r -> {
                                double own = error(id, r);
                                return own == error ? 1 : own / error;
                            })
                            .toArray()));
        }

        private static ClipRange middle(List<ClipRange> ranges) {
            return ranges.stream()
                    .sorted(Comparator.comparingDouble(r -> (double) r.hi() - r.lo()))
                    .skip(ranges.size() / 2)
                    .findFirst()
                    .orElseThrow();
        }

        private List<String> notes() {
            List<String> notes = new ArrayList<>();
            if (!apart.isEmpty()) {
                notes.add("Not looked at sample by sample, because rows of it are no samples: "
                        + String.join(", ", apart.stream().map(TensorId::name).toList()) + ".");
            }
            if (tensors.size() > lookedAt.size()) {
                notes.add("Odd samples are told by " + lookedAt.size() + " of " + tensors.size() + " activations.");
            }
            if (feed.rowsInteract()) {
                notes.add("The rows of a batch influence each other, so no sample can be judged by itself.");
            }
            return notes;
        }

        /** Takes the compressed figures of a sample. */
        @FunctionalInterface
        private interface Taker {
            void take(int sample, double[] figures);
        }

        /** @param track true if ranges are to be followed too */
        private void forEachSample(String what, boolean track, Taker taker) {
            Set<String> wanted = new LinkedHashSet<>();
            (track ? tensors : lookedAt.keySet()).forEach(id -> wanted.add(id.name()));
            List<String> tapped = wanted.stream()
                    .filter(name -> !feed.inputs().contains(name))
                    .toList();
            int samples = data.size();
            try (TappedRun run = TappedRun.of(model, feed, tapped)) {
                for (int from = 0; from < samples; from += feed.batchSize()) {
                    cancel.check();
                    progress.report(from, samples, what + ", sample " + (from + 1) + " of " + samples);
                    int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                            .toArray();
                    double[][] figures = new double[batch.length][Math.max(1, lookedAt.size() * figures())];
                    for (String input : feed.inputs()) {
                        if (wanted.contains(input)) {
                            see(
                                    input,
                                    feed.values(input, batch),
                                    feed.shape(input, batch.length),
                                    batch,
                                    track,
                                    figures);
                        }
                    }
                    if (!tapped.isEmpty()) {
                        try (SampleFeed.Batch fed = feed.load(batch)) {
                            run.forEach(
                                    fed,
                                    cancel,
                                    out -> see(out.name(), out.values(), out.shape(), batch, track, figures));
                        }
                    }
                    for (int i = 0; i < batch.length; i++) {
                        taker.take(batch[i], figures[i]);
                    }
                }
                progress.report(samples, samples, what);
            }
        }

        private void see(String name, float[] values, Shape shape, int[] batch, boolean track, double[][] figures) {
            TensorId id = new TensorId(name);
            long rows = shape.rank() == 0 ? 0 : shape.dim(0);
            if (rows < batch.length || rows > feed.batchSize()) {
                apart.add(id);
                return;
            }
            int each = (int) (values.length / rows);
            MomentSketch all = Objects.requireNonNull(sketches.get(id));
            Integer at = lookedAt.get(id);
            double scale = scale(all);
            RangeTracker range = Objects.requireNonNull(ranges.get(id));
            for (int i = 0; i < batch.length; i++) {
                double[] seen = figures(values, i * each, each, all, parts);
                if (track && seen[2] <= seen[3]) {
                    range.add(batch[i], (float) seen[2], (float) seen[3]);
                }
                if (at != null) {
                    for (int f = 0; f < seen.length; f++) {
                        figures[i][at + f] = Oddness.compressed(seen[f] / scale);
                    }
                }
            }
        }

        /**
         * The figures of one sample's values. Values beyond those of the sketch, and negative infinity, are masks and
         * belong to no range; a value that is no number makes all figures none.
         */
        private static double[] figures(float[] values, int from, int length, MomentSketch all, int parts) {
            double[] figures = new double[FIGURES.size() + parts];
            double sum = 0;
            double squares = 0;
            double rough = 0;
            float lo = Float.POSITIVE_INFINITY;
            float hi = Float.NEGATIVE_INFINITY;
            float before = 0;
            int n = 0;
            for (int part = 0; part < parts; part++) {
                int start = (int) ((long) length * part / parts);
                int end = (int) ((long) length * (part + 1) / parts);
                double ofPart = 0;
                int inPart = 0;
                for (int i = from + start; i < from + end; i++) {
                    float v = values[i];
                    if (Float.isNaN(v) || v == Float.POSITIVE_INFINITY) {
                        Arrays.fill(figures, Double.NaN);
                        return figures;
                    }
                    if (v >= all.min() && v <= all.max()) {
                        ofPart += v;
                        inPart++;
                        squares += (double) v * v;
                        lo = Math.min(lo, v);
                        hi = Math.max(hi, v);
                        rough += n + inPart == 1 ? 0 : Math.abs(v - before);
                        before = v;
                    }
                }
                figures[FIGURES.size() + part] = inPart == 0 ? 0 : ofPart / inPart;
                sum += ofPart;
                n += inPart;
            }
            double mean = n == 0 ? 0 : sum / n;
            figures[0] = mean;
            figures[1] = n == 0 ? 0 : Math.sqrt(Math.max(0, squares / n - mean * mean));
            // Masked as a whole: no range.
            figures[2] = n == 0 ? 1 : lo;
            figures[3] = n == 0 ? 0 : hi;
            figures[4] = n < 2 ? 0 : rough / (n - 1);
            return figures;
        }
    }
}
