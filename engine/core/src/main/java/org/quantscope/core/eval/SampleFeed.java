package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.InputFit;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.FreeMemory;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * How the samples of one data set are fed to the inputs of one model. If there are several inputs, an input with the
 * name of an array that comes with the data takes that array, and the one that is left takes the samples. Immutable;
 * thread safe.
 */
public final class SampleFeed {
    /** Larger batches no longer raise the throughput, and smaller ones are quicker to cancel. */
    private static final int MAX_BATCH = 100;
    /**
     * The most values of one batch: large samples come in small batches, so that the activations of a deep model fit in
     * memory.
     */
    private static final long MAX_BATCH_VALUES = 1 << 20;

    /** From this many values on a batch is large: one picture of 1024×1024 in three colours, or five of 512×512. */
    private static final long LARGE_VALUES = 3 << 20;

    /**
     * The most bytes of values inside the network that a batch should need at a time. More no longer raises the
     * throughput, and several runs are under way at once: of the float model and of the quantized one, on each thread.
     */
    private static final long MOST_BYTES = 128L << 20;

    /** The share of the free memory that one batch should need, for the same reason. */
    private static final int RUNS = 16;

    /** The most values of one batch whose rows influence each other. */
    private static final long MAX_WHOLE_VALUES = 1 << 24;

    private final Dataset data;
    private final Map<String, Slot> slots;
    private final int batch;
    private final boolean fixed;
    private final boolean together;
    /** The most bytes of values inside the network that one row needs at a time; 0 if it is not known. */
    private final long rowBytes;

    /**
     * How one input is filled.
     *
     * @param dims shape of one sample, as the model wants it
     * @param array the name of the array that it takes; empty if it takes the samples themselves
     */
    private record Slot(DType type, Shape dims, Optional<String> array) {}

    private SampleFeed(
            Dataset data, Map<String, Slot> slots, int batch, boolean fixed, boolean together, long rowBytes) {
        this.rowBytes = rowBytes;
        this.data = data;
        this.slots = slots;
        this.batch = batch;
        this.fixed = fixed;
        this.together = together;
    }

    /**
     * The feed of a data set to a model. Dimensions of size 1 may differ (28×28 is fed to 1×28×28), all others must be
     * equal.
     *
     * @throws BadInputException if the shapes do not fit, the model has no graph, no input, or one for which there is
     *     no array, an input has a type that cannot be fed, there is no sample, or the memory that is free does not
     *     hold what the network computes of a single one
     */
    public static SampleFeed of(Model model, Dataset data) {
        return of(model, data, FreeMemory.bytes());
    }

    /** @param memory the bytes that are free */
    static SampleFeed of(Model model, Dataset data, long memory) {
        List<OnnxGraph.Input> inputs = inputs(model);
        if (data.size() == 0) {
            throw new BadInputException(data.file(), "samples", "there are none");
        }
        List<String> left = inputs.stream()
                .map(OnnxGraph.Input::name)
                .filter(name -> inputs.size() == 1 || !data.others().containsKey(name))
                .toList();
        if (left.size() != 1) {
            throw new BadInputException(
                    data.file(),
                    "input",
                    "the model has the inputs "
                            + inputs.stream().map(OnnxGraph.Input::name).toList()
                            + ", one takes the samples and each other an array of its name; there are "
                            + (data.others().isEmpty() ? "none" : data.others().keySet()));
        }
        Map<String, Slot> slots = new LinkedHashMap<>();
        List<Long> batches = new ArrayList<>();
        long values = 0;
        for (OnnxGraph.Input input : inputs) {
            Optional<String> array = left.contains(input.name()) ? Optional.empty() : Optional.of(input.name());
            Shape sample = array.map(
                            name -> Objects.requireNonNull(data.others().get(name)))
                    .orElseGet(data::sampleShape);
            DType type = input.type()
                    .filter(NativeTensor::canHold)
                    .orElseThrow(() -> new BadInputException(
                            model.file(), input.name(), "is of a type that data cannot be cast to"));
            slots.put(input.name(), new Slot(type, dims(model, data, input, sample, array.isEmpty()), array));
            input.shape().ifPresent(dims -> batches.add(dims.getFirst()));
            values += sample.count();
        }
        long first = batches.stream().filter(d -> d > 0).findFirst().orElse(-1L);
        if (batches.stream().anyMatch(d -> d > 0 && d != first)) {
            throw new BadInputException(
                    model.file(), "input", "the inputs want batches of different sizes: " + batches);
        }
        if (first > CopyBudget.LIMIT / Float.BYTES / Math.max(1, values)) {
            throw new BadInputException(
                    model.file(),
                    inputs.getFirst().name(),
                    "a batch of " + first + " samples of " + values + " values in all is too large");
        }
        int free = Math.clamp(MAX_BATCH_VALUES / Math.max(1, values), 1, MAX_BATCH);
        boolean fixed = first > 0;
        int least = fixed ? Math.toIntExact(first) : 1;
        SampleFeed smallest = new SampleFeed(data, slots, least, fixed, false, 0);
        long bytes = smallest.sizes(model).peak();
        if (bytes > memory) {
            throw new BadInputException(
                    model.file(),
                    "memory",
                    (least == 1 ? "one sample" : String.format(Locale.ROOT, "a batch of %,d samples", least))
                            + " of "
                            + slots.keySet().stream()
                                    .map(input -> input + " " + smallest.shape(input, least))
                                    .collect(Collectors.joining(", "))
                            + " needs " + size(bytes) + " for what the network computes of it at a time, and "
                            + size(memory) + " are free; close other programs, or take smaller samples"
                            + (least == 1 ? "" : " or a model with a free batch size"));
        }
        long most = Math.min(MOST_BYTES, memory / RUNS);
        int batch = fixed ? least : Math.toIntExact(Math.clamp(most / Math.max(1, bytes), 1, free));
        SampleFeed apart = new SampleFeed(data, slots, batch, fixed, false, bytes / least);
        if (!RowProbe.rowsInteract(model, apart)) {
            return apart;
        }
        int whole = (int) Math.min(data.size(), MAX_WHOLE_VALUES / Math.max(1, values));
        return new SampleFeed(
                data, slots, fixed ? apart.batch : Math.max(apart.batch, whole), fixed, true, apart.rowBytes);
    }

