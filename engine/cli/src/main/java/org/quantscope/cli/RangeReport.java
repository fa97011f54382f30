package org.quantscope.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.TensorId;

/** What a command says of values that ranges were not chosen for: mask values, and weights of dead channels. */
final class RangeReport {
    /** Lines for a person; JSON holds all. */
    private static final int SHOWN = 5;

    private final Map<TensorId, Double> shares;
    private final Map<TensorId, Integer> raised;

    private RangeReport(Map<TensorId, Double> shares, Map<TensorId, Integer> raised) {
        this.shares = shares;
        this.raised = raised;
    }

    static RangeReport of(ResolvedSettings resolved, Calibration calibration) {
        Map<TensorId, Double> shares = new TreeMap<>(calibration.maskShares());
        shares.keySet().retainAll(resolved.activations().keySet());
        return new RangeReport(shares, resolved.raisedScales());
    }

    /** The fields {@code mask_values} and {@code raised_scales}, if there are any. */
    void put(Json json) {
        if (!shares.isEmpty()) {
            json.put(
                    "mask_values",
                    shares.entrySet().stream()
                            .map(e -> new Json().put("name", e.getKey().name()).put("share", e.getValue()))
                            .toList());
        }
        if (!raised.isEmpty()) {
            json.put(
                    "raised_scales",
                    raised.entrySet().stream()
                            .map(e -> new Json().put("name", e.getKey().name()).put("count", e.getValue()))
                            .toList());
        }
    }

    void print(Terminal terminal) {
        if (!raised.isEmpty()) {
            int scales = raised.values().stream().mapToInt(n -> n).sum();
            terminal.out()
                    .println("dead channels: " + scales + (scales == 1 ? " scale" : " scales") + " of "
                            + raised.size() + (raised.size() == 1 ? " weight" : " weights")
                            + " raised to the smallest that every target takes");
        }
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
