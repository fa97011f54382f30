package org.quantscope.app.selected;

import org.quantscope.core.quant.ClipRange;

/** Told of one gesture: any number of previews, then either one commit or one cancel. Called on the FX thread. */
public interface RangeListener {
    /** The hand is at {@code range} and has not let go. */
    void preview(ClipRange range);

    /** The hand let go at {@code range}: one edit, one undo step. */
    void commit(ClipRange range);

    /** The hand took it back: what was before the gesture holds again. */
    void cancel();
}
