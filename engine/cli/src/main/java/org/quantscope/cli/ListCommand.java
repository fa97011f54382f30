package org.quantscope.cli;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.corruption.Corruptions;
import org.quantscope.core.corruption.Subject;
import org.quantscope.core.device.DeviceProfile;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.figure.Figures;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.improve.RunTarget;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rounding.Roundings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "list",
        description = "Lists what is registered: ids, options with their defaults, and where each comes from.",
        footer = {"", "Example:", "  quantscope list calibrators --json"})
final class ListCommand extends EngineCommand {
    /** The registries, by their names on the command line. */
    enum Registry {
        loaders,
        quantizers,
        calibrators,
        exporters,
        importers,
        corrections,
        roundings,
        figures,
        targets,
        places,
        lessons,
        metrics,
        profiles,
        corruptions
    }

    private record Entry(String id, String title, List<OptionDoc> options, String source) {}

    @Parameters(paramLabel = "KIND", description = "One of ${COMPLETION-CANDIDATES}.")
    private Registry kind;

    private final LessonList lessons;

    ListCommand(Terminal terminal, CancelToken cancel, LessonList lessons) {
        super(terminal, cancel);
        this.lessons = lessons;
    }

    @Override
    public Integer call() {
        if (kind == Registry.figures) {
            listFigures();
            return ExitCode.DONE;
        }
        if (kind == Registry.lessons) {
            print(lessons.json(), () -> lessons.print(terminal()));
            return ExitCode.DONE;
        }
        if (kind == Registry.metrics) {
            listMetrics();
            return ExitCode.DONE;
        }
        if (kind == Registry.corruptions) {
            listCorruptions();
            return ExitCode.DONE;
        }
        if (kind == Registry.profiles) {
            listProfiles();
            return ExitCode.DONE;
        }
        List<Entry> entries = switch (kind) {
            case loaders ->
                ModelLoaders.all().stream()
                        .map(l -> new Entry(l.id(), l.title(), List.of(), l.source()))
                        .toList();
            case quantizers ->
                Quantizers.all().stream()
                        .map(q -> new Entry(q.id(), q.title(), q.options(), q.source()))
                        .toList();
            case calibrators ->
                Calibrators.all().stream()
                        .map(c -> new Entry(c.id(), c.title(), c.options(), c.source()))
                        .toList();
            case exporters ->
                Exporters.all().stream()
                        .map(e -> new Entry(e.id(), e.title(), e.options(), e.source()))
                        .toList();
            case importers ->
                Importers.all().stream()
                        .map(i -> new Entry(i.id(), i.title(), i.options(), i.source()))
                        .toList();
            case corrections ->
                Corrections.all().stream()
                        .map(c -> new Entry(c.id(), c.title(), c.options(), c.source()))
                        .toList();
            case roundings ->
                Roundings.all().stream()
                        .map(r -> new Entry(r.id(), r.title(), List.of(), r.source()))
                        .toList();
            case figures, lessons, metrics, profiles, corruptions -> List.of();
            case places ->
                RunTarget.all().stream()
                        .map(t -> new Entry(
                                t.id(),
                                t.title() + ": " + t.where(),
                                List.of(),
                                t.exporter().source()))
                        .toList();
            case targets ->
                BitTarget.all().stream()
                        .map(t -> new Entry(t.id(), t.title() + ": weights of " + widths(t), List.of(), t.source()))
                        .toList();
        };
        print(entries.stream().map(ListCommand::json).toList(), () -> forPeople(entries));
        return ExitCode.DONE;
    }

    private void listFigures() {
        List<Json> json = Figures.all().stream()
                .map(f -> new Json()
                        .put("id", f.id())
                        .put("title", f.title())
                        .put("unit", f.unit())
                        .put("doc", f.doc()))
                .toList();
        print(json, () -> {
            Table table = new Table("id", "unit", "doc");
            Figures.all().forEach(f -> table.row(f.id(), f.unit(), f.doc()));
            table.print(terminal());
        });
    }

