package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.departure.Alignment;
import org.quantscope.core.departure.ComparedForms;
import org.quantscope.core.departure.Departure;
import org.quantscope.core.departure.NetworkComparison;
import org.quantscope.core.departure.Pairs;
import org.quantscope.core.departure.TwoForms;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "compare",
        description = {
            "Finds where a deployed model parts from its float model, and why. Both run on the same data, tensor by"
                    + " tensor.",
            "DEPLOYED is an ONNX file with QuantizeLinear and DequantizeLinear or with operators on integers, a"
                + " quantized TensorFlow Lite file, or a folder of dumped values: NAME.npy with the samples along the"
                + " first axis, or NAME.raw of float32.",
            "Beside the measured error stands the one that the deployed grids explain. The first tensor that departs by"
                    + " more is named with its cause; each cause is tried by replacing the suspected part.",
            "--check exits with 1 if there is one."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope compare model.onnx deployed.onnx --data test.npz --limit 100",
            "  quantscope compare model.onnx one.onnx another.onnx --data test.npz",
            "  quantscope compare model.onnx dumped/ --data test.npz --pairs pairs.txt --check --json"
        })
final class CompareCommand extends EngineCommand {
    private static final int MOST_OF_NAME = 60;

    @Parameters(index = "0", paramLabel = "FLOAT", description = "The float model: .onnx or .tflite.")
    private Path floats;

