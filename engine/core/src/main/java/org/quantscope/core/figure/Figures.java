package org.quantscope.core.figure;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.figure.FigureSource.Quantized;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.ValueFigures;
import org.quantscope.core.verify.Verification;

/** Every figure that can be named, in the order in which they are listed. */
public final class Figures {
    private static final double PERCENT = 100;
    private static final String TENSOR = "tensor units";

    private static final List<Figure> ALL = List.of(
            // What the values are
            values("values", "Values", "values", "How many finite values the tensor holds.", ValueFigures::count),
            values("min", "Smallest value", TENSOR, "The smallest value of the tensor.", ValueFigures::min),
            values("max", "Largest value", TENSOR, "The largest value of the tensor.", ValueFigures::max),
            values(
                    "absmax",
                    "Largest magnitude",
                    TENSOR,
                    "The largest magnitude of the tensor.",
                    v -> Math.max(Math.abs(v.min()), Math.abs(v.max()))),
            values("mean", "Mean", TENSOR, "The mean of the values.", ValueFigures::mean),
            values("std", "Standard deviation", TENSOR, "The standard deviation of the values.", ValueFigures::std),
            values(
                    "zeros_percent",
                    "Zeros",
                    "%",
                    "The share of values that are exactly 0.",
                    v -> v.count() == 0 ? 0 : PERCENT * v.zeros() / v.count()),
            // What the grid is
            grid("bits", "Bits", "bits", "The width of a code.", q -> q.spec().bits()),
            one(
                    "scale",
                    "Scale",
                    TENSOR + " per step",
                    "The distance of neighbouring levels; only of a tensor with one" + " uniform grid.",
                    q -> q.params().isAffine() ? q.params().scale(0) : Double.NaN),
            one(
                    "zero_point",
                    "Zero point",
                    "a code",
                    "The code that stands for 0; only of a tensor with one uniform grid.",
                    q -> q.params().isAffine() ? q.params().zeroPoint(0) : Double.NaN),
            one(
                    "clip_lo",
                    "Lower end of the range",
                    TENSOR,
                    "The requested lower end; only of a tensor with one range.",
                    q -> q.resolved().requested().getFirst().lo()),
            one(
                    "clip_hi",
                    "Upper end of the range",
                    TENSOR,
                    "The requested upper end; only of a tensor with one range.",
                    q -> q.resolved().requested().getFirst().hi()),
            one(
                    "lowest_level",
                    "Lowest level",
                    TENSOR,
                    "The smallest value that can be represented; only with one range.",
                    q -> q.params().effective(0).lo()),
            one(
                    "highest_level",
                    "Highest level",
                    TENSOR,
                    "The largest value that can be represented; only with one range.",
                    q -> q.params().effective(0).hi()),
            grid(
                    "bits_per_weight",
                    "Bits per weight",
                    "bits per value",
                    "The stored bits of a value, with its share of" + " scales, zero points and codebooks.",
                    q -> q.spec()
                            .quantizer()
                            .bitsPerWeight(
                                    q.spec(),
                                    q.info().shape().count(),
                                    q.params().slices())),
            // How far the values move
            error(
                    "mse",
                    "MSE",
                    "squared tensor units",
                    "Mean squared error of the tensor.",
                    e -> some(e.mse()),
                    e -> some(e.mse())),
            error(
                    "rmse",
                    "RMSE",
                    TENSOR,
                    "Root of the mean squared error.",
                    e -> some(e.rmse()),
                    e -> some(Math.sqrt(e.mse()))),
            codes(
                    "rmse_in_steps",
                    "RMSE/scale",
                    "steps",
                    "Root of the mean squared error in steps: 0.2887 is plain" + " rounding; a codebook has none.",
                    CodeReport::rmseInSteps),
            codes("mae", "MAE", TENSOR, "Mean absolute error.", c -> some(c.mae())),
            error(
                    "max_error",
                    "Largest error",
                    TENSOR,
                    "The largest distance of a value from its level.",
                    e -> some(e.maxAbsError()),
                    e -> OptionalDouble.empty()),
            error(
                    "sqnr_db",
                    "SQNR",
                    "dB",
                    "Signal to quantization noise; none without error.",
                    ErrorReport::sqnrDb,
                    ErrorEstimate::sqnrDb),
            error(
                    "cosine",
                    "Cosine similarity",
                    "",
                    "Cosine of the angle between the values and the quantized ones.",
                    ErrorReport::cosine,
                    e -> OptionalDouble.empty()),
            error(
                    "clipped",
                    "Clipped values",
                    "values",
                    "How many values lie outside the levels.",
                    e -> some((double) e.clipped()),
                    e -> some(e.clipped())),
            error(
                    "clipped_percent",
                    "Clipped",
                    "%",
                    "The share of values that lie outside the levels.",
                    e -> some(PERCENT * e.clippedFraction()),
                    e -> some(PERCENT * e.clippedFraction())),
            error(
                    "rounding_mse",
                    "Rounding error",
                    "squared tensor units",
                    "The part of the squared error from values" + " that are not clipped.",
                    e -> some(e.roundingMse()),
                    e -> some(e.roundingMse())),
            error(
                    "clipping_mse",
                    "Clipping error",
                    "squared tensor units",
                    "The part of the squared error from values" + " that are clipped.",
                    e -> some(e.clippingMse()),
                    e -> some(e.clippingMse())),
            error(
                    "clipping_share",
                    "Clipping share",
                    "%",
                    "The clipped values' share of the squared error; none without" + " error.",
                    e -> e.mse() > 0 ? some(PERCENT * e.clippingMse() / e.mse()) : OptionalDouble.empty(),
                    e -> e.mse() > 0 ? some(PERCENT * e.clippingMse() / e.mse()) : OptionalDouble.empty()),
            new Figure(
                    "least_mse",
                    "Least MSE",
                    "squared tensor units",
                    "The squared error in the best range for the" + " present grid.",
                    s -> number(s.leastError(), ErrorReport::mse)),
            new Figure(
                    "least_clip",
                    "Best upper end",
                    TENSOR,
                    "The upper end of the range with the least squared error;" + " only of a tensor with one range.",
                    s -> s.leastRange()
                            .filter(r -> r.params().slices() == 1)
                            .map(r -> some(r.requested().getFirst().hi()))
                            .orElse(OptionalDouble.empty())),
            new Figure(
                    "error_over_least",
                    "Error over the least",
                    "times",
                    "The squared error over that in the best range" + " for the present grid; 1 is best.",
                    s -> ratio(number(s.error(), ErrorReport::mse), number(s.leastError(), ErrorReport::mse))),
            // What the codes are used for
            codes("codes", "Codes", "codes", "How many codes the grid has.", c -> some(c.codes())),
            codes("codes_used", "Codes used", "codes", "How many of the codes occur.", c -> some(c.usedCodes())),
            codes(
                    "codes_unused",
                    "Codes unused",
                    "codes",
                    "How many of the codes never occur.",
                    c -> some(c.codes() - c.usedCodes())),
            codes(
                    "entropy",
                    "Entropy",
                    "bits per value",
                    "The bits that an ideal lossless coder needs for a code.",
                    c -> some(c.entropy())),
            // Channels
            new Figure(
                    "channels",
                    "Channels",
                    "channels",
                    "How many channels the tensor has; none with fewer than two" + " axes.",
                    s -> number(s.channels(), SliceExtents::size)),
            new Figure(
                    "loud_to_quiet",
                    "Loudest to quietest channel",
                    "times",
                    "The largest magnitude of the loudest" + " channel over that of the quietest that is not all 0.",
                    s -> number(s.channels(), Figures::loudToQuiet)),
            new Figure(
                    "channels_silenced",
                    "Channels rounded to 0",
                    "channels",
                    "How many channels that are not all 0 have" + " only zeros after quantization.",
                    Figures::silenced),
            // The model
            new Figure(
                    "output_sqnr_db",
                    "SQNR at the output",
                    "dB",
                    "SQNR at the output of the weight's layer, over the" + " calibration data; none without it.",
                    s -> s.output().map(o -> o.sqnrDb()).orElse(OptionalDouble.empty())),
            model(
                    "accuracy",
                    "Accuracy",
                    "%",
                    "Share of samples that the quantized model gets right; none without data.",
                    a -> a.task().isProportion() ? PERCENT * a.score() : Double.NaN),
            model(
                    "float_accuracy",
                    "Float accuracy",
                    "%",
                    "Share of samples that the float model gets right.",
                    a -> a.task().isProportion() ? PERCENT * a.floatScore() : Double.NaN),
            new Figure(
                    "unquantized_accuracy",
                    "Accuracy before quantization",
                    "%",
                    "Share of samples that the model gets right as corrections have left it, with nothing quantized.",
                    s -> number(s.whole().inFloat(), a -> a.task().isProportion() ? PERCENT * a.score() : Double.NaN)),
            model(
                    "accuracy_loss",
                    "Loss of accuracy",
                    "points",
                    "Float accuracy less quantized accuracy, in percentage" + " points.",
                    a -> a.task().isProportion() ? PERCENT * (a.floatScore() - a.score()) : Double.NaN),
            model(
                    "flips",
                    "Flips",
                    "samples",
                    "How many samples get another class than in float.",
                    a -> a.agree().isPresent() ? a.seen() - a.agree().getAsInt() : Double.NaN),
            model(
                    "agreement",
                    "Agreement",
                    "%",
                    "Share of samples with the same class as in float.",
                    a -> PERCENT * a.agreement().orElse(Double.NaN)),
            model(
                    "output_sqnr",
                    "SQNR of the model's outputs",
                    "dB",
                    "Signal to noise of the model's outputs.",
                    AccuracyEstimate::logitSqnrDb),
            new Figure(
                    "average_bits",
                    "Average bits",
                    "bits per value",
                    "The bits of a code, the mean over all quantized weights; scales are not counted.",
                    s -> s.whole().averageBits()),
            file(
                    "file_accuracy",
                    "Accuracy of the file",
                    "%",
                    "Share of samples that the exported ONNX file gets right, run in ONNX Runtime with default"
                            + " options.",
                    r -> r.accuracy().isPresent()
                            ? some(PERCENT * r.accuracy().getAsDouble())
                            : OptionalDouble.empty()),
            file(
                    "file_flips",
                    "Flips of the file",
                    "samples",
                    "How many samples get another class from the exported ONNX file than in float.",
                    r -> others(r, r.floatAgreement())),
            file(
                    "file_differs",
                    "File against evaluation",
                    "samples",
                    "How many samples get another class from the exported ONNX file than from the evaluation here.",
                    r -> others(r, r.liveAgreement())),
            file(
                    "file_sqnr_db",
                    "File against evaluation",
                    "dB",
                    "SQNR of the file's outputs to those evaluated here; none if they are equal.",
                    r -> some(r.liveSqnrDb())),
            new Figure(
                    "model_bytes",
                    "Size",
                    "bytes",
                    "The stored tensors of the quantized model.",
                    s -> some((double) s.whole().size().quantizedBytes())),
            new Figure(
                    "float_bytes",
                    "Float size",
                    "bytes",
                    "The stored tensors of the float model.",
                    s -> some((double) s.whole().size().floatBytes())));

