package org.quantscope.linalg;

import java.nio.file.Path;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.quantscope.core.io.Unpacked;

/** ND4J in this process: loaded silently at first use, or the reason why it cannot be loaded. */
public final class Nd4jBackend {
    /** A property that JavaCPP reads when its loader is first used. */
    static final String CACHE = "org.bytedeco.javacpp.cachedir";

    private Nd4jBackend() {}

    private static final class Loaded {
        static final Optional<String> REASON = load();
    }

    private static Optional<String> load() {
        // Must be set before the first class of ND4J is loaded, which would otherwise print a banner.
        System.setProperty("org.nd4j.log.initialization", System.getProperty("org.nd4j.log.initialization", "false"));
        keepLibrariesIn(Unpacked.root());
        try {
            // A sum proves that the native library was loaded and computes.
            double sum = Nd4j.ones(DataType.DOUBLE, 3).sumNumber().doubleValue();
            return sum == 3 ? Optional.empty() : Optional.of(text("it adds up three ones to " + sum));
        } catch (Exception | LinkageError e) {
            return Optional.of(text(rootCause(e)));
        }
    }

    /**
     * Makes the loader of ND4J's native libraries unpack them below a folder, unless whoever started Java has chosen
     * another; by itself it takes {@code ~/.javacpp}. To be called before the first class of ND4J is loaded.
     */
    static void keepLibrariesIn(Optional<Path> root) {
        if (System.getProperty(CACHE) == null) {
            root.ifPresent(folder ->
                    System.setProperty(CACHE, folder.resolve("javacpp").toString()));
        }
    }

    private static String text(String cause) {
        return "ND4J cannot be loaded on this machine (" + System.getProperty("os.name") + " "
                + System.getProperty("os.arch") + "): " + cause;
    }

    private static String rootCause(Throwable thrown) {
        Throwable at = thrown;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at.getMessage() != null ? at.getMessage() : at.toString();
    }

    /** Why ND4J cannot be used, as text for the user; empty if it can be used. */
    public static Optional<String> unavailable() {
        return Loaded.REASON;
    }
}
