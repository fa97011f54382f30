package org.quantscope.app.selected;

import java.util.Optional;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.sketch.MomentSketch;

/**
 * What is known of the values of the selected tensor.
 *
 * @param sketch all values; empty until they have been read
 * @param slices the extents of the slices that have their own ranges, or could have: the channels if there is one range.
 *     Empty until the values have been read, and for activations
 * @param slice the selected slice, or {@link SelectedTensor#ALL}
 * @param inSlice the values in the selected slice; empty until they have been read
 * @param weighted true if the importances of the values are known
 * @param reads what the layer of a weight reads on the calibration data
 */
public record SelectedValues(
        Optional<MomentSketch> sketch,
        Optional<SliceExtents> slices,
        int slice,
        Optional<MomentSketch> inSlice,
        boolean weighted,
        LayerReading reads) {}
