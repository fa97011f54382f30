package org.quantscope.core.improve;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** The bits of the codes of a model's weights, on average, and the same bits for all where a budget asks for fewer. */
final class Bits {
    /** The widths to choose from. */
    static final List<Integer> WIDTHS = List.of(2, 3, 4, 6, 8);

    private static final double ROUNDING = 1e-9;

    private final SessionState state;
    /** Code bits of weights with settings of their own. */
    private double fixed;

    private double free;
    private double count;

    /** @throws IllegalArgumentException if no weight is quantized */
    Bits(Model model, SessionState state) {
        this.state = state;
        Set<TensorId> pinned = pinned(state);
        for (QuantizedTensor tensor : QuantizedTensor.of(model, state, Calibration.NONE)) {
            if (tensor.info().kind() == TensorKind.WEIGHT) {
                long n = tensor.info().shape().count();
                count += n;
                if (pinned.contains(tensor.info().id())) {
                    fixed += (double) n * tensor.choice().spec().bits();
                } else {
                    free += n;
                }
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException("no weight is quantized: there is nothing to improve");
        }
    }

    /**
     * The tensors with settings of their own that keep their bits: those that differ in more than a calibrator and a
     * rounding from what all weights have. "Calibrate all" gives settings to every weight without anybody having chosen
     * their bits.
     */
    static Set<TensorId> pinned(SessionState state) {
        Set<TensorId> ids = new TreeSet<>(state.overrides().keySet());
        state.weights()
                .ifPresent(all -> ids.removeIf(id -> {
                    QuantSpec own = Objects.requireNonNull(state.overrides().get(id));
                    return own.clip() instanceof Clip.Auto
                            && own.withClip(all.clip())
                                    .withRounding(all.rounding())
                                    .equals(all);
                }));
        return ids;
    }

    /** True if any weight is quantized. */
    static boolean quantizes(Model model, SessionState state) {
        return QuantizedTensor.of(model, state, Calibration.NONE).stream()
                .anyMatch(tensor -> tensor.info().kind() == TensorKind.WEIGHT);
    }

    private double average(int bits) {
        return (fixed + free * bits) / count;
    }

    /** Bits of codes for each quantized weight. */
    double average() {
        return average(state.weights().map(QuantSpec::bits).orElse(0));
    }

    /**
     * Gives all weights that are not {@link #pinned} the most bits that are the same for all and keep a budget; empty if
     * the present ones keep it.
     *
     * @throws IllegalArgumentException if the fewest bits do not keep it
     */
    Optional<Edit> narrower(double budget) {
        if (average() <= budget + ROUNDING) {
            return Optional.empty();
        }
        QuantSpec spec = state.weights().orElse(null);
        if (spec == null || free == 0) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "average bits: all weights have settings of their own, with %.3g bits on average, more than %.3g",
                    average(),
                    budget));
        }
        int bits = WIDTHS.reversed().stream()
                .filter(width -> average(width) <= budget + ROUNDING && taken(spec.withBits(width)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "average bits: the fewest bits give %.3g on average, more than %.3g",
                        average(WIDTHS.stream()
                                .filter(w -> taken(spec.withBits(w)))
                                .findFirst()
                                .orElse(spec.bits())),
                        budget)));
        Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
        own.keySet().removeAll(pinned(state));
        own.replaceAll((id, as) -> as.withBits(bits));
        String title = bits + " bits for all weights";
        return Optional.of(new Edit.All(
                title, List.of(new Edit.SetWeights(Optional.of(spec.withBits(bits))), new Edit.AdoptAll(title, own))));
    }

    /** The same with the most bits that it may have. */
    static QuantSpec widest(QuantSpec spec) {
        return WIDTHS.reversed().stream()
                .map(spec::withBits)
                .filter(Bits::taken)
                .findFirst()
                .orElse(spec);
    }

    private static boolean taken(QuantSpec spec) {
        try {
            spec.check();
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
