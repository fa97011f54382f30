package org.quantscope.cli;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.model.Model;
import org.quantscope.core.sweep.EvalFields;
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
        return new Json()
                .put(EvalFields.of(figure, how, reference, size, notes))
                .put("samples_per_second", figure.seen() / evaluation)
                .put("seconds", seconds);
    }

    /** The intervals of the figures for samples such as these, in a line for a person. */
    static Optional<String> intervals(AccuracyEstimate figure) {
        return figure.details()
                .intervals()
                .map(i -> "95 % interval for other such samples (" + i.method().title() + "): float32 "
                        + ends(figure, i.ofFloat()) + ", quantized " + ends(figure, i.quantized()));
    }

    private static String ends(AccuracyEstimate figure, PairedInterval of) {
        return Double.isFinite(of.lo()) && Double.isFinite(of.hi())
                ? EvaluatingCommand.text(figure, of.lo()) + " to " + EvaluatingCommand.text(figure, of.hi())
                : "unknown";
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
}
