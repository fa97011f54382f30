package org.quantscope.core.correction;

import java.io.Serial;

/** The library that a correction computes with cannot be loaded on this machine; everything else works. */
public final class CorrectionUnavailableException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    /** @param reason for a person */
    public CorrectionUnavailableException(String reason) {
        super(reason);
    }
}
