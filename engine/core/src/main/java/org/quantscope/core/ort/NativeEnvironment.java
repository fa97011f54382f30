package org.quantscope.core.ort;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;

/**
 * The environment variables that native libraries of this process see. Java reads them once and cannot change them, so
 * the C library is asked: {@code setenv} (POSIX.1-2017), on Windows {@code _putenv_s} of the universal C runtime.
 */
final class NativeEnvironment {
    private NativeEnvironment() {}

    /**
     * Sets a variable, also if it is set already. To be called before other native threads read the environment.
     *
     * @throws IllegalStateException if the C library refuses it or cannot be called
     */
    // native access is granted to the class path by every launcher of ours; ONNX Runtime needs it too
    @SuppressWarnings("restricted")
    static void set(String name, String value) {
        Linker linker = Linker.nativeLinker();
        boolean windows = System.getProperty("os.name", "").startsWith("Windows");
        int error;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nativeName = arena.allocateFrom(name);
            MemorySegment nativeValue = arena.allocateFrom(value);
            MemorySegment function = linker.defaultLookup().findOrThrow(windows ? "_putenv_s" : "setenv");
            if (windows) {
                MethodHandle put = linker.downcallHandle(
                        function,
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
                error = (int) put.invokeExact(nativeName, nativeValue);
            } else {
                MethodHandle set = linker.downcallHandle(
                        function,
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
                error = (int) set.invokeExact(nativeName, nativeValue, 1);
            }
        } catch (NoSuchElementException e) {
            throw new IllegalStateException("this system's C library cannot set environment variables", e);
        } catch (Throwable e) {
            throw new IllegalStateException("the C library cannot be called", e);
        }
        if (error != 0) {
            throw new IllegalStateException("the C library refuses to set the environment variable " + name);
        }
    }
}