    @Parameters(index = "1", paramLabel = "DEPLOYED", description = "Its deployed form.")
    private Path deployed;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "DEPLOYED2",
            description =
                    "A second deployed form, to see which of the two is nearer and what their difference is made of.")
    private @Nullable Path second;

    @Option(
            names = "--data",
            paramLabel = "D",
            required = true,
            description = "The data that both are run on: .npz, a folder of pictures by class, IDX or CSV.")
    private Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the data.")
    private @Nullable Integer limit;

    @Option(
            names = "--pairs",
            paramLabel = "FILE",
            description =
                    "Which tensor is which, where names and graphs do not tell: a line each with the float name, a"
                            + " tab or comma, and the deployed name, or - for none.")
    private @Nullable Path pairs;

    @Option(names = "--pairs2", paramLabel = "FILE", description = "The same for DEPLOYED2.")
    private @Nullable Path pairs2;

    @Option(names = "--check", description = "Exit with 1 if the two part.")
    private boolean check;

    CompareCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        ComparedForms.Form first = form(deployed, pairs);
        Optional<ComparedForms.Form> other = second == null ? Optional.empty() : Optional.of(form(second, pairs2));
        if (pairs2 != null && second == null) {
            throw usage("--pairs2: there is no second deployed form");
        }
        Dataset samples = ModelSetup.openData(data, limit == null ? 0 : limit, Optional.empty(), cancel());
        ComparedForms found;
        try (Terminal.Bar bar = terminal().progress("compare")) {
            found = ComparedForms.of(ModelLoaders.open(floats), samples, first, other, bar, cancel());
        }
        paired(found.first(), "--pairs");
        found.second().ifPresent(s -> paired(s.alone(), "--pairs2"));
        Json json = json(found.first());
        found.second().ifPresent(s -> {
            s.alone().first().ifPresent(d -> json.put("first_departure_2", json(d)));
            s.between().ifPresent(b -> json.put("between", json(b)));
        });
        print(json, () -> {
            people(found.first());
            found.second().ifPresent(s -> {
                people(s.alone());
                s.between().ifPresent(this::people);
            });
        });
        return check && found.departs() ? ExitCode.CHECK_FAILED : ExitCode.DONE;
    }

    private static ComparedForms.Form form(Path file, @Nullable Path pairs) throws IOException {
        return new ComparedForms.Form(file, pairs == null ? Map.of() : Pairs.read(pairs));
    }

    private static void paired(NetworkComparison found, String option) {
        if (found.tensors().isEmpty()) {
            throw new BadInputException(
                    found.deployed(),
                    "tensors",
                    "none is found in the float model, by name, graph or value; give " + option + ". There are "
                            + String.join(", ", found.alignment().onlyDeployed()));
        }
    }

    static Json json(NetworkComparison found) {
        Alignment alignment = found.alignment();
        Json json = new Json()
                .put("samples", found.samples())
                .put("aligned", alignment.pairs().size())
                .put("unaligned", alignment.onlyFloat())
                .put("unaligned_deployed", alignment.onlyDeployed());
        if (!alignment.ambiguous().isEmpty()) {
            json.put(
                    "ambiguous",
                    alignment.ambiguous().stream()
                            .map(a -> new Json().put("name", a.name().name()).put("candidates", a.candidates()))
                            .toList());
        }
        json.put(
                "tensors",
                found.tensors().stream()
                        .map(row -> new Json()
                                .put("name", row.name().name())
                                .put("deployed", row.deployed())
                                .put("error_sqnr_db", finite(row.errorDb()))
                                .put("explained_sqnr_db", finite(row.explainedDb()))
                                .put("departs", row.departs()))
                        .toList());
        found.first().ifPresent(d -> json.put("first_departure", json(d)));
        if (!found.notes().isEmpty()) {
            json.put("notes", found.notes());
        }
        return json;
    }

    private static Json json(Departure d) {
        Json evidence = new Json().put("said", d.said()).put("part", d.part());
        if (d.before().isPresent()) {
            evidence.put("unit", d.inSteps() ? "steps" : "relative")
                    .put("difference", finite(d.before()))
                    .put("difference_replaced", finite(d.after()));
        }
        if (!d.tried().isEmpty()) {
            evidence.put(
                    "tried",
                    d.tried().stream()
                            .map(t -> new Json()
                                    .put("cause", t.cause().id())
                                    .put("part", t.what())
                                    .put("difference", finite(OptionalDouble.of(t.left()))))
                            .toList());
        }
        return new Json()
                .put("name", d.name().name())
                .put("cause", d.cause().id())
                .put("evidence", evidence);
    }

    private static Json json(TwoForms between) {
        return new Json()
                .put("order", "scale, rounding, placement")
                .put(
                        "tensors",
                        between.tensors().stream()
                                .map(row -> split(
                                                new Json()
                                                        .put("name", row.name().name()),
                                                row.difference())
                                        .put("error_sqnr_db", finite(row.first()))
                                        .put("error_sqnr_db_2", finite(row.second())))
                                .toList())
                .put(
                        "flips",
                        between.flips().stream()
                                .map(f -> split(
                                        new Json()
                                                .put("sample", f.sample())
                                                .put("float32", f.floats())
                                                .put("deployed", f.first())
                                                .put("deployed_2", f.second()),
                                        f.margin()))
                                .toList())
                .put("answers", between.answers())
                .put("agrees", between.firstAgrees())
                .put("agrees_2", between.secondAgrees());
    }

    private static Json split(Json json, TwoForms.Split split) {
        json.put("difference", split.whole());
        for (TwoForms.Part part : TwoForms.Part.values()) {
            json.put(part.id(), split.part(part));
        }
        return json;
    }

    private void people(TwoForms between) {
        Table table = new Table(
                "tensor", ">first dB", ">second dB", ">difference", ">scale", ">rounding", ">placement", ">rest");
        between.tensors().forEach(row -> {
            List<String> cells = new ArrayList<>(List.of(
                    row.name().name(),
                    decibels(row.first()),
                    decibels(row.second()),
                    Text.number(row.difference().whole())));
            for (TwoForms.Part part : TwoForms.Part.values()) {
                cells.add(Text.number(row.difference().part(part)));
            }
            table.row(cells.toArray(String[]::new));
        });
        table.print(terminal());
        terminal()
                .out()
                .println("The difference is that of the two forms' values, as a part of the float model's energy; its"
                        + " parts sum to it, taken in the order scale, rounding, placement.");
        if (between.answers() > 0) {
            terminal()
                    .out()
                    .println(between.flips().size() + " of " + between.answers()
                            + " samples are answered differently: the first form answers " + between.firstAgrees()
                            + " of them as the float model does, the second " + between.secondAgrees());
        }
    }

    /** JSON has no infinite numbers: tensors that are equal have no SQNR. */
    private static OptionalDouble finite(OptionalDouble value) {
        return value.isPresent() && Double.isFinite(value.getAsDouble()) ? value : OptionalDouble.empty();
    }

    private void people(NetworkComparison found) {
        boolean same =
                found.tensors().stream().allMatch(row -> row.name().name().equals(row.deployed()));
        List<String> head = new ArrayList<>(List.of("tensor", ">error SQNR dB", ">explained SQNR dB", ""));
        if (!same) {
            head.add(1, "deployed");
        }
        Table table = new Table(head.toArray(String[]::new));
        found.tensors().forEach(row -> {
            List<String> cells = new ArrayList<>(List.of(
                    Text.shortened(row.name().name(), MOST_OF_NAME),
                    decibels(row.errorDb()),
                    decibels(row.explainedDb()),
                    row.departs() ? "departs" : ""));
            if (!same) {
                cells.add(1, Text.shortened(row.deployed(), MOST_OF_NAME));
            }
            table.row(cells.toArray(String[]::new));
        });
        table.print(terminal());
        List<String> alone = found.alignment().onlyFloat();
        if (!alone.isEmpty()) {
            terminal().out().println("without a counterpart: " + String.join(", ", alone));
        }
        found.alignment()
                .ambiguous()
                .forEach(a -> terminal()
                        .out()
                        .println("ambiguous: " + a.name() + " may be " + String.join(" or ", a.candidates())
                                + "; --pairs decides"));
        found.notes().forEach(note -> terminal().out().println(note));
        if (found.first().isEmpty()) {
            terminal()
                    .out()
                    .println(terminal().strong("nothing departs") + ": over " + found.samples()
                            + " samples the deployed grids explain the error");
            return;
        }
        Departure d = found.first().get();
        terminal()
                .out()
                .println(terminal().strong("first departure") + "  " + d.name() + ": "
                        + d.cause().title().toLowerCase(Locale.ROOT) + ", " + d.part());
        terminal().out().println("  " + d.said());
        d.figures().ifPresent(figures -> terminal().out().println("  " + figures));
    }

    private static String decibels(OptionalDouble db) {
        return db.isPresent() && Double.isInfinite(db.getAsDouble()) ? "equal" : Text.number(db);
    }
}
