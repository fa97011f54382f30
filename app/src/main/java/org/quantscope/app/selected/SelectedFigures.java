package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.metric.CodeCounts;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Bar;
import org.quantscope.core.plot.Plot.Scale;
import org.quantscope.core.plot.Plot.Spot;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.SliceExtents;

/** What the charts of the selected tensor show, as figures to be copied. */
final class SelectedFigures {
    private static final double HALF = 0.5;
    /** Room above the highest count, as a factor. */
    private static final double ROOM = 1.3;

    private SelectedFigures() {}

    /**
     * The histogram.
     *
     * @param counts of bins of equal width that fill {@code lo} to {@code hi}
     * @param levels its levels with their counts; empty where they are too fine to be drawn
     */
    static Plot histogram(
            String of,
            double[] counts,
            double lo,
            double hi,
            boolean log,
            @Nullable ClipRange clip,
            @Nullable Grid grid,
            double[] levels) {
        double width = (hi - lo) / counts.length;
        List<Bar> bars = IntStream.range(0, counts.length)
                .mapToObj(i -> new Bar(lo + i * width, lo + (i + 1) * width, counts[i]))
                .toList();
        List<Plot.Series> series = new ArrayList<>(List.of(new Plot.Bars("values", Ink.FLOAT, bars)));
        if (grid != null && levels.length > 0) {
            series.add(new Plot.Points(
                    "levels",
                    Ink.QUANTIZED,
                    IntStream.range(0, levels.length)
                            .mapToObj(i -> new Spot(grid.level(i), levels[i]))
                            .toList()));
        }
        if (clip != null) {
            series.add(new Plot.Marks("range", Ink.HAND, List.of((double) clip.lo(), (double) clip.hi())));
        }
        double most = DoubleStream.concat(Arrays.stream(counts), Arrays.stream(levels))
                .max()
                .orElse(1);
        return new Plot(
                "histogram",
                "Values of " + of,
                new Axis("value, units of the tensor", lo, hi, Scale.LINEAR),
                counts("number of values", most, log),
                series);
    }

    private static Axis counts(String title, double most, boolean log) {
        return log
                ? new Axis(title, HALF, ROOM * Math.max(2, most), Scale.LOG)
                : new Axis(title, 0, ROOM * Math.max(1, most), Scale.LINEAR);
    }

    /** The error against the clip. */
    static Plot curve(String of, ErrorCurve curve, double clip) {
        List<Plot.Series> series = new ArrayList<>();
        curve.neighbours()
                .forEach(n -> series.add(line(n.label(), Ink.MUTED, true, n.points(), ErrorCurve.Point::mse)));
        series.add(line("rounding", Ink.ROUNDING, false, curve.points(), ErrorCurve.Point::rounding));
        series.add(line("clipping", Ink.CLIPPING, false, curve.points(), ErrorCurve.Point::clipping));
        if (!curve.outputs().isEmpty()) {
            series.add(line("at the output, scaled", Ink.FLOAT, false, curve.outputs(), ErrorCurve.Point::mse));
        }
        series.add(line(
                curve.label().isEmpty() ? "total" : "total, " + curve.label(),
                Ink.QUANTIZED,
                false,
                curve.points(),
                ErrorCurve.Point::mse));
        series.add(new Plot.Points(
                "calibrators",
                Ink.TEXT,
                curve.pins().stream()
                        .map(p -> new Spot(p.clip(), p.mse(), p.label()))
                        .toList()));
        if (Double.isFinite(clip)) {
            series.add(new Plot.Marks("clip in hand", Ink.HAND, List.of(clip)));
        }
        double[] clips = Stream.concat(
                        curve.points().stream(), curve.neighbours().stream().flatMap(n -> n.points().stream()))
                .mapToDouble(ErrorCurve.Point::clip)
                .toArray();
        double lowest = curve.points().stream()
                .mapToDouble(ErrorCurve.Point::mse)
                .filter(v -> v > 0)
                .min()
                .orElse(1);
        // The parts of the lowest error are seen, and what is far below them is not.
        double[] errors = Stream.concat(
                        curve.points().stream(), curve.neighbours().stream().flatMap(n -> n.points().stream()))
                .flatMapToDouble(p -> DoubleStream.of(p.mse(), p.rounding(), p.clipping()))
                .filter(v -> v > lowest / 40)
                .toArray();
        return new Plot(
                "error-against-clip",
                "Error against clip of " + of,
                Axis.around("clip, units of the tensor", clips),
                Axis.decades("mean squared error, squared units", errors),
                series);
    }

