package org.quantscope.core.departure;

import java.util.List;
import org.quantscope.core.tensor.TensorId;

/**
 * Which tensor of a deployed model is which of the float model.
 *
 * @param pairs in the order of the float model's graph
 * @param ambiguous tensors of the float model for which several deployed ones would do; a person can say which
 * @param onlyFloat tensors of the float model that have no counterpart
 * @param onlyDeployed deployed tensors that have none
 */
public record Alignment(
        List<Pair> pairs, List<Ambiguous> ambiguous, List<String> onlyFloat, List<String> onlyDeployed) {
    public Alignment {
        pairs = List.copyOf(pairs);
        ambiguous = List.copyOf(ambiguous);
        onlyFloat = List.copyOf(onlyFloat);
        onlyDeployed = List.copyOf(onlyDeployed);
    }

    /** How a pair was found. */
    public enum How {
        GIVEN("given"),
        NAME("name"),
        GRAPH("graph order"),
        VALUES("like values");

        private final String said;

        How(String said) {
            this.said = said;
        }

        /** For a person. */
        public String said() {
            return said;
        }
    }

    /**
     * Two tensors that are the same.
     *
     * @param name in the float model
     * @param deployed in the deployed model
     * @param layout how the deployed values' axes stand: "same", "reshaped" or the order of axes
     */
    public record Pair(TensorId name, String deployed, How how, String layout) {}

    /** A tensor of the float model, and the deployed ones that it may be. */
    public record Ambiguous(TensorId name, List<String> candidates) {
        public Ambiguous {
            candidates = List.copyOf(candidates);
        }
    }
}
