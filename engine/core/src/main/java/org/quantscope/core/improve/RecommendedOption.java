package org.quantscope.core.improve;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;

/**
 * Settings of all weights and activations that are worth trying.
 *
 * @param activations empty if they stay in float
 */
public record RecommendedOption(QuantSpec weights, Optional<QuantSpec> activations) {
    /** Min–max keeps everything, least squared error gives outliers up; both assume no distribution. */
    private static final List<String> CALIBRATORS = List.of("minmax", "mse");

    private static final int EIGHT = 8;

    /** What is tried for a target, the simplest first. */
    static List<RecommendedOption> of(RunTarget target, boolean mayQuantizeActivations) {
        List<RecommendedOption> all = new ArrayList<>();
        List<Optional<QuantSpec>> activations = new ArrayList<>();
        if (!target.integer() || !mayQuantizeActivations) {
            activations.add(Optional.empty());
        }
        if (mayQuantizeActivations) {
            CALIBRATORS.forEach(id -> activations.add(Optional.of(QuantSpec.ACTIVATIONS.withClip(new Clip.Auto(id)))));
        }
        for (int bits : target.widths().reversed()) {
            for (String granularity : target.granularities()) {
                QuantSpec plain = QuantSpec.WEIGHTS.withBits(bits).withGranularity(Granularity.parse(granularity));
                List<QuantSpec> weights = new ArrayList<>();
                CALIBRATORS.forEach(id -> weights.add(plain.withClip(new Clip.Auto(id))));
                if (bits < EIGHT) {
                    weights.add(plain.withClip(new Clip.Auto("mse")).withRounding(Candidates.ROUNDING));
                }
                for (QuantSpec w : weights) {
                    activations.forEach(a -> all.add(new RecommendedOption(w, a)));
                }
            }
        }
        return all;
    }

    /** In a few words. */
    public String title() {
        return weights.bits() + "-bit weights per "
                + weights.granularity().toString().replace(':', ' ') + ", "
                + calibrator(weights)
                + (weights.isNearest() ? "" : ", rounding " + weights.rounding())
                + activations
                        .map(a -> "; " + a.bits() + "-bit activations, " + calibrator(a))
                        .orElse("; activations in float");
    }

    private static String calibrator(QuantSpec spec) {
        if (!(spec.clip() instanceof Clip.Auto auto)) {
            return "range by hand";
        }
        String title = Calibrators.byId(auto.calibratorId()).title();
        return "range by " + title.substring(0, 1).toLowerCase(Locale.ROOT) + title.substring(1);
    }
}
