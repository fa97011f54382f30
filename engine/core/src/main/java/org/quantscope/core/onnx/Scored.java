package org.quantscope.core.onnx;

import java.util.Optional;

/**
 * What of a model's results is scored.
 *
 * @param output the name of an output; empty for the one that fits the data
 * @param mask the name of an input or array of data, [samples, positions], over whose values other than 0 an output
 *     [samples, positions, values] is averaged; empty to average over nothing
 */
public record Scored(Optional<String> output, Optional<String> mask) {
    /** The output that fits the data, as it is. */
    public static final Scored AUTOMATIC = new Scored(Optional.empty(), Optional.empty());

    /** How a mean over a mask begins where it is written as text. */
    private static final String MEAN = "mean:";

    /** The same for another output. */
    public Scored withOutput(Optional<String> name) {
        return new Scored(name, mask);
    }

    /** How outputs are pooled, as text: {@code mean:MASK}; empty if they are not. */
    public Optional<String> pool() {
        return mask.map(m -> MEAN + m);
    }

    /**
     * The same with the pooling that a text says.
     *
     * @throws IllegalArgumentException if the text is not {@code mean:MASK}
     */
    public Scored withPool(Optional<String> text) {
        return new Scored(output, text.map(t -> {
            if (!t.startsWith(MEAN) || t.length() == MEAN.length()) {
                throw new IllegalArgumentException("pool: mean:MASK is needed, got " + t);
            }
            return t.substring(MEAN.length());
        }));
    }
}
