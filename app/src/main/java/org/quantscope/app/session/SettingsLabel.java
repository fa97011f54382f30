package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;

/** Settings in a few characters, such as {@code W4 ch A8 mse}. */
public final class SettingsLabel {
    private SettingsLabel() {}

    /**
     * @param weights the specs of all quantized weights
     * @param activations those of all quantized activations
     * @param corrected true if the float model is corrected
     * @return empty if nothing is quantized
     */
    public static String of(List<QuantSpec> weights, List<QuantSpec> activations, boolean corrected) {
        if (weights.isEmpty() && activations.isEmpty()) {
            return "";
        }
        List<QuantSpec> all = new ArrayList<>(weights);
        all.addAll(activations);
        return (letters("W", weights) + letters("A", activations) + rule(all)).strip()
                + (corrected ? " corrected" : "");
    }

    private static String letters(String prefix, List<QuantSpec> specs) {
        if (specs.isEmpty()) {
            return "";
        }
        int least = specs.stream().mapToInt(QuantSpec::bits).min().orElseThrow();
        int most = specs.stream().mapToInt(QuantSpec::bits).max().orElseThrow();
        long channels = specs.stream()
                .filter(s -> s.granularity() instanceof Granularity.PerChannel)
                .count();
        return prefix + least + (most > least ? "–" + most : "")
                + (channels == 0 ? "" : channels == specs.size() ? " ch" : " part ch") + " ";
    }

    /** The calibrator in a few letters, or nothing for the default one. */
    private static String rule(List<QuantSpec> specs) {
        Set<String> rules = specs.stream()
                .map(s -> s.clip() instanceof Clip.Auto auto ? auto.calibratorId() : "hand")
                .collect(Collectors.toSet());
        return rules.equals(Set.of("minmax"))
                ? ""
                : rules.contains("hand")
                        ? "hand"
                        : rules.size() > 1 ? "mixed" : rules.iterator().next();
    }
}
