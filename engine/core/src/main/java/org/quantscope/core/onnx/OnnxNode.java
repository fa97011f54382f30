package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One node of a graph. Immutable. */
public final class OnnxNode {
    private final int index;
    private final NodeProto proto;

    OnnxNode(int index, NodeProto proto) {
        this.index = index;
        this.proto = proto;
    }

    /** The message itself, for rewriting. */
    public NodeProto proto() {
        return proto;
    }

    /** Its index in the graph, from 0. */
    public int index() {
        return index;
    }

    /** Its name, or {@code <opType>_<index>} if the file gives none. */
    public String name() {
        return OnnxGraph.nodeName(proto, index);
    }

    /** The operator; one outside ONNX's own domain is {@code <domain>.<operator>}. */
    public String opType() {
        return ElementTypes.isDefaultDomain(proto) ? proto.getOpType() : proto.getDomain() + "." + proto.getOpType();
    }

    /** Names of the values it reads; empty for an optional one that is left out. */
    public List<String> inputs() {
        return List.copyOf(proto.getInputList());
    }

    /** Names of all values it reads, those that its nested graphs take from outside too. */
    public Set<String> reads() {
        return reads(proto);
    }

    /** As {@link #reads()}, of a message; values of the nested graphs themselves may be among them. */
    public static Set<String> reads(NodeProto node) {
        Set<String> names = new LinkedHashSet<>();
        read(node, names);
        names.remove("");
        return names;
    }

    private static void read(NodeProto node, Set<String> into) {
        into.addAll(node.getInputList());
        for (AttributeProto a : node.getAttributeList()) {
            if (a.hasG()) {
                read(a.getG(), into);
            }
            a.getGraphsList().forEach(g -> read(g, into));
        }
    }

    private static void read(GraphProto nested, Set<String> into) {
        nested.getNodeList().forEach(n -> read(n, into));
        nested.getOutputList().forEach(v -> into.add(v.getName()));
    }

    /** The name of one input; empty if it is left out. */
    public Optional<String> input(int i) {
        return i < proto.getInputCount() && !proto.getInput(i).isEmpty()
                ? Optional.of(proto.getInput(i))
                : Optional.empty();
    }

    /** Names of the values it computes. */
    public List<String> outputs() {
        return List.copyOf(proto.getOutputList());
    }

    public long intAttribute(String name, long fallback) {
        return ElementTypes.intAttribute(proto, name, fallback);
    }

    public float floatAttribute(String name, float fallback) {
        return ElementTypes.floatAttribute(proto, name, fallback);
    }

    public String textAttribute(String name, String fallback) {
        return proto.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .map(a -> a.getS().toStringUtf8())
                .findFirst()
                .orElse(fallback);
    }

    /** An attribute that is a list of integers; empty if there is no such attribute. */
    public Optional<List<Long>> intsAttribute(String name) {
        return proto.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .map(AttributeProto::getIntsList)
                .findFirst()
                .map(List::copyOf);
    }

    /** True if it has a nested graph. */
    public boolean hasSubgraph() {
        return proto.getAttributeList().stream().anyMatch(a -> a.hasG() || a.getGraphsCount() > 0);
    }

    @Override
    public String toString() {
        return opType() + " " + name();
    }
}
