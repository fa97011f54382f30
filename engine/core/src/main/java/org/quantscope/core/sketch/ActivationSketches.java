package org.quantscope.core.sketch;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.tensor.TensorId;

/**
 * What was seen of the activations when the float model ran over calibration data, and what that result depends on.
 *
 * @param modelSha256 of the model file, lower-case hex
 * @param dataSha256 of the calibration data, lower-case hex
 * @param foldBatchNorm whether BatchNormalization was folded before the run: folding removes activations
 * @param samples the number of samples that were run
 * @param sketches one for each activation, in the order of names
 * @param inputs for each weight, in the order of names, the power of the values that it is multiplied with; empty if
 *     that was not observed
 */
public record ActivationSketches(
        String modelSha256,
        String dataSha256,
        boolean foldBatchNorm,
        long samples,
        Map<TensorId, MomentSketch> sketches,
        Map<TensorId, InputPower> inputs) {
    private static final String SHA256 = "[0-9a-f]{64}";

    public ActivationSketches {
        if (!modelSha256.matches(SHA256) || !dataSha256.matches(SHA256)) {
            throw new IllegalArgumentException(
                    "sha256: 64 lower-case hex digits are needed, got " + modelSha256 + " and " + dataSha256);
        }
        if (samples < 0) {
            throw new IllegalArgumentException("samples: at least 0, got " + samples);
        }
        sketches = Collections.unmodifiableMap(new TreeMap<>(sketches));
        inputs = Collections.unmodifiableMap(new TreeMap<>(inputs));
    }

    public ActivationSketches(
            String modelSha256, String dataSha256, boolean foldBatchNorm, long samples, Observed seen) {
        this(modelSha256, dataSha256, foldBatchNorm, samples, seen.sketches(), seen.inputs());
    }

    /** True if a run over the first {@code samples} of this data would see the same. */
    public boolean restsOn(String model, String data, boolean fold, long count) {
        return modelSha256.equals(model) && dataSha256.equals(data) && foldBatchNorm == fold && samples == count;
    }
}
