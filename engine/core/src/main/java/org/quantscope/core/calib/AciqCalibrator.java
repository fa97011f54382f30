package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.WeightedPoints;

/**
 * The range with the least squared error, if the values were drawn from a Gauss or Laplace density with the same
 * spread.
 *
 * <p>With M bits and steps 2α/2^M the error of a clip α is, for the Laplace density of scale b,
 * {@code 2b²·e^(−α/b) + α²/(3·4^M)}, and for the Gauss density of standard deviation σ
 * {@code (α²+σ²)·(1−erf(α/(σ√2))) − √(2/π)·α·σ·e^(−α²/(2σ²)) + α²/(3·4^M)}. The minimum is where the derivative is 0:
 * {@code 2b·e^(−α/b) = 2α/(3·4^M)}, and {@code α·erfc(α/(σ√2)) − √(2/π)·σ·e^(−α²/(2σ²)) + α/(3·4^M) = 0}.
 *
 * <p>b is the mean of |x−μ|, σ the standard deviation; the range is [μ − α, μ + α] limited to the extremes of the data,
 * or ±(|μ| + α) for a symmetric grid. If no value is negative, they are treated as the upper half of a density about 0,
 * with b the mean and σ² the mean square of the values above 0. On an asymmetric grid all steps then lie in [0, α], and
 * the optimum is that of M + 1 bits. {@link Ranges#earned} bounds the range of an activation by the values themselves.
 */
final class AciqCalibrator implements Calibrator {
    private final boolean laplace;

    private AciqCalibrator(boolean laplace) {
        this.laplace = laplace;
    }

    static AciqCalibrator gauss() {
        return new AciqCalibrator(false);
    }

    static AciqCalibrator laplace() {
        return new AciqCalibrator(true);
    }

    @Override
    public String id() {
        return laplace ? "aciq-laplace" : "aciq-gauss";
    }

    @Override
    public String title() {
        return laplace ? "ACIQ Laplace" : "ACIQ Gauss";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "Banner, Nahshan, Soudry 2019, arXiv 1810.05723, section 3; mse_analysis.py of the authors";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        if (slice.absMax() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        boolean rectified = slice.min() >= 0;
        boolean oneSided = Ranges.oneSided(slice, spec);
        double alpha = clip(spec.bits() + (oneSided ? 1 : 0)) * spread(slice, rectified);
        ClipRange found =
                Ranges.about(slice, spec, rectified ? 0 : slice.sketch().mean(), alpha);
        return new Calibration(Ranges.earned(slice, spec, found), List.of());
    }

    private double spread(SliceStatistics slice, boolean rectified) {
        if (rectified) {
            double positive = slice.sketch().countBeyond(0);
            return laplace
                    ? slice.sketch().sumBeyond(0) / positive
                    : Math.sqrt(slice.sketch().sumSquares() / positive);
        }
        if (!laplace) {
            return slice.sketch().std();
        }
        double mean = slice.sketch().mean();
        WeightedPoints points = slice.sketch().points();
        double sum = 0;
        for (int i = 0; i < points.values().length; i++) {
            sum += points.counts()[i] * Math.abs(points.values()[i] - mean);
        }
        return sum / slice.count();
    }

    /** α/b or α/σ for M bits: bisection of the derivative, which changes from negative to positive once. */
    double clip(int bits) {
        double rounding = Math.scalb(1.0, -2 * bits) / 3;
        double low = 0;
        double high = 64;
        for (int i = 0; i < 100; i++) {
            double middle = (low + high) / 2;
            double slope = laplace
                    ? middle * rounding - Math.exp(-middle)
                    : middle * (erfc(middle / Math.sqrt(2)) + rounding)
                            - Math.sqrt(2 / Math.PI) * Math.exp(-middle * middle / 2);
            if (slope < 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /**
     * 1 − erf(x) for x ≥ 0: below 2 by the series of erf, above by the continued fraction of erfc; error about 1e-15 of
     * the larger of erf and erfc.
     */
    private static double erfc(double x) {
        if (x < 2) {
            double term = x;
            double sum = x;
            for (int n = 1; n < 60; n++) {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 1 - 2 / Math.sqrt(Math.PI) * sum;
        }
        double fraction = x;
        for (int k = 120; k > 0; k--) {
            fraction = x + k / 2.0 / fraction;
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
    }
}
