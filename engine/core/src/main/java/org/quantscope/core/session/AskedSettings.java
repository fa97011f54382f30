package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.FloatWeight;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.tensor.TensorId;

/**
 * How a whole model is to be quantized, as a person asks for it in words: the options of the command line, and of a
 * point of a sweep. What is null or false was not said. Complaints name the option as the command line spells it.
 *
 * @param bits of weights and activations; excludes the two others
 * @param weightBits of weights
 * @param activationBits of activations
 * @param weights the quantizer of weights
 * @param activationScheme id
 * @param activationCalibrator {@code ID[:key=value,…]}
 * @param activationRange {@code fixed}, {@code sample} or {@code batch}: whether ranges are found while the network runs
 * @param keepFloat a regular expression: tensors whose name contains a match stay in float
 * @param also a regular expression: tables and recurrent weights to be quantized too
 * @param keepBatchNorm BatchNormalization is not folded
 */
public record AskedSettings(
        @Nullable Integer bits,
        @Nullable Integer weightBits,
        @Nullable Integer activationBits,
        AskedQuantizer weights,
        @Nullable String activationScheme,
        boolean activationSymmetric,
        @Nullable String activationCalibrator,
        @Nullable String activationRange,
        @Nullable String keepFloat,
        @Nullable String also,
        boolean keepBatchNorm) {
    /**
     * True if it says how to quantize. {@code --keep-float} and {@code --no-fold-bn} do not count: they may be combined
     * with a config.
     */
    public boolean given() {
        return weights.given()
                || activationSymmetric
                || Stream.of(bits, weightBits, activationBits).anyMatch(o -> o != null)
                || activationScheme != null
                || activationCalibrator != null
                || activationRange != null;
    }

    /** True if it asks for quantized activations, so that leaving them in float would be an error. */
    public boolean wantsActivations() {
        return activationBits != null
                || activationSymmetric
                || activationScheme != null
                || activationCalibrator != null
                || activationRange != null;
    }

    /**
     * The session state that this gives. If no bit width is given, weights have 8 bits, and so have activations if they
     * can be calibrated.
     *
     * @param calibrated true if there is data to calibrate activations on
     * @param always true for who chooses the bits of weights: weights are quantized whatever is said of activations
     * @throws IllegalArgumentException naming the option and the value
     */
    public SessionState state(FileRef model, boolean calibrated, boolean always) {
        if (bits != null && (weightBits != null || activationBits != null)) {
            throw new IllegalArgumentException("--bits is short for --weights and --activations, and excludes them");
        }
        boolean unsaid = bits == null && weightBits == null && activationBits == null;
        boolean quantizesWeights = always || bits != null || unsaid || weightBits != null;
        Integer w = bits != null ? bits : weightBits;
        Integer a = bits != null
                ? bits
                : unsaid && (calibrated || wantsActivations())
                        ? Integer.valueOf(AskedQuantizer.DEFAULT_BITS)
                        : activationBits;
        if (a == null && wantsActivations()) {
            throw new IllegalArgumentException(
                    "--activation-scheme, --activation-symmetric, --activation-calibrator and --activation-range need"
                            + " --activations B");
        }
        if (!quantizesWeights && weights.given()) {
            throw new IllegalArgumentException("the quantizer options describe weights and need --weights B");
        }
        return SessionState.of(model)
                .withWeights(quantizesWeights ? Optional.of(weights.spec(w)) : Optional.empty())
                .withActivations(a == null ? Optional.empty() : Optional.of(activationSpec(a)))
                .withFoldBatchNorm(!keepBatchNorm);
    }

    private QuantSpec activationSpec(int b) {
        QuantSpec spec = QuantSpec.ACTIVATIONS
                .withBits(b)
                .withSymmetric(activationSymmetric)
                .withRestrictedRange(activationSymmetric);
        if (activationScheme != null) {
            SchemeTraits traits = Quantizers.byId(activationScheme).traits();
            if (traits.blockSize() > 0) {
                throw new IllegalArgumentException("--activation-scheme: " + activationScheme
                        + " has a scale for each block, activations have one for the whole tensor");
            }
            if (activationSymmetric && !traits.choosesSymmetric()) {
                throw new IllegalArgumentException("--activation-symmetric does not apply to " + activationScheme);
            }
            spec = spec.withScheme(activationScheme).withClip(new Clip.Auto(traits.defaultCalibrator()));
            if (!traits.isAffine()) {
                // Unsigned codes without a zero point would clip all values below 0.
                spec = spec.withSigned(true).withSymmetric(traits.symmetric());
            }
            if (activationBits == null && bits == null) {
                spec = spec.withBits(Math.clamp(b, traits.minBits(), traits.maxBits()));
            }
        }
        if (activationCalibrator != null) {
            Clip.Auto clip = AskedQuantizer.calibrator(activationCalibrator);
            if (Calibrators.byId(clip.calibratorId()).isForWeights()) {
                throw new IllegalArgumentException("--activation-calibrator: " + clip.calibratorId()
                        + " is for weights: it goes by what their errors do to the output of a layer");
            }
            spec = spec.withClip(clip);
        }
        spec = ranged(spec);
        spec.check();
        return spec;
    }

    private QuantSpec ranged(QuantSpec spec) {
        if (activationRange == null || activationRange.equals("fixed")) {
            return spec;
        }
        if (!activationRange.equals(Clip.Dynamic.SAMPLE) && !activationRange.equals(Clip.Dynamic.BATCH)) {
            throw new IllegalArgumentException("--activation-range: fixed, " + Clip.Dynamic.SAMPLE + " or "
                    + Clip.Dynamic.BATCH + ", got " + activationRange);
        }
        if (activationCalibrator != null) {
            throw new IllegalArgumentException("--activation-range " + activationRange
                    + " finds ranges while the network runs, and excludes --activation-calibrator");
        }
        if (!spec.quantizer().traits().isAffine()) {
            throw new IllegalArgumentException("--activation-range " + activationRange
                    + " needs evenly spaced levels, --activation-scheme is " + spec.scheme());
        }
        return spec.withClip(new Clip.Dynamic(activationRange.equals(Clip.Dynamic.SAMPLE)));
    }

    /**
     * The state with the tensors that {@code --also} names quantized as weights, and those that {@code --keep-float} names
     * kept in float.
     *
     * @throws IllegalArgumentException if an expression is malformed or names no such tensor
     */
    public SessionState named(SessionState state, Model model) {
        return keepFloat(also(state, model), model);
    }

    /** Gives the tables and recurrent weights that {@code --also} names a setting of their own: that of weights. */
    private SessionState also(SessionState state, Model model) {
        if (also == null) {
            return state;
        }
        QuantSpec spec = state.weights()
                .orElseThrow(() -> new IllegalArgumentException("--also: weights are not quantized; add --weights B"));
        Pattern pattern = pattern("--also", also);
        Map<TensorId, QuantSpec> specs = new TreeMap<>(state.overrides());
        List<String> known = new ArrayList<>();
        int found = 0;
        for (FloatWeight constant : model.graph().map(OnnxGraph::floatWeights).orElse(List.of())) {
            TensorId id = constant.info().id();
            Placement.Rule rule = constant.site().rule();
            boolean wanted = rule == Placement.Rule.LOOKED_UP || rule == Placement.Rule.RECURRENT;
            if (!wanted || constant.info().shape().rank() < 2 || model.find(id).isEmpty()) {
                continue;
            }
            known.add(id.name());
            if (pattern.matcher(id.name()).find()) {
                found++;
                // A recurrent weight is [directions, gates and outputs, inputs], a table has a row for each entry.
                boolean channels = spec.granularity() instanceof Granularity.PerChannel;
                specs.put(
                        id,
                        channels && rule == Placement.Rule.RECURRENT
                                ? spec.withGranularity(new Granularity.PerChannel(1))
                                : spec);
            }
        }
        if (found == 0) {
            throw new IllegalArgumentException("--also: no table and no recurrent weight has a name that matches "
                    + also
                    + (known.isEmpty()
                            ? "; the model has none that can be quantized"
                            : "; there are " + String.join(", ", known.subList(0, Math.min(10, known.size())))));
        }
        return state.withOverrides(specs);
    }

    private static Pattern pattern(String option, String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(option + ": " + e.getDescription() + " in " + text, e);
        }
    }

    /**
     * Adds the tensors that {@code --keep-float} names to those kept in float, of all that {@code state} quantizes.
     *
     * @throws IllegalArgumentException if the expression is malformed or names no such tensor
     */
    private SessionState keepFloat(SessionState state, Model model) {
        if (keepFloat == null) {
            return state;
        }
        Pattern pattern = pattern("--keep-float", keepFloat);
        Set<TensorId> kept = Stream.of(
                        state.keptFloat().stream(),
                        QuantizedTensor.of(model, state, Calibration.NONE).stream()
                                .map(tensor -> tensor.info().id()),
                        // Those that stay in float in any case: naming them says that this is known.
                        LeftFloat.of(model, state).stream()
                                .filter(LeftFloat::wanted)
                                .map(LeftFloat::id))
                .flatMap(s -> s)
                .filter(id -> pattern.matcher(id.name()).find())
                .collect(Collectors.toCollection(TreeSet::new));
        if (kept.isEmpty()) {
            throw new IllegalArgumentException(
                    "--keep-float: no quantized tensor has a name that matches " + keepFloat);
        }
        kept.addAll(state.keptFloat());
        return state.withKeptFloat(kept);
    }
}
