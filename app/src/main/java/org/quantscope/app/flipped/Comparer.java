package org.quantscope.app.flipped;

import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LayerComparison;
import org.quantscope.core.model.Model;

/**
 * Holds the layer comparison of the open model on its data. When either changes, the former comparison is closed in the
 * background. Used on the FX thread only.
 */
final class Comparer {
    private final Executor work;
    private @Nullable LayerComparison open;
    private @Nullable Model model;
    private @Nullable Dataset data;

    Comparer(Executor work) {
        this.work = work;
    }

    /**
     * The comparison for this model and this data.
     *
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     */
    LayerComparison of(Model now, Dataset on) {
        LayerComparison known = open;
        if (known == null || !now.equals(model) || !on.equals(data)) {
            forget();
            known = new LayerComparison(now, on, 1);
            open = known;
            model = now;
            data = on;
        }
        return known;
    }

    /** Drops the comparison, because no model is open or its data is gone. */
    void forget() {
        LayerComparison old = open;
        open = null;
        model = null;
        data = null;
        if (old != null) {
            work.execute(old::close);
        }
    }

    /** Cancels what runs and waits for it. */
    void close() {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
