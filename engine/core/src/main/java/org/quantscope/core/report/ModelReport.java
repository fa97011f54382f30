package org.quantscope.core.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.SampleOutcomes.Change;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Spot;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.report.Report.Block;
import org.quantscope.core.report.Report.Cell;
import org.quantscope.core.report.Report.Section;
import org.quantscope.core.report.ReportFigure.Unit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SnapshotScore;

/** Makes the report of a model under its settings. */
public final class ModelReport {
    private static final int MOST_FLIPS = 30;
    private static final int MOST_LEFT = 40;

    private final ReportInput of;
    private final SessionState state;
    private final Progress progress;
    private final CancelToken cancel;
    private final List<Section> sections = new ArrayList<>();
    /** The snapshots whose scores it shows. */
    private final List<String> scored = new ArrayList<>();

    private ModelReport(ReportInput of, Progress progress, CancelToken cancel) {
        this.of = of;
        this.state = of.session().state();
        this.progress = progress;
        this.cancel = cancel;
    }

    /**
     * Measures all that a report says.
     *
     * @throws IOException if a file that it names can no longer be read
     */
    public static Report of(ReportInput input, Progress progress, CancelToken cancel) throws IOException {
        return new ModelReport(input, progress, cancel).report();
    }

    private Report report() throws IOException {
        FileRef file = FileRef.ofModel(of.model().file(), cancel);
        Optional<Evaluation> evaluation = of.data().map(this::evaluate);
        ModelSize size = ModelSize.of(of.solved().model(), of.solved().settings());
        TensorReport tensors = new TensorReport(of, progress, cancel);
        model(file);
        data();
        settings();
        evaluation.ifPresentOrElse(
                done -> accuracy(done.accuracy(), size),
                () -> sections.add(new Section(
                        "Accuracy", List.of(new Report.Words("Not measured: the report was made without data.")))));
        device();
        pareto(evaluation.map(Evaluation::accuracy), size);
        evaluation.ifPresent(done -> flips(done.outcomes()));
        sections.add(tensors.table());
        sections.add(tensors.pictures());
        problems();
        reproduce(tensors);
        provenance(file);
        String name = String.valueOf(of.model().file().getFileName());
        return new Report(
                name + ", quantized", "Report of Quantscope " + ProductVersion.current() + ", " + of.date(), sections);
    }

    private Evaluation evaluate(ReportInput.Data data) {
        int total = data.samples().size();
        data.evaluator()
                .floatBaseline(
                        cancel,
                        part -> progress.report(
                                part.seen(), 2L * total, "float, sample " + part.seen() + " of " + total));
        return data.evaluator()
                .evaluateSamples(
                        new EvalRequest(
                                Optional.empty(),
                                of.solved().settings().weights(),
                                of.solved().settings().activations()),
                        cancel,
                        part -> progress.report(
                                total + part.accuracy().seen(),
                                2L * total,
                                "quantized, sample " + part.accuracy().seen() + " of " + total));
    }

    private void model(FileRef file) throws IOException {
        Model model = of.model();
        List<List<Cell>> rows = new ArrayList<>();
        rows.add(row("file", model.file().toAbsolutePath().toString()));
        rows.add(row("format", model.format()));
        rows.add(row("SHA-256", file.sha256()));
        file.companions().forEach((name, hash) -> rows.add(row("with " + name, hash)));
        rows.add(row("size of the file", String.format(Locale.ROOT, "%,d bytes", Files.size(model.file()))));
        model.opset().ifPresent(opset -> rows.add(row("operator set", Integer.toString(opset))));
        rows.add(row("stored tensors", Integer.toString(model.tensors().size())));
        rows.add(row(
                "stored values",
                String.format(
                        Locale.ROOT,
                        "%,d",
                        model.tensors().stream()
                                .mapToLong(t -> t.info().shape().count())
                                .sum())));
        model.graph()
                .map(graph -> graph.nodes().stream()
                        .collect(Collectors.groupingBy(OnnxNode::opType, TreeMap::new, Collectors.counting())))
                .ifPresent(counts -> rows.add(row(
                        "operators" + (state.foldBatchNorm() ? ", folded" : ""),
                        counts.entrySet().stream()
                                .map(e -> e.getValue() + " × " + e.getKey())
                                .collect(Collectors.joining(", ")))));
        List<Block> blocks = new ArrayList<>(List.of(new Report.Table(List.of(), rows)));
        model.notes().forEach(note -> blocks.add(new Report.Words(note)));
        sections.add(new Section("Model", blocks));
    }

