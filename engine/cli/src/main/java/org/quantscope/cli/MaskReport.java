package org.quantscope.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.TensorId;

/** What a command says of mask values in quantized activations. */
final class MaskReport {
    /** Lines for a person; JSON holds all. */
    private static final int SHOWN = 5;

    private final Map<TensorId, Double> shares;

    private MaskReport(Map<TensorId, Double> shares) {
        this.shares = shares;
    }

    static MaskReport of(ResolvedSettings resolved, Calibration calibration) {
        Map<TensorId, Double> shares = new TreeMap<>(calibration.maskShares());
        shares.keySet().retainAll(resolved.activations().keySet());
        return new MaskReport(shares);
    }

    /** The field {@code mask_values}, if there are any. */
    void put(Json json) {
        if (!shares.isEmpty()) {
            json.put(
                    "mask_values",
                    shares.entrySet().stream()
                            .map(e -> new Json().put("name", e.getKey().name()).put("share", e.getValue()))
                            .toList());
        }
    }

    void print(Terminal terminal) {
        if (shares.isEmpty()) {
            return;
        }
        List<Map.Entry<TensorId, Double>> most = shares.entrySet().stream()
                .sorted(Map.Entry.<TensorId, Double>comparingByValue().reversed())
                .toList();
        terminal.out()
                .println("mask values: in " + most.size() + (most.size() == 1 ? " activation" : " activations")
                        + ", left out of the choice of ranges");
        most.stream()
                .limit(SHOWN)
                .forEach(e -> terminal.out().println("  " + e.getKey() + ": " + Text.percent(e.getValue())));
        if (most.size() > SHOWN) {
            terminal.out().println("  and " + (most.size() - SHOWN) + " more, see --json");
        }
    }
}
