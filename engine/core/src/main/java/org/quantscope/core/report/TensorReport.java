package org.quantscope.core.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.figure.Sentences;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Scale;
import org.quantscope.core.plot.Plot.Spot;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.report.Report.Block;
import org.quantscope.core.report.Report.Cell;
import org.quantscope.core.report.Report.Section;
import org.quantscope.core.report.ReportFigure.Unit;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;

/** The sections about single tensors: how each is quantized and how far it moves, and pictures of the worst. */
final class TensorReport {
    private static final int PICTURED = 3;
    private static final int POINTS = 64;
    private static final int BINS = 96;
    private static final int MOST_LEVELS = 256;
    /** Rows of a table; what is left out is counted. */
    private static final int MOST_ROWS = 400;

    private final ReportInput of;
    private final Progress progress;
    private final CancelToken cancel;
    private final ShellCommands commands;
    private final List<Measured> weights = new ArrayList<>();
    private final List<ResolvedTensor> activations = new ArrayList<>();

    /** @param command gives the error again; empty if no options say how the tensor is quantized */
    private record Measured(ResolvedTensor tensor, Tensor values, ErrorReport error, Optional<String> command) {}

    TensorReport(ReportInput of, Progress progress, CancelToken cancel) {
        this.of = of;
        this.progress = progress;
        this.cancel = cancel;
        this.commands = new ShellCommands(of);
        List<ResolvedTensor> all = of.solved().settings().own();
        int done = 0;
        for (ResolvedTensor tensor : all) {
            progress.report(done++, all.size(), "error of " + tensor.id().name());
            if (tensor.isActivation()) {
                activations.add(tensor);
            } else {
                of.model().find(tensor.id()).ifPresent(values -> weights.add(measured(tensor, values)));
            }
        }
        weights.sort(Comparator.comparingDouble((Measured m) -> m.error.sqnrDb().orElse(Double.POSITIVE_INFINITY)));
    }

    private Measured measured(ResolvedTensor tensor, Tensor values) {
        boolean nearest = tensor.spec().isNearest() || !of.solved().solved().containsKey(tensor.id());
        ErrorReport error = nearest
                ? ErrorPass.measure(values, tensor.params(), cancel)
                : ErrorPass.measure(
                        values,
                        tensor.params(),
                        ErrorPass.fakeQuantize(
                                of.solved().model().find(tensor.id()).orElseThrow(), tensor.params(), cancel),
                        cancel);
        return new Measured(tensor, values, error, commands.error(tensor.id(), tensor.spec()));
    }

    Section table() {
        List<Block> blocks = new ArrayList<>();
        if (weights.isEmpty()) {
            blocks.add(new Report.Words("No weight is quantized."));
        } else {
            blocks.add(
                    new Report.Words("Weights, worst first. SQNR is the power of the values over that of the error."));
            blocks.add(new Report.Table(
                    List.of("weight", "how", "values", "SQNR", "MSE", "of clipping", "of rounding", "bits per weight"),
                    weights.stream().limit(MOST_ROWS).map(this::row).toList()));
            leftOut(blocks, weights.size());
        }
        if (!activations.isEmpty()) {
            blocks.add(
                    new Report.Words("Activations, in the order of the graph, with the ranges that calibration gave."));
            blocks.add(new Report.Table(
                    List.of("activation", "how", "range"),
                    activations.stream()
                            .limit(MOST_ROWS)
                            .map(a -> List.of(
                                    Cell.of(a.id().name()),
                                    Cell.of(how(a)),
                                    Cell.of(range(a.params().effective()))))
                            .toList()));
            leftOut(blocks, activations.size());
        }
        return new Section("Tensors", blocks);
    }

    private static void leftOut(List<Block> blocks, int all) {
        if (all > MOST_ROWS) {
            blocks.add(new Report.Words((all - MOST_ROWS) + " more are left out here."));
        }
    }

