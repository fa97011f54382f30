package org.quantscope.core.integer;

import java.util.Arrays;
import java.util.Optional;

/**
 * Whose arithmetic: the same codes and the same 32-bit accumulators become other codes at the end of a layer, by one
 * step, because runtimes round differently.
 */
public enum Arithmetic {
    /**
     * The built-in kernels of TensorFlow Lite 2.21, as its own resolver takes them on x86 without a delegate. Factors are
     * 31-bit fixed point and rounded twice as gemmlowp does (tensorflow/lite/kernels/internal/common.cc), but for the matrix
     * products of int8, which ruy's kernels for AVX2 and AVX-512 compute and which round halves upwards at last. Softmax comes from a table of
     * float exponentials (kernels/internal/optimized/optimized_ops.h).
     */
    TFLITE("tflite", "as TFLite's built-in kernels"),
    /**
     * ONNX Runtime 1.29: the accumulator times a float32 multiplier, rounded half to even
     * (onnxruntime/core/mlas/lib/qgemm.cpp and qladd.cpp; contrib_ops/cpu/quantization). So on ARM, on x86 with VNNI, and
     * elsewhere with {@code session.x64quantprecision=1}; by default x86 without VNNI adds pairs of products in 16 bits,
     * which saturate.
     */
    ONNX_RUNTIME("onnxruntime", "as ONNX Runtime's int8 kernels"),
    /**
     * CMSIS-NN with its default of two roundings (Include/arm_nnsupportfunctions.h, arm_nn_requantize) and softmax in
     * fixed point; the reference kernels of TensorFlow Lite for Microcontrollers round alike.
     */
    CMSIS_NN("cmsis-nn", "as CMSIS-NN rounds");

    private final String id;
    private final String title;

    Arithmetic(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** The name that the command line and files use. */
    public String id() {
        return id;
    }

    /** In the words of the window. */
    public String title() {
        return title;
    }

    /** The one with this id. */
    public static Optional<Arithmetic> of(String id) {
        return Arrays.stream(values()).filter(a -> a.id.equals(id)).findFirst();
    }
}
