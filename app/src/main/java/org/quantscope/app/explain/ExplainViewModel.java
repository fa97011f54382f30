package org.quantscope.app.explain;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.selected.ClipCurve;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Measured;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.figure.Advice;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.MomentSketch;

/** An entry of the glossary with the numbers of what is open. */
public final class ExplainViewModel {
    private static final String CALIBRATOR = "calibrator-";
    private static final double PERCENT = 100;

    private final SelectedTensor selected;
    private final AccuracyViewModel accuracy;

    public ExplainViewModel(SelectedTensor selected, AccuracyViewModel accuracy) {
        this.selected = selected;
        this.accuracy = accuracy;
    }

    /**
     * What is said of a term.
     *
     * @param numbers its formula with the numbers in hand; empty if nothing open has them
     * @param here whether it is the right choice for the selected tensor, and why; empty if it is no choice
     * @param see related terms
     * @param lesson that teaches it
     */
    public record Entry(
            Term term, Optional<String> numbers, Optional<String> here, List<Term> see, Optional<Lesson> lesson) {}

    /** The entry of a term, with the numbers of this moment. */
    public Entry of(Term term) {
        return new Entry(
                term,
                tensorNumbers(term.id()).or(() -> modelNumbers(term.id())),
                here(term.id()),
                term.see().stream()
                        .flatMap(id -> Glossary.bundled().byId(id).stream())
                        .toList(),
                term.lesson().flatMap(Lessons::byId));
    }

    private Optional<String> here(String id) {
        Optional<SelectedTensor.View> view = selected.viewProperty().get();
        Optional<String> advice =
                view.flatMap(v -> v.shown().flatMap(values -> v.spec().flatMap(spec -> Advice.of(id, values, spec))));
        Optional<String> pinned = id.startsWith(CALIBRATOR)
                ? selected.curveProperty().get().flatMap(c -> pinned(c, id.substring(CALIBRATOR.length())))
                : Optional.empty();
        return advice.isPresent() && pinned.isPresent()
                ? Optional.of(advice.get() + " " + pinned.get())
                : advice.or(() -> pinned);
    }

    /** The error that a calibrator's range makes, beside the least on the curve. */
    private static Optional<String> pinned(ClipCurve curve, String calibrator) {
        double least =
                curve.points().stream().mapToDouble(ClipCurve.Point::mse).min().orElse(Double.NaN);
        return curve.pins().stream()
                .filter(p -> p.calibratorId().equals(calibrator) && least > 0)
                .findFirst()
                .map(p -> "On this tensor it takes the range " + Figures.range(p.range()) + ", whose squared error is "
                        + (p.mse() <= least * 1.005
                                ? "the least."
                                : String.format(Locale.ROOT, "%.2f times the least.", p.mse() / least)));
    }

    private Optional<String> tensorNumbers(String id) {
        Optional<SelectedTensor.View> view = selected.viewProperty().get();
        if (view.isEmpty()) {
            return Optional.empty();
        }
        SelectedTensor.View v = view.get();
        return gridNumbers(id, v)
                .or(() -> v.measured().filter(m -> !v.previous()).flatMap(m -> errorNumbers(id, v, m)))
                .or(() -> v.shown().filter(s -> s.count() > 0).flatMap(s -> valueNumbers(id, s)));
    }

    private static Optional<String> gridNumbers(String id, SelectedTensor.View v) {
        Optional<Grid> grid = v.grid();
        Optional<String> ofGrid = grid.flatMap(g -> Optional.ofNullable(
                switch (id) {
                    case "bits" ->
                        v.spec()
                                .map(s -> "2^" + s.bits() + " = " + (1L << s.bits()))
                                .orElse("");
                    case "level", "grid" ->
                        g.size() + " levels from " + Figures.value(g.level(0)) + " to "
                                + Figures.value(g.level(g.size() - 1));
                    case "effective-range" ->
                        "[" + Figures.value(g.level(0)) + ", " + Figures.value(g.level(g.size() - 1)) + "]";
                    default -> null;
                }));
        if (ofGrid.isPresent()) {
            return ofGrid;
        }
        Optional<ClipRange> clip = v.clip();
        if (clip.isPresent() && (id.equals("range") || id.equals("requested-range"))) {
            return Optional.of("[" + Figures.value(clip.get().lo()) + ", "
                    + Figures.value(clip.get().hi()) + "]");
        }
        return grid.filter(UniformGrid.class::isInstance)
                .map(UniformGrid.class::cast)
                .flatMap(g -> Optional.ofNullable(
                        switch (id) {
                            case "scale" ->
                                "s = (" + Figures.value(g.level(g.size() - 1)) + " − "
                                        + signed(Figures.value(g.level(0))) + ") / " + (g.size() - 1) + " = "
                                        + Figures.scale(g.scale());
                            case "zero-point" -> "z = " + g.zeroPoint() + ", codes " + g.qmin() + " … " + g.qmax();
                            case "code", "rounding", "uniform" ->
                                "q = clamp(round(x / " + Figures.scale(g.scale()) + ") + " + g.zeroPoint() + ", "
                                        + g.qmin() + ", " + g.qmax() + ")";
                            case "dequantize" -> "x̂ = (q − " + g.zeroPoint() + ") · " + Figures.scale(g.scale());
                            default -> null;
                        }));
    }

    private static String signed(String number) {
        return number.startsWith("-") || number.startsWith("−") ? "(" + number + ")" : number;
    }