    private Figures() {}

    public static List<Figure> all() {
        return ALL;
    }

    public static Optional<Figure> byId(String id) {
        return ALL.stream().filter(f -> f.id().equals(id)).findFirst();
    }

    private static OptionalDouble some(double value) {
        return OptionalDouble.of(value);
    }

    private static <T> OptionalDouble number(Optional<T> of, ToDoubleFunction<T> figure) {
        return of.isPresent() ? some(figure.applyAsDouble(of.get())) : OptionalDouble.empty();
    }

    private static Figure values(
            String id, String title, String unit, String doc, ToDoubleFunction<ValueFigures> figure) {
        return new Figure(
                id,
                title,
                unit,
                doc,
                s -> number(s.values().filter(v -> v.count() > 0 || id.equals("values")), figure));
    }

    private static Figure grid(String id, String title, String unit, String doc, ToDoubleFunction<Quantized> figure) {
        return new Figure(id, title, unit, doc, s -> number(s.quantized(), figure));
    }

    /** A figure of a tensor whose values share one grid. */
    private static Figure one(String id, String title, String unit, String doc, ToDoubleFunction<Quantized> figure) {
        return new Figure(
                id,
                title,
                unit,
                doc,
                s -> number(s.quantized().filter(q -> q.params().slices() == 1), figure));
    }

