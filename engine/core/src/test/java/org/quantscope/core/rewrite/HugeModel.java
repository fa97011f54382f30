package org.quantscope.core.rewrite;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorInfo;

/** Models of hundreds of gigabytes, of which no byte may be read. */
public final class HugeModel {
    /** As many as one tensor may have: 8 below 2 GB. */
    public static final long EACH = 4L * ((1 << 29) - 3);

    private HugeModel() {}

    /** {@code y = x·w0·w1·…}, where each weight takes {@link #EACH} bytes. */
    public static Model of(int weights, Path folder) throws IOException {
        TinyOnnx tiny = new TinyOnnx(17).input("x", -1, 2).output("y", -1, 2);
        for (int i = 0; i < weights; i++) {
            tiny.weight("w" + i, Shape.of(2, 2), 1, 2, 3, 4);
            String from = i == 0 ? "x" : "v" + i;
            tiny.node("MatMul", List.of(from, "w" + i), List.of(i + 1 == weights ? "y" : "v" + (i + 1)));
        }
        Model model = TinyOnnx.withExternal(tiny.open(folder), Set.of(), folder);
        List<Tensor> tensors = model.tensors().stream().map(t -> huge(t.info())).toList();
        return new Model(model.file(), model.format(), model.opset(), tensors, model.graph(), model.notes());
    }

    @SuppressWarnings("restricted") // the segment stands for a mapping and is never read
    private static Tensor huge(TensorInfo i) {
        return new Tensor(
                new TensorInfo(i.id(), i.kind(), i.dtype(), Shape.of(1, EACH / 4), i.channelAxis(), i.consumers()),
                new TensorData(DType.F32, MemorySegment.NULL.reinterpret(EACH), ByteOrder.LITTLE_ENDIAN, EACH / 4));
    }
}
