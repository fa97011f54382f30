package org.quantscope.core.rounding;

import java.util.List;
import java.util.stream.Collectors;

/** Every rounding, in the order in which they are offered. */
public final class Roundings {
    public static final Rounding NEAREST = new NearestRounding();

    private static final List<Rounding> ALL =
            List.of(NEAREST, new GptqRounding(), new AdaRoundRounding(), new LeastOutputErrorRounding());

    private Roundings() {}

    /** The sentence, without its full stop, for work that knows nearest levels only. */
    public static String nearestOnly(String what) {
        return what + " is that of weights rounded to nearest: the codes of another rounding belong to all weights"
                + " together";
    }

    public static List<Rounding> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Rounding byId(String id) {
        return ALL.stream()
                .filter(r -> r.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("rounding: " + id + " is not one of "
                        + ALL.stream().map(Rounding::id).collect(Collectors.joining(", "))));
    }
}
