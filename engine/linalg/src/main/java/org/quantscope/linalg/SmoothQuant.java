package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.ExpectedLoss;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.session.Session;

/**
 * SmoothQuant: divides each channel that a matrix product reads by {@code sⱼ = max|Xⱼ|^α / max|Wⱼ,:|^(1−α)} and
 * multiplies the row of its weight by it, which moves outliers of activations, that one scale for all channels does not
 * fit, into weights (Xiao et al. 2023, arXiv 2211.10438, equation 4). Layers that read the same value share their
 * factors, with the largest weight of all. Factors are divided by their geometric mean. A channel or row of zeros keeps
 * the factor of the mean.
 *
 * <p>The largest magnitudes are those on the calibration data. If α is to be searched, one half of the data, by chance,
 * gives the magnitudes and the ranges of activations, and the other one says which α loses least of the model's answers
 * under the present settings, in the steps 1/4, then 1/8; the factors of that α are then computed on all of the data.
 */
public final class SmoothQuant implements Correction {
    private static final String SEARCH = "search";
    private static final OptionDoc ALPHA = new OptionDoc(
            "alpha",
            "float|search",
            SEARCH,
            "0 to 1: how much of the outliers moves into the weights; search: what loses least on calibration data");

    @Override
    public String id() {
        return "smoothquant";
    }

    @Override
    public String title() {
        return "SmoothQuant";
    }

    @Override
    public String summary() {
        return "Moves outliers of what matrix products read into their weights; the float function stays the same;"
                + " rests on the calibration data and the present settings";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(ALPHA);
    }

    @Override
    public String source() {
        return "Xiao et al. 2023, arXiv 2211.10438, equation 4";
    }

    @Override
    public boolean needsData() {
        return true;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Output apply(Input input, Progress progress, CancelToken cancel) {
        Optional<Double> given = alpha(CorrectionOptions.of(this, input.options()));
        Model model = input.model();
        ReadValue.in(model);
        Dataset data =
                input.data().orElseThrow(() -> new BadInputException(model.file(), id(), "needs calibration data"));
        Session settings = input.settings()
                .orElseThrow(
                        () -> new BadInputException(model.file(), id(), "needs to know how the model is quantized"));
        ScaledChannels channels = new ScaledChannels(model, Optional.of(data), cancel);
        if (channels.ways().isEmpty()) {
            return new Output(model, List.of(), channels.kept());
        }
        double alpha = given.isPresent() ? given.get() : searched(model, channels, data, settings, progress, cancel);
        Output output = channels.divided(factors(channels, alpha, statistics(model, channels, data, progress, cancel)));
        return given.isPresent() || output.changed().isEmpty() ? output : noted(output, alpha);
    }

    private static Output noted(Output output, double alpha) {
        List<String> notes = new ArrayList<>(output.notes());
        notes.addFirst(String.format(
                Locale.ROOT, "alpha is %.3g, which loses least on calibration data kept aside for it", alpha));
        return new Output(output.model(), output.changed(), output.kept(), notes);
    }

    private static Optional<Double> alpha(CorrectionOptions options) {
        return options.given().getOrDefault(ALPHA.name(), SEARCH).equals(SEARCH)
                ? Optional.empty()
                : Optional.of(options.number(ALPHA, 0, 1));
    }

    private static Map<String, ChannelStatistics> statistics(
            Model model, ScaledChannels channels, Dataset data, Progress progress, CancelToken cancel) {
        return ChannelStatistics.of(
                model,
                data,
                channels.ways().stream().map(ScaledChannels.Way::read).toList(),
                progress,
                cancel);
    }

    private static double searched(
            Model model,
            ScaledChannels channels,
            Dataset data,
            Session settings,
            Progress progress,
            CancelToken cancel) {
        ExpectedLoss loss = new ExpectedLoss(model, data);
        Map<String, ChannelStatistics> seen = statistics(model, channels, loss.fittedOn(), progress, cancel);
        Map<Double, Double> losses = new TreeMap<>();
        for (double alpha : List.of(0.25, 0.5, 0.75)) {
            lossOf(alpha, losses, loss, channels, seen, settings, progress, cancel);
        }
        double best = least(losses);
        for (double alpha : List.of(best - 0.125, best + 0.125)) {
            lossOf(alpha, losses, loss, channels, seen, settings, progress, cancel);
        }
        return least(losses);
    }

    private static void lossOf(
            double alpha,
            Map<Double, Double> losses,
            ExpectedLoss loss,
            ScaledChannels channels,
            Map<String, ChannelStatistics> seen,
            Session settings,
            Progress progress,
            CancelToken cancel) {
        cancel.check();
        progress.report(losses.size(), 5, "alpha " + alpha);
        Model divided = channels.divided(factors(channels, alpha, seen)).model();
        losses.put(alpha, loss.of(divided, settings.state(), Progress.NONE, cancel));
    }

    private static double least(Map<Double, Double> losses) {
        return losses.entrySet().stream()
                .min(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private static Map<String, double[]> factors(
            ScaledChannels channels, double alpha, Map<String, ChannelStatistics> seen) {
        Map<String, double[]> factors = new LinkedHashMap<>();
        for (ScaledChannels.Way way : channels.ways()) {
            ChannelStatistics statistics = seen.get(way.read().value());
            if (statistics != null) {
                double[] x = ScaledChannels.together(way, statistics.largest());
                double[] w = ScaledChannels.together(way, ScaledChannels.weightRanges(way.read()));
                factors.put(way.read().value(), factors(x, w, alpha));
            }
        }
        return factors;
    }

    /**
     * The factors of the channels of one value.
     *
     * @param x max|X| of each channel
     * @param w max|W| of each row
     */
    static double[] factors(double[] x, double[] w, double alpha) {
        double[] s = new double[x.length];
        double logs = 0;
        int used = 0;
        for (int c = 0; c < s.length; c++) {
            s[c] = Math.pow(x[c], alpha) / Math.pow(w[c], 1 - alpha);
            if (x[c] > 0 && w[c] > 0 && s[c] > 0 && Double.isFinite(s[c])) {
                logs += Math.log(s[c]);
                used++;
            } else {
                s[c] = 0;
            }
        }
        double mean = used == 0 ? 1 : Math.exp(logs / used);
        for (int c = 0; c < s.length; c++) {
            s[c] = s[c] > 0 ? s[c] : mean;
        }
        return ScaledChannels.balanced(s);
    }
}
