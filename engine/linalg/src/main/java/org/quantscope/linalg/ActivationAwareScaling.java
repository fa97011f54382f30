package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Activation-aware weight scaling (AWQ): multiplies each row of a weight by {@code sⱼ = (mean|Xⱼ|)^a}, divided by
 * {@code √(max s · min s)}, and divides the channel that it meets by the same, so that weights which meet large inputs
 * are rounded finely (Lin et al. 2023, arXiv 2306.00978, equations 4 and 5; the divisor is that of its program). For
 * each value that layers read, a is the one of 0, 1/20, … 1 with the least error at the outputs of those layers over
 * the calibration data, Σ tr(ΔW H ΔWᵀ) with ΔW = Q(W·diag(s))·diag(s)⁻¹ − W and the second moments H of the float
 * model's inputs. Weights are quantized by the present settings, activations stay in float. Where a calibrator of the
 * settings rests on inputs itself, the clip with the least squared error of the weights stands for its own in the search.
 */
public final class ActivationAwareScaling implements Correction {
    private static final OptionDoc POINTS =
            new OptionDoc("points", "int", "20", "1 to 100: the powers 0, 1/points, … 1 are tried");

    @Override
    public String id() {
        return "awq";
    }

    @Override
    public String title() {
        return "Activation-aware weight scaling (AWQ)";
    }

    @Override
    public String summary() {
        return "Rounds weights finely that meet large inputs; the float function stays the same; rests on the"
                + " calibration data and the present settings of weights";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(POINTS);
    }

    @Override
    public String source() {
        return "Lin et al. 2023, arXiv 2306.00978, equations 4 and 5";
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
        int points = (int) CorrectionOptions.of(this, input.options()).number(POINTS, 1, 100);
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
        return new Work(model, channels, data, weightsOnly(settings.state()), points, progress, cancel).run();
    }

    /** The settings of weights, with no calibrator that rests on what layers read. */
    private static SessionState weightsOnly(SessionState state) {
        Map<TensorId, QuantSpec> overrides = new TreeMap<>();
        state.overrides().forEach((id, spec) -> overrides.put(id, plain(spec)));
        return state.withActivations(Optional.empty())
                .withWeights(state.weights().map(ActivationAwareScaling::plain))
                .withOverrides(overrides);
    }

    private static QuantSpec plain(QuantSpec spec) {
        boolean rests = Calibrators.needsImportance(spec.clip()) || Calibrators.needsMoments(spec.clip());
        return rests ? spec.withClip(new Clip.Auto("mse")) : spec;
    }

    /** The search in one model. */
    private static final class Work {
        private final ScaledChannels channels;
        private final SessionState state;
        private final int points;
        private final Progress progress;
        private final CancelToken cancel;
        private final ModelMoments moments;
        private final Map<String, ChannelStatistics> seen;

        Work(
                Model model,
                ScaledChannels channels,
                Dataset data,
                SessionState state,
                int points,
                Progress progress,
                CancelToken cancel) {
            this.channels = channels;
            this.state = state;
            this.points = points;
            this.progress = progress;
            this.cancel = cancel;
            List<ReadValue> values =
                    channels.ways().stream().map(ScaledChannels.Way::read).toList();
            this.moments = MomentsPass.run(model, data, progress, cancel);
            this.seen = ChannelStatistics.of(model, data, values, progress, cancel);
        }

        Output run() {
            Map<String, double[]> best = new LinkedHashMap<>();
            Map<String, Double> powers = new LinkedHashMap<>();
            Map<String, Double> least = new HashMap<>();
            for (int p = 0; p <= points; p++) {
                cancel.check();
                double a = (double) p / points;
                progress.report(p, points, String.format(Locale.ROOT, "power %.2f", a));
                Map<String, double[]> factors = new LinkedHashMap<>();
                for (ScaledChannels.Way way : channels.ways()) {
                    ChannelStatistics statistics =
                            Objects.requireNonNull(seen.get(way.read().value()));
                    factors.put(way.read().value(), factors(ScaledChannels.together(way, statistics.means()), a));
                }
                errors(factors).forEach((value, error) -> {
                    if (error < least.getOrDefault(value, Double.POSITIVE_INFINITY)) {
                        least.put(value, error);
                        powers.put(value, a);
                        best.put(value, Objects.requireNonNull(factors.get(value)));
                    }
                });
            }
            Output output = channels.divided(best);
            List<String> notes = new ArrayList<>(output.notes());
            powers.forEach((value, a) -> notes.add(String.format(Locale.ROOT, "%s: power %.3g", value, a)));
            List<String> kept = new ArrayList<>(output.kept());
            for (ScaledChannels.Way way : channels.ways()) {
                if (!best.containsKey(way.read().value())) {
                    kept.add(
                            way.read().value() + ": no weight that reads it is quantized, or its inputs are not known");
                }
            }
            return new Output(output.model(), output.changed(), kept, notes);
        }

        /** The error at the outputs of the layers that read each value; values without a quantized weight are left out. */
        private Map<String, Double> errors(Map<String, double[]> factors) {
            Model scaled = channels.divided(factors).model();
            Map<TensorId, QuantParams> params = new Resolver()
                    .resolve(scaled, state, Calibration.NONE, Progress.NONE, cancel)
                    .weights();
            Map<String, Double> errors = new LinkedHashMap<>();
            for (ScaledChannels.Way way : channels.ways()) {
                double[] s = Objects.requireNonNull(factors.get(way.read().value()));
                for (WeightedLayer layer : way.read().layers()) {
                    QuantParams own = params.get(layer.id());
                    LayerMoments seenBy = moments.of(layer.id()).orElse(null);
                    if (own != null && seenBy != null) {
                        errors.merge(
                                way.read().value(),
                                error(layer, scaled.find(layer.id()).orElseThrow(), s, own, seenBy),
                                Double::sum);
                    }
                }
            }
            return errors;
        }

        /**
         * Σ tr(ΔW H ΔWᵀ). Columns that a fold scales for other layers' sake are scaled back, so that errors of all powers
         * are those of the same outputs.
         */
        private double error(WeightedLayer layer, Tensor scaled, double[] s, QuantParams params, LayerMoments seenBy) {
            float[] before = layer.weight().data().toFloats();
            float[] after = scaled.data().toFloats();
            float[] quantized = ErrorPass.fakeQuantize(scaled, params, cancel);
            int inner = layer.transposed() ? 1 : layer.outputs();
            float[] change = new float[before.length];
            for (int i = 0; i < change.length; i++) {
                double wanted = before[i];
                double factor = after[i] == 0 || wanted == 0 ? s[i / inner % s.length] : after[i] / wanted;
                change[i] = (float) ((quantized[i] - after[i]) / factor);
            }
            double sum = 0;
            for (double row : seenBy.errors(seenBy.rows(change), cancel)) {
                sum += row;
            }
            return sum;
        }
    }

    /**
     * The factors of the channels of one value.
     *
     * @param x mean|X| of each channel; one of 0 gets the factor 1
     */
    static double[] factors(double[] x, double power) {
        double[] s = new double[x.length];
        double most = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int c = 0; c < s.length; c++) {
            s[c] = Math.pow(x[c], power);
            if (x[c] > 0) {
                most = Math.max(most, s[c]);
                least = Math.min(least, s[c]);
            }
        }
        double middle = Math.sqrt(most * least);
        for (int c = 0; c < s.length; c++) {
            s[c] = x[c] > 0 ? Math.clamp(s[c] / middle, 1 / ScaledChannels.LARGEST, ScaledChannels.LARGEST) : 1;
        }
        return s;
    }
}
