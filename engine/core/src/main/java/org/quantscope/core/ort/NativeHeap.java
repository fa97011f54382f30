package org.quantscope.core.ort;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The heap of the C library, from which ONNX Runtime takes its memory. The GNU library keeps separate heaps for several
 * threads and returns nothing from the middle of one: a process that opened and closed sessions grew to 2 GB with 0.6
 * GB in use. So it is asked to use one heap, and to return free memory to the system when a session is freed. Other C
 * libraries are left alone. Returning takes some 10 ms, in which nobody else gets memory: sessions that are freed one soon
 * after the other are followed by one return. (Measured over a long series of edits: with two heaps memory ended 15 to 25 % above its
 * start, with one within 3 %, at the same speed.)
 */
final class NativeHeap {
    /** The parameter {@code M_ARENA_MAX} of malloc.h. */
    private static final int MOST_HEAPS = -8;

    private static final int HEAPS = 1;

    private static final Optional<MethodHandle> TRIM =
            find("malloc_trim", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));

    private static final long SOON_MILLIS = 300;
    private static final Executor LATER = CompletableFuture.delayedExecutor(SOON_MILLIS, TimeUnit.MILLISECONDS);
    private static final AtomicBoolean ASKED = new AtomicBoolean();

    private NativeHeap() {}

    // native access is granted to the class path by every launcher of ours; ONNX Runtime needs it too
    @SuppressWarnings("restricted")
    private static Optional<MethodHandle> find(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup().find(name).map(address -> linker.downcallHandle(address, descriptor));
    }

    /** Asks for a single heap; heaps that exist stay. */
    static void useOneHeap() {
        Optional<MethodHandle> option = TRIM.isEmpty()
                ? Optional.empty()
                : find(
                        "mallopt",
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        option.ifPresent(mallopt -> call(mallopt, MOST_HEAPS, HEAPS));
    }

    /** Returns free memory to the system, soon and once for all that ask before. */
    static void giveBack() {
        TRIM.filter(_ -> !ASKED.getAndSet(true))
                .ifPresent(trim -> LATER.execute(() -> {
                    ASKED.set(false);
                    call(trim, 0L);
                }));
    }

    private static void call(MethodHandle function, Object... arguments) {
        try {
            function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException("the C library cannot be called", e);
        }
    }
}
