package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.Engine;
import org.quantscope.core.adaptive.AdaptiveComparison;
import org.quantscope.core.adaptive.AdaptiveComparison.Cell;
import org.quantscope.core.adaptive.AdaptiveComparison.Column;
import org.quantscope.core.adaptive.AdaptiveComparison.Figure;
import org.quantscope.core.adaptive.AdaptiveComparison.Named;
import org.quantscope.core.adaptive.AdaptiveComparison.Paired;
import org.quantscope.core.adaptive.AdaptiveRanges;
import org.quantscope.core.adaptive.RangeMode;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.tensor.TensorId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "adaptive",
        description = {
            "Compares ranges of activations that follow the data with fixed ones, on each data set: chosen once on the"
                    + " calibration data,",
            "of each batch, of each sample (as ONNX's DynamicQuantizeLinear), a percentile over the samples before,",
            "or one of a few ranges that the calibration data has shown. Samples come in the order of the file.",
            "Nothing is chosen on the data that is reported on."
        },
        footer = {
            "",
            "Example:",
            "  quantscope adaptive model.onnx --data test.npz --bits 4 --calibration-data calibration.npz"
                    + " --also-corrupted contrast:3"
        })
final class AdaptiveCommand extends EvaluatingCommand {
    @Option(
            names = "--modes",
            paramLabel = "ID",
            split = ",",
            description = "Only these, with commas between them: fixed, batch, sample, window, clusters (default: all)."
                    + " fixed is always among them.")
    private List<String> ids = List.of();

    @Option(names = "--also-data", paramLabel = "FILE", description = "Another data set to report on; may be repeated.")
    private List<Path> more = List.of();