    private List<Cell> row(Measured m) {
        OptionalLong n = OptionalLong.of(m.error.count());
        return List.of(
                Cell.of(m.tensor.id().name()),
                Cell.of(how(m.tensor)),
                Cell.of(String.format(Locale.ROOT, "%,d", m.error.count())),
                figure(m, "sqnr_db", m.error.sqnrDb().orElse(Double.NaN), Unit.DECIBEL, n),
                figure(m, "mse", m.error.mse(), Unit.PLAIN, n),
                figure(m, "clipping_mse", m.error.clippingMse(), Unit.PLAIN, n),
                figure(m, "rounding_mse", m.error.roundingMse(), Unit.PLAIN, n),
                figure(
                        m,
                        "bits_per_weight",
                        m.tensor
                                .spec()
                                .quantizer()
                                .bitsPerWeight(
                                        m.tensor.spec(),
                                        m.tensor.info().shape().count(),
                                        m.tensor.params().slices()),
                        Unit.BITS,
                        OptionalLong.empty()));
    }

    private static Cell figure(Measured m, String field, double value, Unit unit, OptionalLong n) {
        return Cell.of(ReportFigure.of("error." + field, m.tensor.id().name(), value, unit, n));
    }

    /** How a tensor is quantized, in a line. */
    static String how(ResolvedTensor tensor) {
        var spec = tensor.spec();
        return spec.scheme() + ", " + spec.bits() + " bits, " + spec.granularity() + ", "
                + switch (spec.clip()) {
                    case Clip.Auto auto -> auto.calibratorId();
                    case Clip.Manual _, Clip.ManualPerChannel _, Clip.ManualPerBlock _ -> "range by hand";
                    case Clip.Fixed _ -> "given scales";
                    case Clip.Dynamic dynamic -> "range of each " + dynamic.id();
                }
                + (spec.isNearest() ? "" : ", " + spec.rounding());
    }

    private static String range(List<ClipRange> ranges) {
        double lo = ranges.stream().mapToDouble(ClipRange::lo).min().orElse(0);
        double hi = ranges.stream().mapToDouble(ClipRange::hi).max().orElse(0);
        return (ranges.size() == 1 ? "" : ranges.size() + " ranges within ") + ReportFigure.number(lo) + " to "
                + ReportFigure.number(hi);
    }

    /** The worst weights in pictures and sentences. */
    Section pictures() {
        List<Block> blocks = new ArrayList<>();
        int number = 0;
        for (Measured m : weights.stream().limit(PICTURED).toList()) {
            number++;
            progress.report(number, PICTURED, "figures of " + m.tensor.id().name());
            QuantParams params = m.tensor.params();
            MomentSketch sketch = MomentSketch.of(m.values, cancel);
            Optional<Grid> grid = params.slices() == 1 ? Optional.of(params.grid(0)) : Optional.empty();
            Sentences.of(new Sentences.Seen(
                            m.error.count(),
                            m.error.clipped(),
                            m.error.mse(),
                            m.error.clippingMse(),
                            true,
                            grid.isPresent() ? sketch : null,
                            grid.orElse(null),
                            "weight"))
                    .forEach(said -> blocks.add(new Report.Words(m.tensor.id().name() + ": " + said)));
            histogram(m, sketch, grid, number).map(Report.Picture::new).ifPresent(blocks::add);
            curve(m, number).map(Report.Picture::new).ifPresent(blocks::add);
        }
        if (blocks.isEmpty()) {
            blocks.add(new Report.Words("No weight is quantized."));
        }
        return new Section("The worst weights", blocks);
    }

    /** The commands for the errors; those of the pictured weights only, the others differ in the name. */
    List<String> commands() {
        return weights.stream().limit(PICTURED).flatMap(m -> m.command.stream()).toList();
    }

    /** True if a figure of a weight cannot be had from a command of its own. */
    boolean hasOthers() {
        return weights.stream().anyMatch(m -> m.command.isEmpty());
    }

