package org.quantscope.core.improve;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Equalization is worth it before codes are chosen: the channels of a weight differ so much that they miss much of its
 * grid, and equalization changes that.
 *
 * @param weight whose channels miss most of those that equalization helps
 * @param before its {@link ChannelSpread} in bits, at least {@link #LEAST}
 * @param after the same in the equalized model, at least {@link #LEAST_GAIN} less
 */
public record EqualizationOffer(TensorId weight, double before, double after) {
    /** The id of the correction that is offered: it needs neither data nor settings and keeps the float function. */
    public static final String CORRECTION = "cross-layer-equalization";

    /** Bits that the channels of a weight miss on average before anything is offered. */
    public static final double LEAST = 2;

    /** Bits that equalization must give back. */
    public static final double LEAST_GAIN = 1;

    /**
     * What to offer under these settings; nothing unless a rounding looks at whole layers, because nearest levels make
     * up for nothing. The equalized model is computed only if a weight calls for it.
     *
     * @param model as the state wants it
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<EqualizationOffer> of(
            Model model, SessionState state, Progress progress, CancelToken cancel) {
        boolean open = model.graph().isPresent()
                && state.choosesCodes()
                && state.foldBatchNorm()
                && state.corrections().stream().noneMatch(c -> c.id().equals(CORRECTION));
        if (!open) {
            return Optional.empty();
        }
        List<ChannelSpread> wide = ChannelSpread.of(model, state, cancel).stream()
                .filter(spread -> spread.bits() >= LEAST)
                .toList();
        if (wide.isEmpty()) {
            return Optional.empty();
        }
        Correction.Output output;
        try {
            Correction correction = Corrections.byId(CORRECTION);
            if (correction.unavailable().isPresent()) {
                return Optional.empty();
            }
            output = correction.apply(
                    new Correction.Input(model, Map.of(), Optional.empty(), Optional.empty()), progress, cancel);
        } catch (IllegalArgumentException | CorrectionUnavailableException e) {
            return Optional.empty();
        }
        Set<TensorId> changed = new TreeSet<>(output.changed());
        List<ChannelSpread> equalized = ChannelSpread.of(output.model(), state, cancel);
        return wide.stream()
                .filter(spread -> changed.contains(spread.weight()))
                .flatMap(spread -> equalized.stream()
                        .filter(e -> e.weight().equals(spread.weight()))
                        .map(e -> new EqualizationOffer(spread.weight(), spread.bits(), e.bits())))
                .filter(offer -> offer.before - offer.after >= LEAST_GAIN)
                .max(Comparator.comparingDouble(EqualizationOffer::before));
    }

    /** A sentence for a person. */
    public String said() {
        return String.format(
                Locale.ROOT,
                "The channels of %s differ so much that they miss %.1f bits of its grid on average, equalized %.1f:"
                        + " equalize first, then the codes have less to make up for.",
                weight,
                before,
                after);
    }
}