    @Option(
            names = "--also-corrupted",
            paramLabel = "ID:SEVERITY",
            split = ",",
            description = "The data of --data corrupted, as another data set; with commas between them (list"
                    + " corruptions).")
    private List<String> corrupted = List.of();

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "Samples in the window (default: ${DEFAULT-VALUE}).",
            defaultValue = "64")
    private int window;

    @Option(
            names = "--window-percentile",
            paramLabel = "P",
            description = "The percentile of the largest values in the window, and 100-P of the smallest, 50 to 100"
                    + " (default: ${DEFAULT-VALUE}).",
            defaultValue = "99")
    private double percentile;

    @Option(
            names = "--clusters",
            paramLabel = "K",
            description = "Ranges of each activation for the mode clusters (default: ${DEFAULT-VALUE}).",
            defaultValue = "4")
    private int clusters;

    AdaptiveCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        List<RangeMode> modes = modes();
        List<Corrupted> worse =
                checked(() -> corrupted.stream().map(Corrupted::parse).toList());
        AdaptiveRanges.Options options = checked(() -> new AdaptiveRanges.Options(window, percentile, clusters));
        Setting setting = solved(setting());
        Optional<Dataset> calibration = calibrationSamples(setting.state());
        if (calibration.isEmpty() && (modes.contains(RangeMode.WINDOW) || modes.contains(RangeMode.CLUSTERS))) {
            throw usage(
                    "window and clusters begin with --calibration-data; --modes fixed,batch,sample leaves them out");
        }
        List<TensorId> following = AdaptiveRanges.following(setting.resolved());
        if (following.isEmpty()) {
            throw usage("no activation is quantized on evenly spaced levels: there is no range that could follow the"
                    + " data; --bits or --activations quantizes them");
        }
        List<Named> data = data(setting, worse);
        List<Column> columns;
        try (Terminal.Bar bar = terminal().progress("adaptive")) {
            AdaptiveRanges ranges =
                    AdaptiveRanges.of(setting.model(), setting.resolved(), modes, calibration, options, bar, cancel());
            columns = new AdaptiveComparison(
                            ranges,
                            samples -> Engine.evaluatorInFileOrder(
                                    setting.model(),
                                    setting.reference(),
                                    samples,
                                    setting.wanted().or(setting.state()::metric),
                                    0))
                    .run(modes, data, bar, cancel(), part -> {});
        }
        List<String> notes = notes(setting, calibration, data, columns, options);
        Json json = new Json();
        first(columns).ifPresent(any -> json.put("metric", any.task().id()));
        json.put("activations", following.size());
        json.put(
                "options",
                new Json()
                        .put("window", options.window())
                        .put("percentile", options.percentile())
                        .put("clusters", options.clusters()));
        json.put("data", columns.stream().map(AdaptiveCommand::json).toList());
        json.put("notes", notes);
        List<LeftFloat> left = LeftFloat.of(setting.model(), setting.state());
        FloatReport.put(json, left);
        setting.ranges().put(json);
        print(json, () -> {
            table(columns).print(terminal());
            notes.forEach(note -> terminal().out().println("note: " + note));
            setting.ranges().print(terminal());
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private List<RangeMode> modes() {
        List<RangeMode> chosen = new ArrayList<>(List.of(RangeMode.FIXED));
        for (String id : ids) {
            RangeMode mode = Stream.of(RangeMode.values())
                    .filter(m -> m.id().equals(id))
                    .findFirst()
                    .orElseThrow(() -> usage("--modes: " + id + " is none of "
                            + Stream.of(RangeMode.values()).map(RangeMode::id).collect(Collectors.joining(", "))));
            if (!chosen.contains(mode)) {
                chosen.add(mode);
            }
        }
        return ids.isEmpty()
                ? Arrays.asList(RangeMode.values())
                : chosen.stream().sorted().toList();
    }

    private List<Named> data(Setting setting, List<Corrupted> worse) throws IOException {
        List<Named> all = new ArrayList<>();
        Dataset samples = setting.samples();
        String name = String.valueOf(samples.file().getFileName());
        all.add(new Named(samples.corrupted().map(said -> name + ", " + said).orElse(name), samples));
        for (Path path : more) {
            all.add(new Named(
                    String.valueOf(path.getFileName()),
                    ModelSetup.openData(path, 0, Optional.of(setting.state()), cancel())));
        }
        for (Corrupted how : worse) {
            Dataset data = Datasets.corrupted(samples, Optional.of(how));
            all.add(new Named(name + ", " + how.text(), data));
        }
        return all;
    }

    private static Optional<AccuracyEstimate> first(List<Column> columns) {
        return columns.stream()
                .flatMap(c -> c.cells().stream())
                .flatMap(c -> c.figure().stream())
                .map(Figure::figure)
                .findFirst();
    }

    private static List<String> notes(
            Setting setting,
            Optional<Dataset> calibration,
            List<Named> data,
            List<Column> columns,
            AdaptiveRanges.Options options) {
        List<String> notes = new ArrayList<>();
        for (Named named : data) {
            if (calibration.map(Dataset::sha256).equals(Optional.of(named.data().sha256()))) {
                notes.add("The ranges were chosen on the samples of " + named.name() + ": its figures flatter all modes"
                        + " that look at calibration data.");
            }
        }
        columns.stream()
                .map(Column::batch)
                .distinct()
                .forEach(batch -> notes.add("A batch has " + batch + " samples, in the order of the file."));
        notes.add("The window has " + options.window() + " samples before the one that is run and begins with those of"
                + " the calibration data; outputs of the network keep their fixed range there.");
        notes.add("Biases stay in float where the range of the input follows the data.");
        long masked = AdaptiveRanges.following(setting.resolved()).stream()
                .filter(setting.calibration().maskShares()::containsKey)
                .count();
        if (masked > 0) {
            notes.add("Mask values in " + masked + (masked == 1 ? " activation" : " activations")
                    + " stretch the ranges that are found in the values; fixed ranges leave them out.");
        }
        List<TensorId> staying = AdaptiveRanges.staying(setting.resolved());
        if (!staying.isEmpty()) {
            notes.add(staying.size() + (staying.size() == 1 ? " activation keeps its" : " activations keep their")
                    + " fixed range in every mode, because the levels are listed: "
                    + staying.getFirst().name()
                    + (staying.size() > 1 ? " and others." : "."));
        }
        return notes;
    }

    private static Table table(List<Column> columns) {
        String title = first(columns).map(f -> f.task().title()).orElse("score");
        Table table = new Table(
                "data",
                ">n",
                "ranges",
                ">" + title + " float32",
                ">quantized",
                ">difference",
                ">95 %",
                ">to fixed",
                ">95 %");
        for (Column column : columns) {
            for (Cell cell : column.cells()) {
                String n = Integer.toString(column.samples());
                cell.figure()
                        .ifPresentOrElse(
                                f -> table.row(row(column.data(), n, cell.mode(), f)),
                                () -> table.row(
                                        column.data(),
                                        n,
                                        cell.mode().id(),
                                        "",
                                        "refused: " + cell.refusal().orElse(""),
                                        "",
                                        "",
                                        "",
                                        ""));
            }
        }
        return table;
    }

    private static String[] row(String data, String n, RangeMode mode, Figure figure) {
        AccuracyEstimate f = figure.figure();
        Optional<Paired> paired = figure.againstFixed();
        return new String[] {
            data,
            n,
            mode.id(),
            text(f, f.floatScore()),
            text(f, f.score()),
            text(f, f.delta()),
            figure.delta().map(d -> text(f, d.lo()) + " … " + text(f, d.hi())).orElse(""),
            paired.map(p -> text(f, (double) (p.gained() - p.lost()) / f.seen()))
                    .orElse(""),
            paired.map(p -> text(f, p.interval().lo()) + " … "
                            + text(f, p.interval().hi()))
                    .orElse("")
        };
    }

    private static Json json(Column column) {
        Json json = new Json()
                .put("name", column.data())
                .put("samples", column.samples())
                .put("batch", column.batch());
        column.cells().stream()
                .flatMap(c -> c.figure().stream())
                .findFirst()
                .ifPresent(f -> json.put("float32", floatScore(f.figure())));
        return json.put(
                "modes", column.cells().stream().map(AdaptiveCommand::json).toList());
    }

    private static Json json(Cell cell) {
        Json json = new Json().put("mode", cell.mode().id());
        cell.refusal().ifPresent(why -> json.put("refused", why));
        cell.figure().ifPresent(f -> {
            AccuracyEstimate figure = f.figure();
            json.put("quantized", quantizedScore(figure))
                    .put("delta", figure.delta())
                    .put("agreement", figure.agreement())
                    .put("logit_sqnr_db", figure.logitSqnrDb());
            f.delta().ifPresent(d -> json.put("delta_lo95", d.lo()).put("delta_hi95", d.hi()));
            f.againstFixed()
                    .ifPresent(p -> json.put(
                            "against_fixed",
                            new Json()
                                    .put("gained", p.gained())
                                    .put("lost", p.lost())
                                    .put("delta", (double) (p.gained() - p.lost()) / figure.seen())
                                    .put("delta_lo95", p.interval().lo())
                                    .put("delta_hi95", p.interval().hi())));
        });
        return json;
    }
}
