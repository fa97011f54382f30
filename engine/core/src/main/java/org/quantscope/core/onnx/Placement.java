package org.quantscope.core.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * For every activation of a graph: whether it has a quantizer, why, and with which others it shares parameters.
 *
 * <p>It follows from the operators by the rules in {@link QuantizedOperators}, plus the values at which a person has
 * added a quantizer. To remove a quantizer the value is kept in float, which is a setting and not part of the
 * placement.
 */
public final class Placement {
    private final List<Site> sites;
    private final Map<TensorId, Site> byId = new HashMap<>();
    /**
     * For each value that has parameters, the value that they belong to. Computed once for all values: graphs have
     * thousands, and callers ask for all of them.
     */
    private final Map<TensorId, TensorId> owners = new HashMap<>();

    /** @param sites in graph order, the graph's inputs first */
    Placement(List<Site> sites) {
        this.sites = List.copyOf(sites);
        sites.forEach(s -> byId.put(s.id(), s));
        sites.forEach(this::findOwner);
    }

    /** Follows the ties from one value; all values on the way have the same owner. */
    private void findOwner(Site from) {
        List<TensorId> way = new ArrayList<>();
        Site at = from;
        TensorId owner = null;
        // At most as many steps as there are values, in case ties form a circle.
        while (at != null && owner == null && way.size() <= byId.size()) {
            way.add(at.id());
            owner = at.state() == State.OWN ? at.id() : owners.get(at.id());
            at = at.state() == State.TIED ? at.tiedTo().map(byId::get).orElse(null) : null;
        }
        if (owner != null) {
            for (TensorId id : way) {
                owners.put(id, owner);
            }
        }
    }

    /** The sites, in graph order, the graph's inputs first. */
    public List<Site> sites() {
        return sites;
    }

    /** How a value is treated. */
    public enum State {
        /** It has parameters of its own. */
        OWN,
        /** It has the parameters of another value. */
        TIED,
        /** It is not quantized. */
        FLOAT
    }

    /** The reason for the state of a value. */
    public enum Rule {
        READ_BY_INTEGER,
        COMPUTED_IN_INTEGERS,
        BEHIND_LAYER,
        BEHIND_QUANTIZED,
        ADDED,
        MOVED,
        AVERAGED,
        CONCATENATED,
        INSIDE_LAYER,
        FLOAT_INPUT,
        FLOAT_OPERATORS,
        RECURRENT,
        SUBGRAPH,
        OTHER_DOMAIN,
        UNKNOWN_TYPE,
        NOT_READ,
        /** Of a constant: a layer's weight is computed from it. */
        COMPUTED_WEIGHT,
        /** Of a constant: an operator makes its floating numbers, of integers or of none. */
        MADE_WEIGHT,
        /** Of a constant: it is stored sparse. */
        SPARSE,
        /** Of a constant: a layer multiplies by a vector. */
        VECTOR,
        /** Of a constant: it is a factor for each value. */
        ELEMENTWISE,
        /** Of a constant: rows of it are looked up. */
        LOOKED_UP
    }

    /**
     * One value of the graph.
     *
     * @param rule the reason for the state
     * @param node the node that the rule is about; empty if it is about none
     * @param opType operator of that node
     * @param tiedTo the value whose parameters it shares, itself possibly tied further; present if {@code state} is
     *     TIED
     * @param rounds false if the value needs no rounding: it is float, or it lies on the grid of {@code tiedTo} already
     *     because its operator only moves values
     * @param addable true if a person can add a quantizer here
     */
    public record Site(
            TensorId id,
            State state,
            Rule rule,
            String node,
            String opType,
            Optional<TensorId> tiedTo,
            boolean rounds,
            boolean addable) {
        /** The reason, for a person, in one sentence without its full stop. */
        public String reason() {
            String by = node.isEmpty() ? opType : opType + " " + node;
            return switch (rule) {
                case READ_BY_INTEGER -> "read by " + by + ", which computes in integers";
                case COMPUTED_IN_INTEGERS -> "computed in integers by " + by;
                case BEHIND_LAYER -> "end of the layer that " + by + " is a part of";
                case BEHIND_QUANTIZED -> by + " of a quantized value";
                case ADDED -> "added by hand";
                case MOVED -> by + " only moves values: the grid stays that of " + tied();
                case AVERAGED -> by + " rounds back to the grid of " + tied();
                case CONCATENATED -> "rounded once, to the grid of " + tied() + ", because only " + by + " reads it";
                case INSIDE_LAYER -> "inside a layer: the integer kernel rounds behind " + by;
                case FLOAT_INPUT -> by + " of a value that is in float";
                case FLOAT_OPERATORS -> by + " has no integer kernel, and none reads it";
                case RECURRENT -> by + " is a recurrent network, which runs in float";
                case SUBGRAPH -> by + " runs a subgraph, which stays in float";
                case OTHER_DOMAIN -> by + " is not a standard operator";
                case UNKNOWN_TYPE -> "its element type is not known: " + by + " and the file do not say";
                case NOT_READ -> "no operator that computes in integers reads it";
                case COMPUTED_WEIGHT -> by + " computes a layer's weight from it in the model";
                case MADE_WEIGHT -> "made by " + by + " in the model, not stored as floating numbers";
                case SPARSE -> "stored sparse, with too many values to be written out for " + by;
                case VECTOR -> by + " multiplies by a vector, not by a matrix";
                case ELEMENTWISE -> by + " multiplies value by value; matrices and kernels are quantized";
                case LOOKED_UP -> by + " looks rows up in it and multiplies nothing";
            };
        }

        private String tied() {
            return tiedTo.map(TensorId::name).orElse("");
        }
    }

    /** The site of a value; empty if it is not an activation of the graph. */
    public Optional<Site> site(TensorId id) {
        return Optional.ofNullable(byId.get(id));
    }

    /**
     * The value whose parameters {@code id} is rounded with: itself, or the value at the end of its ties. Empty if it
     * stays float or is unknown.
     */
    public Optional<TensorId> parametersOf(TensorId id) {
        return Optional.ofNullable(owners.get(id));
    }

    /** The values whose ties end at {@code owner}, in graph order. */
    public List<Site> tiedTo(TensorId owner) {
        return sites.stream()
                .filter(s -> s.state() == State.TIED && owner.equals(owners.get(s.id())))
                .toList();
    }

    /**
     * The parameters of those values that are tied to another but have to be rounded themselves. Such a value is
     * treated like the one that it is tied to: it is float if that is.
     *
     * @param params parameters of the values that have their own
     */
    public Map<TensorId, QuantParams> tied(Map<TensorId, QuantParams> params) {
        Map<TensorId, QuantParams> tied = new HashMap<>();
        for (Site site : in(State.TIED)) {
            if (site.rounds()) {
                parametersOf(site.id()).map(params::get).ifPresent(p -> tied.put(site.id(), p));
            }
        }
        return tied;
    }

    /** The sites that are in {@code state}. */
    public List<Site> in(State state) {
        return sites.stream().filter(s -> s.state() == state).toList();
    }
}
