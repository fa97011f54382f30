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
 * <p>Made from the operators by {@link QuantizedOperators}'s rules, plus the values at which a person has put a quantizer. A
 * quantizer is taken away by keeping the value in float, which is a setting and no matter of placement.
 */
public final class Placement {
    private final List<Site> sites;
    private final Map<TensorId, Site> byId = new HashMap<>();
    /** The value that gives each value its parameters; only those that have parameters. Graphs have thousands of values, and who asks for one asks for all. */
    private final Map<TensorId, TensorId> owners = new HashMap<>();

    /** @param sites in graph order, the graph's inputs first */
    Placement(List<Site> sites) {
        this.sites = List.copyOf(sites);
        sites.forEach(s -> byId.put(s.id(), s));
        sites.forEach(this::findOwner);
    }

    /** Follows the ties from one value; all that lie on the way have the same owner. */
    private void findOwner(Site from) {
        List<TensorId> way = new ArrayList<>();
        Site at = from;
        TensorId owner = null;
        // No more steps than values: ties in a circle lead nowhere.
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

    /** In graph order, the graph's inputs first. */
    public List<Site> sites() {
        return sites;
    }

    /** What becomes of a value. */
    public enum State {
        /** It has parameters of its own. */
        OWN,
        /** It has the parameters of another value. */
        TIED,
        /** It is not quantized. */
        FLOAT
    }

    /** Why. */
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
        NOT_READ
    }

    /**
     * One value.
     *
     * @param rule why it is so
     * @param node the node that the rule speaks of, empty where it speaks of none
     * @param opType of that node
     * @param tiedTo the value whose parameters it shares, itself possibly tied further; present if {@code state} is TIED
     * @param rounds false if nothing has to be done to the value: it is float, or it lies on the grid of {@code tiedTo} already
     *     because its operator only moves values
     * @param addable true if a person can put a quantizer of its own here
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
        /** The reason, in a sentence without a full stop. */
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
                case OTHER_DOMAIN -> by + " is no standard operator";
                case UNKNOWN_TYPE -> "its element type is not known: " + by + " and the file do not say";
                case NOT_READ -> "no operator that computes in integers reads it";
            };
        }

        private String tied() {
            return tiedTo.map(TensorId::name).orElse("");
        }
    }

    /** The site of a value; empty if it is no activation of the graph. */
    public Optional<Site> site(TensorId id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** The value whose parameters {@code id} is rounded with: itself, or what it is tied to in the end. Empty if it stays float or is unknown. */
    public Optional<TensorId> parametersOf(TensorId id) {
        return Optional.ofNullable(owners.get(id));
    }

    /** The values tied to {@code owner} in the end, in graph order. */
    public List<Site> tiedTo(TensorId owner) {
        return sites.stream()
                .filter(s -> s.state() == State.TIED && owner.equals(owners.get(s.id())))
                .toList();
    }

    /**
     * What values that are tied to others and have to be rounded by themselves are rounded with. A value follows what it is
     * tied to in everything: it is float if that is.
     *
     * @param params of values that have their own
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
