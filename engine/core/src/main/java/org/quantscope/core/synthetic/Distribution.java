package org.quantscope.core.synthetic;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the values of a synthetic tensor are drawn from. Its id and the names of its parameters are in files. */
public enum Distribution {
    NORMAL("normal", "Normal", "Bell-shaped, as the weights of most layers.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(MEAN, new Parameter("std", "Standard deviation", 0.01, 10, 1, true));
        }

        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            return at(of, "mean") + at(of, "std") * normal(u);
        }
    },
    LAPLACE("laplace", "Laplace", "A sharp peak with longer tails than the normal distribution.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(MEAN, new Parameter("b", "Scale b", 0.01, 10, 1, true));
        }

        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            return at(of, "mean") + at(of, "b") * laplace(u);
        }
    },
    UNIFORM("uniform", "Uniform", "Every value of an interval is equally likely: nothing is gained by clipping.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(MEAN, new Parameter("half-width", "Half width", 0.01, 10, 1, true));
        }

        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            double first = u.next();
            u.next();
            return at(of, "mean") + at(of, "half-width") * (2 * first - 1);
        }
    },
    STUDENT_T("student-t", "Student t", "Heavy tails: with few degrees of freedom a single value can be enormous.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(
                    new Parameter("scale", "Scale", 0.01, 10, 1, true),
                    new Parameter("freedom", "Degrees of freedom", 1, 30, 3, true));
        }

        // Bailey 1994, Mathematics of Computation 62, 779–781.
        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            double freedom = at(of, "freedom");
            double radius = StrictMath.sqrt(freedom * (StrictMath.pow(u.next(), -2 / freedom) - 1));
            return at(of, "scale") * radius * StrictMath.cos(2 * Math.PI * u.next());
        }
    },
    TWO_BUMPS("two-bumps", "Two bumps", "Two normal distributions side by side, with little between them.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(
                    new Parameter("left", "Left centre", -10, 10, -1, false),
                    new Parameter("left-std", "Left spread", 0.01, 10, 0.1, true),
                    new Parameter("right", "Right centre", -10, 10, 2, false),
                    new Parameter("right-std", "Right spread", 0.01, 10, 0.2, true),
                    new Parameter("share", "Share on the left", 0, 1, 0.5, false));
        }

        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            // The first values are those on the left, so that their number is exact.
            String side = index < Math.round(at(of, "share") * size) ? "left" : "right";
            return at(of, side) + at(of, side + "-std") * normal(u);
        }
    },
    RELU_LAPLACE(
            "relu-laplace",
            "ReLU of Laplace, outliers",
            "An activation behind a ReLU: half of the values are 0, and a few are far out.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(
                    new Parameter("b", "Scale b", 0.01, 10, 1, true),
                    new Parameter("outliers", "Number of outliers", 0, 100, 1, false),
                    new Parameter("outlier", "Size of an outlier", 0.01, 1000, 60, true));
        }

        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            double value = Math.max(0, at(of, "b") * laplace(u));
            return index < Math.round(at(of, "outliers")) ? at(of, "outlier") : value;
        }
    },
    LOUD_CHANNEL(
            "loud-channel",
            "One loud channel",
            "The weight of a layer whose first channel is many times larger than the others.") {
        @Override
        public List<Parameter> parameters() {
            return List.of(
                    CHANNELS,
                    new Parameter("std", "Standard deviation", 0.01, 10, 1, true),
                    new Parameter("loudness", "Loud to quiet", 1, 1000, 64, true));
        }

        @Override
        double draw(Map<String, Double> of, Uniform u, long index, long size) {
            double loud = index < size / Math.round(at(of, "channels")) ? at(of, "loudness") : 1;
            return loud * at(of, "std") * normal(u);
        }
    };

    private static final Parameter MEAN = new Parameter("mean", "Mean", -10, 10, 0, false);

    /** Only a tensor of several channels has this parameter. */
    static final Parameter CHANNELS = new Parameter("channels", "Channels", 2, 256, 16, true);

    private final String id;
    private final String title;
    private final String doc;

    /**
     * A number that shapes a distribution.
     *
     * @param name in files
     * @param title for a person
     * @param least smallest value that is accepted
     * @param most largest value that is accepted
     * @param usual the value if none is given
     * @param byFactor true if equal steps of a slider should be equal factors
     */
    public record Parameter(String name, String title, double least, double most, double usual, boolean byFactor) {
        public Parameter {
            if (!(least <= usual && usual <= most) || (byFactor && least <= 0)) {
                throw new IllegalArgumentException(
                        "usual: from " + least + " to " + most + ", above 0 by factor; got " + usual);
            }
        }

        /** True if the value is a count. */
        public boolean whole() {
            return name.equals("channels") || name.equals("outliers");
        }
    }

    /** Two numbers above 0 and below 1 for each value, whatever its distribution does with them. */
    interface Uniform {
        double next();
    }

    Distribution(String id, String title, String doc) {
        this.id = id;
        this.title = title;
        this.doc = doc;
    }

    /** Persisted; never renamed. */
    public String id() {
        return id;
    }

    public String title() {
        return title;
    }

    /** One sentence for a person. */
    public String doc() {
        return doc;
    }

    public abstract List<Parameter> parameters();

    /**
     * One value.
     *
     * @param of a value for each parameter
     * @param u asked exactly twice, so that a value depends only on its own two numbers
     */
    abstract double draw(Map<String, Double> of, Uniform u, long index, long size);

    /** The distribution with an id. */
    public static Optional<Distribution> byId(String id) {
        return Stream.of(values()).filter(d -> d.id.equals(id)).findFirst();
    }

    /** All ids, for messages. */
    public static String ids() {
        return Stream.of(values()).map(Distribution::id).collect(Collectors.joining(", "));
    }

    private static double at(Map<String, Double> of, String name) {
        Double value = of.get(name);
        if (value == null) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "parameters: %s is missing", name));
        }
        return value;
    }

    /** Box and Muller 1958: a standard normal value. */
    private static double normal(Uniform u) {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(u.next()));
        return radius * StrictMath.cos(2 * Math.PI * u.next());
    }

    /** A Laplace value with scale 1: the quantile of a uniform number. */
    private static double laplace(Uniform u) {
        double p = u.next() - 0.5;
        u.next();
        return -Math.signum(p) * StrictMath.log1p(-2 * Math.abs(p));
    }
}
