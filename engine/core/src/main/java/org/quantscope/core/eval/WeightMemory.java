package org.quantscope.core.eval;

import java.util.Locale;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FreeMemory;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.InstrumentedGraph;

/**
 * The memory that a model's values need while it is run. A session of ONNX Runtime arranges them for its kernels, which
 * takes them once more beside the mapped file; quantized values are made anew and arranged too. A system that has less
 * ends the program without a word, so work that would need it does not begin.
 */
public final class WeightMemory {
    /** One session of the float model. */
    public static final int FLOAT = 1;

    /** Quantized values, and the session that has arranged them. */
    public static final int QUANTIZED = 2;

    /** Less is not looked at, in bytes: programs that are closed meanwhile give back as much. */
    private static final long SMALL = 1L << 29;

    private WeightMemory() {}

    /**
     * To be called before the first session is made.
     *
     * @param times how many times the values are held at once, beside the file
     * @param what the work, as the beginning of a sentence
     * @throws BadInputException if that is more than this computer has left
     */
    public static void check(Model model, int times, String what) {
        check(model, times, what, FreeMemory.bytes());
    }

    /** @param free the bytes that are left */
    static void check(Model model, int times, String what, long free) {
        long values = InstrumentedGraph.plain(model).bytes();
        long needed = times * values;
        if (needed <= SMALL || needed <= free) {
            return;
        }
        throw new BadInputException(
                model.file(),
                "memory",
                String.format(
                        Locale.ROOT,
                        "%s holds the %,d MB of the model's values %s beside the file, %,d MB in all, and %,d MB are"
                                + " free; close other programs, or use a computer with more memory",
                        what,
                        values >> 20,
                        times == 1 ? "once" : times == 2 ? "twice" : times + " times",
                        needed >> 20,
                        free >> 20));
    }
}
