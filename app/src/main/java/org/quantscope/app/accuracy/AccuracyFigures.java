package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Spot;

/** What the plots of size against accuracy and of a bit budget show, as figures to be copied. */
final class AccuracyFigures {
    private AccuracyFigures() {}

    /** Every setting tried by size and score; empty if there is none. */
    static List<Plot> tried(TriedViewModel.View view) {
        List<Tried> all = view.points();
        if (all.isEmpty()) {
            return List.of();
        }
        Tried some = all.getFirst();
        boolean share = some.task().isProportion();
        List<Plot.Series> series = new ArrayList<>();
        add(series, "float", Ink.FLOAT, all, Tried::isFloat, share);
        add(
                series,
                "tried",
                Ink.QUANTIZED,
                all,
                t -> !t.isFloat() && !view.current().equals(Optional.of(t)),
                share);
        add(
                series,
                "in hand",
                Ink.HAND,
                all,
                t -> !t.isFloat() && view.current().equals(Optional.of(t)),
                share);
        return List.of(new Plot(
                "size-and-score",
                "Size and " + some.task().headline() + " of everything tried, on " + Figures.count(some.samples())
                        + " samples",
                Axis.around(
                        "size, bytes", all.stream().mapToDouble(Tried::bytes).toArray()),
                Axis.around(
                        some.task().title() + (share ? ", %" : ""),
                        all.stream().mapToDouble(t -> score(t, share)).toArray()),
                series));
    }

    private static void add(
            List<Plot.Series> series, String name, Ink ink, List<Tried> all, Predicate<Tried> which, boolean share) {
        List<Spot> spots = all.stream()
                .filter(which)
                .map(t -> new Spot(t.bytes(), score(t, share), t.label()))
                .toList();
        if (!spots.isEmpty()) {
            series.add(new Plot.Points(name, ink, spots));
        }
    }

    private static double score(Tried t, boolean share) {
        return (share ? 100 : 1) * t.score();
    }

    /** The least loss at each cost; empty if nothing was measured. */
    static List<Plot> front(List<Assignment> front, Unit unit, boolean divergence, Optional<Assignment> chosen) {
        if (front.isEmpty()) {
            return List.of();
        }
        List<Spot> spots = front.stream()
                .map(a -> new Spot(a.in(unit), a.loss(), BudgetText.bits(a.averageBits()) + " bits"))
                .toList();
        List<Plot.Series> series = new ArrayList<>(List.of(
                new Plot.Line(
                        "",
                        Ink.MUTED,
                        false,
                        spots.stream().map(s -> new Spot(s.x(), s.y())).toList()),
                new Plot.Points("least loss", Ink.QUANTIZED, spots)));
        chosen.ifPresent(a -> series.add(new Plot.Marks("chosen", Ink.HAND, List.of(a.in(unit)))));
        return List.of(new Plot(
                "budget-front",
                "The least loss at each cost",
                Axis.around(
                        switch (unit) {
                            case BYTES -> "size of all tensors, bytes";
                            case BIT_OPERATIONS -> "bit-operations for one sample";
                            case AVERAGE_BITS -> "bits on average";
                        },
                        spots.stream().mapToDouble(Spot::x).toArray()),
                Axis.decades(
                        divergence ? "KL on the calibration data, nats" : "share of noise on the calibration data",
                        spots.stream().mapToDouble(Spot::y).toArray()),
                series));
    }
}