    private static String size(long bytes) {
        return String.format(Locale.ROOT, bytes < 1 << 20 ? "%,d kB" : "%,d MB", bytes >> (bytes < 1 << 20 ? 10 : 20));
    }

    /** The sizes of the values inside the network for one batch. */
    ActivationSizes sizes(Model model) {
        Map<String, Shape> fed = new LinkedHashMap<>();
        slots.keySet().forEach(input -> fed.put(input, shape(input, batch)));
        return ActivationSizes.of(model, fed);
    }

    /**
     * True if the rows of one batch influence each other, so that the first dimension of the input is no batch of
     * samples that could be put together in any way. They are then fed in the order of the file.
     */
    public boolean rowsInteract() {
        return together;
    }

    /** What a person should know about how the samples are fed, in sentences. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (!data.leftOut().isEmpty()) {
            notes.add(leftOut(data.leftOut()));
        }
        if (together) {
            int rest = data.size() % batch;
            notes.add("The rows of a batch influence each other: they are fed in the order of the file, " + batch
                    + " at a time"
                    + (fixed && rest > 0 ? "; the last " + rest + " are followed by copies of the last one." : "."));
        }
        return notes;
    }

    /** What was left out, in one sentence. */
    public static String leftOut(List<String> clauses) {
        int most = 3;
        return "Left out: "
                + String.join("; ", clauses.subList(0, Math.min(most, clauses.size())))
                + (clauses.size() > most ? "; and " + (clauses.size() - most) + " more." : ".");
    }

    /**
     * The values of a mask for some samples, one sample after the other.
     *
     * @throws BadInputException if the data has no such array, or it has another number of values a sample
     */
    float[] mask(String name, int positions, int[] samples) {
        Shape shape = data.others().get(name);
        boolean own =
                shape == null && slots.containsKey(name) && slot(name).array.isEmpty();
        if ((own ? data.sampleShape() : shape) == null) {
            throw new BadInputException(
                    data.file(),
                    "pool",
                    "there is no array " + name + " beside the samples, only "
                            + (data.others().isEmpty()
                                    ? "the samples"
                                    : data.others().keySet()));
        }
        long count =
                own ? data.sampleShape().count() : Objects.requireNonNull(shape).count();
        if (count != positions) {
            throw new BadInputException(
                    data.file(),
                    "pool",
                    name + " has " + count + " values a sample, the output has " + positions + " positions");
        }
        float[] values = new float[samples.length * positions];
        if (own) {
            data.fill(samples, values);
        } else {
            data.fillOther(name, samples, values);
        }
        return values;
    }

    private static Shape dims(Model model, Dataset data, OnnxGraph.Input input, Shape sample, boolean prepared) {
        InputFit wanted = fit(input);
        if (!wanted.known()) {
            return sample;
        }
        List<Long> declared = input.shape().orElseThrow();
        if (declared.isEmpty() || !wanted.takes(sample)) {
            throw new BadInputException(
                    data.file(),
                    prepared ? "sample shape" : input.name(),
                    "samples of " + sample + " do not fit the input " + input.name() + " of "
                            + model.file().getFileName() + ", which is " + text(declared)
                            + (prepared
                                    ? wanted.advice(data)
                                            .map(how -> "; in the sidecar this would fit: " + how)
                                            .orElse("")
                                    : ""));
        }
        return wanted.takesAsItIs(sample)
                ? sample
                : Shape.of(
                        declared.stream().skip(1).mapToLong(d -> d < 0 ? 1 : d).toArray());
    }

