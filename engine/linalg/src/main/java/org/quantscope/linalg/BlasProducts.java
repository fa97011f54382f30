package org.quantscope.linalg;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalInt;
import org.bytedeco.openblas.global.openblas;
import org.quantscope.core.rounding.MomentProducts;
import org.quantscope.core.rounding.PlainProducts;

/** The products of OpenBLAS, which ND4J ships; plain Java where it cannot be loaded. */
public final class BlasProducts implements MomentProducts {
    private static final MomentProducts PLAIN = new PlainProducts();
    /** Below this many columns a call costs more than it saves. */
    private static final int FEW = 16;

    /** Below this many multiplications too: a small model does without the library, which takes seconds to load. */
    private static final long LITTLE = 1 << 24;

    private static volatile boolean loaded;

    /** Loaded at the first large product. */
    private static final class Library {
        private static final Optional<String> UNAVAILABLE = Nd4jBackend.unavailable();

        static {
            loaded = UNAVAILABLE.isEmpty();
        }
    }

    /** How many threads OpenBLAS takes for one product, for the whole process. */
    private static final class Threads {
        private static final Optional<MethodHandle> GET =
                find("openblas_get_num_threads", FunctionDescriptor.of(ValueLayout.JAVA_INT));
        private static final Optional<MethodHandle> SET =
                find("openblas_set_num_threads", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
        private static int callers;
        private static int before;

        @SuppressWarnings("restricted") // the library is one that has been loaded, and the names are its own
        private static Optional<MethodHandle> find(String name, FunctionDescriptor form) {
            return SymbolLookup.loaderLookup()
                    .find(name)
                    .map(at -> Linker.nativeLinker().downcallHandle(at, form));
        }

        static synchronized void one(boolean begins) {
            callers += begins ? 1 : -1;
            if (GET.isEmpty() || SET.isEmpty()) {
                return;
            }
            try {
                if (begins && callers == 1) {
                    before = (int) GET.get().invokeExact();
                    SET.get().invokeExact(1);
                } else if (callers == 0) {
                    SET.get().invokeExact(before);
                }
            } catch (Throwable e) { // declared by invokeExact; a C function throws nothing
                throw new IllegalStateException(e);
            }
        }
    }

    /** The threads of one product; empty if the library is not loaded or cannot tell. */
    static OptionalInt threads() {
        try {
            return loaded && Threads.GET.isPresent()
                    ? OptionalInt.of((int) Threads.GET.get().invokeExact())
                    : OptionalInt.empty();
        } catch (Throwable e) { // declared by invokeExact; a C function throws nothing
            throw new IllegalStateException(e);
        }
    }

    /** Where the library is not loaded yet, work that loads it still has its products shared out. */
    @Override
    public void onOneThreadEach(Runnable work) {
        if (!loaded) {
            work.run();
            return;
        }
        Threads.one(true);
        try {
            work.run();
        } finally {
            Threads.one(false);
        }
    }

    private static boolean plain(int rows, int columns) {
        return columns < FEW || (long) rows * columns * columns < LITTLE || Library.UNAVAILABLE.isPresent();
    }

    @Override
    public void addGram(float[] x, int rows, int columns, float[] sum) {
        if (plain(rows, columns)) {
            PLAIN.addGram(x, rows, columns, sum);
            return;
        }
        openblas.cblas_ssyrk(
                openblas.CblasRowMajor,
                openblas.CblasUpper,
                openblas.CblasTrans,
                columns,
                rows,
                1,
                x,
                columns,
                1,
                sum,
                columns);
    }

    @Override
    public void addCross(float[] x, float[] y, int rows, int columns, float[] sum) {
        if (plain(rows, columns)) {
            PLAIN.addCross(x, y, rows, columns, sum);
            return;
        }
        openblas.cblas_sgemm(
                openblas.CblasRowMajor,
                openblas.CblasTrans,
                openblas.CblasNoTrans,
                columns,
                columns,
                rows,
                1,
                x,
                columns,
                y,
                columns,
                1,
                sum,
                columns);
    }

    @Override
    public void addProduct(float[] x, float[] m, int rows, int columns, float[] sum) {
        if (plain(rows, columns)) {
            PLAIN.addProduct(x, m, rows, columns, sum);
            return;
        }
        openblas.cblas_sgemm(
                openblas.CblasRowMajor,
                openblas.CblasNoTrans,
                openblas.CblasNoTrans,
                rows,
                columns,
                columns,
                1,
                x,
                columns,
                m,
                columns,
                1,
                sum,
                columns);
    }
}