    private void data() {
        List<List<Cell>> rows = new ArrayList<>();
        of.data()
                .ifPresent(data -> rows.addAll(List.of(
                        row(
                                "evaluated on",
                                data.samples().file().toAbsolutePath().toString()),
                        row(
                                "samples",
                                data.samples().size()
                                        + (of.limit().isPresent() ? ", the first of the data" : ", all of the data")),
                        row("SHA-256", data.samples().sha256()))));
        state.calibrationData().ifPresent(ref -> {
            rows.add(row("calibrated on", ref.path().toString()));
            ref.samples().ifPresent(n -> rows.add(row("samples", Integer.toString(n))));
            rows.add(row("SHA-256", ref.sha256()));
        });
        sections.add(new Section(
                "Data", List.of(rows.isEmpty() ? new Report.Words("No data.") : new Report.Table(List.of(), rows))));
    }

    private void settings() {
        List<List<Cell>> rows = new ArrayList<>();
        rows.add(row("weights", state.weights().map(ModelReport::text).orElse("float")));
        rows.add(row("activations", state.activations().map(ModelReport::text).orElse("float")));
        if (!state.overrides().isEmpty()) {
            rows.add(row(
                    "tensors with settings of their own",
                    Integer.toString(state.overrides().size())));
        }
        if (!state.keptFloat().isEmpty()) {
            rows.add(row(
                    "kept in float",
                    state.keptFloat().stream().map(id -> id.name()).collect(Collectors.joining(", "))));
        }
        rows.add(row("BatchNormalization", state.foldBatchNorm() ? "folded" : "not folded"));
        if (!state.corrections().isEmpty()) {
            rows.add(row(
                    "corrections", state.corrections().stream().map(c -> c.id()).collect(Collectors.joining(", "))));
        }
        List<Block> blocks = new ArrayList<>(List.of(new Report.Table(List.of(), rows)));
        List<LeftFloat> left = LeftFloat.of(of.model(), state);
        if (!left.isEmpty()) {
            blocks.add(new Report.Words("Floating constants that feed a multiplication and stay as they are:"));
            blocks.add(new Report.Table(
                    List.of("tensor", "why"),
                    left.stream()
                            .limit(MOST_LEFT)
                            .map(l -> row(l.id().name(), l.why()))
                            .toList()));
            more(blocks, left.size(), MOST_LEFT);
        }
        sections.add(new Section("Settings", blocks));
    }

    private static String text(QuantSpec spec) {
        return spec.scheme() + ", " + spec.bits() + " bits, " + (spec.symmetric() ? "symmetric" : "asymmetric") + ", "
                + spec.granularity() + (spec.isNearest() ? "" : ", " + spec.rounding());
    }

