package org.quantscope.core.ort;

import java.io.Serial;

/**
 * ONNX Runtime's native library cannot be loaded on this machine: models cannot be evaluated, everything else works.
 */
public final class OrtUnavailableException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    OrtUnavailableException(String reason) {
        super("ONNX Runtime cannot be loaded on this machine (" + System.getProperty("os.name") + " "
                + System.getProperty("os.arch") + "): " + reason);
    }
}
