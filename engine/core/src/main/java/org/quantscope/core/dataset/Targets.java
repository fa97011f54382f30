package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.Arrays;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;

/**
 * Labels that are floating numbers, as for a regression.
 *
 * @param values all of them, finite, one sample after the other
 * @param shape shape of one sample's targets
 */
record Targets(TensorData values, Shape shape) {
    /**
     * The targets in an array.
     *
     * @param said the file to name in errors
     */
    static Targets of(Tensor tensor, int samples, Path said) {
        Shape all = tensor.info().shape();
        if (all.dim(0) < samples || all.count() == 0) {
            throw new BadInputException(
                    said, "labels", "'" + tensor.id() + "' is " + all + ", there are " + samples + " samples");
        }
        Targets targets = new Targets(tensor.data(), Shape.of(Arrays.copyOfRange(all.toArray(), 1, all.rank())));
        float[] one = new float[Math.toIntExact(targets.shape.count())];
        for (int i = 0; i < samples; i++) {
            targets.read(i, one);
            for (float v : one) {
                if (!Float.isFinite(v)) {
                    throw new BadInputException(said, "labels", "'" + tensor.id() + "' has " + v + " for sample " + i);
                }
            }
        }
        return targets;
    }

    void read(int sample, float[] out) {
        int n = Math.toIntExact(shape.count());
        values.read((long) sample * n, out, 0, n);
    }
}
