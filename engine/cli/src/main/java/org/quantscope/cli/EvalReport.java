package org.quantscope.cli;

import java.util.List;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Spread;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.model.Model;
import org.quantscope.core.verify.IntegerEvaluation;

/** An evaluation as JSON, the same wherever it stands. */
final class EvalReport {
    private EvalReport() {}

    /**
     * @param notes what a person should know about the data
     * @param evaluation seconds of the quantized model's run
     * @param seconds of everything
     */
    static Json json(
            AccuracyEstimate figure,
            LiveEvaluator.Reading how,
            Model reference,
            ModelSize size,
            List<String> notes,
            double evaluation,
            double seconds) {
        Json json = new Json()
                .put("output", how.output())
                .put("metric", figure.task().id())
                .put("reference", reference.file().toString())
                .put("float32", EvaluatingCommand.floatScore(figure))
                .put("quantized", EvaluatingCommand.quantizedScore(figure))
                .put("delta", figure.delta())
                .put("delta_lo95", figure.deltaLo())
                .put("delta_hi95", figure.deltaHi())
                .put("agreement", figure.agreement())
                .put("logit_sqnr_db", figure.logitSqnrDb())
                .put("kl", figure.klDivergence())
                .put("size_bytes", new Json().put("float32", size.floatBytes()).put("quantized", size.quantizedBytes()))
                .put("samples_per_second", figure.seen() / evaluation)
                .put("seconds", seconds);
        if (figure.klDivergence().isPresent()) {
            json.put("kl_of", figure.details().bernoulli() ? "sum of Bernoulli" : "classes");
        }
        figure.details()
                .exact()
                .ifPresent(exact -> json.put(
                        exactId(figure),
                        new Json()
                                .put("float32", exact(exact.ofFloat(), exact.of()))
                                .put("quantized", exact(exact.quantized(), exact.of()))));
        figure.details()
                .spread()
                .ifPresent(spread -> json.put(
                        "spread_kept",
                        new Json()
                                .put("value", spread.kept())
                                .put("axis", spread.axis())
                                .put("index", spread.index())));
        if (!notes.isEmpty()) {
            json.put("notes", notes);
        }
        return json;
    }

    /** An evaluation in whole numbers; {@code flips} are samples on which the simulation in float32 gives another class. */
    static Json json(IntegerEvaluation.Result result) {
        AccuracyEstimate figure = result.besideFloat();
        AccuracyEstimate simulation = result.besideSimulation();
        Json json = new Json()
                .put("arithmetic", result.arithmetic().id())
                .put("quantized", EvaluatingCommand.quantizedScore(figure))
                .put("delta", figure.delta())
                .put("delta_lo95", figure.deltaLo())
                .put("delta_hi95", figure.deltaHi())
                .put("agreement", figure.agreement())
                .put("logit_sqnr_db", figure.logitSqnrDb())
                .put("kl", figure.klDivergence())
                .put("simulation_agreement", simulation.agreement())
                .put("simulation_sqnr_db", simulation.logitSqnrDb());
        if (simulation.agree().isPresent()) {
            json.put("flips", result.flips());
        }
        return json;
    }

    /** The same for a person. */
    static void print(IntegerEvaluation.Result result, Terminal terminal) {
        AccuracyEstimate figure = result.besideFloat();
        AccuracyEstimate simulation = result.besideSimulation();
        terminal.out()
                .println(result.arithmetic().title() + ": " + figure.task().title() + " "
                        + EvaluatingCommand.text(figure, figure.score()) + ", difference to float "
                        + EvaluatingCommand.text(figure, figure.delta())
                        + (simulation.agree().isPresent()
                                ? "; another class than simulated in float on " + result.flips() + " of "
                                        + simulation.seen() + " samples"
                                : "")
                        + ", SQNR to the simulation " + Text.number(simulation.logitSqnrDb()) + " dB");
    }

    /** A sentence, if a part of the output has collapsed under quantization. */
    static List<String> collapse(AccuracyEstimate figure) {
        return figure
                .details()
                .spread()
                .filter(Spread::collapsed)
                .map(spread -> "Slice " + spread.index() + " of axis " + spread.axis() + " of the output varies only "
                        + Text.percent(spread.kept())
                        + " as much as in float: it has collapsed, whatever the cosine says.")
                .stream()
                .toList();
    }

    private static String exactId(AccuracyEstimate figure) {
        return figure.task().needsPositions() ? "exact_sequences" : "exact_labels";
    }

    private static Json exact(int correct, int total) {
        return new Json().put("correct", correct).put("total", total).put("accuracy", (double) correct / total);
    }
}
