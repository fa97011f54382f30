package org.quantscope.core.quant;

import java.util.List;
import java.util.stream.Collectors;

/** Every scheme, in the order in which they are offered. */
public final class Quantizers {
    private static final List<Quantizer> ALL = List.of(new UniformQuantizer());

    private Quantizers() {}

    public static List<Quantizer> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Quantizer byId(String id) {
        return ALL.stream()
                .filter(q -> q.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "scheme: " + id + " is not one of " + ALL.stream().map(Quantizer::id).collect(Collectors.joining(", "))));
    }
}