    /**
     * What the model wants of samples, at the input that takes them: the first floating one, or else the first.
     *
     * @throws BadInputException if the model has no graph, or no input
     */
    public static InputFit wanted(Model model) {
        List<OnnxGraph.Input> inputs = inputs(model);
        return fit(inputs.stream()
                .filter(i -> i.type().map(DType::isFloating).orElse(false))
                .findFirst()
                .orElseGet(inputs::getFirst));
    }

    private static List<OnnxGraph.Input> inputs(Model model) {
        OnnxGraph graph = model.graph()
                .orElseThrow(() -> new BadInputException(model.file(), "graph", "bare weights have no graph to run"));
        List<OnnxGraph.Input> inputs = graph.inputs();
        if (inputs.isEmpty()) {
            throw new BadInputException(model.file(), "input", "the model has none to feed data to");
        }
        return inputs;
    }

    private static InputFit fit(OnnxGraph.Input input) {
        List<Long> declared = input.shape().orElse(List.of());
        return new InputFit(
                input.name(),
                declared.isEmpty() ? declared : declared.subList(1, declared.size()),
                input.shape().isPresent());
    }

    private static String text(List<Long> dims) {
        return dims.isEmpty()
                ? "scalar"
                : dims.stream().map(d -> d < 0 ? "N" : Long.toString(d)).collect(Collectors.joining("×"));
    }

    public Dataset data() {
        return data;
    }

    /** The names of the model's inputs. */
    public Set<String> inputs() {
        return slots.keySet();
    }

    /** The shape in which an input takes {@code rows} samples. */
    public Shape shape(String input, int rows) {
        long[] sample = slot(input).dims.toArray();
        long[] dims = new long[sample.length + 1];
        dims[0] = rows;
        System.arraycopy(sample, 0, dims, 1, sample.length);
        return Shape.of(dims);
    }

    /** The values of some samples for an input, one sample after the other. */
    public float[] values(String input, int[] samples) {
        Slot slot = slot(input);
        float[] values = new float[Math.toIntExact(samples.length * slot.dims.count())];
        slot.array.ifPresentOrElse(name -> data.fillOther(name, samples, values), () -> data.fill(samples, values));
        return values;
    }

    private Slot slot(String input) {
        return Objects.requireNonNull(slots.get(input), input);
    }

    /** True if the model fixes the batch size. */
    boolean isFixed() {
        return fixed;
    }

    /**
     * True if a batch is so large, by itself or by what the network makes of it, that only one should be computed at a
     * time, and its memory not be kept.
     */
    public boolean isLarge() {
        if (rowBytes * batch > MOST_BYTES) {
            return true;
        }
        long values = slots.keySet().stream()
                .mapToLong(input -> shape(input, batch).count())
                .sum();
        return values >= LARGE_VALUES;
    }

    /** How a model is loaded that these samples are fed to: it keeps no memory between runs if they are large. */
    public OrtModel.Options options(OrtModel.Options plain) {
        return isLarge() ? plain.withoutMemory() : plain;
    }

    /** The number of samples in a batch. */
    public int batchSize() {
        return batch;
    }

    /**
     * The number of samples in a batch if the caller wants few.
     *
     * @param most at least 1; ignored if the model fixes the batch size, or the rows of a batch influence each other
     */
    int batchSize(int most) {
        return fixed || together ? batch : Math.min(batch, most);
    }

    /** Some samples as the inputs want them, by the name of the input. */
    public record Batch(Map<String, NativeTensor> byInput) implements AutoCloseable {
        @Override
        public void close() {
            byInput.values().forEach(NativeTensor::close);
        }
    }

    /** As {@link #load(int[], Set)}, for all inputs. */
    public Batch load(int[] samples) {
        return load(samples, slots.keySet());
    }

    /**
     * Some samples as the model's inputs want them. A model with a fixed batch size gets its last sample repeated; the
     * outputs of those rows are meaningless.
     *
     * @param samples indices into the data set, 1 to {@link #batchSize} of them
     * @param wanted the inputs to fill; names of anything else are ignored
     */
    public Batch load(int[] samples, Set<String> wanted) {
        int rows = fixed ? batch : samples.length;
        int[] padded = samples;
        if (rows > samples.length) {
            padded = new int[rows];
            for (int i = 0; i < rows; i++) {
                padded[i] = samples[Math.min(i, samples.length - 1)];
            }
        }
        Batch loaded = new Batch(new LinkedHashMap<>());
        try {
            for (var slot : slots.entrySet()) {
                if (wanted.contains(slot.getKey())) {
                    loaded.byInput.put(
                            slot.getKey(),
                            NativeTensor.of(
                                    values(slot.getKey(), padded), shape(slot.getKey(), rows), slot.getValue().type));
                }
            }
            return loaded;
        } catch (RuntimeException e) {
            loaded.close();
            throw e;
        }
    }

    /**
     * The number of values of an output that belong to samples, without the rows that only pad a fixed batch, if the
     * batch is the first dimension.
     */
    public int realValues(FloatOutput out, int rows) {
        boolean padded =
                fixed && rows < batch && out.shape().rank() > 0 && out.shape().dim(0) == batch;
        return padded ? out.values().length / batch * rows : out.values().length;
    }
}
