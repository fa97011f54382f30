package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.quantscope.core.onnx.ElementTypes;

/**
 * A model whose large tensors are taken out of its message, which must stay below 2 GB, and lie one after the other
 * beside it (onnx {@code docs/ExternalData.md}). The tensors of Constant nodes become initializers for that.
 *
 * @param message the model without those values; each of these tensors names its place instead
 * @param values in the order of their places
 */
record BesideMessage(ModelProto message, List<Values> values) {
    /** Pages of this size can be mapped by a runtime; larger pages are multiples of it. */
    private static final long PAGE = 4096;

    BesideMessage {
        values = List.copyOf(values);
    }

    /**
     * The values of one tensor.
     *
     * @param tensor the tensor with its values
     * @param offset where they begin, in bytes
     */
    record Values(TensorProto tensor, long offset) {
        ByteString bytes() {
            return tensor.getRawData();
        }
    }

    /**
     * Parts a model.
     *
     * @param whole all values are in {@code raw_data}, as far as they can be taken out
     * @param location the name of the file of the values
     * @param taken says of a tensor of the main graph whether its values go beside the message
     */
    static BesideMessage of(ModelProto whole, String location, Predicate<TensorProto> taken) {
        GraphProto graph = whole.getGraph();
        GraphProto.Builder g = graph.toBuilder().clearInitializer().clearNode();
        List<Values> values = new ArrayList<>();
        long end = 0;
        for (TensorProto t : graph.getInitializerList()) {
            if (t.hasRawData() && taken.test(t)) {
                end = take(t, end, location, values, g);
            } else {
                g.addInitializer(t);
            }
        }
        for (NodeProto node : graph.getNodeList()) {
            TensorProto t = constant(node);
            if (t.hasRawData() && taken.test(t)) {
                TensorProto named = t.toBuilder().setName(node.getOutput(0)).build();
                end = take(named, end, location, values, g);
            } else {
                g.addNode(node);
            }
        }
        return new BesideMessage(whole.toBuilder().setGraph(g).build(), values);
    }

    private static long take(TensorProto t, long end, String location, List<Values> values, GraphProto.Builder graph) {
        long offset = Math.ceilDiv(end, PAGE) * PAGE;
        values.add(new Values(t, offset));
        long length = t.getRawData().size();
        graph.addInitializer(t.toBuilder()
                .clearRawData()
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", location))
                .addExternalData(entry("offset", Long.toString(offset)))
                .addExternalData(entry("length", Long.toString(length))));
        return offset + length;
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    /** The tensor of a Constant node; an empty one for any other node. */
    private static TensorProto constant(NodeProto node) {
        return node.getOpType().equals("Constant") && ElementTypes.isDefaultDomain(node) && node.getOutputCount() == 1
                ? node.getAttributeList().stream()
                        .filter(a -> a.getName().equals("value"))
                        .map(AttributeProto::getT)
                        .findFirst()
                        .orElse(TensorProto.getDefaultInstance())
                : TensorProto.getDefaultInstance();
    }

    /** The bytes of all values in the messages of the main graph's tensors, from which the size of a model follows. */
    static long bytes(ModelProto model) {
        long bytes = 0;
        for (TensorProto t : model.getGraph().getInitializerList()) {
            bytes += t.hasRawData() ? t.getRawData().size() : t.getSerializedSize();
        }
        for (NodeProto node : model.getGraph().getNodeList()) {
            bytes += node.getOpType().equals("Constant") ? node.getSerializedSize() : 0;
        }
        return bytes;
    }
}
