package org.quantscope.parity;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.BuiltinOpResolver;
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithoutDefaultDelegates;
import org.bytedeco.tensorflowlite.FlatBufferModel;
import org.bytedeco.tensorflowlite.Interpreter;
import org.bytedeco.tensorflowlite.InterpreterBuilder;
import org.bytedeco.tensorflowlite.InterpreterOptions;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.TfLiteTensor;

/** A model in TensorFlow Lite. What its interpreter points to is held as long as it is. */
@SuppressWarnings("unused") // kept so that nothing of C++ is freed while the interpreter lives
final class LiteRuntime {
    /** What a constant of the file is allocated as (kTfLiteMmapRo). */
    private static final int CONSTANT = 1;

    private final FlatBufferModel model;
    private final OpResolver resolver;
    private final InterpreterOptions options = new InterpreterOptions();
    private final InterpreterBuilder builder;
    private final Interpreter interpreter = new Interpreter((Pointer) null);
    private final int tensors;

    /**
     * Opens a model.
     *
     * @param xnnpack with the delegate that a plain interpreter takes, else built-in kernels and every tensor kept
     * @param tensors of the file; the interpreter adds others of its own behind them
     */
    LiteRuntime(Path file, boolean xnnpack, int tensors) {
        this.tensors = tensors;
        model = FlatBufferModel.BuildFromFile(file.toString());
        resolver = xnnpack ? new BuiltinOpResolver() : new BuiltinOpResolverWithoutDefaultDelegates();
        options.SetPreserveAllTensors(!xnnpack);
        builder = new InterpreterBuilder(model, resolver, options);
        if (builder.apply(interpreter, 1) != 0 || interpreter.AllocateTensors() != 0) {
            throw new IllegalStateException(file + ": TensorFlow Lite does not run it");
        }
    }

    /** Feeds the bytes of each input and runs. */
    void run(Map<Integer, byte[]> inputs) {
        inputs.forEach((number, bytes) -> new BytePointer(
                        interpreter.tensor(number).data().data())
                .capacity(bytes.length)
                .put(bytes));
        if (interpreter.Invoke() != 0) {
            throw new IllegalStateException("TensorFlow Lite failed while it ran");
        }
    }

    /** The bytes of every tensor of the file that is no constant, by number. */
    Map<Integer, byte[]> tensors() {
        Map<Integer, byte[]> all = new TreeMap<>();
        for (int i = 0; i < tensors; i++) {
            TfLiteTensor tensor = interpreter.tensor(i);
            if (tensor.allocation_type() != CONSTANT && tensor.bytes() > 0) {
                all.put(i, tensor(i));
            }
        }
        return all;
    }

    /** The bytes of one tensor. */
    byte[] tensor(int number) {
        TfLiteTensor tensor = interpreter.tensor(number);
        byte[] bytes = new byte[(int) tensor.bytes()];
        new BytePointer(tensor.data().data()).capacity(bytes.length).get(bytes);
        return bytes;
    }
}
