package org.quantscope.cli;

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
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options of {@code calibrate} and {@code eval} that say how a whole model is quantized, and the session state that
 * they give.
 */
final class SettingsOptions {
    @Option(names = "--bits", paramLabel = "B", description = "Short for --weights B --activations B.")
    private @Nullable Integer bits;

    @Option(names = "--weights", paramLabel = "B", description = "Quantize weights to B bits.")
    private @Nullable Integer weightBits;

    @Option(names = "--activations", paramLabel = "B", description = "Quantize activations to B bits.")
    private @Nullable Integer activationBits;

    @Mixin
    private QuantizerOptions weights;

    @Option(
            names = "--activation-scheme",
            paramLabel = "ID",
            description = "Quantizer of activations (default: uniform).")
    private @Nullable String activationScheme;

    @Option(names = "--activation-symmetric", description = "Symmetric activations (default: asymmetric).")
    private boolean activationSymmetric;

    @Option(
            names = "--activation-calibrator",
            paramLabel = "ID[:K=V,...]",
            description = "Chooses the ranges of activations (default: minmax).")
    private @Nullable String activationCalibrator;

    @Option(
            names = "--keep-float",
            paramLabel = "REGEX",
            description = "Keep tensors whose name contains a match in float.")
    private @Nullable String keepFloat;

    @Option(
            names = "--also",
            paramLabel = "REGEX",
            description =
                    "Quantize, as weights, also embedding tables and weights of LSTM, GRU and RNN whose name contains"
                            + " a match.")
    private @Nullable String also;

    @Option(names = "--no-fold-bn", description = "Do not fold BatchNormalization before analysis.")
    private boolean keepBatchNorm;

    /**
     * True if an option was given that says how to quantize. {@code --keep-float} and {@code --no-fold-bn} do not
     * count: they may be combined with a config.
     */
    boolean given() {
        return weights.given()
                || activationSymmetric
                || Stream.of(bits, weightBits, activationBits).anyMatch(o -> o != null)
                || activationScheme != null
                || activationCalibrator != null;
    }

    /** True if the bits of weights were given. */
    boolean givesWeightBits() {
        return bits != null || weightBits != null;
    }

    boolean keepsBatchNorm() {
        return keepBatchNorm;
    }

    /** True if the options ask for quantized activations, so that leaving them in float would be an error. */
    boolean wantsActivations() {
        return activationBits != null
                || activationSymmetric
                || activationScheme != null
                || activationCalibrator != null;
    }

    /**
     * The session state that the options give. If no bit width is given, weights have 8 bits, and so have activations
     * if they can be calibrated.
     *
     * @param calibrated true if there is data to calibrate activations on
     * @throws IllegalArgumentException naming the option and the value
     */
    SessionState state(FileRef model, boolean calibrated) {
        return state(model, calibrated, false);
    }

    /**
     * The session state of a command that chooses the bits of weights itself: weights are quantized whatever the options
     * say of activations, which stay in float unless they are asked for.
     *
     * @throws IllegalArgumentException naming the option and the value
     */
    SessionState stateOfChosenBits(FileRef model) {
        return state(model, false, true);
    }

    private SessionState state(FileRef model, boolean calibrated, boolean always) {
        if (bits != null && (weightBits != null || activationBits != null)) {
            throw new IllegalArgumentException("--bits is short for --weights and --activations, and excludes them");
        }
        boolean unsaid = bits == null && weightBits == null && activationBits == null;
        boolean quantizesWeights = always || bits != null || unsaid || weightBits != null;
        Integer w = bits != null ? bits : weightBits;
        Integer a = bits != null
                ? bits
                : unsaid && (calibrated || wantsActivations())
                        ? Integer.valueOf(QuantizerOptions.DEFAULT_BITS)
                        : activationBits;
        if (a == null && wantsActivations()) {
            throw new IllegalArgumentException(
                    "--activation-scheme, --activation-symmetric and --activation-calibrator need --activations B");
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
            Clip.Auto clip = QuantizerOptions.calibrator(activationCalibrator);
            if (Calibrators.byId(clip.calibratorId()).isForWeights()) {
                throw new IllegalArgumentException("--activation-calibrator: " + clip.calibratorId()
                        + " is for weights: it goes by what their errors do to the output of a layer");
            }
            spec = spec.withClip(clip);
        }
        spec.check();
        return spec;
    }

    /**
     * The state with the tensors that {@code --also} names quantized as weights, and those that {@code --keep-float} names
     * kept in float.
     *
     * @throws IllegalArgumentException if an expression is malformed or names no such tensor
     */
    SessionState named(SessionState state, Model model) {
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