    private void accuracy(AccuracyEstimate a, ModelSize size) {
        OptionalLong n = OptionalLong.of(a.details().scored());
        OptionalLong samples = OptionalLong.of(a.seen());
        boolean share = a.task().isProportion();
        String field = share ? "accuracy" : "mean";
        Unit unit = share ? Unit.SHARE : Unit.PLAIN;
        List<List<Cell>> rows = new ArrayList<>();
        rows.add(figure(a.task().title() + ", float", "eval.float32." + field, a.floatScore(), unit, n));
        rows.add(figure(a.task().title() + ", quantized", "eval.quantized." + field, a.score(), unit, n));
        if (share) {
            rows.add(figure("right, float", "eval.float32.correct", a.floatCorrect(), Unit.COUNT, n));
            rows.add(figure("right, quantized", "eval.quantized.correct", a.correct(), Unit.COUNT, n));
        } else {
            rows.add(figure("worst, float", "eval.float32.worst", a.details().floatWorst(), unit, n));
            rows.add(figure(
                    "worst, quantized", "eval.quantized.worst", a.details().worst(), unit, n));
        }
        rows.add(List.of(
                Cell.of("difference, quantized − float"),
                Cell.of(Optional.of(new ReportFigure(
                        "eval.delta",
                        "",
                        a.delta(),
                        share ? Unit.POINTS : Unit.PLAIN,
                        n,
                        finite(a.deltaLo()),
                        finite(a.deltaHi())))),
                Cell.of(n.getAsLong() + " of " + a.total())));
        a.agreement().ifPresent(v -> rows.add(figure("same class as float", "eval.agreement", v, Unit.SHARE, samples)));
        rows.add(figure("SQNR at the output", "eval.logit_sqnr_db", a.logitSqnrDb(), Unit.DECIBEL, samples));
        a.klDivergence()
                .ifPresent(v -> rows.add(figure("divergence from float (KL)", "eval.kl", v, Unit.NATS, samples)));
        rows.add(figure(
                "size, float",
                "eval.size_bytes.float32",
                (double) size.floatBytes(),
                Unit.BYTES,
                OptionalLong.empty()));
        rows.add(figure(
                "size, quantized",
                "eval.size_bytes.quantized",
                (double) size.quantizedBytes(),
                Unit.BYTES,
                OptionalLong.empty()));
        List<Block> blocks = new ArrayList<>();
        blocks.add(new Report.Table(List.of("figure", "value", "n"), rows));
        blocks.add(
                new Report.Words("Both models saw the same samples. The interval of 95 % is of the paired difference,"
                        + " for the whole of the data"
                        + (a.isComplete() ? ": all of it was seen, so it has no width." : ".")));
        LiveEvaluator evaluator = of.data().orElseThrow().evaluator();
        LiveEvaluator.Reading how = evaluator.how(cancel);
        if (how.outputs().size() > 1) {
            blocks.add(new Report.Words("Scored: the output " + how.output() + "."));
        }
        how.notes().forEach(note -> blocks.add(new Report.Words(note)));
        evaluator
                .doubts(evaluator.floatBaseline(cancel, part -> {}), cancel)
                .forEach(doubt -> blocks.add(new Report.Words(doubt)));
        sections.add(new Section("Accuracy", blocks));
    }

    private static OptionalDouble finite(double value) {
        return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
    }

    private void device() {
        DeviceCost cost = DeviceCost.of(
                of.solved().model(),
                of.solved().settings(),
                Optional.empty(),
                of.data().map(ReportInput.Data::samples),
                cancel);
        OptionalLong none = OptionalLong.empty();
        List<List<Cell>> rows = new ArrayList<>(List.of(
                pair("weights", "device.weights_bytes", (double) cost.weightBytes(), Unit.BYTES, none),
                pair(
                        "weights in float",
                        "device.float_weights_bytes",
                        (double) cost.floatWeightBytes(),
                        Unit.BYTES,
                        none),
                pair(
                        "activations at most, at " + cost.peakAt(),
                        "device.peak_activation_bytes",
                        (double) cost.peakActivationBytes(),
                        Unit.BYTES,
                        none),
                pair("multiplications", "device.macs", cost.macs(), Unit.COUNT, none),
                pair("of them in integers", "device.integer_macs", cost.integerMacs(), Unit.COUNT, none),
                pair("bit operations", "device.bit_ops", cost.bitOperations(), Unit.COUNT, none),
                pair("bytes moved", "device.bytes_moved", (double) cost.bytesMoved(), Unit.BYTES, none)));
        List<Block> blocks = new ArrayList<>();
        blocks.add(new Report.Table(List.of("for one sample", "value"), rows));
        cost.notes().forEach(note -> blocks.add(new Report.Words(note)));
        sections.add(new Section("On a device", blocks));
    }

