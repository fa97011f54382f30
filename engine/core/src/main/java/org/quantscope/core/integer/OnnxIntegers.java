package org.quantscope.core.integer;

import java.io.IOException;
import java.nio.file.Path;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.onnx.OnnxFile;

/**
 * A quantized ONNX model as a network of whole numbers: QuantizeLinear and DequantizeLinear around the operators, or ONNX's
 * and ONNX Runtime's operators on codes (QLinearConv, QLinearMatMul, com.microsoft.QLinearAdd …); 8 bits.
 */
public final class OnnxIntegers {
    private OnnxIntegers() {}

    /**
     * Reads a model.
     *
     * @param arithmetic whose: with ONNX Runtime's, the groups of DequantizeLinear, operator and QuantizeLinear that its default
     *     session replaces are one step in whole numbers, and all others are computed in float32 between two conversions, as it
     *     does; with the others every group is one step
     * @throws BadInputException naming and counting the operators that are not computed here
     * @throws IOException if the file cannot be read
     */
    public static IntegerGraph read(Path file, Arithmetic arithmetic) throws IOException {
        return of(file, OnnxFile.read(file, true), arithmetic);
    }

    /** The same of a model that is read already. */
    public static IntegerGraph of(Path file, OnnxFile model, Arithmetic arithmetic) {
        return new OnnxReading(file, model, arithmetic).graph();
    }
}