    private static Plot.Line line(
            String name,
            Ink ink,
            boolean dashed,
            List<ErrorCurve.Point> points,
            ToDoubleFunction<ErrorCurve.Point> of) {
        return new Plot.Line(
                name,
                ink,
                dashed,
                points.stream()
                        .map(p -> new Spot(p.clip(), of.applyAsDouble(p)))
                        .toList());
    }

    /**
     * The values of each slice with their ranges.
     *
     * @param clips one for all, one for each, or none
     */
    static Plot slices(SliceExtents slices, String noun, List<ClipRange> clips) {
        List<Bar> high = new ArrayList<>();
        List<Bar> low = new ArrayList<>();
        List<Spot> upper = new ArrayList<>();
        List<Spot> lower = new ArrayList<>();
        double extent = 0;
        for (int i = 0; i < slices.size(); i++) {
            String label = Integer.toString(i);
            high.add(new Bar(i - HALF, i + HALF, slices.hi(i), label));
            low.add(new Bar(i - HALF, i + HALF, slices.lo(i), label));
            extent = Math.max(extent, slices.absMax(i));
            if (!clips.isEmpty()) {
                ClipRange clip = clips.get(clips.size() == 1 ? 0 : Math.min(i, clips.size() - 1));
                upper.add(new Spot(i, clip.hi(), label));
                lower.add(new Spot(i, clip.lo(), label));
            }
        }
        List<Plot.Series> series = new ArrayList<>(List.of(
                new Plot.Bars("largest value", Ink.FLOAT, high), new Plot.Bars("smallest value", Ink.MUTED, low)));
        if (!clips.isEmpty()) {
            series.add(new Plot.Line("range, upper end", Ink.HAND, false, upper));
            series.add(new Plot.Line("range, lower end", Ink.HAND, true, lower));
        }
        return new Plot(
                "slices",
                "Range of each " + noun,
                new Axis(noun + ", from 0", -HALF, slices.size() - HALF, Scale.LINEAR),
                Axis.around("value, units of the tensor", new double[] {-extent, extent}),
                series);
    }

    /** @param first the number of the lowest code */
    static Plot codes(CodeCounts counts, int first, double clippedLow, double clippedHigh) {
        List<Bar> bars = IntStream.range(0, counts.codes())
                .mapToObj(i -> bar(first + i, counts.count(i)))
                .toList();
        List<Bar> clipped = Stream.of(
                        bar(first, clippedLow * counts.total()),
                        bar(first + counts.codes() - 1, clippedHigh * counts.total()))
                .filter(b -> b.height() > 0)
                .toList();
        List<Plot.Series> series = new ArrayList<>(List.of(new Plot.Bars("values", Ink.QUANTIZED, bars)));
        if (!clipped.isEmpty()) {
            series.add(new Plot.Bars("of them clipped", Ink.CLIPPING, clipped));
        }
        return new Plot(
                "codes",
                "How often each code is used",
                new Axis("code", first - HALF, first + counts.codes() - HALF, Scale.LINEAR),
                counts(
                        "number of values",
                        IntStream.range(0, counts.codes())
                                .mapToDouble(counts::count)
                                .max()
                                .orElse(1),
                        true),
                series);
    }

    private static Bar bar(int code, double height) {
        return new Bar(code - HALF, code + HALF, height, Integer.toString(code));
    }
}
