package org.quantscope.linalg.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * A quantized network that can be trained, for batches of a fixed size: the part of the graph between what does not
 * change while it is trained and the output that holds the predictions. For one thread.
 */
final class Network {
    final Tape tape = new Tape();
    final List<Operation> operations = new ArrayList<>();
    /** Weights and biases that are trained, by name. */
    final Map<TensorId, Variable> variables = new LinkedHashMap<>();

    final Map<TensorId, WeightRange> weightRanges = new LinkedHashMap<>();
    /** By the value that the parameters belong to. */
    final Map<TensorId, ActivationRange> activationRanges = new LinkedHashMap<>();

    /** The values that are fed: index on the tape, by name. */
    final Map<String, Integer> fed = new LinkedHashMap<>();

    /** Index of the output. */
    int output;

    int[] outputDims = {};
    final int batch;

    Network(int batch) {
        this.batch = batch;
    }

    /** A trained tensor. */
    record Variable(int index, Trained trained) {}

    /** Everything that training changes, copied. */
    record State(List<float[]> numbers) {}

    State state() {
        return new State(numbers().stream().map(float[]::clone).toList());
    }

    void restore(State state) {
        List<float[]> all = numbers();
        for (int i = 0; i < all.size(); i++) {
            float[] from = state.numbers.get(i);
            System.arraycopy(from, 0, all.get(i), 0, from.length);
        }
        refresh();
    }

    private List<float[]> numbers() {
        List<float[]> all = new ArrayList<>();
        variables.values().forEach(v -> all.add(v.trained.values()));
        weightRanges.values().forEach(r -> all.add(r.ratio()));
        activationRanges.values().forEach(r -> {
            all.add(r.ratio());
            all.add(r.zero());
        });
        return all;
    }

    private void refresh() {
        weightRanges.values().forEach(WeightRange::refresh);
        activationRanges.values().forEach(ActivationRange::refresh);
    }

    /** Values of a trained tensor now, before they are rounded. */
    float[] values(TensorId id) {
        return Objects.requireNonNull(variables.get(id)).trained.values().clone();
    }

    QuantParams weightParams(TensorId id) {
        return Objects.requireNonNull(weightRanges.get(id)).params();
    }

    /** Feeds a value for the whole batch; the array is copied. */
    void feed(String name, float[] values) {
        float[] to = tape.value(Objects.requireNonNull(fed.get(name), name));
        System.arraycopy(values, 0, to, 0, to.length);
    }

    /** Computes the output of what was fed. */
    float[] forward(CancelToken cancel) {
        refresh();
        for (Operation operation : operations) {
            cancel.check();
            operation.forward(tape);
        }
        return tape.value(output);
    }

    /**
     * Computes the gradients of a loss, after {@link #forward}.
     *
     * @param gradient of the loss by the output
     */
    void backward(float[] gradient, CancelToken cancel) {
        tape.clearGradients();
        float[] at = Objects.requireNonNull(tape.gradient(output), "the output does not depend on anything trained");
        System.arraycopy(gradient, 0, at, 0, gradient.length);
        for (int i = operations.size() - 1; i >= 0; i--) {
            cancel.check();
            operations.get(i).backward(tape);
        }
    }

    /**
     * Changes everything that is trained by one step, after {@link #backward}.
     *
     * @param schedule a factor for all rates
     */
    void step(double schedule) {
        variables.values().forEach(v -> v.trained.step(Objects.requireNonNull(tape.gradient(v.index)), schedule));
        weightRanges.values().forEach(r -> r.step(schedule));
        activationRanges.values().forEach(r -> r.step(schedule));
    }
}
