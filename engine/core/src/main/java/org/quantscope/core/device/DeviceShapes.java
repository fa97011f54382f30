package org.quantscope.core.device;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationSizes;
import org.quantscope.core.eval.LayerMacs;
import org.quantscope.core.eval.OneSample;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;

/**
 * How large everything inside a model is for one sample, whatever its settings: to be found once, while costs are counted
 * again for each change of the settings.
 */
public final class DeviceShapes {
    private final Model model;
    private final int samples;
    private final Set<String> ran = new LinkedHashSet<>();
    private final ActivationSizes sizes;
    private final LayerMacs macs;

    private DeviceShapes(Model model, OneSample sample, CancelToken cancel) {
        this.model = model;
        this.samples = sample.samples();
        this.sizes = sample.sizes(ran, cancel);
        this.macs = LayerMacs.of(model, sizes, samples);
    }

    /**
     * @param model with a graph, as analysed
     * @param data where the shapes of the inputs come from; empty for those that the model declares
     * @throws org.quantscope.core.io.BadInputException if an input has a free dimension other than the first and there is
     *     no data, or the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static DeviceShapes of(Model model, Optional<Dataset> data, CancelToken cancel) {
        return new DeviceShapes(model, OneSample.of(model, data), cancel);
    }

    Model model() {
        return model;
    }

    int samples() {
        return samples;
    }

    ActivationSizes sizes() {
        return sizes;
    }

    LayerMacs macs() {
        return macs;
    }

    /** The values whose size does not follow from the graph; it is that of one run. */
    Set<String> ran() {
        return ran;
    }
}
