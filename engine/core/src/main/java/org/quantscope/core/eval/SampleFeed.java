package org.quantscope.core.eval;

import java.util.List;
import java.util.stream.Collectors;
import org.quantscope.core.BadInputException;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.InputFit;
import org.quantscope.core.model.Model;
import org.quantscope.core.npy.CopyBudget;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/** How the samples of one data set are fed to the input of one model. Immutable; thread safe. */
public final class SampleFeed {
    /** More samples a batch than this no longer raise the throughput; fewer make a running batch quicker to cancel. */
    private static final int MAX_BATCH = 100;
    /** Values of one batch: large samples come in small batches, so that the activations of a deep model fit in memory. */
    private static final long MAX_BATCH_VALUES = 1 << 20;

    private final Dataset data;
    private final String input;
    private final DType type;
    private final long[] sampleDims;
    private final int batch;
    private final boolean fixed;

    private SampleFeed(Dataset data, String input, DType type, long[] sampleDims, int batch, boolean fixed) {
        this.data = data;
        this.input = input;
        this.type = type;
        this.sampleDims = sampleDims;
        this.batch = batch;
        this.fixed = fixed;
    }

    /**
     * Fits data to a model. Dimensions of size 1 may differ (28×28 is fed to 1×28×28), all others must be equal.
     *
     * @throws BadInputException if the shapes do not fit, the model has no graph, no input or more than one, its input has
     *     a type that cannot be fed, or there is no sample
     */
    public static SampleFeed of(Model model, Dataset data) {
        InputFit wanted = wanted(model);
        OnnxGraph graph = model.graph().orElseThrow();
        if (data.size() == 0) {
            throw new BadInputException(data.file(), "samples", "there are none");
        }
        DType type = graph.inputType()
                .filter(NativeTensor::canHold)
                .orElseThrow(() -> new BadInputException(model.file(), graph.inputName(), "is of a type that data cannot be cast to"));
        Shape sample = data.sampleShape();
        if (!graph.hasInputShape()) {
            return new SampleFeed(data, graph.inputName(), type, sample.toArray(), freeBatch(sample), false);
        }
        List<Long> declared = graph.inputShape();
        if (declared.isEmpty() || !wanted.takes(sample)) {
            throw new BadInputException(
                    data.file(), "sample shape", "samples of " + sample + " do not fit the input " + graph.inputName() + " of " + model.file().getFileName() + ", which is " + text(declared)
                            + wanted.advice(data).map(how -> "; in the sidecar this would fit: " + how).orElse(""));
        }
        long[] dims = declared.size() - 1 == sample.rank() ? sample.toArray() : declared.stream().skip(1).mapToLong(d -> d < 0 ? 1 : d).toArray();
        long first = declared.getFirst();
        if (first > CopyBudget.LIMIT / Float.BYTES / Math.max(1, sample.count())) {
            throw new BadInputException(model.file(), graph.inputName(), "a batch of " + first + " samples of " + sample + " is too large");
        }
        int batch = first > 0 ? Math.toIntExact(first) : freeBatch(sample);
        return new SampleFeed(data, graph.inputName(), type, dims, batch, first > 0);
    }

    private static int freeBatch(Shape sample) {
        return Math.clamp(MAX_BATCH_VALUES / Math.max(1, sample.count()), 1, MAX_BATCH);
    }

    /**
     * What a model's input wants.
     *
     * @throws BadInputException if the model has no graph, or not one input
     */
    public static InputFit wanted(Model model) {
        OnnxGraph graph = model.graph().orElseThrow(() -> new BadInputException(model.file(), "graph", "bare weights have no graph to run"));
        List<String> required = graph.requiredInputs();
        if (required.size() != 1) {
            throw new BadInputException(model.file(), "input", "one input is needed to feed data to, the model has " + required.size() + " " + required);
        }
        boolean known = graph.hasInputShape();
        List<Long> declared = known ? graph.inputShape() : List.of();
        return new InputFit(graph.inputName(), declared.isEmpty() ? declared : declared.subList(1, declared.size()), known);
    }

    private static String text(List<Long> dims) {
        return dims.isEmpty() ? "scalar" : dims.stream().map(d -> d < 0 ? "N" : Long.toString(d)).collect(Collectors.joining("×"));
    }

    public Dataset data() {
        return data;
    }

    /** The name of the model's input. */
    public String input() {
        return input;
    }

    /** The shape in which the input takes {@code rows} samples. */
    Shape shape(int rows) {
        long[] dims = new long[sampleDims.length + 1];
        dims[0] = rows;
        System.arraycopy(sampleDims, 0, dims, 1, sampleDims.length);
        return Shape.of(dims);
    }

    /** How many samples go in at once. */
    public int batchSize() {
        return batch;
    }

    /** How many samples go in at once if the caller wants few, at least 1; as many as ever if the model's batch size is fixed. */
    int batchSize(int most) {
        return fixed ? batch : Math.min(batch, most);
    }

    /**
     * Some samples as the model's input wants them. A model with a fixed batch size gets its last sample repeated; the
     * outputs of those rows say nothing.
     *
     * @param samples indices into the data set, 1 to {@link #batchSize} of them
     */
    public NativeTensor load(int[] samples) {
        int rows = fixed ? batch : samples.length;
        int[] padded = samples;
        if (rows > samples.length) {
            padded = new int[rows];
            for (int i = 0; i < rows; i++) {
                padded[i] = samples[Math.min(i, samples.length - 1)];
            }
        }
        float[] values = new float[Math.toIntExact(rows * data.sampleShape().count())];
        data.fill(padded, values);
        return NativeTensor.of(values, shape(rows), type);
    }

    /** How many of a value's numbers belong to the samples: without the rows that only pad a fixed batch, where the batch is the first dimension. */
    public int realValues(FloatOutput out, int rows) {
        boolean padded = fixed && rows < batch && out.shape().rank() > 0 && out.shape().dim(0) == batch;
        return padded ? out.values().length / batch * rows : out.values().length;
    }
}
