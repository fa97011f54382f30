package org.quantscope.core.figure;

import java.util.Locale;
import java.util.Optional;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.sketch.MomentSketch;

/** A tensor as a small SVG: the histogram of its values, the levels below it, and the range between two lines. */
final class TensorPicture {
    private static final int WIDTH = 640;
    private static final int HEIGHT = 170;
    private static final int BOTTOM = 140;
    private static final int TOP = 10;
    private static final int BINS = 128;
    private static final int MOST_LEVELS = 256;

    private TensorPicture() {}

    /**
     * The picture.
     *
     * @param grid the levels that all values share; empty if there are several grids
     * @param range what is not cut off; empty if there are several
     * @return empty for a tensor without values
     */
    static String of(MomentSketch values, Optional<Grid> grid, Optional<ClipRange> range) {
        if (values.count() == 0) {
            return "";
        }
        double lo = Math.min(values.min(), range.map(r -> (double) r.lo()).orElse(0.0));
        double hi = Math.max(values.max(), range.map(r -> (double) r.hi()).orElse(0.0));
        double margin = hi > lo ? 0.02 * (hi - lo) : 1;
        double from = lo - margin;
        double to = hi + margin;
        double[] counts = values.histogram(from, to, BINS);
        double most = 1;
        for (double count : counts) {
            most = Math.max(most, count);
        }
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\""
                        + " aria-label=\"Histogram of the values with the levels and the range\">%n",
                WIDTH,
                HEIGHT,
                WIDTH));
        svg.append("<path fill=\"#8fb3d9\" d=\"");
        double step = (double) WIDTH / BINS;
        for (int i = 0; i < BINS; i++) {
            if (counts[i] > 0) {
                // The root shows the tails, which a straight scale would hide.
                double height = Math.max(1, (BOTTOM - TOP) * Math.sqrt(counts[i] / most));
                svg.append(String.format(
                        Locale.ROOT, "M%.1f %dv%.1fh%.1fv%.1fz", i * step, BOTTOM, -height, step, height));
            }
        }
        svg.append("\"/>\n");
        grid.filter(g -> g.size() <= MOST_LEVELS).ifPresent(g -> {
            svg.append("<path stroke=\"#44566c\" d=\"");
            for (int i = 0; i < g.size(); i++) {
                svg.append(String.format(
                        Locale.ROOT, "M%.1f %dv8", WIDTH * (g.level(i) - from) / (to - from), BOTTOM + 2));
            }
            svg.append("\"/>\n");
        });
        range.ifPresent(r -> {
            svg.append("<path stroke=\"#b3470b\" stroke-width=\"2\" d=\"");
            for (float end : new float[] {r.lo(), r.hi()}) {
                svg.append(String.format(
                        Locale.ROOT, "M%.1f %dV%d", WIDTH * (end - from) / (to - from), TOP, BOTTOM + 12));
            }
            svg.append("\"/>\n");
        });
        label(svg, 2, "start", lo);
        label(svg, WIDTH - 2, "end", hi);
        return svg.append("</svg>\n").toString();
    }

    private static void label(StringBuilder svg, int x, String anchor, double value) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"12\" fill=\"#44566c\">%.4g</text>%n",
                x,
                HEIGHT - 3,
                anchor,
                value));
    }
}