    /** An error that is exact for a stored tensor, and that the sketch gives for an activation. */
    private static Figure error(
            String id,
            String title,
            String unit,
            String doc,
            Function<ErrorReport, OptionalDouble> figure,
            Function<ErrorEstimate, OptionalDouble> estimate) {
        return new Figure(
                id,
                title,
                unit,
                doc,
                s -> s.error().map(figure).or(() -> s.estimate().map(estimate)).orElse(OptionalDouble.empty()));
    }

    private static Figure codes(
            String id, String title, String unit, String doc, Function<CodeReport, OptionalDouble> figure) {
        return new Figure(id, title, unit, doc, s -> s.codes().map(figure).orElse(OptionalDouble.empty()));
    }

    private static Figure model(
            String id, String title, String unit, String doc, ToDoubleFunction<AccuracyEstimate> figure) {
        return new Figure(id, title, unit, doc, s -> number(s.whole().accuracy(), figure));
    }

    /** A figure of the exported file as a user runs it; none without a graph or data. */
    private static Figure file(
            String id, String title, String unit, String doc, Function<Verification.Run, OptionalDouble> figure) {
        return new Figure(id, title, unit, doc, s -> s.whole().ran().map(figure).orElse(OptionalDouble.empty()));
    }

    /** The samples that do not agree. */
    private static OptionalDouble others(Verification.Run run, OptionalDouble agreement) {
        return agreement.isPresent()
                ? some((double) Math.round((1 - agreement.getAsDouble()) * run.samples()))
                : OptionalDouble.empty();
    }

