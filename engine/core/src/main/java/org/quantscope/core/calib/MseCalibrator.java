package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.UniformQuantizer;

/**
 * The range with the smallest mean squared error. The sketch gives the whole curve, and exact passes over the values
 * decide between its best candidates. For activations, whose values are gone, the sketch decides too; for up to a few
 * thousand values exact passes compute everything.
 */
final class MseCalibrator implements Calibrator {
    /** Up to this many values are searched with no object per candidate, in well under a millisecond. */
    private static final int FEW = 1 << 12;

    @Override
    public String id() {
        return "mse";
    }

    @Override
    public String title() {
        return "Least squared error";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "exhaustive search of the clip that minimises Σ(x−Q(x))² (Choukroun et al. 2019, OMSE; Nagel et al."
                + " 2021, eq. 7)";
    }

    /** Four percent apart: less than any two neighbours among scales that are kept as FP8 E4M3. */
    private static final double[] REACHES = IntStream.range(0, 40)
            .mapToDouble(i -> 1.6 * Math.pow(0.96, 39 - i))
            .toArray();

    @Override
    public double[] reaches() {
        return REACHES.clone();
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        ClipSearch.Cost exact = (range, grid) -> slice.exactMse(grid);
        ClipSearch.Cost estimate =
                (range, grid) -> slice.sketch().estimate(grid).mse();
        boolean direct = slice.isExact() && slice.count() <= StoredStatistics.FEW;
        Optional<ClipSearch.Cost> second = slice.isExact() && !direct ? Optional.of(exact) : Optional.empty();
        return new ClipSearch(slice, spec, direct ? exact : estimate, second, cancel).run();
    }

    @Override
    public ClipRange range(SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        if (slice instanceof StoredStatistics stored
                && stored.count() <= FEW
                && stored.absMax() > 0
                && spec.quantizer() instanceof UniformQuantizer) {
            Options.of(this, options);
            cancel.check();
            return FewValuesSearch.ofThread()
                    .of(stored.few(), (int) stored.count(), stored.min(), stored.max(), RangeResolver.asOneSlice(spec));
        }
        return calibrate(slice, spec, options, cancel).range();
    }
}
