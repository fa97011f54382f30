package org.quantscope.app.flipped;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Bar;
import org.quantscope.core.plot.Plot.Scale;
import org.quantscope.core.tensor.TensorId;

/** What the charts of errors inside the network show, as figures to be copied. */
final class LayerFigures {
    private static final double HALF = 0.5;
    private static final double WIDE = 0.4;
    private static final double ROOM = 1.1;

    private LayerFigures() {}

    /** How far the error of one tensor reaches. */
    static Plot output(LayerOutputViewModel.View.Shown shown) {
        List<Bar> alone = new ArrayList<>();
        List<Bar> all = new ArrayList<>();
        for (int i = 0; i < shown.rows().size(); i++) {
            LayerOutputViewModel.Row row = shown.rows().get(i);
            alone.add(new Bar(i + 1 - WIDE, i + 1, number(row.isolated().sqnrDb()), row.place()));
            all.add(new Bar(i + 1, i + 1 + WIDE, number(row.accumulated().sqnrDb()), row.place()));
        }
        return plot(
                "layer-output",
                "Error behind the layer, on " + shown.samples() + " samples of " + shown.data(),
                "place, the nearest first",
                "SQNR, dB",
                shown.rows().size(),
                List.of(
                        new Plot.Bars("only this quantized", Ink.QUANTIZED, alone),
                        new Plot.Bars("everything quantized", Ink.FLOAT, all)));
    }

    /** The error of each layer, relative to the values and as SQNR. */
    static List<Plot> layers(List<LayerError> errors, Function<TensorId, String> names, String of) {
        return List.of(
                plot(
                        "layer-errors",
                        "Error layer by layer, " + of,
                        "layer, in graph order",
                        "error relative to the values, %",
                        errors.size(),
                        List.of(new Plot.Bars(
                                "error", Ink.DAMAGE, bars(errors, names, e -> 100 * number(e.relative()))))),
                plot(
                        "layer-sqnr",
                        "SQNR layer by layer, " + of,
                        "layer, in graph order",
                        "SQNR, dB",
                        errors.size(),
                        List.of(new Plot.Bars("SQNR", Ink.QUANTIZED, bars(errors, names, e -> number(e.sqnrDb()))))));
    }

    private static List<Bar> bars(
            List<LayerError> errors, Function<TensorId, String> names, ToDoubleFunction<LayerError> of) {
        List<Bar> bars = new ArrayList<>();
        for (int i = 0; i < errors.size(); i++) {
            LayerError e = errors.get(i);
            bars.add(new Bar(i + 1 - WIDE, i + 1 + WIDE, of.applyAsDouble(e), names.apply(e.value())));
        }
        return bars;
    }

    /** Without any error there is no such number. */
    private static double number(OptionalDouble value) {
        return value.isPresent() && Double.isFinite(value.getAsDouble()) ? value.getAsDouble() : Double.NaN;
    }

    private static Plot plot(
            String id, String title, String across, String up, int count, List<? extends Plot.Series> series) {
        double most = 0;
        double least = 0;
        for (Plot.Series s : series) {
            for (Bar bar : ((Plot.Bars) s).bars()) {
                most = Double.isFinite(bar.height()) ? Math.max(most, bar.height()) : most;
                least = Double.isFinite(bar.height()) ? Math.min(least, bar.height()) : least;
            }
        }
        return new Plot(
                id,
                title,
                new Axis(across, HALF, count + HALF, Scale.LINEAR),
                new Axis(up, ROOM * least, most == 0 && least == 0 ? 1 : ROOM * most, Scale.LINEAR),
                List.copyOf(series));
    }
}