    private void listMetrics() {
        List<Json> json = Task.all().stream()
                .map(task -> new Json()
                        .put("id", task.id())
                        .put("title", task.title())
                        .put("unit", task.isFraction() ? "fraction" : task.unitName())
                        .put("better", task.higherIsBetter() ? "higher" : "lower")
                        .put("needs", task.needs())
                        .put("doc", task.explanation()))
                .toList();
        print(json, () -> {
            Table table = new Table("id", "title", "better", "needs");
            Task.all()
                    .forEach(task -> table.row(
                            task.id(), task.title(), task.higherIsBetter() ? "higher" : "lower", task.needs()));
            table.print(terminal());
        });
    }

    private void listProfiles() {
        List<Json> json = DeviceProfile.all().stream()
                .map(board -> new Json()
                        .put("id", board.id())
                        .put("title", board.title())
                        .put("flash_bytes", board.flashBytes())
                        .put("ram_bytes", board.ramBytes())
                        .put("kernels", board.kernels())
                        .put("weight_bits", board.weightBits())
                        .put("activation_bits", board.activationBits())
                        .put("source", board.source())
                        .put("kernel_source", board.kernelSource()))
                .toList();
        print(json, () -> {
            Table table = new Table("id", "title", ">flash", ">RAM", "kernels", "source");
            DeviceProfile.all()
                    .forEach(board -> table.row(
                            board.id(),
                            board.title(),
                            Text.bytes(board.flashBytes()),
                            Text.bytes(board.ramBytes()),
                            board.kernels(),
                            board.source()));
            table.print(terminal());
        });
    }

    private void listCorruptions() {
        List<Json> json = Corruptions.all().stream()
                .map(c -> new Json()
                        .put("id", c.id())
                        .put("title", c.title())
                        .put("doc", c.doc())
                        .put(
                                "severities",
                                subjects(c)
                                        .map(subject -> new Json()
                                                .put("of", subject.title())
                                                .put("unit", c.unit(subject))
                                                .put(
                                                        "amounts",
                                                        c.amounts(subject)
                                                                .orElseThrow()
                                                                .at()))
                                        .toList())
                        .put("source", c.source()))
                .toList();
        print(json, () -> {
            Table table = new Table("id", "title", "of", "severity 1", "severity 3", "severity 5", "source");
            Corruptions.all()
                    .forEach(c -> subjects(c)
                            .forEach(subject -> table.row(
                                    c.id(),
                                    c.title(),
                                    subject.title(),
                                    c.said(
                                            subject,
                                            c.amounts(subject).orElseThrow().of(1)),
                                    amount(c, subject, 3),
                                    amount(c, subject, Corrupted.MOST),
                                    c.source())));
            table.print(terminal());
        });
    }

    private static Stream<Subject> subjects(Corruption of) {
        return Stream.of(Subject.values()).filter(s -> of.amounts(s).isPresent());
    }

    /** The amount without its unit, which stands at severity 1. */
    private static String amount(Corruption of, Subject subject, int severity) {
        String said = of.said(subject, of.amounts(subject).orElseThrow().of(severity));
        return said.startsWith(of.unit(subject))
                ? said.substring(of.unit(subject).length() + 1)
                : said;
    }

    private static String widths(BitTarget target) {
        return target.widths().stream().map(String::valueOf).collect(Collectors.joining(", ")) + " bits";
    }

    private static Json json(Entry entry) {
        return new Json()
                .put("id", entry.id())
                .put("title", entry.title())
                .put(
                        "options",
                        entry.options().stream()
                                .map(o -> new Json()
                                        .put("name", o.name())
                                        .put("type", o.type())
                                        .put("default", o.defaultValue())
                                        .put("doc", o.doc()))
                                .toList())
                .put("source", entry.source());
    }

    private void forPeople(List<Entry> entries) {
        Table table = new Table("id", "title", "options", "source");
        for (Entry entry : entries) {
            String options = String.join(
                    ", ",
                    entry.options().stream()
                            .map(o -> o.name() + "=" + o.defaultValue())
                            .toList());
            table.row(entry.id(), entry.title(), options, entry.source());
        }
        table.print(terminal());
    }
}
