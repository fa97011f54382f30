package org.quantscope.cli;

import org.jspecify.annotations.Nullable;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.AskedSettings;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
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
            names = "--activation-range",
            paramLabel = "KIND",
            description = "fixed (default), or found while the network runs: of each sample, of each batch"
                    + " (sample, batch).")
    private @Nullable String activationRange;

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

    /** As {@link AskedSettings#given}. */
    boolean given() {
        return asked().given();
    }

    /** True if the bits of weights were given. */
    boolean givesWeightBits() {
        return bits != null || weightBits != null;
    }

    boolean keepsBatchNorm() {
        return keepBatchNorm;
    }

    /** As {@link AskedSettings#wantsActivations}. */
    boolean wantsActivations() {
        return asked().wantsActivations();
    }

    /** What was said. */
    AskedSettings asked() {
        return new AskedSettings(
                bits,
                weightBits,
                activationBits,
                weights.asked(),
                activationScheme,
                activationSymmetric,
                activationCalibrator,
                activationRange,
                keepFloat,
                also,
                keepBatchNorm);
    }

    /** As {@link AskedSettings#state}. */
    SessionState state(FileRef model, boolean calibrated) {
        return asked().state(model, calibrated, false);
    }

    /**
     * The session state of a command that chooses the bits of weights itself: weights are quantized whatever the options
     * say of activations, which stay in float unless they are asked for.
     *
     * @throws IllegalArgumentException naming the option and the value
     */
    SessionState stateOfChosenBits(FileRef model) {
        return asked().state(model, false, true);
    }

    /** As {@link AskedSettings#named}. */
    SessionState named(SessionState state, Model model) {
        return asked().named(state, model);
    }
}
