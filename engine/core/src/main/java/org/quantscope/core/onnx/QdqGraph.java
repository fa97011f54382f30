package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.OptionalInt;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A model rewritten with QuantizeLinear and DequantizeLinear nodes. Names follow ONNX Runtime's quantizer, whose debugger
 * finds tensors by them: {@code t_quantized}, {@code t_scale}, {@code t_zero_point}, {@code t_QuantizeLinear},
 * {@code t_DequantizeLinear}, and {@code _Output} behind a node's name for its value.
 */
public final class QdqGraph {
    private final Model model;
    private final GraphEdit edit;

    public QdqGraph(Model model) {
        this.model = model;
        this.edit = new GraphEdit(model);
    }

    /**
     * Stores a weight as 8-bit codes with a DequantizeLinear behind them.
     *
     * @param params per tensor or per channel; signed codes if {@code qmin} is below 0
     * @param codes in storage order
     */
    public void weight(TensorId id, QuantParams params, byte[] codes) {
        Tensor t = model.find(id).orElseThrow(() -> new IllegalArgumentException("weights: the model has no tensor " + id));
        String quantized = edit.fresh(id + "_quantized");
        DType type = params.qmin() < 0 ? DType.I8 : DType.U8;
        edit.addInitializer(TensorEncoding.bytes(quantized, type, t.info().shape(), codes));
        boolean perChannel = params.granularity() instanceof Granularity.PerChannel;
        String scale = addScale(id, params.scales(), perChannel);
        String zeroPoint = addZeroPoint(id, type, params.zeroPoints(), perChannel);
        dequantizeStored(id, quantized, scale, zeroPoint, params.granularity() instanceof Granularity.PerChannel c ? OptionalInt.of(c.axis()) : OptionalInt.empty());
    }

    /**
     * Stores a bias as 32-bit codes with zero point 0 and a DequantizeLinear behind them.
     *
     * @param scales one, or one a channel of the rank-1 bias
     */
    public void bias(TensorId id, float[] scales, int[] codes) {
        Tensor t = model.find(id).orElseThrow(() -> new IllegalArgumentException("bias: the model has no tensor " + id));
        String quantized = edit.fresh(id + "_quantized");
        edit.addInitializer(TensorEncoding.int32(quantized, t.info().shape(), codes));
        boolean perChannel = scales.length > 1;
        String scale = addScale(id, scales, perChannel);
        String zeroPoint = edit.fresh(id + "_zero_point");
        edit.addInitializer(TensorEncoding.int32(zeroPoint, perChannel ? Shape.of(scales.length) : Shape.of(), new int[scales.length]));
        dequantizeStored(id, quantized, scale, zeroPoint, perChannel ? OptionalInt.of(0) : OptionalInt.empty());
    }

    /** Puts QuantizeLinear and DequantizeLinear on an activation; all its consumers share the pair, a graph output keeps its name. */
    public void activation(TensorId id, QuantParams params) {
        String t = id.name();
        GraphEdit.Splice splice = edit.splice(t, "_QuantizeLinear_Input", "_DequantizeLinear_Output");
        DType type = params.qmin() < 0 ? DType.I8 : DType.U8;
        String scale = addScale(id, params.scales(), false);
        String zeroPoint = addZeroPoint(id, type, params.zeroPoints(), false);
        String codes = edit.fresh(t + "_QuantizeLinear_Output");
        edit.addBehind(t, List.of(
                GraphEdit.node("QuantizeLinear", t + "_QuantizeLinear", List.of(splice.from(), scale, zeroPoint), List.of(codes)),
                GraphEdit.node("DequantizeLinear", t + "_DequantizeLinear", List.of(codes, scale, zeroPoint), List.of(splice.to()))));
    }

    /** Says where the file comes from, in {@code metadata_props}. */
    public void metadata(String key, String value) {
        edit.putMetadata(key, value);
    }

    /** @throws org.quantscope.core.BadInputException if the model is too large for one file */
    public void write(OutputStream out) throws IOException {
        CodedOutputStream coded = CodedOutputStream.newInstance(out, 1 << 16);
        edit.build().writeTo(coded);
        coded.flush();
    }

    private void dequantizeStored(TensorId id, String quantized, String scale, String zeroPoint, OptionalInt axis) {
        String out = edit.fresh(id + "_DequantizeLinear_Output");
        NodeProto.Builder node = GraphEdit.node("DequantizeLinear", id + "_DequantizeLinear", List.of(quantized, scale, zeroPoint), List.of(out)).toBuilder();
        axis.ifPresent(a -> node.addAttribute(GraphEdit.attribute("axis", (long) a)));
        edit.removeStored(id.name());
        edit.redirect(id.name(), out);
        edit.addBehind(quantized, List.of(node.build()));
    }

    private String addScale(TensorId id, float[] scales, boolean perChannel) {
        String name = edit.fresh(id + "_scale");
        edit.addInitializer(TensorEncoding.floats(name, DType.F32, perChannel ? Shape.of(scales.length) : Shape.of(), scales));
        return name;
    }

    private String addZeroPoint(TensorId id, DType type, int[] zeroPoints, boolean perChannel) {
        String name = edit.fresh(id + "_zero_point");
        byte[] codes = new byte[zeroPoints.length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) zeroPoints[i];
        }
        edit.addInitializer(TensorEncoding.bytes(name, type, perChannel ? Shape.of(codes.length) : Shape.of(), codes));
        return name;
    }
}
