package org.quantscope.core.adaptive;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The same settings with each {@link RangeMode}: weights, bits and symmetry stay what they are, and only where the ranges
 * of the activations come from differs. Everything that has to be known beforehand is taken from calibration data.
 *
 * <p>Activations whose levels are listed (FP8, logarithmic and so on) keep their fixed range in every mode.
 */
public final class AdaptiveRanges {
    /** What is chosen beforehand, by a person and not by data. */
    public record Options(int window, double percentile, int clusters) {
        public static final Options DEFAULT = new Options(64, 99, 4);

        /**
         * @param window samples in the window, at least 1
         * @param percentile of the smallest and largest values in the window, 50 to 100
         * @param clusters ranges of each activation, at least 1
         */
        public Options {
            if (window < 1) {
                throw new IllegalArgumentException("window: at least 1 sample, got " + window);
            }
            if (!(percentile >= 50 && percentile <= 100)) {
                throw new IllegalArgumentException("percentile: 50 to 100, got " + percentile);
            }
            if (clusters < 1) {
                throw new IllegalArgumentException("clusters: at least 1, got " + clusters);
            }
        }
    }

    private final ResolvedSettings settings;
    private final Map<TensorId, List<ClipRange>> seen;
    private final Options options;
    /** Why {@code seen} is empty. */
    private final Optional<String> lack;

    private AdaptiveRanges(
            ResolvedSettings settings, Map<TensorId, List<ClipRange>> seen, Options options, Optional<String> lack) {
        this.settings = settings;
        this.seen = Map.copyOf(seen);
        this.options = options;
        this.lack = lack;
    }

    /**
     * Looks at the calibration data, sample by sample, if a mode needs it.
     *
     * @param model in the form to be analysed
     * @param settings whose ranges are fixed here, if they are not: to those of the calibration data
     * @param calibration the data that {@link RangeMode#WINDOW} and {@link RangeMode#CLUSTERS} begin with; without it these
     *     two cannot be had
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static AdaptiveRanges of(
            Model model,
            ResolvedSettings settings,
            List<RangeMode> modes,
            Optional<Dataset> calibration,
            Options options,
            Progress progress,
            CancelToken cancel) {
        if (!modes.contains(RangeMode.WINDOW) && !modes.contains(RangeMode.CLUSTERS)) {
            return new AdaptiveRanges(settings, Map.of(), options, Optional.of("it was not asked for"));
        }
        if (calibration.isEmpty()) {
            return new AdaptiveRanges(
                    settings, Map.of(), options, Optional.of("it begins with calibration data, and there is none"));
        }
        try {
            return new AdaptiveRanges(
                    settings,
                    SampleExtremes.of(model, following(settings), calibration.get(), progress, cancel),
                    options,
                    Optional.empty());
        } catch (BadInputException e) {
            return new AdaptiveRanges(settings, Map.of(), options, Optional.of(String.valueOf(e.getMessage())));
        }
    }

    /** The activations whose range can follow the data, with parameters of their own, in graph order. */
    public static List<TensorId> following(ResolvedSettings settings) {
        return settings.own().stream()
                .filter(t -> t.isActivation() && t.params().isAffine())
                .map(ResolvedTensor::id)
                .toList();
    }

    /** The activations that keep their fixed range in every mode, because their levels are listed. */
    public static List<TensorId> staying(ResolvedSettings settings) {
        return settings.own().stream()
                .filter(t -> t.isActivation() && !t.params().isAffine())
                .map(ResolvedTensor::id)
                .toList();
    }

    /**
     * The request to evaluate.
     *
     * @throws BadInputException if the mode needs calibration data that there is not
     */
    public EvalRequest request(RangeMode mode) {
        Map<TensorId, QuantParams> activations = new HashMap<>(settings.activations());
        activations.replaceAll((id, params) -> params.withoutRunRange());
        following(settings).forEach(id -> {
            ResolvedTensor tensor = settings.find(id).orElseThrow();
            activations.put(id, params(mode, tensor));
        });
        return new EvalRequest(Optional.empty(), settings.weights(), activations);
    }

    private QuantParams params(RangeMode mode, ResolvedTensor tensor) {
        QuantParams reference = tensor.params();
        QuantSpec spec = tensor.spec();
        return switch (mode) {
            case FIXED -> reference.withoutRunRange();
            case BATCH -> reference.withRunRange(new RunRange.Dynamic(false, spec.symmetric()));
            case SAMPLE -> reference.withRunRange(new RunRange.Dynamic(true, spec.symmetric()));
            case WINDOW ->
                reference.withRunRange(
                        new RunRange.Window(options.window(), options.percentile(), spec, last(of(tensor.id()))));
            case CLUSTERS -> clustered(tensor);
        };
    }

    private List<ClipRange> last(List<ClipRange> all) {
        return all.subList(Math.max(0, all.size() - options.window()), all.size());
    }

    private QuantParams clustered(ResolvedTensor tensor) {
        RangeClusters clusters = RangeClusters.of(of(tensor.id()), options.clusters());
        List<QuantParams> grids = new ArrayList<>();
        for (ClipRange range : clusters.ranges()) {
            QuantSpec spec = tensor.spec();
            ClipRange asked = spec.symmetric() ? ClipRange.symmetric(range.absMax()) : range;
            grids.add(spec.quantizer().resolve(spec, Granularity.TENSOR, List.of(asked)));
        }
        return tensor.params().withRunRange(new RunRange.Clusters(clusters.centres(), grids));
    }

    private List<ClipRange> of(TensorId id) {
        List<ClipRange> all = seen.get(id);
        if (all == null || all.isEmpty()) {
            throw new BadInputException(
                    "", "calibration data", lack.orElse("no sample shows anything of " + id.name()));
        }
        return all;
    }
}
