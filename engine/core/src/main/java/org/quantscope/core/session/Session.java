package org.quantscope.core.session;

/**
 * What a session file holds: what a person has chosen, and what calibration came to under these choices.
 *
 * @param ranges of activations, each for the spec that {@code state} has for it
 */
public record Session(SessionState state, ActivationRanges ranges) {
    /** Choices that nothing was calibrated for. */
    public static Session of(SessionState state) {
        return new Session(state, ActivationRanges.NONE);
    }

    /** What can be resolved with this alone. */
    public Calibration calibration() {
        return Calibration.stored(this);
    }
}