    private static Optional<Plot> histogram(Measured m, MomentSketch sketch, Optional<Grid> grid, int number) {
        if (sketch.count() == 0) {
            return Optional.empty();
        }
        Axis x = Axis.around("value", new double[] {sketch.min(), sketch.max()});
        double[] counts = sketch.histogram(x.lo(), x.hi(), BINS);
        double most = 1;
        List<Plot.Bar> bars = new ArrayList<>();
        double step = (x.hi() - x.lo()) / BINS;
        for (int i = 0; i < BINS; i++) {
            most = Math.max(most, counts[i]);
            bars.add(new Plot.Bar(x.lo() + i * step, x.lo() + (i + 1) * step, counts[i]));
        }
        List<Plot.Series> series = new ArrayList<>();
        series.add(new Plot.Bars("values (≈, of a sketch)", Ink.FLOAT, bars));
        grid.filter(g -> g.size() <= MOST_LEVELS).ifPresent(g -> {
            List<Spot> levels = new ArrayList<>();
            for (int i = 0; i < g.size(); i++) {
                levels.add(new Spot(g.level(i), 0));
            }
            series.add(new Plot.Points(levels.size() + " levels", Ink.QUANTIZED, levels));
        });
        if (m.tensor.requested().size() == 1) {
            ClipRange range = m.tensor.requested().getFirst();
            series.add(new Plot.Marks("range", Ink.CLIPPING, List.of((double) range.lo(), (double) range.hi())));
        }
        return Optional.of(new Plot(
                "histogram-" + number,
                "Values of " + m.tensor.id().name(),
                x,
                new Axis("values, square root", 0, most, Scale.ROOT),
                series));
    }

    private Optional<Plot> curve(Measured m, int number) {
        boolean known = !(m.tensor.spec().clip() instanceof Clip.Auto auto)
                || (!Calibrators.byId(auto.calibratorId()).needsImportance()
                        && !Calibrators.byId(auto.calibratorId()).needsMoments());
        if (!known) {
            return Optional.empty();
        }
        ErrorCurve curve = ErrorCurve.of(
                m.values,
                m.tensor.spec(),
                Importances.NONE,
                POINTS,
                Optional.empty(),
                (done, total, what) ->
                        progress.report(done, total, "curve of " + m.tensor.id().name()),
                cancel);
        if (curve.points().isEmpty()) {
            return Optional.empty();
        }
        double widest = reach(curve.points().getLast());
        List<Spot> all = new ArrayList<>();
        List<Spot> clipping = new ArrayList<>();
        List<Spot> rounding = new ArrayList<>();
        for (ErrorCurve.Point p : curve.points()) {
            double at = reach(p) / widest;
            all.add(new Spot(at, p.mse()));
            clipping.add(new Spot(at, p.clippingMse()));
            rounding.add(new Spot(at, p.roundingMse()));
        }
        List<Spot> chosen = List.of(new Spot(
                m.tensor.requested().stream()
                                .mapToDouble(ClipRange::absMax)
                                .max()
                                .orElse(0)
                        / widest,
                m.error.mse(),
                "chosen"));
        return Optional.of(new Plot(
                "curve-" + number,
                "Error of " + m.tensor.id().name() + " by clip" + (curve.exact() ? "" : " (≈, of a sketch)"),
                Axis.around(
                        "clip, as a share of the whole range",
                        new double[] {0, 1, chosen.getFirst().x()}),
                Axis.decades(
                        "MSE, squared tensor units",
                        all.stream().mapToDouble(Spot::y).toArray()),
                List.of(
                        new Plot.Line("clipping", Ink.CLIPPING, false, clipping),
                        new Plot.Line("rounding", Ink.ROUNDING, true, rounding),
                        new Plot.Line("both", Ink.QUANTIZED, false, all),
                        new Plot.Points("", Ink.HAND, chosen))));
    }

    private static double reach(ErrorCurve.Point point) {
        return point.clip().stream().mapToDouble(ClipRange::absMax).max().orElse(0);
    }
}
