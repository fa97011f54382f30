package org.quantscope.core.figure;

import java.util.Locale;
import java.util.Optional;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;

/**
 * Whether a scheme or a calibrator is the right one for the values at hand, said from what they show. The rules are
 * those of the entries of the glossary; a rule that cannot be told from the values says nothing.
 */
public final class Advice {
    /** Largest magnitude over the root mean square from which on a few values lie far from the rest. */
    private static final double FAR = 8;

    /** The same ratio for values without any tail: ±√3 for a uniform distribution, about 4 for a bell of 10⁴ values. */
    private static final double NEAR = 4.6;

    /** Median magnitude over the root mean square: 0.49 Laplace, 0.67 normal, 0.87 uniform. */
    private static final double PEAKED = 0.6;

    private static final double FLAT = 0.77;
    private static final double MEDIAN = 0.5;
    private static final int FEW_BITS = 5;

    private Advice() {}

    /**
     * A sentence or two about one choice for these values.
     *
     * @param termId id of the glossary entry of a scheme or calibrator
     * @param values of the tensor or slice
     * @param spec how it is quantized now
     * @return empty if the values say nothing about it
     */
    public static Optional<String> of(String termId, MomentSketch values, QuantSpec spec) {
        double rms = values.count() == 0 ? 0 : Math.sqrt(values.sumSquares() / values.count());
        if (rms == 0) {
            return Optional.empty();
        }
        Shape shape = new Shape(
                values.absMax() / rms,
                values.absQuantile(MEDIAN) / rms,
                values.min() >= 0 || values.max() <= 0,
                spec.bits() < FEW_BITS,
                spec.bits());
        return Optional.ofNullable(
                switch (termId) {
                    case "calibrator-minmax" -> shape.minmax();
                    case "calibrator-moving-average", "calibrator-percentile" -> shape.cutting();
                    case "calibrator-mse", "calibrator-octav" -> shape.leastError();
                    case "calibrator-mae" ->
                        shape.far()
                                ? "It gives the far values up more readily than the squared error does. " + reach(shape)
                                : reach(shape);
                    case "calibrator-entropy" ->
                        shape.few
                                ? "With " + bits(shape)
                                        + " there are few levels to compare distributions with: the least squared"
                                        + " error is safer."
                                : reach(shape);
                    case "calibrator-aciq-gauss", "nf4" -> shape.bell();
                    case "calibrator-aciq-laplace" -> shape.laplace();
                    case "calibrator-std" ->
                        "Here three standard deviations "
                                + (shape.crest > 3
                                        ? "cut off what lies beyond; the largest magnitude is " + number(shape.crest)
                                                + " of them."
                                        : "hold all values.");
                    case "uniform", "pot" -> shape.uniform();
                    case "log2", "apot" -> shape.logarithmic();
                    case "lloyd-max", "iq4_nl" -> shape.codebook();
                    case "fp8", "fp6", "fp4", "minifloat" -> shape.floating();
                    case "mx", "nvfp4", "per-block" -> shape.blocks();
                    case "symmetric", "asymmetric", "signed" -> shape.sides();
                    default -> null;
                });
    }

    private static String reach(Shape s) {
        return "Here the largest magnitude is " + number(s.crest) + " times the root mean square"
                + (s.far()
                        ? ": a few values lie far from the rest."
                        : s.near() ? ": no value lies far from the rest." : ".");
    }

    private static String bits(Shape s) {
        return s.bits + " bits";
    }

    private static String number(double x) {
        return String.format(Locale.ROOT, x < 10 ? "%.1f" : "%.0f", x);
    }

    /**
     * @param crest largest magnitude over the root mean square
     * @param middle median magnitude over the root mean square
     * @param oneSided no value on one side of 0
     * @param few few bits
     */
    private record Shape(double crest, double middle, boolean oneSided, boolean few, int bits) {
        boolean far() {
            return crest > FAR;
        }

        boolean near() {
            return crest < NEAR;
        }

        boolean peaked() {
            return middle < PEAKED;
        }

        boolean flat() {
            return middle > FLAT;
        }

        String form() {
            return peaked() ? "crowd about 0 with long tails" : flat() ? "are spread evenly" : "are bell-shaped";
        }

        String minmax() {
            return near()
                    ? "Right here: " + lower(reach(this))
                    : (few
                                    ? "With " + bits + " bits hardly right here. "
                                    : far() ? "Doubtful here. " : "With " + bits + " bits it costs little here. ")
                            + reach(this);
        }

        String cutting() {
            return far()
                    ? "It cuts the far values, which is right if they do not matter. " + reach(this)
                    : "There is little to cut. " + reach(this);
        }

        String leastError() {
            return near()
                    ? "It will stay close to min–max. " + reach(this)
                    : few
                            ? "Right here: with " + bits + " bits it pays to give the largest values up. " + reach(this)
                            : "Safe here. " + reach(this);
        }

        String bell() {
            return "Here the values " + form()
                    + (peaked() || flat() ? ", which it is not made for." : ", which it is made for.");
        }

        String laplace() {
            return "Here the values " + form()
                    + (peaked() ? ", which it is made for." : "; it will choose too wide a range.");
        }

        String uniform() {
            return "Here the values " + form()
                    + (peaked() && few
                            ? ": with " + bits + " bits few levels lie where most values are."
                            : peaked()
                                    ? "; with " + bits + " bits there are levels enough for that."
                                    : ", which even steps suit.");
        }

        String logarithmic() {
            return peaked()
                    ? "Here the values " + form() + ": fine steps near 0 suit them."
                    : "Here the values " + form() + ": most lie where its steps are coarse.";
        }

        String codebook() {
            return flat()
                    ? "Here the values " + form() + ": a codebook gains little over even steps."
                    : "Here the values " + form() + ": levels close together near 0 suit them"
                            + (few ? "." : ", though with " + bits + " bits even steps do.");
        }

        String floating() {
            return far()
                    ? "Right where hardware has it: it keeps the far values without coarse steps near 0. " + reach(this)
                    : "Here even steps of as many bits are as good. " + reach(this);
        }

        String blocks() {
            return far()
                    ? "Here a far value costs its own block only. " + reach(this)
                    : "Here blocks gain little unless they differ from each other. " + reach(this);
        }

        String sides() {
            return oneSided
                    ? "Here no value lies on one side of 0: asymmetric, or unsigned codes, waste none."
                    : "Here values lie on both sides of 0: symmetric fits.";
        }

        private static String lower(String sentence) {
            return sentence.substring(0, 1).toLowerCase(Locale.ROOT) + sentence.substring(1);
        }
    }
}
