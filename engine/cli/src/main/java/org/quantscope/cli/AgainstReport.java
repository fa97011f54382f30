package org.quantscope.cli;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.SideBySide;
import org.quantscope.core.versus.SettingsComparison;
import org.quantscope.core.versus.TensorDifference;

/** Two settings beside each other, as JSON and for a person. Differences are the other settings less these. */
final class AgainstReport {
    private static final int SHOWN = 20;

    private AgainstReport() {}

    static Json json(SettingsComparison found) {
        Json json = new Json()
                .put("name", found.nameB())
                .put(
                        "size_bytes",
                        new Json()
                                .put("this", found.sizeA().quantizedBytes())
                                .put("against", found.sizeB().quantizedBytes()));
        found.scores().ifPresent(s -> {
            json.put("this", EvaluatingCommand.quantizedScore(s.a()))
                    .put("against", EvaluatingCommand.quantizedScore(s.b()))
                    .put("delta", s.delta())
                    .put("delta_lo95", s.population().lo())
                    .put("delta_hi95", s.population().hi())
                    .put("method", s.method())
                    .put("gained", s.gained())
                    .put("lost", s.lost());
            if (s.agree().isPresent()) {
                json.put("agreement", (double) s.agree().getAsInt() / s.a().seen());
            }
            json.put("only_this_wrong", samples(s.onlyAWrong())).put("only_against_wrong", samples(s.onlyBWrong()));
        });
        json.put("tensors", found.differing().stream().map(AgainstReport::json).toList());
        if (!found.notes().isEmpty()) {
            json.put("notes", found.notes());
        }
        return json;
    }

    private static List<Integer> samples(List<SideBySide.Differing> all) {
        return all.stream().map(SideBySide.Differing::sample).sorted().toList();
    }

    private static Json json(TensorDifference of) {
        return new Json()
                .put("name", of.id().name())
                .put("kind", of.activation() ? "activation" : "weight")
                .put(
                        "settings",
                        of.settings().stream()
                                .map(s -> new Json()
                                        .put("name", s.name())
                                        .put("this", s.a())
                                        .put("against", s.b()))
                                .toList())
                .put("sqnr_db", new Json().put("this", sqnr(of.a())).put("against", sqnr(of.b())));
    }

    private static OptionalDouble sqnr(Optional<TensorDifference.Figures> figures) {
        return figures.isPresent() ? figures.get().sqnrDb() : OptionalDouble.empty();
    }

    static void print(SettingsComparison found, Terminal terminal) {
        terminal.out()
                .println("against " + found.nameB() + ": " + found.differing().size() + " of "
                        + found.tensors().size() + " tensors differ, size "
                        + Text.bytes(found.sizeA().quantizedBytes()) + " → "
                        + Text.bytes(found.sizeB().quantizedBytes()));
        Table table = new Table("tensor", "differs", ">SQNR dB", ">against");
        found.differing().stream()
                .limit(SHOWN)
                .forEach(t -> table.row(
                        t.id().name(),
                        t.settings().isEmpty()
                                ? "range found"
                                : t.settings().stream()
                                        .map(s -> s.name() + " " + s.a() + " → " + s.b())
                                        .collect(Collectors.joining(", ")),
                        Text.number(sqnr(t.a())),
                        Text.number(sqnr(t.b()))));
        if (!found.differing().isEmpty()) {
            table.print(terminal);
        }
        if (found.differing().size() > SHOWN) {
            terminal.out().println("… and " + (found.differing().size() - SHOWN) + " more (--json lists all)");
        }
        found.scores().ifPresent(s -> {
            AccuracyEstimate a = s.a();
            terminal.out()
                    .println(a.task().title() + " " + EvaluatingCommand.text(a, a.score()) + " → "
                            + EvaluatingCommand.text(s.b(), s.b().score()) + ", difference "
                            + EvaluatingCommand.text(a, s.delta()) + " ["
                            + EvaluatingCommand.text(a, s.population().lo()) + ", "
                            + EvaluatingCommand.text(a, s.population().hi()) + "] at 95 % on n = " + a.seen() + " ("
                            + s.method() + ")" + (s.isTold() ? "" : ": may be chance"));
            terminal.out()
                    .println("only these settings get wrong: " + s.onlyAWrong().size() + " samples, only "
                            + found.nameB() + ": " + s.onlyBWrong().size());
        });
        found.notes().forEach(note -> terminal.out().println("note: " + note));
    }
}
