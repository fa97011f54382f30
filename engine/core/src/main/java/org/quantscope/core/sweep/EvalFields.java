package org.quantscope.core.sweep;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.Spread;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.improve.EqualizationOffer;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.TensorId;

/**
 * An evaluation as the fields of a JSON object, the same wherever it stands: in what {@code eval} prints and in the rows of
 * a sweep. A figure that does not exist, or is no finite number, has no field. How long it took is not among them.
 */
public final class EvalFields {
    private final Map<String, Object> fields = new LinkedHashMap<>();

    private EvalFields() {}

    /**
     * The figures of an evaluation.
     *
     * @param notes what a person should know about the data
     */
    public static Map<String, Object> of(
            AccuracyEstimate figure, LiveEvaluator.Reading how, Model reference, ModelSize size, List<String> notes) {
        EvalFields of = new EvalFields();
        of.fields.put("output", how.output());
        of.fields.put("metric", figure.task().id());
        of.fields.put("reference", reference.file().toString());
        of.fields.put("float32", floatScore(figure));
        of.fields.put("quantized", quantizedScore(figure));
        of.put("delta", figure.delta());
        of.put("delta_lo95", figure.deltaLo());
        of.put("delta_hi95", figure.deltaHi());
        of.fields.put("better", figure.task().higherIsBetter() ? "higher" : "lower");
        if (!figure.task().unitName().isEmpty()) {
            of.fields.put(
                    "unit",
                    figure.task().isFraction() ? "fraction" : figure.task().unitName());
        }
        figure.details().intervals().ifPresent(i -> {
            Map<String, Object> both = new LinkedHashMap<>();
            both.put("method", i.method().title());
            both.put("float32", ends(i.ofFloat()));
            both.put("quantized", ends(i.quantized()));
            of.fields.put("interval", both);
        });
        figure.details().worstSample().ifPresent(i -> of.fields.put("worst_sample", i));
        of.put("agreement", figure.agreement());
        of.put("logit_sqnr_db", figure.logitSqnrDb());
        of.put("kl", figure.klDivergence());
        Map<String, Object> bytes = new LinkedHashMap<>();
        bytes.put("float32", size.floatBytes());
        bytes.put("quantized", size.quantizedBytes());
        of.fields.put("size_bytes", bytes);
        if (figure.klDivergence().isPresent()) {
            of.fields.put("kl_of", figure.details().bernoulli() ? "sum of Bernoulli" : "classes");
        }
        figure.details().exact().ifPresent(exact -> {
            Map<String, Object> both = new LinkedHashMap<>();
            both.put("float32", share(exact.ofFloat(), exact.of(), (double) exact.ofFloat() / exact.of()));
            both.put("quantized", share(exact.quantized(), exact.of(), (double) exact.quantized() / exact.of()));
            of.fields.put(figure.task().needsPositions() ? "exact_sequences" : "exact_labels", both);
        });
        figure.details().spread().ifPresent(spread -> of.fields.put("spread_kept", spread(spread)));
        if (!notes.isEmpty()) {
            of.fields.put("notes", List.copyOf(notes));
        }
        return of.fields;
    }

    /** A sentence, if a part of the output has collapsed under quantization. */
    public static List<String> collapse(AccuracyEstimate figure) {
        return figure
                .details()
                .spread()
                .filter(Spread::collapsed)
                .map(spread -> String.format(
                        Locale.ROOT,
                        "Slice %d of axis %d of the output varies only %.2f %% as much as in float: it has collapsed,"
                                + " whatever the cosine says.",
                        spread.index(),
                        spread.axis(),
                        100 * spread.kept()))
                .stream()
                .toList();
    }

    /** A sentence that offers to equalize a model first. */
    public static String offer(EqualizationOffer offer) {
        return offer.said() + " See quantscope improve, and correct --correction " + EqualizationOffer.CORRECTION + ".";
    }