    /** The snapshots of the session by size and score, as far as they rest on what this session rests on. */
    private void pareto(Optional<AccuracyEstimate> now, ModelSize size) {
        String rests = SnapshotScore.restsOn(state);
        List<List<Cell>> rows = new ArrayList<>();
        List<Spot> spots = new ArrayList<>();
        String what = "";
        String rested = "";
        boolean share = true;
        for (Snapshot snapshot : state.snapshots()) {
            for (SnapshotScore score : of.session().scores().getOrDefault(snapshot.key(), List.of())) {
                if (!score.rests().equals(rests)
                        || (!what.isEmpty() && !what.equals(score.task().title()))) {
                    continue;
                }
                what = score.task().title();
                rested = score.data() + ", " + score.samples() + " samples";
                share = score.task().isProportion();
                OptionalLong n = OptionalLong.of(score.samples());
                Unit unit = share ? Unit.SHARE : Unit.PLAIN;
                String field = share ? "accuracy" : "mean";
                rows.add(List.of(
                        Cell.of(snapshot.name()),
                        Cell.of(ReportFigure.of(
                                "eval.against.size_bytes.against",
                                snapshot.name(),
                                (double) score.bytes(),
                                Unit.BYTES,
                                OptionalLong.empty())),
                        Cell.of(ReportFigure.of(
                                "eval.against.against." + field, snapshot.name(), score.score(), unit, n)),
                        Cell.of(ReportFigure.of(
                                "eval.float32." + field, snapshot.name(), score.floatScore(), unit, n))));
                scored.add(snapshot.name());
                spots.add(new Spot(score.bytes() / 1000.0, (share ? 100 : 1) * score.score(), snapshot.name()));
            }
        }
        if (spots.isEmpty()) {
            return;
        }
        List<Plot.Series> series = new ArrayList<>(List.of(new Plot.Points("snapshots", Ink.QUANTIZED, spots)));
        List<Spot> all = new ArrayList<>(spots);
        boolean sameData = of.data().isPresent()
                && state.evaluationData()
                        .filter(ref ->
                                FileRef.of(of.data().get().samples()).digest().equals(ref.digest())
                                        && ref.samples()
                                                .equals(FileRef.of(
                                                                of.data().get().samples())
                                                        .samples()))
                        .isPresent();
        if (sameData && now.isPresent() && now.get().task().title().equals(what)) {
            Spot here = new Spot(
                    size.quantizedBytes() / 1000.0,
                    (share ? 100 : 1) * now.get().score(),
                    "now");
            series.add(new Plot.Points("now", Ink.HAND, List.of(here)));
            all.add(here);
        }
        Plot plot = new Plot(
                "size-and-score",
                "Size and score of the snapshots, on " + rested,
                Axis.around("size, kB", all.stream().mapToDouble(Spot::x).toArray()),
                Axis.around(
                        what + (share ? ", %" : ""),
                        all.stream().mapToDouble(Spot::y).toArray()),
                series);
        sections.add(new Section(
                "Snapshots",
                List.of(
                        new Report.Words("Measured when the snapshots were taken, on " + rested + "."),
                        new Report.Table(List.of("snapshot", "size", what, "float"), rows),
                        new Report.Picture(plot))));
    }

    private void flips(SampleOutcomes outcomes) {
        if (outcomes.classes() == 0) {
            return;
        }
        OptionalLong n = OptionalLong.of(outcomes.size());
        List<Block> blocks = new ArrayList<>();
        blocks.add(new Report.Table(
                List.of("samples whose class changed", "count"),
                List.of(
                        pair(
                                "right in float, wrong now",
                                "eval.changes.lost",
                                outcomes.count(Change.LOST),
                                Unit.COUNT,
                                n),
                        pair(
                                "wrong in float, right now",
                                "eval.changes.gained",
                                outcomes.count(Change.GAINED),
                                Unit.COUNT,
                                n),
                        pair("otherwise", "eval.changes.other", outcomes.count(Change.OTHER), Unit.COUNT, n))));
        List<List<Cell>> rows = new ArrayList<>();
        List<Integer> changed = IntStream.range(0, outcomes.size())
                .filter(i -> outcomes.change(i) != Change.NONE)
                .boxed()
                .sorted(Comparator.comparingInt(outcomes::sample))
                .toList();
        for (int i : changed) {
            if (rows.size() < MOST_FLIPS) {
                rows.add(List.of(
                        Cell.of(Integer.toString(outcomes.sample(i))),
                        Cell.of(outcomes.label(i) < 0 ? "–" : named(outcomes.label(i))),
                        Cell.of(named(outcomes.floatClass(i))),
                        Cell.of(named(outcomes.quantizedClass(i))),
                        Cell.of(
                                switch (outcomes.change(i)) {
                                    case LOST -> "lost";
                                    case GAINED -> "gained";
                                    case OTHER, NONE -> "changed";
                                })));
            }
        }
        if (!rows.isEmpty() && outcomes.positions() == 1) {
            blocks.add(new Report.Table(List.of("sample, from 0", "label", "float", "quantized", ""), rows));
            more(blocks, changed.size(), MOST_FLIPS);
        }
        sections.add(new Section("Flips", blocks));
    }

    private String named(int index) {
        List<String> names = of.model().classNames();
        return index >= 0 && index < names.size() ? index + " (" + names.get(index) + ")" : Integer.toString(index);
    }

