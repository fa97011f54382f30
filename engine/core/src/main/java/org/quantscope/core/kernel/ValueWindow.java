package org.quantscope.core.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorData;

/**
 * Gives kernels access to the values of a tensor. Values that are float32 in native byte order in native memory (a
 * mapped file) are used in place; others are decoded, up to {@link #MOST} at a time, into a buffer that stays in the
 * core's cache. Not thread safe.
 */
public final class ValueWindow {
    /** The most values in the window at a time. */
    public static final int MOST = 1 << 12;

    private static final ThreadLocal<ValueWindow> OF_THREAD = ThreadLocal.withInitial(ValueWindow::new);

    private final MemorySegment buffer = Arena.ofAuto().allocate(4L * MOST, 64);
    private final float[] floats = new float[MOST];
    private final int[] bits = new int[MOST];
    private final short[] halves = new short[MOST];
    private MemorySegment segment = buffer;
    private long offset;

    private ValueWindow() {}

    /** The window of the calling thread. */
    public static ValueWindow ofThread() {
        return OF_THREAD.get();
    }

    /** Moves to values {@code [from, from + length)} of {@code data}; {@code length} is at most {@link #MOST}. */
    public void show(TensorData data, long from, int length) {
        if (data.dtype() == DType.F32
                && data.format().isEmpty()
                && data.order() == ByteOrder.nativeOrder()
                && data.segment().isNative()) {
            segment = data.segment();
            offset = from * 4;
            return;
        }
        segment = buffer;
        offset = 0;
        if (data.dtype() == DType.BF16) {
            readHalves(data, from, length);
            Kernels.chosen().widen(halves, bits, length);
            MemorySegment.copy(bits, 0, buffer, ValueLayout.JAVA_INT, 0, length);
            return;
        }
        if (data.dtype() == DType.F16) {
            readHalves(data, from, length);
            for (int i = 0; i < length; i++) {
                floats[i] = Float.float16ToFloat(halves[i]);
            }
        } else {
            data.read(from, floats, 0, length);
        }
        show(floats, 0, length);
    }

    /** Moves to a copy of {@code x[from .. from+length-1]}; {@code length} is at most {@link #MOST}. */
    public void show(float[] x, int from, int length) {
        MemorySegment.copy(x, from, buffer, ValueLayout.JAVA_FLOAT, 0, length);
        segment = buffer;
        offset = 0;
    }

    /** The memory that holds the values in the window. */
    public MemorySegment segment() {
        return segment;
    }

    /** The byte offset in {@link #segment} at which these values begin. */
    public long offset() {
        return offset;
    }

    private void readHalves(TensorData data, long from, int length) {
        MemorySegment.copy(
                data.segment(), ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(data.order()), from * 2, halves, 0, length);
    }
}
