package org.quantscope.linalg;

import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.quantscope.core.correction.CorrectionUnavailableException;

/** ND4J in this process: loaded once, when it is first asked for, and silent; or the reason why it cannot be. */
final class Nd4jBackend {
    private Nd4jBackend() {}

    private static final class Loaded {
        static final Optional<String> REASON = load();
    }

    private static Optional<String> load() {
        // Said before the first class of ND4J runs: it announces itself otherwise.
        System.setProperty("org.nd4j.log.initialization", System.getProperty("org.nd4j.log.initialization", "false"));
        try {
            // One sum proves that the native library is there and computes.
            double sum = Nd4j.ones(DataType.DOUBLE, 3).sumNumber().doubleValue();
            return sum == 3 ? Optional.empty() : Optional.of(text("it adds up three ones to " + sum));
        } catch (Exception | LinkageError e) {
            return Optional.of(text(rootCause(e)));
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

    /** Why it cannot be used, for a person; empty if it can. */
    static Optional<String> unavailable() {
        return Loaded.REASON;
    }

    /** @throws CorrectionUnavailableException with the reason */
    static void require() {
        unavailable().ifPresent(reason -> {
            throw new CorrectionUnavailableException(reason);
        });
    }
}
