package org.quantscope.core.sketch;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The sketch of the newest parts of a stream that does not end: a new part is added, and the oldest is taken away again.
 * Memory does not grow with the stream: it holds the sketches of the parts inside the window, and their sum.
 */
public final class SlidingSketch {
    private final int most;
    private final Deque<MomentSketch> parts = new ArrayDeque<>();
    private final MomentSketch sum = new MomentSketch();

    /** @param most parts that the window holds, at least 1 */
    public SlidingSketch(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("window: at least 1 part, got " + most);
        }
        this.most = most;
    }

    /** Adds a part, which must not change any more; the oldest leaves a window that is full. */
    public void add(MomentSketch part) {
        if (parts.size() == most) {
            sum.subtract(parts.removeFirst());
        }
        parts.addLast(part);
        sum.merge(part);
    }

    /** The values of the window, until the next part is added. */
    public MomentSketch values() {
        return sum;
    }

    /** The parts inside the window. */
    public int parts() {
        return parts.size();
    }

    /** The smallest finite value of the window, exact; +∞ if there is none. */
    public float min() {
        float least = Float.POSITIVE_INFINITY;
        for (MomentSketch part : parts) {
            least = Math.min(least, part.min());
        }
        return least;
    }

    /** The largest finite value of the window, exact; −∞ if there is none. */
    public float max() {
        float most = Float.NEGATIVE_INFINITY;
        for (MomentSketch part : parts) {
            most = Math.max(most, part.max());
        }
        return most;
    }

    /** Heap in use while at rest, in bytes, arrays only. */
    public long bytes() {
        return sum.bytes() + parts.stream().mapToLong(MomentSketch::bytes).sum();
    }
}
