package org.quantscope.core.plot;

import java.util.List;

/**
 * A figure: what it shows, in numbers. How it is drawn follows from this alone, so that all forms of it agree.
 *
 * @param id names the figure in files, of lower-case letters, digits, '-' and '.'
 * @param title for a person, one line
 * @param series drawn in this order, the last on top
 */
public record Plot(String id, String title, Axis x, Axis y, List<Series> series) {
    public Plot {
        if (!id.matches("[a-z0-9.-]+")) {
            throw new IllegalArgumentException("id: lower-case letters, digits, '-' and '.' are needed, got " + id);
        }
        series = List.copyOf(series);
    }

    /**
     * An axis.
     *
     * @param title what it shows, with its unit
     * @param lo its lower end; more than 0 on a logarithmic axis
     * @param hi its upper end, more than {@code lo}
     */
    public record Axis(String title, double lo, double hi, Scale scale) {
        public Axis {
            if (!Double.isFinite(lo) || !Double.isFinite(hi) || lo >= hi || (scale == Scale.LOG && lo <= 0)) {
                throw new IllegalArgumentException("axis: ends that can be drawn are needed, got " + lo + " to " + hi
                        + (scale == Scale.LOG ? " on a logarithmic axis" : ""));
            }
        }

        /** An axis that holds these values with a small margin; from 0 to 1 if there is no finite one. */
        public static Axis around(String title, double[] values) {
            double lo = Double.POSITIVE_INFINITY;
            double hi = Double.NEGATIVE_INFINITY;
            for (double v : values) {
                if (Double.isFinite(v)) {
                    lo = Math.min(lo, v);
                    hi = Math.max(hi, v);
                }
            }
            if (lo > hi) {
                return new Axis(title, 0, 1, Scale.LINEAR);
            }
            double margin = hi > lo ? 0.04 * (hi - lo) : Math.max(1e-9, 0.1 * Math.abs(hi));
            return new Axis(title, lo - margin, hi + margin, Scale.LINEAR);
        }

        /** A logarithmic axis that holds the positive ones of these values; a linear one if there is none. */
        public static Axis decades(String title, double[] values) {
            double lo = Double.POSITIVE_INFINITY;
            double hi = 0;
            for (double v : values) {
                if (v > 0 && Double.isFinite(v)) {
                    lo = Math.min(lo, v);
                    hi = Math.max(hi, v);
                }
            }
            return hi == 0 ? around(title, values) : new Axis(title, lo / 1.25, hi * 1.25, Scale.LOG);
        }

        /** Where a value lies: 0 at the lower end, 1 at the upper; NaN for one that a logarithmic axis cannot show. */
        double share(double value) {
            return switch (scale) {
                case LINEAR -> (value - lo) / (hi - lo);
                case ROOT -> Math.signum(value) * Math.sqrt(Math.abs(value) / hi);
                case LOG -> value > 0 ? Math.log(value / lo) / Math.log(hi / lo) : Double.NaN;
            };
        }
    }

    /** How values are spread over an axis. */
    public enum Scale {
        LINEAR,
        /** By the square root, from 0: shows small counts beside large ones. */
        ROOT,
        LOG
    }

    /**
     * A point of a figure.
     *
     * @param label for a person; may be empty
     */
    public record Spot(double x, double y, String label) {
        public Spot(double x, double y) {
            this(x, y, "");
        }
    }

    /** A bar from one value of the horizontal axis to another. */
    public record Bar(double from, double to, double height, String label) {
        public Bar(double from, double to, double height) {
            this(from, to, height, "");
        }
    }

    /** Numbers that belong together, with a name for the key of the figure. */
    public sealed interface Series {
        String name();

        Ink ink();
    }

    /** Points joined by lines; a point that cannot be shown parts the line. */
    public record Line(String name, Ink ink, boolean dashed, List<Spot> spots) implements Series {
        public Line {
            spots = List.copyOf(spots);
        }
    }

    /** Points by themselves, with their labels. */
    public record Points(String name, Ink ink, List<Spot> spots) implements Series {
        public Points {
            spots = List.copyOf(spots);
        }
    }

    public record Bars(String name, Ink ink, List<Bar> bars) implements Series {
        public Bars {
            bars = List.copyOf(bars);
        }
    }

    /** Upright lines at values of the horizontal axis. */
    public record Marks(String name, Ink ink, List<Double> at) implements Series {
        public Marks {
            at = List.copyOf(at);
        }
    }
}
