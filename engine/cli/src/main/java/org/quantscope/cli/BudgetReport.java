package org.quantscope.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.Comparison;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Outcome;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.budget.WeightGroup;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.tensor.TensorId;

/** What a bit budget was spent on, as JSON and for people. */
record BudgetReport(
        Found found, Path config, Path calibrationData, BitTarget target, List<Integer> widths, double seconds) {
    /**
     * What was found.
     *
     * @param solved the model with the codes of its rounding
     * @param divergence true if losses are in nats, false if they are shares of noise
     * @param samples that the losses rest on
     * @param uncounted weights whose multiplications are not known
     * @param notes what the budget passes by
     * @param evaluated on data that nothing was chosen on, if there is any
     * @param half what the size was chosen on, if it was chosen on anything
     */
    record Found(
            Outcome outcome,
            SolvedModel solved,
            boolean divergence,
            int samples,
            Unit unit,
            List<WeightGroup> groups,
            Set<TensorId> uncounted,
            List<String> notes,
            Optional<Evaluated> evaluated,
            Optional<Half> half,
            Optional<Comparison> comparison) {}

    record Evaluated(
            AccuracyEstimate figure, LiveEvaluator.Reading how, ModelSize size, List<String> notes, double seconds) {}

    /** @param most the loss in percentage points that was allowed */
    record Half(AccuracyEstimate figure, double most) {}

    private boolean countsOperations() {
        return found.unit == Unit.BIT_OPERATIONS;
    }

    Json json() {
        Assignment chosen = found.outcome.chosen();
        Json json = sized(new Json().put("config", config.toString()), chosen)
                .put("target", target.id())
                .put("bits_set", widths)
                .put("expected", loss(chosen.loss()).put("samples", found.samples));
        found.evaluated.ifPresent(e -> json.put(
                "evaluated",
                EvalReport.json(e.figure, e.how, found.solved.model(), e.size, e.notes, e.seconds, e.seconds)));
        found.half.ifPresent(half -> json.put(
                "chosen_on",
                new Json()
                        .put("samples", half.figure.seen())
                        .put("delta", half.figure.delta())
                        .put("max_loss", half.most)));
        json.put(
                "tensors",
                chosen.bits().entrySet().stream()
                        .map(e -> loss(alone(e.getKey()))
                                .put("name", e.getKey().name())
                                .put("bits", e.getValue()))
                        .toList());
        json.put(
                "front",
                found.outcome.front().stream()
                        .map(p -> sized(loss(p.loss()), p))
                        .toList());
        if (!found.groups.isEmpty()) {
            json.put(
                    "groups",
                    found.groups.stream()
                            .map(g -> new Json()
                                    .put("tensors", names(g.members()))
                                    .put("why", g.why()))
                            .toList());
        }
        if (countsOperations() && !found.uncounted.isEmpty()) {
            json.put("uncounted", names(found.uncounted));
        }
        found.comparison.ifPresent(c -> json.put("compared", json(c)));
        if (!found.notes.isEmpty()) {
            json.put("notes", found.notes);
        }
        return json.put("evaluations", found.outcome.evaluations()).put("seconds", seconds);
    }

    private Json json(Comparison c) {
        return new Json()
                .put("bits", c.bits())
                .put("rounding", c.rounding())
                .put("sentence", c.sentence())
                .put(
                        "settings",
                        c.rows().stream()
                                .map(row -> {
                                    Json one = sized(loss(row.loss()), row.assignment())
                                            .put("mixed", row.mixed())
                                            .put("rounding", row.rounding());
                                    row.figure()
                                            .ifPresent(f -> one.put("quantized", EvaluatingCommand.quantizedScore(f)));
                                    return one;
                                })
                                .toList());
    }

    private Json sized(Json json, Assignment of) {
        json.put("average_bits", of.averageBits()).put("size_bytes", of.sizeBytes());
        return countsOperations() ? json.put("bit_ops", of.bitOperations()) : json;
    }

    private static List<String> names(Iterable<TensorId> ids) {
        List<String> names = new java.util.ArrayList<>();
        ids.forEach(id -> names.add(id.name()));
        return names;
    }

    private double alone(TensorId id) {
        return Objects.requireNonNull(found.outcome.alone().get(id));
    }

    private String lossName() {
        return found.divergence ? "kl" : "noise";
    }

    /** The loss under the name of what it is. */
    private Json loss(double loss) {
        return new Json().put(lossName(), OptionalDouble.of(loss));
    }

    void print(Terminal terminal) {
        Assignment chosen = found.outcome.chosen();
        String loss = found.divergence ? "KL" : "noise";
        Table table = new Table("tensor", ">bits", ">" + loss + " alone");
        chosen.bits().forEach((id, bits) -> table.row(id.name(), Integer.toString(bits), Text.number(alone(id))));
        table.print(terminal);
        Table front = countsOperations()
                ? new Table(">average bits", ">size", ">bit-operations", ">" + loss)
                : new Table(">average bits", ">size", ">" + loss);
        found.outcome.front().forEach(p -> front.row(row(p)));
        terminal.out().println("the least loss by " + (countsOperations() ? "bit-operations:" : "size:"));
        front.print(terminal);
        terminal.out()
                .println(config + ": " + Text.number(chosen.averageBits()) + " bits on average, "
                        + Text.bytes(chosen.sizeBytes()) + ", "
                        + (countsOperations() ? Text.number(chosen.bitOperations()) + " bit-operations, " : "") + loss
                        + " " + Text.number(chosen.loss()) + " on " + found.samples + " samples of "
                        + calibrationData.getFileName());
        found.groups.forEach(g -> terminal.out()
                .println(
                        "the same bits: " + String.join(", ", names(g.members())) + ": " + String.join("; ", g.why())));
        if (countsOperations() && !found.uncounted.isEmpty()) {
            terminal.out()
                    .println("not counted, because the graph does not tell their multiplications: "
                            + String.join(", ", names(found.uncounted)));
        }
        found.half.ifPresent(half -> terminal.out()
                .println("chosen on " + half.figure.seen() + " samples, where it changes by "
                        + EvaluatingCommand.text(half.figure, half.figure.delta())));
        found.evaluated.ifPresent(e -> {
            terminal.out()
                    .println(e.figure.task().title() + " on " + e.figure.seen() + " samples: float32 "
                            + EvaluatingCommand.text(e.figure, e.figure.floatScore()) + ", quantized "
                            + EvaluatingCommand.text(e.figure, e.figure.score()));
            e.notes.forEach(note -> terminal.out().println("note: " + note));
        });
        found.comparison.ifPresent(c -> terminal.out().println(c.sentence()));
        found.notes.forEach(note -> terminal.out().println("note: " + note));
        terminal.out()
                .println(found.outcome.evaluations() + " mixtures measured, " + Text.number(seconds) + " s in all");
    }

    private String[] row(Assignment p) {
        String bits = Text.number(p.averageBits());
        String size = Text.bytes(p.sizeBytes());
        String loss = Text.number(p.loss());
        return countsOperations()
                ? new String[] {bits, size, Text.number(p.bitOperations()), loss}
                : new String[] {bits, size, loss};
    }
}
