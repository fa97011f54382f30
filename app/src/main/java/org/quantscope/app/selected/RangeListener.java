package org.quantscope.app.selected;

import org.quantscope.core.quant.ClipRange;

/**
 * Follows the gestures that move a range. Each gesture calls {@link #preview} any number of times, then either
 * {@link #commit} or {@link #cancel} once. Called on the FX thread.
 */
public interface RangeListener {
    /** The range has moved to {@code range}, and the gesture continues. */
    void preview(ClipRange range);

    /** The gesture has ended at {@code range}, which should become one undo step. */
    void commit(ClipRange range);

    /** The gesture was cancelled: the range before it holds again. */
    void cancel();
}
