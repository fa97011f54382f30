package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * The range with the smallest Σh·(w−Q(w))²/Σh, where h says how much the error of each value matters. Weighted bins
 * give the whole curve, and exact passes decide between its best candidates. If all importances of a slice are 0, every
 * value counts the same.
 *
 * <p>Without importances it refuses to choose; else it would be the plain squared error under another name.
 */
final class WeightedMseCalibrator implements Calibrator {
    static final OptionDoc IMPORTANCE = new OptionDoc(
            "importance",
            "file",
            "observed",
            "a file (.npz) with an array of the tensor's name, of its shape or with one value an input channel; or"
                    + " observed: what calibration data has shown");

    @Override
    public String id() {
        return "weighted-mse";
    }

    @Override
    public String title() {
        return "Least weighted error";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(IMPORTANCE);
    }

    @Override
    public String source() {
        return "search of the clip that minimises Σh(w−Q(w))²; h = E[x²] of the input channel (Nagel et al. 2020,"
                + " arXiv 2004.10568) or Fisher (Dong et al. 2020, arXiv 1911.03852)";
    }

    @Override
    public boolean needsImportance() {
        return true;
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        if (!slice.isWeighted()) {
            throw new IllegalArgumentException(
                    "calibrator." + id() + ": needs the importance of each value, which is known of weights only");
        }
        ClipSearch.Cost exact = (range, grid) -> slice.weightedMse(grid);
        ClipSearch.Cost estimate = (range, grid) -> slice.weightedEstimate(grid);
        boolean direct = slice.count() <= StoredStatistics.FEW;
        return new ClipSearch(
                        slice, spec, direct ? exact : estimate, direct ? Optional.empty() : Optional.of(exact), cancel)
                .run();
    }
}