    private static Optional<String> errorNumbers(String id, SelectedTensor.View v, Measured m) {
        var e = m.error();
        String about = e.exact() ? "" : "≈ ";
        String n = Figures.count(e.count());
        double rounding = Math.max(0, e.mse() - e.clippingMse());
        double share = e.mse() > 0 ? e.clippingMse() / e.mse() : 0;
        return Optional.ofNullable(
                switch (id) {
                    case "mse" ->
                        "MSE = " + Figures.mse(e.mse() * e.count()) + " / " + n + " = " + about + Figures.mse(e.mse());
                    case "error-card", "error-curve" ->
                        Figures.mse(e.mse()) + " = " + Figures.mse(rounding) + " + " + Figures.mse(e.clippingMse());
                    case "rounding-error" ->
                        Figures.mse(rounding)
                                + v.grid()
                                        .filter(UniformGrid.class::isInstance)
                                        .map(g -> ((UniformGrid) g).scale())
                                        .map(s -> " beside s² / 12 = " + Figures.mse((double) s * s / 12))
                                        .orElse("");
                    case "clipping-error" -> Figures.mse(e.clippingMse()) + " = " + percent(share) + " of the MSE";
                    case "clipping-share" ->
                        Figures.mse(e.clippingMse()) + " / " + Figures.mse(e.mse()) + " = " + percent(share);
                    case "clipped" ->
                        Figures.count(Math.round(e.clipped())) + " / " + n + " = " + about
                                + Figures.percent(e.count() == 0 ? 0 : e.clipped() / e.count());
                    case "sqnr" ->
                        e.sqnrDb().isEmpty()
                                ? null
                                : "10 · log10("
                                        + Figures.mse(e.mse()
                                                * Math.pow(10, e.sqnrDb().getAsDouble() / 10))
                                        + " / " + Figures.mse(e.mse()) + ") = " + about
                                        + Figures.decibels(e.sqnrDb()) + " dB";
                    case "rmse" ->
                        v.grid().filter(UniformGrid.class::isInstance).isEmpty()
                                ? null
                                : "√(" + Figures.mse(e.mse()) + ") / "
                                        + Figures.scale(((UniformGrid) v.grid().get()).scale()) + " = " + about
                                        + String.format(
                                                Locale.ROOT,
                                                "%.4f",
                                                Math.sqrt(e.mse())
                                                        / ((UniformGrid)
                                                                        v.grid().get())
                                                                .scale());
                    case "max-error" ->
                        e.maxAbsError().isEmpty()
                                ? null
                                : "max |x − x̂| = "
                                        + Figures.value(e.maxAbsError().getAsDouble());
                    case "per-channel", "per-block", "granularity", "per-tensor" ->
                        m.params().slices() == 1
                                ? "1 scale"
                                : Figures.count(m.params().slices()) + " scales from "
                                        + Figures.scale(m.spans().scales().min()) + " to "
                                        + Figures.scale(m.spans().scales().max());
                    case "output-error", "output-sqnr" ->
                        m.output()
                                .filter(o -> o.sqnrDb().isPresent())
                                .map(o -> "10 · log10(" + Figures.mse(o.signal()) + " / " + Figures.mse(o.mse())
                                        + ") = " + Figures.decibels(o.sqnrDb()) + " dB")
                                .orElse(null);
                    default -> null;
                });
    }

    private static Optional<String> valueNumbers(String id, MomentSketch s) {
        return Optional.ofNullable(
                switch (id) {
                    case "standard-deviation" -> "σ = " + Figures.value(s.std());
                    case "outlier" ->
                        s.std() > 0
                                ? "max |x| / σ = " + Figures.value(s.absMax()) + " / " + Figures.value(s.std()) + " = "
                                        + String.format(Locale.ROOT, "%.1f", s.absMax() / s.std())
                                : null;
                    case "histogram", "tensor", "selected-tensor" ->
                        Figures.count(s.count()) + " values from " + Figures.value(s.min()) + " to "
                                + Figures.value(s.max());
                    default -> null;
                });
    }

    private Optional<String> modelNumbers(String id) {
        var state = accuracy.viewProperty().get();
        if (id.equals("model-size")) {
            return state.size()
                    .map(s -> Figures.bytes(s.quantizedBytes()) + " = "
                            + percent((double) s.quantizedBytes() / Math.max(1, s.floatBytes())) + " of "
                            + Figures.bytes(s.floatBytes()));
        }
        return state.quantized().filter(q -> !state.previous()).flatMap(q -> scores(id, q));
    }

    private static Optional<String> scores(String id, AccuracyEstimate q) {
        String about = q.isComplete() ? "" : "≈ ";
        boolean share = q.task().isProportion();
        return Optional.ofNullable(
                switch (id) {
                    case "top-1", "accuracy-card" ->
                        share
                                ? Figures.count(q.correct()) + " / " + Figures.count(q.seen()) + " = " + about
                                        + Figures.percent(q.score()) + ", float "
                                        + Figures.percent(q.floatScore())
                                : null;
                    case "accuracy-loss" ->
                        share
                                ? Figures.percent(q.floatScore()) + " − " + Figures.percent(q.score()) + " = "
                                        + Figures.points(q.floatScore() - q.score()) + " points"
                                : null;
                    case "agreement", "flip" ->
                        q.agree().isPresent()
                                ? Figures.count(q.seen() - q.agree().getAsInt()) + " of " + Figures.count(q.seen())
                                        + " samples get another class"
                                : null;
                    case "paired-interval" ->
                        Figures.points(q.deltaLo()) + " … " + Figures.points(q.deltaHi()) + " points";
                    default -> null;
                });
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", PERCENT * share);
    }
}
