package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * Samples with their preprocessing. Nothing is held as float32 except in the arrays given to {@link #fill}; decoded and
 * resized pictures are kept in a bounded cache.
 */
final class PreparedDataset implements Dataset {
    private final Samples samples;
    private final Preprocessing how;
    private final Path said;
    private final int size;
    /** The shape as stored, or as the preprocessing reads it; empty for pictures that differ in size. */
    private final Optional<Shape> stored;

    private final Shape fed;
    /** The axis of {@code fed} along which mean and std vary. */
    private final int channelAxis;
    /**
     * How the stored values form a picture, if the sample is processed as one; empty if values are fed in their order.
     */
    private final Optional<PictureForm> form;

    private final boolean planes;
    /** The model's class for each stored label; empty if labels are used as stored. */
    private final List<Integer> mapped;

    private final FrameCache cache;
    /** What makes the samples worse; empty if they stay as they are. */
    private final Optional<SampleCorruption> corruption;

    /**
     * Keeps the first frames until its budget is used up, and replaces none: evaluations go through the data in the
     * same order again and again, so the frame used last is the one needed last.
     */
    private static final class FrameCache {
        static final long BUDGET = Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 8);

        private final AtomicReferenceArray<Frame> frames;
        private final AtomicLong taken = new AtomicLong();

        FrameCache(int size) {
            frames = new AtomicReferenceArray<>(size);
        }

        Optional<Frame> get(int i) {
            return Optional.ofNullable(frames.get(i));
        }

        void offer(int i, Frame frame) {
            long weight = frame.weight();
            if (taken.addAndGet(weight) > BUDGET || !frames.compareAndSet(i, null, frame)) {
                taken.addAndGet(-weight);
            }
        }
    }

    private PreparedDataset(PreparedDataset of, int size) {
        this.samples = of.samples;
        this.how = of.how;
        this.said = of.said;
        this.size = size;
        this.stored = of.stored;
        this.fed = of.fed;
        this.channelAxis = of.channelAxis;
        this.form = of.form;
        this.planes = of.planes;
        this.mapped = of.mapped;
        this.cache = of.cache;
        this.corruption = of.corruption;
    }

    /**
     * @param said the file to name in errors
     * @throws BadInputException if the preprocessing does not fit the samples
     */
    PreparedDataset(Samples samples, Preprocessing how, Path said) {
        this.samples = samples;
        this.how = how;
        this.said = said;
        this.size = samples.size();
        this.stored = how.shape().isPresent() ? how.shape() : samples.shape();
        checkStored();
        boolean changed = samples instanceof PictureSamples
                || how.resize().isPresent()
                || how.colour().isPresent()
                || changesLayout();
        this.form = changed ? Optional.of(picture()) : Optional.empty();
        if (form.isEmpty()) {
            this.fed = stored.orElseThrow();
            this.planes = true;
            int axis = how.layout().map(Layout::channelAxis).orElse(1);
            this.channelAxis = axis - 1;
            checkChannels(
                    fed.rank() >= axis ? fed.dim(axis - 1) : 1, how.layout().isPresent());
        } else {
            PictureForm from = form.get();
            int channels = how.colour().map(Colour::channels).orElse(from.channels());
            int height = how.resize().map(Resize::height).orElse(from.height());
            int width = how.resize().map(Resize::width).orElse(from.width());
            Layout output = how.outputLayout()
                    .orElse(how.layout().filter(l -> l.rank() == 4).orElse(Layout.NCHW));
            this.fed = switch (output) {
                case NCHW -> Shape.of(channels, height, width);
                case NHWC -> Shape.of(height, width, channels);
                case NF -> Shape.of((long) channels * height * width);
            };
            this.planes = output != Layout.NHWC;
            this.channelAxis = output == Layout.NHWC ? 2 : 0;
            checkChannels(channels, true);
        }
        if (fed.count() > CopyBudget.LIMIT / Float.BYTES) {
            throw bad("resize", "a sample of " + fed + " is too large");
        }
        this.mapped = mapped();
        checkLabels();
        this.cache = new FrameCache(form.isPresent() ? size : 0);
        this.corruption = SampleCorruption.of(samples, how, form.map(this::processed), stored);
    }

    private void checkStored() {
        if (how.shape().isPresent()) {
            if (samples instanceof PictureSamples) {
                throw bad("shape", "picture files have a shape of their own");
            }
            Shape own = samples.shape().orElseThrow();
            if (own.count() != how.shape().get().count()) {
                throw bad(
                        "shape",
                        how.shape().get() + " wants " + how.shape().get().count() + " values, a sample is " + own);
            }
        }
        how.layout().ifPresent(layout -> {
            if (samples instanceof PictureSamples) {
                throw bad("layout", "is how arrays are stored; say output_layout for picture files");
            }
            if (layout.rank() != stored.orElseThrow().rank() + 1) {
                throw bad(
                        "layout",
                        layout + " has " + layout.rank() + " dimensions, the input is " + size + "×"
                                + stored.orElseThrow());
            }
        });
    }

    /** A picture after colour and size. */
    private PictureForm processed(PictureForm from) {
        return new PictureForm(
                how.resize().map(Resize::height).orElse(from.height()),
                how.resize().map(Resize::width).orElse(from.width()),
                how.colour().map(Colour::channels).orElse(from.channels()),
                false);
    }

    private boolean changesLayout() {
        return how.outputLayout().isPresent() && !how.outputLayout().equals(how.layout());
    }

    private PictureForm picture() {
        if (samples instanceof PictureSamples pictures) {
            Optional<Shape> shape = pictures.shape();
            if (shape.isEmpty() && how.resize().isEmpty()) {
                PictureSamples.Entry a = pictures.pictures().getFirst();
                PictureSamples.Entry b = pictures.pictures().stream()
                        .filter(e -> e.width() != a.width() || e.height() != a.height())
                        .findFirst()
                        .orElseThrow();
                throw bad(
                        "resize",
                        "is needed, the pictures differ in size: " + a.name() + " is " + a.width() + " by " + a.height()
                                + ", " + b.name() + " is " + b.width() + " by " + b.height());
            }
            return new PictureForm(
                    (int) shape.map(s -> s.dim(0)).orElse(1L).longValue(),
                    (int) shape.map(s -> s.dim(1)).orElse(1L).longValue(),
                    pictures.channels(),
                    false);
        }
        Shape shape = stored.orElseThrow();
        Optional<PictureForm> form =
                how.layout().isPresent() ? formOf(shape, how.layout().get()) : PictureForm.of(shape, false);
        PictureForm f = form.orElseThrow(() -> bad(
                what(),
                "wants pictures of 1 or 3 channels, a sample is " + shape
                        + how.layout().map(l -> " in " + l).orElse("")));
        if (how.colour().isPresent() && f.channels() != 1 && f.channels() != 3) {
            throw bad("colour", "wants 1 or 3 channels, a sample has " + f.channels());
        }
        return f;
    }

    static Optional<PictureForm> formOf(Shape shape, Layout layout) {
        return switch (layout) {
            case NCHW -> Optional.of(new PictureForm((int) shape.dim(1), (int) shape.dim(2), (int) shape.dim(0), true));
            case NHWC ->
                Optional.of(new PictureForm((int) shape.dim(0), (int) shape.dim(1), (int) shape.dim(2), false));
            case NF -> PictureForm.of(shape, false);
        };
    }

    private String what() {
        return how.resize().isPresent() ? "resize" : how.colour().isPresent() ? "colour" : "output_layout";
    }

    private void checkChannels(long channels, boolean known) {
        checkChannels("mean", how.mean(), channels, known);
        checkChannels("std", how.std(), channels, known);
    }

    private void checkChannels(String key, List<Double> values, long channels, boolean known) {
        if (values.size() > 1 && !known) {
            throw bad(key, "has " + values.size() + " values, and no layout says which axis they are for");
        }
        if (values.size() > 1 && values.size() != channels) {
            throw bad(key, "has " + values.size() + " values, the input has " + channels + " channels");
        }
    }

    private List<Integer> mapped() {
        if (how.modelClasses().isEmpty() || !samples.hasLabels()) {
            return List.of();
        }
        if (samples.classes().isEmpty()) {
            throw bad("model_classes", "labels are looked up by name, and the data has no names of its classes");
        }
        Map<String, Integer> byName = new HashMap<>();
        for (int i = 0; i < how.modelClasses().size(); i++) {
            byName.putIfAbsent(how.modelClasses().get(i), i);
        }
        List<Integer> out = new ArrayList<>();
        for (String name : samples.classes()) {
            Integer index = byName.get(name);
            if (index == null) {
                throw bad(
                        "model_classes",
                        "'" + name + "' is a class of the data, and none of the model's "
                                + how.modelClasses().size());
            }
            out.add(index);
        }
        return List.copyOf(out);
    }

    /** Labels beside names of classes are numbers of those. */
    private void checkLabels() {
        if (samples.classes().isEmpty() || !samples.hasLabels()) {
            return;
        }
        Labels labels = samples.labels().orElseThrow();
        if (labels.isOneHot()) {
            if (labels.each() != samples.classes().size()) {
                throw bad(
                        "labels",
                        "are rows of " + labels.each() + ", there are "
                                + samples.classes().size() + " classes");
            }
            return;
        }
        LabelMisfit.of(labels, size, samples.classes().size(), how.labelNumbers())
                .ifPresent(misfit -> {
                    throw bad("labels", misfit.text());
                });
    }

    private BadInputException bad(String field, String problem) {
        return new BadInputException(said, field, problem);
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
        return size;
    }

    @Override
    public Shape sampleShape() {
        return fed;
    }

    @Override
    public Optional<Shape> targetShape() {
        return samples.targetShape();
    }

    @Override
    public void target(int sample, float[] out) {
        Objects.checkIndex(sample, size);
        samples.target(sample, out);
    }

    @Override
    public boolean hasLabels() {
        return samples.hasLabels();
    }

    @Override
    public int label(int sample) {
        Objects.checkIndex(sample, size);
        if (!samples.hasLabels()) {
            throw new IllegalStateException(
                    "labels: " + samples.file().getFileName() + " has no class for each sample");
        }
        Labels labels = samples.labels().orElseThrow();
        return classOf(
                labels.isOneHot() ? labels.of(sample) : how.labelNumbers().classOf(labels.of(sample)));
    }

    private int classOf(int label) {
        return mapped.isEmpty() || label == UNSCORED ? label : mapped.get(label);
    }

    @Override
    public Optional<Shape> labelShape() {
        return samples.labels().map(Labels::shape);
    }

    @Override
    public void labels(int sample, int[] out) {
        Objects.checkIndex(sample, size);
        Labels labels = samples.labels().orElseThrow();
        for (int k = 0; k < labels.each(); k++) {
            int stored = labels.of(sample, k);
            out[k] = labels.isOneHot() ? stored : classOf(how.labelNumbers().classOf(stored));
        }
    }

    @Override
    public List<String> leftOut() {
        return samples.leftOut();
    }

    @Override
    public List<String> classes() {
        return how.modelClasses().isEmpty() ? samples.classes() : how.modelClasses();
    }

    @Override
    public Optional<String> origin() {
        return samples.origin();
    }

    @Override
    public Optional<String> corrupted() {
        return corruption.map(SampleCorruption::said);
    }

    @Override
    public Optional<Samples> samples() {
        return Optional.of(samples);
    }

    @Override
    public Optional<Preprocessing> preprocessing() {
        return Optional.of(how);
    }

    @Override
    public void fill(int[] wanted, float[] out) {
        int length = Math.toIntExact(fed.count());
        Objects.checkFromIndexSize(0L, (long) wanted.length * length, out.length);
        for (int sample : wanted) {
            Objects.checkIndex(sample, size);
        }
        if (form.isEmpty()) {
            ArraySamples array = (ArraySamples) samples;
            for (int i = 0; i < wanted.length; i++) {
                raw(array, wanted[i], out, i * length, length);
            }
        } else if (samples instanceof PictureSamples && wanted.length > 1) {
            // Decoding takes most of the time, so it is done on all cores.
            IntStream.range(0, wanted.length).parallel().forEach(i -> put(frame(wanted[i]), out, i * length));
        } else {
            for (int i = 0; i < wanted.length; i++) {
                put(frame(wanted[i]), out, i * length);
            }
        }
        normalise(out, wanted.length * length, length);
    }

    /** The stored values of a sample that is fed in its order, corrupted if that is wanted. */
    private void raw(ArraySamples array, int sample, float[] out, int at, int length) {
        array.raw().read((long) sample * length, out, at, length);
        corruption.ifPresent(c -> c.of(out, at, sample));
    }

    @Override
    public Map<String, Shape> others() {
        return samples.others();
    }

    @Override
    public void fillOther(String name, int[] wanted, float[] out) {
        int length =
                Math.toIntExact(Objects.requireNonNull(others().get(name), name).count());
        for (int i = 0; i < wanted.length; i++) {
            samples.other(name, Objects.checkIndex(wanted[i], size), out, i * length);
        }
    }

    /** {@code (raw · scale − mean) / std}, in place. */
    private void normalise(float[] out, int total, int length) {
        if (how.keepsValues()) {
            return;
        }
        double scale = how.scale();
        List<Double> mean = how.mean();
        List<Double> std = how.std();
        int channels = Math.max(mean.size(), std.size());
        // Runs of this many values belong to one channel; with one channel the run is the whole sample. Flattened
        // planes still are planes.
        int run =
                channels == 1 ? length : fed.rank() == 1 ? length / channels : Math.toIntExact(fed.inner(channelAxis));
        for (int at = 0, channel = 0; at < total; at += run, channel = (channel + 1) % channels) {
            double m = mean.get(mean.size() == 1 ? 0 : channel);
            double s = std.get(std.size() == 1 ? 0 : channel);
            for (int j = at; j < at + run; j++) {
                out[j] = (float) ((out[j] * scale - m) / s);
            }
        }
    }

    private void put(Frame frame, float[] out, int at) {
        int channels = frame.channels();
        if (!planes || channels == 1) {
            for (int i = 0; i < frame.count(); i++) {
                out[at + i] = frame.at(i);
            }
            return;
        }
        int pixels = frame.height() * frame.width();
        for (int c = 0; c < channels; c++) {
            for (int p = 0; p < pixels; p++) {
                out[at + c * pixels + p] = frame.at(p * channels + c);
            }
        }
    }

    /** A sample with the size and the colours that the model wants. */
    private Frame frame(int sample) {
        Optional<Frame> known = cache.get(sample);
        if (known.isPresent()) {
            return known.get();
        }
        Frame frame = switch (samples) {
            case PictureSamples pictures -> pictures.frame(sample);
            case ArraySamples array -> frame(array, sample, form.orElseThrow());
        };
        Frame coloured = how.colour().isPresent() ? frame.to(how.colour().get()) : frame;
        how.resize().ifPresent(resize -> checkBetween(sample, coloured, resize));
        Frame resized = how.resize().isPresent()
                ? Resampler.resize(coloured, how.resize().get())
                : coloured;
        Frame made = corruption.isPresent() ? corruption.get().of(resized, sample) : resized;
        if (samples instanceof PictureSamples || how.resize().isPresent() || corruption.isPresent()) {
            cache.offer(sample, made);
        }
        return made;
    }

    /**
     * Checks the size between the two directions. Columns are resized first, so a very high picture of a few columns
     * becomes very large in between.
     */
    private void checkBetween(int sample, Frame in, Resize resize) {
        long between = (long) in.height()
                * resize.width()
                * in.channels()
                * (in.bytes() != null && resize.antialias() ? 1 : Float.BYTES);
        if (resize.method() == Resize.Method.BILINEAR && between > CopyBudget.LIMIT / 4) {
            throw bad(
                    "resize",
                    "sample " + sample + " is " + in.width() + " by " + in.height() + ", resizing it to "
                            + resize.width() + " by " + resize.height() + " takes " + between + " bytes");
        }
    }

    private static Frame frame(ArraySamples array, int sample, PictureForm form) {
        int length = Math.toIntExact(array.sample().count());
        float[] values = new float[length];
        array.raw().read((long) sample * length, values, 0, length);
        int pixels = form.height() * form.width();
        boolean bytes = array.dtype() == DType.U8;
        byte[] outBytes = new byte[bytes ? length : 0];
        float[] outFloats = new float[bytes ? 0 : length];
        for (int i = 0; i < length; i++) {
            float v = form.channelsFirst() ? values[i % form.channels() * pixels + i / form.channels()] : values[i];
            if (bytes) {
                outBytes[i] = (byte) (int) v;
            } else {
                outFloats[i] = v;
            }
        }
        return bytes
                ? Frame.bytes(form.height(), form.width(), form.channels(), outBytes)
                : Frame.floats(form.height(), form.width(), form.channels(), outFloats);
    }

    @Override
    public Optional<SamplePicture> picture(int sample) {
        Objects.checkIndex(sample, size);
        boolean bytes = samples.dtype() == DType.U8;
        if (form.isEmpty()) {
            return PictureForm.of(fed, how.layout().equals(Optional.of(Layout.NHWC)))
                    .map(f -> {
                        float[] values = new float[Math.toIntExact(fed.count())];
                        raw((ArraySamples) samples, sample, values, 0, values.length);
                        return f.picture(values, how.scale(), bytes, false);
                    });
        }
        Frame frame = frame(sample);
        if (frame.channels() != 1 && frame.channels() != 3) {
            return Optional.empty();
        }
        float[] values = new float[frame.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = frame.at(i);
        }
        boolean bgr = how.colour().equals(Optional.of(Colour.BGR));
        return Optional.of(new PictureForm(frame.height(), frame.width(), frame.channels(), false)
                .picture(values, how.scale(), bytes, bgr));
    }

    @Override
    public Dataset limit(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("limit: at least 1, got " + n);
        }
        return n >= size ? this : new PreparedDataset(this, n);
    }
}