    /** The float model's score: a count of what is right for an accuracy, mean and worst for any other metric. */
    public static Map<String, Object> floatScore(AccuracyEstimate figure) {
        return score(
                figure,
                figure.task().isProportion() ? figure.floatCorrect() : 0,
                figure.floatScore(),
                figure.details().floatWorst());
    }

    /** The quantized model's score: a count of what is right for an accuracy, mean and worst for any other metric. */
    public static Map<String, Object> quantizedScore(AccuracyEstimate figure) {
        return score(
                figure,
                figure.task().isProportion() ? figure.correct() : 0,
                figure.score(),
                figure.details().worst());
    }

    private static Map<String, Object> score(AccuracyEstimate figure, int correct, double score, double worst) {
        if (figure.task().isProportion()) {
            return share(correct, figure.details().scored(), score);
        }
        EvalFields of = new EvalFields();
        of.put("mean", score);
        of.put("worst", worst);
        of.fields.put("total", figure.seen());
        if (figure.details().scored() != figure.seen()) {
            of.fields.put("scored", figure.details().scored());
        }
        return of.fields;
    }

    private static Map<String, Object> ends(PairedInterval interval) {
        EvalFields of = new EvalFields();
        of.put("lo95", interval.lo());
        of.put("hi95", interval.hi());
        return of.fields;
    }

    private static Map<String, Object> share(int correct, long total, double accuracy) {
        EvalFields of = new EvalFields();
        of.fields.put("correct", correct);
        of.fields.put("total", total);
        of.put("accuracy", accuracy);
        return of.fields;
    }

    private static Map<String, Object> spread(Spread spread) {
        EvalFields of = new EvalFields();
        of.put("value", spread.kept());
        of.fields.put("axis", spread.axis());
        of.fields.put("index", spread.index());
        return of.fields;
    }

    /**
     * The field {@code changes}, where there are classes: the samples that were right before and are wrong now, the other way
     * round, and whose class is another for other reasons.
     */
    public static Map<String, Object> changes(SampleOutcomes outcomes) {
        if (outcomes.classes() == 0) {
            return Map.of();
        }
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("lost", outcomes.count(SampleOutcomes.Change.LOST));
        counts.put("gained", outcomes.count(SampleOutcomes.Change.GAINED));
        counts.put("other", outcomes.count(SampleOutcomes.Change.OTHER));
        return Map.of("changes", counts);
    }

    /** The field {@code left_float}: constants that values are multiplied with and that stay in float. */
    public static Map<String, Object> leftFloat(List<LeftFloat> left) {
        return Map.of(
                "left_float",
                left.stream()
                        .map(l -> {
                            Map<String, Object> one = new LinkedHashMap<>();
                            one.put("name", l.id().name());
                            one.put("why", l.why());
                            return one;
                        })
                        .toList());
    }

    /**
     * The fields {@code mask_values} and {@code raised_scales}, if there are any: values that ranges were not chosen for.
     */
    public static Map<String, Object> ranges(ResolvedSettings resolved, Calibration calibration) {
        Map<TensorId, Double> shares = new TreeMap<>(calibration.maskShares());
        shares.keySet().retainAll(resolved.activations().keySet());
        Map<String, Object> fields = new LinkedHashMap<>();
        put(fields, "mask_values", "share", shares);
        put(fields, "raised_scales", "count", resolved.raisedScales());
        return fields;
    }

    private static void put(Map<String, Object> fields, String name, String value, Map<TensorId, ?> of) {
        if (!of.isEmpty()) {
            fields.put(
                    name,
                    of.entrySet().stream()
                            .map(e -> {
                                Map<String, Object> one = new LinkedHashMap<>();
                                one.put("name", e.getKey().name());
                                one.put(value, e.getValue());
                                return one;
                            })
                            .toList());
        }
    }

    private void put(String name, OptionalDouble value) {
        value.ifPresent(v -> put(name, v));
    }

    private void put(String name, double value) {
        if (Double.isFinite(value)) {
            fields.put(name, value);
        }
    }
}
