package org.quantscope.app.selected;

import java.util.Map;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.tensor.TensorId;

/**
 * Whose codes the figures of the selected tensor are of.
 *
 * @param values of the weight in hand, and of the bias that moved with it, where a preview has {@link State#CHOSEN} codes
 */
public record HandCodes(State state, Map<TensorId, ChosenValues> values) {
    /** How far the codes for the previewed range are. */
    public enum State {
        /** Nearest levels, and nothing else is on its way. */
        NEAREST,
        /** Nearest levels until the codes that the rounding chooses for this range are there. */
        COMING,
        /** Nearest levels: the rounding takes too long for a layer of this size to follow a hand. */
        ON_RELEASE,
        /** The codes that the rounding has chosen; those of a preview with the layers behind as they were. */
        CHOSEN
    }

    static final HandCodes NEAREST = new HandCodes(State.NEAREST, Map.of());
    static final HandCodes COMING = new HandCodes(State.COMING, Map.of());
    static final HandCodes ON_RELEASE = new HandCodes(State.ON_RELEASE, Map.of());

    static final HandCodes COMMITTED = new HandCodes(State.CHOSEN, Map.of());

    public HandCodes {
        values = Map.copyOf(values);
    }
}
