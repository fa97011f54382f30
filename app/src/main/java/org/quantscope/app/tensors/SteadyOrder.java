package org.quantscope.app.tensors;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.quantscope.core.tensor.TensorId;

/** Sorts rows, and leaves each in its place while errors are measured again, so that the list does not jump. */
final class SteadyOrder {
    /** The position of each tensor when all errors were last known. */
    private Map<TensorId, Integer> places = Map.of();

    /** Has the next rows sorted anew, whether all errors are known or not. */
    void forget() {
        places = Map.of();
    }

    /** @param known true if all errors are known */
    List<TensorRow> sorted(List<TensorRow> rows, TensorOrder order, boolean known) {
        Comparator<TensorRow> held = Comparator.comparingInt(row -> places.getOrDefault(row.id(), Integer.MAX_VALUE));
        return rows.stream()
                .sorted(!known && !places.isEmpty() ? held : order.comparator())
                .toList();
    }

    /** Remembers the places of sorted rows whose errors are all known. */
    void hold(List<TensorRow> weights, List<TensorRow> activations) {
        Map<TensorId, Integer> now = new HashMap<>();
        Stream.concat(weights.stream(), activations.stream()).forEach(row -> now.put(row.id(), now.size()));
        places = now;
    }
}