    /** Empty where both are 0: no range does better than without error. */
    private static OptionalDouble ratio(OptionalDouble error, OptionalDouble least) {
        return error.isPresent() && least.isPresent() && least.getAsDouble() > 0
                ? some(error.getAsDouble() / least.getAsDouble())
                : OptionalDouble.empty();
    }

    private static double loudToQuiet(SliceExtents channels) {
        double loud = 0;
        double quiet = Double.POSITIVE_INFINITY;
        for (int c = 0; c < channels.size(); c++) {
            if (channels.absMax(c) > 0) {
                loud = Math.max(loud, channels.absMax(c));
                quiet = Math.min(quiet, channels.absMax(c));
            }
        }
        return loud / quiet;
    }

    private static OptionalDouble silenced(FigureSource source) {
        Optional<SliceExtents> channels = source.channels();
        Optional<Quantized> quantized = source.quantized();
        if (channels.isEmpty() || quantized.isEmpty()) {
            return OptionalDouble.empty();
        }
        Slicing slicing = Slicing.of(quantized.get().info(), Granularity.CHANNEL);
        float[] after = source.quantizedValues().orElseThrow();
        boolean[] heard = new boolean[slicing.slices()];
        for (int i = 0; i < after.length; i++) {
            heard[slicing.sliceOf(i)] |= after[i] != 0;
        }
        long silent = 0;
        for (int c = 0; c < heard.length; c++) {
            silent += !heard[c] && channels.get().absMax(c) > 0 ? 1 : 0;
        }
        return some((double) silent);
    }
}
