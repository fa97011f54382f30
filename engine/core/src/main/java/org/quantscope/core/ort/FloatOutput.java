package org.quantscope.core.ort;

import ai.onnxruntime.OnnxTensor;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.function.IntToLongFunction;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Shape;

/** An output of one run as floats, copied out of native memory. */
public final class FloatOutput {
    private final String name;
    private final Shape shape;
    private final float[] values;

    private FloatOutput(String name, Shape shape, float[] values) {
        this.name = name;
        this.shape = shape;
        this.values = values;
    }

    /** An output that was computed elsewhere; the values are not copied. */
    public static FloatOutput of(String name, Shape shape, float[] values) {
        return new FloatOutput(name, shape, values);
    }

    public String name() {
        return name;
    }

    /** The shape, with the batch dimension. */
    public Shape shape() {
        return shape;
    }

    /** The values, row-major. Not copied: the caller may keep the array. */
    public float[] values() {
        return values;
    }

    /**
     * Also of integers, which lose their last bits beyond 2²⁴, and of booleans, as 0 and 1.
     *
     * @throws BadInputException if it holds texts
     */
    static FloatOutput ofNumbers(String name, OnnxTensor tensor) {
        Shape shape = Shape.of(tensor.getInfo().getShape());
        return switch (tensor.getInfo().type) {
            case INT64 -> {
                LongBuffer from = tensor.getLongBuffer();
                yield new FloatOutput(name, shape, floats(from.remaining(), from::get));
            }
            case INT32 -> {
                IntBuffer from = tensor.getIntBuffer();
                yield new FloatOutput(name, shape, floats(from.remaining(), from::get));
            }
            case INT16 -> {
                ShortBuffer from = tensor.getShortBuffer();
                yield new FloatOutput(name, shape, floats(from.remaining(), from::get));
            }
            case INT8, BOOL -> {
                ByteBuffer from = tensor.getByteBuffer();
                yield new FloatOutput(name, shape, floats(from.remaining(), from::get));
            }
            case UINT8 -> {
                ByteBuffer from = tensor.getByteBuffer();
                yield new FloatOutput(name, shape, floats(from.remaining(), i -> Byte.toUnsignedInt(from.get(i))));
            }
            case FLOAT, FLOAT16, BFLOAT16, DOUBLE, STRING, UNKNOWN -> of(name, tensor);
        };
    }

    private static float[] floats(int count, IntToLongFunction value) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = value.applyAsLong(i);
        }
        return values;
    }

    static FloatOutput of(String name, OnnxTensor tensor) {
        Shape shape = Shape.of(tensor.getInfo().getShape());
        return switch (tensor.getInfo().type) {
            case FLOAT, FLOAT16, BFLOAT16 -> {
                FloatBuffer buffer = tensor.getFloatBuffer();
                if (buffer.hasArray() && buffer.arrayOffset() == 0 && buffer.array().length == shape.count()) {
                    yield new FloatOutput(name, shape, buffer.array());
                }
                float[] values = new float[buffer.remaining()];
                buffer.get(values);
                yield new FloatOutput(name, shape, values);
            }
            case DOUBLE -> {
                DoubleBuffer buffer = tensor.getDoubleBuffer();
                float[] values = new float[buffer.remaining()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) buffer.get(i);
                }
                yield new FloatOutput(name, shape, values);
            }
            case INT8, INT16, INT32, INT64, BOOL, STRING, UINT8, UNKNOWN ->
                throw new BadInputException(
                        "", name, "the output is " + tensor.getInfo().type + ", a floating one is needed");
        };
    }
}
