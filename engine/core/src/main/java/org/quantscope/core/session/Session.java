package org.quantscope.core.session;

/**
 * The content of a session file: what a person has chosen, and the results of calibration under these choices.
 *
 * @param ranges ranges of activations, each for the spec that {@code state} has for it
 */
public record Session(SessionState state, ActivationRanges ranges) {
    /** A session without results of calibration. */
    public static Session of(SessionState state) {
        return new Session(state, ActivationRanges.NONE);
    }

    /** The calibration that these results amount to. */
    public Calibration calibration() {
        return Calibration.stored(this);
    }
}