    private static void more(List<Block> blocks, int all, int shown) {
        if (all > shown) {
            blocks.add(new Report.Words((all - shown) + " more are left out here."));
        }
    }

    private void problems() {
        ExportPlan plan =
                new ExportPlan(of.solved().model(), of.session(), of.solved().settings()).withReference(of.reference());
        List<Block> blocks = new ArrayList<>();
        List<String> free = new ArrayList<>();
        List<List<Cell>> rows = new ArrayList<>();
        for (Exporter exporter : Exporters.all()) {
            cancel.check();
            List<ExportProblem> found = Exporters.problems(exporter, plan);
            if (found.isEmpty()) {
                free.add(exporter.title());
            }
            // One line for problems that differ in the tensor only.
            Map<String, List<ExportProblem>> alike = found.stream()
                    .collect(Collectors.groupingBy(
                            p -> p.severity() + p.why() + p.remedy(), LinkedHashMap::new, Collectors.toList()));
            alike.values()
                    .forEach(same -> rows.add(List.of(
                            Cell.of(exporter.title()),
                            Cell.of(same.getFirst().severity().name().toLowerCase(Locale.ROOT)),
                            Cell.of(tensors(same)),
                            Cell.of(same.getFirst().why()),
                            Cell.of(same.getFirst().remedy()))));
        }
        if (!free.isEmpty()) {
            blocks.add(new Report.Words("Without a problem: " + String.join(", ", free) + "."));
        }
        if (!rows.isEmpty()) {
            blocks.add(new Report.Table(List.of("target", "severity", "tensor", "why", "remedy"), rows));
        }
        sections.add(new Section("Targets", blocks));
    }

    private static String tensors(List<ExportProblem> same) {
        String first = same.getFirst().tensor();
        return same.size() == 1 ? first : first + " and " + (same.size() - 1) + " more";
    }

    private void reproduce(TensorReport tensors) {
        ShellCommands commands = new ShellCommands(of);
        List<Block> blocks = new ArrayList<>();
        if (of.config().isEmpty()) {
            blocks.add(new Report.Words(
                    "The settings were not saved when this was made: save them as settings.json" + " first."));
        }
        if (of.data().isPresent()) {
            blocks.add(new Report.CommandLine(commands.eval()));
        }
        scored.forEach(name -> blocks.add(new Report.CommandLine(commands.evalOf(name))));
        blocks.add(new Report.CommandLine(commands.device()));
        tensors.commands().forEach(line -> blocks.add(new Report.CommandLine(line)));
        if (tensors.hasOthers()) {
            blocks.add(new Report.Words("Some weights have codes, ranges or corrections that no options of error give;"
                    + " their errors are of the settings as they are in the file."));
        }
        blocks.add(new Report.CommandLine(commands.report("html")));
        sections.add(new Section("How to get these figures again", blocks));
    }

    private void provenance(FileRef file) throws IOException {
        List<List<Cell>> rows = new ArrayList<>();
        rows.add(row("program", "Quantscope " + ProductVersion.current()));
        rows.add(row("made on", of.date()));
        rows.add(row("model", file.sha256()));
        Optional<Path> config = of.config();
        if (config.isPresent()) {
            rows.add(row("settings", FileRef.of(config.get(), cancel).sha256()));
        }
        of.data().ifPresent(data -> rows.add(row("data", data.samples().sha256())));
        state.calibrationData().ifPresent(ref -> rows.add(row("calibration data", ref.sha256())));
        if (!of.reference().file().equals(of.model().file())) {
            rows.add(row(
                    "float model compared with",
                    FileRef.of(of.reference().file(), cancel).sha256()));
        }
        sections.add(new Section("Provenance", List.of(new Report.Table(List.of("file", "SHA-256"), rows))));
    }

    private static List<Cell> row(String name, String value) {
        return List.of(Cell.of(name), Cell.of(value));
    }

    private static List<Cell> pair(String name, String id, double value, Unit unit, OptionalLong n) {
        return List.of(Cell.of(name), Cell.of(ReportFigure.of(id, "", value, unit, n)));
    }

    private static List<Cell> figure(String name, String id, double value, Unit unit, OptionalLong n) {
        return List.of(
                Cell.of(name),
                Cell.of(ReportFigure.of(id, "", value, unit, n)),
                Cell.of(n.isPresent() ? Long.toString(n.getAsLong()) : ""));
    }
}
