package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Hadamard rotation: what a matrix product reads is multiplied by a random Hadamard matrix R over the root of its size,
 * and its weight by the transpose, X·W = (X·R)·(Rᵀ·W); an outlier of one channel is spread over all of them, in the
 * activation and in the weight (Ashkboos et al. 2024, QuaRot, arXiv 2404.00456, section 3).
 *
 * <p>QuaRot rotates the residual stream once and folds the rotation into the layers on both sides. That is sound only
 * where every normalization on the stream is an RMSNorm whose gain can be moved into weights, which an arbitrary graph
 * does not say. Here each value is rotated where it is read, by a product of its own (its "online" rotation), which is
 * sound in every graph and costs as many multiplications as channels, squared, for each position. The rotation stands in
 * front of the quantizer; a value that is quantized by itself already, because something else computes with it, is left
 * alone. Sizes without a Hadamard matrix get equal blocks along the diagonal ({@link Hadamard}).
 */
public final class HadamardRotation implements Correction {
    private static final OptionDoc SEED =
            new OptionDoc("seed", "int", "1", "0 to 1000000: of the random signs of the rotations");

    /** More channels make a matrix of more than 256 MB. */
    private static final int MOST_CHANNELS = 8192;

    @Override
    public String id() {
        return "hadamard-rotation";
    }

    @Override
    public String title() {
        return "Hadamard rotation";
    }

    @Override
    public String summary() {
        return "Spreads outliers of single channels over all by rotating what matrix products read; the float function"
                + " stays the same, and each rotation is a product more";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(SEED);
    }

    @Override
    public String source() {
        return "Ashkboos et al. 2024 (QuaRot), arXiv 2404.00456, section 3";
    }

    @Override
    public boolean needsData() {
        return false;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Output apply(Input input, Progress progress, CancelToken cancel) {
        long seed = (long) CorrectionOptions.of(this, input.options()).number(SEED, 0, 1_000_000);
        Model model = input.model();
        ReadValue.Found found = ReadValue.in(model);
        List<String> kept = new ArrayList<>(found.kept());
        int opset = model.graph().orElseThrow().opset();
        if (opset < ModelRewrite.FIRST_WITH_EINSUM) {
            kept.add("operator set " + opset + " has no Einsum, by which values are rotated");
            return new Output(model, List.of(), kept);
        }
        List<ReadValue> values = new ArrayList<>();
        for (ReadValue read : found.values()) {
            if (Hadamard.block(read.channels()) < 2) {
                kept.add(read.value() + ": " + read.channels() + " channels have no rotation");
            } else if (read.channels() > MOST_CHANNELS) {
                kept.add(read.value() + ": more than " + MOST_CHANNELS + " channels");
            } else {
                values.add(read);
            }
        }
        Map<Integer, double[]> rotations = new HashMap<>();
        Map<String, String> quantized = ScaledChannels.quantized(
                rotated(model, values, rotations, seed, cancel).model(), values);
        List<ReadValue> free = new ArrayList<>();
        for (ReadValue read : values) {
            String why = quantized.get(read.value());
            if (why == null) {
                free.add(read);
            } else {
                kept.add(read.value() + ": a rotation would come too late: " + why);
            }
        }
        if (free.isEmpty()) {
            return new Output(model, List.of(), kept);
        }
        Rotated rotated = rotated(model, free, rotations, seed, cancel);
        List<TensorId> changed = new ArrayList<>();
        free.forEach(read -> read.layers().forEach(layer -> changed.add(layer.id())));
        changed.addAll(rotated.added());
        return new Output(rotated.model(), changed, kept, notes(free));
    }

    private static List<String> notes(List<ReadValue> free) {
        List<String> notes = new ArrayList<>();
        for (ReadValue read : free) {
            int block = Hadamard.block(read.channels());
            long weights =
                    read.layers().stream().mapToLong(WeightedLayer::outputs).sum() * read.channels();
            notes.add(String.format(
                    Locale.ROOT,
                    "%s is rotated by %s: %.0f %% more multiplications",
                    read.value(),
                    block == read.channels() ? "a matrix of " + block : read.channels() / block + " blocks of " + block,
                    100.0 * read.channels() * read.channels() / weights));
        }
        return notes;
    }

    private record Rotated(Model model, List<TensorId> added) {}

    private static Rotated rotated(
            Model model, List<ReadValue> values, Map<Integer, double[]> rotations, long seed, CancelToken cancel) {
        ModelRewrite rewrite = new ModelRewrite(model);
        List<TensorId> added = new ArrayList<>();
        for (ReadValue read : values) {
            cancel.check();
            int n = read.channels();
            double[] rotation = rotations.computeIfAbsent(n, size -> Hadamard.rotation(size, seed));
            float[] stored = new float[rotation.length];
            for (int i = 0; i < stored.length; i++) {
                stored[i] = (float) rotation[i];
            }
            added.add(rewrite.rotate(read.value(), ScaledChannels.nodes(read), stored));
            for (WeightedLayer layer : read.layers()) {
                rewrite.values(layer.id(), rotated(layer, stored, Hadamard.block(n), cancel));
            }
        }
        return new Rotated(rewrite.model(), List.copyOf(added));
    }

    /**
     * RᵀW in storage order, in double.
     *
     * @param rotation [inputs, inputs], as it is stored, with nothing but zeros outside of its blocks
     */
    static float[] rotated(WeightedLayer layer, float[] rotation, int block, CancelToken cancel) {
        Tensor weight = layer.weight();
        float[] w = weight.data().toFloats();
        int n = layer.inputs();
        int outputs = layer.outputs();
        int inStride = layer.transposed() ? 1 : outputs;
        int outStride = layer.transposed() ? n : 1;
        float[] out = new float[w.length];
        double[] sums = new double[outputs];
        for (int j = 0; j < n; j++) {
            cancel.check();
            Arrays.fill(sums, 0);
            int first = j / block * block;
            for (int i = first; i < first + block; i++) {
                double r = rotation[i * n + j];
                for (int o = 0, at = i * inStride; o < outputs; o++, at += outStride) {
                    sums[o] += r * w[at];
                }
            }
            for (int o = 0, at = j * inStride; o < outputs; o++, at += outStride) {
                out[at] = (float) sums[o];
            }
        }
        return out;
    }
}
