package org.quantscope.core.eval;

import java.util.Map;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/** Runs the float model on calibration data and streams every quantizable activation into a sketch; the activations are not kept. */
public final class ActivationCalibration {
    private ActivationCalibration() {}

    /** The sketch of each activation that {@link org.quantscope.core.onnx.OnnxGraph#activations} lists, over all samples. */
    public static Map<TensorId, MomentSketch> run(Model model, Dataset data, Progress progress, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }
}
